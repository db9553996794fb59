"""Step lines of other trainers: PaddlePaddle, MXNet, Detectron2, mmdetection, Swin, timm, torchvision and the ImageNet example."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planner.logs.line_reader import EpochCounter, LineReader, clock_text, number, whole
from planner.logs.records import Counted, Event, Fact, Mark, Start
from planner.logs.tape import Kind, On
from planner.logs.text import Line

N = r"([\d.]+(?:[eE][+-]?\d+)?)"


class Paddle:
    """`avg_batch_cost: t sec, avg_samples: b, ips: x`: the mean since the line before; lines without a loss are inference."""

    kind = Kind(name="PaddlePaddle", is_open=True, rank=1)
    words = ("batch_cost",)
    _cost = re.compile(rf"\b(?:avg_)?batch_cost:\s*{N}")
    _pace = re.compile(rf"\b(?:ips|avg_ips):\s*{N}")
    _samples = re.compile(rf"avg_samples:\s*{N}")
    _epoch = re.compile(r"\b[Ee]poch:?\s*\[?(\d+)(?:/(\d+))?")
    _iteration = re.compile(r"(?:batch_id|[Ii]ter|batch|step):?\s*\[?\s*(\d+)(?:/\s*(\d+))?|\]\s*\[\s*(\d+)/\s*(\d+)\]")

    def __init__(self) -> None:
        self._steps = EpochCounter()

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a training line; the first one of an epoch averages one batch over the whole interval."""
        text = line.text
        cost = self._cost.search(text) if "batch_cost" in text else None
        if cost is None or "loss" not in text or "[Eval" in text:
            return
        epoch, iteration, pace = self._epoch.search(text), self._iteration.search(text), self._pace.search(text)
        if epoch is None or iteration is None:
            return
        position = number(iteration[1] or iteration[3])
        length = iteration[2] or iteration[4]
        step = self._steps.step(number(epoch[1]), position, number(length) if length else None)
        if position == 0:
            return
        seconds, samples = number(cost[1]), self._samples.search(text)
        units = number(samples[1]) if samples else (whole(seconds * number(pace[1])) or None) if pace else None
        yield Mark(step, line.clock, seconds, units=units, epoch=number(epoch[1]), rank=line.rank)


class MXNet:
    """`Epoch[e] Batch [b] Speed: x samples/sec`, one line per metric; `Start training with (gpu(0),gpu(1))` opens a run."""

    kind = Kind(name="MXNet", counted=Counted.SAMPLE, is_open=True, rank=0)
    words = ("Speed:", "training with")
    _speed = re.compile(rf"Epoch\s*\[(\d+)\]\s+Batch\s*\[([\d-]+)\]\s+Speed:\s*{N} samples/sec")
    _cost = re.compile(rf"Epoch\[(\d+)\] Time cost=\s*{N}")
    _start = re.compile(r"(Start|Resume|Restart) training with \(?((?:gpu\(\d+\),?)+|cpu\(\d+\))\)?(.*)")

    def __init__(self) -> None:
        self._steps = EpochCounter()

    def read(self, line: Line) -> Iterable[Event]:
        """A mark, the start of a run, or the time of an epoch."""
        text = line.text
        if "Speed:" in text and (found := self._speed.search(text)) is not None:
            batch = number(found[2].rpartition("-")[2])
            step = self._steps.step(number(found[1]), batch)
            if number(found[3]) > 0:
                yield Mark(step, line.clock, 1 / number(found[3]), epoch=number(found[1]), rank=line.rank)
        elif "training with" in text and (start := self._start.search(text)) is not None:
            self._steps = EpochCounter()
            yield Start(f"{start[1]} {start[2]}{start[3].rstrip()}", gpu_count=start[2].count("gpu(") or None)


class Detectron:
    """`eta: 0:12:34  iter: 19  total_loss: 2.7  time: 0.35  data_time: ...`: the median of the last twenty."""

    kind = Kind(name="Detectron2", rank=0)
    words = ("total_loss",)
    _line = re.compile(
        rf"\biter:\s*(\d+)\s+.*?total_loss:.*?\s(?:avg_)?time:\s*{N}\s.*?data_time:(?:.*?max_mem:\s*(\d+)M)?"
    )

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line; iterations count from zero."""
        found = self._line.search(line.text) if "total_loss" in line.text else None
        if found is None:
            return
        if found[3]:
            yield Fact("memory_gib", number(found[3]) / 1024)
        yield Mark(number(found[1]) + 1, line.clock, number(found[2]), rank=line.rank)


class MMDetection:
    """`Epoch [1][50/7330] lr: ..., time: 0.561, data_time: ..., memory: ...`, and `Epoch(train) [1][50/7330]`, `Iter [50/80000]`."""

    kind = Kind(name="mmdetection", rank=0)
    words = ("data_time",)
    _line = re.compile(
        rf"(?:Epoch\s?(?:\(train\))?\s*\[(\d+)\]\s?\[\s*(\d+)/(\d+)\]|Iter\s?(?:\(train\))?\s*\[\s*(\d+)/(\d+)\]).*?\btime:\s*{N}.*?data_time:"
    )
    _memory = re.compile(r"memory:\s*(\d+)")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a training line; the time is the mean over the interval."""
        text = line.text
        found = self._line.search(text) if "data_time" in text and "(val)" not in text else None
        if found is None or "loss" not in text:
            return
        if found[1]:
            step = (number(found[1]) - 1) * number(found[3]) + number(found[2])
            yield Fact("epoch_steps", number(found[3]))
        else:
            step = number(found[4])
            yield Fact("total_steps", number(found[5]))
        if (memory := self._memory.search(text)) is not None:
            yield Fact("memory_gib", number(memory[1]) / 1024)
        yield Mark(step, line.clock, number(found[6]), rank=line.rank)


class RunningMean:
    """`time last (mean)`: the mean of the epoch so far, taken apart between two lines.

    Swin and its kin, the ImageNet example of PyTorch (`Time  0.1 ( 0.2)`) and timm (`Time: 0.1s, 700/s (0.2s, 600/s)`). A log with one line an
    epoch has the epoch's mean.
    """

    kind = Kind(name="running means", rank=1)
    words = ("oss",)
    _time = re.compile(rf"\b[Tt]ime:?\s+{N}s?(?:,\s*{N}/s)?\s*\(\s*{N}s?(?:,\s*{N}/s)?\s*\)")
    _place = re.compile(r"(?:Train|Epoch|TRAIN)\b:?\s*(?:\[(\d+)(?:/\d+)?\]|(\d+))\s*(?:\[\s*(\d+)/(\d+)[^\]]*\])?")

    def __init__(self) -> None:
        self._before: tuple[float, float, float] | None = None
        self._lines = 0.0

    def read(self, line: Line) -> Iterable[Event | On]:
        """The mark of a training line."""
        text = line.text
        time = self._time.search(text) if "ime" in text and "(" in text else None
        if time is None or "oss" not in text or re.search(r"\b(?:[Vv]al|[Tt]est|[Ee]val)", text):
            return
        place = self._place.search(text)
        if place is None:
            return
        epoch, mean = number(place[1] or place[2]), number(time[3])
        if place[3] is None:
            self._lines += 1
            yield On("epochs", _EPOCH_MEANS, Mark(self._lines, line.clock, mean, span=1, epoch=epoch, rank=line.rank))
            return
        done, length = number(place[3]) + 1, number(place[4])  # lines count from zero
        yield Fact("epoch_steps", length)
        before, self._before = self._before, (epoch, done, mean)
        if before is None or before[0] != epoch or done <= before[1]:
            span, seconds = done, mean
        else:
            span = done - before[1]
            seconds = (done * mean - before[1] * before[2]) / span
        units = None
        if time[4]:  # timm counts the samples of all processes
            units = whole(number(time[4]) * mean)
        if seconds > 0:
            step = epoch * length + done
            yield Mark(step, line.clock, seconds, span=span, units=units, epoch=epoch, rank=line.rank)


class TorchVision:
    """`Epoch: [0]  [ 10/5005]  eta: ...  loss: ...  time: 0.345  data: 0.01  max mem: 5000`: a mean over the last lines."""

    kind = Kind(name="torchvision references", rank=0)
    words = ("eta:",)
    _line = re.compile(
        rf"(?:Epoch|Train\w*)[^\[]*\[(\d+)[^\]]*\]\s+\[\s*(\d+)/(\d+)\]\s+eta:.*?\btime:\s*{N}\s+data:\s*{N}(?:\s+max mem:\s*(\d+))?"
    )

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line; iterations count from zero."""
        found = self._line.search(line.text) if "eta:" in line.text and "data:" in line.text else None
        if found is None or "loss" not in line.text:
            return
        length = number(found[3])
        yield Fact("epoch_steps", length)
        if found[6]:
            yield Fact("memory_gib", number(found[6]) / 1024)
        step = number(found[1]) * length + number(found[2]) + 1
        if number(found[2]) > 0:  # the first one holds the start of the loaders alone
            yield Mark(step, line.clock, number(found[4]), epoch=number(found[1]), rank=line.rank)


class EpochTakes:
    """`EPOCH 3 training takes 0:00:20` of Swin, `Epoch 3 Time: 71.46s`: only to know how the time is spent."""

    kind = Kind(name="epoch times", counted=Counted.EPOCH, rank=8)
    words = ("training takes",)
    _line = re.compile(r"EPOCH (\d+) training takes (\d+:\d\d:\d\d)")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of an epoch."""
        found = self._line.search(line.text) if "training takes" in line.text else None
        seconds = clock_text(found[2]) if found else None
        return (Mark(number(found[1]) + 1, None, seconds, span=1),) if found and seconds else ()


_EPOCH_MEANS = Kind(name=RunningMean.kind.name, are_epoch_means=True, rank=1)


def vision_readers() -> list[LineReader]:
    """Fresh readers of every kind in this module."""
    return [Paddle(), MXNet(), Detectron(), MMDetection(), RunningMean(), TorchVision(), EpochTakes()]

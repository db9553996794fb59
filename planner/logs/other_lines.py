"""Lines that any program may print: a step or an epoch with a loss and a stamp or a time; and what Hugging Face's trainer prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields

from planner.logs.line_reader import EpochCounter, LineReader, in_seconds, number
from planner.logs.records import Counted, Event, Fact, Facts, Mark, StepIs, Total
from planner.logs.tape import Kind, On
from planner.logs.text import Line

_STEP = re.compile(
    r"\b(?:global[_ ]?step|train[_ ]?step|steps?|iter(?:ation)?s?|batch|update)\b\s*[:=#]?\s*[\[(]?\s*(\d+)(?:\s*(?:/|of)\s*(\d+))?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\bepoch\b\s*[:=#]?\s*[\[(]?\s*(\d+)(?:\s*(?:/|of)\s*(\d+))?", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:time|took|elapsed|duration|epoch_time|step_time)\b\s*[:=]?\s*([\d.]+)\s?(ms|s|sec|secs|seconds|min)\b",
    re.IGNORECASE,
)
_NOT_TRAINING = re.compile(
    r"\b(?:val|valid|validation|eval|evaluation|evaluating|test|testing)\b(?!_?loss|\s*loss)", re.IGNORECASE
)
_OTHER_LOSS = re.compile(r"\b(?:val|valid|validation|eval|evaluation|test|testing)[ _/-]*loss", re.IGNORECASE)


class StampedSteps:
    """Lines with a step, a loss and a stamp, of no kind known by name: the stamps are the clock."""

    kind = Kind(name="stamped step lines", step_is=StepIs.BATCH, rank=6)
    words = ("oss",)

    def __init__(self) -> None:
        self._steps = EpochCounter()

    def read(self, line: Line) -> Iterable[Event | On]:
        """The mark of a line."""
        text = line.text
        if "oss" not in text or line.clock is None or not _is_training(text):
            return
        step, epoch = _STEP.search(text), _EPOCH.search(text)
        if step is not None:
            length = number(step[2]) if step[2] else None
            done = number(step[1])
            if epoch is not None and length is not None:
                done = self._steps.step(number(epoch[1]), done, length)
                yield On("steps", self.kind, Fact("epoch_steps", length))
            elif epoch is not None:
                done = self._steps.step(number(epoch[1]), done)
            yield On("steps", self.kind, Mark(done, line.clock, rank=line.rank))
        elif epoch is not None:
            yield On("epochs", _EPOCH_STAMPS, Mark(number(epoch[1]), line.clock, rank=line.rank))


class SampleCounts:
    """`Train Epoch: 1 [640/60000 (1%)]  Loss: 2.3` and `loss: 2.3  [  640/60000]` of PyTorch's examples: samples of the epoch, on a stamp."""

    kind = Kind(name="samples of an epoch", rank=5)
    words = ("oss",)
    _line = re.compile(
        r"\bEpoch:?\s*(?P<epoch>\d+)[^\[]*\[\s*(?P<done>\d+)/(?P<total>\d+)\s*\(\d+(?:\.\d+)?%\)\]|\bloss:\s*[\d.]+\s+\[\s*(?P<d>\d+)/\s*(?P<t>\d+)\]",
        re.IGNORECASE,
    )

    def __init__(self) -> None:
        self._epoch = self._last = 0.0

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line; the counter starts anew in each epoch."""
        found = self._line.search(line.text) if "oss" in line.text and "/" in line.text else None
        if found is None or line.clock is None or _NOT_TRAINING.search(line.text):
            return
        done, total = number(found["done"] or found["d"]), number(found["total"] or found["t"])
        if found["epoch"]:
            self._epoch = number(found["epoch"])
        elif done < self._last:
            self._epoch += 1
        self._last = done
        yield Fact("epoch_samples", total)
        yield Mark(self._epoch * total + done, line.clock, units=1.0, epoch=self._epoch, rank=line.rank)


class PerBatch:
    """`| epoch 1 | 200/ 2983 batches | lr 20.00 | ms/batch 25.31 | loss 6.81` and `step 200 loss 2.1 25.3 ms/step`: a mean since the line before."""

    kind = Kind(name="time per batch", step_is=StepIs.BATCH, rank=6)
    words = ("/batch", "/step", "/iter")
    _before = re.compile(r"\b(?P<unit>ms|s)/(?:batch|step|iter)\b\s*[:=]?\s*(?P<time>[\d.]+)")
    _after = re.compile(r"(?P<time>[\d.]+)\s?(?P<unit>ms|s)/(?:batch|step|iter)\b")
    _batches = re.compile(r"(\d+)\s*/\s*(\d+)\s+batches")

    def __init__(self) -> None:
        self._steps = EpochCounter()

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line."""
        text = line.text
        if "oss" not in text or not any(word in text for word in self.words) or not _is_training(text):
            return
        time, step, epoch = (
            self._after.search(text) or self._before.search(text),
            _STEP.search(text),
            _EPOCH.search(text),
        )
        batches = self._batches.search(text)
        if time is None or (step is None and batches is None):
            return
        if batches is not None and epoch is not None:
            length = number(batches[2])
            yield Fact("epoch_steps", length)
            done = (number(epoch[1]) - 1) * length + number(batches[1])
        elif step is not None and epoch is not None and not text.lower().startswith("| epoch"):
            done = self._steps.step(number(epoch[1]), number(step[1]))
        elif step is not None:
            done = number(step[1])
        else:
            return
        yield Mark(done, line.clock, in_seconds(time["time"], time["unit"]), rank=line.rank)


class OwnLoop:
    """`planner {"step": 3, "clock": 0.1}` and `planner {"fact": {...}}` of the loop of `planner measure --model`."""

    kind = Kind(name="planner measure", from_zero=True, rank=0)
    words = ("planner {",)
    _facts = frozenset(field.name for field in fields(Facts))

    def read(self, line: Line) -> Iterable[Event]:
        """The mark or the facts of a line."""
        if not line.text.startswith("planner {"):
            return
        try:
            said = json.loads(line.text.removeprefix("planner "))
        except ValueError:
            return
        for name, value in said.get("fact", {}).items():
            if name in self._facts:
                yield Fact(name, value)
        if "step" in said:
            yield Mark(float(said["step"]), float(said["clock"]), rank=line.rank)


class TimedLines:
    """Lines with an epoch or a step, a loss and a time with its unit: of that epoch or step, or since the start."""

    kind = Kind(name="timed epoch lines", counted=Counted.EPOCH, may_be_cumulative=True, from_zero=True, rank=7)
    words = ("oss",)

    def read(self, line: Line) -> Iterable[Event | On]:
        """The mark of a line."""
        text = line.text
        time = _TIME.search(text) if "oss" in text else None
        if time is None or not _is_training(text):
            return
        step, epoch, seconds = _STEP.search(text), _EPOCH.search(text), in_seconds(time[1], time[2])
        if not seconds > 0:
            return
        if step is not None and epoch is None:
            yield On("steps", _STEP_TIMES, Mark(number(step[1]), None, seconds, rank=line.rank))
        elif epoch is not None and step is None:
            yield On("epochs", self.kind, Mark(number(epoch[1]), None, seconds, span=None, rank=line.rank))


class TrainerPrints:
    """`{'loss': 2.3, ...}` and `{'train_runtime': 123.4, ...}` of Hugging Face's trainer on a terminal."""

    kind = Kind(name="Hugging Face trainer, printed", counted=Counted.SAMPLE, rank=9)
    words = ("{'", "ontinuing training from", "resume_from_checkpoint=")
    _key = re.compile(r"'(\w+)': '?([-\d.e+]+)'?")

    def __init__(self) -> None:
        self._is_resumed = False

    def read(self, line: Line) -> Iterable[Event]:
        """A total, or the fact that there are losses."""
        text = line.text
        if "ontinuing training from" in text or "resume_from_checkpoint=" in text.replace(
            "resume_from_checkpoint=None", ""
        ):
            self._is_resumed = True
        if "{'" not in text:
            return
        row = {key: number(value) for key, value in self._key.findall(text[text.index("{'") :])}
        if "train_runtime" in row and row.get("train_samples_per_second", 0.0) > 0:
            problem = (
                "resumed: the printed rate divides all steps by the time of the last process"
                if self._is_resumed
                else ""
            )
            yield Total(
                row["train_samples_per_second"] * row["train_runtime"], row["train_runtime"], units=1.0, problem=problem
            )
        elif "loss" in row and "epoch" in row:
            yield Fact("has_losses", value=True)


def _is_training(text: str) -> bool:
    """Whether a line with a loss is not one of evaluation, nor has its losses alone."""
    return _NOT_TRAINING.search(text) is None and "oss" in _OTHER_LOSS.sub("", text)


_EPOCH_STAMPS = Kind(name="stamped epoch lines", counted=Counted.EPOCH, holds_validation=True, rank=7)
_STEP_TIMES = Kind(name="timed step lines", step_is=StepIs.BATCH, may_be_cumulative=True, from_zero=True, rank=7)


def other_readers() -> list[LineReader]:
    """Fresh readers of every kind in this module."""
    return [OwnLoop(), StampedSteps(), SampleCounts(), PerBatch(), TimedLines(), TrainerPrints()]

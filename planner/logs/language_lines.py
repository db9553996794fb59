"""Step lines of trainers of language models: Megatron, torchtitan, nanoGPT and kin, llm.c, MaxText, fairseq, DeepSpeed, litgpt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from planner.logs.line_reader import LineReader, PatternReader, in_seconds, number, whole
from planner.logs.records import Counted, Event, Fact, Mark, StepIs
from planner.logs.tape import Kind
from planner.logs.text import Line

N = r"([\d.,]+(?:[eE][+-]?\d+)?)"


class Megatron:
    """`iteration n/ N | consumed samples: c | elapsed time per iteration (ms): t`: t is the mean since the line before."""

    kind = Kind(name="Megatron", rank=0)
    words = ("elapsed time per iteration",)
    _line = re.compile(rf"iteration\s+(\d+)/\s*(\d+)\s*\|(.*?)elapsed time per iteration \((ms|s)\):\s*{N}")
    _consumed = re.compile(r"consumed samples:\s*(\d+)")
    _batch = re.compile(r"global batch size:\s*(\d+)")

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line."""
        found = self._line.search(line.text) if "elapsed time per iteration" in line.text else None
        if found is None:
            return
        step, total = number(found[1]), number(found[2])
        consumed, batch = self._consumed.search(line.text), self._batch.search(line.text)
        units = number(batch[1]) if batch else None
        if consumed is not None:
            samples = number(consumed[1])
            if self._before is not None and step > self._before[0]:
                units = (samples - self._before[1]) / (step - self._before[0])
            if self._before is None or step != self._before[0]:
                self._before = (step, samples)
        yield Fact("total_steps", total)
        yield Mark(step, line.clock, in_seconds(found[5], found[4]), units=units, rank=line.rank)


class TokensPerSecond:
    """`step: n  loss: x ... tps: y` of torchtitan: tokens per second of one GPU."""

    kind = Kind(name="torchtitan", counted=Counted.TOKEN, unit="token", units_are_per_gpu=True, rank=2)
    words = ("tps:",)
    _line = re.compile(rf"\bstep:\s*(\d+)\s+loss:\s*\S+.*?\btps:\s*{N}")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line, whose seconds are those of one token."""
        found = self._line.search(line.text) if "tps:" in line.text else None
        if found is None or not number(found[2]) > 0:
            return ()
        return (Mark(number(found[1]), line.clock, 1 / number(found[2]), rank=line.rank),)


class MaxText:
    """`completed step: n, seconds: t, TFLOP/s/device: x, Tokens/s/device: y`: per device."""

    kind = Kind(name="MaxText", unit="token", rank=0)
    words = ("completed step",)
    _line = re.compile(
        rf"completed step:\s*(\d+),\s*seconds:\s*{N}.*?Tokens/s/device:\s*{N}(?:.*?total_weights:\s*{N})?"
    )
    _program = re.compile(r"hardware=(\S+)|\b(tpu|TPU)[- ]?(v\d\S*)")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line; the sum of weights is the tokens of all devices."""
        found = self._line.search(line.text) if "completed step" in line.text else None
        if found is None:
            return
        seconds = number(found[2])
        per_device = number(found[3]) * seconds
        units = number(found[4]) if found[4] else None
        gpus = whole(units / per_device) if units and per_device > 0 else None
        if gpus is not None:
            yield Fact("gpu_count", max(gpus, 1))
        yield Fact("accelerator", "TPU or another device that the file does not name")
        yield Mark(number(found[1]), line.clock, seconds, span=1, units=units, rank=line.rank)


class Fairseq:
    """`train_inner | {...}`: `wall` counts whole seconds since the start; numbers are texts."""

    kind = Kind(name="fairseq", from_zero=True, unit="token", rank=0)
    words = ("train_inner", "num_updates=")
    _json = re.compile(r"train_inner \| (\{.*\})")
    _text = re.compile(r"\bnum_updates=(\d+)\b.*?\bwall=(\d+)")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line."""
        text = line.text
        found = self._json.search(text) if "train_inner" in text else None
        if found is not None:
            try:
                row = {key: number(str(value)) for key, value in json.loads(found[1]).items()}
            except ValueError:
                return ()
            return self._mark(row, line)
        if "num_updates=" in text and "wall=" in text and "valid" not in text:
            return self._mark({key: number(value) for key, value in re.findall(r"(\w+)=([\d.]+)", text)}, line)
        return ()

    def _mark(self, row: dict[str, float], line: Line) -> Iterable[Event]:
        if "num_updates" in row and "wall" in row:
            yield Mark(row["num_updates"], row["wall"], units=row.get("wpb"), rank=line.rank)


class DeepSpeed:
    """`RunningAvgSamplesPerSec=, CurrSamplesPerSec=`: the second one; the first holds the start. `steps: n ... samples/sec: x` of its pipelines."""

    kind = Kind(name="DeepSpeed", counted=Counted.SAMPLE, rank=3)
    words = ("CurrSamplesPerSec", "iter time (s)")
    _line = re.compile(
        rf"global_step=(\d+), RunningAvgSamplesPerSec={N}, CurrSamplesPerSec={N}(?:.*?MaxMemAllocated={N}GB)?"
    )
    _pipeline = re.compile(rf"\bsteps: (\d+) loss: {N}.*?iter time \(s\): {N} samples/sec: {N}")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a line."""
        if (step := self._pipeline.search(line.text)) is not None and number(step[4]) > 0:
            yield Mark(number(step[1]), line.clock, 1 / number(step[4]), rank=line.rank)
            return
        found = self._line.search(line.text) if "CurrSamplesPerSec" in line.text else None
        if found is None or not number(found[3]) > 0:
            return
        if found[4]:
            yield Fact("memory_gib", number(found[4]))
        yield Mark(number(found[1]), line.clock, 1 / number(found[3]), rank=line.rank)


class TrainTime:
    """`step:n/N train_loss:x train_time:t ms step_avg:y ms`: t is cumulative and stands still in validation."""

    kind = Kind(name="modded-nanogpt", stops=True, from_zero=True, rank=0)
    words = ("train_time:",)
    _line = re.compile(rf"step:(\d+)/(\d+)\s+(train_loss|val_loss)?.*?train_time:{N}(ms|s)\b")

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of a training line; lines of validation repeat a step."""
        found = self._line.search(line.text) if "train_time:" in line.text else None
        if found is None or found[3] == "val_loss":
            return
        yield Fact("total_steps", number(found[2]))
        yield Mark(number(found[1]), in_seconds(found[4], found[5]), rank=line.rank)


def _nanogpt(found: re.Match[str], line: Line) -> Iterable[Event]:
    yield Mark(number(found[1]), line.clock, in_seconds(found[2], found[3]), span=1, rank=line.rank)


def _with_tokens(found: re.Match[str], line: Line) -> Iterable[Event]:
    """A line with the time of a step and tokens per second of all GPUs: their product is the tokens of a step."""
    step, total, seconds = number(found["step"]), found["total"], in_seconds(found["time"], found["unit"])
    if total:
        yield Fact("total_steps", number(total))
    tokens = number(found["tokens"]) if found["tokens"] else None
    units = _whole_units(seconds * tokens) if tokens else None
    yield Mark(step, line.clock, seconds, span=1, units=units, rank=line.rank)


def _llm_c(found: re.Match[str], line: Line) -> Iterable[Event]:
    # its printed tokens per second are a running mean: they say nothing of the tokens of this step
    yield Fact("total_steps", number(found[2]))
    yield Mark(number(found[1]), line.clock, in_seconds(found[3], "ms"), span=1, rank=line.rank)


def _litgpt(found: re.Match[str], line: Line) -> Iterable[Event]:
    yield Mark(number(found[1]), line.clock, in_seconds(found[2], found[3]), span=1, rank=line.rank)


def _whole_units(tokens: float) -> float:
    """Tokens of a step are a multiple of 64 nearly always; figures beside it are rounded."""
    near = (whole(tokens / 64) or 0) * 64
    return near if near and abs(near / tokens - 1) < 0.01 else tokens


def language_readers() -> list[LineReader]:
    """Fresh readers of every kind in this module."""
    return [
        Megatron(),
        TokensPerSecond(),
        MaxText(),
        Fairseq(),
        DeepSpeed(),
        TrainTime(),
        PatternReader(
            Kind(name="nanoGPT", rank=0),
            "iter ",
            rf"\biter (\d+): loss [-\w.]+, time {N}\s?(ms|s)\b",
            _nanogpt,
        ),
        PatternReader(
            Kind(name="llm.c", rank=0),
            "step",
            rf"\bstep\s+(\d+)/(\d+)\s*\|\s*(?:train )?loss\b.*?\|\s*{N} ms\s*\|",
            _llm_c,
        ),
        PatternReader(
            Kind(name="step lines with dt", unit="token", rank=0),
            "dt",
            r"\bstep[:\s]+(?P<step>\d+)(?:/(?P<total>\d+))?.*?\bloss\b.*?\bdt:?\s*(?P<time>[\d.,]+)\s?(?P<unit>ms|s)\b(?:.*?tok/?s(?:ec)?:?\s*(?P<tokens>[\d.,]+))?",
            _with_tokens,
        ),
        PatternReader(
            Kind(name="litgpt", step_is=StepIs.BATCH, rank=0),
            "iter time",
            rf"\biter (\d+)\b.*?\bloss\b.*?iter time:\s*{N}\s?(ms|s)\b",
            _litgpt,
        ),
    ]

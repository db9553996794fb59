"""Progress bars (tqdm) and Keras' own progress lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from planner.logs.line_reader import LineReader, clock_text, in_seconds, number
from planner.logs.records import Counted, Event, Fact, Mark, StepIs
from planner.logs.tape import Kind, On
from planner.logs.text import Line

NOT_TRAINING = re.compile(
    r"\b(?:val\w*|test\w*|eval\w*|infer\w*|predict\w*|generat\w*|sampl\w*|token\w*|map|filter\w*|download\w*|load\w*|fetch\w*|sanity|"
    r"prepar\w*|process\w*|preprocess\w*|cach\w*|scan\w*|collat\w*|group\w*|pack\w*|extract\w*|writing|saving|upload\w*|class|convert\w*|"
    r"creating|reading|calibrat\w*|quantiz\w*|shards?|files?|encod\w*|decod\w*|embed\w*|index\w*)\b",
    re.IGNORECASE,
)
COUNTED = {
    "epoch": Counted.EPOCH,
    "sample": Counted.SAMPLE,
    "samples": Counted.SAMPLE,
    "img": Counted.SAMPLE,
    "image": Counted.SAMPLE,
    "images": Counted.SAMPLE,
    "example": Counted.SAMPLE,
    "examples": Counted.SAMPLE,
    "seq": Counted.SAMPLE,
    "tok": Counted.TOKEN,
    "token": Counted.TOKEN,
    "tokens": Counted.TOKEN,
}
TRAINING = re.compile(r"\b(?:epochs?|train\w*|steps?|iter\w*)\b|\bloss\b|^\s*\d+/\d+\s+[\d.]+G\b", re.IGNORECASE)


COARSE = 0.05
"""Half of a last digit that is too much of a figure where a better one is to come."""
OF_TOTAL = " of "
"""Between the name of a bar and its total, in the name of its series."""


def total_of(series: str) -> float:
    """The total of the bars of a series: of two bars that may be training, the longer one is."""
    return float(series.rpartition(OF_TOTAL)[2] or 0)


class Bars:
    """`desc: 100%|...| i/n [mm:ss<mm:ss, x it/s, loss=..]`: its clock and i; x is smoothed, but at the end of a bar the mean of it.

    The bar of training is the one with a loss, or that names an epoch or training, and among several the one with most steps.
    """

    kind = Kind(name="progress bars", step_is=StepIs.BATCH, grain=1.0, rank=5)
    words = ("|",)
    _bar = re.compile(
        r"^(?P<text>.*?)(?:\d{1,3}%)?\|[^|]*\|\s*(?P<done>\d+)/(?P<total>\d+)\s*\[(?P<spent>[\d:]+)<[^,\]]*,\s*"
        r"(?P<rate>[\d.]+|\?)\s?(?P<unit>s/[a-z]+|[a-z]+/s)(?P<rest>.*)"
    )

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def read(self, line: Line) -> Iterable[Event | On]:
        """The mark of one piece of a bar, in the series of bars of that name."""
        found = self._bar.match(line.text) if "|" in line.text and "<" in line.text else None
        spent = clock_text(found["spent"]) if found else None
        name = _name_of(found) if found else None
        if found is None or spent is None or name is None:
            return
        done, total = number(found["done"]), number(found["total"])
        # bars of evaluation come between the pieces of one of training, and often have no name: their total tells them apart
        series = f"{name}{OF_TOTAL}{total:.0f}"
        place = self._places.setdefault(series.removeprefix("loss "), _Place())
        is_new = done == place.last == place.total and (found["text"], found["rest"]) != place.text
        if done < place.last or total != place.total or spent < place.spent or is_new:
            place.next_bar(total)
        place.text = (found["text"], found["rest"])
        if not place.last < done <= total:
            return
        place.last = done
        counted = COUNTED.get(found["unit"].replace("/s", "").replace("s/", ""), Counted.STEP)
        if name.startswith("?") and counted is not Counted.STEP:
            return  # examples that are mapped, downloaded or written
        kind = replace(self.kind, counted=counted)
        yield On(series, kind, Fact("epoch_steps" if counted is Counted.STEP else "bar_total", total))
        if line.arrived is not None:
            yield On(series, kind, Mark(place.before + done, line.arrived, rank=line.rank))
            return
        is_whole = done == total and place.done == 0
        pace = _pace(found["rate"], found["unit"]) if is_whole else None
        span, seconds = done - place.done, spent - place.spent
        if seconds or pace:  # a bar is written ten times a second, and its clock shows whole ones
            place.done, place.spent = done, spent
            yield On(series, kind, Mark(place.before + done, None, pace or seconds / span, span=span, rank=line.rank))


class _Place:
    """How far the bars of one name have come: the last step, and the step and time of the last mark."""

    def __init__(self) -> None:
        self.before = self.last = self.done = self.spent = self.total = 0.0
        self.text: tuple[str, str] = ("", "")

    def next_bar(self, total: float) -> None:
        """Begin a new bar; steps go on counting."""
        self.before += self.last
        self.last, self.done, self.spent, self.total = 0.0, 0.0, 0.0, total


def _name_of(found: re.Match[str]) -> str | None:
    """What the bar is called, without numbers; `None` if it is surely not of training. `?` begins what may be anything."""
    text, rest = found["text"].strip(), found["rest"]
    if re.search(r"\bClass\b.*\bImages\b", text) or NOT_TRAINING.search(text) or found["unit"] in ("B/s", "s/B"):
        return None
    name = re.sub(r"\d+", "#", text)[:60]
    if "loss" in rest.lower() or "loss" in text.lower():
        return f"loss {name}"
    return name if TRAINING.search(text) else f"?{name}"


class Keras:
    """`1875/1875 [====] - 12s 6ms/step - loss`, `n/n - 12s - loss`, `3083s - loss` after `Epoch i/N`: whole epochs.

    All figures are rounded: the finest counts. Only the first finished line after `Epoch i/N` is training; others are evaluation.
    """

    kind = Kind(name="Keras", counted=Counted.EPOCH, holds_validation=True, rank=4)
    words = ("Epoch", "Train on", "Train for", "loss")
    _epoch = re.compile(r"^\W*Epoch\s+(\d+)/(\d+)")
    _samples = re.compile(r"Train on (\d+) samples|Train for (\d+) steps")
    _bar = re.compile(
        r"^\W*(\d+)/(\d+)\s*(?:\[=*[>.=]*\]|━+|\u2501+)?\s*-?\s*(?:(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d)|(?P<mm>\d+):(?P<ss>\d\d)|(?P<sec>\d+)s)"
        r"(?:\s*-?\s*(?P<each>[\d.]+)(?P<unit>s|ms|us|µs)/(?P<of>step|sample|epoch))?"
    )
    _bare = re.compile(r"^\W*(\d+)s(?:\s*-?\s*([\d.]+)(s|ms|us|µs)/(step|sample|epoch))? - .*loss:")

    def __init__(self) -> None:
        self._waits = False
        self._samples_stated: float | None = None
        self._epochs = 0

    def read(self, line: Line) -> Iterable[Event]:
        """The mark of an epoch that has ended."""
        text = line.text
        if (header := self._epoch.match(text)) is not None:
            self._waits = True
            self._epochs = int(header[1]) - 1
            yield Fact("total_epochs", number(header[2]))
        elif (stated := self._samples.search(text)) is not None and stated[1]:
            self._samples_stated = number(stated[1])
            yield Fact("epoch_samples", self._samples_stated)
        elif self._waits and "loss" in text and (bar := self._bar.match(text)) is not None and bar[1] == bar[2]:
            yield from self._ended(bar)
        elif self._waits and "loss" in text and (bare := self._bare.match(text)) is not None:
            yield from self._bare_epoch(bare)

    def _ended(self, bar: re.Match[str]) -> Iterable[Event]:
        """An epoch of so many steps, or of samples in old versions: they count what `Train on N samples` says."""
        count = number(bar[2])
        whole = _whole_seconds(bar)
        each = in_seconds(bar["each"], bar["unit"]) if bar["each"] and bar["of"] != "epoch" else 0.0
        of_each = _coarseness(bar["each"]) if each else 1.0
        if not whole and of_each > COARSE:
            return  # the time that is left, which is none: the line with the time of the epoch comes next
        is_finer = of_each < (0.5 / whole if whole else 1.0)
        seconds = each * count if is_finer else whole
        counts_samples = bar["of"] == "sample" or count == self._samples_stated
        self._waits = False
        if not seconds or count < 2:
            return
        self._epochs += 1
        yield Fact("epoch_samples" if counts_samples else "epoch_steps", count)
        if not counts_samples and count >= 20_000 and seconds / count < 2e-3:
            yield Fact("doubt", "an old Keras may count samples and not steps here")
        yield Mark(self._epochs, None, seconds, span=1, epoch=self._epochs)

    def _bare_epoch(self, bare: re.Match[str]) -> Iterable[Event]:
        self._waits = False
        self._epochs += 1
        if number(bare[1]) > 0:
            yield Mark(self._epochs, None, number(bare[1]), span=1, epoch=self._epochs)


def _whole_seconds(bar: re.Match[str]) -> float:
    if bar["sec"]:
        return number(bar["sec"])
    if bar["mm"]:
        return number(bar["mm"]) * 60 + number(bar["ss"])
    return number(bar["h"]) * 3600 + number(bar["m"]) * 60 + number(bar["s"])


def _pace(rate: str, unit: str) -> float | None:
    """Seconds of one step by the rate that a bar states."""
    value = number(rate)
    if not value > 0:
        return None
    return value if unit.startswith("s/") else 1 / value


def _coarseness(text: str) -> float:
    """Half of the last digit of a number as a fraction of it; 1 for none."""
    value = number(text)
    return 0.5 / 10 ** len(text.partition(".")[2]) / value if value > 0 else 1.0


def bar_readers() -> list[LineReader]:
    """Fresh readers of every kind in this module."""
    return [Bars(), Keras()]

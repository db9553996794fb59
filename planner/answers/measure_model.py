"""Learns the speed of a model on this machine by a plain PyTorch loop, in each number format and layout, several times."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from signal import Signals
from statistics import median
from typing import Any

from planner.answers.calibrate import Calibration
from planner.answers.measure import measure_command
from planner.errors import DataError, UsageError
from planner.language.listed import find_language_model
from planner.logs.records import Facts, Verdict
from planner.logs.verdict import Judged
from planner.measuring.watch import Setup
from planner.model.frozen import dataclass
from planner.model.language_models import LanguageModel
from planner.outside.documents import json_of
from planner.outside.files import bytes_of
from planner.paths import measuring_loop

LEAST_SECONDS = 10.0
ALIKE = 0.03
PROBE_SECONDS = 180
SETUP = Setup(line="planner {", seconds=600)
"""The loop's first line follows its warm-up steps. Until then it imports PyTorch, builds the model and, for networks of
convolutions, tries kernels out: 25 to 30 s on an H100 with sixteen cores at first, 5 to 15 s later."""
LAYOUTS = ("channels first", "channels last")
LISTED: Mapping[str, Mapping[str, Any]] = {
    "bert-base": {"model_type": "bert"},
    "bert-base-squad": {"model_type": "bert"},
    "bert-large": {"model_type": "bert", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}  # fmt: skip
"""Models of the planner's own list that no library builds by their name; sizes of BERT by its paper, https://arxiv.org/abs/1810.04805."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be measured; `None` leaves the choice to the loop."""

    model: str
    python: Path | None = None
    precision: str | None = None
    batch_size: int | None = None
    image_size: int | None = None
    sequence_length: int | None = None
    seconds: float
    repeats: int = 2
    least_seconds: float = LEAST_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModel:
    """The best run of each number format, sentences beside them, and the signal that interrupted it.

    `input_size` is the side of an image or the tokens of a sample, if the loop said it.
    """

    calibration: Calibration
    notes: tuple[str, ...]
    software: str
    input_size: float | None
    interrupt: Signals | None = None


def measure_model(wanted: Wanted, *, given: Facts, say: Callable[[str], None]) -> MeasuredModel:
    """Train the model for a short while in every number format of the device, images in both layouts, each several times.

    Args:
        wanted: the model and how it is run.
        given: what the user says of the machine.
        say: takes a line when something was measured.

    Raises:
        DataError: there is no Python with PyTorch.
        UsageError: nobody builds the model, or it is described by a file that cannot be read.
    """
    config = _config_of(wanted.model)
    python, device = _python_with_torch(wanted.python)
    say(f"{device['software']} in {python}, on {device.get('gpu') or device.get('accelerator')}")
    found: list[Judged] = []
    notes: list[str] = []
    interrupt = None
    for precision in [wanted.precision] if wanted.precision else device["formats"]:
        layouts: list[tuple[str, Judged]] = []
        for layout in LAYOUTS:
            command = [str(python), str(measuring_loop()), json.dumps(_settings(wanted, config, precision, layout))]
            runs, interrupt = _repeated(command, wanted, given)
            usable = [one for one in runs if one.verdict is Verdict.STEADY]
            is_image = any(one.unit == "image" for one in usable)
            name = f"{precision}, {layout}" if is_image else precision
            if usable:
                one, said = _together(usable)
                layouts.append((layout, one))
                say(f"{name}: {one.rate:,.4g} {one.unit}s/s ({one.low:,.4g} to {one.high:,.4g})")
                notes += [f"{name}: {text}" for text in said]
            elif runs:
                late = f"fewer steps than a rate needs within {wanted.seconds:g} s from the first on: give it more"
                notes.append(f"! {name}: {runs[-1].reason if runs[-1].run.intervals else late}")
            if interrupt is not None or not is_image:
                break
        found += _best(layouts, notes)
        if interrupt is not None:
            break
    beside = ["synthetic data on the device: loaders, disks and your own code are not in it"] if found else []
    size = wanted.image_size or wanted.sequence_length or next((one.facts.sample_tokens for one in found), None)
    return MeasuredModel(
        calibration=Calibration(runs=tuple(found)),
        notes=(*notes, *beside),
        software=device["software"],
        input_size=size,
        interrupt=interrupt,
    )


def _settings(wanted: Wanted, config: Mapping[str, Any] | None, precision: str, layout: str) -> dict[str, Any]:
    """What the loop is told."""
    place = Path(wanted.model)
    return {
        "model": place.resolve().parent.name if place.suffix == ".json" else wanted.model,
        "config": config,
        "precision": precision,
        "channels_last": layout == LAYOUTS[1],
        "batch_size": wanted.batch_size,
        "image_size": wanted.image_size,
        "sequence_length": wanted.sequence_length,
    }


def _repeated(command: Sequence[str], wanted: Wanted, given: Facts) -> tuple[list[Judged], Signals | None]:
    """The runs of a command one after the other, each a process of its own; none after one that cannot be run at all.

    Raises:
        UsageError: the loop says that it cannot run that.
    """
    runs: list[Judged] = []
    for _ in range(wanted.repeats):
        heard: list[bytes] = []
        done = measure_command(
            command,
            given=given,
            seconds=wanted.seconds,
            echo=heard.append,
            least_seconds=wanted.least_seconds,
            setup=SETUP,
        )
        runs += done.calibration.runs[-1:]
        if done.watched.interrupt is not None:
            return runs, done.watched.interrupt
        if done.watched.exit_code:
            text = b"".join(heard).decode(errors="replace").strip()
            why = next(
                (line.removeprefix("planner: ") for line in text.splitlines() if line.startswith("planner: ")), None
            )
            if why is None:
                raise DataError(f"The loop failed in {command[0]}:\n{text[-2000:]}")
            raise UsageError("{model}: {why}", argument="model", why=why[:2000])
    return runs, None


def _together(runs: Sequence[Judged]) -> tuple[Judged, list[str]]:
    """Repeated runs as one: the median, and a range that holds all of them."""
    middle = min(runs, key=lambda one: abs(one.rate - median(each.rate for each in runs)))
    apart = max(one.rate for one in runs) / min(one.rate for one in runs) - 1
    low, high = min(one.low for one in runs), max(one.high for one in runs)
    # the loop's own start says nothing of that of the user's program
    joined = replace(middle, low=low, high=high, startup_seconds=None)
    return joined, [f"repeats lie {apart:.1%} apart"] if apart > ALIKE else []


def _best(layouts: Sequence[tuple[str, Judged]], notes: list[str]) -> list[Judged]:
    """The faster layout; the other one is a note."""
    if not layouts:
        return []
    ordered = sorted(layouts, key=lambda one: -one[1].rate)
    name, best = ordered[0]
    if len(ordered) > 1:
        other, slower = ordered[1]
        notes.append(
            f"{best.facts.precision}: {name} is {best.rate / slower.rate - 1:.0%} faster than {other}, and is what is written"
        )
    return [best]


def _config_of(model: str) -> Mapping[str, Any] | None:
    """The configuration of transformers for a file, or for a language model that the planner lists by its shape; `None` for others.

    Raises:
        UsageError: the file is no configuration, or no plain loop has such a shape.
    """
    place = Path(model)
    if place.suffix == ".json":
        try:
            content = json_of(bytes_of(place))
        except OSError as error:
            raise UsageError(
                "{model} {path} cannot be read: {why}.", argument="model", path=model, why=error.strerror or str(error)
            ) from error
        except ValueError as error:
            raise UsageError(
                "{model} {path} is not JSON: {why}.", argument="model", path=model, why=str(error)
            ) from error
        if not isinstance(content, dict) or not isinstance(content.get("model_type"), str):
            raise UsageError(
                "{model} {path}: no model_type in it, so nobody knows what it describes.", argument="model", path=model
            )
        return content
    if model.lower() in LISTED:
        return LISTED[model.lower()]
    shape = find_language_model(model)
    return None if shape is None else _config_of_shape(shape)


def _config_of_shape(shape: LanguageModel) -> Mapping[str, Any]:
    """A configuration of transformers with these sizes.

    Raises:
        UsageError: it is neither like GPT-2 nor like Llama.
    """
    if shape.experts or shape.key_value_rank:
        raise UsageError(
            "{model} {name}: its shape alone does not build it. Give its config.json.",
            argument="model",
            name=shape.name,
        )
    if shape.is_gated:
        return {
            "model_type": "llama",
            "num_hidden_layers": shape.layers,
            "hidden_size": shape.hidden,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_size,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "tie_word_embeddings": shape.is_tied,
        }
    return {
        "model_type": "gpt2",
        "n_layer": shape.layers,
        "n_embd": shape.hidden,
        "n_head": shape.heads,
        "n_inner": shape.feed_forward,
        "vocab_size": shape.vocabulary,
        "n_positions": shape.learned_positions or 2048,
    }


def _python_with_torch(named: Path | None) -> tuple[Path, dict[str, Any]]:
    """A Python that has PyTorch, and what PyTorch says of the device.

    Raises:
        DataError: there is none, with what to install.
    """
    tried: list[str] = []
    for python in [named] if named else _pythons():
        try:
            done = subprocess.run(  # noqa: S603 - the user's own Python
                [str(python), str(measuring_loop()), '{"probe": true}'],
                capture_output=True, text=True, timeout=PROBE_SECONDS, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            tried.append(f"{python}: {error}")
            continue
        for line in done.stdout.splitlines():
            if line.startswith("planner {"):
                return python, json.loads(line.removeprefix("planner "))
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        tried.append(f"{python}: {lines[-1]}")
    raise DataError(
        f"No Python with PyTorch was found ({'; '.join(tried)}). Install it where your training runs (pip install torch torchvision, "
        "https://pytorch.org/get-started/locally), and name that Python: planner measure --python PATH --model ..."
    )


def _pythons() -> list[Path]:
    """The Python of this program, of the active environment, and of the path; each once."""
    places = [sys.executable]
    places += [f"{os.environ[name]}/bin/python" for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if os.environ.get(name)]
    places += [found for name in ("python3", "python") if (found := shutil.which(name))]
    return list(dict.fromkeys(Path(place) for place in places if Path(place).is_file()))

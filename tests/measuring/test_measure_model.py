"""`planner measure --model`: formats, layouts and repeats, with a loop that is played; what is asked of the user's Python."""

import json
import os
import sys
import threading
from signal import SIGINT

import pytest

from planner.answers.measure_model import Wanted, measure_model
from planner.errors import DataError, UsageError
from planner.language.listed import find_language_model
from planner.logs.records import Facts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and terminals of POSIX")

PLAYED = """#!{python}
import json, sys, time
asked = json.loads(sys.argv[2])
say = lambda what: print("planner", json.dumps(what), flush=True)
if asked.get("probe"):
    print("a warning of a driver")
    say({{"device": "cuda", "formats": ["amp", "tf32"], "software": "PyTorch 2.9, CUDA 13.0", "gpu": "NVIDIA A100-SXM4-80GB"}})
    sys.exit()
if asked["model"] == "nonsense":
    sys.exit("planner: no model 'nonsense' in torchvision, timm or transformers")
if asked["model"] == "broken":
    raise RuntimeError("the driver is too old")
say({{"fact": {{"model": asked["model"], "batch_size": asked["batch_size"] or 64, "gpu": "NVIDIA A100-SXM4-80GB", "gpu_count": 1,
     "precision": asked["precision"], "sample_unit": "image", "memory_gib": 7.5, "unknown": 1}}}})
pace = {{"amp": 0.02, "tf32": 0.04}}[asked["precision"]] / (1.25 if asked["channels_last"] else 1)
open({asked!r}, "a").write(sys.argv[2] + chr(10))
for step in range(1, 10_000):
    say({{"step": step, "clock": step * pace}})
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A Python whose PyTorch is played, and the settings that its loop was asked for."""
    folder = tmp_path_factory.mktemp("python")
    place, asked = folder / "python", folder / "asked.jsonl"
    place.write_text(PLAYED.format(python=sys.executable, asked=str(asked)))
    place.chmod(0o755)
    return place, lambda: [json.loads(line) for line in asked.read_text().splitlines()]


def measured(played, model="resnet50", **more):
    said = []
    wanted = Wanted(model=model, python=played[0], seconds=20.0, least_seconds=0.2, **more)
    return measure_model(wanted, given=Facts(), say=said.append), said


def test_every_format_in_the_faster_layout(played):
    """64 images in 20 ms, a quarter faster with channels last: 4,000 a second in AMP, 2,000 in TF32."""
    done, said = measured(played, repeats=1)

    amp, tf32 = done.calibration.records
    assert [("amp", "a100-80gb-sxm", 1, 64.0, "image", "resnet50", 7.5)] == [
        (amp.precision, amp.gpu, amp.gpu_count, amp.batch_size, amp.sample_unit, amp.model, amp.memory_gib)
    ]
    assert (amp.samples_per_second, tf32.samples_per_second) == (pytest.approx(4000.0), pytest.approx(2000.0))
    assert amp.low < 4000 < amp.high
    asked = [(one["precision"], one["channels_last"]) for one in played[1]()]
    assert [(form, last) for form in ("amp", "tf32") for last in (False, True)] == asked
    assert any("channels last is 25% faster" in note for note in done.notes)
    assert any("synthetic data" in note for note in done.notes)
    assert said[0].startswith("PyTorch 2.9, CUDA 13.0")
    assert done.interrupt is None


def test_what_the_loop_cannot_run_is_said(played):
    """A name that nobody builds is a wrong argument; a failure of PyTorch is shown as it is."""
    with pytest.raises(UsageError, match="no model 'nonsense'"):
        measured(played, "nonsense")
    with pytest.raises(DataError, match="the driver is too old"):
        measured(played, "broken")


def test_no_pytorch_says_what_to_install(tmp_path):
    """A Python without it is named, with the command that installs it and how to name another."""
    with pytest.raises(DataError, match="pip install torch torchvision") as caught:
        measure_model(
            Wanted(model="resnet50", python=tmp_path / "none", seconds=1.0), given=Facts(), say=lambda _: None
        )

    assert str(tmp_path / "none") in str(caught.value)
    assert "--python" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "is not JSON"), ("[]", "no model_type"), ('{"layers": 3}', "no model_type"), (None, "cannot be read")],
)
def test_a_configuration_that_is_none(text, why, tmp_path):
    """What is wrong with the file is said before any Python is started."""
    place = tmp_path / "config.json"
    if text is not None:
        place.write_text(text)

    with pytest.raises(UsageError, match=why):
        measure_model(Wanted(model=str(place), seconds=1.0), given=Facts(), say=lambda _: None)


def test_a_listed_language_model_is_built_by_its_shape(played):
    """GPT-2 has plain layers and learned positions, Llama gated ones: each becomes the configuration of transformers with its sizes."""
    for name, kind, keys in (
        ("gpt2-124m", "gpt2", {"n_layer": "layers", "n_embd": "hidden", "vocab_size": "vocabulary"}),
        ("llama-3.2-1b", "llama", {"num_key_value_heads": "kv_heads", "intermediate_size": "feed_forward"}),
    ):
        before = len(played[1]())
        measured(played, name, precision="amp", batch_size=2, repeats=1)
        config = played[1]()[before]["config"]

        shape = find_language_model(name)
        assert kind == config["model_type"]
        assert {key: getattr(shape, size) for key, size in keys.items()} == {key: config[key] for key in keys}


def test_experts_are_not_built_from_a_shape_alone():
    """A mixture of experts needs its own configuration."""
    with pytest.raises(UsageError, match=r"config\.json"):
        measure_model(Wanted(model="mixtral-8x7b", seconds=1.0), given=Facts(), say=lambda _: None)


def test_an_interrupt_ends_all_of_it(played):
    """Ctrl-C in the first of eight runs: what is known of it is kept, and no other run is started."""
    before = len(played[1]())
    threading.Timer(1.5, os.kill, (os.getpid(), SIGINT)).start()

    done = measure_model(
        Wanted(model="resnet50", python=played[0], seconds=60.0, least_seconds=1e6), given=Facts(), say=lambda _: None
    )

    assert SIGINT == done.interrupt
    assert 1 == len(done.calibration.records)
    assert before + 1 == len(played[1]())

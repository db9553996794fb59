"""`planner fit` and `planner estimate` for language models, as a user runs them."""

import json
import subprocess
import sys

import pytest

from planner.answers.estimate import estimate
from planner.errors import UsageError
from tests.conftest import ROOT

FIT = ("fit", "--model", "llama-3-8b", "--gpu", "RTX 4090", "--gpu", "a100-80gb-sxm:8")
RUN = ("estimate", "--model", "llama-3-8b", "--method", "lora", "--tokens", "100M", "--as-of", "2026-07-01")


@pytest.mark.parametrize("method", ["full", "qlora"])
def test_golden_fit(run_planner, golden, method):
    """Parts, sum, usable memory, the layout and what makes it fit."""
    done = run_planner(*FIT, "--method", method)

    golden(f"fit.{method}", done.stdout + done.stderr)
    assert 0 == done.returncode


def test_golden_estimate(run_planner, golden):
    """The same table as for any other model."""
    done = run_planner(*RUN, "--provider", "aws", "--purchase", "on_demand", "--gpu", "A10G", "--gpu", "H100:8")

    golden("estimate.language", done.stdout + done.stderr)


def test_golden_explanation(run_planner, golden):
    """Parameters, operations, layout, memory, MFU and HFU."""
    done = run_planner(*RUN, "--provider", "aws", "--purchase", "on_demand", "--gpu", "H100:8", "--explain", 1)

    golden("estimate.language.explain", done.stdout)


def test_a_run_over_machines_says_what_it_takes_for_granted(run_planner):
    """An uneven pipeline is named, and what whole runs lose is said to be in the speed, once."""
    run = (
        "estimate",
        "--model",
        "llama-3.1-405b",
        "--tokens",
        "1T",
        "--gpu",
        "H100:8",
        "--nodes",
        256,
        "--limit",
        1,
        "--verbose",
    )

    done = run_planner(*run, "--tensor-parallel", 8, "--pipeline-parallel", 16, "--verbose")

    said = done.stdout + done.stderr
    assert 0 == done.returncode
    assert "126 layers over 16 pipeline stages: the fullest holds 8" in said
    assert "what whole runs lose to checkpoints, evaluation and failures is in the speed" in said
    assert "published runs: 1 to" not in said


def test_json_of_a_fit(run_planner):
    """Every part in GiB, adding up to the sum."""
    document = json.loads(run_planner(*FIT, "--method", "qlora", "--format", "json").stdout)

    assert "planner.fit/1" == document["schema"]
    for row in document["fits"]:
        parts = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "overhead")
        assert pytest.approx(row["total_gib"]) == sum(row[f"{part}_gib"] for part in parts)
        assert row["fits"] is (row["total_gib"] <= row["usable_gib"])


def test_json_of_an_estimate_says_what_is_trained(run_planner):
    """Method, tokens, stack and parameters are part of the workload."""
    workload = json.loads(run_planner(*RUN, "--gpu", "A100:8", "--format", "json").stdout)["workload"]

    assert ("lora", 1e8, "transformers-peft") == (workload["method"], workload["tokens"], workload["stack"])
    assert 8_030_261_248 == workload["parameters"]


def test_what_does_not_fit_is_counted_and_named():
    """A T4 cannot hold 8 B parameters in 16 bits; an A100 can."""
    result = estimate(model="llama-3-8b", method="lora", tokens=1e8, gpus=["T4:1", "A100"])

    assert any("llama-3-8b (lora) does not fit into memory" in entry.reason for entry in result.left_out)
    assert all(one.fits_memory for one in result.estimates)


def test_twice_the_tokens_take_twice_as_long():
    """Training time is in proportion to the text."""
    once, twice = (
        estimate(model="gpt2-124m", tokens=tokens, gpus=["H100:8"], purchases=["on_demand"]) for tokens in ("1B", "2B")
    )

    training = [result.estimates[0].seconds - result.startup_seconds for result in (once, twice)]
    assert pytest.approx(2 * training[0]) == training[1]


def test_machines_work_together(run_planner):
    """8 machines of 8 H100, each with its price; 70 B parameters do not fit one of them."""
    run = ("estimate", "--model", "llama-3-70b", "--method", "full", "--tokens", "1B", "--gpu", "a100-40gb-sxm:8")

    alone, together = (run_planner(*run, "--nodes", nodes, "--format", "json") for nodes in (1, 8))

    assert 1 == alone.returncode
    assert "llama-3-70b (full) does not fit into memory" in alone.stderr
    assert {8} == {row["node_count"] for row in json.loads(together.stdout)["estimates"]}


def test_compare_takes_language_models(run_planner):
    """QLoRA of 8 B on a card of 24 GB can be rented or owned; full fine-tuning cannot be owned."""
    run = ("compare", "--model", "llama-3-8b", "--tokens", "20M", "--buy", "rtx-4090", "--jobs-per-month", "20")

    qlora, full = (run_planner(*run, "--method", method, "--verbose") for method in ("qlora", "full"))

    assert 0 == qlora.returncode, qlora.stderr
    assert "20,000,000 tokens" in qlora.stdout + qlora.stderr
    assert 1 == full.returncode
    assert "does not fit into memory" in full.stderr


def test_compare_at_a_given_rent_takes_language_models(run_planner):
    """The workload is planned without offers."""
    done = run_planner(
        "compare", "--model", "llama-3-8b", "--method", "qlora", "--tokens", "20M", "--buy", "rtx-4090",
        "--jobs-per-month", "20", "--rent-usd-per-hour", "0.5", "--gpu", "rtx-4090",
    )  # fmt: skip

    assert 0 == done.returncode, done.stderr


def test_an_image_batch_that_does_not_fit_is_left_out():
    """ResNet-50 at 2,048 images a GPU needs 110 GiB: a B200 holds it, an A10G cannot; at 32 images it can."""
    large = estimate(model="resnet50", epochs=1, batch_size=2048, gpus=["A10G", "B200"])
    small = estimate(model="resnet50", epochs=1, batch_size=32, gpus=["A10G"])

    assert any("resnet50 at 2048 a GPU does not fit into memory" in entry.reason for entry in large.left_out)
    assert {"b200-180gb-sxm"} == {one.offer.gpu for one in large.estimates if one.fits_memory}
    assert {"a10g"} == {one.offer.gpu for one in small.estimates if one.fits_memory}


def test_a_config_file_is_a_model(run_planner, tmp_path):
    """The shape on disk is planned like one of the table."""
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps(
            {"model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4, "intermediate_size": 5632, "vocab_size": 32000}
        )
    )  # fmt: skip

    done = run_planner("fit", "--model", path, "--gpu", "A100-80GB")

    assert 0 == done.returncode, done.stderr
    assert "yes" in done.stdout


def test_image_models_have_a_memory_too(run_planner):
    """ResNet-50 at 4,096 images does not fit a T4; the answer is the batch that does."""
    done = run_planner("fit", "--model", "resnet50", "--batch-size", "4096", "--gpu", "T4")

    assert "Cheapest change that fits: --batch-size" in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--model", "resnet50", "--tokens", "3B"), 2, "resnet50 is not a language model of known shape: --tokens"),
        (("--model", "yolov8n", "--samples", "50k"), 2, "say --epochs, with --samples-per-epoch for data of your own"),
        (("--model", "sdxl", "--method", "lora"), 2, "the whole network of this one trains without --method"),
        (("--model", "llama-9b", "--tokens", "3B"), 2, "Unknown model 'llama-9b'. Did you mean"),
        (("--model", "llama-3-8b"), 2, "How much text"),
        (("--model", "resnet50"), 2, "How many epochs of resnet50"),
        (("--model", "llama-3-8b", "--tokens", "3B", "--dataset", "imagenet"), 2, "--dataset is not for language models"),
        (("--model", "llama-3-8b", "--tokens", "lots"), 2, "must be a number, not 'lots'"),
        (("--model", "llama-3-8b", "--tokens", "3B", "--tensor-parallel", "3"), 2, "Sizes that do: 1, 2, 4"),
        (("--tokens", "3B"), 2, "Which model. Give --model, or the figures"),
        (("--model", "llama-3.1-405b", "--method", "full", "--tokens", "3B", "--gpu", "T4"), 1, "does not fit into memory"),
    ],
)  # fmt: skip
def test_bad_input_of_an_estimate(run_planner, options, code, message):
    """What is wrong and what would work, with the right exit code and no traceback."""
    done = run_planner("estimate", *options)

    assert code == done.returncode
    assert message.replace(".", "") in done.stderr.replace(".", "").replace("?", "")
    assert "Traceback" not in done.stderr


def test_an_unknown_argument_of_estimate_is_refused():
    """A typing error in Python is not swallowed."""
    with pytest.raises(UsageError, match="tokkens"):
        estimate(model="gpt2-124m", tokkens=1e9)


def test_listing_of_language_models(run_planner):
    """All 195, or those whose name or relative holds a text, whether or not the listing was told which kind."""
    every = run_planner("models", "--language", "--format", "csv").stdout
    llama = run_planner("models", "llama").stdout
    vicuna = run_planner("models", "--language", "Vicuna").stdout

    assert 198 == len(every.splitlines())
    assert "llama-3-8b" in llama
    assert "qwen3" not in llama
    assert ["llama-2-13b", "llama-2-7b", "llama-33b"] == [line.split()[0] for line in vicuna.splitlines()[1:]]


def test_image_models_load_nothing_of_language_models():
    """Only the declarations of their options, which every command has."""
    code = (
        "import sys\n"
        "from planner.answers.estimate import estimate\n"
        "estimate(model='resnet50', epochs=90)\n"
        "loaded = [name for name in sys.modules if not name.startswith('planner.options.')]\n"
        "print([name for name in loaded if 'language' in name or 'step_time' in name])\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert "[]\n" == done.stdout


def test_a_checkpoint_of_adapters_holds_the_adapters_only():
    """41.9 million parameters of rank 16 at 12 bytes are 0.5 GB; all 8.03 billion are 96 GB."""
    adapters, everything = (
        estimate(model="llama-3-8b", method=method, tokens=1e8, gpus=["H100:8"], purchases=["spot"])
        for method in ("lora", "full")
    )

    assert any("(0.503 GB)" in line for line in adapters.assumptions)
    assert any("(96.4 GB)" in line for line in everything.assumptions)


def test_small_models_say_that_plain_code_holds_more(run_planner):
    """24 GiB of compiled GPT-2 at 32 sequences fit into 40; in plain code it is 45."""
    options = ("--micro-batch", "32", "--recompute", "none", "--gpu", "a100-40gb-sxm")

    usual = run_planner("fit", "--model", "gpt2-124m", *options)
    plain = run_planner("fit", "--model", "gpt2-124m", *options, "--stack", "transformers-peft")

    assert " yes " in usual.stdout
    assert "plain code of Transformers held up to 1.9 times as much" in usual.stdout + usual.stderr
    assert "too much" in plain.stdout + plain.stderr
    assert "plain code" not in plain.stdout + plain.stderr

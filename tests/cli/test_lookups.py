"""The look-up commands: what the planner knows, and what it does not believe."""

import csv
import io
import json


def test_suspect_rows_are_listed_with_their_reason(run_planner):
    """Superlinear scaling, contradictory repeats and impossible efficiency are kept, named and never used."""
    done = run_planner("throughput", "--suspect", "--format", "csv")

    reasons = [row["reason"] for row in csv.DictReader(io.StringIO(done.stdout))]
    for beginning in ("superlinear", "repeats contradict", "above the dense peak"):
        assert any(beginning in reason for reason in reasons), beginning


def test_suspect_rows_of_one_model_and_gpu(run_planner):
    """The same filters as for rows that are used."""
    done = run_planner("throughput", "--suspect", "--model", "resnet50", "--gpu", "quadro-rtx-6000", "--format", "json")

    rows = json.loads(done.stdout)["suspects"]
    assert {("resnet50", "quadro-rtx-6000")} == {(row["model"], row["gpu"]) for row in rows}


def test_throughput_asks_for_a_model(run_planner):
    """Neither a model nor --suspect is a usage error."""
    done = run_planner("throughput")

    assert "Give --model, or --suspect" in done.stderr
    assert 2 == done.returncode


def test_the_gpu_sheet_answers_a_buying_guide(run_planner):
    """Memory, type, ECC, cores, rates, watts, frameworks of two GPUs side by side."""
    done = run_planner("gpus", "RTX 4090", "a100-80gb-sxm", "--format", "json")

    gpus = {row["name"]: row for row in json.loads(done.stdout)["gpus"]}
    assert (24, "GDDR6X", 16384, 450) == tuple(
        gpus["rtx-4090"][key] for key in ("memory_gib", "memory_type", "cuda_cores", "tdp_watts")
    )
    assert ("yes", 312, 2039) == tuple(
        gpus["a100-80gb-sxm"][key] for key in ("has_ecc", "fp16_tensor_tflops", "memory_bandwidth_gb_per_s")
    )
    assert all(row["source"] and row["as_of"] and row["frameworks"] for row in gpus.values())


def test_a_misspelt_gpu_offers_close_matches(run_planner):
    """Usage error, one line."""
    done = run_planner("gpus", "rtx-4009")

    assert "Did you mean" in done.stderr
    assert 2 == done.returncode


def test_models_are_found_by_part_of_their_name(run_planner):
    """`planner models resnet` lists the family."""
    done = run_planner("models", "resnet50", "--format", "csv")

    names = {row["name"] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert {"resnet50", "resnet50d"} <= names


def test_providers_name_their_billing_rule_and_its_source(run_planner):
    """Every shipped provider has a rule with an address."""
    rows = json.loads(run_planner("providers", "--format", "json").stdout)["providers"]

    assert {"aws", "azure", "gcp", "lambda", "oci", "runpod", "vast", "vultr"} <= {row["provider"] for row in rows}
    assert all(row["billing_source"].startswith("https://") for row in rows)


def test_prices_list_shows_whole_instance_and_per_gpu(run_planner):
    """The price of one GPU is that of the instance divided by its GPUs."""
    done = run_planner("prices", "list", "--gpu", "H100:8", "--purchase", "on_demand", "--format", "json")

    for offer in json.loads(done.stdout)["offers"]:
        assert abs(offer["usd_per_gpu_hour"] * 8 - offer["usd_per_hour"]) < 1e-9


def test_processors_and_what_ran_on_them_are_listed(run_planner):
    """Specifications with sources; runs of a network beside the GPUs of the same source; runs of boosted trees."""
    sheets = json.loads(run_planner("gpus", "cpu", "--format", "json").stdout)["processors"]
    network = run_planner("throughput", "--model", "resnet101", "--gpu", "Xeon E5-2630 v3", "--format", "json")
    trees = json.loads(run_planner("throughput", "--model", "xgboost", "--gpu", "A10G", "--format", "json").stdout)

    assert {"yes"} == {row["has_matrix_units"] for row in sheets if "8488c" in row["name"] or "6787p" in row["name"]}
    assert all(row["cores"] and row["vector_bits"] and row["source"] for row in sheets)
    assert "73 times as fast" in network.stderr
    assert {"xeon-e5-2630-v3", "gtx-1080-ti"} < {row["device"] for row in json.loads(network.stdout)["runs"]}
    assert {"a10g"} == {row["device"] for row in trees["runs"]}


def test_rows_of_processors_and_of_gpus_are_asked_for_apart(run_planner):
    """Their columns differ; nothing is said of what is measured."""
    done = run_planner("throughput", "--model", "resnet50", "--gpu", "cpu", "--gpu", "A100")

    assert (2, "") == (done.returncode, done.stdout)
    assert "name one kind" in done.stderr


def test_a_tool_of_trees_is_no_network_and_is_known(run_planner):
    """Not an unknown name beside which the same one is offered: what it is, and how it is planned."""
    done = run_planner("models", "XGB")

    assert (2, "") == (done.returncode, done.stdout)
    assert "xgboost boosts trees" in done.stderr
    assert "planner estimate --model xgboost --rows 10M" in done.stderr

"""Sweeps: the figures of `estimate` to the last bit, errors job by job, files, and a cluster that loses a worker."""

import json
import os
import signal
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.answers.sweep import estimate_many, planned_parts
from planner.answers.sweep_part import job_options
from planner.errors import PlannerError, UsageError
from planner.render.sweep_files import read_parts, write_parts
from tests.builders import a_snapshot, an_offer
from tests.examples import examples

TODAY = date(2026, 11, 20)
JOBS = [
    {"model": "resnet50", "epochs": 90},
    {"model": "resnet50", "epochs": 90, "sort": "hours", "gpus": "A100:8;H100"},
    {"model": "resnet50", "epochs": 0.001, "providers": "vultr;aws"},
    {"model": "resnet50", "epochs": 9, "purchases": "spot", "interruptions_per_hour": 0.1},
    {"model": "resnet50", "epochs": 900, "purchases": "spot", "has_checkpoints": "false"},
    {
        "model": "resnet50",
        "epochs": 90,
        "purchases": "spot",
        "checkpoint_interval_seconds": 600,
        "restart_seconds": 300,
    },
    {"model": "resnet50", "epochs": 90, "purchases": "reserved_1y;reserved_3y;savings_1y"},
    {"model": "resnet50", "epochs": 90, "purchases": "reserved_1y", "share_commitment": "true"},
    {"model": "resnet50", "epochs": 90, "dataset_gb": 150, "results_gb": 250, "tax_fraction": 0.19, "image_gb": 20},
    {"model": "resnet50", "epochs": 90, "trials": 5, "idle_seconds": 900, "overhead_factor": 1.31, "sort": "value"},
    {"model": "resnet50", "epochs": 90, "max_hours": 3, "max_usd": 100, "regions": "us-east-1;eastus"},
    {"model": "resnet50", "epochs": 90_000, "gpu_counts": "8", "max_price_age_days": 365},
    {"model": "bert-large-squad", "epochs": 2, "precision": "fp32", "without": "start-up;interruptions"},
    {
        "model": "resnet50",
        "epochs": 900,
        "nodes": 4,
        "gpus": "A100:8",
        "basis": "scaled",
        "purchases": "spot;on_demand",
    },
    {"model": "gpt2-124m", "tokens": "10B", "gpus": "A100-80GB"},
    {"model": "gpt2-124m", "tokens": "10B", "gpus": "A100-80GB", "nodes": 2},
    {"model": "resnet50", "epochs": 90, "batch_size": 2048},
    {"model": "llama-3-8b", "tokens": "1B", "method": "lora", "rank": 8, "gpu_counts": "1;8", "purchases": "on_demand"},
    {"model": "mine", "measured": "a100-80gb-sxm=1234", "samples_per_epoch": 1e6, "epochs": 10, "gpu_counts": "1;8"},
]


def same_figures(rows, job, limit=3, **shared):
    """Whether the rows of a job are those of the plain estimate, bit by bit."""
    plain = planner.estimate(**job_options(job), every_offer=True, limit=limit, as_of=TODAY, **shared).estimates
    return [
        (one.usd, one.usd_low, one.usd_high, one.seconds, one.offer.instance_type, one.offer.region, one.rank)
        for one in plain
    ] == list(
        zip(
            rows.usd,
            rows.usd_low,
            rows.usd_high,
            rows.seconds,
            rows.instance_type,
            rows.region,
            rows["rank"],
            strict=True,
        )
    )


def test_every_kind_of_job_has_the_figures_of_the_estimate():
    """Filters, limits, orders, interruptions, terms and extras: nothing differs in the last bit."""
    frame = estimate_many(JOBS, limit=3, as_of=TODAY)

    for number, job in enumerate(JOBS):
        assert same_figures(frame[frame.job == number], job), job


@settings(max_examples=examples(5), deadline=None)
@given(
    epochs=st.floats(min_value=0.01, max_value=5000),
    rate=st.floats(min_value=0, max_value=0.4),
    idle=st.floats(min_value=0, max_value=5000),
    sort=st.sampled_from(["usd", "hours", "value"]),
)
def test_any_job_has_the_figures_of_the_estimate(epochs, rate, idle, sort):
    """Whatever the numbers, the best three are the same."""
    job = {"model": "resnet50", "epochs": epochs, "interruptions_per_hour": rate, "idle_seconds": idle, "sort": sort}

    assert same_figures(estimate_many([job], limit=3, as_of=TODAY), job)


def test_a_price_book_holds_in_a_sweep(tmp_path):
    """Rates, credits and machines are those of the estimate."""
    path = tmp_path / "book.toml"
    path.write_text(
        '[[discounts]]\nprovider = "azure"\nfamily = "ND"\ndiscount_fraction = 0.6\n'
        '[[credits]]\nprovider = "gcp"\nusd = 5\n'
        '[[machines]]\nname = "lab"\ngpu = "rtx-3090"\ngpu_count = 2\nusd_per_hour = 0.2\n'
    )

    frame = estimate_many(JOBS[:2], limit=5, as_of=TODAY, price_book=path)

    for number, job in enumerate(JOBS[:2]):
        assert same_figures(frame[frame.job == number], job, limit=5, price_book=path)
    assert "own" in set(frame.provider)


def test_a_job_that_cannot_be_planned_keeps_its_row_and_says_why():
    """Others are planned; the message is that of the estimate."""
    jobs = [
        {"model": "resnt50", "epochs": 1},
        {"model": "resnet50", "epochs": -1},
        {"model": "resnet50", "epochs": 90, "max_hours": 0.01},
        {"model": "resnet50", "epochs": 90, "regions": "us-esat-1"},
        {"model": "resnet50", "epochs": "many"},
        {"model": "resnet50", "epochs": 1},
    ]

    frame = estimate_many(jobs, as_of=TODAY)

    assert [0, 1, 2, 3, 4, 5] == list(frame.job)
    for number, text in enumerate(["Did you mean resnet50", "epochs must be above 0", "takes", "us-east-1"]):
        assert text in frame.error[number]
    assert frame.error[4]
    assert not frame.error[5]


@pytest.mark.parametrize(
    ("jobs", "options", "message"),
    [
        ([{"model": "resnet50"}], {}, "The column epochs is missing"),
        ([{"model": "resnet50", "epochs": 1, "max_usdd": 3}], {}, "'max_usdd'. Did you mean max_usd"),
        ([{"model": "resnet50", "epochs": 1}], {"engine": "spark"}, "Unknown engine 'spark'"),
        ([{"model": "resnet50", "epochs": 1}], {"limit": 0}, "limit must be at least 1"),
        ([{"model": "resnet50", "epochs": 1}], {"scheduler": "tcp://127.0.0.1:1"}, "needs engine dask"),
    ],
)
def test_a_wrong_table_is_refused(jobs, options, message):
    """What concerns every job is an error of the whole."""
    with pytest.raises(UsageError) as caught:
        estimate_many(jobs, as_of=TODAY, **options)

    assert message in str(caught.value)


def test_parts_are_numbered_on(tmp_path):
    """Jobs keep their row number however the file is cut, and a CSV holds what the frame holds."""
    path, output = tmp_path / "jobs.csv", tmp_path / "plans.csv"
    pd.DataFrame([{"model": "resnet50", "epochs": 1 + number} for number in range(7)]).to_csv(path, index=False)

    parts = list(write_parts(planned_parts(read_parts(path, rows=3), as_of=TODAY), output))

    assert [3, 3, 1] == [len(part) for part in parts]
    assert list(range(7)) == list(pd.read_csv(output).job)
    whole = estimate_many(pd.read_csv(path), as_of=TODAY)
    assert list(whole.usd) == list(pd.read_csv(output).usd)


def test_parquet_in_and_out(tmp_path):
    """A log in Parquet gives plans in Parquet, also where a part holds only errors."""
    pytest.importorskip("pyarrow")
    path, output = tmp_path / "jobs.parquet", tmp_path / "plans.parquet"
    pd.DataFrame({"model": ["none", "resnet50", "resnet50"], "epochs": [1, 2, 3]}).to_parquet(path)

    list(write_parts(planned_parts(read_parts(path, rows=1), as_of=TODAY), output))

    frame = pd.read_parquet(output)
    assert [0, 1, 2] == list(frame.job)
    assert frame.error[0].startswith("Unknown model")
    assert frame.usd[2] > frame.usd[1]


def test_a_failed_sweep_leaves_no_file(tmp_path):
    """The output is there whole or not at all."""
    path = tmp_path / "jobs.csv"
    path.write_text("model,epochs\nresnet50,1\n")

    with pytest.raises(PlannerError):
        list(write_parts(planned_parts(read_parts(path), limit=0), tmp_path / "plans.csv"))

    assert ["jobs.csv"] == [entry.name for entry in tmp_path.iterdir()]


def test_the_command_plans_a_file(run_planner, tmp_path):
    """Rows on standard output, totals on standard error; the same in JSON; a file with --output."""
    (tmp_path / "jobs.csv").write_text(
        "model,epochs,purchase,max_usd,basis\nresnet50,90,on_demand,,measured\nresnet50,90,,0.5,\n"
    )

    shown = run_planner("sweep", "jobs.csv", "--as-of", "2026-07-01")
    document = json.loads(run_planner("sweep", "jobs.csv", "--as-of", "2026-07-01", "--format", "json").stdout)
    written = run_planner("sweep", "jobs.csv", "--as-of", "2026-07-01", "--output", "plans.csv")

    assert "2x-RTX_3090-32-65536" in shown.stdout
    assert "1 jobs: 18.3 hours and 6.05 USD, each at its best offer" in shown.stderr
    assert "1 jobs have no estimate" in shown.stderr
    assert "planner.sweep/1" == document["schema"]
    assert "costs more" in document["rows"][1]["error"] or "No estimate meets" in document["rows"][1]["error"]
    assert 0 == written.returncode
    assert document["rows"][0]["usd"] == pd.read_csv(tmp_path / "plans.csv").usd[0]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_amounts_in_another_currency_are_those_of_the_estimate(run_planner, tmp_path, ending):
    """Beside USD, at the same rate; a job without an estimate has none, also where it is the first."""
    (tmp_path / "jobs.csv").write_text("model,epochs\nnone,1\nresnet50,90\n")

    run_planner("sweep", "jobs.csv", "--currency", "eur", "--output", f"plans.{ending}")
    asked = (
        "estimate",
        "--model",
        "resnet50",
        "--epochs",
        "90",
        "--limit",
        "1",
        "--currency",
        "eur",
        "--format",
        "json",
    )
    best = json.loads(run_planner(*asked).stdout)["estimates"][0]

    frame = (pd.read_csv if ending == "csv" else pd.read_parquet)(tmp_path / f"plans.{ending}")
    names = ["currency", "amount", "amount_low", "amount_high"]
    assert frame[names].isna().all(axis=1).tolist() == [True, False]
    assert [best[name] for name in names] == frame[names].iloc[1].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "Cannot read the jobs"), ("", "is not a table of jobs"), ("model,epochs\n", "holds no jobs")],
)
def test_a_bad_file_is_a_usage_error(run_planner, tmp_path, content, message):
    """One line that names the file."""
    if content is not None:
        (tmp_path / "jobs.csv").write_text(content)

    done = run_planner("sweep", "jobs.csv")

    assert 2 == done.returncode
    assert message in done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_gives_identical_results():
    """Two worker processes, one killed in the middle: every row is that of the local engine, to the last bit."""
    distributed = pytest.importorskip("distributed")
    frame = pd.DataFrame([{"model": "resnet50", "epochs": 0.5 + number / 7} for number in range(240)])
    parts = [frame[start : start + 10] for start in range(0, 240, 10)]
    local = pd.concat(planned_parts(parts, as_of=TODAY), ignore_index=True)

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        found = []
        for part in planned_parts(parts, as_of=TODAY, engine="dask", scheduler=cluster.scheduler_address):
            found.append(part)
            if len(found) == 3:
                os.kill(pids[0], signal.SIGKILL)
        assert pids[0] not in [worker.pid for worker in cluster.workers.values()]

    pd.testing.assert_frame_equal(local, pd.concat(found, ignore_index=True), check_exact=True)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_named():
    """A wrong address is a usage error, not a traceback."""
    pytest.importorskip("distributed")

    with pytest.raises(UsageError, match="No Dask scheduler answers at nonsense://here"):
        estimate_many([{"model": "resnet50", "epochs": 1}], engine="dask", scheduler="nonsense://here")


def test_a_newer_book_is_seen_at_once(tmp_path):
    """Nothing is kept from one sweep to the next: prices may have been refreshed between them."""
    job = {"model": "resnet50", "epochs": 90, "providers": "aws", "gpus": "h100-80gb-sxm:8"}
    before = estimate_many([job], as_of=TODAY, data_dir=tmp_path)

    offer = an_offer(provider="aws", gpu="h100-80gb-sxm", usd_per_hour=0.5, observed_on=date(2026, 11, 1))
    a_snapshot(tmp_path, offer, provider="aws", stem="2026-11-01")

    assert estimate_many([job], as_of=TODAY, data_dir=tmp_path).usd[0] < before.usd[0] / 10

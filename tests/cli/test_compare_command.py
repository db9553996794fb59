"""`planner compare` as a user runs it."""

import csv
import io
import json

import pytest

JOB = ("compare", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01")
ONE = (*JOB, "--buy", "rtx-4090", "--jobs-per-month", "4")
HOURS = ("compare", "--buy", "rtx-3090", "--rent-usd-per-hour", "0.5", "--utilisation", "0.4", "--as-of", "2026-07-01")


@pytest.mark.parametrize(
    "asked",
    [
        ONE,
        ("compare", "--buy", "h100-80gb-sxm:8", "--utilisation", "0.6"),
        ("compare", "--buy", "rtx-4090:4", "--utilisation", "0.5"),
        (
            *[
                "compare",
                "--model",
                "llama-3-8b",
                "--method",
                "qlora",
                "--tokens",
                "10M",
                "--buy",
                "rtx-4090",
                "--jobs-per-month",
                "20",
            ],
        ),
    ],
)
def test_the_answer_fits_one_screen(run_planner, asked):
    """At most 22 lines of 80 characters with its notes, the verdict first, and the two sides that it weighs among the lines."""
    done = run_planner(*asked)

    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert 0 == done.returncode
    assert len(lines) <= 22
    assert any(line.startswith(">") for line in lines)
    assert any(line.startswith(" buy new") for line in lines)
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(("Rent", "Buy"))


def test_every_assumption_names_its_option(run_planner):
    """What is assumed can be changed."""
    notes = run_planner(*ONE, "--verbose").stderr

    for option in (
        "jobs-per-month",
        "rent-usd-per-hour",
        "card-usd",
        "host-usd",
        "card-watts",
        "idle-watts",
        "country",
    ):
        assert f"--{option}" in notes
    for option in ("pue", "usd-per-kwh", "resale-fraction", "discount-per-year", "condition", "epochs"):
        assert f"--{option}" in notes


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_golden_output(run_planner, golden, form):
    """What a person or a script sees, for hours of use at a price given."""
    done = run_planner(*HOURS, "--format", form)

    golden(f"compare.{form}", done.stdout)
    assert 0 == done.returncode


def test_golden_notes(run_planner, golden):
    """What it rests on."""
    notes = run_planner(*HOURS, "--verbose").stderr
    golden("compare.notes", "".join(line + "\n" for line in notes.splitlines() if not line.startswith("[")))


def test_two_runs_give_the_same_bytes(run_planner):
    """The draws have a fixed seed."""
    assert run_planner(*ONE, "--format", "json").stdout == run_planner(*ONE, "--format", "json").stdout


def test_the_json_contract(run_planner):
    """Keys that other people's scripts rely on."""
    document = json.loads(run_planner(*ONE, "--format", "json").stdout)

    assert "planner.compare/1" == document["schema"]
    assert {
        "schema", "workload", "rent", "own", "break_even", "curve", "verdict", "sensitivity", "assumptions",
    } <= document.keys()  # fmt: skip
    assert {"provider", "gpu", "usd", "seconds", "items", "usd_per_hour"} <= document["rent"].keys()
    assert {
        "gpu", "card_count", "condition", "items", "usd_upfront", "usd_per_month", "usd_per_job", "usd_resale", "seconds",
    } <= document["own"].keys()  # fmt: skip
    assert {"jobs", "months", "gpu_hours"} <= document["break_even"].keys()
    assert {"month", "rent_usd", "own_usd"} <= document["curve"][0].keys()
    assert pytest.approx(document["own"]["usd_total"]) == sum(item["usd"] for item in document["own"]["items"])


def test_the_csv_is_the_curve(run_planner):
    """One row a month."""
    rows = list(csv.DictReader(io.StringIO(run_planner(*ONE, "--format", "csv").stdout)))

    assert [str(month) for month in range(37)] == [row["month"] for row in rows]


def test_several_cards_are_ranked_with_renting(run_planner):
    """Best first, renting and the card at hand among them."""
    done = run_planner(
        *JOB, "--buy", "rtx-4090", "--buy", "rtx-3090", "--own", "v100-16gb", "--jobs-per-month", "4", "--verbose"
    )

    assert "1x v100-16gb (owned)" in done.stdout
    assert "keep renting" in done.stderr
    assert "best first" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--buy", "a10g", "--utilisation", "0.2"), "not sold as a card"),
        (("--buy", "rtx-4090", "--utilisation", "0.2", "--country", "Atlantis"), "Unknown country"),
        (("--buy", "rtx-4090", "--utilisation", "5"), "write 0.05"),
        (("--buy", "rtx-4090", "--utilisation", "0.2", "--months", "0"), "--months"),
        (("--buy", "rtx-4090"), "--jobs-per-month"),
    ],
)
def test_bad_input_is_a_usage_error(run_planner, arguments, words):
    """Exit 2 and a message, never a traceback."""
    done = run_planner("compare", "--rent-usd-per-hour", "1", *arguments)

    assert 2 == done.returncode
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_totals_in_another_currency(run_planner):
    """Beside those in USD, at the dated rate: 0.8573 EUR a USD."""
    options = ("compare", "--model", "resnet50", "--epochs", "90", "--buy", "rtx-4090", "--jobs-per-month", "4")

    document = json.loads(run_planner(*options, "--currency", "EUR", "--format", "json").stdout)
    screen = run_planner(*options, "--currency", "EUR")

    assert pytest.approx(0.8573 * document["own"]["usd_total"], rel=1e-4) == document["amounts"]["own_total"]
    assert pytest.approx(0.8573 * document["rent"]["usd_per_job"], rel=1e-4) == document["amounts"]["rent_per_job"]
    said = f"In EUR: renting costs {document['amounts']['rent_total']:,.0f}, owning {document['amounts']['own_total']:,.0f},"
    assert document["verdict_in_currency"].startswith(said)
    assert document["verdict_in_currency"] in " ".join(screen.stdout.split())
    assert document["verdict_in_currency"] in run_planner(*options, "--currency", "EUR", "--format", "markdown").stdout
    assert "EUR per USD" in screen.stderr
    assert "currency" not in json.loads(run_planner(*options, "--format", "json").stdout)

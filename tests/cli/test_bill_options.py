"""The bill's options on the command line: they reach the bill, and bad ones are told what would do."""

import json

import pytest

ESTIMATE = ("estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-11-20", "--limit", "1")


def test_the_options_reach_the_bill(run_planner):
    """Each option has its item, and the items sum to the total."""
    done = run_planner(
        *ESTIMATE, "--provider", "aws", "--purchase", "spot", "--dataset-gb", 150, "--results-gb", 150, "--trials", 2,
        "--evaluation-fraction", 0.02, "--overhead-factor", 1.31, "--idle-seconds", 600, "--image-gb", 15,
        "--tax-fraction", 0.19, "--interruptions-per-hour", 0.05, "--format", "json",
    )  # fmt: skip

    estimate = json.loads(done.stdout)["estimates"][0]
    assert [
        "training",
        "start-up",
        "image pull",
        "staging the data in",
        "overhead over the benchmark",
        "evaluation",
        "1 more trials",
        "checkpoints",
        "work done twice",
        "restarts",
        "idle tail",
        "rounding to billed time",
        "storage (EBS gp3)",
        "egress of results",
        "tax",
    ] == [item["name"] for item in estimate["items"]]
    assert pytest.approx(estimate["usd"]) == sum(item["usd"] for item in estimate["items"])
    assert estimate["interruptions"]["seconds_p90"] >= estimate["seconds_low"]


def test_amounts_are_shown_in_another_currency_beside_usd(run_planner):
    """JSON keeps USD and adds amounts, with the rate and its day."""
    document = json.loads(run_planner(*ESTIMATE, "--currency", "eur", "--format", "json").stdout)

    estimate = document["estimates"][0]
    assert "2026-08-24" == document["currency"]["as_of"]
    assert pytest.approx(estimate["usd"] / 1.1664) == estimate["amount"]
    assert "EUR" == estimate["currency"]


def test_an_explanation_ends_in_the_bill(run_planner):
    """The chain names rate, pieces of work, percentile and the sources of storage and traffic."""
    done = run_planner(
        *ESTIMATE,
        "--provider",
        "gcp",
        "--purchase",
        "spot",
        "--dataset-gb",
        10,
        "--results-gb",
        1,
        "--explain",
        1,
        "--currency",
        "CHF",
    )

    for text in (
        "Interruptions\n",
        "10 % a day",
        "nine in ten such runs end within",
        "storage price: us-central1",
        "egress price:",
        " CHF per USD of 2026-08-24",
    ):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--interruptions-per-hour", -1), "--interruptions-per-hour must be 0 to 1,000, not -1."),
        (("--without", "egres"), "Unknown item of the bill 'egres'. Did you mean egress?"),
        (("--currency", "EURO"), "Unknown currency 'EURO'."),
        (("--price-book", "none.toml"), "Cannot read the price book none.toml"),
        (("--interruptions-per-hour", 1, "--checkpoint-seconds", 7200), "no work would be saved"),
    ],
)
def test_bad_options_are_usage_errors(run_planner, arguments, message):
    """Exit code 2 and one line that says what would do."""
    done = run_planner(*ESTIMATE, *arguments)

    assert 2 == done.returncode
    assert message in done.stderr


def test_an_option_of_the_bill_is_also_a_variable(run_planner):
    """Trials and checkpoints can be set for good in the environment."""
    done = run_planner(
        *ESTIMATE, "--purchase", "spot", "--format", "json",
        environment={"PLANNER_CHECKPOINTS": "false", "PLANNER_TRIALS": "3"},
    )  # fmt: skip

    estimate = json.loads(done.stdout)["estimates"][0]
    assert estimate["interruptions"]["checkpoint_seconds"] is None
    assert "2 more trials" in [item["name"] for item in estimate["items"]]


def test_a_hopeless_run_is_an_error_with_numbers(run_planner):
    """Days of work at 0.15 interruptions per hour without checkpoints: refused, with what it would take."""
    done = run_planner(
        "estimate", "--model", "resnet50", "--epochs", 90, "--gpu", "a10", "--purchase", "spot",
        "--interruptions-per-hour", 0.15, "--no-checkpoints", "--as-of", "2026-11-20",
    )  # fmt: skip

    assert 1 == done.returncode
    assert "h of work at 0.15" in done.stderr
    assert "times as long. Write checkpoints, or rent on demand." in done.stderr

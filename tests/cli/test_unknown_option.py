"""An option that a command does not have: what is said points to the right one."""

import pytest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "estimate --model resnet50 --epochs 90 --utilization 0.6",
            "It is one of planner compare. Did you mean --overhead-factor or --measured?",
        ),
        ("estimate --buy rtx-4090", "No such option '--buy'. It is one of planner compare."),
        ("estimate --modl resnet50", "Did you mean --model?"),
        ("export --model resnet50 --epochs 90 --format skypilot", "No such option '--format'. Did you mean --to?"),
        ("export --model resnet50 --epochs 90 --too skypilot", "Did you mean --to?"),
        ("export --model resnet50 --epochs 90 -to skypilot", "Did you mean --to?"),
        ("sweep --xyz x", "No such option '--xyz'."),
    ],
)
def test_an_unknown_option_points_to_the_one_that_is_meant(run_planner, words, said):
    """What is required and missing, what people mean by it, who has it; exit code 2, and the usage."""
    done = run_planner(*words.split())

    assert 2 == done.returncode
    assert done.stderr.rstrip().endswith(said)
    assert done.stderr.startswith(f"Usage: planner {words.split()[0]}")


def test_a_missing_file_of_a_model_is_called_missing(run_planner):
    """A name that only a file has is no unknown network."""
    done = run_planner("estimate", "--model", "no/such.toml", "--epochs", 2)

    assert 2 == done.returncode
    assert "Unknown model 'no/such.toml'. There is no such file." in done.stderr


def test_a_limit_is_named_as_people_write_times(run_planner):
    """Ten minutes are no 0.166667 hours, in either command."""
    estimated, recommended = (
        run_planner(verb, "--model", "resnet50", "--epochs", 90, "--deadline", "10min")
        for verb in ("estimate", "recommend")
    )

    assert (3, 3) == (estimated.returncode, recommended.returncode)
    assert " 10min: the fastest, " in estimated.stderr
    assert "Nothing ends within 10 min. Nearest" in recommended.stderr

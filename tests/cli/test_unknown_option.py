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


@pytest.mark.parametrize("verb", ["estimate --epochs 2", "fit", "compare --epochs 2 --buy T4 --jobs-per-month 1"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no/such.toml", "no/such.toml: No such file or directory. --model takes a name"),
        ("own.toml", "own.toml: it is no config.json. --model takes a name"),
        ("./folder", "./folder: it is a folder without a config.json. --model takes a name"),
    ],
)
def test_a_file_that_is_no_model_is_no_unknown_name(run_planner, tmp_path, verb, text, said):
    """It is missing, or it is what `--model` does not take; where figures go is said."""
    (tmp_path / "own.toml").write_text("gmacs_per_sample = 1\n")
    (tmp_path / "folder").mkdir()

    done = run_planner(*verb.split(), "--model", text)

    assert 2 == done.returncode
    assert f"Cannot read the model file {said}" in done.stderr
    assert "--model-file a TOML file" in done.stderr


def test_a_limit_is_named_as_people_write_times(run_planner):
    """Ten minutes are no 0.166667 hours, in either command."""
    estimated, recommended = (
        run_planner(verb, "--model", "resnet50", "--epochs", 90, "--deadline", "10min")
        for verb in ("estimate", "recommend")
    )

    assert (3, 3) == (estimated.returncode, recommended.returncode)
    assert " 10min: the fastest, " in estimated.stderr
    assert "Nothing ends within 10 min. Nearest" in recommended.stderr

"""Settings files: what they set, what wins, what they may not do, and what is said of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from planner.cli.root import COMMANDS
from planner.cli.settings import PROJECT_COMMANDS
from tests.conftest import ROOT
from tests.prices.catalogues import SKYPILOT, a_table, sky_row

RUN = ("estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01", "--format", "json")


@pytest.fixture
def user_file():
    """Writes the user's own settings file."""

    def write(text):
        path = Path(os.environ["XDG_CONFIG_HOME"]) / "gpu-cost-planner" / "planner.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def project_file(tmp_path):
    """Writes the project's settings file, beside which the command runs."""

    def write(text):
        path = tmp_path / "planner.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _rows(done):
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)["estimates"]


def test_a_table_of_the_command_and_one_for_all(run_planner, project_file):
    """Both count, and the more exact one wins."""
    project_file('[defaults]\npurchase = "on_demand"\nlimit = 9\n[estimate]\ngpu = ["T4", "A100:8"]\nlimit = 4\n')

    rows = _rows(run_planner(*RUN))

    typed = run_planner(
        *RUN, "--purchase", "on_demand", "--gpu", "T4", "--gpu", "A100:8", "--limit", "4", "--no-config"
    )
    assert 4 == len(rows)
    assert _rows(typed) == rows


def test_who_wins(run_planner, project_file, user_file):
    """What is typed, then the environment, then the project, then the user, then what is built in."""
    limits = []
    limits.append(len(_rows(run_planner(*RUN))))
    user_file("[estimate]\nlimit = 4\n")
    limits.append(len(_rows(run_planner(*RUN))))
    project_file("[defaults]\nlimit = 3\n")
    limits.append(len(_rows(run_planner(*RUN))))
    limits.append(len(_rows(run_planner(*RUN, environment={"PLANNER_LIMIT": "2"}))))
    limits.append(len(_rows(run_planner(*RUN, "--limit", 1, environment={"PLANNER_LIMIT": "2"}))))

    assert [15, 4, 3, 2, 1] == limits


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [((*RUN, "--no-config"), {}), (("--no-config", *RUN), {}), (RUN, {"PLANNER_NO_CONFIG": "1"})],
)
def test_files_can_be_left_aside(run_planner, project_file, arguments, environment):
    """Even a broken one."""
    project_file("[estimate\n")

    assert 15 == len(_rows(run_planner(*arguments, environment=environment)))


def test_the_result_says_which_settings_came_from_where(run_planner, project_file, user_file):
    """In the notes and in the JSON; a setting that something typed has beaten is not named."""
    project_file('[estimate]\npurchase = "spot"\nlimit = 2\n')
    path = user_file('[defaults]\nprovider = ["aws"]\n')

    done = run_planner(*RUN, "--limit", "1")

    document = json.loads(done.stdout)
    assert ["Defaults from planner.toml: purchase"] == [
        line for line in document["assumptions"] if line.startswith("Defaults from planner")
    ]
    assert f"Defaults from {path}: provider" in document["assumptions"]
    assert "Defaults from planner.toml: purchase" in done.stderr


@pytest.mark.parametrize(
    ("command", "table"),
    [
        (("gpus", "T4"), "gpus"),
        (("compare", "--buy", "rtx-4090", "--utilisation", "0.5"), "compare"),
        (("recommend", "--model", "resnet50", "--epochs", "1"), "recommend"),
        (("prices", "list"), "prices.list"),
    ],
)
def test_every_command_says_it(run_planner, project_file, command, table):
    """Also those that write no other notes, and those of a group."""
    project_file(f'[{table}]\nformat = "json"\n')

    done = run_planner(*command)

    assert json.loads(done.stdout)
    assert "Defaults from planner.toml: format" in done.stderr


def test_a_report_says_it_and_how_to_make_it_again(run_planner, project_file):
    """The command line on a report holds what the file has set, as a variable; and --quiet disturbs nothing."""
    project_file('[estimate]\npurchase = ["spot"]\n')

    done = run_planner(*RUN[:-1], "html", environment={"PLANNER_QUIET": "1", "PLANNER_GPU": "T4"})

    assert (0, "") == (done.returncode, done.stderr)
    assert "Defaults from planner.toml: purchase" in done.stdout
    assert "PLANNER_GPU=T4" in done.stdout
    assert "PLANNER_PURCHASE=spot" in done.stdout


def test_an_error_says_it_too(run_planner, project_file):
    """Whoever did not type the name must learn who did."""
    project_file('[estimate]\ngpu = "A10O"\n')

    done = run_planner(*RUN)

    assert 2 == done.returncode
    assert "Unknown GPU 'A10O'" in done.stderr
    assert "Defaults from planner.toml: gpu" in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[estimate\n", "planner.toml: Expected ']' at the end of a table declaration (at line 1, column 10)"),
        ("limit = 3\n", "planner.toml, line 1: limit stands in no table. Put it under [defaults]"),
        ("[estimte]\nlimit = 3\n", "planner.toml, line 1: estimte is no command. Did you mean estimate?"),
        ("\n[estimate]\nlimt = 3\n", "planner.toml, line 3: estimate.limt is no setting. Did you mean limit?"),
        ("[defaults]\npurchse = 'spot'\n", "line 2: defaults.purchse is no setting. Did you mean purchase"),
        (
            "[estimate]\nlimit = 'few'\n",
            "line 2: estimate.limit cannot be used: --limit must be a whole number, not 'few'",
        ),
        ("[estimate]\nlimit = 3.5\n", "estimate.limit must be a whole number, not 3.5"),
        ("[estimate]\nlimit = true\n", "estimate.limit must be a whole number, not True"),
        ("[estimate]\nmax_usd = nan\n", "estimate.max_usd must be a number, not nan"),
        ("[estimate]\nall = 1\n", "estimate.all must be true or false, not 1"),
        ("[estimate]\ngpu = [1]\n", "estimate.gpu must be a text, not 1"),
        ("[estimate]\nbasis = ['measured']\n", "estimate.basis must be a text, not ['measured']"),
        ("[estimate.gpu]\nname = 'T4'\n", "estimate.gpu must be a text"),
        ("[estimate]\nformat = 'xml'\n", "estimate.format cannot be used: 'xml' is not one of"),
        ("[estimate]\ntokens = 'many'\n", "estimate.tokens cannot be used"),
        ("[estimate]\nas_of = 'today'\n", "estimate.as_of cannot be used"),
        ('[estimate]\ngpu = "A\\u001b[31m"\n', "estimate.gpu holds control characters"),
        ("[estimate]\nquiet = true\nverbose = true\n", "exclude each other"),
        ("[prices]\nlimit = 3\n", "prices.limit is no command of prices. Did you mean list?"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_place(run_planner, project_file, text, message):
    """File, line, key, what would do; nothing is guessed."""
    project_file(text)
    command = ("prices", "list") if "prices" in text else RUN

    done = run_planner(*command)

    assert message in done.stderr
    assert "--no-config" in done.stderr
    assert "\x1b" not in done.stderr
    assert (1, "") == (done.returncode, done.stdout)


@pytest.mark.parametrize("content", [b"\xff\xfe[estimate]", b"#" * 1_000_001, b"a = " + b"[" * 100_000])
def test_hostile_files_are_an_error(run_planner, tmp_path, content):
    """No text, too large, too deep."""
    (tmp_path / "planner.toml").write_bytes(content)

    done = run_planner(*RUN)

    assert 1 == done.returncode
    assert "planner.toml" in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_a_folder_of_that_name_is_an_error(run_planner, tmp_path):
    """It is said, not passed over."""
    (tmp_path / "planner.toml").mkdir()

    assert "is not a file" in run_planner(*RUN).stderr


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("[estimate]\noutput = 'stolen.txt'\n", RUN),
        ("[defaults]\noutput = 'stolen.txt'\n", RUN),
        ("[estimate]\ndata_dir = '.'\n", RUN),
        ("[estimate]\nquiet = true\n", RUN),
        ("[estimate]\nprice_book = '/etc/passwd'\n", RUN),
        ("[estimate]\nprice_book = '../x.toml'\n", RUN),
        ("[estimate]\nprice_book = 'link.toml'\n", RUN),
        ("[estimate]\ncalibration = ['../x.toml']\n", RUN),
        ("[sweep]\nscheduler = 'tcp://192.0.2.1:1'\n", ("sweep", "jobs.csv")),
        ("[refresh]\naccept = true\n", ("refresh", "--offline")),
        ("[refresh]\njobs = 2\n", ("refresh", "--offline")),
        ("[prices.prune]\nkeep = 1\n", ("prices", "prune")),
        ("[prices.prune]\nyes = true\n", ("prices", "prune")),
        ("[prices.pull]\nprices_url = 'https://192.0.2.1'\n", ("prices", "pull")),
        ("[validate]\nwrite = 'x.md'\n", ("validate",)),
    ],
)
def test_a_project_may_not_write_remove_send_or_hide(run_planner, project_file, tmp_path, text, command):
    """A cloned repository is not trusted with more than the shape of an answer."""
    (tmp_path / "link.toml").symlink_to("/etc/hostname")
    project_file(text)
    before = sorted(tmp_path.iterdir())

    done = run_planner(*command)

    assert (1, "") == (done.returncode, done.stdout)
    assert "planner.toml, line 2" in done.stderr
    assert before == sorted(tmp_path.iterdir())


def test_commands_are_closed_to_projects_until_somebody_opens_them():
    """What the list names is there; what writes, removes, connects or listens is not on it."""
    words = {name.partition(" ")[0] for name in PROJECT_COMMANDS}

    assert words <= set(COMMANDS)
    assert not words & {"refresh", "validate", "mcp", "serve", "export", "config"}
    assert not set(PROJECT_COMMANDS) & {"prices prune", "prices pull", "prices publish"}


def test_defaults_of_a_project_leave_other_commands_alone(run_planner, project_file, tmp_path):
    """The table for all commands is not for those that write."""
    project_file("[defaults]\nkeep = 1\nlimit = 3\n")

    done = run_planner("prices", "prune", "--older-than", "10", "--data-dir", tmp_path)

    assert "Defaults from" not in done.stderr


def test_a_project_may_name_its_calibration(run_planner, project_file, tmp_path):
    """36,000 images at 100 a second take 360 s, from the file beside the settings."""
    (tmp_path / "own.toml").write_text(
        'schema = "planner.calibration/1"\n[[runs]]\nmodel = "resnet50"\ngpu = "rtx-4090"\ngpu_count = 1\nprecision = "amp"\nbatch_size = 64\n'
        'samples_per_second = 100.0\nlow = 97.0\nhigh = 103.0\nsample_unit = "image"\nverdict = "steady"\nstartup_seconds = 0.0\nstall_share = 0.0\n'
    )
    project_file('[estimate]\ncalibration = ["own.toml"]\n')

    done = run_planner(
        "estimate", "--epochs", "1", "--samples-per-epoch", "36000", "--gpu", "rtx-4090:1", "--startup-seconds", "0", "--format", "json"
    )  # fmt: skip

    (first, *_) = json.loads(done.stdout)["estimates"]
    assert ("measured_by_you", pytest.approx(360.0)) == (first["throughput"]["basis"], first["seconds"])


def test_a_path_counts_from_the_file(run_planner, project_file, tmp_path):
    """A price book beside the settings, used from a folder below."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "rates.toml").write_text(
        '[[machines]]\nname = "desk"\ngpu = "rtx-4090"\ngpu_count = 1\nusd_per_hour = 0.1\n'
    )
    (tmp_path / "deep" / "er").mkdir(parents=True)
    project_file('[estimate]\nprice_book = "rates.toml"\n')

    done = run_planner(*RUN, cwd=tmp_path / "deep" / "er")

    assert f"Defaults from {os.path.join('..', '..', 'planner.toml')}: price_book" in done.stderr  # noqa: PTH118
    assert any(row["provider"] == "own" for row in _rows(done))


def test_folders_above_count_only_in_a_repository_or_at_home(run_planner, project_file, tmp_path):
    """What lies in /tmp is nobody's project."""
    below = tmp_path / "below"
    below.mkdir()
    project_file("[estimate]\nlimit = 2\n")

    assert 15 == len(_rows(run_planner(*RUN, cwd=below)))
    assert 2 == len(_rows(run_planner(*RUN, cwd=below, environment={"HOME": str(tmp_path)})))
    (tmp_path / ".git").mkdir()
    assert 2 == len(_rows(run_planner(*RUN, cwd=below)))
    (below / ".git").mkdir()
    assert 15 == len(_rows(run_planner(*RUN, cwd=below)))


def test_a_removed_current_folder_has_no_project():
    """The command works where the shell stands in a folder that is gone."""
    run = f"d=$(mktemp -d); cd $d; rmdir $d; '{sys.executable}' -m planner gpus T4"

    done = subprocess.run(
        ["/bin/sh", "-c", run], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )

    assert "memory_gib" in done.stdout, done.stderr


def test_the_users_file_may_name_a_data_folder(run_planner, user_file, tmp_path):
    """Own file, own folder; it counts from the file, and ~ is the home."""
    user_file('[defaults]\ndata_dir = "~/nowhere"\n')

    done = run_planner(*RUN)

    assert "nowhere' is not a folder" in done.stderr


def test_config_shows_value_and_origin(run_planner, project_file, user_file):
    """Each setting once, with file, variable, or built in; and the places looked at."""
    project_file('[defaults]\npurchase = "spot"\n')
    path = user_file("[estimate]\nlimit = 4\n")

    done = run_planner("config", "estimate", "--format", "json", environment={"PLANNER_GPU": "A100 T4"})

    document = json.loads(done.stdout)
    rows = {row["setting"]: row for row in document["settings"]}
    assert "planner.config/1" == document["schema"]
    assert (["spot"], "project file", "planner.toml") == _seen(rows["purchase"])
    assert (4, "user file", str(path)) == _seen(rows["limit"])
    assert (["A100", "T4"], "environment", "PLANNER_GPU") == _seen(rows["gpu"])
    assert ("amp", "built in", None) == _seen(rows["precision"])
    assert (None, "built in", None) == _seen(rows["max_usd"])
    assert ["read", "read"] == [place["state"] for place in document["files"]]


@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_config_in_every_format(run_planner, form):
    """Without a file: what is built in, for all commands."""
    done = run_planner("config", "--format", form)

    assert 0 == done.returncode
    assert "precision" in done.stdout
    assert "not there" in done.stderr


def test_config_checks_the_whole_file(run_planner, project_file):
    """Also tables of commands that do not run now."""
    project_file("[sweep]\nlimt = 3\n")

    assert 0 == run_planner(*RUN).returncode
    assert "sweep.limt is no setting" in run_planner("config").stderr


def test_config_names_variables_that_nobody_reads(run_planner):
    """A misspelt variable does nothing, and this says so."""
    done = run_planner("config", environment={"PLANNER_REGOIN": "eu"})

    assert "PLANNER_REGOIN is read by no command. Did you mean PLANNER_REGION?" in done.stderr


def test_config_of_an_unknown_command(run_planner):
    """A usage error with the closest name."""
    done = run_planner("config", "estimte")

    assert 2 == done.returncode
    assert "Did you mean estimate?" in done.stderr


def _seen(row):
    return row["value"], row["origin"], row["place"]


def test_every_name_of_an_option_is_a_key(run_planner, tmp_path):
    """`max_hours` and `deadline` are one option in a file as elsewhere."""
    question = ("recommend", "--model", "resnet50", "--epochs", "90", "--gpu", "A100", "--as-of", "2026-07-01")
    found = []
    for key in ("deadline", "max_hours"):
        (tmp_path / "planner.toml").write_text(f"[recommend]\n{key} = 20\n")
        found.append(run_planner(*question, cwd=tmp_path).stdout)

    assert found[0] == found[1] == run_planner(*question, "--deadline", "20").stdout


def test_the_users_file_says_what_a_gpus_name_means(run_planner, user_file, tmp_path):
    """A name that stands for several GPUs in every catalogue of a cloud is explained once, not typed each time."""
    folder = a_table(tmp_path / "nebula" / "vms.csv", SKYPILOT, sky_row("box-8xH100", "H100", 8, 20.0))
    user_file('[refresh]\ngpu_variant = ["h100=h100-80gb-sxm"]\n')

    done = run_planner(
        "refresh", "--from", folder, "--observed-on", "2026-11-01", "--data-dir", tmp_path / "data", "--format", "json"
    )

    assert 0 == done.returncode, done.stderr
    assert (1, 0) == tuple(json.loads(done.stdout)["outcomes"][0][key] for key in ("rows", "held_back"))

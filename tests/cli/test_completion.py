"""The tab key: what the real shells make of a half-typed line."""

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time

import pytest

from planner.cli.root import COMMANDS
from tests.conftest import ROOT

ESCAPE = r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])|[\x0e\x0f\x08]"
"""What shells write besides text: colours, movements, titles."""

SETUP = {
    "bash": 'eval "$(_PLANNER_COMPLETE=bash_source planner)"',
    "zsh": 'autoload -U compinit; compinit -u; eval "$(_PLANNER_COMPLETE=zsh_source planner)"',
    "fish": "_PLANNER_COMPLETE=fish_source planner | source",
}
START = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--no-config", "-i"]}
COMMAND = f"""#!/bin/sh
if [ -n "$_PLANNER_COMPLETE" ]; then exec '{sys.executable}' -m planner "$@"; fi
printf 'typed'; printf '|%s' "$@"; echo '|end'
"""
"""Completes like the real command, which it calls; run without the tab key it prints its arguments."""


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, shell, folder, environment):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            START[shell], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=folder, start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no thread runs yet when a test starts its shell
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def type(self, text):
        """Type this, a key at a time for the shell."""
        os.write(self.master, text.encode())

    def read_until(self, text, seconds=120):
        """What appeared, up to the text and a little more."""
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += re.sub(ESCAPE, "", os.read(self.master, 65536).decode(errors="replace"))
        assert text in self.seen, self.seen
        seen, self.seen = self.seen, ""
        return seen

    def close(self):
        """End the shell."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def _take_terminal():
    """Make the terminal on standard input that of the new session; fish refuses to work without one."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture(params=sorted(START))
def terminal(request, tmp_path):
    """A terminal with `planner` on its path and completion set up; skipped where the shell is not installed."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    command = tmp_path / "planner"
    command.write_text(COMMAND)
    command.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TERM": "xterm",
        "PLANNER_VERBOSE": "1", "COLUMNS": "200",
    }  # fmt: skip
    terminal = Terminal(request.param, tmp_path, environment)
    if request.param == "fish":
        terminal.type("set -g fish_autosuggestion_enabled 0\n")
    terminal.type(SETUP[request.param] + "; echo re''ady\n")
    terminal.read_until("ready\r\n")
    yield terminal
    terminal.close()


CASES = (
    ("esti", "mate", "estimate"),
    ("estimate --max-u", "sd", "estimate|--max-usd"),
    ("estimate --model adv_incep", "tion_v3", "estimate|--model|adv_inception_v3"),
    ("estimate --model llama-2-70", "b", "estimate|--model|llama-2-70b"),
    ("estimate --gpu gh2", "00-96gb", "estimate|--gpu|gh200-96gb"),
    ("estimate --gpu gb200:", "4", "estimate|--gpu|gb200:4"),
    ("estimate --gpu=gh2", "00-96gb", "estimate|--gpu=gh200-96gb"),
    ("estimate --provider az", "ure", "estimate|--provider|azure"),
    ("estimate --provider gcp --region me-c", "entral", "estimate|--provider|gcp|--region|me-central"),
    ("estimate --provider vast --region North\\ Car", "olina/US/NA", "--region|North Carolina/US/NA"),
    ("estimate --purchase sp", "ot", "estimate|--purchase|spot"),
    ("estimate --dataset imagenet-1", "k", "estimate|--dataset|imagenet-1k"),
    ("estimate --format mark", "down", "estimate|--format|markdown"),
    ("compare --buy rtx-409", "0", "compare|--buy|rtx-4090"),
    ("prices hist", "ory", "prices|history"),
    ("refresh az", "ure", "refresh|azure"),
    ("gpus gh2", "00-96gb", "gpus|gh200-96gb"),
)
"""What is typed before the tab key, what the shell adds, and the arguments that arrive."""


@pytest.mark.slow
def test_the_tab_key(terminal):
    """A unique beginning becomes the whole word, in each shell, and no error lands in the line."""
    for typed, added, arrived in CASES:
        terminal.type(f"planner {typed}")
        terminal.read_until(typed[-3:])
        terminal.type("\t")
        terminal.read_until(added)
        terminal.type("\n")

        seen = terminal.read_until("|end")

        assert f"{arrived}" in seen.rpartition("typed|")[2]
        assert "rror" not in seen


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("planner ", list(COMMANDS)),
        ("planner gpu", ["gpus"]),
        ("planner estimate --gpu A100:1", ["1", "16"]),
        ("planner estimate --gpu 'A100:1", ["A100:1", "A100:16"]),
        ("planner estimate --gpu=T4", ["t4", "t4g"]),
        ("planner estimate --region 'North C", ["North Carolina/US/NA"]),
        ("planner estimate --region North\\ C", ["North\\ Carolina/US/NA"]),
        ("planner estimate --sort ", ["usd", "hours", "value"]),
        ("planner estimate --gpu nothing-like-it", []),
        ("planner estimate --gpu nothing-like-it:", []),
        ("planner estimate --data-dir /nowhere --region ", []),
        ("planner estimate --epochs many --purchase capa", ["capacity_block"]),
        ("planner estimate --quiet --verbose --basis me", ["measured", "measured_by_you"]),
    ],
)
def test_what_bash_is_told(run_planner, line, offered):
    """One candidate a line; whatever is wrong with the rest of the line, no error."""
    done = _asked(run_planner, line)

    assert sorted(f"plain,{value}" for value in offered) == sorted(filter(None, done.stdout.splitlines()))
    assert (0, "") == (done.returncode, done.stderr)


def test_every_model_is_offered(run_planner):
    """Image models and language models, 1,500 names."""
    offered = _asked(run_planner, "planner estimate --model ").stdout.splitlines()

    assert {"plain,resnet50", "plain,llama-3-8b"} <= set(offered)
    assert 1_500 < len(offered)


def test_a_broken_settings_file_breaks_no_completion(run_planner, tmp_path):
    """It is told when the command runs."""
    (tmp_path / "planner.toml").write_text("[broken")

    assert "plain,spot" == _asked(run_planner, "planner estimate --purchase sp").stdout.strip()


def test_command_names_load_no_command():
    """The first tab key answers out of a table."""
    code = (
        "import sys\nfrom planner.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name in ('planner.estimate', 'planner.cli.estimate', 'pandas')])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "_PLANNER_COMPLETE": "bash_complete", "COMP_TEXT": "planner "}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert "plain,estimate" in done.stdout
    assert "[]" == done.stdout.splitlines()[-1]


@pytest.mark.parametrize("shell", sorted(START))
def test_a_shell_accepts_the_script(run_planner, shell):
    """What is to be evaluated parses."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = run_planner(environment={"_PLANNER_COMPLETE": f"{shell}_source"}).stdout

    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert "planner" in script


def _asked(run_planner, line):
    return run_planner(
        environment={"_PLANNER_COMPLETE": "bash_complete", "COMP_TEXT": line, "COMP_BREAKS": " \t\n\"'><=;|&(:"}
    )

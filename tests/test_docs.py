"""The documentation: every command in it runs, and the README shows what really comes out."""

import re
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.web.conftest import served

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TODAY = "2026-11-20"
"""The day the README's output was made; ages of prices are counted from it."""


def _commands():
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.startswith("$ planner "):
                    yield page.name, line.removeprefix("$ planner ")


@pytest.mark.parametrize(("page", "command"), sorted(set(_commands())))
def test_every_documented_command_runs(run_planner, tmp_path, page, command):
    """Whoever copies a line from the documentation gets an answer."""
    if command.split()[0] == "serve":  # it answers until it is ended
        with served(*shlex.split(command)[1:], home=tmp_path) as server:
            assert 200 == server.get("/").status
        assert 0 == server.process.returncode
        return

    done = run_planner(*shlex.split(command))

    assert 0 == done.returncode, f"{page}: {command}\n{done.stderr}"
    assert done.stdout or "--output" in command


def test_the_readme_shows_real_output(run_planner, request):
    """The first block of the README is what its command prints."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    block = re.search(r"```console\n\$ planner (.*?)\n(.*?)```", text, re.DOTALL)

    done = run_planner(*shlex.split(block[1]), "--as-of", TODAY)

    if request.config.getoption("--update-golden"):
        readme.write_text(
            text.replace(block[0], f"```console\n$ planner {block[1]}\n{done.stdout}```"), encoding="utf-8"
        )
        return
    assert block[2] == done.stdout


def test_ci_runs_the_test_command_of_the_readme():
    """One command for newcomers and for the gate."""
    setup = re.findall(r"```sh\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert all(command in gate for command in setup)


def test_the_python_example_runs(tmp_path):
    """The README's Python block is a working script."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr

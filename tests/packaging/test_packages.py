"""Wheel, source archive and editable install: each holds the data and answers outside the checkout."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PARTS = ("planner", "providers", "data", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the packages are built from, away from the working tree."""
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / part)
    return copy


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_an_installed_package_answers_outside_the_checkout(checkout, tmp_path, kind):
    """The command of the README runs from a folder where there is nothing but the install."""
    target = ["-e", str(checkout)] if kind == "editable" else [str(_built(checkout, tmp_path / "dist", kind))]
    python = _environment(tmp_path / "venv")
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-build-isolation", *target)

    arguments = ("estimate", "--model", "resnet50", "--epochs", "90", "--format", "json")
    answer = _run(python.with_name("planner"), *arguments, cwd=tmp_path)

    assert "planner.estimate/1" == json.loads(answer)["schema"]
    where = _run(python, "-c", "import planner.paths as p; print(p.shipped_data_dir())", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(checkout if kind == "editable" else tmp_path / "venv")


def test_the_data_is_missed_by_name(checkout, tmp_path):
    """Without its tables the package says where it looked."""
    shutil.copytree(checkout / "planner", tmp_path / "planner")

    code = "import planner.paths as p; p.shipped_data_dir()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert f"Looked in {tmp_path / 'planner' / '_data'} and {tmp_path / 'data'}" in done.stderr


def _built(checkout, out, kind):
    _run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", out, checkout)
    return next(out.iterdir())


def _environment(folder):
    """A bare environment that sees the dependencies installed for the tests, but not the project."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def _run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout

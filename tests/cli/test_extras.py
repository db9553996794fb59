"""A plain installation: what needs a library that is not there says which extra brings it."""

import os
import subprocess

import pytest

from tests.conftest import ROOT

_PLAIN = """
import sys
from importlib.machinery import PathFinder

EXTRAS = {"anyio", "boto3", "botocore", "distributed", "fastapi", "google", "ijson", "mcp", "mcp_types", "pyarrow",
          "pydantic", "starlette", "uvicorn", "vl_convert"}

class Plain(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in EXTRAS else super().find_spec(name, path, target)

sys.meta_path[:] = [Plain if finder is PathFinder else finder for finder in sys.meta_path]
"""
RUN = ("--model", "resnet50", "--epochs", "90")


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("estimate", *RUN, "--format", "html"), "report"),
        (("compare", *RUN, "--buy", "rtx-4090", "--jobs-per-month", "4", "--chart", "out.svg"), "report"),
        (("serve", "--port", "0"), "serve"),
        (("mcp",), "mcp"),
        (("sweep", "jobs.csv", "--engine", "dask"), "dask"),
        (("sweep", "jobs.csv", "--output", "out.parquet"), "dask"),
    ],
)
def test_a_plain_installation_says_which_extra_is_wanted(start_planner, tmp_path, command, extra):
    """Usage, not a bug; and nothing is left behind."""
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_PLAIN)
    (tmp_path / "jobs.csv").write_text("model,epochs\nresnet50,90\n")

    done = start_planner(
        *command, environment={"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}, stdin=subprocess.DEVNULL, timeout=300
    )

    assert 2 == done.returncode, done.stderr
    assert f"pip install 'gpu-cost-planner[{extra}]'" in done.stderr
    assert ["jobs.csv", "plain"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_plain_installation_estimates_compares_and_recommends(start_planner, tmp_path):
    """No extra is behind the main questions."""
    (tmp_path / "sitecustomize.py").write_text(_PLAIN)
    plain = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    for command in (
        ("estimate", *RUN),
        ("compare", *RUN, "--buy", "rtx-4090", "--jobs-per-month", "4"),
        ("recommend", *RUN, "--deadline", "48h"),
        ("export", "--to", "terraform", *RUN, "--provider", "aws"),
    ):
        done = start_planner(*command, environment=plain)
        assert 0 == done.returncode, done.stderr

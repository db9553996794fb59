"""The notebooks of the documentation run from top to bottom, and what is stored in them is what comes out."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(notebook, tmp_path, request):
    """Every cell, in a kernel of its own; `--update-golden` stores the new outputs."""
    made = tmp_path / notebook.name
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "run_notebook.py", notebook, "--to", made],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 0 == done.returncode, done.stderr
    if request.config.getoption("--update-golden"):
        notebook.write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
    assert _said(notebook) == _said(made)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_was_run_in_order(notebook):
    """Outputs are stored, none of them an error, and cells were run once, from the top."""
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]

    assert list(range(1, len(cells) + 1)) == [cell["execution_count"] for cell in cells]
    assert all(cell["outputs"] for cell in cells)
    assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])
    assert notebook.stat().st_size < 400_000


def test_there_is_a_notebook():
    """The two tests above are about something."""
    assert NOTEBOOKS


def _said(path):
    """What a notebook says: printed text, and results of the planner. Pictures and frames vary with other packages."""
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                found.append((cell["id"], "".join(output["text"])))
            elif "".join(output["data"].get("text/html", "")).startswith("<div><p><b>"):
                found.append((cell["id"], "".join(output["data"]["text/html"])))
    return found

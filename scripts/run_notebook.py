"""Run a notebook from top to bottom and store what its cells show: python scripts/run_notebook.py NOTEBOOK [--to FILE]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main() -> None:
    """Run it in its own folder, and write it back, or to another file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--to", type=Path, help="write here instead of into the notebook itself")
    options = parser.parse_args()
    notebook: Any = nbformat.read(options.notebook, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(options.notebook.parent)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"{options.notebook}: a cell failed.\n{error}")
    # what depends on the machine and says nothing of the results
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, options.to or options.notebook)


if __name__ == "__main__":
    main()

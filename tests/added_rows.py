"""A copy of the package and its data in which tests add rows to tables, and the command of that copy."""

import contextlib
import csv
import os
import shutil

from tests.builders import a_raw_snapshot
from tests.conftest import ROOT
from tests.forked import Forks

PARTS = ("planner", "providers", "data", ".github")
_FORKS = {}


def a_copy(folder):
    """The package and its tables in that folder, away from the working tree."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("*.pyc.*"))
    return folder


def add_row(copy, table, like=None, **cells):
    """Append a row to a table of the copy: empty but for these cells, or like the row whose first cell is `like`."""
    path = copy / "data" / table
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    heading, given = rows[0], {name: str(value) for name, value in cells.items()}
    row = dict(zip(heading, next((row for row in rows if row[0] == like), [""] * len(heading)), strict=True)) | given
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow([row[name] for name in heading])


def a_book(copy, *offers, provider="testcloud"):
    """A price book of one's own: pairs of a GPU and a price an hour, one GPU an instance; returns its folder."""
    rows = [
        (gpu, "1", f"one-{gpu}", "north", "", "on_demand", str(usd), "16", "64", "", "2026-06-01", "made for a test")
        for gpu, usd in offers
    ]
    a_raw_snapshot(copy / "own", *rows, provider=provider)
    return copy / "own"


@contextlib.contextmanager
def commands_of(copy):
    """Until the block ends, `planner_of` runs the commands of this copy; its tables stay as they are now."""
    home = copy / "home"
    forks = Forks.started({"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(home)}, root=copy)
    _FORKS[copy] = forks
    try:
        yield
    finally:
        del _FORKS[copy]
        forks.close()


def planner_of(copy, *arguments):
    """Run the command of the copy; the finished process."""
    return _FORKS[copy].run(arguments, copy, dict(os.environ))  # the variables of the test's own clean environment

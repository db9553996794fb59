"""A damaged price book of one provider: the answer about the others stands, and says loudly whom it is made without."""

import json
import os

import pytest
from click.testing import CliRunner

import planner
from planner.cli.agent_tools import TOOLS, answer
from planner.cli.root import cli
from planner.errors import SnapshotError
from planner.prices.damaged import damaged_books
from planner.prices.provider_states import provider_states
from planner.prices.states import compare_states, current_state, earlier_state
from planner.units import current_day
from planner.web.lists import providers_document
from tests.builders import a_raw_snapshot, a_row

JOB = {"model": "resnet50", "epochs": 90}
WARNING = "! Without vast: its price book is damaged. See: planner prices verify"


def _altered(path):
    path.write_bytes(path.read_bytes().replace(b"3.5", b"0.5"))


def _sidecar(**changed):
    def damage(path):
        sidecar = path.with_suffix(".json")
        sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | changed))

    return damage


def _instead(text):
    return lambda path: path.with_suffix(".json").write_bytes(text)


def _large(path):
    with path.open("wb") as file:
        file.truncate(2**40)


def _is(suffix, made):
    """The rows or the sidecar is what `made` makes at a path."""

    def damage(path):
        path.with_suffix(suffix).unlink()
        made(path.with_suffix(suffix))

    return damage


def _rows(**changed):
    return lambda path: a_raw_snapshot(path.parents[2], a_row(**changed), provider="vast", stem=path.stem)


DAMAGE = {
    "rows altered": _altered,
    "rows cut off": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "rows gone": lambda path: path.unlink(),
    "rows a folder": lambda path: (path.unlink(), path.mkdir()),
    "sidecar cut off": _instead(b'{"schema": "planner'),
    "sidecar empty": _instead(b""),
    "sidecar a list": _instead(b"[]"),
    "sidecar deep": _instead(b"[" * 200_000),
    "sidecar not UTF-8": _instead(b'{"schema": "\xff"}'),
    "newer schema": _sidecar(schema="planner.snapshot/9"),
    "another provider": _sidecar(provider="aws"),
    "rows without end": _sidecar(rows=float("inf")),
    "rows a long number": _instead(b'{"rows": ' + b"9" * 5000 + b"}"),
    "excludes of nothing": _sidecar(excludes=[{}]),
    "excludes a number": _sidecar(excludes=7),
    "sources of text": _sidecar(sources=["x"]),
    "unpriced of text": _sidecar(unpriced=["x"]),
    "retired on no day": _sidecar(retired=[{"instance_type": "x", "retired_on": "soon"}]),
    "impossible price": _rows(usd_per_hour="5e8"),
    "impossible count": _rows(gpu_count="4000000"),
    "no number of processors": _rows(vcpus="many"),
    "no day": _rows(observed_on="soon"),
    "unknown GPU": _rows(gpu="x1"),
    "rows of a terabyte": _is(".csv", _large),
    "sidecar of a terabyte": _is(".json", _large),
} | (
    {
        "rows a pipe": _is(".csv", os.mkfifo),
        "rows a device": _is(".csv", lambda path: path.symlink_to("/dev/zero")),
        "sidecar a pipe": _is(".json", os.mkfifo),
        "sidecar a device": _is(".json", lambda path: path.symlink_to("/dev/zero")),
    }
    if os.name == "posix"
    else {}
)
"""Ways to damage the book at a path."""


@pytest.fixture
def damaged(tmp_path, request):
    """A data folder whose book of vast is damaged."""
    folder = tmp_path / "data"
    path = a_raw_snapshot(folder, a_row(usd_per_hour="3.5"), provider="vast", stem="2029-01-01")
    DAMAGE[request.param](path)
    return folder


ONE = pytest.mark.parametrize("damaged", ["rows altered"], indirect=True)


@pytest.mark.parametrize("damaged", DAMAGE, indirect=True)
def test_the_answer_about_the_others_stands(damaged):
    """Whatever is wrong with the book, the others are planned with as ever, and it is named with the reason."""
    whole = planner.estimate(**JOB, gpus=["l4"])

    result = planner.estimate(**JOB, gpus=["l4"], data_dir=damaged)

    others = {book.provider for book in whole.prices} - {"vast"}
    assert others == {book.provider for book in result.prices}
    assert [("vast", "2029-01-01")] == [(book.provider, book.stem) for book in result.damaged]
    assert all(one.offer.provider != "vast" for one in result.estimates)
    assert WARNING == result.notes[0]


@pytest.mark.parametrize("damaged", DAMAGE, indirect=True)
def test_a_damaged_book_is_refused_where_it_is_all_there_is(damaged):
    """Asked for that provider alone, or strictly, there is no answer but the reason."""
    for asked in ({"providers": ["vast"]}, {"strict": True}):
        with pytest.raises(SnapshotError, match="vast"):
            planner.estimate(**JOB, gpus=["l4"], data_dir=damaged, **asked)


@pytest.mark.parametrize("damaged", DAMAGE, indirect=True)
def test_changes_of_the_others_are_told(damaged):
    """What is wrong with one book, before or after, takes its provider alone out of the comparison; asked for alone, it is the answer."""
    newest = current_state(damaged)
    before = earlier_state(damaged, newest)

    for old, new in ((before, newest), (newest, newest)):
        compared, left_out = compare_states(old, new, ["vast", "vultr"])

        assert ["vultr"] == [each.provider for each in compared]
        assert ["vast"] == [book.provider for book in left_out]
        with pytest.raises(SnapshotError, match="vast"):
            compare_states(old, new, ["vast"])


@ONE
@pytest.mark.parametrize(
    ("words", "is_answered"),
    [
        (["estimate", "--model", "resnet50", "--epochs", "90"], True),
        (["estimate", "--model", "resnet50", "--epochs", "90", "--all", "--gpu", "l4"], True),
        (["compare", "--buy", "rtx-4090", "--model", "resnet50", "--epochs", "90", "--jobs-per-month", "4"], True),
        (["recommend", "--model", "resnet50", "--epochs", "90"], True),
        (["prices", "list"], True),
        (["prices", "diff", "--provider", "vast", "--provider", "vultr"], True),
        (["prices", "diff", "2029-01-01", "--model", "resnet50", "--epochs", "90"], True),
        (["estimate", "--model", "resnet50", "--epochs", "90", "--strict"], False),
        (["prices", "list", "--strict"], False),
    ],
)
def test_every_command_says_so(damaged, words, is_answered):
    """The warning is on the screen or beside it; strictly, the command refuses."""
    done = CliRunner().invoke(cli, [*words, "--data-dir", str(damaged)])

    assert is_answered == (done.exit_code == 0)
    assert is_answered == (WARNING in done.output)


@ONE
def test_programs_pages_and_agents_are_told(damaged):
    """Documents list the book under `damaged_books`, as a list for the page and for agents too."""
    runner = CliRunner()
    words = ["--model", "resnet50", "--epochs", "90", "--data-dir", str(damaged), "--format", "json"]
    found = [
        json.loads(runner.invoke(cli, ["estimate", *words]).stdout),
        json.loads(runner.invoke(cli, ["compare", *words, "--buy", "rtx-4090", "--jobs-per-month", "4"]).stdout),
        json.loads(providers_document(damaged)),
        answer(TOOLS["estimate"], dict(JOB), damaged)[1],
        answer(TOOLS["prices"], {}, damaged)[1],
    ]

    assert [["vast"]] * len(found) == [[book["provider"] for book in one["damaged_books"]] for one in found]
    assert WARNING in found[0]["answer"]
    assert WARNING in answer(TOOLS["compare"], {**JOB, "buy": ["rtx-4090"], "jobs_per_month": 4}, damaged)[0]
    (state,) = [one for one in provider_states(damaged, current_day()) if one.provider == "vast"]
    assert (None, 0) == (state.snapshot, state.regions)
    assert "altered or damaged" in state.damage


def test_whole_books_are_named_nowhere(tmp_path):
    """Without a damaged book there is no warning."""
    assert () == damaged_books(tmp_path)
    assert () == planner.estimate(**JOB, gpus=["l4"]).damaged


@ONE
def test_a_mended_book_counts_at_once(damaged):
    """Nothing is remembered of the damage once the file is another."""
    assert 1 == len(damaged_books(damaged))

    a_raw_snapshot(damaged, a_row(usd_per_hour="3.5", vcpus="9"), provider="vast", stem="2029-01-01")

    assert () == damaged_books(damaged)

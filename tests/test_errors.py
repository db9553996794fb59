"""Errors: one message for Python, the terminal, the page and agents; and errors that a cluster sends back."""

import ast
import copy
import importlib
import pickle
import pkgutil
from pathlib import Path
from string import Formatter

import click
import pytest

import planner
import providers
from planner.cli.names import spelling_of
from planner.cli.root import COMMANDS, cli
from planner.errors import (
    LimitError,
    Message,
    NoThroughputError,
    PlannerError,
    Sentence,
    UnknownNameError,
    UsageError,
    as_option,
    spelled,
)
from planner.model.left_out import LeftOut
from planner.web.parameters import EstimateQuestion
from planner.web.refusals import refusal_of

WRONG_HOURS = UsageError("{max_hours} must be above 0, not {given:g}.", argument="max_hours", given=-1.5)


def _kinds(root=PlannerError):
    for info in pkgutil.iter_modules(providers.__path__, "providers."):
        importlib.import_module(info.name)
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


def _an_error(kind):
    if issubclass(kind, UnknownNameError):
        return kind("GPU", "A10X", ["A100", "A10"], "planner gpus", argument="gpus")
    if kind.__init__ is PlannerError.__init__:
        return kind("{nodes} must be {least} or more: {{}}.", argument="nodes", least=1)
    return kind("the service said no", 503)  # of HTTP: a text and a status


def _command(name):
    return cli.get_command(click.Context(cli), name)


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_an_error_comes_back_from_a_cluster(kind, protocol):
    """Class, message, spelling, argument and whatever else it carries are as they were sent."""
    sent = _an_error(kind)

    got = pickle.loads(pickle.dumps(sent, protocol))  # noqa: S301 - our own

    assert type(got) is kind
    assert (str(sent), sent.args, sent.exit_code) == (str(got), got.args, got.exit_code)
    assert sent.spelled(as_option) == got.spelled(as_option)
    assert {**vars(sent), "message": ""} == {**vars(got), "message": ""}


def test_http_statuses_are_among_the_errors_sent():
    """The walk over the classes reaches the one whose arguments differ."""
    assert {"HttpStatusError", "MissingSdkError", "UnknownNameError"} <= {kind.__name__ for kind in _kinds()}


def test_each_reader_reads_its_own_names():
    """Python's keyword, a terminal's option, a page's parameter, in one message."""
    error = UsageError("{gpus}, {max_hours} and {has_checkpoints} of {what}.", argument="gpus", what="it")

    assert "gpus, max_hours and has_checkpoints of it." == str(error)
    assert "--gpu, --max-hours and --checkpoints of it." == error.spelled(spelling_of(_command("estimate")))
    assert "gpu, max_hours and checkpoints of it." == refusal_of(error, EstimateQuestion()).message
    assert "gpu" == refusal_of(error, EstimateQuestion()).parameter


def test_values_are_formatted_like_any_text():
    """Formats and quotes of a slot are those of `str.format`."""
    error = UsageError("{deadline} {text!r}, {hours:,.1f} h", argument="deadline", text="a'b", hours=1234.56)

    assert 'deadline "a\'b", 1,234.6 h' == str(error)


@pytest.mark.parametrize(
    "typed", ["{max_hours}", "{", "}", "{}", "{0}", "{a.b}", "{{max_hours}}", "--max-hours", "{typed}"]
)
def test_what_was_typed_is_never_read(typed):
    """Names and braces in a value are text, in every spelling and inside of another message too."""
    error = UsageError("{nodes}: {typed}", argument="nodes", typed=typed)
    around = NoThroughputError("No: {error}", error=error)

    assert f"nodes: {typed}" == str(error)
    assert f"No: --nodes: {typed}" == around.spelled(as_option)
    assert f"Unknown GPU {typed!r}. Known: zz. See: {typed}" == str(UnknownNameError("GPU", typed, ["zz"], typed))


@pytest.mark.parametrize("text", ["a {b} c", "{", "}", "{}", "{0[x]}", "books/{run}/book.csv, line 3"])
def test_a_text_without_values_has_no_slots(text):
    """Messages made of a file's name, say, stay as they are."""
    assert text == str(UsageError(text)) == UsageError(text).spelled(as_option)


def test_messages_within_messages_are_spelled_too():
    """A part made elsewhere, and an error that is passed on, name arguments as the whole does."""
    part = Message("{max_usd} {limit:g}", limit=5)
    error = LimitError("Missed: {part}; {error}", argument="max_usd", part=part, error=WRONG_HOURS)

    assert "Missed: max_usd 5; max_hours must be above 0, not -1.5." == str(error)
    assert "Missed: --max-usd 5; --max-hours must be above 0, not -1.5." == error.spelled(as_option)


def test_a_message_can_be_given_whole():
    """An error takes a message that somebody else has put together."""
    assert "--nodes 2" == LimitError(Message("{nodes} {given}", given=2), argument="nodes").spelled(as_option)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_spells_all_that_it_takes(name):
    """The first spelling of each option is how a message calls its argument."""
    command = _command(name)
    spell = spelling_of(command)

    for param in command.params:
        if isinstance(param, click.Option):
            assert param.opts[0] == spell(param.name)


def test_an_option_of_another_command_gets_dashes():
    """A command that lacks an option names it all the same."""
    assert "--hidden" == spelling_of(_command("gpus"))("hidden")
    assert "--max-price-age" == spelling_of(_command("estimate"))("max_price_age_days")


@pytest.mark.parametrize(
    ("typed", "option", "parameter"),
    [("", "--image-size", "image_size"), ("sequence-length", "--sequence-length", "sequence_length")],
)
def test_of_two_spellings_the_one_that_was_typed_is_said(typed, option, parameter):
    """Pixels of an image and tokens of a text are one argument with two names."""
    name = "sequence_length_or_image_size"
    error = UsageError(f"{{{name}}} is 0.", argument=name)
    question = EstimateQuestion(**({"sequence_length": 0} if typed else {}))

    assert f"{option} is 0." == error.spelled(spelling_of(_command("estimate"), ["estimate", f"--{typed}=0"]))
    assert f"{parameter} is 0." == refusal_of(error, question).message
    assert parameter == refusal_of(error, question).parameter


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("prices prune --data-dir .", "--keep N books of each provider, or --older-than DAYS"),
        ("prices list --data-dir nowhere", "leave out --data-dir."),
        (
            "compare --buy rtx-4090 --model resnet50 --epochs 90 --jobs-per-month 4 --rent-usd-per-hour 3 --gpu V100",
            "With --rent-usd-per-hour name one GPU with --gpu, not v100-16gb, v100-32gb.",
        ),
        (
            "export --to kubernetes --model resnet50 --epochs 90 --provider vast",
            "--row 1 cannot become a file for Kubernetes: vast is not among aws, azure, gcp, oci. No row of this estimate can. "
            "Kubernetes takes aws, azure, gcp, oci, on demand or spot; --all gives every region a row, --region chooses one.",
        ),
        ("estimate --model mine --measured {nodes}=5 --epochs 3", "Unknown GPU '{nodes}'."),
    ],
)
def test_a_terminal_reads_the_options_of_its_command(run_planner, typed, words):
    """Of a command of a group too, and of options that Python calls otherwise; what was typed stays."""
    assert words in run_planner(*typed.split()).stderr


def test_every_slot_of_a_message_is_an_argument_or_filled():
    """What is left open in a template is spelled as an argument: some function must take it."""
    calls, arguments = [], set()
    for file in Path(planner.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments |= {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
            elif isinstance(node, ast.ClassDef) and node.name.endswith("Arguments"):
                arguments |= {one.target.id for one in node.body if isinstance(one, ast.AnnAssign)}
            elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                calls.append((file.name, node))

    open_slots = {
        (name, slot)
        for name, call in calls
        if getattr(call.func, "id", "").endswith(("Error", "Message")) and (call.keywords or call.func.id == "Message")
        for _, slot, _, _ in Formatter().parse(str(call.args[0].value))
        if slot and slot not in {word.arg for word in call.keywords}
    }

    assert ("bill.py", "has_checkpoints") in open_slots
    assert [] == sorted((name, slot) for name, slot in open_slots if slot not in arguments)


def test_a_sentence_of_a_result_is_spelled_where_it_lies():
    """In Python it reads as text; lists, dictionaries and records give it in another spelling, and stay what they are without one."""
    note = Sentence("older; {max_price_age_days} {days} leaves {what} out", days=365, what="{nodes}")
    around = Sentence("{note} ({count} rows)", note=note, count=2)
    entry = LeftOut(reason=around, count=1)

    assert "older; max_price_age_days 365 leaves {nodes} out (2 rows)" == around == entry.reason
    (found,) = spelled([entry], as_option)
    assert LeftOut(reason="older; --max-price-age-days 365 leaves {nodes} out (2 rows)", count=1) == found
    assert {"why": ("older; --max-price-age-days 365 leaves {nodes} out",)} == spelled({"why": (note,)}, as_option)
    assert [around.spelled(as_option) for around in (UsageError("{why}", why=note),)] == [spelled(note, as_option)]
    again = pickle.loads(pickle.dumps(copy.deepcopy(entry)))  # noqa: S301 - made above
    assert spelled(entry, as_option) == spelled(again, as_option)
    plain = LeftOut(reason="other purchase kinds", count=1)
    assert plain is spelled(plain, as_option)

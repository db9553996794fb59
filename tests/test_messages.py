"""Messages of the library name arguments as slots; only the edges know how each reader spells them."""

import ast
import functools
import re
import string

import click
import pytest

import planner.errors
from planner.cli.root import cli
from tests.conftest import ROOT

MAKERS = {
    "Message",
    *(name for name, kind in vars(planner.errors).items() if isinstance(kind, type) and issubclass(kind, Exception)),
}
COMMAND = re.compile(
    r"planner [a-z]+[^.;]*"
)  # a command line in a message is for a terminal, to the end of its sentence
COMPUTED = "computed"  # stands for a slot whose name is not written out
OPTION = re.compile(r"--[a-z-]*")
FILES = [path for path in sorted((ROOT / "planner").rglob("*.py")) if "cli" not in path.relative_to(ROOT).parts]


def _commands(group):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield from _commands(command) if isinstance(command, click.Group) else [command]


@functools.cache
def _arguments():
    """Every name that an option has, as a keyword or as it is typed."""
    options = [param for command in _commands(cli) for param in command.params if isinstance(param, click.Option)]
    typed = (opt.lstrip("-").replace("-", "_") for param in options for opt in (*param.opts, *param.secondary_opts))
    return {str(param.name) for param in options} | set(typed)


def _faults(source):
    """What is wrong with the messages of a module, by line."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MAKERS and call.args:
            for fault in _faults_of(call):
                yield call.lineno, fault


def _faults_of(call):
    parts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if found := OPTION.search(COMMAND.sub("", "".join(parts))):
        yield f"{found[0]} is spelled for a terminal"
    if call.func.id == "UnknownNameError":  # puts its message together itself
        return
    is_template = bool(call.keywords) or call.func.id == "Message"
    template = _template(call.args[0])
    if template is None:
        if is_template and isinstance(call.args[0], ast.JoinedStr | ast.BinOp):
            yield "a template is no f-string: what was typed would be read for slots"
        return
    values = {keyword.arg for keyword in call.keywords} - {"argument"}
    slots = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    if slots and not is_template:
        yield "slots need an argument or a value"
    if strange := slots - values - _arguments() - {COMPUTED}:
        yield f"{sorted(strange)} are neither values nor arguments"
    if unused := values - slots:
        yield f"{sorted(unused)} are not in the text"


def _template(text):
    """The template, if it is one text or an f-string that puts in nothing but the names of slots, as in `{{{name}}}`."""
    if isinstance(text, ast.Constant):
        return text.value
    if not isinstance(text, ast.JoinedStr):
        return None
    whole = "".join(part.value if isinstance(part, ast.Constant) else COMPUTED for part in text.values)
    return whole if whole.count(COMPUTED) == whole.count("{" + COMPUTED + "}") else None


def test_messages_leave_the_spelling_to_the_edge():
    """No option with its dashes in an error, no typed text in a template, no slot that nothing fills."""
    found = {str(path.relative_to(ROOT)): [*_faults(path.read_text(encoding="utf-8"))] for path in FILES}

    assert "planner/errors.py" in found
    assert {} == {name: faults for name, faults in found.items() if faults}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("UsageError('Give --max-hours.')", "--max-hours is spelled"),
        ("raise UsageError(f'{x} needs --model.') from error", "--model is spelled"),
        ("DataError('See: planner estimate --help. Or give --model.')", "--model is spelled"),
        ("UnknownNameError('place', text, known, 'docs, or give --usd-per-kwh')", "--usd-per-kwh is spelled"),
        ("UsageError(f'{text} {{nodes}}', argument='nodes')", "no f-string"),
        ("Message('a' + text)", "no f-string"),
        ("UsageError(f'{{{name}}} must not be {text}.', argument=name)", "no f-string"),
        ("UsageError('{nodes} must be above 0.')", "need an argument"),
        ("UsageError(f'{{{name}}} must be above 0.')", "need an argument"),
        ("UsageError('{node} must be above {low}.', argument='nodes', low=0)", "['node'] are neither"),
        ("Message('{nodes}', given=1)", "['given'] are not in"),
    ],
)
def test_a_message_spelled_for_one_reader_is_found(source, words):
    """Each rule sees what it is there for."""
    assert any(words in fault for _, fault in _faults(source))


@pytest.mark.parametrize(
    "source",
    [
        "UsageError('{nodes} must be {low} to {high:,}, not {given!r}.', argument='nodes', low=1, high=2, given=nodes)",
        "UsageError(f'{path} cannot be read.')",
        "UsageError(f'{{{name}}} must be above {{low}}.', argument=name, low=0)",
        "ProviderError('Bring pages along: planner refresh --from PATH')",
        "UnknownNameError('basis', text, known, 'planner estimate --help')",
        "LimitError(nearest(), argument='max_usd')",
        "note('give --card-usd')",
    ],
)
def test_a_message_for_every_reader_is_left_alone(source):
    """Templates, texts without options, command lines, and what is no error."""
    assert [] == list(_faults(source))

"""Asks the same question at every door: what it says is the figures, or the type of the refusal and its words."""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from urllib.parse import urlencode

import click
from click.testing import CliRunner

import planner
from planner.cli.agent_tools import TOOLS, answer
from planner.cli.names import spelling_of
from planner.cli.root import cli
from planner.errors import PlannerError
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, other_names
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.results import comparison, estimate
from tests.web.asgi import application, ask

PAGE_ROWS = TERMINAL_ROWS = AGENT_ROWS = 15
HOMES = {"estimate": EstimateArguments, "compare": CompareArguments, "recommend": RecommendArguments}
DOCUMENTS = {"estimate": estimate.document, "compare": comparison.document}


@cache
def first_names():
    """The first name of every argument by each way to write it."""
    found = {}
    for home in HOMES.values():
        found |= {spelling: one.name for one in declared(home).values() for spelling in (one.name, *one.spellings)}
        found |= {
            f"no_{spelling}": one.name
            for one in declared(home).values()
            for spelling in one.spellings
            if bool in one.kinds
        }
        found |= other_names(home)
    return {**found, "sequence_length": "sequence_length_or_image_size"}


def plain(message):
    """A message whatever its reader writes: options by their first names, without what a reader may look up."""
    message = re.sub(r"--([a-z][a-z-]*)", lambda found: found[1].replace("-", "_"), message.partition(" See: ")[0])
    return re.sub(r"[a-z_]+", lambda found: first_names().get(found[0], found[0]), message).rstrip(".")


def options_in(text):
    """What is spelled as an option of the terminal in a text, but in a command to type there."""
    return re.findall(r".{0,60}(?<![-\w])--[a-z][a-z-]*", re.sub(r"planner [a-z]+( --[a-z-]+( [^ \"]+)?)+", "", text))


def without_options(text):
    """The JSON document in a text, in which no option of the terminal is spelled."""
    assert [] == options_in(text)
    return json.loads(text)


def text_for_an_agent(verb, options, detail):
    """What an agent reads for an answer, or for a refusal."""
    try:
        return answer(TOOLS[verb], {**options, "detail": detail}, None)[0]
    except PlannerError as error:
        return str(error)


def markdown_of_the_page(verb, options):
    """What the page's address answers with in Markdown."""
    pairs = [
        (name, text) for name, value in options.items() for text in (value if isinstance(value, list) else [value])
    ]
    return _reply(verb, [*pairs, ("format", "markdown")], None).body.decode()


def refused(error, spell=str):
    """A refusal as its type and its words."""
    return type(error).__name__, plain(error.spelled(spell))


def said(function, **options):
    """What a function of Python answers, or how it refuses."""
    try:
        return function(**options)
    except PlannerError as error:
        return refused(error)


def in_python(verb, options):
    """The JSON document of a verb in Python."""
    found = said(getattr(planner, verb), **options)
    return found if isinstance(found, tuple) else without_options(json.dumps(DOCUMENTS[verb](found)))


def at_the_terminal(verb, options):
    """The JSON document of a command, as it is typed."""
    typed = [part for name, value in options.items() for part in _typed(declared(HOMES[verb])[name], value)]
    found = _run([verb, "--format", "json", *typed])
    return found if isinstance(found, tuple) else json.loads(found)


def exported(tool, row, options):
    """The file that `planner export` writes for a row, without the line that quotes the command."""
    typed = [part for name, value in options.items() for part in _typed(declared(EstimateArguments)[name], value)]
    return _run(["export", "--to", tool, "--row", str(row), *typed])


def _run(arguments):
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    if done.exception is None:
        return done.stdout
    if isinstance(done.exception, PlannerError):
        return refused(done.exception, spelling_of(cli.get_command(click.Context(cli), arguments[0])))
    raise done.exception


def _typed(one, value):
    dashed = "--" + _spelling(one, value).replace("_", "-")
    if bool in one.kinds:
        if value is one.default:
            return []
        return [dashed if value else f"--no-{dashed[2:]}"]
    return [part for each in (value if one.is_list else (value,)) for part in (dashed, str(each))]


def _spelling(one, value):
    """One of the ways to write an option: another one for another value."""
    return one.spellings[len(str(value)) % len(one.spellings)]


def on_the_page(verb, options):
    """The JSON document that the page's address answers with."""
    folder = options.get("data_dir")
    pairs = []
    for name, value in options.items():
        one = declared(HOMES[verb])[name]
        if name != "data_dir":
            texts = value if one.is_list else (str(value).lower() if bool in one.kinds else value,)
            pairs += [(_spelling(one, value), text) for text in texts]
    document = without_options(_reply(verb, pairs, folder).body.decode())
    return (document["error"]["type"], plain(document["error"]["message"])) if "error" in document else document


def _reply(verb, pairs, folder):
    # a thread of its own: other tests may have left a running loop in this one
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask(_application(folder), f"/api/{verb}?{urlencode(pairs)}")).result()


@cache
def _application(folder):
    return application(data_dir=folder)


def by_an_agent(verb, options):
    """The JSON document that an agent's tool answers with."""
    arguments = json.loads(
        json.dumps({name: value for name, value in options.items() if name != "data_dir"}, default=str)
    )
    try:
        return without_options(
            json.dumps(answer(TOOLS[verb], {**arguments, "detail": "full"}, options.get("data_dir"))[1])
        )
    except PlannerError as error:
        return refused(error)


def difference(expected, found, where=""):
    """Where two answers first differ, and how; `None` where they are the same to the last bit."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return f"{where}: {list(expected)} != {list(found)}"
        pairs = [(f"{where}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{where}: {len(expected)} entries != {len(found)}"
        pairs = [(f"{where}[{index}]", *pair) for index, pair in enumerate(zip(expected, found, strict=True))]
    elif isinstance(expected, str) and isinstance(found, str):
        # each door names arguments as its readers write them
        return None if plain(expected) == plain(found) else f"{where}: {expected[:400]} != {found[:400]}"
    else:
        return None if expected == found else f"{where}: {str(expected)[:400]} != {str(found)[:400]}"
    return next((one for one in (difference(*pair[1:], pair[0]) for pair in pairs) if one is not None), None)

"""Lines that an agent writes: each becomes a checked message, or is answered under its id with what is wrong."""

import json
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import UsageError
from tests.conftest import ROOT
from tests.examples import examples

HALF = r'"\ud800"'
OPENING = (
    '{"jsonrpc": "2.0", "id": "opening", "method": "initialize", "params": {"protocolVersion": "2025-06-18", '
    '"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}',
    '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
)


@pytest.fixture(scope="module")
def lines():
    """The module: its library takes a sixth of the time to collect all tests."""
    from planner.cli import agent_lines  # noqa: PLC0415

    return agent_lines


def _call(name, arguments, tool="gpus"):
    given = f'{{"name": "{tool}", "arguments": {arguments}}}'
    return f'{{"jsonrpc": "2.0", "id": {name}, "method": "tools/call", "params": {given}}}'


def _ping(name, more=""):
    return f'{{"jsonrpc": "2.0", "id": {name}, "method": "ping"{more}}}'


ANSWERED = {
    "half a character": (_call(1, f'{{"names": [{HALF}]}}'), [1]),
    "half a character as a key": (_call(1, f'{{{HALF}: 1}}'), [1]),
    "half a character as a method": (f'{{"jsonrpc": "2.0", "id": 1, "method": {HALF}}}', [1]),
    "half a character as an id": (_ping(HALF), ["\ud800"]),
    "a number of 5,000 digits": (_call(1, f'{{"names": [{"9" * 5000}]}}'), [1]),
    "arguments 5,000 deep": (_call(1, '{"a": ' * 5000 + "1" + "}" * 5000), [1]),
    "lists 5,000 deep": (_call('"one"', "[" * 5000 + "]" * 5000), ["one"]),
    "lists 100 deep": (_call(1, f'{{"names": {"[" * 100}{"]" * 100}}}'), [1]),
    "brackets in texts": (_ping(1, f', "params": {{"a": "{"[" * 5000}", "b": {"[" * 5000}'), [1]),
    "an id behind the depth": (f'{{"method": "ping", "params": {"[" * 5000}{"]" * 5000}, "id": 1, "jsonrpc": "2.0"}}', [1]),
    "no number": (_call(1, '{"limit": NaN}'), [1]),
    "a huge number": (_call(1, '{"limit": 1e999}'), [1]),
    "a key twice": (_call(1, '{"names": ["T4"], "names": ["L4"]}'), [1]),
    "an id twice": ('{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}', [2]),
    "a broken id": (_ping(1.5), [1.5]),
    "an id of 300 digits": (_ping("9" * 300), [int("9" * 300)]),
    "an id of 5,000 digits": (_ping("9" * 5000), [None]),
    "yes as an id": (_ping("true"), [None]),
    "no id": (_ping("null"), [None]),
    "a list as an id": (_ping("[1]"), [None]),
    "no method": ('{"jsonrpc": "2.0", "id": 1}', [1]),
    "a number as a method": ('{"jsonrpc": "2.0", "id": 1, "method": 5}', [1]),
    "a method that nobody knows": ('{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', [1]),
    "a tool that nobody knows": (_call(1, "{}", tool="nosuch"), [1]),
    "no tool": ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}', [1]),
    "a list of parameters": (_ping(1, ', "params": [1]'), [1]),
    "a list of arguments": (_call(1, "[1]"), [1]),
    "no version": ('{"id": 1, "method": "ping"}', [1]),
    "another version": ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', [1]),
    "many at once": (f"[{_ping(1)}, {_ping(2)}]", [1, 2]),
    "none at once": ("[]", [None]),
    "two with one id": (f"{_call(1, '{}')}\n{_call(1, '{}')}", [1, 1]),
    "a number": ("5", [None]),
    "nothing": ("null", [None]),
    "an object": ("{}", [None]),
    "cut off": ('{"jsonrpc": "2.0", "id": 1, "method": "pi', [1]),
    "a quote too many": (_ping(1, '"'), [1]),
    "no JSON": ("hello", [None]),
    "a byte-order mark": ("\ufeff" + _ping(1), [1]),
    "blank lines": (f"\n  \r\n{_ping(1)}\r\n\n", [1]),
    "a reply": ('{"jsonrpc": "2.0", "id": 1, "result": {}}', []),
    "a notification that is none": ('{"jsonrpc": "2.0", "method": "notifications/initialized", "params": [1]}', []),
    "two MB": (_ping(1, f', "params": {{"a": "{"x" * 2_000_000}"}}'), [1]),
    "an early quote in two MB": (_ping(1, f', "params": "{chr(92)}{chr(34)}' + r"\"" * 1_000_000), [1]),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The answers to each of the lines above, asked in one session whose input ends at once: under its key."""
    end = json.dumps("the end of {}")
    asked = [*OPENING]
    for name, (line, _) in ANSWERED.items():
        asked += [line, _ping(end.format(name))]
    raw = (
        "\n".join(asked).encode() + b"\n" + _ping(7, ', "params": {"a": "').encode() + b'\xff"}}\n' + _ping(8).encode()
    )
    done = subprocess.run(
        [sys.executable, "-m", "planner", "mcp"],
        input=raw,
        capture_output=True,
        check=False,
        timeout=300,
        cwd=tmp_path_factory.mktemp("empty"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (0, b"") == (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_question_of_a_closed_input_is_answered(told):
    """Each under its id, also the last one, which has no line end; what cannot be is an error, and the session goes on."""
    ids = [answer["id"] for answer in told]
    expected = [one for _, names in ANSWERED.values() for one in names]

    assert sorted(map(repr, ids)) == sorted(
        map(repr, [*expected, "opening", 7, 8, *(f"the end of {name}" for name in ANSWERED)])
    )
    assert all(("error" in answer) != ("result" in answer) for answer in told)
    assert all(answer["error"]["message"] for answer in told if "error" in answer)
    assert [] == [answer for answer in told if "the end of" in str(answer["id"]) and {} != answer.get("result")]


def test_what_is_wrong_is_said(lines):
    """In words, with the code of the protocol."""
    said = {}
    for name, (line, _) in ANSWERED.items():
        try:
            lines.message_of(line.encode())
        except lines.RefusedLineError as refusal:
            said[name] = (refusal.code, str(refusal))

    assert (-32602, "A text holds half a character (a lone surrogate).") == said["half a character"]
    assert (-32700, "The line is no message: it is nested too deeply.") == said["arguments 5,000 deep"]
    assert (-32602, "Lists and objects may be 32 deep in one another.") == said["lists 100 deep"]
    assert (-32600, "A message may have 1,048,576 bytes.") == said["two MB"]
    assert (-32600, "id must be a text or a whole number.") == said["yes as an id"]
    assert (-32600, "Lists of messages are not read: one message a line.") == said["many at once"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["2.0", "ping"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "result", "\ud800"]), inner, max_size=5)
    ),
    max_leaves=12,
)
LINES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda document: json.dumps(document).encode()),
    st.tuples(JSON, st.integers(0, 200)).map(lambda pair: json.dumps(pair[0]).encode()[: pair[1]]),
)


@settings(max_examples=examples(300))
@given(line=LINES)
def test_any_line_is_a_message_or_refused(lines, line):
    """Nothing else leaves the boundary; what goes on is what the protocol knows, and can be written again."""
    try:
        message = lines.message_of(line.replace(b"\n", b""))
    except lines.RefusedLineError as refusal:
        said = refusal.ids and json.dumps(refusal.ids)
    else:
        said = message is None or (message.method is not None and message.model_dump_json())

    assert said


@settings(max_examples=examples(60))
@given(
    pieces=st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"b" * 70_000, b"c\nd", b"e" * 1_048_570]), max_size=8),
)
def test_lines_do_not_depend_on_how_they_come(lines, pieces):
    """However the bytes are cut; of a line that is too long there is a byte more than a message may have."""
    read, write = os.pipe()

    def give():
        with os.fdopen(write, "wb", buffering=0) as end:
            for piece in pieces:
                end.write(piece)

    giver = threading.Thread(target=give)
    giver.start()
    found = list(lines.lines_of(read))
    giver.join()
    os.close(read)

    parts = b"".join(pieces).split(b"\n")
    assert [part[: lines.MOST_LINE + 1] for part in (parts if parts[-1] else parts[:-1])] == found


def test_a_line_that_goes_on_and_on_ends_the_session(lines, tmp_path, monkeypatch):
    """Long lines are passed over, but not for ever."""
    monkeypatch.setattr(lines, "LONGEST_LINE", 200_000)
    path = tmp_path / "input"
    path.write_bytes(b"x" * (lines.MOST_LINE + 100_000) + b"\n" + b"y" * (lines.MOST_LINE + 300_000))

    with path.open("rb") as file:
        found = lines.lines_of(file.fileno())
        first = next(found)
        with pytest.raises(UsageError, match="more than 200,000 bytes"):
            next(found)

    assert lines.MOST_LINE + 1 == len(first)

"""Lines of an agent as checked messages of the protocol, and answers as lines: what lies between standard streams and the SDK.

Every request that can be told from its line is answered: what no message can be is refused here, under its id if it has one,
and goes no further. At the end of the input the SDK hears of it when all that was asked is answered.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Self

import anyio
import anyio.to_thread
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from planner.errors import UsageError
from planner.outside.documents import json_of

MOST_LINE = 1024**2
"""Bytes of a question of an agent; a long one has some thousand."""

LONGEST_LINE = 64 * MOST_LINE
"""Bytes without a line end that are passed over; behind them no question is looked for any more."""

DEEPEST = 32
"""Lists and objects in one another; the arguments of a tool have three."""

MOST_WAITING = 1000
"""Questions that wait for their answers; before there are fewer, no further one is read."""

# a string without an end goes on to the last character: nothing is looked at twice
_PART = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


class RefusedLineError(Exception):
    """A line holds no message: under which ids that is answered (`None`: of a message without one), and the error."""

    def __init__(self, ids: list[Any], code: int, text: str) -> None:
        super().__init__(text)
        self.ids = ids
        self.code = code


def message_of(line: bytes) -> JSONRPCRequest | JSONRPCNotification | None:
    """The message in a line; `None` for what needs no answer: a blank line, a reply, a notification that cannot be one.

    Raises:
        RefusedLineError: it is none, or holds what no question does.
    """
    if not line.strip():
        return None
    if len(line) > MOST_LINE:
        raise RefusedLineError([_id_in(line)], INVALID_REQUEST, f"A message may have {MOST_LINE:,} bytes.")
    try:
        document = json_of(line)
    except ValueError as error:
        raise RefusedLineError([_id_in(line)], PARSE_ERROR, f"The line is no message: {error}.") from None
    if isinstance(document, list):
        ids = [_id_of(member) for member in document if isinstance(member, dict) and "id" in member]
        raise RefusedLineError(ids or [None], INVALID_REQUEST, "Lists of messages are not read: one message a line.")
    if not isinstance(document, dict) or "2.0" != document.get("jsonrpc"):
        raise RefusedLineError([_id_of(document)], INVALID_REQUEST, 'A message is an object with "jsonrpc": "2.0".')
    return _message(document)


class Answers:
    """The stream that the SDK sends answers to; each is a line of the output at once.

    `failure` is why no answer can be written any more; `scope` is cancelled then.
    """

    def __init__(self, file: BinaryIO, scope: anyio.CancelScope) -> None:
        self.failure: OSError | None = None
        self._file = file
        self._scope = scope
        self._room = anyio.Semaphore(MOST_WAITING)
        self._one_line = anyio.Lock()

    async def asked(self) -> None:
        """Count a question that is to be answered, once there are few enough."""
        await self._room.acquire()

    async def settled(self) -> None:
        """Count a question less: it is answered, or nobody waits for it any more."""
        self._room.release()

    async def all_given(self) -> None:
        """Wait until no question is open."""
        for _ in range(MOST_WAITING):
            await self._room.acquire()
        for _ in range(MOST_WAITING):  # the SDK may ask once more
            self._room.release()

    async def refuse(self, refusal: RefusedLineError) -> None:
        """Answer for a line that holds no message."""
        for one in refusal.ids:
            error = {"code": refusal.code, "message": str(refusal)}
            await self._write(json.dumps({"jsonrpc": "2.0", "id": one, "error": error}))

    async def send(self, item: SessionMessage) -> None:
        """Write a message of the SDK."""
        await self._write(item.message.model_dump_json(by_alias=True, exclude_unset=True))
        if isinstance(item.message, (JSONRPCResponse, JSONRPCError)):
            await self.settled()

    async def _write(self, text: str) -> None:
        async with self._one_line:
            try:
                await anyio.to_thread.run_sync(self._written, f"{text}\n".encode())
            except OSError as error:  # the SDK would make a log entry of it and go on
                self.failure = error
                self._scope.cancel()
                raise anyio.BrokenResourceError from error

    def _written(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()

    async def aclose(self) -> None:
        """Nothing: the output is not ours to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Questions:
    """The stream that the SDK takes questions from: the messages in the lines of the input."""

    def __init__(self, descriptor: int, answers: Answers) -> None:
        self._lines = lines_of(descriptor)
        self._answers = answers

    async def receive(self) -> SessionMessage | Exception:
        """The next message.

        Raises:
            EndOfStream: the input has ended, and every question is answered.
            UsageError: a line has no end.
        """
        while True:
            # a thread that waits for a line is left behind when nobody takes answers any more
            line = await anyio.to_thread.run_sync(next, self._lines, None, abandon_on_cancel=True)
            if line is None:
                await self._answers.all_given()
                raise anyio.EndOfStream
            try:
                message = message_of(line)
            except RefusedLineError as refusal:
                await self._answers.refuse(refusal)
                continue
            if isinstance(message, JSONRPCRequest):
                await self._answers.asked()
                # of a question that was taken back the SDK says that it needs no answer
                return SessionMessage(message, ServerMessageMetadata(on_request_unanswered=self._answers.settled))
            if message is not None:
                return SessionMessage(message)

    async def aclose(self) -> None:
        """Nothing: the input is not ours to close."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def lines_of(descriptor: int) -> Iterator[bytes]:
    """The lines of a file as they come, without their ends; of a long one the beginning, a byte longer than a message may be.

    Raises:
        UsageError: a line goes on and on.
    """
    held = bytearray()
    passed_over = 0
    # not by way of a buffer: a thread that waits in it would hold its lock when the process ends
    while chunk := os.read(descriptor, 65536):
        pieces = chunk.split(b"\n")
        for behind, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
            kept = piece[: MOST_LINE + 1 - len(held)]
            held += kept
            passed_over += len(piece) - len(kept)
            if passed_over > LONGEST_LINE:
                raise UsageError(f"A line of standard input has more than {LONGEST_LINE:,} bytes: no question has.")
            if behind:
                yield bytes(held)
                held.clear()
                passed_over = 0
    if held:
        yield bytes(held)


def _message(document: dict[str, Any]) -> JSONRPCRequest | JSONRPCNotification | None:
    method, params = document.get("method"), document.get("params")
    if "method" not in document and ("result" in document or "error" in document):
        return None  # nothing was asked of the agent
    is_request = "id" in document
    name = _id_of(document)
    if not isinstance(method, str):
        raise RefusedLineError([name], INVALID_REQUEST, "method must be a text.")
    if is_request and type(name) not in (int, str):
        raise RefusedLineError([name], INVALID_REQUEST, "id must be a text or a whole number.")
    is_object = params is None or isinstance(params, dict)
    problem = _problem(document) if is_object else "params must be an object."
    if problem is not None and is_request:
        raise RefusedLineError([name], INVALID_PARAMS, problem)
    if problem is not None:
        return None
    if is_request:
        return JSONRPCRequest(jsonrpc="2.0", id=name, method=method, params=params)
    return JSONRPCNotification(jsonrpc="2.0", method=method, params=params)


def _problem(document: dict[str, Any]) -> str | None:
    """The reason why nothing behind this boundary may see what the document holds; `None` if it may."""
    left: list[tuple[Any, int]] = [(document, 1)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            return f"Lists and objects may be {DEEPEST} deep in one another."
        if isinstance(value, str) and not _is_whole(value):
            return "A text holds half a character (a lone surrogate)."
        if isinstance(value, dict):
            left += ((member, depth + 1) for pair in value.items() for member in pair)
        elif isinstance(value, list):
            left += ((member, depth + 1) for member in value)
    return None


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id_of(document: Any) -> Any:
    """The id of a message, if it is one that can be repeated; else `None`."""
    found = document.get("id") if isinstance(document, dict) else None
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
    return found if is_number or isinstance(found, str) else None


def _id_in(line: bytes) -> Any:
    """The id in a line that is too deep, too long or no JSON: what stands behind "id" in the outermost object."""
    depth, before, found = 0, ["", ""], None
    for part in _PART.findall(line.decode("utf-8-sig", errors="replace")):
        if 1 == depth and ['"id"', ":"] == before:
            found = part
        depth += (part in "[{") - (part in "]}")
        before = [before[1], part]
    try:
        return None if found is None else _id_of({"id": json_of(found)})
    except ValueError:
        return None

"""Answers to the questions of the web: the documents of the command line, kept as long as the books do not change."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from planner.errors import PlannerError, UnknownNameError
from planner.model.frozen import dataclass
from planner.prices.current import current_snapshots
from planner.units import current_day
from planner.web.parameters import Question, kind_of
from planner.web.refusals import BAD, FAILED, Refusal, error_body, refusal_of
from planner.web.views import FORMATS, MEDIA_TYPES, written

STORE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and the bytes that go with it; `name` is that of the file where it is for keeping."""

    status: int = 200
    body: bytes
    media_type: str = MEDIA_TYPES["json"]
    name: str | None = None


class AnswerStore:
    """Answers by their question, the least recently asked forgotten first, up to so many bytes."""

    def __init__(self, most_bytes: int = STORE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Any, Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any) -> Answer | None:
        """The answer to a question asked before."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def put(self, key: Any, answer: Answer) -> None:
        """Keep an answer."""
        with self._lock:
            if key in self._answers or len(answer.body) > self._most_bytes // 4:
                return
            self._answers[key] = answer
            self._bytes += _size(answer)
            while self._bytes > self._most_bytes:
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(answer: Answer) -> int:
    return len(answer.body) + 2048  # and its question


def identity(question: Question, data_dir: Path | None, form: str) -> tuple[Any, ...]:
    """A key of all that an answer depends on: question, format, newest price books and day.

    Raises:
        PlannerError: the books cannot be read.
    """
    given = question.given()
    books = tuple(current_snapshots(data_dir, as_of=given.get("as_of")))
    return type(question), form, tuple(sorted(given.items())), books, current_day()


def answer(question: Question, data_dir: Path | None, form: str) -> Answer:
    """The answer in one of the formats; a refusal is an answer too."""
    try:
        text = written(question, data_dir, form)
    except (Refusal, PlannerError) as error:
        return refused(error, question)
    kind = kind_of(question).name
    suffix = {"csv": "csv", "html": "html", "markdown": "md"}.get(form)
    return Answer(
        body=text.encode(), media_type=MEDIA_TYPES[form], name=None if suffix is None else f"planner-{kind}.{suffix}"
    )


def refused(error: Refusal | PlannerError, question: Question | None = None) -> Answer:
    """The answer that says why a question is refused."""
    refusal = error if isinstance(error, Refusal) else refusal_of(error, question)
    return Answer(status=refusal.status, body=refusal.body())


def failed() -> Answer:
    """The answer to a request that met a fault of the planner; its trace goes to the log only."""
    return Answer(
        status=FAILED,
        body=error_body("Fault", "This is a fault of the planner. The terminal it was started in shows more."),
    )


def form_of(question: Question) -> str:
    """The name of the format that the question asks for.

    Raises:
        Refusal: there is none of that name.
    """
    form = question.format or "json"
    if form not in FORMATS:
        error = UnknownNameError("format", form, FORMATS, "/api")
        raise Refusal(status=BAD, type="UnknownNameError", message=str(error), parameter="format")
    return form

"""Answers to the questions of the web: the documents of the command line, kept as long as the books do not change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from planner.clock import current_day
from planner.compare import Comparison, compare
from planner.cost.currency import Currency, currency
from planner.errors import PlannerError, UnknownNameError
from planner.estimate import EstimateResult, estimate
from planner.planned_work import LanguageArguments
from planner.prices.catalog import current_snapshots
from planner.render import comparison as comparison_view
from planner.render import estimates as estimates_view
from planner.render.listing import to_json
from planner.throughput.language_models import find_language_model, load_language_models
from planner.throughput.workloads import known_model, load_models
from planner.web.parameters import CompareQuestion, EstimateQuestion, Question
from planner.web.refusals import BAD, FAILED, Refusal, error_body, refusal_of

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "charts": "application/json",
}
FORMATS = ("json", "csv", "markdown", "html")
STORE_BYTES = 32 * 1024 * 1024

_OWN_FIGURES = ("gmacs_per_sample", "params_millions", "activations_millions", "measured")
_LANGUAGE = frozenset(LanguageArguments.__annotations__) - {"sequence_length"}
_ARGUMENTS = {
    "gpu": "gpus",
    "gpu_count": "gpu_counts",
    "provider": "providers",
    "region": "regions",
    "purchase": "purchases",
    "max_price_age": "max_price_age_days",
    "checkpoints": "has_checkpoints",
}
"""Parameters whose keyword in Python is another word: the option is said once for each value."""

_SIZE = {"image_size": "sequence_length_or_image_size", "sequence_length": "sequence_length_or_image_size"}


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
    """What an answer depends on: the question, the newest books and the day.

    Raises:
        PlannerError: the books cannot be read.
    """
    given = question.given()
    books = tuple(current_snapshots(data_dir, as_of=given.get("as_of")))
    return type(question), form, tuple(sorted(given.items())), books, current_day()


def answer(question: Question, data_dir: Path | None, form: str) -> Answer:
    """The answer in one of `FORMATS`, or as chart specifications; a refusal is an answer too."""
    try:
        text = _VIEWS[type(question)](question, data_dir, form)
    except (Refusal, PlannerError) as error:
        return refused(error, question)
    kind = "estimate" if isinstance(question, EstimateQuestion) else "compare"
    suffix = {"csv": "csv", "html": "html", "markdown": "md"}.get(form)
    return Answer(
        body=text.encode(), media_type=MEDIA_TYPES[form], name=None if suffix is None else f"planner-{kind}.{suffix}"
    )


def refused(error: Refusal | PlannerError, question: Question | None = None) -> Answer:
    """A refusal as an answer."""
    refusal = error if isinstance(error, Refusal) else refusal_of(error, question)
    return Answer(status=refusal.status, body=refusal.body())


def failed() -> Answer:
    """What is said of a fault of ours; its trace goes to the log, not to who asks."""
    return Answer(
        status=FAILED,
        body=error_body("Fault", "This is a fault of the planner. The terminal it was started in shows more."),
    )


def form_of(question: Question) -> str:
    """The format asked for.

    Raises:
        Refusal: there is none of that name.
    """
    form = question.format or "json"
    if form not in FORMATS:
        error = UnknownNameError("format", form, FORMATS, "/api")
        raise Refusal(status=BAD, type="UnknownNameError", message=str(error), parameter="format")
    return form


def estimated(question: EstimateQuestion, data_dir: Path | None) -> tuple[EstimateResult, Currency | None]:
    """The estimate that is asked for, and the currency it is shown in."""
    given = question.given()
    given.pop("format", None)
    code = given.pop("currency", None)
    _check_model(given)
    arguments: dict[str, Any] = {{**_ARGUMENTS, **_SIZE}.get(name, name): value for name, value in given.items()}
    if "image_size" in given and "sequence_length" in given:
        raise Refusal(
            status=BAD,
            type="UsageError",
            message="image_size and sequence_length are the same; give one.",
            parameter="image_size",
        )
    money = None if code is None or code.upper() == "USD" else currency(code)
    return estimate(**{**arguments, "limit": question.limit}, data_dir=data_dir), money


def compared(question: CompareQuestion, data_dir: Path | None) -> Comparison:
    """The comparison that is asked for."""
    given = question.given()
    given.pop("format", None)
    _check_model(given)
    arguments: dict[str, Any] = {_ARGUMENTS.get(name, name): value for name, value in given.items()}
    return compare(**arguments, data_dir=data_dir)


def _check_model(given: dict[str, Any]) -> None:
    """Refuse what is no listed model before the planner takes it for a file."""
    name = given.get("model")
    is_own = any(figure in given for figure in _OWN_FIGURES) and not _LANGUAGE & given.keys()
    if name is None or is_own or known_model(name) is not None or find_language_model(name) is not None:
        return
    names = [spelling for model in load_models() for spelling in (model.name, *model.aliases)]
    names += [spelling for shape in load_language_models().values() for spelling in (shape.name, *shape.aliases)]
    raise UnknownNameError("model", name, names, "/api/models")


def _estimate_text(question: EstimateQuestion, data_dir: Path | None, form: str) -> str:
    result, money = estimated(question, data_dir)
    if form == "json":
        return to_json(estimates_view.document(result, money))
    return estimates_view.rendered_estimates(result, form, width=None, currency=money)


def _compare_text(question: CompareQuestion, data_dir: Path | None, form: str) -> str:
    return comparison_view.rendered_comparison(compared(question, data_dir), form)


_VIEWS: dict[type[Question], Callable[[Any, Path | None, str], str]] = {
    EstimateQuestion: _estimate_text,
    CompareQuestion: _compare_text,
}

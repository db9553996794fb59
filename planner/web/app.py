"""The web application: its addresses, and the functions that answer them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from planner.errors import PlannerError
from planner.model.frozen import dataclass
from planner.render.charts.images import chart_engine
from planner.render.charts.vega import vega_script
from planner.render.report.page import web_file
from planner.web import lists
from planner.web.answers import Answer, AnswerStore, answer, failed, form_of, identity, refused
from planner.web.api_page import api_page, document_schema
from planner.web.form import first_question, form_pages
from planner.web.guard import Guard
from planner.web.parameters import KINDS, Kind, Question
from planner.web.refusals import (
    NOT_FOUND,
    TOO_MANY,
    Refusal,
    error_body,
    refusal_of_values,
    repeated,
)
from planner.web.views import VIEW

THREADS = 4
"""Questions worked on at the same time: a long one leaves room for short ones."""

MOST_WAITING = 512
"""Unlike questions that wait for a thread; who asks one more is told to ask again."""

LONGEST_SECONDS = 30.0
"""The slowest questions, language models over many machines and all GPUs, take four; a busy machine needs more."""

ENGINE = "vega.js"
"""The one file that is not there from the start: charts wait for it, answers do not."""

SHARED = ("page.css", "charts.js", "table.js", "theme.js")
"""Files that the report has too."""

_KEPT = {"cache-control": "no-cache"}
_NOT_KEPT = {"cache-control": "no-store"}
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the application.

    Attributes:
        hosts: values that the header Host may have, see `planner.web.guard.host_values`.
        data_dir: folder of the user's own snapshots; `None` is the platform's.
    """

    hosts: frozenset[str]
    data_dir: Path | None = None


def create_app(settings: Settings) -> Guard:
    """The web application, behind the guard that checks every request."""
    desk = Desk(settings.data_dir)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await desk.warm()
        yield
        desk.close()

    app = FastAPI(
        title="GPU cost planner",
        version=version("gpu-cost-planner"),
        description="How long a training run takes, what it costs on every GPU one can rent, and whether to buy a card. "
        "Read-only; parameters are the options of the command line, with underscores.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    _add_api(app, desk, settings.data_dir)
    _add_pages(app)
    app.exception_handler(RequestValidationError)(_wrong_value)
    app.exception_handler(HTTPException)(_not_found)
    app.exception_handler(Exception)(_fault)
    return Guard(app, settings.hosts)


class Desk:
    """Takes questions and hands out answers: at once if they are known, else from one of a few threads."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self._store = AnswerStore()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="planner")
        self._waiting = 0
        self._under_way: dict[Any, asyncio.Future[Answer]] = {}

    async def answer(self, request: Request, question: Question, form: str | None = None) -> Response:
        """The answer to a question, in the format it names or in `form`."""
        try:
            _refuse_repeated(request, question)
            found = await self._found(question, form or form_of(question))
        except (Refusal, PlannerError) as error:
            found = refused(error, question)
        return _response(found, request)

    async def _found(self, question: Question, form: str) -> Answer:
        key = identity(question, self._data_dir, form)
        known = self._store.get(key)
        if known is not None:
            return known
        same = self._under_way.get(key)
        if same is not None:
            return await asyncio.shield(same)  # asked by many at once, worked out once
        if self._waiting >= MOST_WAITING:
            raise Refusal(status=TOO_MANY, type="TooMany", message="Too many questions at once. Ask again in a second.")
        self._waiting += 1
        told = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            found = await self._worked_out(question, form)
        except BaseException as error:
            told.set_exception(
                error
                if isinstance(error, Exception)
                else Refusal(status=TOO_MANY, type="TooBusy", message="The question was given up. Ask again.")
            )
            told.exception()  # there may be nobody else who asks
            raise
        finally:
            self._waiting -= 1
            del self._under_way[key]
        told.set_result(found)
        self._store.put(key, found)
        return found

    async def _worked_out(self, question: Question, form: str) -> Answer:
        work = functools.partial(answer, question, self._data_dir, form)
        try:
            return await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._threads, work), LONGEST_SECONDS
            )
        except TimeoutError:
            raise Refusal(
                status=TOO_MANY,
                type="TooBusy",
                message=f"No answer within {LONGEST_SECONDS:g} seconds: the machine is busy. Ask again, or for fewer GPUs.",
            ) from None

    async def warm(self) -> None:
        """Answer what the page asks first, so that tables are read before anybody waits for them."""
        for kind in (kind for kind in KINDS if kind.name in ("estimate", "compare")):
            with contextlib.suppress(Refusal, PlannerError):  # whoever asks is told
                await self._found(first_question(kind), VIEW)

    def close(self) -> None:
        """Ends the threads; questions that no thread has begun are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _add_api(app: FastAPI, desk: Desk, data_dir: Path | None) -> None:
    for kind in KINDS:
        app.get(
            f"/api/{kind.name}",
            summary=_first_line(kind.question),
            responses=document_schema(f"planner.{kind.name}/1"),
        )(_asking(desk, kind))
        # what the page asks: the same questions, answered as markup and charts
        app.get(f"/view/{kind.name}", include_in_schema=False)(_asking(desk, kind, VIEW))

    @app.get("/api/models", summary="Every model by name.", responses=document_schema("planner.models/1"))
    async def models(request: Request) -> Response:
        return _list(request, lists.models_document)

    @app.get("/api/gpus", summary="Every GPU with its specifications.", responses=document_schema("planner.gpus/1"))
    async def gpus(request: Request) -> Response:
        return _list(request, lists.gpus_document)

    @app.get("/api/providers", summary="Every provider.", responses=document_schema("planner.providers/1"))
    async def providers(request: Request) -> Response:
        return _list(request, functools.partial(lists.providers_document, data_dir))


def _asking(desk: Desk, kind: Kind, form: str | None = None) -> Callable[..., Awaitable[Response]]:
    """The function that answers an address of that kind."""

    async def ask(request: Request, question: Any) -> Response:
        return await desk.answer(request, question, form)

    ask.__name__ = kind.name
    ask.__annotations__["request"] = Request
    ask.__annotations__["question"] = Annotated[kind.question, Query()]
    return ask


def _add_pages(app: FastAPI) -> None:
    assets = _assets()

    pages = form_pages()

    @app.get("/", include_in_schema=False)
    @app.get("/recommend", include_in_schema=False)
    @app.get("/compare", include_in_schema=False)
    @app.get("/fit", include_in_schema=False)
    async def page(request: Request) -> Response:
        return _file(request, pages[request.url.path], _TYPES["html"])

    @app.get("/assets/{name}", include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        if name == ENGINE:
            return _file(request, await asyncio.to_thread(_engine), _TYPES["js"])
        if name not in assets:
            raise HTTPException(NOT_FOUND)
        return _file(request, *assets[name])

    @functools.cache
    def reference() -> bytes:
        return api_page(app.openapi()).encode()

    @app.get("/api", include_in_schema=False)
    async def api(request: Request) -> Response:
        return _file(request, reference(), "text/html")


def _assets() -> dict[str, tuple[bytes, str]]:
    """Bytes and type of every file of the page but `ENGINE`."""
    chart_engine()  # that it is missing is said now, not by a page without charts
    folder = files("planner.web").joinpath("static")
    own = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
    shared = {name: web_file(name).encode() for name in SHARED}
    return {name: (body, _TYPES[name.rpartition(".")[2]]) for name, body in (own | shared).items()}


@functools.cache
def _engine() -> bytes:
    return vega_script().encode()


def _file(request: Request, body: bytes, media_type: str) -> Response:
    tag = f'"{_tag(body)}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**_KEPT, "etag": tag})
    return Response(body, media_type=f"{media_type}; charset=utf-8", headers={**_KEPT, "etag": tag})


@functools.lru_cache(maxsize=64)
def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _list(request: Request, document: Callable[[], bytes]) -> Response:
    if request.query_params:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", next(iter(request.query_params))), "msg": "", "input": ""}]
        )
    try:
        return _response(Answer(body=document()))
    except PlannerError as error:
        return _response(refused(error))


def _response(found: Answer, request: Request | None = None) -> Response:
    headers = dict(_NOT_KEPT)
    # a refusal is an answer of the page like any other: no error in the browser's console while somebody types
    is_view = request is not None and request.url.path.startswith("/view/")
    if found.name is not None:
        # never shown in this page's place: what is in it was written for a file
        headers["content-disposition"] = f'attachment; filename="{found.name}"'
    if found.status == TOO_MANY:
        headers["retry-after"] = "1"
    return Response(found.body, 200 if is_view else found.status, headers, found.media_type)


def _refuse_repeated(request: Request, question: Question) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) == len(set(names)):
        return
    for name in names:
        if names.count(name) > 1 and not isinstance(type(question).model_fields[name].default, list):
            raise repeated(name)


def _first_line(question: type[Question]) -> str:
    return (question.__doc__ or "").splitlines()[0].replace("`", "")


async def _wrong_value(request: Request, error: Any) -> Response:
    known = next((one.question.model_fields for one in KINDS if request.url.path.endswith(f"/{one.name}")), {})
    return _response(refused(refusal_of_values(error.errors(), known)), request)


async def _not_found(request: Request, error: Any) -> Response:
    if error.status_code != NOT_FOUND:
        return _response(Answer(status=error.status_code, body=error_body("Refused", str(error.detail))))
    message = f"There is nothing at {request.url.path[:100]!r}. See: /api"
    return _response(Answer(status=NOT_FOUND, body=error_body("NotFound", message)))


async def _fault(_: Request, __: Exception) -> Response:
    return _response(failed())

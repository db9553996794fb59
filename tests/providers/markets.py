"""Vast, RunPod, Lambda and Vultr on loopback: servers that play the pages made by hand, and providers pointed at them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from providers.lambda_cloud import LambdaProvider
from providers.runpod import RunpodProvider
from providers.vast import VastProvider
from providers.vultr import VultrProvider
from tests.providers.clouds import fixture_json, fixture_page
from tests.providers.replay import Answer, Call, serving

KEY = "planted-key-8e21"
VAST_LIMIT = 6  # replies of the server here are cut as those of the service have been

Answering = Callable[[Call], Answer]


def market_answer(call: Call) -> Answer:
    """The page that a call to any of the four asks for."""
    url = urlsplit(call.path)
    query = parse_qs(url.query)
    if url.path == "/api/v0/bundles/":
        return Answer(body=vast_reply(fixture_json("vast", "bundles.json")["offers"], json.loads(query["q"][0])))
    if url.path == "/v2/plans":
        number = {None: 1, "bmV4dF9fMg==": 2}[query.get("cursor", [None])[0]]
        return Answer(body=fixture_page("vultr", f"plans_p{number}.json"))
    where = {
        "/graphql": ("runpod", "gpu_types.json"),
        "/api/v1/instance-types": ("lambda", "instance_types.json"),
        "/api/v1/images": ("lambda", "images.json"),
        "/v2/plans-metal": ("vultr", "plans_metal.json"),
    }
    return Answer(body=fixture_page(*where[url.path])) if url.path in where else Answer(status=404)


def vast_reply(bundles: list[dict], query: dict, limit: int = VAST_LIMIT) -> bytes:
    """The cheapest bundles from the floor of the query on, as many as one reply takes."""
    floor = query.get("dph_total", {"gte": 0})["gte"]
    found = sorted((row for row in bundles if row["dph_total"] >= floor), key=lambda row: row["dph_total"])
    return json.dumps({"offers": found[:limit]}).encode()


@contextmanager
def vast_on(answer: Answering = market_answer, *, environ: dict[str, str] | None = None) -> Iterator[tuple]:
    """Vast's adapter on a server with `answer`, with the server and the list of waits; the others alike."""
    waits: list[float] = []
    with serving(answer) as server:
        yield (
            VastProvider(environ=environ or {}, address=f"{server.url}/api/v0/bundles/", sleep=waits.append),
            server,
            waits,
        )


@contextmanager
def runpod_on(answer: Answering = market_answer) -> Iterator[tuple]:
    waits: list[float] = []
    with serving(answer) as server:
        yield RunpodProvider(address=f"{server.url}/graphql", sleep=waits.append), server, waits


@contextmanager
def lambda_on(answer: Answering = market_answer, *, environ: dict[str, str] | None = None) -> Iterator[tuple]:
    waits: list[float] = []
    environ = {"LAMBDA_API_KEY": KEY} if environ is None else environ
    with serving(answer) as server:
        yield LambdaProvider(environ=environ, address=f"{server.url}/api/v1", sleep=waits.append), server, waits


@contextmanager
def vultr_on(answer: Answering = market_answer) -> Iterator[tuple]:
    waits: list[float] = []
    with serving(answer) as server:
        yield VultrProvider(address=f"{server.url}/v2", sleep=waits.append), server, waits


ON = {"vast": vast_on, "runpod": runpod_on, "lambda": lambda_on, "vultr": vultr_on}

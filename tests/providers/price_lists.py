"""Clouds with one price list each on loopback: servers that play the pages made by hand, and providers pointed at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from providers.digitalocean import DigitalOceanProvider
from providers.hyperstack import HyperstackProvider
from providers.oci import OciProvider
from providers.verda import VerdaProvider
from tests.providers.clouds import fixture_page
from tests.providers.replay import Answer, Call, serving

KEY = "planted-key-5f0c"

Answering = Callable[[Call], Answer]


def list_answer(call: Call) -> Answer:
    """The page that a call to any of the four asks for."""
    url = urlsplit(call.path)
    if url.path == "/v2/sizes":
        number = parse_qs(url.query).get("page", ["1"])[0]
        return Answer(body=fixture_page("digitalocean", f"sizes_p{number}.json"))
    where = {
        "/oci/products/": ("oci", "products.json"),
        "/oci/shapes.json": ("oci", "shapes.json"),
        "/v1/instance-types": ("verda", "instance_types.json"),
        "/v1/pricebook": ("hyperstack", "pricebook.json"),
        "/v1/core/flavors": ("hyperstack", "flavors.json"),
    }
    return Answer(body=fixture_page(*where[url.path])) if url.path in where else Answer(status=404)


@contextmanager
def oci_on(answer: Answering = list_answer) -> Iterator[tuple]:
    """Oracle's adapter on a server with `answer`, with the server and the list of waits; the others alike."""
    waits: list[float] = []
    with serving(answer) as server:
        yield (
            OciProvider(
                prices_address=f"{server.url}/oci/products/?currencyCode=USD",
                shapes_address=f"{server.url}/oci/shapes.json",
                sleep=waits.append,
            ),
            server,
            waits,
        )


@contextmanager
def verda_on(answer: Answering = list_answer) -> Iterator[tuple]:
    waits: list[float] = []
    with serving(answer) as server:
        yield VerdaProvider(address=f"{server.url}/v1/instance-types", sleep=waits.append), server, waits


@contextmanager
def hyperstack_on(answer: Answering = list_answer, *, environ: dict[str, str] | None = None) -> Iterator[tuple]:
    waits: list[float] = []
    environ = {"HYPERSTACK_API_KEY": KEY} if environ is None else environ
    with serving(answer) as server:
        yield HyperstackProvider(environ=environ, address=f"{server.url}/v1", sleep=waits.append), server, waits


@contextmanager
def digitalocean_on(answer: Answering = list_answer, *, environ: dict[str, str] | None = None) -> Iterator[tuple]:
    waits: list[float] = []
    environ = {"DIGITALOCEAN_TOKEN": KEY} if environ is None else environ
    with serving(answer) as server:
        yield DigitalOceanProvider(environ=environ, address=f"{server.url}/v2/sizes", sleep=waits.append), server, waits


ON = {"oci": oci_on, "verda": verda_on, "hyperstack": hyperstack_on, "digitalocean": digitalocean_on}


def instead(part: str, reply: Answer) -> Answering:
    """The pages made by hand, but `reply` where the path holds `part`."""
    return lambda call: reply if part in call.path else list_answer(call)

"""AWS's public price files in JSON, hundreds of megabytes each, read as a stream with ijson (part of the extra `aws`).

An offer file holds all products, then all on-demand terms, then all reserved ones. Each part is parsed once, by itself:
the places where they begin are found by their keys, which as bytes occur nowhere else, since quotes in text are escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from planner.errors import ProviderError
from planner.outside.documents import MOST_DIGITS
from providers.aws_bulk import concerns_gpus, publication_date, reading
from providers.aws_rows import PriceRow, product_rows
from providers.sdk import load_sdk

_CHUNK_BYTES = 1024 * 1024
_KEYS = tuple(re.compile(rb'"%s"\s*:\s*\{' % name) for name in (b"products", b"OnDemand", b"Reserved"))
_LONGEST_KEY = 256  # bytes, with any space in it
_DEEPEST, _BLOCK_BYTES = 256, 1024
_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")


def json_rows(path: Path, source: str) -> Iterator[PriceRow]:
    """Rows of Linux instances that may have a GPU, from an offer file in JSON (gzip or not).

    Raises:
        ProviderError: the file is damaged, cut off or holds no products; or ijson is not installed.
    """
    products, *terms = _parts(path)
    kept = {
        sku: product for sku, product in _streamed(path, "kvitems", "products", products) if _is_gpu_product(product)
    }
    unpriced = set(kept)
    for kind, part in zip(("OnDemand", "Reserved"), terms, strict=False):
        for sku, content in _streamed(path, "kvitems", f"terms.{kind}", part):
            if sku in kept:
                rows = product_rows({"product": kept[sku], "terms": {kind: content}}, source)
                yield from (row for row in rows if row.term)
                if kind == "OnDemand":
                    unpriced.discard(sku)
    for sku in sorted(unpriced):
        yield from product_rows({"product": kept[sku]}, source)


def savings_plan_rates(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Term (`1yr` or `3yr`) and rate of every Compute Savings Plan without upfront payment, GPU types alone.

    Raises:
        ProviderError: the file is damaged or cut off; or ijson is not installed.
    """
    terms = {
        str(plan.get("sku")): str(_mapping(plan.get("attributes")).get("purchaseTerm"))
        for plan in _streamed(path, "items", "products.item")
        if isinstance(plan, dict)
        and plan.get("productFamily") == "ComputeSavingsPlans"
        and _mapping(plan.get("attributes")).get("purchaseOption") == "No Upfront"
    }
    has_rates = False
    for rate in _streamed(path, "items", "terms.savingsPlan.item.rates.item"):
        has_rates = True
        if not isinstance(rate, dict):
            continue
        # the code of a rate begins with the sku of its plan
        term = terms.get(str(rate.get("rateCode")).partition(".")[0])
        usage = str(rate.get("discountedUsageType")).rpartition(":")[2]
        if term is not None and concerns_gpus(usage, ""):
            yield term, rate
    if not has_rates:
        raise ProviderError(f"{path.name} holds no rates: not an AWS savings plan file.")


def cut_savings_plans(path: Path) -> bytes | None:
    """A region's file of savings plans, cut down to the entries that `savings_plan_rates` reads.

    `None` if none of its rates concerns GPUs.
    """
    plans: dict[str, str] = {}
    rates = []
    for term, rate in savings_plan_rates(path):
        plans[str(rate["rateCode"]).partition(".")[0]] = term
        rates.append(rate)
    if not rates:
        return None
    products = [
        {
            "sku": sku,
            "productFamily": "ComputeSavingsPlans",
            "attributes": {"purchaseTerm": term, "purchaseOption": "No Upfront"},
        }
        for sku, term in sorted(plans.items())
    ]
    cut = {
        "publicationDate": publication_date(path),
        "products": products,
        "terms": {"savingsPlan": [{"rates": rates}]},
    }
    return json.dumps(cut).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A range of a file's bytes that is a JSON document once `opening` and `closing` are put around it; no `end`: to the last."""

    opening: bytes
    begin: int = 0
    end: int | None = None
    closing: bytes = b""


_WHOLE = _Part(opening=b"")


def _parts(path: Path) -> list[_Part]:
    """The parts of a file that hold products, on-demand terms and, where there are any, reserved terms.

    The text up to the next key is `"products": {...}, "terms": {` or `"OnDemand": {...},`, that up to the end of the
    file `"Reserved": {...}}}`.
    """
    begins: list[int] = []
    with reading(path) as file:
        place, text = 0, b""
        while len(begins) < len(_KEYS) and (chunk := file.read(_CHUNK_BYTES)):
            text += chunk
            while len(begins) < len(_KEYS) and (found := _KEYS[len(begins)].search(text)):
                begins.append(place + found.start())
                place, text = place + found.end(), text[found.end() :]
            done = max(0, len(text) - _LONGEST_KEY)
            place, text = place + done, text[done:]
    if len(begins) < 2:
        raise ProviderError(f"{path.name} holds no products with prices: cut off, or no AWS offer file in JSON.")
    openings = (b"{", b'{"terms":{', b'{"terms":{')
    return [
        _Part(opening=opening, begin=begin, end=end, closing=b"" if end is None else b'"":0}}')
        for opening, begin, end in zip(openings, begins, [*begins[1:], None], strict=False)
    ]


def _streamed(path: Path, kind: str, prefix: str, part: _Part = _WHOLE) -> Iterator[Any]:
    ijson = load_sdk("ijson", extra="aws")
    parse: Callable[..., Iterator[Any]] = getattr(ijson, kind)
    with reading(path) as file:
        try:
            yield from parse(_Reader(_harmless(_chunks(file, part), path.name)), prefix, buf_size=_CHUNK_BYTES)
        except (ijson.JSONError, ArithmeticError, ValueError) as error:
            raise ProviderError(f"{path.name} is cut off or not JSON: {error}.") from error


def _chunks(file: IO[bytes], part: _Part) -> Iterator[bytes]:
    if part.opening:
        yield part.opening
    file.seek(part.begin)
    left = None if part.end is None else part.end - part.begin
    while chunk := file.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)):
        yield chunk
        left = None if left is None else left - len(chunk)
    if part.closing:
        yield part.closing


def _harmless(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The chunks up to the first that the parser cannot bear.

    Numbers of more than 4,300 digits crash the interpreter in ijson's C backend (3.6.0), and nested lists take it the square of
    their depth in time and memory. Brackets in texts count too: in prices they come in pairs.
    """
    before, depth = b"", 0
    for chunk in chunks:
        if b"0" * (MOST_DIGITS + 1) in (before + chunk).translate(_AS_ZERO):
            raise ProviderError(
                f"{name} is not the JSON of prices: it holds a number of more than {MOST_DIGITS} digits."
            )
        before = (before + chunk)[-MOST_DIGITS:]
        for start in range(0, len(chunk), _BLOCK_BYTES):
            block = chunk[start : start + _BLOCK_BYTES]
            depth += block.count(b"[") + block.count(b"{") - block.count(b"]") - block.count(b"}")
            if depth > _DEEPEST:
                raise ProviderError(f"{name} is not the JSON of prices: it is nested more than {_DEEPEST} deep.")
        yield chunk


class _Reader:
    """Chunks of bytes as a file that a parser reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int) -> bytes:
        """The next chunk, whatever its size; nothing at the end, or if nothing is asked for."""
        return next(self._chunks, b"") if size else b""


def _is_gpu_product(product: object) -> bool:
    attributes = _mapping(_mapping(product).get("attributes"))
    return (
        attributes.get("operatingSystem") == "Linux"
        and attributes.get("tenancy") == "Shared"
        and concerns_gpus(str(attributes.get("instanceType")), str(attributes.get("gpu")))
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

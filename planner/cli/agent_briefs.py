"""What an agent is told unless it asks for all: a document with the answer and the rows it speaks of, without bills and notes.

An agent pays for every character of an answer. These documents have their own `schema`; their keys are those of the whole
document, their amounts are rounded to five digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from planner.units import Row

MORE = "detail full: every item, source and note"
MOST_BYTES = 8000
"""Bytes of text and document together, unless an agent asks for more."""
LEAST_TEXT = 2000
"""So many bytes the text keeps, from its beginning, before the document is cut."""
FEW = 5
"""Rows of the ranking where none may be picked."""

_ESTIMATE = (
    "rank", "provider", "region", "instance_type", "gpu", "gpu_count", "node_count", "purchase", "market", "usd",
    "usd_low", "usd_high", "seconds", "seconds_low", "seconds_high", "usd_per_hour", "price_observed_on", "price_source", "currency", "amount",
    "amount_low", "amount_high",
)  # fmt: skip
_MISS = ("provider", "instance_type", "gpu", "gpu_count", "node_count", "purchase", "usd", "seconds", "why")
_WORK = ("model", "dataset", "sample_unit", "epochs", "samples", "tokens", "method", "precision", "batch_size")
_OWN = ("label", "usd_upfront", "usd_per_month", "usd_per_job", "usd_resale", "usd_total", "seconds", "kwh_total")
_RENT = ("label", "usd_per_hour", "price_observed_on", "usd_per_job", "usd_per_month", "usd_total", "seconds")
_WAY = ("way", "market", "name", "price_observed_on", "usd_per_month", "usd_total", "break_even_utilisation")
_GPU = (
    "name", "memory_gib", "memory_bandwidth_gb_per_s", "fp32_tflops", "fp16_tensor_tflops", "fp8_tensor_tflops",
    "tdp_watts", "launch_price_usd", "release_date", "source", "as_of",
)  # fmt: skip
_OFFER = (
    "provider", "instance_type", "region", "zone", "gpu", "gpu_count", "purchase", "usd_per_hour", "usd_per_gpu_hour",
    "observed_on", "age_days", "source",
)  # fmt: skip
_BOOK = ("provider", "observed_on", "age_days", "age_days_median", "age_days_oldest")
_FIT = (
    "gpu", "gpu_count", "fits", "total_gib", "least_gib", "usable_gib", "host_gib", "largest_batch", "tokens_per_second",
    "layout", "change", "reason",
)  # fmt: skip


def brief_estimate(document: Row, *, rows: int | None) -> Row:
    """The sentences, the picks and what was not picked; of the ranking the first `rows`, a few where there are no picks."""
    picks = [_pick(pick) for pick in document.get("picks", [])]
    shown = rows if rows is not None else (0 if picks else FEW)
    ranking: Row = {"estimates": [_row(one) for one in document["estimates"][:shown]]} if shown else {}
    return {
        **_start(document),
        "answer": document.get("answer", []),
        "picks": picks,
        "machines": document.get("machines"),
        "not_picked": document.get("not_picked", []),
        **({"over_limit": _rounded(document["over_limit"])} if document.get("over_limit") else {}),
        **ranking,
        **({"left_out": document["left_out"]} if shown else {}),
        "assumptions": document["assumptions"],
        "more": MORE,
    }


def brief_recommendation(document: Row) -> Row:
    """The sentences, what is recommended, and what nearly won with the reason."""
    return {
        **_start(document),
        "sentences": document["sentences"],
        "estimates": [_row(one) for one in document["estimates"]],
        "near_misses": [_of(one, _MISS) for one in document["near_misses"]],
        "assumptions": document["assumptions"],
        "more": MORE,
    }


def brief_comparison(document: Row) -> Row:
    """The verdict, both bills, every way to pay and what alone would turn the verdict."""
    own = document["own"]
    turns = [one for one in document["sensitivity"] if one["flips_at"] is not None]
    return {
        **_start(document),
        "verdict": document["verdict"],
        "rent": {**_of(document["rent"], _RENT), **_basis(document["rent"])},
        "own": {**_of(own, _OWN), **_basis(own), "items": [_of(item, ("name", "usd")) for item in own["items"]]},
        "margin_usd": _rounded(document["margin_usd"]),
        "break_even": _rounded(document["break_even"]),
        "odds": _of(document["odds"], ("probability_buying_wins", "margin_p10_usd", "margin_p90_usd")),
        "alternatives": [_of(one, _WAY) for one in document["alternatives"]],
        "sensitivity": [_of(one, ("name", "unit", "base", "flips_at")) for one in turns],
        "assumptions": document["assumptions"],
        "more": MORE,
    }


def brief_gpus(document: Row) -> Row:
    """The figures that people compare, with their source."""
    return {
        "schema": _schema(document),
        "gpus": [_of(gpu, _GPU) for gpu in document["gpus"]],
        "not_shown": document["not_shown"],
        "more": MORE,
    }


def brief_prices(document: Row) -> Row:
    """The offers with age and source; of each price book its day and the ages of its prices."""
    return {
        "schema": _schema(document),
        "offers": [_of(offer, _OFFER) for offer in document["offers"]],
        "prices": [_of(book, _BOOK) for book in document["prices"]],
        "left_out": document["left_out"],
        **_damaged(document),
        "more": MORE,
    }


def brief_fits(document: Row) -> Row:
    """Whether it fits, in how much memory and how; the parts are in the whole document."""
    return {
        **document,
        "schema": _schema(document),
        "fits": [_of(fit, _FIT) for fit in document["fits"]],
        "more": MORE,
    }


def within_bytes(text: str, document: Row) -> tuple[str, Row]:
    """Text and document below `MOST_BYTES`: first the text loses lines from its end, then lists lose their last entries.

    `left_off` of the document says how many entries of which list are not there, the last line of the text how many lines.
    """
    over = len(text.encode()) + _json_bytes(document) - MOST_BYTES
    if over < 0:
        return text, document
    over += _ROOM
    lines = text.split("\n")
    count = len(lines)
    while over > 0 and len("\n".join(lines).encode()) > LEAST_TEXT:
        over -= len(lines.pop().encode()) + 1
    lists = {key: list(value) for key, value in document.items() if isinstance(value, list) and key not in _KEPT}
    left_off: dict[str, int] = {}
    while over > 0 and any(lists.values()):
        longest = "assumptions" if lists.get("assumptions") else max(lists, key=lambda key: _json_bytes(lists[key]))
        over -= _json_bytes(lists[longest].pop())
        left_off[longest] = left_off.get(longest, 0) + 1
    if len(lines) < count:
        lines.append(f"... {count - len(lines)} more lines: detail full")
    if left_off:
        document = {**document, **{key: lists[key] for key in left_off}, "left_off": left_off}
    return "\n".join(lines), document


_KEPT = ("answer", "sentences", "picks")
"""Lists that are the answer itself."""
_ROOM = 150
"""Bytes for what is said of the cut."""


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def brief_schema(schema: str) -> str:
    """The name of the brief form of a document: `planner.estimate.brief/1`."""
    name, _, version = schema.partition("/")
    return f"{name}.brief/{version}"


def _start(document: Row) -> Row:
    work = document["workload"]
    return {
        "schema": _schema(document),
        **({} if work is None else {"workload": {key: value for key, value in _of(work, _WORK).items() if value}}),
        "as_of": document["as_of"],
        **({"currency": document["currency"]} if "currency" in document else {}),
        **_damaged(document),
    }


def _damaged(document: Row) -> Row:
    """The books that the answer is made without; nothing where all are whole."""
    return {"damaged_books": document["damaged_books"]} if document["damaged_books"] else {}


def _schema(document: Row) -> str:
    return brief_schema(document["schema"])


def _pick(pick: Row) -> Row:
    """A pick with its row; what only some have is left out of the others."""
    estimate = {key: value for key, value in _row(pick["estimate"]).items() if key not in ("rank", "market")}
    about = {
        key: pick[key]
        for key in ("number", "market", "pick", "mark", "other_regions", "usd_per_hour_elsewhere")
        if pick[key]
    }
    return {**about, **estimate}


def _row(estimate: Row) -> Row:
    return {**_of(estimate, _ESTIMATE), **_basis(estimate)}


def _basis(record: Row) -> Row:
    throughput = record.get("throughput")
    return {} if throughput is None else {"basis": throughput["basis"]}


def _of(record: Mapping[str, Any], keys: Iterable[str]) -> Row:
    """These keys of a record, as far as it has them."""
    return {key: _rounded(record[key]) for key in keys if key in record}


def _rounded(value: Any) -> Any:
    """The value with every fraction to five digits; whole numbers stay."""
    if isinstance(value, float):
        return value if value.is_integer() else float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value

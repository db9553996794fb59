"""The questions an agent may ask: the options of the commands as typed arguments, the answers as their JSON documents, in brief or in full.

Arguments are those of the Python functions, made from the declarations of the options. What names a file is left out: an agent's arguments may come from anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, cast

from planner.answers.compare import compare
from planner.answers.estimate import estimate
from planner.answers.fit import fits
from planner.answers.recommend import recommend
from planner.cli.agent_briefs import (
    brief_comparison,
    brief_estimate,
    brief_fits,
    brief_gpus,
    brief_prices,
    brief_recommendation,
    brief_schema,
    within_bytes,
)
from planner.cost.currency import taken_currency
from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import load_gpus
from planner.hardware.processors import choose_devices, is_processor, load_processors
from planner.model.frozen import dataclass
from planner.options.arguments import EstimateArguments, ListArguments, ShownArguments
from planner.options.declared import Declared, declared, filled, other_names
from planner.options.fit_arguments import FitArguments
from planner.options.language import language_arguments
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.prices.offers import by_price, select
from planner.render import comparison as comparison_page
from planner.render import estimates as estimates_page
from planner.render import recommendation as recommendation_page
from planner.render.ages import books_text
from planner.render.fit import fit_notes, fits_listing
from planner.render.listing import Listing, one_line, rendered
from planner.render.lookups import gpus_listing, offers_listing
from planner.render.processors import processors_listing
from planner.render.screen import answer_lines
from planner.render.screen_table import WIDE
from planner.results import comparison as comparison_results
from planner.results import estimate as estimate_results
from planner.results import recommendation as recommendation_results
from planner.results.answer import damaged_text
from planner.results.prices import book_record, damaged_record
from planner.units import Row, current_day
from planner.work.by_name import refuse_files

MAX_ROWS = 100
MAX_ITEMS = 50
MAX_TEXT = 200
"""Limits of one request: rows of an answer, values of a list, characters of a text."""

DEFAULT_ROWS = {"estimate": 15, "recommend": 3, "fit": 10, "gpus": 10, "prices": 12}

DETAILS = ("brief", "full")
_DETAIL: Row = {
    "type": "string", "enum": list(DETAILS), "default": DETAILS[0],
    "description": "brief: the answer and the rows it speaks of, in a few thousand characters. full: the whole JSON document "
    "of the command, with every item, source, assumption and note.",
}  # fmt: skip

_OTHER_HELP = {
    "model": "Name of the model to train: resnet50, bert-base-squad, llama-3-8b. With own figures, any name."
}
"""Help for what an agent may give differently than a person: names, never files."""

_OF_SCREENS = ("limit", "every_offer")
"""Arguments that shape what a terminal shows; agents have a limit of their own."""

_JSON_KINDS = {str: "string", float: "number", int: "integer", bool: "boolean", date: "string"}

Answer = tuple[str, Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool:
    """A tool: what it is called, what it takes, and the function that answers with a text and a JSON document."""

    name: str
    title: str
    description: str
    schema: str  # of the document in full
    keys: tuple[str, ...]  # of both documents, besides `schema`
    home: type | None  # the declaration of what it takes; None: nothing declared
    call: Callable[[dict[str, Any], Path | None], Answer]
    is_in_money: bool = False  # amounts may be asked for in another currency

    def arguments(self) -> Mapping[str, Declared]:
        """Arguments that an agent may give, by their names in Python: none that names a file."""
        known = (
            {}
            if self.home is None
            else {**declared(self.home), **(declared(ShownArguments) if self.is_in_money else {})}
        )
        return {name: one for name, one in known.items() if not one.option.is_file and name not in _OF_SCREENS}

    def input_schema(self) -> Row:
        """JSON Schema of the arguments."""
        properties: Row = {name: _property(one) for name, one in self.arguments().items() if one.option.is_typed}
        if self.name == "gpus":
            properties["names"] = {
                **_LIST_OF_TEXTS,
                "description": "GPUs, in any spelling: A100, 'RTX 4090', h100-80gb-sxm. Default: all.",
            }
        if self.name in DEFAULT_ROWS:
            properties["limit"] = {
                "type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": DEFAULT_ROWS[self.name],
                "description": "Rows of the answer.",
            }  # fmt: skip
        if self.name == "estimate":  # its brief answer has picks instead
            del properties["limit"]["default"]
            properties["limit"]["description"] = (
                f"Rows of the ranking. Default: the picks alone; with detail full {DEFAULT_ROWS[self.name]}."
            )
        properties["detail"] = _DETAIL
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def output_schema(self) -> Row:
        """JSON Schema of the document: its version and the keys that are always there."""
        keys: Row = {"schema": {"enum": [brief_schema(self.schema), self.schema]}, **{key: {} for key in self.keys}}
        return {"type": "object", "properties": keys, "required": list(keys)}


def answer(tool: AgentTool, arguments: Mapping[str, Any], data_dir: Path | None) -> Answer:
    """The answer of a tool as a text to read and as a JSON document: with `detail` full that of the command.

    Raises:
        UsageError: an argument is unknown, of another type, too long, or names a file.
        PlannerError: what the command line would say.
    """
    options = tool.arguments()
    known = tool.input_schema()["properties"]
    others = {} if tool.home is None else other_names(tool.home)
    checked: dict[str, Any] = {}
    for typed, value in arguments.items():
        name = others.get(typed, typed)
        if name not in known:
            raise UnknownNameError("argument", typed[:MAX_TEXT], [*known, *others], f"the input schema of {tool.name}")
        if name != typed and name in arguments:
            raise UsageError(f"{typed} and {name} are the same; give one.", argument=name)
        if value is not None:  # null is as if it were not given
            checked[name] = _checked(name, options[name], value) if name in options else value
    if "limit" in checked:
        checked["limit"] = _row_limit(checked["limit"])
    checked["detail"] = _detail(checked.get("detail", DETAILS[0]))
    refuse_files(checked, "planner models")
    is_short = checked["detail"] == DETAILS[0] and "limit" not in checked
    text, document = tool.call(checked, data_dir)
    return within_bytes(text, document) if is_short else (text, document)


def _property(one: Declared) -> Row:
    """JSON Schema of one argument; its description is the help of the option."""
    kinds = [_JSON_KINDS[kind] for kind in (*one.kinds, *((str,) if one.is_number and str not in one.kinds else ()))]
    found: Row = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if date in one.kinds:
        found["format"] = "date"
    if one.is_list:
        found = {"type": "array", "items": found}
    text = _OTHER_HELP.get(one.name, one.option.help)
    text = re.sub(r"\{(\w+)\}", r"\1", text)
    found["description"] = text.replace(" Repeatable.", "")
    if isinstance(one.default, (str, int, float)) and one.default is not False:
        found["default"] = one.default
    return found


def _checked(name: str, one: Declared, value: Any) -> Any:
    """The value as the function takes it; a number may be a text, as people and some agents write it."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_ITEMS:
        raise UsageError(f"{name} may hold {MAX_ITEMS} values at most, not {len(values)}.")
    for each in values:
        if isinstance(each, str) and len(each) > MAX_TEXT:
            raise UsageError(f"{name} may have {MAX_TEXT} characters at most, not {len(each)}.")
    return one.usable(value)


def _row_limit(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_ROWS:
        raise UsageError(f"limit must be a whole number from 1 to {MAX_ROWS}, not {str(value)[:MAX_TEXT]}.")
    return value


def _detail(value: Any) -> str:
    if value not in DETAILS:
        raise UnknownNameError("detail", str(value)[:MAX_TEXT], DETAILS, "the input schema")
    return str(value)


def _estimate(arguments: dict[str, Any], data_dir: Path | None) -> Answer:
    is_brief, rows = _is_brief(arguments), arguments.pop("limit", None)
    money = taken_currency(arguments)
    result = estimate(**arguments, limit=rows or DEFAULT_ROWS["estimate"], data_dir=data_dir)
    document = estimate_results.document(result, money)
    table = estimates_page.rendered_estimates(result, "table", width=None, currency=money)
    if is_brief:
        text = "\n".join(answer_lines(result, WIDE, money))
        return text if rows is None else f"{text}\n\n{table}", brief_estimate(document, rows=rows)
    return table + "\n" + "\n".join(estimates_page.notes_text(result)), document


def _recommend(arguments: dict[str, Any], data_dir: Path | None) -> Answer:
    is_brief, rows = _is_brief(arguments), arguments.pop("limit", DEFAULT_ROWS["recommend"])
    money = taken_currency(arguments)
    found = recommend(**arguments, limit=rows, data_dir=data_dir)
    document = recommendation_results.document(found, money)
    if is_brief:
        table = estimates_page.rendered_estimates(found.result, "table", width=None, currency=money)
        return "\n".join([*map(one_line, recommendation_results.said(found)), "", table]), brief_recommendation(
            document
        )
    text = recommendation_page.rendered_recommendation(found, "table", width=None, currency=money)
    return text + "\n" + "\n".join(estimates_page.notes_text(found.result)), document


def _compare(arguments: dict[str, Any], data_dir: Path | None) -> Answer:
    is_brief = _is_brief(arguments)
    money = taken_currency(arguments)
    result = compare(**arguments, data_dir=data_dir)
    document = comparison_results.document(result, money)
    if is_brief:
        return "\n".join(comparison_page.answer_lines(result)), brief_comparison(document)
    lines = [*comparison_page.screen_lines(result, money), "", *comparison_page.notes_text(result)]
    return "\n".join(lines), document


def _fit(arguments: dict[str, Any], _data_dir: Path | None) -> Answer:
    is_brief, rows = _is_brief(arguments), arguments.pop("limit", DEFAULT_ROWS["fit"])
    asked = filled(FitArguments, arguments)
    run = {name: asked.pop(name) for name in ("model", "gpus", "precision", "batch_size")}
    found = fits(**run, options=language_arguments(asked), limit=rows)
    text, document = _listed(
        fits_listing(found), list(fit_notes(found)), {"job": found.what, "not_shown": found.hidden}
    )
    return text, brief_fits(document) if is_brief else document


def _is_brief(arguments: dict[str, Any]) -> bool:
    """Whether the short document is asked for; takes that out of the arguments."""
    return bool(arguments.pop("detail") == DETAILS[0])


def _gpus(arguments: dict[str, Any], _data_dir: Path | None) -> Answer:
    is_brief, names, limit = (
        _is_brief(arguments),
        arguments.get("names", []),
        arguments.get("limit", DEFAULT_ROWS["gpus"]),
    )
    if not isinstance(names, list) or len(names) > MAX_ITEMS or not all(isinstance(name, str) for name in names):
        raise UsageError(f"names must be a list of {MAX_ITEMS} names of GPUs at most.")
    keys = list(dict.fromkeys(key for name in names for key in choose_devices(name[:MAX_TEXT]).gpus)) or list(
        load_gpus()
    )
    if any(map(is_processor, keys)):
        return _processors(keys, limit)
    listing = gpus_listing(load_gpus()[key] for key in keys[:limit])
    more = [f"Not shown: {', '.join(keys[limit:])}"] if keys[limit:] else []
    text, document = _listed(listing, more, {"not_shown": keys[limit:]})
    return text, brief_gpus(document) if is_brief else document


def _processors(keys: list[str], limit: int) -> Answer:
    if not all(map(is_processor, keys)):
        raise UsageError("Sheets of processors and of GPUs have other columns: name one kind.")
    listing = processors_listing(load_processors()[key] for key in keys[:limit])
    more = [f"Not shown: {', '.join(keys[limit:])}"] if keys[limit:] else []
    return _listed(listing, more, {"not_shown": keys[limit:]})


def _prices(arguments: dict[str, Any], data_dir: Path | None) -> Answer:
    is_brief, limit, day = _is_brief(arguments), arguments.pop("limit", DEFAULT_ROWS["prices"]), arguments.get("as_of")
    asked = filled(ListArguments, {**arguments, "data_dir": data_dir})
    selection = select(cast("ListArguments", asked), every_offer=False)
    offers = sorted(selection.offers, key=by_price)
    left_out = [{"reason": entry.reason, "count": entry.count} for entry in selection.left_out]
    if len(offers) > limit:
        left_out.append({"reason": f"ranked after the first {limit}", "count": len(offers) - limit})
    books = [book_record(book) for book in selection.books]
    notes = [f"Prices: {books_text(selection.books)}"]
    notes += [f"Left out: {entry['count']:,} {entry['reason']}" for entry in left_out]
    listing = offers_listing(offers[:limit], day or current_day())
    damaged = [damaged_record(book) for book in selection.damaged]
    more = {"prices": books, "damaged_books": damaged, "left_out": left_out}
    text, document = _listed(listing, [*damaged_text(selection.damaged), *notes], more)
    return text, brief_prices(document) if is_brief else document


def _listed(listing: Listing, notes: list[str], more: Row) -> Answer:
    document = {"schema": listing.schema, listing.name: list(listing.rows), **more}
    return "\n".join([rendered(listing, "table", width=None), *notes]), document


_LIST_OF_TEXTS: Row = {"type": "array", "items": {"type": "string"}}

TOOLS = {
    tool.name: tool
    for tool in (
        AgentTool(
            name="estimate",
            title="Time and cost of a training run",
            description="How long a training run takes (seconds) and what it costs (USD) on every GPU that can be rented, "
            "with low and high, basis and age of the price: the answer in sentences and a few rows of each market. Give model "
            "and epochs, or for a language model tokens; or the figures of an own model. limit gives the ranking, cheapest first.",
            schema="planner.estimate/1",
            keys=("workload", "as_of"),
            home=EstimateArguments,
            call=_estimate,
            is_in_money=True,
        ),
        AgentTool(
            name="recommend",
            title="The best way to a result",
            description="What to rent within a deadline (max_hours) and a budget (max_usd), why, what the next step up buys, and "
            "what nearly won. Several machines are tried too. With a deadline the least money, else the best balance of "
            "money and time. Give what estimate takes.",
            schema="planner.recommend/1",
            keys=("workload", "as_of", "sentences", "estimates", "near_misses"),
            home=RecommendArguments,
            call=_recommend,
            is_in_money=True,
        ),
        AgentTool(
            name="fit",
            title="Memory of a model on a GPU",
            description="Whether a training run fits into the memory of GPUs (GiB of the fullest GPU), in which layout, the "
            "largest batch, and the cheapest change that makes it fit. Without gpus: which GPUs hold it, smallest machine first.",
            schema="planner.fit/1",
            keys=("fits", "job", "not_shown"),
            home=FitArguments,
            call=_fit,
        ),
        AgentTool(
            name="compare",
            title="Rent, or buy a card",
            description="Renting against buying a GPU over a horizon in months: bill of both in USD, break-even in jobs, "
            "months and GPU-hours, which assumption flips the verdict. Give buy, and model, epochs and jobs_per_month; or "
            "hours of use (gpu_hours_per_month or utilisation) without a model.",
            schema="planner.compare/1",
            keys=("as_of", "rent", "own", "break_even", "verdict", "alternatives", "sensitivity"),
            home=CompareArguments,
            call=_compare,
            is_in_money=True,
        ),
        AgentTool(
            name="gpus",
            title="Specifications of GPUs",
            description="Memory (GiB), bandwidth (GB/s), dense TFLOPS by number format, power (W) and launch price (USD) of "
            "GPUs, each with its source. null: the hardware lacks it, or no sourced figure is known.",
            schema="planner.gpus/1",
            keys=("gpus", "not_shown"),
            home=None,
            call=_gpus,
        ),
        AgentTool(
            name="prices",
            title="Prices of instances with GPUs",
            description="What can be rented: USD per hour of the whole instance and per GPU, best region of each provider, "
            "GPU, count and purchase, cheapest per GPU first, with the age of each price in days. Linux, before tax.",
            schema="planner.prices/1",
            keys=("offers", "prices", "left_out"),
            home=ListArguments,
            call=_prices,
        ),
    )
}
"""Every tool by its name."""

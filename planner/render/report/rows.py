"""The rows of estimates in a report, and what belongs to all of them: notes, sources, price books, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planner.render.ages import spans_text
from planner.render.charts.estimates import Money
from planner.render.charts.parts import Row, Spec, name, place, what
from planner.render.listing import number, significant, span_texts
from planner.render.report.markup import Content, Markup, element
from planner.render.report.page import figure, listed, section
from planner.render.report.tables import Heading, cell, number_cell, numbers_of, plain_table, sortable_table
from planner.results.words import basis_text
from planner.units import epochs_text, hours

ROWS = 1000
"""Rows in a report; more make a page slow and large, and nobody reads them: CSV and JSON hold all."""


class Numbered:
    """Texts that many rows share, each kept once and numbered from 1 in the order they come."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = list(dict.fromkeys(texts))
        self._places = {text: index for index, text in enumerate(self.texts, start=1)}

    def links(self, texts: Iterable[str], to: str) -> list[Markup]:
        """A link to each of the texts."""
        places = sorted({self._places[text] for text in texts})
        return [element("a", str(index), href=f"#{to}-{index}", aria_label=f"{to} {index}") for index in places]


def work_title(document: Row) -> str:
    """What is trained, and for how long: the middle of a title."""
    work = document["workload"]
    if work.get("tokens"):
        return f"{name(work['model'])} ({work['method']}) on {work['tokens']:,.0f} tokens"
    return f"{name(work['model'])} for {epochs_text(work['epochs'])}"


def subtitle(document: Row) -> str:
    """The size of the work, and the days of the prices of its rows."""
    work = document["workload"]
    data = f" of {name(work['dataset'])}" if work["dataset"] else ""
    return (
        f"{work['samples']:,.0f} {name(work['sample_unit'])}s{data}, precision {work['precision']}. "
        f"Estimated on {document['as_of']} with {_price_days(document)}."
    )


def _price_days(document: Row) -> str:
    """The days of the prices of all rows that are shown: those proposed, those ranked, those that nearly won."""
    picks = document.get("picks") or ()
    rows = [*(pick["estimate"] for pick in picks), *document["estimates"], *document.get("near_misses", ())]
    days = [row["price_observed_on"] for row in rows if row["provider"] != "own"]
    days += [row["price_observed_on"] for row in document.get("services", ())[:1]]
    if not days:
        return "prices of your own" if rows else "no price left"
    first, last = min(days), max(days)
    return f"prices of {first}" if first == last else f"prices of {first} to {last}"


def age_text(row: Row, document: Row) -> str:
    """How old the price of a row is."""
    from datetime import date  # noqa: PLC0415

    days = (date.fromisoformat(document["as_of"]) - date.fromisoformat(row["price_observed_on"])).days
    return f"{days} days old"


def words(purchase: str) -> str:
    """How a row is bought, in words."""
    return name(purchase).replace("_", " ")


def rows_table(document: Row, money: Money, notes: Numbered, sources: Numbered, full: int) -> Content:
    """Every row with its range, price, place, notes and sources; `full` is how many there are, shown or not."""
    estimates = document["estimates"]
    if not estimates:
        return None
    headings = (
        Heading("#", is_number=True, says="rank"),
        Heading("GPUs"),
        Heading("hours (low to high)", is_number=True),
        Heading(f"{money.code} (low to high)", is_number=True),
        Heading(f"{money.code}/h (per GPU)", is_number=True),
        Heading("where (instance, purchase)"),
        Heading("evidence"),
        Heading("price of"),
        Heading("sources", sorts=False),
    )
    rows = [_cells(row, money, notes, sources) for row in estimates]
    marked = [row["is_pareto"] for row in estimates]
    caption = (
        "Hours are wall time, prices those of the whole instance. * on the Pareto front: nothing else is both faster and "
        "cheaper. Throughput is measured on this GPU and count, scaled from the same model elsewhere, or modelled."
    )
    more = (
        f" The first {ROWS:,} of {full:,} rows, and the front; the formats csv and json hold all."
        if full > len(estimates)
        else ""
    )
    return sortable_table(
        "estimates", caption + more, headings, rows, marked=marked, hint="for example: aws spot", is_dense=True
    )


def _cells(row: Row, money: Money, notes: Numbered, sources: Numbered) -> list[Markup]:
    price, per_gpu = row["usd_per_hour"] * money.per_usd, row["usd_per_gpu_hour"] * money.per_usd
    seconds = [hours(row[key]) for key in ("seconds", "seconds_low", "seconds_high")]
    usd = [row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")]
    where = f"{name(row['region'])}, {name(row['zone'])}" if row["zone"] else name(row["region"])
    instance = f"{name(row['instance_type'])}, {words(row['purchase'])}"
    return [
        number_cell(f"{row['rank']}{'*' if row['is_pareto'] else ''}", row["rank"]),
        cell(what(row), class_="name", is_heading=True),
        number_cell(f"{significant(seconds[0])} ", seconds[0], span_below(*map(significant, seconds[1:]))),
        number_cell(f"{number(2)(usd[0])} ", usd[0], span_below(*span_texts(*usd))),
        number_cell(f"{number(2)(price)} ", price, element("span", f"({number(2)(per_gpu)})", class_="below")),
        cell(f"{name(row['provider'])} {where} ", element("span", instance, class_="below"), class_="name"),
        cell(f"{basis_text(row['throughput']['basis'])} ", _note_links(row, notes)),
        cell(row["price_observed_on"], class_="short"),
        cell(sources.links(sources_of(row), "source"), class_="refs"),
    ]


def _note_links(row: Row, notes: Numbered) -> Content:
    return element("span", "note ", notes.links(row["notes"], "note"), class_="below refs") if row["notes"] else None


def span_below(low: str, high: str) -> Markup:
    """The ends of a range, to stand below a figure."""
    return element("span", f"({low} to {high})", class_="below")


def sources_of(row: Row) -> list[str]:
    """Where the price, the throughput and the interruptions of a row come from."""
    run = row["interruptions"]
    return [
        f"price: {row['price_source']}, {row['price_observed_on']}",
        *(f"throughput: {source}" for source in row["throughput"]["sources"]),
        *([f"interruptions: {run['source']}"] if run and run["source"] else []),
    ]


def short_headings(money: Money) -> tuple[Heading, ...]:
    """The headings of `short_cells`."""
    return (
        Heading("GPUs"),
        Heading("hours (low to high)", is_number=True),
        Heading(f"{money.code} (low to high)", is_number=True),
        Heading("evidence"),
        Heading("price of"),
        Heading("where"),
    )


def short_cells(row: Row, document: Row, money: Money, *, is_own: bool = False, more: str = "") -> list[Markup]:
    """The cells of a row in a table that a phone stacks: machine, time, money, what they rest on, where (and `more`)."""
    seconds = [hours(row[key]) for key in ("seconds", "seconds_low", "seconds_high")]
    usd = [row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")]
    instance = ", ".join(filter(None, (name(row["instance_type"]), more)))
    return [
        cell(what(row), class_="short", is_heading=True, label="GPUs"),
        number_cell(
            f"{significant(seconds[0])} ", seconds[0], span_below(*map(significant, seconds[1:])), label="hours"
        ),
        number_cell(f"{number(2)(usd[0])} ", usd[0], span_below(*span_texts(*usd)), label=money.code),
        cell(basis_text(row["throughput"]["basis"]), class_="short", label="evidence"),
        cell(
            "-"
            if is_own
            else [f"{row['price_observed_on']} ", element("span", age_text(row, document), class_="below")],
            class_="short",
            label="price of",
        ),
        cell(f"{place(row)} ", element("span", instance, class_="below"), class_="name", label="where"),
    ]


def charts_section(charts: Mapping[str, Spec], numbers: Mapping[str, Content]) -> Markup:
    """The places that charts are drawn into, each with its numbers as text; time against cost has a line of its own."""
    figures = [figure(key, spec, numbers[key], is_whole=key == "time-cost") for key, spec in charts.items()]
    return section("Charts", element("div", figures, class_="charts") if figures else None, id_="charts")


def item_numbers(spec: Row | None, money: Money) -> Content:
    """The numbers of the bills that a chart draws; `None` without a chart."""
    if spec is None:
        return None
    fields = (("row", "estimate", None), ("item", "item", None), ("usd", money.code, number(4)))
    return numbers_of("Numbers of the bills", fields, spec["data"]["values"])


def sections_below(document: Row, notes: Numbered, sources: Numbered, command: str) -> list[Markup]:
    """What the rows rest on: assumptions, price books, what was left out, notes, sources, and the command."""
    return [
        section("Assumptions", listed(document["assumptions"]), id_="assumptions"),
        section("Prices and their age", _books(document), _currency_line(document), id_="prices"),
        section("Left out", _left_out(document), id_="left-out"),
        section("Notes", listed(_general_notes(document, notes)), id_="notes"),
        section("Notes on rows", listed(notes.texts, ordered=True, id_prefix="note")),
        section("Sources", listed(sources.texts, ordered=True, id_prefix="source"), id_="sources"),
        made_section(document, command),
    ]


def made_section(document: Row, command: str) -> Markup:
    """The command that gives the same answer."""
    schema = f"Figures are those of the JSON document {document['schema']}, which the same command writes as json."
    return section("How this was made", element("pre", element("code", command)), element("p", schema, class_="quiet"))


def _books(document: Row) -> Content:
    if not document["prices"]:
        return None
    headings = (
        Heading("provider"),
        Heading("newest price book", is_number=True),
        Heading("age of the prices, newest to oldest"),
        Heading("median, days", is_number=True),
        Heading("oldest", is_number=True),
        Heading("prices", is_number=True),
        Heading("source"),
    )
    rows = [
        [
            cell(name(book["provider"]), is_heading=True),
            number_cell(book["observed_on"], book["observed_on"]),
            cell(spans_text(_span(kind) for kind in book["purchases"]) or "-"),
            *(_number_or_dash(book[key]) for key in ("age_days_median", "age_days_oldest", "rows")),
            cell(book["source"], class_="words"),
        ]
        for book in document["prices"]
    ]
    return plain_table(
        f"Counted on {document['as_of']}. A price was listed on its day; that capacity is free is not said.",
        headings,
        rows,
    )


def _span(kind: Row) -> tuple[str, int, int]:
    return kind["purchase"], kind["age_days_newest"], kind["age_days_oldest"]


def _number_or_dash(value: int | None) -> Markup:
    return cell("-") if value is None else number_cell(f"{value:,}", value)


def _currency_line(document: Row) -> Content:
    currency = document.get("currency")
    if currency is None:
        return None
    return element(
        "p",
        f"Amounts in {currency['code']} at {currency['per_usd']:.6g} {currency['code']} per USD of {currency['as_of']}; {currency['source']}",
    )


def _left_out(document: Row) -> Content:
    entries = sorted(document["left_out"], key=lambda entry: -entry["count"])
    lines = [f"{entry['count']:,} offers: {entry['reason']}" for entry in entries]
    lines += [
        f"{name(entry['provider'])} {name(entry['instance_type'])} ({name(entry['gpu'])}): no usable public price: {entry['reason']}"
        for entry in document["unpriced"]
    ]
    return listed(lines)


def _general_notes(document: Row, notes: Numbered) -> list[str]:
    """Notes on the whole answer, without those that only sum up notes on rows."""
    return [line for line in document["notes"] if not line.startswith(tuple(notes.texts) or ("\0",))]

"""The report of an estimate: what to rent, charts, every row with its sources, and the assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from planner.model.picks import NotPicked, PaidTo, PickKind
from planner.render.charts.estimates import Money, estimate_charts
from planner.render.charts.parts import Row, Spec, about, name, place, what
from planner.render.listing import number, one_line, significant, span_texts
from planner.render.report.markup import Content, Markup, element
from planner.render.report.page import Parts, report_page, section
from planner.render.report.rows import (
    ROWS,
    Numbered,
    age_text,
    charts_section,
    item_numbers,
    rows_table,
    sections_below,
    short_cells,
    short_headings,
    sources_of,
    span_below,
    subtitle,
    words,
    work_title,
)
from planner.render.report.tables import (
    Heading,
    cell,
    history_numbers,
    number_cell,
    plain_table,
)
from planner.render.screen import REASONS
from planner.results.words import MARKETS, basis_text
from planner.units import hours


def estimate_report(document: Row, *, command: str, history: Sequence[Row] = (), machines: Sequence[Row] = ()) -> str:
    """The whole HTML file.

    Args:
        document: `planner.results.estimate.document`.
        command: what made it, to be shown.
        history: `planner.render.charts.history.history_rows`.
        machines: `planner.results.machines.machine_records` of all that is priced.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    parts = estimate_parts(document, command=command, history=history, machines=machines)
    return report_page(parts, skip_to="#rows")


def estimate_parts(document: Row, *, command: str, history: Sequence[Row] = (), machines: Sequence[Row] = ()) -> Parts:
    """Title, content and charts of the report without its frame; arguments as for `estimate_report`."""
    full = len(document["estimates"])
    # those on the front are the fast ones, and of many rows by price the last
    front = [row for row in document["estimates"][ROWS:] if row["is_pareto"]]
    document = {**document, "estimates": [*document["estimates"][:ROWS], *front]}
    money, charts = Money(document), estimate_pictures(document, history, machines)
    notes = Numbered(note for row in document["estimates"] for note in row["notes"])
    sources = Numbered(source for row in document["estimates"] for source in sources_of(row))
    numbers = {
        "time-cost": element("span", "Numbers: ", element("a", "the table of all rows", href="#rows")),
        "cost-items": item_numbers(charts.get("cost-items"), money),
        "price-history": history_numbers(history),
    }
    return Parts(
        title=_title(document),
        subtitle=subtitle(document),
        content=[
            [element("p", one_line(sentence), class_="answer") for sentence in document.get("answer", [])],
            None if document["estimates"] else element("p", _NOTHING, class_="answer"),
            _picks(document, money),
            charts_section(charts, numbers),
            section(
                "All rows",
                [element("p", sentence) for sentence in _extremes(document, money) if sentence],
                rows_table(document, money, notes, sources, full),
                id_="rows",
            ),
            sections_below(document, notes, sources, command),
        ],
        charts=charts,
    )


def estimate_pictures(document: Row, history: Sequence[Row] = (), machines: Sequence[Row] = ()) -> dict[str, Spec]:
    """The charts of an estimate, each with work, days and answer; arguments as for `estimate_report`."""
    charts = estimate_charts(document, history, machines)
    return about(charts, _title(document), subtitle(document), *document.get("answer", [])[:1])


def _title(document: Row) -> str:
    return f"Training {work_title(document)}: time and cost"


def _picks(document: Row, money: Money) -> Content:
    """The rows that are proposed, of each market, with what they rest on and the age of their price."""
    picks = document.get("picks")
    if picks is None or not document["estimates"]:
        return None
    barred = [f"{entry['count']:,} {REASONS[NotPicked(entry['reason'])]}" for entry in document["not_picked"]]
    left = element("p", f"Not picked, of {document['machines']:,} machines: {', '.join(barred)}.", class_="quiet")
    if not picks:
        return [element("p", "No row may be picked. The first of all rows stands below.", class_="answer"), left]
    headings = (Heading("#", is_number=True), Heading("whom you pay"), *short_headings(money))
    caption = (
        "What to take: of each market the best balance of money and time, the fastest and the cheapest. The numbers "
        "are those of the sentences above."
    )
    rows = [_pick_cells(pick, document, money) for pick in picks]
    rows += [_service_cells(one, money) for one in document["services"][:1]]
    return section(
        "Picks",
        plain_table(caption, headings, rows, is_stacked=True, is_dense=True),
        left if barred else None,
        id_="picks",
    )


_KINDS = {
    PickKind.BALANCED: "balanced",
    PickKind.FASTEST: "fastest here",
    PickKind.CHEAPEST: "cheapest here",
    PickKind.BETWEEN: "between",
}


def _pick_cells(pick: Row, document: Row, money: Money) -> list[Markup]:
    row = pick["estimate"]
    market = MARKETS[PaidTo(pick["market"])].partition(":")[0]
    mark = f" ({pick['mark'].replace('_', ' ')})" if pick["mark"] else ""
    return [
        number_cell(str(pick["number"]), pick["number"], label="row"),
        cell(f"{market}{mark} ", element("span", _KINDS[PickKind(pick["pick"])], class_="below"), label="pay"),
        *short_cells(row, document, money, is_own=pick["market"] == PaidTo.OWN),
    ]


_NOTHING = "No offer is left. What was left out, and why, stands below."


def _extremes(document: Row, money: Money) -> Iterator[Content]:
    """Which row is the cheapest and which the fastest, be they proposed or not."""
    estimates = document["estimates"]
    if not estimates:
        return
    cheapest = min(estimates, key=lambda row: (row["usd"], row["rank"]))
    fastest = min(estimates, key=lambda row: (row["seconds"], row["rank"]))
    of_rows = f" of the {len(estimates):,} rows shown"
    of_all = " of all rows"
    yield _answer("Cheapest" + (of_all if _are_sorted(estimates, "usd") else of_rows), cheapest, document, money)
    if fastest["rank"] == cheapest["rank"]:
        yield f"It is also the fastest{of_rows}." if len(estimates) > 1 else None
    else:
        lead = "Fastest" + (of_all if _are_sorted(estimates, "seconds") else of_rows)
        yield _answer(lead, fastest, document, money)


def _service_cells(row: Row, money: Money) -> list[Markup]:
    """A row without machine, time and number: a service states neither."""
    usd = [row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")]
    sold = " of ".join(name(row[key]) for key in ("method", "model") if row[key])
    return [
        cell("-", label="row"),
        cell(MARKETS[PaidTo.SERVICE], label="pay"),
        cell("none", class_="short", is_heading=True, label="GPUs"),
        cell("not stated", class_="number", label="hours"),
        number_cell(f"{number(2)(usd[0])} ", usd[0], span_below(*span_texts(*usd)), label=money.code),
        cell("-", class_="short", label="evidence"),
        cell(row["price_observed_on"], class_="short", label="price of"),
        cell(f"{name(row['provider'])} ", element("span", sold, class_="below"), class_="name", label="where"),
    ]


def _are_sorted(estimates: Sequence[Row], key: str) -> bool:
    """Whether the rows are sorted by a figure, so that the first has the best of all offers, shown or not."""
    ranked = estimates[:ROWS]
    return len(ranked) > 1 and all(one[key] <= next_[key] for one, next_ in pairwise(ranked))


def _answer(lead: str, row: Row, document: Row, money: Money) -> list[Content]:
    usd, low, high = (row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high"))
    long, short, longest = (hours(row[key]) for key in ("seconds", "seconds_low", "seconds_high"))
    return [
        f"{lead}: ",
        element("strong", what(row)),
        f" at {place(row)} ({name(row['instance_type'])}, {words(row['purchase'])}): ",
        element("strong", f"{number(2)(usd)} {money.code}"),
        f" ({' to '.join(span_texts(usd, low, high))}) in ",
        element("strong", f"{significant(long)} hours"),
        f" ({significant(short)} to {significant(longest)}). Throughput {basis_text(row['throughput']['basis'])}, "
        f"price of {row['price_observed_on']} ({age_text(row, document)}).",
        f" Not proposed: {REASONS[NotPicked(row['not_picked'])]}." if row["not_picked"] else None,
    ]

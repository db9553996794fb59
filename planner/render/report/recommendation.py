"""The report of a recommendation: what to take and why, what nearly won, time against cost of all ways."""

from __future__ import annotations

from collections.abc import Sequence

from planner.answers.cards_ranked import RankedCards, budget_sentence
from planner.render.charts.estimates import Money, estimate_charts
from planner.render.charts.parts import Row, about, place, what
from planner.render.listing import number, one_line, significant
from planner.render.ranked_cards import ranked_listing, ranked_notes
from planner.render.report.markup import Content, element
from planner.render.report.page import Parts, listed, report_page, section
from planner.render.report.rows import (
    Numbered,
    charts_section,
    item_numbers,
    rows_table,
    sections_below,
    short_cells,
    short_headings,
    sources_of,
    subtitle,
    words,
    work_title,
)
from planner.render.report.tables import Heading, cell, listing_table, number_cell, plain_table
from planner.units import hours


def recommendation_report(document: Row, *, command: str, machines: Sequence[Row] = ()) -> str:
    """The whole HTML file.

    Args:
        document: `planner.results.recommendation.document`.
        command: what made it, to be shown.
        machines: `planner.results.machines.machine_records` of all ways there are.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    return report_page(recommendation_parts(document, command=command, machines=machines), skip_to="#rows")


def recommendation_parts(document: Row, *, command: str, machines: Sequence[Row] = ()) -> Parts:
    """Title, content and charts of the report without its frame; arguments as for `recommendation_report`."""
    money, answer, sentences = Money(document), document["answer"], document["sentences"]
    title = f"What to take: {work_title(document)}"
    charts = about(estimate_charts(document, (), machines), title, subtitle(document), *answer[:1])
    estimates = document["estimates"]
    notes = Numbered(note for row in estimates for note in row["notes"])
    sources = Numbered(source for row in estimates for source in sources_of(row))
    numbers = {
        "time-cost": element("span", "Numbers: ", element("a", "the table of all rows", href="#rows")),
        "cost-items": item_numbers(charts.get("cost-items"), money),
    }
    return Parts(
        title=title,
        subtitle=subtitle(document),
        content=[
            [element("p", one_line(sentence), class_="answer") for sentence in (*answer, *document["warnings"])],
            section("Best first", _best(document, money), id_="best"),
            section("Why", listed(sentences[len(answer) :]), id_="why"),
            section("Nearly", _nearly(document, money), id_="nearly"),
            charts_section(charts, numbers),
            section("All figures", rows_table(document, money, notes, sources, len(estimates)), id_="rows"),
            sections_below(document, notes, sources, command),
        ],
        charts=charts,
    )


def cards_report(found: RankedCards, budget_usd: float, limit: int, *, command: str) -> str:
    """The whole HTML file that names the card for a budget.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    return report_page(cards_parts(found, budget_usd, limit, command=command), skip_to="#cards-ranked")


def cards_parts(found: RankedCards, budget_usd: float, limit: int, *, command: str) -> Parts:
    """Title and content of the page that names the card for a budget; it has no chart."""
    return Parts(
        title=f"Which card for {budget_usd:,.0f} USD",
        subtitle=f"Cards that train {found.workload.model.name}, fastest first.",
        content=[
            element("p", budget_sentence(found, budget_usd), class_="answer"),
            section("Cards", listing_table(ranked_listing(found, limit), "What the budget buys."), id_="cards-ranked"),
            section("Notes", listed(list(ranked_notes(found, limit))), id_="notes"),
            section("How this was made", element("pre", element("code", command))),
        ],
        charts={},
    )


def _best(document: Row, money: Money) -> Content:
    headings = (Heading("#", is_number=True), *short_headings(money))
    rows = [
        [
            number_cell(str(row["rank"]), row["rank"], label="rank"),
            *short_cells(row, document, money, is_own=row["market"] == "own", more=words(row["purchase"])),
        ]
        for row in document["estimates"]
    ]
    caption = "What is recommended, and what comes next."
    return plain_table(caption, headings, rows, is_stacked=True, is_dense=True)


def _nearly(document: Row, money: Money) -> Content:
    """The rows that lost, each with its reason; nothing where there are none."""
    if not document["near_misses"]:
        return None
    headings = (
        Heading("GPUs"),
        Heading("hours", is_number=True),
        Heading(money.code, is_number=True),
        Heading("where"),
        Heading("purchase"),
        Heading("why not"),
    )
    rows = [
        [
            cell(what(row), class_="short", is_heading=True, label="GPUs"),
            number_cell(significant(hours(row["seconds"])), row["seconds"], label="hours"),
            number_cell(number(2)(row["usd"] * money.per_usd), row["usd"], label=money.code),
            cell(place(row), class_="name", label="where"),
            cell(words(row["purchase"]), class_="short", label="purchase"),
            cell(row["why"], class_="words", label="why not"),
        ]
        for row in document["near_misses"]
    ]
    return plain_table(
        "What is better but breaks a limit, then the next best of other GPUs or providers.",
        headings,
        rows,
        is_stacked=True,
    )

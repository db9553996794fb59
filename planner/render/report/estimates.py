"""The report of an estimate: what to rent, charts, every row with its sources, and the assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from planner.model.picks import PaidTo
from planner.render.charts.estimates import Money, estimate_charts
from planner.render.charts.parts import Row, name, place, what
from planner.render.listing import number, one_line, significant, span_texts
from planner.render.report.markup import Content, Markup, element
from planner.render.report.page import Parts, figure, listed, page, section, top
from planner.render.report.tables import (
    Heading,
    cell,
    history_numbers,
    number_cell,
    numbers_of,
    plain_table,
    sortable_table,
)
from planner.results.words import MARKETS, basis_text
from planner.units import epochs_text, hours

ROWS = 1000
"""Rows in a report; more make a page slow and large, and nobody reads them: CSV and JSON hold all."""


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
    return page(
        parts.title,
        element("a", "Skip to the table", class_="skip", href="#rows"),
        top(parts.title, element("p", parts.subtitle, class_="quiet")),
        element("main", parts.content),
        charts=parts.charts,
    )


def estimate_parts(document: Row, *, command: str, history: Sequence[Row] = (), machines: Sequence[Row] = ()) -> Parts:
    """Title, content and charts of the report without its frame; arguments as for `estimate_report`."""
    full = len(document["estimates"])
    # those on the front are the fast ones, and of many rows by price the last
    front = [row for row in document["estimates"][ROWS:] if row["is_pareto"]]
    document = {**document, "estimates": [*document["estimates"][:ROWS], *front]}
    money, charts = Money(document), estimate_charts(document, history, machines)
    title = f"Training {_workload(document)}: time and cost"
    notes = _Numbered(note for row in document["estimates"] for note in row["notes"])
    sources = _Numbered(source for row in document["estimates"] for source in _sources(row))
    numbers = {
        "time-cost": element("span", "Numbers: ", element("a", "the table of all rows", href="#rows")),
        "cost-items": _item_numbers(charts.get("cost-items"), money),
        "price-history": history_numbers(history),
    }
    return Parts(
        title=title,
        subtitle=_subtitle(document),
        content=[
            [element("p", one_line(sentence), class_="answer") for sentence in document.get("answer", [])],
            _picks(document, money),
            [element("p", sentence, class_="answer") for sentence in _answers(document, money) if sentence],
            section(
                "Charts",
                element(
                    "div",
                    [figure(key, spec, numbers[key], is_whole=key == "time-cost") for key, spec in charts.items()],
                    class_="charts",
                ),
                id_="charts",
            ),
            section("All rows", _table(document, money, notes, sources, full), id_="rows"),
            section("Assumptions", listed(document["assumptions"]), id_="assumptions"),
            section("Prices and their age", _books(document), _currency(document), id_="prices"),
            section("Left out", _left_out(document), id_="left-out"),
            section("Notes", listed(_general_notes(document, notes)), id_="notes"),
            section("Notes on rows", listed(notes.texts, ordered=True, id_prefix="note")),
            section("Sources", listed(sources.texts, ordered=True, id_prefix="source"), id_="sources"),
            section("How this was made", element("pre", element("code", command)), _made(document)),
        ],
        charts=charts,
    )


class _Numbered:
    """Texts that many rows share, each kept once and numbered from 1 in the order they come."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = list(dict.fromkeys(texts))
        self._places = {text: index for index, text in enumerate(self.texts, start=1)}

    def links(self, texts: Iterable[str], to: str) -> list[Markup]:
        """A link to each of the texts."""
        places = sorted({self._places[text] for text in texts})
        return [element("a", str(index), href=f"#{to}-{index}", aria_label=f"{to} {index}") for index in places]


def _workload(document: Row) -> str:
    work = document["workload"]
    if work.get("tokens"):
        return f"{name(work['model'])} ({work['method']}) on {work['tokens']:,.0f} tokens"
    return f"{name(work['model'])} for {epochs_text(work['epochs'])}"


def _subtitle(document: Row) -> str:
    work = document["workload"]
    data = f" of {name(work['dataset'])}" if work["dataset"] else ""
    return (
        f"{work['samples']:,.0f} {name(work['sample_unit'])}s{data}, precision {work['precision']}. "
        f"Estimated on {document['as_of']} with {_price_days(document)}."
    )


def _price_days(document: Row) -> str:
    if not document["prices"]:
        return "prices of your own"
    days = sorted(row["price_observed_on"] for row in document["estimates"])
    if not days:
        return "no price left"
    return f"prices of {days[0]}" if days[0] == days[-1] else f"prices of {days[0]} to {days[-1]}"


def _picks(document: Row, money: Money) -> Content:
    """The rows that are proposed, of each market, with what they rest on and the age of their price."""
    picks = document.get("picks")
    if not picks:
        return None
    headings = (
        Heading("#", is_number=True),
        Heading("whom you pay"),
        Heading("GPUs"),
        Heading("hours (low to high)", is_number=True),
        Heading(f"{money.code} (low to high)", is_number=True),
        Heading("evidence"),
        Heading("price of"),
        Heading("where"),
    )
    caption = (
        "What to take: of each market the best balance of money and time, the fastest and the cheapest. The numbers "
        "are those of the sentences above."
    )
    rows = [_pick_cells(pick, document, money) for pick in picks]
    return section("Picks", plain_table(caption, headings, rows, is_stacked=True), id_="picks")


def _pick_cells(pick: Row, document: Row, money: Money) -> list[Markup]:
    row = pick["estimate"]
    market = MARKETS[PaidTo(pick["market"])].partition(":")[0]
    mark = f" ({pick['mark'].replace('_', ' ')})" if pick["mark"] else ""
    seconds = [hours(row[key]) for key in ("seconds", "seconds_low", "seconds_high")]
    usd = [row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")]
    is_own = pick["market"] == PaidTo.OWN
    return [
        number_cell(str(pick["number"]), pick["number"], label="row"),
        cell(f"{market}{mark} ", element("span", pick["pick"], class_="below"), label="pay"),
        cell(what(row), class_="short", is_heading=True, label="GPUs"),
        number_cell(f"{significant(seconds[0])} ", seconds[0], _range(*map(significant, seconds[1:])), label="hours"),
        number_cell(f"{number(2)(usd[0])} ", usd[0], _range(*span_texts(*usd)), label=money.code),
        cell(basis_text(row["throughput"]["basis"]), class_="short", label="evidence"),
        cell("-" if is_own else f"{row['price_observed_on']}{_age(row, document)}", label="price of"),
        cell(
            f"{place(row)} ", element("span", name(row["instance_type"]), class_="below"), class_="name", label="where"
        ),
    ]


def _answers(document: Row, money: Money) -> Iterator[Content]:
    """The sentences that answer the question, before anything else."""
    estimates = document["estimates"]
    if not estimates:
        yield "No offer is left. What was left out, and why, stands below."
        return
    cheapest = min(estimates, key=lambda row: (row["usd"], row["rank"]))
    fastest = min(estimates, key=lambda row: (row["seconds"], row["rank"]))
    of_rows = f" of the {len(estimates):,} rows shown"
    yield _answer("Cheapest" + ("" if _are_sorted(estimates, "usd") else of_rows), cheapest, document, money)
    if fastest["rank"] == cheapest["rank"]:
        yield f"It is also the fastest{of_rows}." if len(estimates) > 1 else None
    else:
        lead = "Fastest" + ("" if _are_sorted(estimates, "seconds") else of_rows)
        yield _answer(lead, fastest, document, money)


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
        f" at {place(row)} ({name(row['instance_type'])}, {_words(row['purchase'])}): ",
        element("strong", f"{number(2)(usd)} {money.code}"),
        f" ({' to '.join(span_texts(usd, low, high))}) in ",
        element("strong", f"{significant(long)} hours"),
        f" ({significant(short)} to {significant(longest)}). Throughput {basis_text(row['throughput']['basis'])}, "
        f"price of {row['price_observed_on']}{_age(row, document)}.",
    ]


def _age(row: Row, document: Row) -> str:
    from datetime import date  # noqa: PLC0415

    days = (date.fromisoformat(document["as_of"]) - date.fromisoformat(row["price_observed_on"])).days
    return f" ({days} days old)"


def _words(purchase: str) -> str:
    return name(purchase).replace("_", " ")


def _table(document: Row, money: Money, notes: _Numbered, sources: _Numbered, full: int) -> Content:
    estimates = document["estimates"]
    if not estimates:
        return None
    headings = (
        Heading("#", is_number=True, says="rank"),
        Heading("GPUs"),
        Heading("hours (low to high)", is_number=True),
        Heading(f"{money.code} (low to high)", is_number=True),
        Heading(f"{money.code}/h (per GPU)", is_number=True),
        Heading("where"),
        Heading("instance"),
        Heading("purchase"),
        Heading("throughput"),
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
    return sortable_table("estimates", caption + more, headings, rows, marked=marked, hint="for example: aws spot")


def _cells(row: Row, money: Money, notes: _Numbered, sources: _Numbered) -> list[Markup]:
    price, per_gpu = row["usd_per_hour"] * money.per_usd, row["usd_per_gpu_hour"] * money.per_usd
    seconds = [hours(row[key]) for key in ("seconds", "seconds_low", "seconds_high")]
    usd = [row[key] * money.per_usd for key in ("usd", "usd_low", "usd_high")]
    where = f"{name(row['region'])}, {name(row['zone'])}" if row["zone"] else name(row["region"])
    return [
        number_cell(f"{row['rank']}{'*' if row['is_pareto'] else ''}", row["rank"]),
        cell(what(row), class_="short", is_heading=True),
        number_cell(f"{significant(seconds[0])} ", seconds[0], _range(*map(significant, seconds[1:]))),
        number_cell(f"{number(2)(usd[0])} ", usd[0], _range(*span_texts(*usd))),
        number_cell(f"{number(2)(price)} ", price, element("span", f"({number(2)(per_gpu)})", class_="below")),
        cell(f"{name(row['provider'])} ", element("span", where, class_="below"), class_="name"),
        cell(name(row["instance_type"]), class_="name"),
        cell(_words(row["purchase"]), class_="short"),
        cell(f"{basis_text(row['throughput']['basis'])} ", _note_links(row, notes)),
        cell(row["price_observed_on"], class_="short"),
        cell(sources.links(_sources(row), "source"), class_="refs"),
    ]


def _note_links(row: Row, notes: _Numbered) -> Content:
    return element("span", "note ", notes.links(row["notes"], "note"), class_="below refs") if row["notes"] else None


def _range(low: str, high: str) -> Markup:
    return element("span", f"({low} to {high})", class_="below")


def _sources(row: Row) -> list[str]:
    run = row["interruptions"]
    return [
        f"price: {row['price_source']}, {row['price_observed_on']}",
        *(f"throughput: {source}" for source in row["throughput"]["sources"]),
        *([f"interruptions: {run['source']}"] if run and run["source"] else []),
    ]


def _item_numbers(spec: Row | None, money: Money) -> Content:
    if spec is None:
        return None
    fields = (("row", "estimate", None), ("item", "item", None), ("usd", money.code, number(4)))
    return numbers_of("Numbers of the bills", fields, spec["data"]["values"])


def _books(document: Row) -> Content:
    if not document["prices"]:
        return None
    headings = (
        Heading("provider"),
        Heading("newest price book", is_number=True),
        Heading("age of the prices, days: median", is_number=True),
        Heading("oldest", is_number=True),
        Heading("prices", is_number=True),
        Heading("source"),
    )
    rows = [
        [
            cell(name(book["provider"]), is_heading=True),
            number_cell(book["observed_on"], book["observed_on"]),
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


def _number_or_dash(value: int | None) -> Markup:
    return cell("-") if value is None else number_cell(f"{value:,}", value)


def _currency(document: Row) -> Content:
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


def _general_notes(document: Row, notes: _Numbered) -> list[str]:
    """Notes on the whole answer, without those that only sum up notes on rows."""
    return [line for line in document["notes"] if not line.startswith(tuple(notes.texts) or ("\0",))]


def _made(document: Row) -> Content:
    return element(
        "p",
        f"Figures are those of the JSON document {document['schema']}, which the same command writes as json.",
        class_="quiet",
    )

"""The report of a comparison: rent or buy, effects of the assumptions, both bills and their sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from planner.render.charts.comparison import comparison_charts, quantity
from planner.render.charts.parts import Row, Spec, about, name
from planner.render.listing import number, one_line, significant
from planner.render.report.markup import Content, Markup, element
from planner.render.report.page import Parts, figure, listed, report_page, section
from planner.render.report.rows import made_section
from planner.render.report.tables import (
    Field,
    Heading,
    cell,
    history_numbers,
    number_cell,
    numbers_of,
    plain_table,
    sortable_table,
)
from planner.results.alternatives import way_title
from planner.results.words import basis_text
from planner.units import hours

_DOLLARS = number(0)


def comparison_report(document: Row, *, command: str, history: Sequence[Row] = ()) -> str:
    """The whole HTML file.

    Args:
        document: `planner.results.comparison.document`.
        command: what made it, to be shown.
        history: `planner.render.charts.history.history_rows` of what is rented.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    parts = comparison_parts(document, command=command, history=history)
    return report_page(parts, skip_to="#bills", skip_text="Skip to the bills")


def comparison_parts(document: Row, *, command: str, history: Sequence[Row] = ()) -> Parts:
    """Title, content and charts of the report without its frame; arguments as for `comparison_report`."""
    charts = comparison_pictures(document, history)
    numbers = {
        "months": numbers_of("Numbers of the months", _MONTHS, document["curve"]),
        "use": numbers_of("Numbers over use", _USE, document["use_curve"]),
        "ways": _line_numbers(document, "Numbers of all ways over use", "usd_by_use", "hours_per_month", "use_curve"),
        "ways-months": _line_numbers(document, "Numbers of all ways by month", "usd_by_month", "month", "curve"),
        "sensitivity": _sensitivity_numbers(document),
        "cost-items": element("span", "Numbers: ", element("a", "the table of both bills", href="#bills")),
        "price-history": history_numbers(history),
    }
    return Parts(
        title=_title(document),
        subtitle=_subtitle(document),
        content=[
            element("p", one_line(document["verdict"]), class_="answer"),
            [element("p", one_line(line)) for line in _minded(document)],
            section("Every way to pay", _ways(document), id_="ways"),
            section(
                "Charts",
                element(
                    "div",
                    [figure(key, spec, numbers[key], is_whole=key in _OF_ALL_WAYS) for key, spec in charts.items()],
                    class_="charts",
                ),
                id_="charts",
            ),
            section("Both bills", _bills(document), id_="bills"),
            section("All ways, best first", _ranking(document), id_="ranking"),
            section(
                "Assumptions, and the options that change them", listed(document["assumptions"]), id_="assumptions"
            ),
            section("Not compared", listed([f"{name(e['gpu'])}: {e['reason']}" for e in document["not_compared"]])),
            section("Notes", listed(list(_notes(document))), id_="notes"),
            section("Sources", listed(list(_sources(document))), id_="sources"),
            made_section(document, command),
        ],
        charts=charts,
    )


def comparison_pictures(document: Row, history: Sequence[Row] = ()) -> dict[str, Spec]:
    """The charts of a comparison, each with the machines, the use and the days it is of; arguments as for the report."""
    rented = f"Rented is {document['rent']['label']}."
    return about(comparison_charts(document, history), f"{_title(document)}. {rented}", _subtitle(document))


def _title(document: Row) -> str:
    return f"Rent or buy: {name(document['own']['label'])}"


_OF_ALL_WAYS = ("ways", "ways-months")
"""Charts of many lines, whose names need a whole line of the page."""

_MONTHS: tuple[Field, ...] = (
    ("month", "month", number(0)),
    ("rent_usd", "rent, USD", _DOLLARS),
    ("own_usd", "own, USD", _DOLLARS),
    ("own_if_sold_usd", "own, if sold then, USD", _DOLLARS),
)
_USE: tuple[Field, ...] = (
    ("hours_per_month", "hours a month", number(0)),
    ("utilisation", "of the month", lambda value: f"{value:.0%}"),
    ("margin_usd", "USD by which owning is cheaper", _DOLLARS),
    ("break_even_months", "pays after months", number(1)),
)


def _subtitle(document: Row) -> str:
    use, work = document["use"], document["workload"]
    job = f" of {name(work['model'])}, {work['samples']:,.0f} {name(work['sample_unit'])}s each" if work else ""
    jobs = f"{use['jobs_per_month']:g} jobs a month{job}, " if use["jobs_per_month"] else ""
    peak = use["peak"]
    months = (
        f"on average, {significant(peak['usual_hours_per_month'])} in a usual month and "
        f"{significant(peak['busy_hours_per_month'])} in {peak['months_per_year']:.3g} of twelve, "
        if peak
        else ""
    )
    return (
        f"{jobs}{significant(use['hours_per_month'])} hours of use a month {months}over {use['months']:g} months. "
        f"Compared on {document['as_of']}{_rent_day(document)}."
    )


def _rent_day(document: Row) -> str:
    """The days of the prices of the ways shown, and that of the one the verdict is against, if it has one."""
    against = document["against"]
    days = sorted(row["price_observed_on"] for row in document["alternatives"] if row["price_observed_on"])
    if against["way"] == "given":
        rent = "; the rent is a price of your own"
    else:
        day = next(row["price_observed_on"] for row in document["alternatives"] if row["name"] == against["name"])
        rent = f"; the rent is a price of {day}" if day else ""
    others = f", those of all ways of {days[0]} to {days[-1]}" if days and days[0] < days[-1] else ""
    return rent + others


def _minded(document: Row) -> Iterator[str]:
    """What stands beside the verdict: the totals in a currency, warnings, the odds, and what owning is made of."""
    if "verdict_in_currency" in document:
        yield document["verdict_in_currency"]
    yield from document["warnings"]
    yield _odds(document)
    yield document["owning"]


def _odds(document: Row) -> str:
    """Sentences beside the verdict: break-even in jobs and GPU-hours, and how far the random draws lie apart."""
    odds, even = document["odds"], document["break_even"]
    pays = ""
    if even["months"]:  # 0: nothing is bought
        jobs = f" or {significant(even['jobs'])} jobs" if even["jobs"] is not None else ""
        pays = f"Break-even: {significant(even['months'])} months{jobs}, {_maybe(even['gpu_hours'])} GPU-hours. "
    low, high = odds["margin_p10_usd"], odds["margin_p90_usd"]
    if high <= 0:
        span = f"{_DOLLARS(-high)} to {_DOLLARS(-low)} USD dearer than renting"
    elif low >= 0:
        span = f"{_DOLLARS(low)} to {_DOLLARS(high)} USD cheaper than renting"
    else:
        span = f"between {_DOLLARS(-low)} USD dearer and {_DOLLARS(high)} USD cheaper than renting"
    return (
        f"{pays}With all assumptions drawn from their ranges {odds['draws']:,} times, owning is {span} in eight of ten "
        "draws."
    )


def _line_numbers(document: Row, caption: str, field: str, at: str, places: str) -> Markup:
    """A column for each way to pay, a row for each place on the line."""
    lines = document["lines"]
    fields: tuple[Field, ...] = (
        (at, at.replace("_", " ").replace("per", "a"), number(0)),
        *((str(column), name(line["name"]), _DOLLARS) for column, line in enumerate(lines)),
    )
    rows = [
        {at: place[at], **{str(column): line[field][row] for column, line in enumerate(lines)}}
        for row, place in enumerate(document[places])
    ]
    return numbers_of(caption, fields, rows)


def _maybe(value: float | None) -> str:
    return "not known" if value is None else significant(value)


def _ways(document: Row) -> Content:
    """Every way to pay for the same work, cheapest first; the one that the verdict is against is marked."""
    months = document["use"]["months"]
    each = ("USD a run", "usd_per_job") if document["workload"] else ("USD per GPU hour used", "usd_per_gpu_hour")
    headings = (
        Heading("way to pay"),
        Heading("machine"),
        Heading("price of"),
        Heading("USD a month", is_number=True),
        Heading(f"USD over {months:g} months", is_number=True),
        Heading(each[0], is_number=True),
        Heading("buying pays from", is_number=True),
    )
    rows = [
        [
            cell(way_title(row), is_heading=True, label="way"),
            cell(name(row["name"]), class_="name", label="machine"),
            cell(row["price_observed_on"] or "-", class_="short", label="price of"),
            _sorted(row["usd_per_month"], _DOLLARS, label="USD a month"),
            _sorted(row["usd_total"], _DOLLARS, label="USD in all"),
            _sorted(row[each[1]], significant, label=each[0]),
            _sorted(
                row["break_even_utilisation"],
                lambda share: f"{share:.0%} use" if share else "always",
                label="pays from",
            ),
        ]
        for row in document["alternatives"]
    ]
    marked = [row["is_rented"] and row["name"] == document["against"]["name"] for row in document["alternatives"]]
    caption = "The verdict is against the row in bold. A dash: buying never pays."
    return sortable_table("way-rows", caption, headings, rows, marked=marked, hint="for example: spot", is_stacked=True)


def _bills(document: Row) -> Content:
    rent, own = document["rent"], document["own"]
    headings = (
        Heading(f"USD over {document['use']['months']:g} months"),
        Heading(f"rent: {name(rent['label'])}", is_number=True),
        Heading(f"own: {name(own['label'])}", is_number=True),
    )
    rows = [["rent", _DOLLARS(rent["usd_total"]), ""]]
    rows += [[name(item["name"]), "", _DOLLARS(item["usd"])] for item in own["items"]]
    total = len(rows)
    rows.append(["total", _DOLLARS(rent["usd_total"]), _DOLLARS(own["usd_total"])])
    if document["workload"]:
        rows.append(["USD per job", _money(rent["usd_per_job"]), _money(own["usd_per_job"])])
        rows.append(["hours per job", _span(rent), _span(own)])
        rows.append(["throughput", _basis(rent), _basis(own)])
    rows.append(["kWh", _maybe(rent["kwh_total"]), _maybe(own["kwh_total"])])
    rows.append(["kg CO2", _maybe(rent["kg_co2_total"]), _maybe(own["kg_co2_total"])])
    cells = [
        [cell(what, is_heading=True), number_cell(left, left), number_cell(right, right)] for what, left, right in rows
    ]
    return plain_table("Both bills, item by item. Ranges are low to high.", headings, cells, totals=[total])


def _money(value: float | None) -> str:
    return "-" if value is None else number(2)(value)


def _span(side: Row) -> str:
    """Hours of a job with their range, from the range of the throughput where the record has none of its own."""
    seconds, rate = side["seconds"], side.get("throughput")
    if seconds is None:
        return "-"
    if "seconds_low" in side:
        low, high = side["seconds_low"], side["seconds_high"]
    elif rate:
        low = seconds * rate["samples_per_second"] / rate["high"]
        high = seconds * rate["samples_per_second"] / rate["low"]
    else:
        return significant(hours(seconds))
    return f"{significant(hours(seconds))} ({significant(hours(low))} to {significant(hours(high))})"


def _basis(side: Row) -> str:
    rate = side.get("throughput")
    return basis_text(rate["basis"]) if rate else "not known"


def _ranking(document: Row) -> Content:
    headings = (
        Heading("way"),
        Heading("USD over the horizon", is_number=True),
        Heading("USD cheaper than renting", is_number=True),
        Heading("pays after months", is_number=True),
        Heading("hours per job", is_number=True),
    )
    rows = [
        [
            cell(name(row["what"]), is_heading=True, class_="name"),
            _sorted(row["usd_total"], _DOLLARS),
            _sorted(row["margin_usd"], _DOLLARS),
            _sorted(row["break_even_months"], number(1)),
            _sorted(None if row["seconds"] is None else hours(row["seconds"]), significant),
        ]
        for row in document["ranking"]
    ]
    caption = "Every machine and renting, best first. A dash: it never pays, or nothing is bought."
    return sortable_table("ranking-rows", caption, headings, rows, marked=[False] * len(rows), hint="for example: rtx")


def _sorted(value: float | None, text: Callable[[float], str], *, label: str | None = None) -> Markup:
    return number_cell("-", "", label=label) if value is None else number_cell(text(value), value, label=label)


def _sensitivity_numbers(document: Row) -> Markup:
    fields: tuple[Field, ...] = (
        ("name", "assumption", None),
        ("unit", "unit", None),
        ("low", "low", number(4)),
        ("margin_low_usd", "USD cheaper at the low end", _DOLLARS),
        ("high", "high", number(4)),
        ("margin_high_usd", "USD cheaper at the high end", _DOLLARS),
        ("flips", "verdict turns at", None),
    )
    rows = [
        {**entry, "flips": "never" if entry["flips_at"] is None else quantity(entry["flips_at"], entry)}
        for entry in document["sensitivity"]
    ]
    return numbers_of("Numbers of the assumptions", fields, rows)


def _notes(document: Row) -> Iterator[str]:
    yield from document["notes"]
    for side in ("rent", "own"):
        record = document[side]
        yield from (f"{side}: {note}" for note in record.get("notes") or ())
        yield from (f"{side}: {note}" for note in (record.get("throughput") or {}).get("notes") or ())


def _sources(document: Row) -> Iterator[str]:
    """Where each figure of both sides comes from, with its date."""
    rent, own = document["rent"], document["own"]
    if rent.get("price_source"):
        yield f"rent: {rent['price_source']}, price of {rent['price_observed_on']}"
    for part in ("cards", "host"):
        price = own["prices"][part]
        yield f"{part}: {_DOLLARS(price['usd'])} USD, {price['basis']}"
        for row in price["rows"]:
            yield f"{part}: {_DOLLARS(row['usd'])} USD of {row['as_of']}, {row['source']}; {row['note']}"
    for side, record in (("rent", rent), ("own", own)):
        for source in (record.get("throughput") or {}).get("sources") or ():
            yield f"throughput, {side}: {source}"
        grid = record.get("grid")
        if grid:
            yield f"grid, {side}: {grid['gco2_per_kwh']:g} g CO2/kWh, {grid['where']}, {grid['as_of']}; {grid['source']}"

"""Reports in a real browser: charts with the right numbers, tables that sort and filter, nothing that leaves the machine."""

import html
import json
import re
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe

import planner
from planner.render.charts.history import history_rows
from planner.render.report.comparison import comparison_report
from planner.render.report.estimates import estimate_report
from planner.results.comparison import document as comparison_document
from planner.results.estimate import document as estimate_document

pytestmark = pytest.mark.slow

DAY = date(2026, 7, 1)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
WINDOWS = [(size, theme) for size in (WIDE, PHONE) for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def estimated(tmp_path_factory):
    """The document of an estimate and the address of its report."""
    folder = tmp_path_factory.mktemp("estimate")
    content = estimate_document(planner.estimate(model="resnet50", epochs=90, as_of=DAY, limit=15))
    file = folder / "run.html"
    history = history_rows(content["estimates"], folder, DAY)
    file.write_text(estimate_report(content, command="planner estimate", history=history), encoding="utf-8")
    return content, file.as_uri()


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The document of a comparison in which buying wins, and the address of its report."""
    folder = tmp_path_factory.mktemp("compare")
    comparison = planner.compare(
        model="resnet50", epochs=90, buy=["rtx-4090", "rtx-3090"], jobs_per_month=20, providers=["aws"], as_of=DAY
    )
    content = comparison_document(comparison)
    file = folder / "buy.html"
    history = history_rows([content["rent"]], folder, DAY)
    file.write_text(comparison_report(content, command="planner compare", history=history), encoding="utf-8")
    return content, file.as_uri()


def ready(page):
    """The page, with all charts drawn."""
    page.evaluate("planner.ready.then(() => true)")
    return page


@pytest.mark.parametrize("which", ["estimated", "compared"])
@pytest.mark.parametrize(("size", "theme"), WINDOWS)
def test_a_report_fits_its_window(request, open_page, which, size, theme):
    """No sideways scrolling of the page and every chart drawn, wide and narrow, light and dark, without a fault."""
    _, address = request.getfixturevalue(which)

    page = ready(open_page(address, viewport=size, color_scheme=theme))

    assert size["width"] == page.evaluate("document.documentElement.scrollWidth")
    for drawing in page.query_selector_all(".drawing"):
        box = drawing.query_selector("svg").bounding_box()
        assert 100 < box["width"] <= size["width"]
        assert box["height"] > 100


@pytest.mark.parametrize("which", ["estimated", "compared"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(request, open_page, which, theme):
    """Contrast, names, order of headings, reach of the keyboard: what a checker can see is in order."""
    _, address = request.getfixturevalue(which)
    page = ready(open_page(address, viewport=WIDE, color_scheme=theme))
    for details in page.query_selector_all("details"):
        details.evaluate("element => element.open = true")

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]

    assert [] == [(entry["id"], entry["nodes"][0]["html"]) for entry in found]


def test_points_lie_where_the_numbers_say(estimated, open_page):
    """Each mark of time against cost is one row, at its hours and its USD."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))

    drawn = page.evaluate(
        """() => {
        const view = planner.views["time-cost"];
        const [x, y] = [view.scale("x"), view.scale("y")];
        return [...document.querySelectorAll('[data-chart="time-cost"] .mark-symbol.layer_2_marks path')].map((mark) => {
          const at = mark.transform.baseVal.consolidate().matrix;
          return [x.invert(at.e), y.invert(at.f)];
        });
      }"""
    )

    expected = sorted((row["seconds"] / 3600, row["usd"]) for row in content["estimates"])
    assert len(expected) == len(drawn)
    for (hours, usd), (drawn_hours, drawn_usd) in zip(expected, sorted(drawn), strict=True):
        assert pytest.approx(hours, rel=1e-6) == drawn_hours
        assert pytest.approx(usd, rel=1e-6) == drawn_usd


def test_bars_are_as_long_as_the_bill(estimated, open_page):
    """The pieces of a bar together are the cost of its pick, and no pick is missing."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))

    drawn = page.evaluate(
        """() => {
        const x = planner.views["cost-items"].scale("x");
        const bars = {};
        for (const mark of document.querySelectorAll('[data-chart="cost-items"] .mark-rect.layer_0_marks path')) {
          const box = mark.getBBox();
          const row = Math.round(box.y);
          bars[row] = (bars[row] ?? 0) + x.invert(box.width);
        }
        return Object.entries(bars).sort((one, other) => one[0] - other[0]).map(([, usd]) => usd);
      }"""
    )

    assert [pytest.approx(pick["estimate"]["usd"], rel=1e-3) for pick in content["picks"]] == drawn


def test_lines_end_where_the_curve_ends(compared, open_page):
    """After the last month the lines stand at what the document says was spent."""
    content, address = compared
    page = ready(open_page(address, viewport=WIDE))

    ends = page.evaluate(
        """() => {
        const y = planner.views.months.scale("y");
        return [...document.querySelectorAll('[data-chart="months"] .mark-line path')].map((line) =>
          y.invert(line.getPointAtLength(line.getTotalLength()).y));
      }"""
    )

    last = content["curve"][-1]
    expected = sorted((last["rent_usd"], last["own_usd"], last["own_if_sold_usd"]))
    assert [pytest.approx(usd, rel=5e-3) for usd in expected] == sorted(ends)


def test_a_click_on_a_heading_sorts(estimated, open_page):
    """Up, then down; the heading says so, and ranks follow the numbers and not their text."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))
    heading = page.locator("#estimates").get_by_role("columnheader", name="hours (low to high)")
    ranks = (
        "() => [...document.querySelectorAll('#estimates tbody tr')].map((row) => parseInt(row.cells[0].textContent))"
    )

    heading.get_by_role("button").click()
    up = page.evaluate(ranks)
    page.keyboard.press("Enter")
    down = page.evaluate(ranks)

    expected = [row["rank"] for row in sorted(content["estimates"], key=lambda row: row["seconds"])]
    assert expected == up
    assert expected[::-1] == down
    assert "descending" == heading.get_attribute("aria-sort")


def test_words_filter_rows(estimated, open_page):
    """Rows that hold every word stay; their number is said."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))

    page.get_by_label("Filter rows").fill("AWS spot")

    fitting = [row for row in content["estimates"] if row["provider"] == "aws" and row["purchase"] == "spot"]
    assert fitting
    assert len(fitting) == page.locator("#estimates tbody tr:visible").count()
    assert f"{len(fitting)} of {len(content['estimates'])} rows" == page.locator("output").inner_text()


def test_the_button_changes_the_theme(estimated, open_page):
    """The choice of the reader wins over the system's, also in the charts."""
    _, address = estimated
    page = ready(open_page(address, viewport=WIDE, color_scheme="light"))
    colours = """() => [document.documentElement, document.querySelector('[data-chart="time-cost"] text')].map(
        (element) => [getComputedStyle(element).backgroundColor, getComputedStyle(element).fill])"""

    light = page.evaluate(colours)
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate(colours)

    assert light[0][0] != dark[0][0]
    assert light[1][1] != dark[1][1]


def test_paper_is_white(estimated, open_page):
    """Whoever reads in the dark prints in black on white."""
    _, address = estimated
    page = ready(open_page(address, viewport=WIDE, color_scheme="dark"))

    page.emulate_media(media="print")

    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert not page.get_by_role("button", name="Light theme").is_visible()


def test_a_pointer_shows_the_numbers(estimated, open_page):
    """Over a mark a small box says what it is."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))
    best = content["estimates"][0]

    page.locator('[data-chart="time-cost"] .mark-symbol.layer_2_marks path').first.hover(force=True)

    tip = page.locator("dl.tip").inner_text()
    assert f"1: {best['gpu_count']}x {best['gpu']}" in tip
    assert best["instance_type"] in tip


def test_a_chart_is_saved_as_svg(estimated, open_page):
    """The file stands alone: its colours are written out, and it says what it is of."""
    content, address = estimated
    page = ready(open_page(address, viewport=WIDE))

    with page.expect_download() as download:
        page.get_by_role("button", name="Save the chart Time against cost as SVG").click()

    text = download.value.path().read_text(encoding="utf-8")
    assert "time-cost.svg" == download.value.suggested_filename
    assert text.startswith("<svg")
    assert "var(" not in text
    said = html.unescape(" ".join(re.findall(r">([^<>]+)<", text)))
    for words in ("Time against cost", content["workload"]["model"], content["as_of"], content["answer"][0][:20]):
        assert words in said


HOSTILE = {
    "script": "<script>window.hacked = 1</script>",
    "image": '<img src=x onerror="window.hacked = 1">',
    "end": "</script><script>window.hacked = 2</script><!--",
    "formula": "=cmd|' /C calc'!A0",
    "path": "../../../../etc/passwd",
    "direction": "abc\u202egpj.exe\u2066\u200f",
    "terminal": "\x1b]0;owned\x07\x1b[31mred\x9b2J",
    "quote": "\"'&lt;`${window.hacked = 1}`\u2028alert(1)//",
    "long": "x" * 10_240,
}


def test_nothing_that_a_price_book_says_is_run(estimated, open_page, tmp_path):
    """Names are shown as text, wherever they stand: nothing runs, the page keeps its width, no row is lost."""
    content = json.loads(json.dumps(estimated[0]))
    for row, text in zip(content["estimates"], HOSTILE.values(), strict=False):
        row |= {"instance_type": text, "region": text, "provider": text, "zone": text, "price_source": text}
        row["notes"], row["items"][0]["name"] = [text], text
        row["throughput"]["sources"] = [text]
    content["assumptions"] = content["notes"] = list(HOSTILE.values())
    content["prices"][0]["source"] = HOSTILE["end"]
    file = tmp_path / "hostile.html"
    file.write_text(estimate_report(content, command=f"planner {HOSTILE['end']}"), encoding="utf-8")

    page = ready(open_page(file.as_uri(), viewport=WIDE))
    for mark in page.locator('[data-chart="time-cost"] .mark-symbol.layer_2_marks path').all():
        mark.hover(force=True)
    page.get_by_label("Filter rows").fill(HOSTILE["script"])

    assert page.evaluate("window.hacked") is None
    assert 1 == page.locator("#estimates tbody tr:visible").count()
    assert WIDE["width"] == page.evaluate("document.documentElement.scrollWidth")
    assert HOSTILE["script"] in page.locator("#estimates tbody tr:visible").inner_text()
    assert all(char.isprintable() or char in "\n\t" for char in page.locator("body").inner_text())

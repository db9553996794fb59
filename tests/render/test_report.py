"""Reports as files: what they say, and that they hold all they need. How they behave is tested in tests/browser."""

import html
import json
import re
from datetime import date

import pytest

import planner
from planner.answers.fit import fits
from planner.options.language import language_arguments
from planner.render.report.comparison import comparison_report
from planner.render.report.estimates import ROWS, estimate_report
from planner.render.report.fit import fit_report
from planner.render.report.markup import Markup, element, joined
from planner.render.report.page import safe_json
from planner.render.report.recommendation import recommendation_report
from planner.results.comparison import document as comparison_document
from planner.results.estimate import document as estimate_document
from planner.results.machines import machine_records
from planner.results.recommendation import document as recommendation_document

DAY = date(2026, 7, 1)
MEGABYTES = 5


@pytest.fixture(scope="module")
def estimated():
    """The document of a few estimates."""
    result = planner.estimate(model="resnet50", epochs=90, as_of=DAY, purchases=["spot"], limit=6)
    return estimate_document(result)


@pytest.fixture(scope="module")
def page(estimated):
    """Its report."""
    return estimate_report(estimated, command="planner estimate --model resnet50 --epochs 90")


def words(page):
    """What a reader sees: the text without scripts, styles and markup."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_best_row_of_all_is_said_above_all_rows(estimated, page):
    """With its USD and hours, their ranges and the age of its price, be it proposed or not."""
    text, best = words(page), estimated["estimates"][0]

    start = text.index("Cheapest of all rows: ")
    assert text.index("Charts") < start
    sentence = text[start : start + 250]
    for part in (best["gpu"], best["instance_type"], f"{best['usd']:.2f} USD", best["price_observed_on"], "days old"):
        assert part in sentence


def test_the_sentences_and_the_picks_come_before_all_else():
    """The answer in its own words, then a row for each pick with market, evidence and the date of its price."""
    estimated = estimate_document(planner.estimate(model="resnet50", epochs=90, as_of=DAY, limit=6))
    page = estimate_report(estimated, command="planner")
    text = words(page)
    assert len({pick["market"] for pick in estimated["picks"]}) > 1

    places = [text.index(sentence) for sentence in map(html.escape, estimated["answer"])]
    assert places == sorted(places)
    assert places[-1] < text.index("What to take: of each market") < text.index("Cheapest of all rows: ")
    rows = re.findall(r"<tr>(.*?)</tr>", page[page.index('id="picks"') : page.index('id="charts"')])[1:]
    assert len(rows) == len(estimated["picks"])
    for row, pick in zip(map(words, rows), estimated["picks"], strict=True):
        one = pick["estimate"]
        age = (date.fromisoformat(estimated["as_of"]) - date.fromisoformat(one["price_observed_on"])).days
        for part in (
            str(pick["number"]), f"{pick['pick']} here".removesuffix(" here" * (pick["pick"] in ("balanced", "between"))), one["gpu"], one["instance_type"], f"{one['usd']:,.2f}",
            one["throughput"]["basis"], f"{one['price_observed_on']} {age} days old",
        ):  # fmt: skip
            assert part in row


def test_the_days_of_the_header_are_those_of_all_rows_shown(estimated):
    """Of what is proposed and of what is ranked; a machine of one's own has no day."""
    first, *others = estimated["estimates"]
    changed = {**estimated, "estimates": [{**first, "price_observed_on": "2026-06-30"}, *others]}
    pick, *picks = estimated["picks"]
    early = {**pick, "estimate": {**pick["estimate"], "price_observed_on": "2024-02-29"}}

    text = words(estimate_report({**changed, "picks": [early, *picks]}, command="planner"))
    own = [{**row, "provider": "own"} for row in estimated["estimates"]]
    alone = words(estimate_report({**estimated, "estimates": own, "picks": []}, command="planner"))

    assert "with prices of 2024-02-29 to 2026-06-30." in text
    assert "with prices of your own." in alone


def test_what_may_not_be_picked_is_counted_and_said_of_its_row(estimated):
    """The cheapest row of all says why it is not proposed; without any pick the page says that."""
    first = {**estimated["estimates"][0], "not_picked": "gpu_too_old"}
    barred = {**estimated, "estimates": [first], "picks": [], "not_picked": [{"reason": "gpu_too_old", "count": 7}]}

    text = words(estimate_report(barred, command="planner"))

    assert "No row may be picked." in text
    assert f"Not picked, of {estimated['machines']:,} machines: 7 GPU too old." in text
    assert "Not proposed: GPU too old." in text


def test_everything_the_document_says_is_on_the_page(estimated, page):
    """Assumptions, counts of what was left out, ages, notes, sources of every row, and the command."""
    text = words(page)

    expected = [
        *estimated["assumptions"],
        *(f"{entry['count']:,} offers: {entry['reason']}" for entry in estimated["left_out"]),
        *(
            f" {_or_dash(book['age_days_median'])} {_or_dash(book['age_days_oldest'])} {book['rows']:,} "
            for book in estimated["prices"]
        ),
        *(source for row in estimated["estimates"] for source in row["throughput"]["sources"]),
        *(row["interruptions"]["source"] for row in estimated["estimates"]),
        *(note for row in estimated["estimates"] for note in row["notes"]),
        "planner estimate --model resnet50 --epochs 90",
    ]
    assert [] == [line for line in expected if str(element("p", line))[3:-4] not in text.replace(" ;", ";")]


def test_ages_of_prices_are_told_by_kind_of_purchase(estimated):
    """A median over all rows would make prices on demand as old as those of spot."""
    kinds = (("on_demand", 47, 309), ("spot", 541, 541))
    purchases = [{"purchase": kind, "age_days_newest": new, "age_days_oldest": old} for kind, new, old in kinds]
    book = {**estimated["prices"][0], "age_days_median": 541, "age_days_oldest": 541, "purchases": purchases}

    page = estimate_report({**estimated, "prices": [book]}, command="planner estimate")

    assert f"{book['observed_on']} on demand 47-309 d, spot 541 d 541 541 {book['rows']:,} " in words(page)


def _or_dash(age):
    return "-" if age is None else age


def test_a_report_needs_nothing_but_itself(page):
    """No address to load from, a policy that forbids it, and chart code once."""
    head = page[: page.index("<body>")]
    written = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)

    assert "default-src &#x27;none&#x27;" in head
    assert "unsafe" not in head
    assert [] == re.findall(r"<(?:link|img|iframe|script)[^>]*(?:src|href)=", written)
    assert [] == re.findall(r"""(?:src|href|url)[=(]["']?https?:""", written)
    assert 1 == page.count("window.vegaEmbed=")


def test_reports_are_small(page):
    """A file that can be mailed."""
    assert len(page.encode()) < 1.2e6


def test_thousands_of_rows_are_cut_but_keep_the_front(estimated):
    """The best rows by the chosen order and the whole front; the page says so and stays under its limit."""
    row = estimated["estimates"][0]
    source = "a source of its own, number "
    many = [
        {
            **row,
            "rank": rank,
            "is_pareto": rank == 9000,
            "instance_type": f"type-{rank}",
            "price_source": f"{source}{rank} " + "x" * 100,
        }
        for rank in range(1, 9001)
    ]

    page = estimate_report({**estimated, "estimates": many}, command="planner")

    assert len(page.encode()) < MEGABYTES * 1e6
    assert page.count('scope="row"') == ROWS + 1 + len(estimated["prices"]) + len(estimated["picks"])
    assert "type-9000" in page
    assert f"The first {ROWS:,} of 9,000 rows" in page


def test_two_reports_are_the_same_bytes(estimated, page):
    """No clock, no random name."""
    assert page == estimate_report(estimated, command="planner estimate --model resnet50 --epochs 90")


def test_sorted_by_time_the_fastest_is_the_first_of_all(estimated):
    """`Cheapest of all` is said only of rows in order of cost."""
    by_time = sorted(estimated["estimates"], key=lambda row: row["seconds"])

    text = words(estimate_report({**estimated, "estimates": by_time}, command="planner"))

    assert "Fastest of all rows: " in text
    assert "Cheapest of the 6 rows shown: " in text


def test_no_row_is_said_so(estimated):
    """A report of nothing says why."""
    text = words(estimate_report({**estimated, "estimates": []}, command="planner"))

    assert "No offer is left." in text


def test_a_comparison_shows_both_bills_and_their_sources():
    """The verdict first; every item, assumption, price of a card and source after it."""
    comparison = planner.compare(model="resnet50", epochs=90, buy=["rtx-4090"], jobs_per_month=4, as_of=DAY)
    content = comparison_document(comparison)

    text = words(comparison_report(content, command="planner compare --buy rtx-4090"))

    places = [
        text.index(html.escape(line)) for line in (content["verdict"], content["owning"], "Every way to pay", "Charts")
    ]
    assert places == sorted(places)
    days = sorted(row["price_observed_on"] for row in content["alternatives"] if row["price_observed_on"])
    assert f"those of all ways of {days[0]} to {days[-1]}." in text
    own = content["own"]
    assert all(f"{item['name']} {item['usd']:,.0f} " in re.sub(r"\s+", " ", text) for item in own["items"])
    assert all(row["source"].replace("&", "&amp;") in text for row in own["prices"]["cards"]["rows"])
    assert all(line in text for line in content["assumptions"] if "'" not in line)


def test_a_rent_of_your_own_is_said_only_where_one_is_given():
    """With a rate of one's own, and not with a list price."""
    asked = {"buy": "rtx-4090", "utilisation": 0.3, "as_of": DAY}

    given = comparison_document(planner.compare(**asked, rent_usd_per_hour=1.0))
    listed = comparison_document(planner.compare(**asked))

    assert "the rent is a price of your own" in words(comparison_report(given, command="planner"))
    assert "of your own" not in words(comparison_report(listed, command="planner"))


def test_text_is_escaped_unless_it_was_made_here():
    """Only what `element` made is markup."""
    made = element("p", "<b>", element("b", "&"), ["'", None], class_='"><script>')

    assert '<p class="&quot;&gt;&lt;script&gt;">&lt;b&gt;<b>&amp;</b>&#x27;</p>' == made
    assert "&lt;i&gt;" == joined("<i>")
    assert "<i>" == joined(Markup("<i>"))


def test_data_cannot_leave_its_script_element():
    """No character that ends the element, opens a comment or breaks a line of code."""
    text = safe_json({"name": "</script><!-- & \u2028\u2029"})

    assert not set("<>&\u2028\u2029") & set(text)
    assert {"name": "</script><!-- & \u2028\u2029"} == json.loads(text)


def test_a_recommendation_is_a_report_of_its_reasons():
    """Its sentences first and in their order; every row and near miss; a point for each way in time against cost."""
    found = planner.recommend(model="resnet50", epochs=90, as_of=DAY, gpus=["H100", "L40S"], max_hours=48)
    document = recommendation_document(found)

    page = recommendation_report(document, command="planner recommend", machines=machine_records(found.everything))

    text = words(page)
    places = [text.index(html.escape(sentence)) for sentence in document["sentences"]]
    assert places == sorted(places)
    said = len(document["answer"])
    assert places[said - 1] < text.index("Best first") < places[said]
    assert max(places) < text.index("Nearly") < text.index("Charts")
    assert all(html.escape(miss["why"]) in text for miss in document["near_misses"])
    drawn = json.loads(re.search(r'id="chart-specs">(.*?)</script>', page, re.DOTALL)[1])
    assert found.everything
    assert "Small points are all other machines" in drawn["time-cost"]["title"]["subtitle"]


@pytest.mark.parametrize(
    ("gpus", "answer"),
    [
        (["RTX 4090", "T4"], "It fits on 1 x rtx-4090. It does not fit on 1 x t4 ("),
        (["T4"], "It does not fit on 1 x t4 ("),
        ([], "The smallest machine that holds it is 1 x "),
    ],
)
def test_a_fit_is_a_report_that_says_where(gpus, answer):
    """The answer, what would make it fit, and the table; without a chart it needs no drawing."""
    options = {**language_arguments({"method": "lora"})}
    found = fits(model="llama-3-8b", gpus=gpus, precision="amp", batch_size=32, options=options, limit=5)

    text = words(fit_report(found, command="planner fit --model llama-3-8b"))

    assert answer in text
    assert text.index(answer) < text.index("Memory") < text.index("planner fit --model llama-3-8b")
    assert all(f"{one.gpu_count:g} x {one.gpu.name}" in text for one in found.reports)

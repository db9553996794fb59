"""The local page in a real browser: the right numbers, sliders and links, nothing that leaves the machine."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.conftest import DAY, served

pytestmark = pytest.mark.slow

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
WINDOWS = [(size, theme) for size in (WIDE, PHONE) for theme in ("light", "dark")]
RENT = {"model": "resnet50", "epochs": "90", "as_of": DAY}
BUY = {**RENT, "buy": "rtx-4090", "jobs_per_month": "4"}
NOTHING_TOO_WIDE = (
    "() => [...document.querySelectorAll('.drawing svg')].every(one => one.getBoundingClientRect().width <= innerWidth)"
)
TAKE = {**RENT, "deadline": "2d"}
FIT = {"model": "llama-3-8b", "method": "lora"}
PAGES = {
    "rent": ("/", RENT, "/api/estimate"),
    "take": ("/recommend", TAKE, "/api/recommend"),
    "buy": ("/compare", BUY, "/api/compare"),
    "fit": ("/fit", FIT, "/api/fit"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(home=tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def page_of(server, open_page):
    """Opens one of `PAGES`, with other parameters if wanted, and waits until everything is drawn."""

    def open_(which, changes=(), query=None, **options):
        path, question, _ = PAGES[which]
        asked = "&".join(f"{name}={value}" for name, value in {**question, **dict(changes)}.items())
        page = open_page(
            f"{server.address[:-1]}{path}?{asked if query is None else query}", **{"viewport": WIDE, **options}
        )
        page.evaluate("planner.ready.then(() => true)")
        return page

    return open_


def change(page, selector, value):
    """Types or slides, and waits for the answer to be drawn."""
    page.evaluate("delete document.getElementById('result').dataset.milliseconds")
    field = page.locator(selector)
    if field.get_attribute("type") == "range":
        field.evaluate(
            """(field, value) => { field.value = value;
            for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true })); }""",
            str(value),
        )
    else:
        field.fill(str(value))
        field.press("Tab")
    drawn(page)


def drawn(page):
    page.wait_for_selector("#result[data-milliseconds]:not([aria-busy])")


def follow(page, kind):
    """Goes to another page by its link."""
    page.click(f"nav a[data-kind={kind}]")
    page.wait_for_url(f"**/{kind}?*")
    page.wait_for_function("window.planner?.ready")
    page.evaluate("planner.ready.then(() => true)")


def query_of(page):
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def points(page):
    """Hours and USD of every mark of time against cost, as they lie in the picture."""
    found = page.evaluate(
        """() => {
        const view = planner.views["time-cost"];
        const [x, y] = [view.scale("x"), view.scale("y")];
        return [...document.querySelectorAll('[data-chart="time-cost"] .mark-symbol.layer_2_marks path')].map((mark) => {
          const at = mark.transform.baseVal.consolidate().matrix;
          return [x.invert(at.e), y.invert(at.f)];
        });
      }"""
    )
    return sorted(found)


def last_of_months(page):
    """Where the lines over the months end, in USD."""
    return sorted(
        page.evaluate(
            """() => {
        const y = planner.views.months.scale("y");
        return [...document.querySelectorAll('[data-chart="months"] .mark-line path')].map((line) =>
          y.invert(line.getPointAtLength(line.getTotalLength()).y));
      }"""
        )
    )


def estimates(server, **changes):
    return server.get("/api/estimate", {**RENT, **changes}).json["estimates"]


def check_points(server, page, **changes):
    expected = sorted((row["seconds"] / 3600, row["usd"]) for row in estimates(server, **changes))
    found = points(page)
    assert len(expected) == len(found)
    for numbers, lies in zip(expected, found, strict=True):
        assert pytest.approx(numbers, rel=1e-6) == tuple(lies)


@pytest.mark.parametrize("which", PAGES)
@pytest.mark.parametrize(("size", "theme"), WINDOWS)
def test_the_page_fits_its_window(page_of, which, size, theme):
    """No sideways scrolling, wide no table that is cut, and every chart drawn, light and dark, without a fault."""
    page = page_of(which, color_scheme=theme)
    page.set_viewport_size(size)
    page.wait_for_function(NOTHING_TOO_WIDE)

    assert size["width"] == page.evaluate("document.documentElement.scrollWidth")
    if size is WIDE:
        assert [] == page.evaluate(
            """() => [...document.querySelectorAll("main section > .scroll")]
            .filter((place) => place.scrollWidth > place.clientWidth).map((place) => place.getAttribute("aria-label"))"""
        )
    for drawing in page.query_selector_all(".drawing"):
        box = drawing.query_selector("svg").bounding_box()
        assert 100 < box["width"] <= size["width"]
        assert box["height"] > 100


@pytest.mark.parametrize("which", PAGES)
def test_a_phone_shows_the_answer_first(page_of, which):
    """The question is folded and can be opened; the answer stands on the first screen."""
    page = page_of(which, viewport={"width": 390, "height": 844})

    answer = page.query_selector("#content .answer").bounding_box()
    assert answer["y"] + answer["height"] < 844
    assert not page.is_visible("#model")
    page.click("#asking > summary")
    assert page.is_visible("#model")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_selector("#model", state="visible")
    assert not page.is_visible("#asking > summary")


def test_a_phone_stacks_the_picks(page_of):
    """Each cell in a line of its own after its label, none beyond the edge."""
    page = page_of("rent", viewport={"width": 390, "height": 844})

    cells = page.query_selector_all("#picks tbody tr:first-child > *")
    boxes = [cell.bounding_box() for cell in cells]
    assert 8 == len(boxes)
    assert boxes == sorted(boxes, key=lambda box: box["y"])
    assert max(box["x"] + box["width"] for box in boxes) <= 390
    labels = page.evaluate(
        """() => [...document.querySelectorAll("#picks tbody tr:first-child > *")]
        .map((cell) => getComputedStyle(cell, "::before").content)"""
    )
    assert ['"row"', '"pay"', '"GPUs"', '"hours"', '"USD"', '"evidence"', '"price of"', '"where"'] == labels


@pytest.mark.parametrize("which", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page_of, which, theme):
    """Contrast, names, order of headings, reach of the keyboard: what a checker can see is in order."""
    page = page_of(which, color_scheme=theme)
    for details in page.query_selector_all("details"):
        details.evaluate("element => element.open = true")

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]

    assert [] == [(entry["id"], entry["nodes"][0]["html"]) for entry in found]


def test_axe_finds_nothing_in_the_reference(server, open_page):
    """The page of the API too."""
    page = open_page(f"{server.address}api", viewport=PHONE)

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]

    assert [] == [(entry["id"], entry["nodes"][0]["html"]) for entry in found]
    assert PHONE["width"] == page.evaluate("document.documentElement.scrollWidth")


def test_charts_and_table_have_the_numbers_of_the_api(server, page_of):
    """Each mark lies at the hours and USD of its row, and the table lists the same rows."""
    page = page_of("rent")

    check_points(server, page)
    ranks = page.locator("#estimates tbody tr td:first-child").all_inner_texts()
    assert [row["rank"] for row in estimates(server)] == [int(rank.rstrip("*")) for rank in ranks]


def test_another_number_of_epochs_moves_every_mark(server, page_of):
    """A drawing that is used again shows the numbers of the new answer, and the address says what they are of."""
    page = page_of("rent")

    for epochs in ("45", "45.5", "300"):
        change(page, "#epochs", epochs)
        assert epochs == query_of(page)["epochs"]
        check_points(server, page, epochs=epochs)


@pytest.mark.parametrize(
    ("slider", "value"),
    [("jobs_per_month", "12"), ("usd_per_kwh", "0.5"), ("months", "60"), ("card_usd", "500"), ("discount_per_year", "0.1")],
)  # fmt: skip
def test_sliders_change_the_answer_and_the_address(server, page_of, slider, value):
    """The number beside it, the verdict, the lines and the address say the same."""
    page = page_of("buy")
    verdict = page.locator("#content p.answer").first.inner_text()

    change(page, f"input[data-for={slider}]", value)

    answer = server.get("/api/compare", {**BUY, slider: value}).json
    assert value == query_of(page)[slider] == page.locator(f"#{slider}").input_value()
    assert verdict != page.locator("#content p.answer").first.inner_text()
    assert answer["verdict"] == page.locator("#content p.answer").first.inner_text()
    last = answer["curve"][-1]
    expected = sorted((last["rent_usd"], last["own_usd"], last["own_if_sold_usd"]))
    assert [pytest.approx(usd, rel=1e-2) for usd in expected] == last_of_months(page)


def test_untouched_sliders_stand_at_the_shipped_figures(server, page_of):
    """And send nothing: what the planner knows better stays its own."""
    page = page_of("buy")
    terms = server.get("/api/compare", BUY).json["own"]["terms"]

    assert pytest.approx(terms["card_usd"], abs=25) == float(page.locator("input[data-for=card_usd]").input_value())
    assert pytest.approx(terms["usd_per_kwh"], abs=0.005) == float(
        page.locator("input[data-for=usd_per_kwh]").input_value()
    )
    assert "card_usd" not in query_of(page)


def test_a_card_without_a_price_of_its_own_shows_none(page_of):
    """An H100 SXM is bought with its system: that is no card for 0 USD."""
    page = page_of("buy", {"buy": "h100-80gb-sxm:8"})

    assert "none" == page.locator("#card_usd").get_attribute("placeholder")
    assert "none" == page.locator("input[data-for=card_usd]").get_attribute("aria-valuetext")


def test_a_shared_link_restores_everything(server, page_of, open_page):
    """Form, table and answer, in another browser: also what stands folded in the form."""
    page = page_of("rent", {"tax_fraction": "0.19", "provider": "aws", "purchase": "spot", "sort": "hours"})
    change(page, "#gpu", "A100, t4")
    page.get_by_label("Filter rows").fill("a100")
    page.locator("#estimates").get_by_role("columnheader", name="USD (low to high)").get_by_role("button").click()
    rows = page.locator("#estimates tbody tr:visible").all_inner_texts()

    other = open_page(page.url, viewport=WIDE)
    other.evaluate("planner.ready.then(() => true)")

    assert rows
    assert rows == other.locator("#estimates tbody tr:visible").all_inner_texts()
    assert "A100, t4" == other.locator("#gpu").input_value()
    assert "0.19" == other.locator("#tax_fraction").input_value()
    assert other.locator("input[name=provider][value=aws]").is_checked()
    assert "hours" == other.locator("#sort").input_value()
    assert "ascending" == other.locator("#estimates").get_by_role(
        "columnheader", name="USD (low to high)"
    ).get_attribute("aria-sort")
    assert page.url == other.url


def test_back_takes_the_last_step_back(server, page_of):
    """One step for each change, not one for each key."""
    page = page_of("rent")
    change(page, "#epochs", "30")
    change(page, "#epochs", "60")

    page.evaluate("delete document.getElementById('result').dataset.milliseconds")
    page.go_back()
    drawn(page)

    assert "30" == page.locator("#epochs").input_value() == query_of(page)["epochs"]
    check_points(server, page, epochs=30)


def test_what_is_wrong_is_said_beside_the_form(page_of):
    """The field is marked, the message says what would do, and the last answer is not left standing."""
    page = page_of("rent")

    page.locator("#model").fill("resnet5o")
    page.wait_for_selector("#error:not([hidden])")

    assert "resnet50" in page.locator("#error").inner_text()
    assert "true" == page.locator("#model").get_attribute("aria-invalid")
    assert not page.locator("#content").is_visible()
    change(page, "#model", "resnet50")
    assert not page.locator("#error").is_visible()
    assert page.locator("#model").get_attribute("aria-invalid") is None


def test_a_parameter_nobody_knows_is_said(page_of):
    """A link with a slip of the pen does not answer another question in silence."""
    page = page_of("rent", query="model=resnet50&epochs=90&epoch=3")

    assert "Unknown parameter 'epoch'" in page.locator("#error").inner_text()


def test_nothing_typed_is_dropped_or_replaced(server, page_of):
    """Whatever model is chosen next: what does not go together is said, and the fields that a model takes are shown."""
    page = page_of("rent", query=f"as_of={DAY}")
    change(page, "#epochs", "3")
    assert "Model resnet50." in page.locator("#example").inner_text()  # epochs are said now

    page.locator("#model").fill("llama-3-8b")
    page.locator("#model").press("Tab")
    page.wait_for_selector("#error:not([hidden])")
    assert "How much text?" in page.locator("#error").inner_text()
    assert {"model": "llama-3-8b", "epochs": "3", "as_of": DAY} == query_of(page)
    assert page.is_visible("#epochs")
    assert page.is_visible("#samples")
    assert page.is_visible("#tokens")
    assert not page.is_visible("#rows")
    assert not page.is_visible("#example")

    change(page, "#samples", "50k")
    asked = {"model": "llama-3-8b", "epochs": "3", "samples": "50k", "as_of": DAY}
    assert asked == query_of(page)
    assert server.get("/api/estimate", asked).json["answer"] == page.locator("#content p.answer").all_inner_texts()

    page.locator("#model").fill("xgboost")
    page.locator("#model").press("Tab")
    page.wait_for_selector("#error:not([hidden])")
    assert asked | {"model": "xgboost"} == query_of(page)
    assert page.is_visible("#samples")
    assert page.is_visible("#rows")


@pytest.mark.parametrize("which", PAGES)
def test_a_page_begins_with_an_example_and_says_so(page_of, which):
    """No field holds what nobody typed; the answer is that of the example, and so are the files to keep."""
    page = page_of(which, query="")

    fields = page.evaluate(
        "() => [...document.getElementById('question').elements].filter((one) => one.name && one.type !== 'checkbox' "
        "&& one.type !== 'range').map((one) => one.value)"
    )
    assert {""} == set(fields)
    assert "?" not in page.url.rstrip("?")
    assert page.is_visible("#content p.answer")
    assert page.locator("#example").inner_text().startswith("An example, as you have not said: Model ")
    assert "model=" in page.locator("a[data-format=json]").get_attribute("href")


def test_the_other_question_takes_along_what_was_said(page_of):
    """From renting to buying and back nothing is lost."""
    page = page_of("buy", {"max_hours": "50"})

    page.get_by_role("link", name="Rent: time and cost").click()
    page.wait_for_url(lambda address: "/" == urlsplit(address).path)  # and until its scripts have run
    page.evaluate("planner.ready.then(() => true)")

    assert {**BUY, "max_hours": "50"} == query_of(page)
    assert "50" == page.locator("#max_hours").input_value()


@pytest.mark.parametrize("which", PAGES)
@pytest.mark.parametrize("form", ["json", "csv", "html"])
def test_answers_can_be_kept(server, page_of, which, form):
    """The files are those of the API."""
    page = page_of(which)

    with page.expect_download() as download:
        page.locator(f"a[data-format={form}]").click()

    kept = download.value.path().read_bytes()
    assert server.get(PAGES[which][2], {**PAGES[which][1], "format": form}).body == kept
    assert download.value.suggested_filename.endswith(f".{form}")


def test_the_keyboard_reaches_everything(page_of):
    """Tab goes from the skip link through the form; an arrow moves a slider and the answer."""
    page = page_of("buy")
    page.keyboard.press("Tab")
    assert "Skip to the answer" == page.evaluate("document.activeElement.textContent")
    before = page.locator("#content p.answer").first.inner_text()

    page.locator("input[data-for=months]").focus()
    page.evaluate("delete document.getElementById('result').dataset.milliseconds")
    page.keyboard.press("ArrowRight")
    drawn(page)

    assert "37" == query_of(page)["months"]
    assert before != page.locator("#content p.answer").first.inner_text()


def test_only_the_latest_answer_is_shown(server, page_of):
    """Ten numbers typed faster than answers come: the last one wins."""
    page = page_of("rent")

    page.evaluate("delete document.getElementById('result').dataset.milliseconds")
    page.locator("#epochs").press_sequentially("1234", delay=15)
    page.wait_for_timeout(1500)  # for an older answer to come late
    drawn(page)

    epochs = page.locator("#epochs").input_value()
    assert epochs == query_of(page)["epochs"]
    check_points(server, page, epochs=epochs)


def test_a_recommendation_says_what_the_api_says(server, page_of):
    """First what to take, then why; each row that is recommended, and what nearly won."""
    page = page_of("take")

    answer = server.get("/api/recommend", TAKE).json
    assert answer["answer"] + answer["warnings"] == page.locator("#content p.answer").all_inner_texts()
    assert answer["sentences"][len(answer["answer"]) :] == page.locator("#why li").all_inner_texts()
    assert [str(row["rank"]) for row in answer["estimates"]] == page.locator(
        "#best tbody td:first-child"
    ).all_inner_texts()
    assert [row["why"] for row in answer["near_misses"]] == page.locator(
        "#nearly tbody td:last-child"
    ).all_inner_texts()
    change(page, "#deadline", "3h")
    assert "3h" == query_of(page)["deadline"]
    three = server.get("/api/recommend", {**RENT, "deadline": "3h"}).json
    assert three["answer"] + three["warnings"] == page.locator("#content p.answer").all_inner_texts()
    assert three["answer"] != answer["answer"]


def test_a_fit_says_what_the_api_says(server, page_of):
    """Of every GPU, and of those that are named."""
    page = page_of("fit")
    rows = server.get("/api/fit", FIT).json["fits"]
    assert [row["gpus"] for row in rows] == page.locator("#rows tbody th").all_inner_texts()
    assert f"holds it is {rows[0]['gpus']}" in page.locator("#content p.answer").inner_text()

    change(page, "#gpu", "RTX 4090, T4")

    assert ["1 x rtx-4090", "1 x t4"] == page.locator("#rows tbody th").all_inner_texts()
    assert (
        page.locator("#content p.answer")
        .inner_text()
        .startswith("It fits on 1 x rtx-4090. It does not fit on 1 x t4 (")
    )


def test_the_form_follows_the_kind_of_work(page_of):
    """Epochs of images and of texts, tokens of language models, rows of trees; all of them of a model that nobody knows."""
    page = page_of("rent", query="")
    visible = lambda: {name for name in ("epochs", "tokens", "method", "rows", "depth") if page.is_visible(f"#{name}")}  # noqa: E731
    page.evaluate("for (const one of document.querySelectorAll('form details')) one.open = true")

    assert {"epochs", "tokens", "method", "rows", "depth"} == visible()
    for model, fields in (
        ("resnet50", {"epochs"}),
        ("llama-3-8b", {"epochs", "tokens", "method"}),
        ("xgboost", {"rows", "depth"}),
        ("some/model-of-mine", {"epochs", "tokens", "method", "rows", "depth"}),
    ):
        page.locator("#model").fill(model)
        page.locator("#model").press("Tab")
        assert fields == visible()


def test_the_questions_hand_on_what_they_share(page_of):
    """The model stays on the way to another page; what only another one knows is kept in the address, and not sent."""
    page = page_of("buy", {"months": "24"})

    follow(page, "recommend")

    assert {"model": "resnet50", "months": "24", "buy": "rtx-4090"}.items() <= query_of(page).items()
    assert "4" == page.locator("#runs_per_month").input_value()  # the same by another of its names
    assert "" == page.locator("#more").inner_text()
    follow(page, "compare")
    assert "24" == page.locator("#months").input_value()


def test_a_phone_shows_what_is_wrong_and_what_would_do(page_of):
    """The message stands above the question that is opened, with the names that are meant as buttons."""
    page = page_of("take", {"model": "resnet5o"}, viewport={"width": 390, "height": 844})

    box = page.locator("#error").bounding_box()
    assert box["y"] + box["height"] < 844
    page.evaluate("delete document.getElementById('result').dataset.milliseconds")
    page.get_by_role("button", name="resnet50", exact=True).click()
    drawn(page)
    assert "resnet50" == query_of(page)["model"] == page.locator("#model").input_value()
    assert not page.is_visible("#error")


def test_without_scripts_there_is_a_sentence(server, open_page):
    """Whoever reads without JavaScript learns where the answers are."""
    page = open_page(server.address, java_script_enabled=False)

    assert "needs JavaScript" in page.content() or "JavaScript, which is off" in page.locator("noscript").inner_text()


def test_names_run_nothing(page_of):
    """An own model of an ugly name is shown as it is called."""
    name = "%3Cimg src=x onerror=window.hacked=1%3E"
    page = page_of("rent", query=f"model={name}&measured=t4%3D100&samples_per_epoch=1e6&epochs=2")

    assert "<img src=x onerror=window.hacked=1>" in page.locator("#title").inner_text()
    assert page.evaluate("window.hacked") is None
    assert json.loads(page.evaluate("JSON.stringify(document.querySelectorAll('#content img').length)")) == 0

"""Every door gives the same figures, to the last bit, or the same refusal: over all options, drawn from their declarations."""

import csv
import math
import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import planner
from planner.answers.buying.ways_to_pay import RENTED
from planner.answers.sweep import planned_parts
from planner.export import files
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.options.times import hours_until
from planner.render.sweep_files import read_parts
from planner.results.estimate import flat_record
from tests.builders import a_snapshot, an_offer
from tests.doors.doors import (
    AGENT_ROWS,
    PAGE_ROWS,
    TERMINAL_ROWS,
    at_the_terminal,
    by_an_agent,
    difference,
    exported,
    in_python,
    markdown_of_the_page,
    on_the_page,
    options_in,
    plain,
    said,
    text_for_an_agent,
)
from tests.doors.questions import EXCUSED, FILES, HOMES, OF_KIND, jobs, options, questions, values

QUESTIONS = int(os.environ.get("QUESTIONS_A_DOOR", "2"))
"""Questions a door, and three times as many in the slow tests; where there is time, ask for more: `QUESTIONS_A_DOOR=60 python -m pytest tests/doors`."""

SHARED = ("as_of", "data_dir", "price_book", "strict")
"""What all jobs of a sweep share."""

_NOT_TYPED = ["sequence_length"]  # typed as `sequence_length_or_image_size`
_FILES = ["price_book", "model_file"]  # an address names no file; the folder of books is the server's
_BUY = ("rtx-4090",), ("rtx-3090", "rtx-4090:2"), ("h100-80gb-sxm", "rtx-4090"), ("h100-80gb-sxm:8",)
_USE = ("jobs_per_month", "gpu_hours_per_month", "utilisation")
_PURCHASES = st.sampled_from(_USE).flatmap(
    lambda use: st.fixed_dictionaries({"buy": st.sampled_from(_BUY), use: values(declared(CompareArguments)[use])})
)
_ANY = tuple(OF_KIND)
_NO_FILES = ("listed", "own", "language", "adapter", "shape")
_NAMED = ("listed", "own", "file", "language", "adapter")  # a sweep wants a model in every row
_MANY_TOKENS = [
    {"model": "gpt2-124m", "tokens": tokens, "gpus": ("h100-80gb-sxm",)} for tokens in (1e16, 1e18, 0.00001)
]
"""Python writes these with a sign, 1e+16: a terminal and a page once refused them."""
_FEW_GPUS = {"gpus": values(declared(EstimateArguments)["gpus"])}


@pytest.fixture(scope="module", autouse=True)
def _files(tmp_path_factory):
    """The files that questions name lie where the tests run."""
    folder = tmp_path_factory.mktemp("files")
    for contents in FILES.values():
        for name, text in contents.items():
            if text:
                (folder / name).write_text(text)
    a_snapshot(folder / "books", *(an_offer(gpu=gpu, instance_type=gpu) for gpu in ("h100-80gb-sxm", "t4", "l4")))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def _examined(strategy, judge, count, *shrunk):
    """Judge so many questions, and what once went wrong; at least a quarter of many have figures."""
    judged = Counter()

    @settings(max_examples=count)
    @given(strategy)
    def examine(question):
        judged[judge(question)] += 1

    examine.hypothesis.inner_test._hypothesis_internal_add_digest = judge.__name__.encode()  # draws of its own
    for question in shrunk:
        assert judge(question) is not None
    examine()
    if count >= MANY:
        assert judged[True] >= judged.total() / 4


def _same(expected, found):
    """Whether there are figures; that they, or the refusals, are the same."""
    assert difference(expected, found) is None
    return not isinstance(expected, tuple)


EACH = pytest.mark.parametrize("count", [QUESTIONS, pytest.param(3 * QUESTIONS, marks=pytest.mark.slow)])
MANY = 20  # from here on a quarter of them must have figures


def test_every_option_is_drawn_or_excused():
    """No option that is declared is left out of the draws, unless somebody has written down why."""
    for home in HOMES:
        drawn = {
            name
            for kind in OF_KIND
            for name in (*jobs(home)[kind], *options(home, kind))
            if values(declared(home)[name]) is not None
        }

        assert set(declared(home)) == drawn | {*EXCUSED} & set(declared(home))


@pytest.mark.slow
def test_half_of_the_questions_have_figures():
    """A door that refuses most questions would be tried by its refusals alone."""
    judged = Counter()

    @settings(max_examples=40, phases=[Phase.generate], derandomize=True)
    @given(questions(EstimateArguments))
    def judge(question):
        judged[not isinstance(said(planner.estimate, **question), tuple)] += 1

    judge()
    assert judged[True] >= judged.total() / 2


@EACH
def test_the_terminal_says_what_python_says(count):
    """`planner estimate --format json` prints the document of `planner.estimate`."""

    def terminal(question):
        rows = None if question.get("every_offer") else question.get("limit", TERMINAL_ROWS)
        return _same(in_python("estimate", {**question, "limit": rows}), at_the_terminal("estimate", question))

    _examined(questions(EstimateArguments, without=_NOT_TYPED), terminal, count, *_MANY_TOKENS)


@EACH
def test_the_page_says_what_python_says(count):
    """/api/estimate answers with the document of `planner.estimate`."""

    def page(question):
        return _same(in_python("estimate", {"limit": PAGE_ROWS, **question}), on_the_page("estimate", question))

    without = [*_NOT_TYPED, *_FILES, "every_offer"]
    _examined(questions(EstimateArguments, without=without, kinds=_NO_FILES), page, count, *_MANY_TOKENS)


@EACH
def test_agents_are_told_what_python_says(count):
    """The tool `estimate` answers with the document of `planner.estimate`."""

    def agent(question):
        return _same(in_python("estimate", {"limit": AGENT_ROWS, **question}), by_an_agent("estimate", question))

    without = [*_NOT_TYPED, *_FILES, "every_offer"]
    _examined(questions(EstimateArguments, without=without, kinds=_NO_FILES), agent, count)


@EACH
@pytest.mark.parametrize("door", [at_the_terminal, on_the_page, by_an_agent])
def test_comparisons_are_the_same_at_every_door(door, count):
    """The command, the page and the tool `compare` say what `planner.compare` says."""

    def comparing(question):
        return _same(in_python("compare", question), door("compare", question))

    without = [*_NOT_TYPED, *_USE, *(_FILES if door is not at_the_terminal else ())]
    strategy = questions(
        CompareArguments, without=without, needed=_PURCHASES, kinds=_ANY if door is at_the_terminal else _NO_FILES
    )
    _examined(strategy, comparing, count // 2)


@EACH
def test_a_comparison_rents_a_row_of_the_estimate(count):
    """What is rented has the figures of its row of `planner.estimate` with the same options; what that refuses is refused."""

    def renting(question):
        options = {name: value for name, value in question.items() if name in declared(EstimateArguments)}
        options |= {"purchases": list(map(str, RENTED)), "share_commitment": True}
        compared = said(planner.compare, **question)
        if isinstance(compared, tuple):
            estimated = said(planner.estimate, **options)
            if isinstance(estimated, tuple) and estimated[0] == compared[0]:
                return _same(estimated, compared)
            # nothing is known of the machine bought, whatever can be rented
            assert compared[0] in ("NoThroughputError", "DoesNotFitError", "UsageError"), compared
            return False
        offer = compared.rent.offer
        named = {} if offer.provider == "own" else {"providers": [offer.provider], "regions": [offer.region]}
        gpus = {"gpus": [f"{offer.gpu}:{offer.gpu_count:g}"], "purchases": [str(offer.purchase)]}
        named |= {} if offer.provider == "own" else {"instances": [offer.instance_type]}
        found = planner.estimate(**{**options, **named, **gpus, "every_offer": True}).estimates
        row = next(one for one in found if one.offer == offer)
        assert (row.usd, row.seconds) == pytest.approx((compared.rent.estimate.usd, compared.rent.estimate.seconds))
        return True

    strategy = questions(
        CompareArguments, without=["rent_usd_per_hour", "purchases", "against", *_USE], needed=_PURCHASES
    )
    _examined(strategy, renting, count // 2)


def _row_of_frame(row):
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def _sweeps():
    """Some jobs, how many rows of each, and what they share."""
    jobs = questions(
        EstimateArguments,
        without=["limit", "every_offer", "strict", *SHARED],
        needed=st.fixed_dictionaries(_FEW_GPUS),
        kinds=_NAMED,
    )
    return st.tuples(
        st.lists(jobs, min_size=1, max_size=3),
        st.integers(1, 5),
        st.fixed_dictionaries(
            {"as_of": values(declared(EstimateArguments)["as_of"])},
            optional={name: values(declared(EstimateArguments)[name]) for name in ("price_book", "strict")},
        ),
    )


def _check_rows(jobs, limit, shared, frame):
    """Whether the first job has figures; that the rows of every job are those of its estimate over every offer."""
    rows = [_row_of_frame(row) for row in frame.to_dict("records")]
    for number, job in enumerate(jobs):
        estimated = said(planner.estimate, **{**job, **shared}, every_offer=True, limit=limit)
        found = [row for row in rows if row["job"] == number]
        if isinstance(estimated, tuple):
            assert [estimated[1]] == [plain(row["error"]) for row in found]
            continue
        assert len(estimated.estimates) == len(found), found[0]["error"]
        for one, row in zip(estimated.estimates, found, strict=True):
            expected = {**flat_record(one, estimated.workload), "notes": "; ".join(one.notes), "error": ""}
            del expected["is_pareto"]
            assert difference(expected, {name: row[name] for name in expected}) is None
    return rows[0]["error"] == ""


@EACH
def test_a_sweep_has_the_rows_of_the_estimates(count):
    """Jobs in one table, each with its own columns, get the figures of `planner.estimate(every_offer=True)`."""

    def sweep(drawn):
        jobs, limit, shared = drawn
        jobs = [{name: value for name, value in job.items() if name != "as_of"} for job in jobs]
        return _check_rows(jobs, limit, shared, planner.estimate_many(jobs, limit=limit, **shared))

    _examined(_sweeps(), sweep, count)


@EACH
def test_a_file_of_jobs_is_read_as_it_is_meant(count, tmp_path):
    """Numbers, flags and lists as texts of a CSV file mean the same as in Python."""

    def file(drawn):
        jobs, limit, shared = drawn
        jobs = [{name: value for name, value in job.items() if name != "as_of"} for job in jobs]
        path = tmp_path / "jobs.csv"
        with path.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, sorted({name for job in jobs for name in job}))
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in job.items()} for job in jobs)
        (frame,) = planned_parts(read_parts(path), limit=limit, **{"price_book": None, "data_dir": None, **shared})
        return _check_rows(jobs, limit, shared, frame)

    _examined(_sweeps(), file, count)


def _cell(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ";".join(map(str, value)) if isinstance(value, tuple) else str(value)


@EACH
def test_a_recommendation_has_the_figures_of_the_estimates(count):
    """The same machine takes the same time and money in both; where an estimate has no row, nothing is recommended."""

    def recommended(question):
        found = said(planner.recommend, **question)
        every = _rows_of_estimates(question)
        if isinstance(every, tuple):
            return _same(every, found)
        if isinstance(found, tuple):
            return True  # a limit that no row meets
        known = [_bare(one) for one in every]
        shares = question.get("share_commitment", False)
        assert all(_bare(one) in known or (one.market == "commitment" and not shares) for one in found.result.estimates)
        return True

    _examined(
        questions(RecommendArguments, without=["is_owned"], needed=st.fixed_dictionaries(_FEW_GPUS)), recommended, count
    )


def _bare(one):
    """A row without what depends on the others beside it: its rank, and the note on a price far below theirs."""
    return replace(one, rank=0, is_pareto=False, notes=())


def _rows_of_estimates(question):
    """Every row of the estimates that a recommendation is made from, or why there are none."""
    options = {name: value for name, value in question.items() if name in declared(EstimateArguments)}
    for name in ("limit", "max_usd", "max_hours"):
        options.pop(name, None)
    nodes = options.pop("nodes", None)
    counts = (1, 2, 4, 8) if nodes is None else (nodes,)
    tried = [said(planner.estimate, **options, nodes=count, every_offer=True) for count in counts]
    if all(isinstance(one, tuple) for one in tried):
        return tried[0]
    return [one for answer in tried if not isinstance(answer, tuple) for one in answer.estimates]


@EACH
def test_an_export_is_of_the_row_that_the_estimate_shows(count):
    """The file of a row is made from what has that number on the screen, or in the ranking where that is asked for."""

    def export(drawn):
        question, tool, row = drawn
        text = exported(tool, row, question)
        shown = said(planner.estimate, **{"limit": TERMINAL_ROWS, **question})
        whole = said(planner.estimate, **{name: value for name, value in question.items() if name != "limit"})
        if isinstance(whole, tuple):
            return _same(whole, text)
        assert list(shown.estimates) == list(whole.estimates[: len(shown.estimates)])
        limits = {name: question[name] for name in ("dataset_gb", "image_gb", "max_usd") if name in question}
        if "max_hours" in question:
            limits["max_hours"] = hours_until(question["max_hours"], as_of=question["as_of"])
        is_rank = bool({"limit", "sort"} & question.keys() or question.get("every_offer"))
        expected = said(files.export, result=whole, to=tool, row=row, is_rank=is_rank, made_by="", **limits)
        if isinstance(expected, tuple):
            return _same(expected, text)
        assert _without_command(expected.text) == _without_command(text)
        return True

    strategy = st.tuples(
        questions(EstimateArguments, without=_NOT_TYPED),
        st.sampled_from(sorted(files.TOOLS)),
        st.integers(1, TERMINAL_ROWS),
    )
    _examined(strategy, export, count)


def _without_command(text):
    return [line for line in text.splitlines() if "planner export" not in line and not line.startswith("# Made by")]


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("fit", {"model": "llama-3-8b"}),
        ("fit", {"model": "flux.1", "gpus": ["t4"]}),
        ("estimate", {"model": "resnet50", "epochs": 90, "gpus": ["t4"]}),
        ("recommend", {"model": "resnet50", "epochs": 90, "gpus": ["t4"]}),
        ("compare", {"model": "resnet50", "epochs": 90, "buy": ["rtx-4090"], "own": ["t4"], "jobs_per_month": 4}),
        ("compare", {"gpu_hours_per_month": 9, "buy": ["t4"], "card_usd": 900.0, "host_usd": 1.0, "host_watts": 1.0}),
    ],
)
def test_no_text_beside_the_terminal_names_its_options(verb, options):
    """What agents read, in brief and in full, and the Markdown of the page: names of theirs, and whole commands."""
    texts = [text_for_an_agent(verb, options, detail) for detail in ("brief", "full")]
    texts.append(markdown_of_the_page(verb, options))

    assert [] == [found for text in texts for found in options_in(text)]

"""`planner mcp`: the SDK's own client talks to the real process."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from planner.cli.agent_briefs import brief_estimate
from planner.cli.agent_tools import TOOLS, answer
from planner.options.declared import declared
from planner.work.planned import LanguageArguments
from tests.builders import a_snapshot, an_offer
from tests.conftest import ROOT
from tests.doors.doors import difference, plain

SERVER = [sys.executable, "-m", "planner", "mcp"]
RUN = {
    "model": "resnet50",
    "epochs": 90,
    "as_of": "2026-07-01",
    "gpus": ["H100", "a100-40gb-sxm"],
    "providers": ["aws"],
}
TYPED = (
    "estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01", "--gpu", "H100",
    "--gpu", "a100-40gb-sxm", "--provider", "aws", "--format", "json",
)  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The results of these calls, one after the other, in one session for all tests; and the tools."""
    home = tmp_path_factory.mktemp("home")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_session(home=home)) as client:

        async def ask(calls):
            return [await client.call_tool(name, given) for name, given in calls], (await client.list_tools()).tools

        yield lambda *calls: portal.call(ask, calls)


def test_six_tools_that_only_read(asked):
    """Typed arguments with units, no file, and hints that nothing is changed."""
    _, tools = asked()

    assert ["estimate", "recommend", "fit", "compare", "gpus", "prices"] == [tool.name for tool in tools]
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert tool.input_schema["additionalProperties"] is False
        names = tool.input_schema["properties"]
        assert not {"data_dir", "price_book", "model_file", "output"} & names.keys()
        assert all(one["description"] for one in names.values())
        assert "config.json" not in json.dumps(names)
    estimate = tools[0].input_schema["properties"]
    assert {"type": "array", "items": {"type": "string"}} == {key: estimate["gpus"][key] for key in ("type", "items")}
    assert ["number", "string"] == estimate["epochs"]["type"]
    assert "brief" == estimate["detail"]["default"]
    recommend, fit = tools[1].input_schema["properties"], tools[2].input_schema["properties"]
    assert {"hour_worth_usd", "max_hours", "max_usd", "nodes"} <= recommend.keys()
    assert {"model", "gpus", "precision", "batch_size", "sequence_length", "method"} <= fit.keys()
    assert declared(LanguageArguments).keys() - {"sequence_length"} <= estimate.keys()
    assert "sequence_length_or_image_size" in estimate


def test_amounts_in_another_currency_are_those_of_the_command(asked, run_planner):
    """In full the same document; in brief the rate and the amount of each pick; the text shows them too."""
    run = {**RUN, "currency": "gbp"}
    (full, brief), _ = asked(("estimate", {**run, "detail": "full"}), ("estimate", run))

    document = json.loads(run_planner(*TYPED, "--currency", "gbp").stdout)
    assert difference(document, full.structured_content) is None
    assert document["currency"]["code"] == brief.structured_content["currency"]["code"] == "GBP"
    amounts = [pick["estimate"]["amount"] for pick in document["picks"]]
    assert [pick["amount"] for pick in brief.structured_content["picks"]] == pytest.approx(amounts, rel=1e-4)
    assert "GBP" in brief.content[0].text


def test_estimate_is_the_document_of_the_command(asked, run_planner):
    """In full the same JSON, to the last digit, but for names of arguments, and a text with the same table and notes."""
    (result,), _ = asked(("estimate", {**RUN, "detail": "full"}))

    assert not result.is_error
    assert difference(json.loads(run_planner(*TYPED).stdout), result.structured_content) is None
    table = run_planner(*TYPED[:-2], "--limit", "15").stdout
    assert result.content[0].text.startswith(table)
    assert "Left out:" in result.content[0].text


def test_compare_is_the_document_of_the_command(asked, run_planner):
    """In full the same JSON, but for names of arguments."""
    given = {"model": "resnet50", "epochs": 90, "buy": ["rtx-4090"], "jobs_per_month": 4, "detail": "full"}
    (result,), _ = asked(("compare", given))

    typed = run_planner(
        "compare", "--model", "resnet50", "--epochs", "90", "--buy", "rtx-4090", "--jobs-per-month", "4",
        "--format", "json",
    )  # fmt: skip
    assert difference(json.loads(typed.stdout), result.structured_content) is None
    assert result.structured_content["verdict"] in " ".join(result.content[0].text.split())


def test_gpus_and_prices_are_the_rows_of_the_commands(asked, run_planner):
    """Named GPUs in full, offers with their ages."""
    (gpus, prices), _ = asked(
        ("gpus", {"names": ["RTX 4090", "T4"], "detail": "full"}),
        ("prices", {"gpus": ["H100:8"], "purchases": ["on_demand"], "detail": "full", "limit": 30}),
    )

    typed = json.loads(run_planner("gpus", "RTX 4090", "T4", "--format", "json").stdout)
    assert typed["gpus"] == gpus.structured_content["gpus"]
    typed = json.loads(
        run_planner("prices", "list", "--gpu", "H100:8", "--purchase", "on_demand", "--format", "json").stdout
    )
    assert typed["offers"] == prices.structured_content["offers"]
    assert prices.structured_content["prices"][0]["age_days"] > 0


def test_an_agent_is_told_the_ages_of_the_rows_and_not_of_the_file_alone(asked):
    """The brief form has what the whole one says of each book: how old most of its prices are, and the oldest."""
    given = {"gpus": ["H100:8"], "providers": ["aws"], "limit": 3}
    (brief, full), _ = asked(("prices", given), ("prices", {**given, "detail": "full"}))

    (told,), (whole,) = brief.structured_content["prices"], full.structured_content["prices"]
    assert told["age_days"] < told["age_days_median"] <= told["age_days_oldest"]
    assert (whole["age_days_median"], whole["age_days_oldest"]) == (told["age_days_median"], told["age_days_oldest"])


def test_long_answers_are_cut_and_say_so(asked):
    """An agent's memory is not filled by one call."""
    (estimate, gpus, prices), _ = asked(
        ("estimate", {"model": "resnet50", "epochs": 90, "limit": 5}), ("gpus", {}), ("prices", {"limit": 3})
    )

    assert 5 == len(estimate.structured_content["estimates"])
    assert "ranked after the first 5" in [row["reason"] for row in estimate.structured_content["left_out"]]
    assert 10 == len(gpus.structured_content["gpus"])
    assert "t4" in gpus.structured_content["not_shown"]
    assert 3 == len(prices.structured_content["offers"])
    assert "ranked after the first 3" in [row["reason"] for row in prices.structured_content["left_out"]]


USUAL = (
    ("estimate", {"model": "resnet50", "epochs": 90}),
    ("estimate", {"model": "llama-3-8b", "method": "lora", "samples": 50000, "epochs": 3, "purchases": ["on_demand"]}),
    ("recommend", {"model": "resnet50", "epochs": 90, "deadline": "48h"}),
    ("recommend", {"model": "llama-3-8b", "tokens": "1B", "max_usd": 5000}),
    ("fit", {"model": "llama-2-70b"}),
    ("fit", {"model": "llama-3-8b", "method": "qlora", "gpus": ["RTX 4090", "8xA100"]}),
    ("compare", {"model": "resnet50", "epochs": 90, "buy": ["rtx-4090"], "jobs_per_month": 4}),
    ("compare", {"buy": ["h100:8"], "utilisation": 0.5}),
    ("gpus", {}),
    ("prices", {}),
    ("prices", {"gpus": ["H100:8"]}),
)


def test_usual_answers_are_short(asked):
    """Text and document of every tool together stay under 8,000 bytes unless more is asked for."""
    results, tools = asked(*USUAL)

    assert {tool.name for tool in tools} == {name for name, _ in USUAL}
    assert not any(result.is_error for result in results)
    sizes = [
        len((result.content[0].text + json.dumps(result.structured_content, ensure_ascii=False)).encode())
        for result in results
    ]
    assert [] == [(question, size) for question, size in zip(USUAL, sizes, strict=True) if size >= 8000]


CARDS = ["rtx-4090", "l40s", "rtx-a6000", "h100:8", "rtx-3090", "rtx-5090", "a100:8", "l4", "rtx-6000-ada"]
BIG = (
    ("estimate", {"model": "resnet50", "epochs": 90, "gpus": [*CARDS, "cpu", "K80"], "max_usd": 60, "max_hours": 40}),
    ("estimate", {"model": "llama-3-70b", "method": "lora", "tokens": "1B", "purchases": ["all"]}),
    ("recommend", {"model": "resnet50", "epochs": 90, "max_hours": 4, "max_usd": 20, "card_budget_usd": 800}),
    ("fit", {"model": "llama-3-70b", "method": "full", "gpus": CARDS}),
    ("compare", {"model": "resnet50", "epochs": 90, "buy": CARDS, "jobs_per_month": 4, "peak_factor": 3}),
    ("compare", {"buy": CARDS, "utilisation": 0.5}),
    ("gpus", {"names": ["cpu"]}),
    ("gpus", {"names": CARDS * 5}),
    ("prices", {"purchases": ["all"], "gpus": CARDS}),
)


def test_no_answer_is_long_unless_more_is_asked_for():
    """Whatever is named: below 8,000 bytes for every tool, with as many entries told of as are left off; in full all are there."""
    assert {name for name, _ in BIG} == set(TOOLS)
    for name, given in BIG:
        text, document = answer(TOOLS[name], given, None)

        assert len((text + json.dumps(document, ensure_ascii=False)).encode()) < 8000
        assert document.get("answer") or document.get("sentences") or text.splitlines()[0]

    text, short = answer(TOOLS["fit"], {**BIG[3][1], "gpus": [*CARDS, *CARDS[:4]] * 2}, None)
    _, whole = answer(TOOLS["fit"], {**BIG[3][1], "gpus": [*CARDS, *CARDS[:4]] * 2, "detail": "full"}, None)
    assert len(whole["fits"]) == len(short["fits"]) + short["left_off"]["fits"]
    assert re.search(r"\n\.\.\. \d+ more lines: detail full$", text)


def test_a_brief_estimate_is_the_answer_and_its_picks(asked):
    """Sentences, rows and counts are those of the whole document, without bills; no fraction differs by 0.01 %."""
    (brief, full), _ = asked(("estimate", RUN), ("estimate", {**RUN, "detail": "full"}))

    short, whole = brief.structured_content, full.structured_content
    assert ("planner.estimate.brief/1", "planner.estimate/1") == (short["schema"], whole["schema"])
    for key in ("answer", "machines", "not_picked", "assumptions"):
        assert whole[key] == short[key]
    assert [pick["number"] for pick in whole["picks"]] == [pick["number"] for pick in short["picks"]] != []
    for row, pick in zip(short["picks"], whole["picks"], strict=True):
        estimate = pick["estimate"]
        assert (pick["market"], pick["pick"]) == (row["market"], row["pick"])
        assert estimate["throughput"]["basis"] == row["basis"]
        for key in ("instance_type", "region", "price_observed_on", "price_source"):
            assert estimate[key] == row[key]
        for key in ("usd", "usd_low", "usd_high", "seconds", "seconds_low", "seconds_high"):
            assert pytest.approx(estimate[key], rel=1e-4) == row[key]
    assert short["answer"][0] in " ".join(brief.content[0].text.split())
    assert not {"estimates", "items", "notes"} & short.keys()


def test_where_nothing_is_picked_the_ranking_is_told(asked):
    """An empty answer would help nobody: the first rows, and what was left out."""
    (full,), _ = asked(("estimate", {**RUN, "detail": "full"}))
    whole = full.structured_content

    short = brief_estimate({**whole, "answer": [], "picks": []}, rows=None)

    assert [row["instance_type"] for row in whole["estimates"][:5]] == [
        row["instance_type"] for row in short["estimates"]
    ]
    assert whole["left_out"] == short["left_out"]


def test_recommend_and_fit_are_the_documents_of_the_commands(asked, run_planner):
    """In full the same JSON, and for `fit` the job and how many are not shown."""
    (recommended, fitted), _ = asked(
        ("recommend", {**RUN, "deadline": "48h", "limit": 5, "detail": "full"}),
        ("fit", {"model": "llama-3-8b", "method": "qlora", "gpus": ["RTX 4090"], "detail": "full"}),
    )

    typed = json.loads(run_planner("recommend", *TYPED[1:], "--deadline", "48h").stdout)
    assert difference(typed, recommended.structured_content) is None
    typed = json.loads(
        run_planner("fit", "--model", "llama-3-8b", "--method", "qlora", "--gpu", "RTX 4090", "--format", "json").stdout
    )
    assert typed["fits"] == fitted.structured_content["fits"]
    assert 0 == fitted.structured_content["not_shown"]


WRONG = (
    ("recommend", {**RUN, "model": "resnet5O"}, "Did you mean resnet50"),
    ("recommend", {**RUN, "deadlin": "48h"}, "Unknown argument 'deadlin'. Did you mean deadline"),
    ("recommend", {**RUN, "max_usd": 0.001}, "Nothing ends for 0.001 USD. Nearest"),
    ("fit", {"model": "lama-3-8b"}, "Did you mean llama-3-8b"),
    ("fit", {"model": "llama-3-8b", "gpus": ["RTX 409O"]}, "Did you mean rtx4090, rtx-4090"),
    ("fit", {"model": "/etc/passwd"}, "Unknown model "),
    ("estimate", {**RUN, "detail": "breif"}, "Unknown detail 'breif'. Did you mean brief"),
    ("estimate", {**RUN, "gpux": ["A100"]}, "Unknown argument 'gpux'. Did you mean gpu or gpus"),
    ("estimate", {**RUN, "gpus": [1]}, "gpus must be a text or a list of texts, not [1] (list)."),
    ("estimate", {**RUN, "epochs": "ninety"}, "epochs must be a number, not 'ninety'."),
    ("estimate", {**RUN, "epochs": True}, "epochs must be a number or None, not True (bool)."),
    ("estimate", {**RUN, "limit": 1000}, "limit must be a whole number from 1 to 100, not 1000."),
    ("estimate", {**RUN, "as_of": "yesterday"}, "as_of must be a day, not 'yesterday'."),
    ("estimate", {**RUN, "gpus": ["A100"] * 51}, "gpus may hold 50 values at most, not 51."),
    ("estimate", {**RUN, "model": "x" * 201}, "model may have 200 characters at most, not 201."),
    ("estimate", {**RUN, "data_dir": "/etc"}, "Unknown argument 'data_dir'."),
    ("estimate", {**RUN, "price_book": "/etc/passwd"}, "Unknown argument 'price_book'."),
    ("gpus", {"names": "T4"}, "names must be a list"),
    ("compare", {"utilisation": 0.5}, "Name a card with buy, for example buy rtx-4090."),
    (
        "estimate",
        {"model": "llama-3-8b", "tokens": "1B", "sequence_length_or_image_size": 0},
        "sequence_length_or_image_size must be at least 1, not 0.",
    ),
    ("explode", {}, "Unknown tool 'explode'. Known: estimate, recommend, fit, compare, gpus, prices."),
)


def test_wrong_arguments_are_errors_to_read(asked):
    """A result that says what would do, not a failure of the protocol."""
    results, _ = asked(*((tool, arguments) for tool, arguments, _ in WRONG))

    assert all(result.is_error for result in results)
    assert [] == [
        (message, result.content[0].text)
        for (_, _, message), result in zip(WRONG, results, strict=True)
        if message not in result.content[0].text
    ]


def test_errors_are_those_of_the_command_line(asked, run_planner):
    """The same words, close matches included, with arguments by their names in Python."""
    changes = (
        ({"gpus": ["A10O"]}, ("--gpu", "A10O")),
        ({"model": "resnet5O"}, ("--model", "resnet5O")),
        ({"epochs": 0}, ("--epochs", "0")),
        ({"max_usd": 0.01}, ("--max-usd", "0.01")),
        ({"regions": ["us-east1-x"]}, ("--region", "us-east1-x")),
    )

    results, _ = asked(*(("estimate", {**RUN, **change}) for change, _ in changes))

    assert all(result.is_error for result in results)
    without_gpus = tuple(text for text in TYPED if text not in ("--gpu", "H100", "a100-40gb-sxm"))
    assert [plain(result.content[0].text) for result in results] == [
        plain(
            run_planner(*(without_gpus if "gpus" in change else TYPED), *typed).stderr.removeprefix("Error: ").strip()
        )
        for change, typed in changes
    ]


def test_a_model_is_never_a_file(asked, tmp_path):
    """A name that is a file is an unknown name, whatever lies there."""
    path = tmp_path / "config.json"
    path.write_text('{"secret": 1}')
    more = ({}, {"tokens": "1B"}, {"gmacs_per_sample": 1, "tokens": 1e9})

    results, _ = asked(*(("estimate", {"model": str(path), "epochs": 1, **extra}) for extra in more))

    assert all(result.is_error for result in results)
    assert all(result.content[0].text.startswith("Unknown model ") for result in results)


def test_own_figures_and_language_models(asked):
    """A label with figures, and tokens with a suffix."""
    (own, language), _ = asked(
        ("estimate", {"model": "mine", "measured": ["a100-80gb-sxm=1234"], "samples_per_epoch": 1e6, "epochs": 10}),
        ("estimate", {"model": "gpt2-124m", "tokens": "10B", "gpus": ["H100:8"]}),
    )

    assert "mine" == own.structured_content["workload"]["model"]
    assert 10e9 == language.structured_content["workload"]["tokens"]


def test_the_data_folder_is_chosen_at_the_start(tmp_path):
    """By who starts the server, not by who asks."""
    a_snapshot(tmp_path, an_offer(provider="aws", usd_per_hour=0.5), provider="aws", stem="2099-01-01")

    async def ask():
        async with _session("--data-dir", str(tmp_path), home=tmp_path) as client:
            return await client.call_tool("prices", {"providers": ["aws"]})

    result = anyio.run(ask)

    assert [0.5] == [row["usd_per_hour"] for row in result.structured_content["offers"]]


def test_no_input_ends_at_once(start_planner):
    """A closed input is the end, not an error."""
    done = start_planner("mcp", stdin=subprocess.DEVNULL)

    assert (0, "") == (done.returncode, done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_ends_it_at_once(tmp_path):
    """Ctrl-C, while it waits for a line that never comes."""
    with subprocess.Popen(
        SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=_environment(),
    ) as process:  # fmt: skip
        process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        process.stdout.readline()  # it is up
        process.send_signal(signal.SIGINT)

        code = process.wait(300)
        errors = process.stderr.read()

    assert (-signal.SIGINT, "") == (code, errors)


def test_the_other_name_of_an_argument_will_do(asked):
    """`provider` is `providers`, as in Python and at a terminal."""
    run = {name: value for name, value in RUN.items() if name != "providers"}
    run["detail"] = "full"
    results, _ = asked(("estimate", {**run, "provider": ["gcp"]}), ("estimate", {**run, "providers": ["gcp"]}))

    assert results[0].structured_content == results[1].structured_content
    assert {"gcp"} == {row["provider"] for row in results[0].structured_content["estimates"]}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_an_output_without_room_is_no_bug():
    """What the system says, in one line."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2024-11-05"}}
    asked["params"] |= {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}

    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            SERVER, input=json.dumps(asked).encode() + b"\n", stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert (1, b"Error: The system refused: No space left on device.\n") == (done.returncode, done.stderr)


@asynccontextmanager
async def _session(*arguments, home):
    # a sixth of the time to collect all tests, in every worker
    from mcp import ClientSession, StdioServerParameters  # noqa: PLC0415
    from mcp.client.stdio import stdio_client  # noqa: PLC0415

    environment = {name: value for name, value in _environment().items() if not name.startswith("PLANNER_")}
    environment |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    server = StdioServerParameters(command=SERVER[0], args=[*SERVER[1:], *arguments], env=environment)
    async with stdio_client(server) as (requests, responses), ClientSession(requests, responses) as client:
        await client.initialize()
        yield client


def _environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}

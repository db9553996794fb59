"""The recipes of docs/contributing.md that add code, followed in a copy of the package: each edit of the page is made there."""

import json
import math
import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from tests.added_rows import a_copy, commands_of, planner_of
from tests.conftest import ROOT
from tests.docs.test_contributing import PAGE, commands, recipe
from tests.providers.replay import Answer, serving
from tests.test_architecture import APART, ROOMS

RECIPES = ("Add an option", "Add a cost item", "Add an output format", "Add a provider")
RUN = (
    "--model",
    "resnet50",
    "--epochs",
    "90",
    "--provider",
    "aws",
    "--gpu",
    "a100-80gb-sxm:8",
    "--as-of",
    "2026-07-01",
)
RUN += ("--purchase", "on_demand")
MACHINES = [
    {"name": "acme-2x3090", "region": "mars", "gpu": "RTX 3090", "gpu_count": 2, "usd_per_gpu_hour": 0.7},
    {"name": "acme-x", "region": "mars", "gpu": "GPU from the future", "gpu_count": 1, "usd_per_gpu_hour": 9.0},
]

EVERYWHERE = """
import csv, io, json, sys
from datetime import date
from click.testing import CliRunner
import planner
from planner.cli.agent_tools import TOOLS, answer
from planner.cli.root import cli
from planner.web.parameters import CompareQuestion, EstimateQuestion
from planner.web.questions import compared, estimated

run = {"model": "resnet50", "epochs": 90, "as_of": date(2026, 7, 1)}
lists = {"providers": ["aws"], "gpus": ["a100-80gb-sxm:8"], "purchases": ["on_demand"]}
page = {"provider": ["aws"], "gpu": ["a100-80gb-sxm:8"], "purchase": ["on_demand"]}
buy = {"buy": ["h100-80gb-sxm:8"], "jobs_per_month": 1}
typed = "--model resnet50 --epochs 90 --as-of 2026-07-01 --provider aws --gpu a100-80gb-sxm:8 --purchase on_demand".split()

def of(estimate):
    return estimate.seconds, estimate.usd

def of_json(row):
    return row["seconds"], row["usd"]

def of_rent(found):
    return found.rent.seconds, found.rent.usd_per_job

def typed_answer(*words, **environment):
    done = CliRunner().invoke(cli, [*words, "--format", "json"], env=environment)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)

def everywhere(name, value):
    plain = {**run, name: value}
    option = "--" + name.replace("_", "-")
    open("jobs.csv", "w").write(f"model,epochs,gpus,providers,purchases,{name}\\nresnet50,90,a100-80gb-sxm:8,aws,on_demand,{value}\\n")
    return {
        "Python": of(planner.estimate(**plain, **lists).estimates[0]),
        "terminal": of_json(typed_answer("estimate", *typed, option, str(value))["estimates"][0]),
        "environment": of_json(typed_answer("estimate", *typed, **{"PLANNER_" + name.upper(): str(value)})["estimates"][0]),
        "page": of(estimated(EstimateQuestion(**plain, **page), None)[0].estimates[0]),
        "agents": of_json(answer(TOOLS["estimate"], {**plain, **lists, "as_of": "2026-07-01", "detail": "full"}, None)[1]["estimates"][0]),
        "sweep": of_json(typed_answer("sweep", "jobs.csv", "--as-of", "2026-07-01")["rows"][0]),
        "recommend": of(planner.recommend(**plain, **lists, nodes=1).result.estimates[0]),
        "compare": of_rent(planner.compare(**plain, **lists, **buy)),
        "compare on the page": of_rent(compared(CompareQuestion(**plain, **page, **buy), None)[0]),
    }

print(json.dumps([everywhere(name, value) for name, value in json.loads(sys.argv[1])]))
"""
"""Time and cost of the same run by every way that there is to ask for it, once for each option set to a value."""


def edits(heading):
    """The edits of a recipe: file, text before, text after; a new file has no text before."""
    for language, title, body in recipe(heading):
        if language == "diff":
            lines = body.splitlines(keepends=True)
            yield title, *("".join(line[1:] or "\n" for line in lines if line[0] != sign) for sign in "+-")
        elif language == "python" and title:
            yield title, "", body


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with the edits of every recipe, in the order of the page, and the row of the new provider."""
    folder = a_copy(tmp_path_factory.mktemp("copy"))
    for heading in RECIPES:
        for title, before, after in edits(heading):
            path = folder / title
            text = path.read_text(encoding="utf-8") if before else after
            if before:
                assert 1 == text.count(before), f"{title} holds this {text.count(before)} times: {before}"
                text = text.replace(before, after)
            path.write_text(text, encoding="utf-8")
        for language, title, body in recipe(heading):
            if language == "csv":
                with (folder / title).open("a", encoding="utf-8") as file:
                    file.write(body)
    with commands_of(folder):
        yield folder


@pytest.fixture(scope="module")
def found(copy):
    """Seconds and USD by each way to ask: as they are, with the new option, with the new item of the bill."""
    asked = {
        "as it is": ("compile_seconds", 0),
        "compiled": ("compile_seconds", 3600),
        "licensed": ("licence_usd_per_gpu_hour", 1),
    }
    command = [sys.executable, "-c", EVERYWHERE, json.dumps([*asked.values()])]
    done = subprocess.run(command, cwd=copy, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return dict(zip(asked, json.loads(done.stdout), strict=True))


def test_an_option_touches_two_files():
    """Its declaration and the place that uses it."""
    assert ["planner/options/bill_arguments.py", "planner/cost/course.py"] == [
        title for title, *_ in edits("Add an option")
    ]


def test_a_new_option_is_read_everywhere(found):
    """An hour at the start makes the run an hour longer, whoever asks."""
    longer = {way: seconds + 3600 for way, (seconds, _) in found["as it is"].items()}

    assert 9 == len(longer)
    assert pytest.approx(longer) == {way: seconds for way, (seconds, _) in found["compiled"].items()}


def test_a_new_cost_item_is_paid_everywhere(found):
    """AWS bills by the second: eight GPUs at 1 USD an hour for the time of the run."""
    dearer = {way: usd + 8 * math.ceil(seconds) / 3600 for way, (seconds, usd) in found["as it is"].items()}

    assert 9 == len(dearer)
    assert pytest.approx(dearer) == {way: usd for way, (_, usd) in found["licensed"].items()}


def test_a_new_cost_item_is_in_table_explanation_and_json(copy):
    """The total of the table holds it, and both others show its line."""
    licence = ("--licence-usd-per-gpu-hour", "1")
    document = json.loads(planner_of(copy, "estimate", *RUN, *licence, "--format", "json").stdout)
    table = planner_of(copy, "estimate", *RUN, *licence, "--all").stdout
    explained = planner_of(copy, "estimate", *RUN, *licence, "--explain", "1").stdout

    row = document["estimates"][0]
    (item,) = [item for item in row["items"] if "licence" == item["kind"]]
    assert pytest.approx(8 * math.ceil(row["seconds"]) / 3600) == item["usd"]
    assert pytest.approx(sum(item["usd"] for item in row["items"])) == row["usd"]
    assert f"{row['usd']:,.2f} (" in table
    assert re.search(rf"^  licence: [\d.]+ GPU-hour x 1 USD = {item['usd']:,.4f} USD$", explained, re.MULTILINE)


def test_a_new_format_is_written_by_every_command(copy):
    """A record a line, the same as in the CSV."""
    for words in (("estimate", *RUN), ("gpus", "A100"), ("recommend", *RUN), ("prices", "list", "--gpu", "H100")):
        done = planner_of(copy, *words, "--format", "jsonl")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        heading, *lines = planner_of(copy, *words, "--format", "csv").stdout.splitlines()

        assert 0 == done.returncode, done.stderr
        assert len(lines) == len(rows) > 0
        assert heading.split(",") == list(rows[0])


def test_the_page_offers_a_new_format(copy):
    """By its media type."""
    code = "from planner.web.views import FORMATS, MEDIA_TYPES; print(*FORMATS, MEDIA_TYPES['jsonl'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=True)

    assert "json csv jsonl markdown html application/jsonl\n" == done.stdout


def test_a_new_provider_is_listed_refreshed_and_planned_with(copy, monkeypatch):
    """Its machines stand in the estimate, and what it calls by unknown names is said."""
    listed, _, estimate = (shlex.split(line)[1:] for line in commands("Add a provider", "sh") if "pytest" not in line)
    data = ("--data-dir", str(copy / "books"))

    with serving(lambda _: Answer(body=json.dumps(MACHINES).encode())) as server:
        monkeypatch.setenv("ACME_PRICES", server.url)
        refreshed = planner_of(copy, "refresh", "acme", *data)
    providers = planner_of(copy, *listed, *data, "--format", "json")
    planned = planner_of(copy, *estimate, *data, "--format", "json")

    assert 0 == refreshed.returncode, refreshed.stderr
    assert "GPU from the future" in refreshed.stderr
    assert "acme" in {row["provider"] for row in json.loads(providers.stdout)["providers"]}
    assert 0 == planned.returncode, planned.stderr
    (row,) = json.loads(planned.stdout)["estimates"]
    assert ("acme-2x3090", 1.4) == (row["instance_type"], row["usd_per_hour"])


def test_a_new_provider_is_published_too(copy):
    """A line of the workflow, by the name of the registry; the file stays what it was besides."""
    path = ".github/workflows/prices.yml"
    old, new = (yaml.safe_load((place / path).read_text(encoding="utf-8")) for place in (ROOT, copy))

    assert {"provider": "acme"} == new["jobs"]["refresh"]["strategy"]["matrix"]["include"].pop(0)
    assert old == new


@pytest.mark.parametrize("command", [line for heading in RECIPES for line in commands(heading, "bash")])
def test_the_commands_of_a_recipe_answer(copy, command):
    """After the edits of the page, and nothing else."""
    done = planner_of(copy, *shlex.split(command)[1:])

    assert 0 == done.returncode, done.stderr
    assert done.stdout


def test_the_code_of_the_page_is_in_house_style(copy):
    """The linter and the formatter have nothing to say of the files edited."""
    titles = {title for heading in RECIPES for title, *_ in edits(heading)}
    files = sorted(title for title in titles if title.endswith(".py"))
    for words in (("check",), ("format", "--check")):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), *files]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)

        assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize("heading", RECIPES)
def test_the_tests_that_a_recipe_names_exist(heading):
    """Every file and folder that guards it is there."""
    words = [word for line in commands(heading, "sh") for word in shlex.split(line)]

    named = [word for word in words if "/" in word]
    assert named
    assert [] == [word for word in named if not (ROOT / word).exists()]


def test_the_map_is_the_house():
    """The rooms of the page, from the top, and what each may not import, as the test of the architecture has them."""
    table = re.search(r"## The rooms\n(.*?)\n## ", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    rows = re.findall(r"^\| `(\w+)/` \| .+? \| all below(?: but (.+?))? \|$", table, re.MULTILINE)
    floor = {room: index for index, rooms in enumerate(ROOMS) for room in rooms}

    rooms = [room.removeprefix("planner.") for (room, *others) in reversed(ROOMS[1:-1]) if not others]
    apart = {(room, other) for room, other in APART if floor[other] < floor[room]}
    assert rooms == [room for room, _ in rows]
    assert apart == {
        (f"planner.{room}", f"planner.{other}") for room, others in rows for other in re.findall(r"`(\w+)`", others)
    }


def test_the_way_of_an_estimate_names_files_that_there_are():
    """Ten steps, and each file of them exists."""
    way = re.search(r"## The way of an estimate\n(.*?)\n## ", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]

    steps = re.findall(r"^\d+\. (.+)$", way, re.MULTILINE)
    files = re.findall(r"`(\w+/\w+\.py)`", way)
    assert 10 == len(steps)
    assert 10 <= len(files)
    assert [] == [name for name in files if not (ROOT / "planner" / name).is_file()]

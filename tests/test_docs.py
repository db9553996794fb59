"""The documentation: every command in it runs, and output that it shows is what really comes out.

In a `console` block a line that starts with `$ ` is a command, what follows up to the next one is its output. A block
of another language with a title (three backticks, `toml title="prices.toml"`) is a file beside which the commands of
its page run. Blocks that show output run as a whole, in order; `--update-golden` rewrites them.
"""

import importlib
import json
import math
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass

import click
import pytest

from planner.cli.root import cli
from tests.conftest import ROOT
from tests.web.conftest import served

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TODAY = "2026-11-20"
"""The day the output was made; ages of prices are counted from it."""

_FENCED = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$', re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    command: str
    output: str


def _name(page):
    return page.relative_to(ROOT).as_posix()


def _blocks(page, language):
    """Bodies of the blocks of a language, without those that are files."""
    found = _FENCED.finditer(page.read_text(encoding="utf-8"))
    return [block["body"] for block in found if language == block["language"] and not block["title"]]


def _steps(body):
    """The commands of a console block, each with the output shown below it."""
    parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", body, flags=re.MULTILINE)
    assert not parts[0], f"a console block begins with a command: {body}"
    return [_Step(command=command, output=output) for command, output in zip(parts[1::2], parts[2::2], strict=True)]


def _shows_output(body):
    return any(step.output for step in _steps(body))


def _commands():
    for page in PAGES:
        for body in _blocks(page, "console"):
            if not _shows_output(body):
                yield from ((_name(page), step.command) for step in _steps(body))


@pytest.fixture
def run_line(tmp_path, run_planner, fork_planner):
    """Runs a line of a page as a shell does, in a folder that holds the page's files; returns the completed process."""
    tools = tmp_path / "tools"
    tools.mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()

    def run(page, line, module="planner"):
        for name, call in (("planner", f"{sys.executable} -m {module}"), ("python", sys.executable)):
            (tools / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
            (tools / name).chmod(0o755)
        for block in _FENCED.finditer((ROOT / page).read_text(encoding="utf-8")):
            if block["title"] and not (folder / block["title"]).exists():
                (folder / block["title"]).write_text(block["body"], encoding="utf-8")
        words = shlex.split(line.replace("\\\n", " "), comments=True)
        if words[0] == "planner" and not re.search(r"[|&;<>$*~]", line):  # no work for a shell
            known = {"cwd": folder, "environment": {"PLANNER_AS_OF": TODAY}}
            if module == "planner":
                return run_planner(*words[1:], **known)
            return fork_planner(*words[1:], **known, module=module)
        settings = {**os.environ, "PYTHONPATH": str(ROOT), "PLANNER_AS_OF": TODAY}
        settings["PATH"] = f"{tools}:{settings['PATH']}"
        settings.pop("COLUMNS", None)
        return subprocess.run(
            ["bash", "-c", line], cwd=folder, env=settings, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.mark.parametrize(("page", "command"), sorted(set(_commands())))
def test_every_documented_command_runs(run_line, tmp_path, page, command):
    """Whoever copies a line from the documentation gets an answer."""
    if command.startswith("planner serve"):  # it answers until it is ended
        with served(*shlex.split(command)[2:], home=tmp_path) as server:
            assert 200 == server.get("/").status
        assert 0 == server.process.returncode
        return

    done = run_line(page, command)

    assert 0 == done.returncode, f"{page}: {command}\n{done.stderr}"
    assert done.stdout or "--output" in command


@pytest.mark.parametrize("page", [_name(page) for page in PAGES if any(map(_shows_output, _blocks(page, "console")))])
def test_the_pages_show_real_output(run_line, request, page):
    """What stands below a command is what it prints."""
    text = real = (ROOT / page).read_text(encoding="utf-8")
    for body in _blocks(ROOT / page, "console"):
        if _shows_output(body):
            printed = ""
            for step in _steps(body):
                done = run_line(page, step.command)
                assert 0 == done.returncode, f"{page}: {step.command}\n{done.stderr}"
                printed += f"$ {step.command}\n{done.stdout}"
            real = real.replace(f"```console\n{body}```", f"```console\n{printed}```")

    if request.config.getoption("--update-golden"):
        (ROOT / page).write_text(real, encoding="utf-8")
    assert text == real or request.config.getoption("--update-golden")


def test_the_lines_that_refresh_run(run_line):
    """In order, against clouds that answer with the shipped books; the archive is made the way the page says."""
    page = "docs/refresh.md"
    made = "planner refresh --data-dir laptop && python -m zipfile -c prices-from-my-laptop.zip laptop/"
    lines = [line for body in _blocks(ROOT / page, "sh") for line in body.splitlines()]

    assert 7 == len(lines)
    for line in [made, *lines]:
        done = run_line(page, line, "tests.replayed_clouds")
        assert 0 == done.returncode, line + done.stderr
        assert "result" in done.stdout, line


def _shell_lines():
    for page in PAGES:
        for body in _blocks(page, "sh"):
            for line in body.splitlines():
                for part in re.split(r"&&|\|", line):
                    words = shlex.split(part, comments=True)
                    if words and "planner" == words[0]:
                        yield _name(page), shlex.join(words[1:])


@pytest.mark.parametrize(("page", "command"), sorted(set(_shell_lines())))
def test_commands_that_need_more_than_a_clone_are_understood(tmp_path, monkeypatch, page, command):
    """A line that fetches prices or needs a cluster: its options and arguments exist."""
    words = shlex.split(command)
    monkeypatch.chdir(tmp_path)
    for word in words:
        if "." in word and "/" not in word:
            (tmp_path / word).touch()  # an option may ask that its file exists

    context = cli.make_context("planner", words)
    while isinstance(context.command, click.Group):
        name, command_found, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command_found.make_context(name, rest, parent=context)

    assert [] == context.args


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_ci_runs_the_set_up_commands(page):
    """One command for newcomers and for the gate."""
    setup = [line for body in _blocks(ROOT / page, "sh") for line in body.splitlines()]

    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert 2 <= len(setup)
    assert [] == [command for command in setup if command not in gate]


def test_the_python_example_runs(tmp_path):
    """The README's Python block is a working script."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_the_provider_guide_names_what_the_adapter_needs(provider):
    """Every permission, variable and address in the adapter's docstring stands in the guide."""
    docstring = importlib.import_module(f"providers.{provider}").__doc__
    guide = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")

    named = {*re.findall(r"`([^` ]+)`", docstring) + re.findall(r"[\w.-]+\.com\b", docstring)}
    assert 3 <= len(named)
    assert set() == {name for name in named if name.removeprefix("https://") not in guide}


def test_the_guide_names_the_kinds_of_purchase_in_the_books(run_planner):
    """The first table, against the newest shipped book of each provider."""
    words = {"reserved": {"reserved_1y", "reserved_3y"}, "savings plans": {"savings_1y", "savings_3y"}}
    words |= {"on demand": {"on_demand"}, "spot": {"spot"}, "no book": set()}
    guide = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    table = {}
    for names, kinds in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| ([a-z ,]+) \|$", guide, re.MULTILINE):
        for name in re.findall(r"\w+", names):
            table[name] = set().union(*(words[kind] for kind in kinds.split(", ")))

    listed = json.loads(run_planner("providers", "--format", "json").stdout)["providers"]

    assert {row["provider"]: set(row["purchases"]) for row in listed} == table


def test_the_policy_of_the_guide_holds_the_permissions_of_aws():
    """No more and no less than the adapter's docstring names."""
    policy = json.loads(_blocks(ROOT / "docs" / "providers.md", "json")[0])

    named = re.findall(r"`((?:ec2|pricing):\w+)`", importlib.import_module("providers.aws").__doc__)
    assert sorted(named) == sorted(policy["Statement"][0]["Action"])


_LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


@pytest.mark.parametrize("page", [*map(_name, PAGES), "CHANGELOG.md", "data/README.md", "data/prices/README.md"])
def test_links_are_right_in_the_repository(page):
    """A link leads to a file beside the page, and its anchor to a heading there; the site has its own test."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in _LINK.finditer(text):
        target = (ROOT / page).parent / link["path"] if link["path"] else ROOT / page
        assert target.is_file(), link[0]
        if link["anchor"]:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert link["anchor"] in anchors, link[0]


def _accuracy():
    """Median, mean, coverage and width of every split of docs/accuracy.md, which `planner validate` writes."""
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\w+) \| (?:measured|scaled|modelled|measured and scaled|all) \|.*?"
        r"\| ([\d.]+)% \| ([\d.]+)% \| [\d.]+% \| \S+ \| ([\d.]+)% \| ([\d.]+|-) \|$",
        page,
        re.M,
    )
    assert 19 <= len(rows)
    return {split: tuple(float(figure.replace("-", "nan")) for figure in figures) for split, *figures in rows}


def test_the_readme_states_the_published_accuracy():
    """Its table is taken from docs/accuracy.md, rounded."""
    splits = {
        "one model on one GPU": "pair",
        "a whole GPU, known by its data sheet only": "gpu",
        "a whole network, known by its arithmetic only (RTX 3090)": "model",
        "2, 4, 8 GPUs, one GPU known": "counts",
        "a language model on A100 (llm-foundry)": "language_model",
        "LoRA and QLoRA of one model on A100 (Transformers, PEFT)": "adapter_model",
        "a language model on H100, learnt on A100 only": "language_h100",
        "a whole published run of a language model (13 runs)": "published_run",
    }
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| (.+?) \| ([\d.]+) % \| ([\d.]+) % \| (\d+) % \|$", text, re.M)

    published = _accuracy()
    assert set(splits) == {row[0] for row in stated}
    for what, median, mean, coverage in stated:
        expected = published[splits[what]]
        assert (expected[0], expected[1]) == (float(median), float(mean)), what
        assert abs(expected[2] - float(coverage)) <= 0.5, what


def test_the_readme_leads_with_what_was_asked_and_what_was_reached():
    """Its first table is that of aims in docs/accuracy.md; what is short of its aim is bold, and nothing else."""
    splits = {
        "an implementation, other rows of the model known": "source",
        "a model known by its arithmetic only": "source_arithmetic",
        "a whole repository": "repository",
        "after one own measurement and its batch: another number of GPUs": "own_count",
        "after one own measurement and its batch: another GPU": "own_gpu",
        "after one own measurement and its batch: another GPU and another number": "own_both",
        "after one own measurement and its batch: another number format": "own_format",
        "the same, encoders": "own_format: encoders",
        "after one own measurement without its batch: another GPU": "own_gpu_no_batch",
        "after one own measurement without its batch: another GPU and another number": "own_both_no_batch",
        "decoders, a publication: 8 GPUs and more": "publication: 8 GPUs and more",
        "decoders, a publication: 1 to 7 GPUs": "publication: 1 to 7 GPUs",
        "Transformers (LoRA, QLoRA, its Trainer), a publication": "adapter_stack: transformers-peft",
        "LoRA and QLoRA in fused code, a publication": "adapter_stack: fused, adapters",
        "kept apart from all learning, after one measurement: another number of GPUs": "apart_count",
        "kept apart from all learning, after one measurement: another GPU": "apart_gpu",
        "kept apart from all learning, after one measurement: another GPU and number": "apart_both",
        "kept apart from all learning, after one measurement: another number format": "apart_format",
    }
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    aims = re.findall(r"^\| ([^|]+) \| (median|width|coverage) \| ([^|]+) \| ([^|]+) \| (yes|no) \|$", page, re.M)
    published = {(split, figure): rest for split, figure, *rest in aims}
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("Within one source")[0]
    stated = {
        row[0]: row[1:]
        for row in re.findall(r"^\| (.+) \|$", text, re.M)
        for row in [row.split(" | ")]
        if len(row) == 7
    }

    assert list(splits) == list(stated)[2:]
    for what, split in splits.items():
        for figure, reached, aim in zip(
            ("median", "coverage", "width"), stated[what][::2], stated[what][1::2], strict=True
        ):
            asked, expected, is_met = published[split, figure]
            assert re.findall(r"[\d.]+", asked) == re.findall(r"[\d.]+", aim), (what, figure)
            assert (is_met == "no") is ("**" in reached), (what, figure)
            tolerance = 0.5 if figure == "coverage" else 0.0
            assert abs(float(expected.rstrip("%")) - float(reached.strip("*% "))) <= tolerance, (what, figure)


def test_the_page_on_language_models_states_the_published_accuracy():
    """Its table of left-out errors is taken from docs/accuracy.md."""
    splits = ["language_cell", "language_model", "parallel_cell", "parallel_shape", "encoder_gpu", "adapter_model"]
    text = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| .+ left out \| [\d,]+ \| ([\d.]+)% \| ([\d.]+)% \| [\d.]+% \| ([\d.]+)% \|", text, re.M)

    published = _accuracy()
    assert [published[split][:3] for split in splits] == [tuple(map(float, row)) for row in stated]


def test_the_page_on_language_models_states_levels_and_left_out_publications():
    """Its tables are those of the learnt file and of docs/accuracy.md."""
    text = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    levels = json.loads((ROOT / "data" / "language_step_time.json").read_text(encoding="utf-8"))["levels"]
    expected = []
    for name, level in levels.items():
        reach = math.hypot(level["common"], level["spread"])
        middle, low, high = (math.exp(level["shift"] + part) for part in (0, -reach, reach))
        expected.append(
            (name, str(level["publications"]), f"{middle:.2f}", f"{low:.2f} to {high:.2f}", f"{high / low:.2f}")
        )
    stated = re.findall(r"^\| ([^|]+) \| (\d+) \| ([\d.]+) \| ([\d.]+ to [\d.]+) \| ([\d.]+) \|$", text, re.M)
    left_out = re.findall(
        r"^\| `(\w+)` \| all \| \d+ \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+) \|$", text, re.M
    )

    assert [row for row in stated if row[0] in levels] == expected
    assert {split: tuple(map(float, figures)) for split, *figures in left_out} == {
        split: _accuracy()[split]
        for split in ("publication", "publication_fp8", "publication_mixture", "adapter_stack")
    }

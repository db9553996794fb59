"""The workflow that publishes prices each day: what it runs exists, it knows every provider, and its scripts do what they say."""

import os
import re
import shlex
import subprocess
import sys
from datetime import timedelta

import click
import pytest
import yaml

from planner.cli.root import cli
from planner.prices.registry import BUILT_IN, load_provider
from tests.builders import a_snapshot, an_offer
from tests.conftest import ROOT
from tests.prices.publisher import TODAY

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "prices.yml").read_text(encoding="utf-8"))
REFRESH, PUBLISH = WORKFLOW["jobs"]["refresh"], WORKFLOW["jobs"]["publish"]
MATRIX = REFRESH["strategy"]["matrix"]["include"]
SCRIPTS = {(name, step.get("name")): step for name, job in WORKFLOW["jobs"].items() for step in job["steps"]}


def _planner_lines():
    """Every command of ours in the workflow, with the name of a provider where there is a variable."""
    for job in (REFRESH, PUBLISH):
        for step in job["steps"]:
            for line in step.get("run", "").splitlines():
                if line.strip().startswith("planner "):
                    yield shlex.split(line.replace('"$PROVIDER"', "aws"))[1:]


@pytest.mark.parametrize("words", list(_planner_lines()), ids=" ".join)
def test_every_command_exists_and_takes_its_options(words):
    """Parsed by the command itself, which refuses what it does not know."""
    command, context = cli, click.Context(cli)
    while isinstance(command, click.Group):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, name

    command.make_context(command.name, list(words))


def test_the_commands_are_those_of_a_refresh_and_a_publication():
    """So that the test above looks at some."""
    found = [" ".join(words[:2]) for words in _planner_lines()]

    assert ["refresh aws", "prices prune", "prices publish"] == found


def test_every_provider_of_the_registry_is_refreshed():
    """Once each; a new provider is a new line."""
    assert sorted(BUILT_IN) == [entry["provider"] for entry in MATRIX]


@pytest.mark.parametrize("provider", BUILT_IN)
def test_a_key_is_set_where_a_provider_cannot_do_without(provider, monkeypatch, tmp_path):
    """By the name that the adapter looks it up by, as it says itself; no other job has a secret."""
    monkeypatch.setenv("HOME", str(tmp_path))
    said = load_provider(provider).credentials()

    (entry,) = [entry for entry in MATRIX if provider == entry["provider"]]
    if said.startswith("missing: set "):
        assert entry["variable"] in said
    else:
        assert {"provider": provider} == entry


def test_secrets_are_in_the_environment_of_their_step_alone():
    """In no script, no address and no other step; the job that holds them may only read."""
    holders = [place for place, step in SCRIPTS.items() if "secrets" in str(step)]

    assert [("refresh", "Refresh")] == holders
    assert "secrets" not in SCRIPTS["refresh", "Refresh"]["run"]
    assert not any("github.token" in step.get("run", "") for step in SCRIPTS.values())
    assert {"contents": "read"} == WORKFLOW["permissions"]
    assert "permissions" not in REFRESH


def test_a_provider_that_fails_keeps_nobody_else():
    """Neither the other jobs nor the publication; only that may write, and it comes last."""
    assert REFRESH["strategy"]["fail-fast"] is False
    assert ("refresh", "${{ !cancelled() }}") == (PUBLISH["needs"], PUBLISH["if"])
    assert {"contents": "write"} == PUBLISH["permissions"]
    assert "Push" == PUBLISH["steps"][-1]["name"]


class Runner:
    """A folder in which scripts of the workflow run, against a repository beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.remote = folder / "remote.git"
        tools = folder / "tools"
        tools.mkdir()
        (tools / "planner").write_text(f'#!/bin/sh\nexec {sys.executable} -m planner "$@"\n')
        (tools / "planner").chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "REMOTE": str(self.remote),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        subprocess.run(["git", "init", "-q", "--bare", self.remote], check=True)

    def run(self, name, *steps, check=True):
        """Run steps of the publication in a new folder; returns how the last one ended."""
        for step in steps:
            done = subprocess.run(
                ["bash", "-e", "-c", SCRIPTS["publish", step]["run"]],
                cwd=self.folder / name,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert not check or 0 == done.returncode, done.stderr
        return done

    def fetched(self, name, *providers, day=TODAY):
        """A new folder with the books that jobs have left."""
        for provider in providers:
            offer = an_offer(provider=provider, observed_on=day)
            path = a_snapshot(self.folder / "made", offer, provider=provider, stem=day.isoformat())
            for part in (path, path.with_suffix(".json")):
                (self.folder / name / "fetched" / provider).mkdir(parents=True, exist_ok=True)
                part.rename(self.folder / name / "fetched" / provider / part.name)
        (self.folder / name).mkdir(exist_ok=True)

    def published(self):
        """Subjects of the branch, newest first, and the files of acme and other in it."""
        git = ("git", "-C", self.remote)
        log = subprocess.run([*git, "log", "--format=%s", "prices"], capture_output=True, text=True, check=True)
        tree = subprocess.run(
            [*git, "ls-tree", "-r", "--name-only", "prices"], capture_output=True, text=True, check=True
        )
        return log.stdout.splitlines(), [name for name in tree.stdout.splitlines() if re.search("acme|other", name)]


STEPS = ("Books published before", "Books, then their index", "Push")


@pytest.fixture
def runner(tmp_path):
    """An empty repository, and folders to run in."""
    return Runner(tmp_path)


def test_the_scripts_publish_books_on_a_branch(runner):
    """The first day makes the branch; a day without news adds no commit; books of later days join the older ones."""
    yesterday = TODAY - timedelta(days=1)
    runner.fetched("first", "acme", "other", day=yesterday)
    runner.run("first", *STEPS)
    runner.fetched("idle")
    runner.run("idle", *STEPS)
    commits, files = runner.published()

    assert [f"Prices of {TODAY}"] == commits
    assert 4 == len(files)

    runner.fetched("second", "acme")
    runner.run("second", *STEPS)
    commits, files = runner.published()

    assert 2 == len(commits)
    assert {f"prices/acme/{TODAY}.csv", f"prices/acme/{yesterday}.csv", f"prices/other/{yesterday}.csv"} <= set(files)


def test_a_branch_that_cannot_be_read_is_not_taken_for_none(runner):
    """The step fails, so that nothing is published over what is there."""
    (runner.folder / "day").mkdir()
    runner.environment["REMOTE"] = str(runner.folder / "gone.git")

    done = runner.run("day", "Books published before", check=False)

    assert 0 != done.returncode
    assert not (runner.folder / "day" / "books").exists()

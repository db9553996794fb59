"""docs/export.md shows what the commands print, and the workflow of docs/ci.md does what the page says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT

EXPORT = ROOT / "docs" / "export.md"
CI = ROOT / "docs" / "ci.md"
SHOWN = re.compile(r"```console\n\$ planner ([^\n]*)\n```\n\n```(yaml|hcl)\n(.*?)```", re.DOTALL)
CHECKER = ROOT / ".venv-export" / "bin" / "check-jsonschema"


def test_the_page_shows_real_files(run_planner, request):
    """Each file on the page is what the command above it prints."""
    text = EXPORT.read_text(encoding="utf-8")
    shown = SHOWN.findall(text)

    printed = [run_planner(*shlex.split(command)).stdout for command, _, _ in shown]

    if request.config.getoption("--update-golden"):
        files = iter(printed)
        fresh = SHOWN.sub(
            lambda found: f"```console\n$ planner {found[1]}\n```\n\n```{found[2]}\n{next(files)}```", text
        )
        EXPORT.write_text(fresh, encoding="utf-8")
        return
    assert ["skypilot", "dstack", "kubernetes", "terraform"] == [command.split()[2] for command, _, _ in shown]
    assert printed == [file for _, _, file in shown]


@pytest.fixture
def workflow():
    """The workflow file of docs/ci.md."""
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", CI.read_text(encoding="utf-8"), re.DOTALL)[1])


@pytest.fixture
def run_step(workflow, tmp_path):
    """Runs the script of a step as GitHub does (bash -e); `gh` is a stand-in that notes how it is called."""
    commands = tmp_path / "bin"
    commands.mkdir()
    _script(commands / "planner", f'exec {shlex.quote(sys.executable)} -m planner "$@"')
    _script(
        commands / "gh", 'printf "%s\\n" "$*" >> calls\ncase "$*" in *--jq*) cat found 2> /dev/null || true ;; esac'
    )

    def run(name, **environment):
        (step,) = (step for step in workflow["jobs"]["training-cost"]["steps"] if step.get("name") == name)
        script = environment.pop("change", lambda text: text)(step["run"])
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{commands}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "GITHUB_OUTPUT": str(tmp_path / "outputs"),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
                "GITHUB_REPOSITORY": "team/net",
                **environment,
            },
        )

    return run


def _script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_the_workflow_is_well_formed(workflow):
    """On pull requests, with the least rights, and with GitHub's own actions only."""
    (job,) = workflow["jobs"].values()

    assert "pull_request" in workflow[True]  # YAML 1.1 reads `on` as true
    assert {"contents": "read", "pull-requests": "write"} == workflow["permissions"]
    assert {"actions/checkout", "actions/setup-python"} == {
        step["uses"].split("@")[0] for step in job["steps"] if "uses" in step
    }
    # expressions belong into the environment of a step, never into its script
    assert not any("${{" in step.get("run", "") for step in job["steps"])


@pytest.mark.slow
@pytest.mark.skipif(not CHECKER.exists(), reason="check-jsonschema is not installed: see tests/export/requirements.txt")
def test_the_workflow_fits_github_s_schema(workflow, tmp_path):
    """By the schema for workflow files that editors use."""
    path = tmp_path / "training-cost.yml"
    path.write_text(re.search(r"```yaml\n(.*?)```", CI.read_text(encoding="utf-8"), re.DOTALL)[1], encoding="utf-8")

    done = subprocess.run(
        [CHECKER, "--builtin-schema", "vendor.github-workflows", path], capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize(("limit", "code"), [("25", "0"), ("2", "3")])
def test_within_the_limit_the_gate_is_open(run_step, tmp_path, limit, code):
    """Above it, it is shut; the comment is there both times, and in the summary of the run."""
    estimate = run_step("Estimate", change=lambda script: script.replace("--max-usd 25", f"--max-usd {limit}"))
    gate = run_step("Gate", CODE=code)

    assert (0, f"code={code}\n") == (estimate.returncode, (tmp_path / "outputs").read_text())
    comment = (tmp_path / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- gpu-cost-planner -->\n")
    assert ("**Within the limit:**" in comment) == (code == "0")
    assert comment == (tmp_path / "summary").read_text(encoding="utf-8")
    assert int(code) == gate.returncode


def test_an_error_stops_the_job_without_a_comment(run_step, tmp_path):
    """A model that nobody knows is no limit that was missed."""
    done = run_step("Estimate", change=lambda script: script.replace("resnet50", "resnet5O"))

    assert 0 != done.returncode
    assert not (tmp_path / "comment.md").exists()


@pytest.mark.parametrize(
    ("found", "call"),
    [
        ("", "api --method POST repos/team/net/issues/7/comments -F body=@comment.md"),
        ("42\n43\n", "api --method PATCH repos/team/net/issues/comments/42 -F body=@comment.md"),
    ],
)
def test_one_comment_is_kept_up_to_date(run_step, tmp_path, found, call):
    """The first comment of the workflow's own is replaced; without one, a new one is made."""
    (tmp_path / "found").write_text(found, encoding="utf-8")

    done = run_step("Comment", NUMBER="7")

    assert 0 == done.returncode, done.stderr
    look, write = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert look.startswith("api --paginate repos/team/net/issues/7/comments --jq .[] | select(")
    assert call == write


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on the PATH: https://jqlang.org/download")
def test_the_comment_is_found_by_its_marker_and_its_author(workflow):
    """The query picks the comments of the account that start with the marker."""
    (step,) = (step for step in workflow["jobs"]["training-cost"]["steps"] if step.get("name") == "Comment")
    query = re.search(r"mine='(.*)'", step["run"])[1]
    bot, other = {"login": "github-actions[bot]"}, {"login": "somebody"}
    comments = [
        {"id": 1, "user": other, "body": "<!-- gpu-cost-planner -->\nmine"},
        {"id": 2, "user": bot, "body": "something else <!-- gpu-cost-planner -->"},
        {"id": 3, "user": bot, "body": "<!-- gpu-cost-planner -->\n### Training"},
    ]

    done = subprocess.run(["jq", query], input=json.dumps(comments), capture_output=True, text=True, check=True)

    assert ["3"] == done.stdout.split()

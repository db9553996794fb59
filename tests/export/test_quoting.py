"""Text from price books as a value in another language: it comes out as it went in, and nothing of it is run."""

import base64
import json
import re
import shutil
import subprocess

import hcl2
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.export.quoting import block, hcl_value, yaml_value
from planner.export.task import comment, task_name
from tests.examples import examples
from tests.export.exports import HOSTILE

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NEEDS_TERRAFORM = pytest.mark.skipif(
    shutil.which("terraform") is None,
    reason="terraform is not on the PATH: https://developer.hashicorp.com/terraform/install",
)


@given(TEXT)
def test_yaml_gives_every_text_back(text):
    """A reader of YAML gets the text, as a text."""
    assert {"key": text} == yaml.safe_load(f"key: {yaml_value(text)}  # comment\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_yaml_gives_hostile_text_back(text):
    """In a mapping, in a list and in a list on one line."""
    assert {"key": text} == yaml.safe_load(f"key: {yaml_value(text)}\n")
    assert [text, text] == yaml.safe_load(f"[{yaml_value(text)}, {yaml_value(text)}]\n")


@pytest.mark.parametrize(
    "word", ["y", "N", "Yes", "NO", "on", "OFF", "True", "false", "NULL", "~", "12", "1_0", "0x1f", "1:30"]
)
def test_words_that_yaml_takes_for_something_else_are_quoted(word):
    """NO is Norway, whatever version of YAML reads it."""
    assert f'"{word}"' == yaml_value(word)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda line: len(line.splitlines()) < 2)
    )
)
def test_a_block_of_lines_comes_back(lines):
    """Commands with any characters, leading spaces and empty lines too."""
    lines = tuple("".join(line.splitlines()) for line in lines)

    found = yaml.safe_load(f"run: {block(lines, 2)}\nnext: 1\n")

    assert {"run": "".join(f"{line}\n" for line in lines).rstrip("\n"), "next": 1} == found | {
        "run": found["run"].rstrip("\n")
    }


@settings(max_examples=examples(50))  # the parser is slow
@given(TEXT)
@example('${file("/etc/passwd")} $${x} %{y}')
def test_hcl_is_one_literal(text):
    """Its own parser sees one text on one line and no template."""
    line = f"value = {hcl_value(text)}\n"

    assert 1 == line.count("\n")
    assert "${" not in line
    assert "%{" not in line
    assert ["value"] == [key for key in hcl2.loads(line) if not key.startswith("__")]


@NEEDS_TERRAFORM
def test_terraform_gives_hostile_text_back(tmp_path):
    """Terraform itself evaluates the literals: what comes out is what went in, and no file was read."""
    texts = [text.replace("\x00", "") for text in HOSTILE]
    values = ",\n".join(hcl_value(text) for text in texts)
    (tmp_path / "main.tf").write_text(f"locals {{\n  texts = [\n{values}\n  ]\n}}\n", encoding="utf-8")

    done = subprocess.run(
        ["terraform", "console"],
        input="base64encode(jsonencode(local.texts))\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"},
    )

    assert texts == json.loads(base64.b64decode(done.stdout.strip().strip('"')))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_is_one_short_line(text):
    """Nothing gets out of a comment, and nothing in it is invisible."""
    line = comment(text)

    assert line.isprintable()
    assert len(line) <= 200


@given(st.text())
def test_names_suit_every_tool(text):
    """DNS label of Kubernetes, resource name of dstack and of Google, all at once."""
    assert re.fullmatch(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", task_name(text))

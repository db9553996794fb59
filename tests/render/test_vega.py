"""The drawing library: bundled once, kept in the cache folder, and never waited for by an answer."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.conftest import ROOT
from tests.web.conftest import served

KEPT = f"vega-of-vl-convert-{version('vl-convert-python')}.js"


def _script(cache_home):
    """What a new process gets, with that folder for caches."""
    done = subprocess.run(
        [sys.executable, "-c", "from planner.render.charts.vega import vega_script; print(vega_script())"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache_home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_kept_bundle_is_not_made_again(tmp_path):
    """The file of the installed version is taken as it is; one of another version is not."""
    folder = tmp_path / "gpu-cost-planner"
    folder.mkdir()
    (folder / KEPT).write_text("kept()")
    (folder / "vega-of-vl-convert-0.1.js").write_text("old()")

    assert '(() => {\n"use strict";\nkept()\n})();\n' == _script(tmp_path)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    """The bundle is made all the same."""
    place = tmp_path / "a file"
    place.write_text("")

    assert 1 == _script(place).count("window.vegaEmbed=")


@pytest.mark.slow
def test_the_server_answers_before_the_bundle_is_made(tmp_path):
    """Starting and answering makes no bundle; asking for the script does, and keeps it."""
    kept = tmp_path / "cache" / "gpu-cost-planner" / KEPT
    with served(home=tmp_path) as server:
        answered = server.get("/api/models").status, server.get("/").status, kept.exists()
        script = server.get("/assets/vega.js")

    assert (200, 200, False) == answered
    assert (200, True) == (script.status, kept.exists())
    assert kept.read_bytes().replace(b"</script", b"<\\/script") in script.body

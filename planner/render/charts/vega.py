"""The JavaScript of Vega as it stands in reports and on the local page: bundled once, then kept."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from threading import Lock

from planner.errors import OutputError
from planner.paths import user_cache_dir
from planner.prices.snapshots import write_durably
from planner.render.charts.images import chart_engine

_BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
_ONE_AT_A_TIME = Lock()


def vega_script() -> str:
    """Returns Vega, Vega-Lite and vegaEmbed as one classic script that sets `window.vegaEmbed`.

    The first call of a user takes one or two seconds of processor time; the bundle is then kept in the cache folder
    until another version of vl-convert is installed.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    chart_engine()
    with _ONE_AT_A_TIME:
        return _wrapped_bundle()


@cache
def _wrapped_bundle() -> str:
    # in a function of its own, so that its many short names are not those of the page
    return f'(() => {{\n"use strict";\n{_bundle()}\n}})();'.replace("</script", "<\\/script")


def _bundle() -> str:
    place = user_cache_dir() / f"vega-of-vl-convert-{version('vl-convert-python')}.js"
    with contextlib.suppress(OSError):
        return place.read_text(encoding="utf-8")
    # a process of its own: while it bundles, the library lets no other thread of the process run
    command = [sys.executable, "-P", "-c", _BUNDLE]
    made = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603 - ours, nothing given
    with contextlib.suppress(OutputError):  # made again next time
        write_durably(place, made)
    return made.decode()

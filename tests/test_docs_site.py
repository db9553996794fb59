"""The built site: strict, whole, and loading nothing from elsewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import click
import pytest

import planner
from planner.cli.names import variables_of
from planner.cli.root import cli
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "srcset", "video": "src"}
"""Elements that make a browser fetch something, and the attribute that says what."""


class _Page(HTMLParser):
    """What a page loads, links to, and can be linked at; its text without markup."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.navigation, self.anchors, self.text = [], [], set(), set(), []
        self._in_navigation = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if found.get(LOADING.get(tag)):
            self.loads.append(found[LOADING[tag]])
        if "nav" == tag:
            self._in_navigation += 1
        if "a" == tag and found.get("href"):
            self.links.append(found["href"])
            if self._in_navigation:
                self.navigation.add(found["href"])

    def handle_endtag(self, tag):
        self._in_navigation -= "nav" == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `mkdocs build --strict` makes it: pages by path."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return {path: _Page(path) for path in out.rglob("*.html") if path.name != "404.html"}


def _target(page, link):
    """The file a link within the site leads to, and its anchor."""
    parts = urlsplit(link)
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return (path / "index.html" if path.is_dir() else path), unquote(parts.fragment)


def _outside(link):
    return bool(urlsplit(link).scheme or link.startswith("//"))


def test_every_page_is_in_the_navigation(site):
    """From the first page every other one is one click away."""
    start = min(site, key=lambda path: len(path.parts))
    reached = {_target(start, link)[0] for link in site[start].navigation if not _outside(link)}

    assert [] == sorted(str(path) for path in set(site) - reached - {start})


def test_every_page_of_the_repository_is_in_the_site(site):
    """Nothing under docs/ is forgotten."""
    start = min(site, key=lambda path: len(path.parts)).parent
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}

    assert set() == pages - {path.relative_to(start) for path in site}


def test_every_link_within_the_site_resolves(site):
    """Also to the headings of other pages and of the reference."""
    broken = []
    for page, content in site.items():
        for link in content.links:
            if not _outside(link):
                path, anchor = _target(page, link)
                known = site.get(path)
                if not path.is_file() or (anchor and known is not None and anchor not in known.anchors):
                    broken.append(f"{page.name}: {link}")

    assert [] == broken


def test_nothing_is_loaded_from_elsewhere(site):
    """No font, script, style or picture of another host, in no page and in no style sheet."""
    loaded = {link for content in site.values() for link in content.loads}
    start = min(site, key=lambda path: len(path.parts)).parent
    styles = [path.read_text(encoding="utf-8") for path in start.rglob("*.css")]

    assert [] == sorted(link for link in loaded if _outside(link) and not link.startswith("data:"))
    assert [] == [found for style in styles for found in re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style)]


def _commands(command, context):
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from _commands(below, click.Context(below, info_name=name, parent=context))


def test_the_reference_names_every_command_with_every_option(site):
    """Made from the code, so that none is forgotten; each with every variable that sets it."""
    (page,) = [content for path, content in site.items() if path.parts[-2:] == ("reference", "commands.html")]
    text = "".join(page.text)
    sections = dict(re.findall(r"^(planner[a-z -]*)¶\n(.*?)(?=^planner[a-z -]*¶|\Z)", text, re.MULTILINE | re.DOTALL))

    for path, command in _commands(cli, click.Context(cli, info_name="planner")):
        options = {
            spelling
            for option in command.params
            if isinstance(option, click.Option)
            for spelling in (*option.opts, *option.secondary_opts, *variables_of(option))
        }
        words = set(re.split(r"[\s,/]+", sections[path]))
        assert set() == {spelling for spelling in options if spelling not in words}, path


def test_the_reference_has_every_public_name(site):
    """With a heading of its own, and no name left without a text."""
    (page,) = [content for path, content in site.items() if path.parts[-2:] == ("reference", "python.html")]

    homes = {f"{getattr(planner, name).__module__}.{name}" for name in planner.__all__}
    assert set() == homes - page.anchors
    assert set() == {name for name in planner.__all__ if f"planner.{name}" not in "".join(page.text)}

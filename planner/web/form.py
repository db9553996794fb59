"""The pages of the local server: a form for each kind of question, made from the declarations of its options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from planner.options.declared import Declared, declared
from planner.options.fit_arguments import FitArguments
from planner.options.language_arguments import LanguageArguments
from planner.options.option import brief
from planner.options.readers import COST, COUNT, DAY, DEADLINE
from planner.options.vocabulary import words_of
from planner.render.report.markup import Content, Markup, element
from planner.web.form_fields import EXAMPLES, GROUPS, IN_SIGHT, LABELS, SHIPPED, SLIDERS, WORK
from planner.web.parameters import KINDS, Kind, Question, offered

_TITLES = {
    "estimate": ("/", "Rent: time and cost"),
    "recommend": ("/recommend", "What to take"),
    "compare": ("/compare", "Rent or buy"),
    "fit": ("/fit", "Does it fit"),
}
"""The address of each page, and what it is called."""

_SCRIPTS = ("theme.js", "table.js", "charts.js", "form.js", "app.js")


def form_pages() -> dict[str, bytes]:
    """The page of each address."""
    return {_TITLES[kind.name][0]: _page(kind).encode() for kind in KINDS}


def first_question(kind: Kind) -> Question:
    """What the page of that kind asks before anybody types."""
    values = {name: value for one in EXAMPLES[kind.name] for name, value in one.values.items()}
    fields = kind.question.model_fields
    return kind.question.model_validate(
        {name: [value] if isinstance(fields[name].default, list) else value for name, value in values.items()}
    )


def _page(kind: Kind) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{_TITLES[kind.name][1]} - GPU cost planner"),
        element("link", rel="icon", href="data:,"),
        element("link", rel="stylesheet", href="/assets/page.css"),
        element("link", rel="stylesheet", href="/assets/app.css"),
        element("script", src="/assets/vega.js", id="chart-engine", async_=True),
        [element("script", src=f"/assets/{name}", defer=True) for name in _SCRIPTS],
    )
    body = element(
        "body",
        element("a", "Skip to the answer", class_="skip", href="#result"),
        _top(kind),
        _without_scripts(),
        element("div", element("div", id="error", role="alert", hidden=True), _form(kind), _result(), class_="columns"),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _top(kind: Kind) -> Markup:
    links = [
        element("a", title, href=address, data_kind=name, aria_current="page" if name == kind.name else None)
        for name, (address, title) in _TITLES.items()
    ]
    nav = element("nav", links, element("a", "JSON API", href="/api"), aria_label="Questions")
    return element(
        "header",
        element("div", element("h1", "GPU cost planner"), nav),
        element("button", "Dark theme", type="button", class_="theme", hidden=True),
        class_="top",
    )


def _without_scripts() -> Markup:
    commands = [[" ", element("code", f"planner {kind.name}")] for kind in KINDS]
    return element(
        "noscript",
        element(
            "p",
            "This page asks its server with JavaScript, which is off here. The same answers come from a terminal:",
            commands,
            ", and from the ",
            element("a", "JSON API", href="/api"),
            ".",
            class_="answer",
        ),
    )


def _form(kind: Kind) -> Markup:
    lists = [element("datalist", id=name) for name in ("models", "gpus", "cards")]
    asking = element(
        "details",
        element("summary", "Question: model, machines, limits"),
        element("div", [_group(kind, *group) for group in _groups(kind)], class_="fields"),
        id="asking",
        open=True,
    )
    return element(
        "form",
        asking,
        element("ul", id="more", aria_label="Further parameters of the address"),
        lists,
        id="question",
        aria_label="Your question",
        autocomplete="off",
        novalidate=True,
        data_kind=kind.name,
        data_examples=json.dumps([asdict(one) for one in EXAMPLES[kind.name]]),
    )


def _groups(kind: Kind) -> Iterator[tuple[str, str, list[Declared]]]:
    """Heading, meaning and options of each group that the kind has, in the order of the page; every option once."""
    left = offered(kind.question)
    if kind.home is FitArguments:  # says only here what is run, and where
        run = [left.pop(name) for name in list(left) if name not in declared(LanguageArguments)]
        yield "Run", "what is trained, and on what", run
    for home in GROUPS[kind.name]:
        mine = [left.pop(name) for name in declared(home) if name in left]
        heading, _, says = (home.__doc__ or "").partition(":")
        if mine:
            yield heading, says.strip().rstrip("."), mine
    if left:
        yield "Further", "what else counts", list(left.values())


def _group(kind: Kind, heading: str, says: str, options: Sequence[Declared]) -> Markup:
    seen = [name for name in IN_SIGHT[kind.name] if name in {one.name for one in options}]
    first = [one for name in seen for one in options if one.name == name]
    others = [one for one in options if one.name not in seen]
    fields: Content = [_field(one, is_usual=True) for one in first]
    rest = element("div", [_field(one) for one in others], class_="rest") if others else None
    more = f"More: {says}" if first else f"{heading}: {says}"
    hidden = element("details", element("summary", more), rest, class_="whole") if rest else None
    work = WORK.get(heading)
    legend = element("legend", heading, class_=None if first else "unseen")
    return element("fieldset", legend, fields, hidden, data_work=work)


def _field(one: Declared, *, is_usual: bool = False) -> Markup:
    """The field of an option; one that few need says below what it means."""
    name, (label, placeholder) = one.spellings[0], _label(one)
    if one.is_list and one.option.known in ("providers", "purchases"):
        return _ticks(one, label)
    if one.name in SLIDERS:
        return _slider(one, label)
    hint = None if is_usual else element("span", _hint(one), class_="hint", id=f"{name}-hint")
    return element(
        "p",
        element("label", label, for_=name),
        _input(one, placeholder, described_by=None if hint is None else f"{name}-hint"),
        hint,
        class_="field" if is_usual and not one.is_list and one.name != "model" else "field whole",
        data_work=WORK.get(one.name),
    )


def _input(one: Declared, placeholder: str, *, described_by: str | None) -> Markup:
    name = one.spellings[0]
    shared = {
        "id": name,
        "name": name,
        "data_spellings": " ".join(one.spellings[1:]) or None,
        "aria_describedby": described_by,
        "title": None if described_by else _hint(one),
    }
    choices = ("true", "false") if bool in one.kinds else () if one.is_list else words_of(one.option.known)
    if choices:
        usual = placeholder or _default(one) or (str(one.default).lower() if one.default is not None else "as usual")
        options = [element("option", f"{usual} (default)", value="")]
        options += [element("option", word) for word in choices]
        return element("select", options, **shared)
    is_whole = int in one.kinds and float not in one.kinds
    has_words = not one.is_number or one.option.read in (COST, COUNT, DAY, DEADLINE)
    return element(
        "input",
        **shared,
        inputmode=None if has_words else "numeric" if is_whole else "decimal",
        list={"models": "models", "gpus": "cards" if one.name in ("buy", "own") else "gpus"}.get(one.option.known),
        spellcheck="false" if has_words else None,
        placeholder=placeholder or _default(one),
        data_many=one.is_list,
        data_shipped=one.name in SHIPPED,
    )


def _ticks(one: Declared, label: str) -> Markup:
    """A box for each word; those of providers are filled in with their books' ages."""
    name = one.spellings[0]
    boxes = [
        element("label", element("input", type="checkbox", name=name, value=word), f" {word.replace('_', ' ')}")
        for word in words_of(one.option.known)
    ]
    legend = element("legend", label, element("span", f" (none ticked: {_default(one) or 'all'})", class_="hint"))
    return element("fieldset", legend, element("div", boxes, id=f"{one.name}", data_ticks=name), class_="ticks whole")


def _slider(one: Declared, label: str) -> Markup:
    name, (low, high, step) = one.spellings[0], SLIDERS[one.name]
    others = " ".join(one.spellings[1:]) or None
    return element(
        "div",
        element("label", label, for_=name),
        element("input", id=name, name=name, inputmode="decimal", data_spellings=others),
        element(
            "input", type="range", data_for=name, aria_label=label, min=f"{low:g}", max=f"{high:g}", step=f"{step:g}"
        ),
        class_="slider whole",
    )


def _label(one: Declared) -> tuple[str, str]:
    """What a field is called, and what stands in it while it is empty."""
    if one.name in LABELS:
        return LABELS[one.name]
    words = " ".join(_UNITS.get(word, word) for word in one.spellings[0].split("_"))
    return words[0].upper() + words[1:], ""


_UNITS = {"usd": "USD", "gb": "GB", "kwh": "kWh", "gpu": "GPU", "gpus": "GPUs", "cpu": "CPU", "gmacs": "GMACs", "kv": "KV",
          "pue": "PUE", "bf16": "BF16"}  # fmt: skip


def _hint(one: Declared) -> str:
    return brief(one.option.help).replace("{", "").replace("}", "")


def _default(one: Declared) -> str | None:
    """What counts where the field is empty: the default, or what the help says of it."""
    if isinstance(one.default, bool):
        return None
    if one.default in (None, (), ""):
        said = re.search(r"Default: ([^{}]*?)\.(?:\s|$)", one.option.help)
        return said[1] if said else None
    return f"{one.default:g}" if isinstance(one.default, float) else str(one.default)


def _result() -> Markup:
    keep = [
        "Keep: ",
        *(
            part
            for form, text in (("json", "JSON"), ("csv", "CSV"), ("html", "HTML report"))
            for part in (element("a", text, data_format=form, download=f"planner.{form}"), " ")
        ),
        element("button", "Copy link", type="button", id="copy"),
        element("span", id="status", class_="quiet", role="status"),
    ]
    heading = element(
        "div",
        element("h2", "Answer", id="title"),
        element("p", id="subtitle", class_="quiet"),
        element("p", id="example", class_="answer", hidden=True),
        element("p", keep, id="tools", class_="tools", hidden=True),
        class_="heading",
    )
    return element("main", heading, element("div", id="content"), id="result", tabindex="-1", aria_labelledby="title")

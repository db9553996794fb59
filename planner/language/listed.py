"""Language models by name: the shipped tables of shapes and of the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from planner.hardware.tables import read_columns, read_rows, read_table
from planner.model.language_models import LanguageModel
from planner.paths import is_there

TABLE = "language_models.csv"
NAMES = "language_names.csv"


def find_language_model(name: str) -> LanguageModel | None:
    """The model of the shipped table by name, alias or repository; `None` if there is none.

    `Qwen/Qwen2.5-7B-Instruct` and `qwen2.5:7b` are `qwen2.5-7b`: a chat model and a quantised one have the shape of
    their base, and the model says in its remarks that it stands for them. A folder of that name is not meant by it.
    """
    whole = name.strip()
    owner, slash, rest = whole.rpartition("/")
    if slash and owner.count("/") == 0 and not is_there(Path(name)):
        return _found(rest) or _found(whole)
    return None if owner else _found(whole)


def language_names() -> list[str]:
    """Every name and alias that language models go by, for close matches."""
    return [spelling for spellings in _spellings().values() for spelling in spellings]


@cache
def load_language_models() -> Mapping[str, LanguageModel]:
    """Every model of the shipped table by its name, in the order of the file."""
    return read_table(TABLE, LanguageModel, lambda model: model.name)


def language_models_holding(text: str) -> list[LanguageModel]:
    """The models with the text in their name or that of a relative, however it is punctuated, in the order of the table."""
    wanted, spellings = _plain(text), _spellings()
    return [
        model for name, model in load_language_models().items() if any(wanted in _plain(one) for one in spellings[name])
    ]


@lru_cache(maxsize=256)
def _found(text: str) -> LanguageModel | None:
    model, note, beside = (
        _row(text.lower()),
        "",
        "",
    )  # nine in ten names are of the table: no need to read all the others
    if model is None:
        keys = _keys()
        name, note, beside = next((keys[one] for one in _readings(text) if one in keys), ("", "", ""))
        model = _row(name)
    if model is None:
        return None
    beside, remarks = beside or model.beside, []
    if _squeezed(text) != _squeezed(model.name):
        remarks.append(f"stands for {text}, which has its shape" + (f" ({note})" if note else ""))
    if beside:
        remarks.append(f"only the text model is counted; not its {beside}, in memory and in time")
    if model.is_weakly_sourced:
        remarks.append(f"its shape is {model.source}")
    return replace(model, beside=beside, remarks=tuple(remarks))


def _row(name: str) -> LanguageModel | None:
    rows = read_rows(TABLE, LanguageModel, holding=f"\n{name},")
    return next((row for row in rows if row.name == name), None)


@cache
def _keys() -> Mapping[str, tuple[str, str, str]]:
    """The model behind each name, a note and what is left out of it, by how it is looked up; what is a name itself wins over what merely reads like one."""
    found = {_plain(one): (name, "", "") for name, spellings in _spellings().items() for one in spellings}
    rows = read_columns(NAMES, "name", "model", "note", "beside")
    found |= {_plain(name): (model, note, beside) for name, model, note, beside in rows}
    return dict(_without_endings(found)) | found


@cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    """Names and aliases by model: of its own row, then of relatives that have its shape."""
    own = {name: (name, *aliases.split()) for name, aliases in read_columns(TABLE, "name", "aliases")}
    for relative, model in read_columns(NAMES, "name", "model"):
        own[model] = (*own[model], relative)
    return own


def _without_endings(found: Mapping[str, tuple[str, str, str]]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """The names of the table without what repositories add: of `phi-3-medium-4k-instruct`, `phi-3-medium`."""
    for key, target in found.items():
        for shorter in _shortened(key):
            yield shorter, target


def _readings(text: str) -> Iterator[str]:
    """What a text may be looked up as, the most literal first."""
    literal, dotted = _plain(text.replace("_", "-")), _plain(text)
    for key in dict.fromkeys((literal, dotted, *_shortened(literal), *_shortened(dotted))):
        yield key
        yield re.sub(r"(?<=-)(\d)-(\d)(?=-)", r"\1.\2", key)  # llama-3-1-8b
    maker, _, rest = literal.partition("-")
    if maker in _MAKERS:
        yield from _readings(rest)


def _shortened(key: str) -> tuple[str, str]:
    """A name without what says that it is a chat or a quantised model; and without dates, versions and context lengths too."""
    key = re.sub(r"-(i?q\d(-[a-z0-9]{1,3})*|\d-?bit|(int|fp|bf|nf|mxfp|nvfp)-?\d+|w\d+a\d+(-\d+)?)(?=-|$)", "", key)
    first = re.sub(_KIND, "", key)
    return first, re.sub(_EDITION, "", first)


def _plain(text: str) -> str:
    """Lower case, one dash between words and before a number: `Llama3.1 8B` and `llama3.1:8b` are `llama-3.1-8b`."""
    lower = re.sub(r"(\d)_(\d)", r"\1.\2", text.lower())
    key = re.sub(r"([^a-z0-9.]|(?<!\d)\.|\.(?!\d))+", "-", lower).strip("-")
    key = re.sub(r"(?<![a-z])([a-z]{2,})(?=\d)", r"\1-", key)
    return re.sub(r"(\d)-(b|billion)(?=-|$)", r"\1b", re.sub(r"(\d)billion(?=-|$)", r"\1b", key))


def _squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_KIND = (
    r"-(instruct|chat|it|base|hf|pt|sft|dpo|rlhf|gptq|awq|gguf|ggml|exl-?2|mlx|bnb|unsloth|quantized|preview|latest|thinking|"
    r"reasoning|text|deduped|abliterated|uncensored|dynamic|qat|merged|ft|finetuned|alpha|beta)(?=-|$)"
)
"""What repositories add to the name of a model without changing its shape."""
_EDITION = r"-(\d{4}|v0\.\d|v1(\.\d+)?|\d+k|1m)(?=-|$)"
"""Dates, versions below 2 and context lengths, which leave the shape as it is unless the table says otherwise."""
_MAKERS = (
    *(
        "meta",
        "facebook",
        "google",
        "microsoft",
        "mistralai",
        "mistral",
        "openai",
        "alibaba",
        "nvidia",
        "ibm",
        "eleutherai",
    ),
    *("tiiuae", "bigcode", "bigscience", "allenai", "deepseek", "huggingface", "cohere", "lmsys", "ai", "moonshotai"),
)
"""Makers that people write before a name."""

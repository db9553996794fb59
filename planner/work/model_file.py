"""The language model that a `config.json` of Hugging Face describes: a family that is understood, or a refusal with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.errors import DataError, PlannerError, UsageError
from planner.language.families import COMMON_KEYS, Family, load_families
from planner.language.listed import find_language_model
from planner.model.language_models import MOST, LanguageModel
from planner.outside.documents import text_of
from planner.outside.files import bytes_of
from planner.work.model_keys import Keys, NotUnderstoodError, dense_layers, shown, unread


def language_model_from_config(path: Path) -> LanguageModel:
    """The model that a Hugging Face `config.json` describes, counted as its family builds it.

    Raises:
        UsageError: the file cannot be read.
        DataError: its family is not known, or it holds what is not understood.
    """
    try:
        config = json.loads(text_of(bytes_of(path)))
    except OSError as error:
        raise UsageError(f"Cannot read the model file {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, ValueError) else "it is nested too deeply"
        raise DataError(f"{path} is not JSON: {reason}. A config.json of Hugging Face is expected.") from error
    if not isinstance(config, dict):
        raise DataError(f"{path} holds no JSON object. A config.json of Hugging Face is expected.")
    try:
        family, keys, remarks = _text_model(config)
        model = _model(family, keys, remarks + _without_output(config), path)
        return _compared(replace(model, beside=_beside(config)))
    except ValueError as error:
        raise _refused(path, str(error)) from error


def _text_model(config: Mapping[str, Any]) -> tuple[Family, Keys, tuple[str, ...]]:
    """The family and the keys of the text model in the file, and what is said of the rest of it."""
    _check_is_decoder(config)
    outer = _family(config)
    if outer.text_family is None:
        return outer, Keys(config, outer), ()
    remark = f"only the text model of {outer.model_type} is counted; not its {_beside(config)}, in memory and in time"
    inner = config.get("text_config", {})
    if not isinstance(inner, dict):
        raise NotUnderstoodError(f"text_config must be an object, not {shown(inner)}")
    if not inner and "hidden_size" not in config:
        raise NotUnderstoodError("text_config is not there, and the sizes of its text model are nowhere else")
    kind = inner.get("model_type", outer.text_family)
    family = _family({"model_type": kind})
    ties, tie_remarks = _tie(config, inner, outer, family)
    if any(key in config for key in family.keys["hidden"]) and not any(key in inner for key in family.keys["hidden"]):
        # older files hold the text model's keys beside the rest
        inner = {**{key: value for key, value in config.items() if key != "text_config"}, **inner}
    return family, Keys({**inner, _TIE: ties}, family, is_nested=True), (remark, *tie_remarks)


def _tie(
    config: Mapping[str, Any], inner: Mapping[str, Any], outer: Family, text: Family
) -> tuple[Any, tuple[str, ...]]:
    """Whether embedding and output layer are one matrix, and what is said where the file leaves it open.

    The whole model's word counts before its text model's. Only files of older code lack both, in which the text model decided.
    """
    stated = [part[_TIE] for part in (config, inner) if _TIE in part]
    of_whole = outer.default_values.get(_TIE)
    ties = stated[0] if stated else text.default_values.get(_TIE, of_whole)
    if stated or ties == of_whole:
        return ties, ()
    taken = "one matrix" if ties else "two matrices"
    return ties, (
        f"{_TIE} is not stated: embedding and output layer are counted as {taken}, as its text model's code has them",
    )


_TIE = "tie_word_embeddings"


def _beside(config: Mapping[str, Any]) -> str:
    """What the model has besides its text model, and about how large that is; empty of a text model."""
    beside = _family(config).beside
    return f"{beside}{_size(config)}" if beside else ""


def _size(config: Mapping[str, Any]) -> str:
    """About how many parameters the layers of a vision tower have, in words; nothing where its sizes are not stated.

    A layer has four matrices of attention and two or three of the feed-forward: 4 d^2 + 2 d m at least.
    """
    tower = config.get("vision_config")
    if not isinstance(tower, dict):
        return ""
    depth, width, inner, ratio = (
        next((tower[key] for key in keys if isinstance(tower.get(key), int | float)), None) for keys in _TOWER_KEYS
    )
    if inner is None and ratio is not None and width is not None:
        inner = ratio * width
    if (
        depth is None
        or width is None
        or inner is None
        or not all(0 < size < MOST["hidden"] for size in (depth, width, inner))
    ):
        return ""
    return f" (its layers have about {depth * (4 * width**2 + 2 * width * inner) / 1e9:.2g}B parameters)"


_TOWER_KEYS = (
    ("depth", "num_hidden_layers", "num_layers", "layers"),
    ("embed_dim", "hidden_size", "width"),
    ("intermediate_size",),
    ("mlp_ratio",),
)
"""What depth, width, inner width and widening of a vision tower are called."""


def _family(config: Mapping[str, Any]) -> Family:
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind:
        raise NotUnderstoodError(f"model_type must name the family, not {shown(kind)}")
    found = load_families().get(kind)
    if found is None:
        usual = {key for keys in COMMON_KEYS.values() for key in keys.split("|")}
        odd = unread(config, usual)
        why = f"; it holds {', '.join(shown(key)[1:-1] for key in list(odd)[:4])}" if odd else ""
        raise NotUnderstoodError(
            f"its model_type {shown(kind)} is no family whose files are understood{why}. Only decoder-only language models "
            "of the families in data/language_families.csv are planned from a file"
        )
    return found


def _check_is_decoder(config: Mapping[str, Any]) -> None:
    built = config.get("architectures") or []
    odd = [name for name in built if str(name).endswith(_OTHER_ENDS)] if isinstance(built, list) else [built]
    if config.get("is_encoder_decoder") or odd:
        what = f"architectures {odd[0]!r}" if odd else "is_encoder_decoder true"
        kind = shown(config.get("model_type"))
        raise NotUnderstoodError(
            f"it has {what}, and is of the family {kind}. Only decoder-only language models are planned from a file"
        )


_OTHER_ENDS = (
    "MaskedLM",
    "SequenceClassification",
    "TokenClassification",
    "QuestionAnswering",
    "Seq2SeqLM",
    "MultipleChoice",
    "PreTraining",
    "EncoderModel",
    "RewardModel",
)
"""Ends of the names of architectures that do not write text word by word."""


def _without_output(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of a file of the bare model, as of those that turn text into vectors: it writes no text."""
    built = config.get("architectures")
    bare = (
        [name for name in map(str, built) if name.endswith("Model") and not name.endswith(_WRITING_ENDS)]
        if isinstance(built, list)
        else []
    )
    return tuple(f"a {name} has no output layer, and one is counted, in memory and in time" for name in bare)


_WRITING_ENDS = ("LMHeadModel", "DoubleHeadsModel")
"""Ends of the names of architectures with an output layer that end as those without."""


def _model(family: Family, keys: Keys, remarks: tuple[str, ...], path: Path) -> LanguageModel:
    layers, hidden, heads = (keys.needed(field) for field in ("layers", "hidden", "heads"))
    vocabulary = keys.needed("vocabulary")
    latent = keys.whole("key_value_rank")
    head_size = keys.whole("head_size")
    if head_size is None:
        if hidden % heads:
            raise NotUnderstoodError(f"hidden size {hidden} is not divisible by {heads} attention heads")
        head_size = hidden // heads
    ranks = [keys.whole(field) if latent else None for field in ("query_rank", "rope_size", "value_size")]
    kv_heads = _kv_heads(keys, heads)
    if latent:
        kv_heads = heads
    if keys.whole("embedded") not in (None, hidden):
        raise NotUnderstoodError(
            f"words are embedded in {keys.whole('embedded')} figures, and layers are {hidden} wide"
        )
    experts = _experts(keys)
    width = _feed_forward(keys, hidden, is_needed=experts is None)
    expert_width = keys.whole("expert_feed_forward") or width
    dense = dense_layers(keys, layers) if experts else 0
    shared_width = keys.whole("shared_width")
    shared = (keys.whole("shared_experts") or 0) * (expert_width if shared_width is None else shared_width)
    per_token = keys.needed("experts_per_token") if experts else None
    longest = keys.whole("longest") or 2048
    is_tied = keys.flag("is_tied")
    keys.check_all_read()
    biases = {"none": 0, "qkv": head_size * (heads + 2 * kv_heads)}
    biases["all"] = biases["qkv"] + 2 * hidden + width
    return LanguageModel(
        name=_name(keys.config, path),
        family=family.model_type,
        layers=layers,
        hidden=hidden,
        heads=heads,
        vocabulary=vocabulary,
        kv_heads=kv_heads,
        head_size=head_size,
        feed_forward=width,
        is_gated=family.is_gated,
        learned_positions=None if family.positions is None else longest + family.positions,
        is_tied=is_tied,
        vector_parameters_per_layer=family.norms * family.norm_vectors * hidden + biases[family.biases],
        other_parameters=family.norm_vectors * hidden,
        experts=experts,
        experts_per_token=per_token,
        expert_feed_forward=expert_width if experts else None,
        shared_feed_forward=(shared or None) if experts else None,
        dense_layers=dense if experts else None,
        query_rank=ranks[0],
        key_value_rank=latent,
        rope_size=ranks[1],
        value_size=ranks[2],
        context_length=longest,
        remarks=remarks + keys.remarks(),
        source=f"{path} ({layers} layers)",
        as_of="",
    )


def _compared(model: LanguageModel) -> LanguageModel:
    """The model, with a remark if the table counts another number under the name that the file gives it."""
    listed = find_language_model(model.name)
    if listed is None or abs(model.parameters / listed.parameters - 1) <= _NEAR:
        return model
    remark = f"the list of models counts {listed.parameters / 1e9:.4g}B for {listed.name}, this file {model.parameters / 1e9:.4g}B"
    return replace(model, remarks=(*model.remarks, remark))


_NEAR = 0.02
"""How far file and name of one model may be apart."""


def _kv_heads(keys: Keys, heads: int) -> int:
    """Key-value heads: one with multi-query attention, unless a newer architecture states groups."""
    stated = keys.whole("kv_heads") or heads
    if "one_kv_head" in keys.family.keys and not keys.flag("grouped"):
        return 1 if keys.flag("one_kv_head") else heads
    if heads % stated:
        raise NotUnderstoodError(f"{heads} attention heads cannot share {stated} key-value heads evenly")
    return stated


def _experts(keys: Keys) -> int | None:
    """How many experts a layer has; `None` of a dense model, which a family of mixtures must state to be one."""
    if "experts" in keys.family.keys and not keys.is_known("experts"):
        keys.needed("experts")
    return keys.whole("experts") or None


def _feed_forward(keys: Keys, hidden: int, *, is_needed: bool) -> int:
    """Width of a dense layer: stated, or the multiple of the hidden size that the family documents."""
    widening = keys.whole("widening")
    stated = keys.whole("feed_forward", may_be_null=widening is not None)
    if stated is not None:
        return stated
    if widening is not None:
        return widening * hidden
    if is_needed:
        keys.needed("feed_forward")
    return keys.needed("expert_feed_forward")


def _name(config: Mapping[str, Any], path: Path) -> str:
    stated = config.get("_name_or_path")
    return stated if isinstance(stated, str) and stated else path.resolve().parent.name or path.stem


def _refused(path: Path, reason: str) -> PlannerError:
    return DataError(
        "{path} cannot be planned: {reason}. Name its figures instead: {params}, {layers}, {hidden}, {heads} and {vocab} of a dense model; "
        "or a model of the list: planner models --language.",
        path=str(path),
        reason=reason,
    )

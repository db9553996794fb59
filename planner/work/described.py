"""Language models that the table does not hold: from a `config.json` of Hugging Face, or from figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.errors import DataError, Message, UnknownNameError, UsageError, named
from planner.language.listed import find_language_model, load_language_models
from planner.model.language_models import MOST, LanguageModel

PARAMETER_TOLERANCE = 0.05
"""How far a stated parameter count may lie from the one of the shape: names round (7B is 6.7B), shapes do not."""

MAX_WIDENING = 8.0
"""Widest feed-forward of the shipped table, in hidden sizes (Gemma)."""


def resolve_language_model(text: str) -> LanguageModel:
    """The language model of that name, or the one in a Hugging Face `config.json` (the file, or the folder that holds it).

    Raises:
        UnknownNameError: no such name; the message offers close matches.
        DataError: the file is not the configuration of a decoder-only language model.
    """
    found = find_language_model(text)
    if found is not None:
        return found
    path = Path(text)
    if path.is_dir() and (path / "config.json").is_file():
        path /= "config.json"
    if path.suffix == ".json" or path.is_file():
        return language_model_from_config(path)
    known = [name for model in load_language_models().values() for name in (model.name, *model.aliases)]
    raise UnknownNameError("language model", text, known, "planner models")


def language_model_from_figures(
    *,
    params: float,
    layers: int,
    hidden: int,
    heads: int,
    vocab: int,
    kv_heads: int | None = None,
    feed_forward: int | None = None,
    context_length: int = 2048,
) -> LanguageModel:
    """A dense language model of that shape, built as current ones are: gated feed-forward, no biases, untied output layer.

    Without `feed_forward`, its width is the one that gives `params` parameters.

    Raises:
        UsageError: the shape is impossible, or contradicts the parameter count.
    """
    _check_sizes(
        layers=layers, hidden=hidden, heads=heads, vocab=vocab, kv_heads=kv_heads or 1, feed_forward=feed_forward or 1
    )
    _check_divides("hidden", hidden, "heads", heads)
    kv = kv_heads or heads
    _check_divides("heads", heads, "kv_heads", kv)
    head_size = hidden // heads
    rest = 2 * vocab * hidden + layers * (2 * hidden * hidden + 2 * hidden * kv * head_size + 2 * hidden) + hidden
    width = feed_forward or round((params - rest) / (3 * layers * hidden))
    if not hidden / 2 <= width <= MAX_WIDENING * hidden:
        lean, rich = (rest + 3 * layers * hidden * hidden * widening for widening in (0.5, MAX_WIDENING))
        raise UsageError(
            "{params} {billions:.4g}B contradicts the shape: {depth} layers of width {width} and a vocabulary of {words} "
            "have {least:.3g}B to {most:.3g}B parameters.",
            argument="params",
            billions=params / 1e9,
            depth=layers,
            width=hidden,
            words=vocab,
            least=lean / 1e9,
            most=rich / 1e9,
        )
    model = LanguageModel(
        name=f"own model of {params / 1e9:.3g}B",
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv,
        head_size=head_size,
        feed_forward=width,
        is_gated=True,
        vocabulary=vocab,
        is_tied=False,
        vector_parameters_per_layer=2 * hidden,
        other_parameters=hidden,
        context_length=context_length,
        published_parameters=params,
        source="figures given by the user",
        as_of="",
    )
    _check_parameters(model, named("params"))
    return model


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        most = MOST["vocabulary" if name == "vocab" else name]
        if not 1 <= size <= most:
            raise UsageError(
                "{which} must be 1 to {most:,}, not {given}.", argument=name, which=named(name), most=most, given=size
            )


def _check_divides(name: str, size: int, part_name: str, parts: int) -> None:
    if size % parts:
        raise UsageError(
            "{whole} {size} is not divisible by {part} {parts}; {near} would do.",
            argument=name,
            whole=named(name),
            size=size,
            part=named(part_name),
            parts=parts,
            near=_divisors_near(size, parts),
        )


def _divisors_near(number: int, wanted: int) -> str:
    divisors = sorted((d for d in range(1, number + 1) if number % d == 0), key=lambda d: abs(d - wanted))[:3]
    return ", ".join(map(str, sorted(divisors)))


def _check_parameters(model: LanguageModel, where: str | Message) -> None:
    stated = model.published_parameters
    if stated is not None and abs(model.parameters / stated - 1) > PARAMETER_TOLERANCE:
        raise UsageError(
            "{where} {stated:.4g} contradicts the shape, which has {found:,} parameters ({off:+.1%}).",
            where=where,
            stated=stated,
            found=model.parameters,
            off=model.parameters / stated - 1,
        )


def language_model_from_config(path: Path) -> LanguageModel:
    """The model that a Hugging Face `config.json` describes; unknown keys are ignored.

    Raises:
        DataError: the file cannot be read, or is not the configuration of a decoder-only language model.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}. A config.json of Hugging Face is expected.") from error
    if not isinstance(config, dict):
        raise DataError(f"{path} holds no JSON object. A config.json of Hugging Face is expected.")
    inner = config.get("text_config")
    try:
        return _from_config({**config, **inner} if isinstance(inner, dict) else config, path)
    except ValueError as error:
        raise DataError(f"{path} describes no possible model: {error}.") from error


_SPELLINGS = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "hidden": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "vocabulary": ("vocab_size",),
}
"""What each figure is called in the configurations of different families."""

_PLAIN_FAMILIES = frozenset(
    ("gpt2", "gpt_neox", "gptj", "gpt_neo", "opt", "bloom", "mpt", "falcon", "phi", "gpt_bigcode", "starcoder2")
)
"""Families with a plain feed-forward, layer norms with bias; all others are counted as gated with RMS norms."""

_LEARNED_POSITIONS = {"gpt2": 0, "gpt_neo": 0, "gpt_bigcode": 0, "opt": 2}
"""Families whose positions have parameters, and how many rows more than the longest context their table has."""

_ENCODERS = frozenset(("bert", "roberta", "t5", "bart", "vit", "clip", "whisper", "distilbert", "deberta-v2", "albert"))


def _from_config(config: Mapping[str, Any], path: Path) -> LanguageModel:
    kind = str(config.get("model_type", ""))
    if kind in _ENCODERS or config.get("is_encoder_decoder"):
        raise DataError(f"{path} describes a {kind} model. Only decoder-only language models are planned from a file.")
    layers, hidden, heads, vocabulary = (_figure(config, field, path) for field in _SPELLINGS)
    if heads < 1 or (hidden % heads and not _whole(config, "head_dim")):
        raise DataError(f"{path}: hidden size {hidden} is not divisible by {heads} attention heads.")
    plain = kind in _PLAIN_FAMILIES
    latent = _whole(config, "kv_lora_rank")
    head_size = _whole(config, "qk_nope_head_dim", "head_dim") or hidden // heads
    width = _whole(config, "intermediate_size", "ffn_dim", "ffn_hidden_size", "n_inner") or 4 * hidden
    experts = _whole(config, "num_local_experts", "n_routed_experts", "num_experts")
    expert_width = _whole(config, "moe_intermediate_size") or width
    kv_heads = _whole(config, "num_key_value_heads", "num_kv_heads") or (1 if config.get("multi_query") else heads)
    longest = _whole(config, "max_position_embeddings", "n_positions", "max_seq_len", "n_ctx") or 2048
    biases = 2 * hidden + head_size * (heads + 2 * kv_heads) + hidden + width + hidden if plain else 0
    shared = (_whole(config, "n_shared_experts") or 0) * expert_width
    return LanguageModel(
        name=str(config.get("_name_or_path") or path.resolve().parent.name or path.stem),
        family=kind,
        layers=layers,
        hidden=hidden,
        heads=heads,
        vocabulary=vocabulary,
        kv_heads=heads if latent else kv_heads,
        head_size=head_size,
        feed_forward=width,
        is_gated=not plain,
        learned_positions=longest + _LEARNED_POSITIONS[kind] if kind in _LEARNED_POSITIONS else None,
        is_tied=bool(config.get("tie_word_embeddings", kind in _PLAIN_FAMILIES or kind.startswith("gemma"))),
        vector_parameters_per_layer=2 * hidden + biases,
        other_parameters=2 * hidden if plain else hidden,
        experts=experts,
        experts_per_token=_whole(config, "num_experts_per_tok") if experts else None,
        expert_feed_forward=expert_width if experts else None,
        shared_feed_forward=shared or _whole(config, "shared_expert_intermediate_size") if experts else None,
        dense_layers=(_whole(config, "first_k_dense_replace") or 0) if experts else None,
        query_rank=_whole(config, "q_lora_rank"),
        key_value_rank=latent,
        rope_size=_whole(config, "qk_rope_head_dim") if latent else None,
        value_size=_whole(config, "v_head_dim") if latent else None,
        context_length=longest,
        source=f"{path} ({layers} layers)",
        as_of="",
    )


def _figure(config: Mapping[str, Any], field: str, path: Path) -> int:
    value = _whole(config, *_SPELLINGS[field])
    if value is None:
        raise DataError(
            f"{path} does not look like the config.json of a language model: it has none of "
            f"{', '.join(_SPELLINGS[field])}."
        )
    return value


def _whole(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None

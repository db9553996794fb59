"""Language models by name, by a `config.json` of Hugging Face, or by figures."""

from __future__ import annotations

from pathlib import Path

from planner.errors import Message, UsageError, named
from planner.language.listed import find_language_model
from planner.model.language_models import MOST, LanguageModel
from planner.paths import is_file

PARAMETER_TOLERANCE = 0.05
"""How far a stated parameter count may lie from the one of the shape: names round (7B is 6.7B), shapes do not."""

MAX_WIDENING = 8.0
"""Widest feed-forward of the shipped table, in hidden sizes (Gemma)."""


def resolve_language_model(text: str) -> LanguageModel:
    """The language model of that name, or the one in a Hugging Face `config.json` (the file, or the folder that holds it).

    Raises:
        UnknownNameError: no such name; the message offers close matches.
        DataError: the file is not the configuration of a decoder-only language model that is understood.
    """
    found = find_language_model(text)
    if found is not None:
        return found
    path = Path(text)
    if is_file(path / "config.json"):
        path /= "config.json"
    if path.suffix == ".json" or is_file(path):
        from planner.work.model_file import language_model_from_config  # noqa: PLC0415 - most models are named

        return language_model_from_config(path)
    from planner.work.unknown import no_model  # noqa: PLC0415 - only on the way to an error

    raise no_model(text, see="planner models --language")


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

"""The splits of `planner validate` that leave publications of language models out: `publication` and `adapter_stack`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from planner.accuracy.few_publications import weighted_quantile
from planner.accuracy.fp8_gain import fp8_pairs
from planner.accuracy.published_steps import foretold_steps
from planner.accuracy.results import ErrorSummary, SplitResult
from planner.accuracy.stack_levels import Judged, leave_publications_out, slow_apart
from planner.language.stacks import ADAPTER_STACK, FUSED_ADAPTERS, MIXTURES

SPLITS: dict[str, tuple[str, Callable[[str], bool]]] = {
    # name: what leaves, and the classes that are judged together
    "publication": (
        "all steps of a publication, all weights trained in 16 bits",
        lambda group: group.startswith("typical") and not group.endswith("fp8"),
    ),
    "publication_fp8": ("all steps of a publication, in fp8", lambda group: group.endswith("fp8")),
    "publication_mixture": ("all steps of a publication, mixtures of experts", lambda group: group == MIXTURES),
    "adapter_stack": (
        "all steps of a publication, LoRA and QLoRA",
        lambda group: group in (ADAPTER_STACK, FUSED_ADAPTERS),
    ),
}


def stack_splits() -> tuple[SplitResult, ...]:
    """The splits that leave publications out; `n` counts publications, each by class, and all figures weigh them alike."""
    usual, _ = slow_apart(foretold_steps())
    judged = leave_publications_out(usual, fp8_pairs())
    return tuple(_split(name, judged) for name in SPLITS)


def _split(name: str, judged: Sequence[Judged]) -> SplitResult:
    left_out, belongs = SPLITS[name]
    own = [one for one in judged if belongs(one.group)]
    classes = sorted({one.group for one in own})
    publications = sorted({one.publication for one in own})
    return SplitResult(
        split=name,
        basis="modelled",
        left_out=left_out,
        still_known="the fitted steps; levels and ranges of other publications",
        errors=summary_of("prediction", own),
        baselines=(),
        groups={
            "gpu_count": _by_count(own),
            "class": tuple(summary_of(group, [one for one in own if one.group == group]) for group in classes),
            "publication": tuple(
                summary_of(one, [each for each in own if each.publication == one]) for one in publications
            ),
        },
    )


def _by_count(judged: Sequence[Judged]) -> tuple[ErrorSummary, ...]:
    """The steps of typical code on few and on many GPUs; the other classes are not told apart so."""
    found = []
    for name in ("8 GPUs and more", "1 to 7 GPUs"):
        own = [one for one in judged if name in one.group]
        found += [summary_of(name, own)] if own else []
    return tuple(found)


def summary_of(name: str, judged: Sequence[Judged]) -> ErrorSummary:
    """Errors, coverage and width of judged figures by their weights; `n` counts publications, each by class."""
    # a prediction that is too high by a factor has a positive error, as in the other splits
    errors = [math.expm1(-one.error) for one in judged]
    sizes, weights = [abs(error) for error in errors], [one.weight for one in judged]
    return ErrorSummary(
        name=name,
        n=len({(one.group, one.publication) for one in judged}),
        median=weighted_quantile(sizes, weights, 0.5),
        mean=_mean(sizes, weights),
        p90=weighted_quantile(sizes, weights, 0.9),
        bias=_mean(errors, weights),
        coverage=_mean([float(one.is_inside) for one in judged], weights),
        width=weighted_quantile([one.width for one in judged], weights, 0.5),
    )


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / math.fsum(weights)

"""Listings of the look-up commands: GPUs, models, benchmarks, offers, providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date

from planner.cost.rental import BillingRule
from planner.hardware.gpus import shown_key
from planner.hardware.markets import declared_market
from planner.model.datasets import Dataset
from planner.model.frozen import values_of
from planner.model.language_models import LanguageModel
from planner.model.records import Benchmark, Gpu, Model, Offer
from planner.prices.ages import ages_together
from planner.prices.offers import offer_record
from planner.prices.provider_states import ProviderState
from planner.render.ages import kinds_text
from planner.render.listing import Column, Listing, general, number, significant
from planner.results.prices import ages_record
from planner.units import Row


def gpus_listing(gpus: Iterable[Gpu]) -> Listing:
    """Specifications, one GPU a row; the table shows the most wanted columns, the other formats all."""
    return Listing(schema="planner.gpus/1", name="gpus", columns=_GPU_COLUMNS, rows=[_gpu_row(gpu) for gpu in gpus])


def gpu_sheets(gpus: Sequence[Gpu]) -> Listing:
    """Every specification of a few GPUs side by side, one specification a row."""
    records = [_gpu_row(gpu) for gpu in gpus]
    rows = [{"specification": key, **{row["name"]: row[key] for row in records}} for key in records[0] if key != "name"]
    columns = [
        Column(key="specification", heading="specification"),
        *(Column(key=gpu.name, heading=shown_key(gpu.name), text=_specification) for gpu in gpus),
    ]
    return Listing(schema="planner.gpus/1", name="gpus", columns=columns, rows=rows)


def models_listing(models: Iterable[Model]) -> Listing:
    """Models with the figures of their arithmetic and data."""
    rows = [_plain_values(model) for model in models]
    return Listing(schema="planner.models/1", name="models", columns=_MODEL_COLUMNS, rows=rows)


def datasets_listing(datasets: Iterable[Dataset]) -> Listing:
    """Training sets with their size and other names."""
    rows = [_plain_values(one) for one in datasets]
    return Listing(schema="planner.datasets/1", name="datasets", columns=_DATASET_COLUMNS, rows=rows)


def language_models_listing(models: Iterable[LanguageModel]) -> Listing:
    """Language models by shape, with parameters counted from it."""
    rows: list[Row] = []
    for model in models:
        row = {one.name: _plain(getattr(model, one.name)) for one in fields(model)}  # a dataclass of the library
        row |= {"parameters": model.parameters, "active_parameters": model.active_parameters}
        row |= {"billions": model.parameters / 1e9, "active_billions": model.active_parameters / 1e9}
        rows.append(row)
    return Listing(schema="planner.language_models/1", name="models", columns=_LANGUAGE_COLUMNS, rows=rows)


def benchmarks_listing(benchmarks: Iterable[Benchmark]) -> Listing:
    """Measured throughput, one cell a row."""
    rows: list[Row] = []
    for benchmark in benchmarks:
        row = _plain_values(benchmark)
        row["samples_per_second_per_gpu"] = benchmark.samples_per_second / benchmark.gpu_count
        rows.append(row)
    return Listing(schema="planner.throughput/1", name="benchmarks", columns=_BENCHMARK_COLUMNS, rows=rows)


def suspects_listing(suspects: Iterable[tuple[Benchmark, str]]) -> Listing:
    """Benchmark rows that are not believed, each with the reason."""
    pairs = list(suspects)
    rows = [
        {**row, "reason": reason}
        for row, (_, reason) in zip(benchmarks_listing(one for one, _ in pairs).rows, pairs, strict=True)
    ]
    columns = (
        Column(key="model", heading="model"),
        *(column for column in _BENCHMARK_COLUMNS if column.key not in ("low", "high", "machines", "input_size")),
        Column(key="reason", heading="reason"),
    )
    return Listing(schema="planner.suspects/1", name="suspects", columns=columns, rows=rows)


def offers_listing(offers: Iterable[Offer], today: date) -> Listing:
    """Offers with the price of the whole instance and of one GPU, and the age of the price."""
    rows = [{**offer_record(offer), "age_days": (today - offer.observed_on).days} for offer in offers]
    return Listing(schema="planner.prices/1", name="offers", columns=_OFFER_COLUMNS, rows=rows)


def providers_listing(
    states: Iterable[ProviderState], rules: Mapping[str, Sequence[BillingRule]], today: date
) -> Listing:
    """Providers with their newest price book, what it covers, and billing rules, one rule a row."""
    rows = [_provider_row(state, rule, today) for state in states for rule in rules.get(state.provider) or (None,)]
    return Listing(schema="planner.providers/1", name="providers", columns=_PROVIDER_COLUMNS, rows=rows)


def provider_notes(states: Sequence[ProviderState]) -> list[str]:
    """Lines that name damaged books, the providers with live prices and their credentials, and those without."""
    lines = [f"! {state.provider} is left out of answers: {state.damage}" for state in states if state.damage]
    lines += [f"{state.provider}: {state.credentials}" for state in states if state.credentials is not None]
    others = [state.provider for state in states if state.credentials is None]
    return [*lines, *([f"books only, no live prices: {', '.join(others)}"] if others else [])]


def _provider_row(state: ProviderState, rule: BillingRule | None, today: date) -> Row:
    snapshot = state.snapshot
    return {
        "provider": state.provider,
        "name": rule.display_name if rule else None,
        "newest_prices": snapshot.observed_on.isoformat() if snapshot else None,
        "age_days": (today - snapshot.observed_on).days if snapshot else None,
        "offers": snapshot.rows if snapshot else None,
        **{key: age for key, age in ages_record(ages_together(state.ages)).items() if key != "rows"},
        "ages": kinds_text(state.ages),
        "regions": state.regions if snapshot else None,
        "purchases": sorted(str(kind.purchase) for kind in state.ages),
        "unpriced": len(snapshot.unpriced) if snapshot else None,
        "instance_types": rule.instance_types if rule else "*",
        "market": str(rule.market) if rule else declared_market(state.provider),
        "billing_increment_seconds": rule.increment_seconds if rule else None,
        "billing_minimum_seconds": rule.minimum_seconds if rule else None,
        "billing_source": rule.source if rule else None,
        "billing_note": rule.note if rule else None,
        "credentials": state.credentials,
        "file": str(snapshot.path) if snapshot else None,
    }


def _gpu_row(gpu: Gpu) -> Row:
    row: Row = _plain_values(gpu)
    row["has_ecc"] = "yes" if gpu.has_ecc else "no"
    row["fp16_tflops_per_watt"] = gpu.fp16_tflops_per_watt
    row["fp32_tflops_per_watt"] = gpu.fp32_tflops_per_watt
    return row


def _specification(value: object) -> str:
    return general(value) if isinstance(value, float) else str(value)


def _plain_values(record: object) -> Row:
    return {name: _plain(value) for name, value in values_of(record).items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


_GPU_COLUMNS = (
    Column(key="name", heading="GPU"),
    Column(key="memory_gib", heading="GiB", text=general, is_number=True),
    Column(key="memory_type", heading="memory"),
    Column(key="has_ecc", heading="ECC"),
    Column(key="memory_bandwidth_gb_per_s", heading="GB/s", text=number(0), is_number=True),
    Column(key="cuda_cores", heading="cores", text=number(0), is_number=True),
    Column(key="tensor_cores", heading="tensor cores", text=number(0), is_number=True),
    Column(key="fp32_tflops", heading="FP32 TFLOPS", text=significant, is_number=True),
    Column(key="tf32_tensor_tflops", heading="TF32", text=significant, is_number=True),
    Column(key="fp16_tensor_tflops", heading="FP16", text=significant, is_number=True),
    Column(key="fp8_tensor_tflops", heading="FP8", text=significant, is_number=True),
    Column(key="tdp_watts", heading="W", text=number(0), is_number=True),
    Column(key="fp16_tflops_per_watt", heading="FP16/W", text=significant, is_number=True),
    Column(key="fp32_tflops_per_watt", heading="FP32/W", text=significant, is_number=True),
)
_DATASET_COLUMNS = (
    Column(key="name", heading="dataset"),
    Column(key="samples", heading="samples", text=number(0), is_number=True),
    Column(key="sample_unit", heading="unit"),
    Column(key="aliases", heading="also called", text=", ".join),
    Column(key="source", heading="source"),
)
_LANGUAGE_COLUMNS = (
    Column(key="name", heading="model", may_fold=False),
    Column(key="billions", heading="parameters (B)", text=significant, is_number=True),
    Column(key="active_billions", heading="active (B)", text=significant, is_number=True),
    Column(key="layers", heading="layers", is_number=True),
    Column(key="hidden", heading="hidden", is_number=True),
    Column(key="heads", heading="heads", is_number=True),
    Column(key="kv_heads", heading="kv heads", is_number=True),
    Column(key="vocabulary", heading="vocabulary", text=number(0), is_number=True),
    Column(key="context_length", heading="context", text=number(0), is_number=True),
)
_MODEL_COLUMNS = (
    Column(key="name", heading="model"),
    Column(key="task", heading="task"),
    Column(key="sample_unit", heading="sample"),
    Column(key="params_millions", heading="parameters (M)", text=significant, is_number=True),
    Column(key="forward_gmacs_per_sample", heading="forward GMACs", text=significant, is_number=True),
    Column(key="activations_millions", heading="activations (M)", text=significant, is_number=True),
    Column(key="dataset", heading="dataset"),
    Column(key="typical_epochs", heading="usual epochs", text=general, is_number=True),
)
_BENCHMARK_COLUMNS = (
    Column(key="gpu", heading="GPU"),
    Column(key="gpu_count", heading="count", is_number=True),
    Column(key="precision", heading="precision"),
    Column(key="framework", heading="framework"),
    Column(key="software", heading="software"),
    Column(key="batch_size_per_gpu", heading="batch/GPU", is_number=True),
    Column(key="input_size", heading="input", is_number=True),
    Column(key="samples_per_second", heading="samples/s", text=number(1), is_number=True),
    Column(key="low", heading="low", text=number(1), is_number=True),
    Column(key="high", heading="high", text=number(1), is_number=True),
    Column(key="machines", heading="machines", is_number=True),
    Column(key="as_of", heading="as of"),
)
_OFFER_COLUMNS = (
    Column(key="gpu", heading="GPU"),
    Column(key="gpu_count", heading="count", text=lambda value: f"{value:g}", is_number=True),
    Column(key="provider", heading="provider"),
    Column(key="instance_type", heading="instance"),
    Column(key="region", heading="region"),
    Column(key="zone", heading="zone"),
    Column(key="purchase", heading="purchase"),
    Column(key="usd_per_hour", heading="USD/h", text=number(3), is_number=True),
    Column(key="usd_per_gpu_hour", heading="USD/GPU-h", text=number(3), is_number=True),
    Column(key="age_days", heading="age (d)", is_number=True),
)
_PROVIDER_COLUMNS = (
    Column(key="provider", heading="provider"),
    Column(key="newest_prices", heading="newest prices"),
    Column(key="ages", heading="ages of prices"),
    Column(key="offers", heading="offers", text=number(0), is_number=True),
    Column(key="regions", heading="regions", is_number=True),
    Column(key="unpriced", heading="unpriced types", is_number=True),
    Column(key="instance_types", heading="types"),
    Column(key="billing_increment_seconds", heading="billed in steps of (s)", text=general, is_number=True),
    Column(key="billing_minimum_seconds", heading="at least (s)", text=general, is_number=True),
)

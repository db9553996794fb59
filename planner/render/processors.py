"""Processors, and what ran on them, as listings."""

from __future__ import annotations

from collections.abc import Iterable

from planner.hardware.processors import Processor, ProcessorKind
from planner.model.frozen import values_of
from planner.render.listing import Column, Listing, general, number, significant
from planner.throughput.processor_runs import ProcessorRun
from planner.throughput.tree_rows import TreeRow
from planner.units import Row


def processors_listing(processors: Iterable[Processor]) -> Listing:
    """Specifications, one processor a row, or one chip of Apple by its graphics cores; JSON and CSV hold every column with its source."""
    chosen = list(processors)
    is_graphics = all(one.kind is ProcessorKind.APPLE for one in chosen)
    columns = _GRAPHICS_COLUMNS if is_graphics else _PROCESSOR_COLUMNS
    rows = [_plain(one) for one in chosen]
    return Listing(schema="planner.processors/1", name="processors", columns=columns, rows=rows)


def processor_runs_listing(runs: Iterable[ProcessorRun]) -> Listing:
    """Measured training of one network on processors, and on GPUs in the same source."""
    return Listing(
        schema="planner.processor-runs/1", name="runs", columns=_RUN_COLUMNS, rows=[_plain(one) for one in runs]
    )


def tree_runs_listing(runs: Iterable[TreeRow]) -> Listing:
    """Measured training of boosted trees with one tool."""
    return Listing(schema="planner.tree-runs/1", name="runs", columns=_TREE_COLUMNS, rows=[_plain(one) for one in runs])


def _plain(record: Processor | ProcessorRun | TreeRow) -> Row:
    values = values_of(record)
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


_PROCESSOR_COLUMNS = (
    Column(key="name", heading="processor", may_fold=False),
    Column(key="release_year", heading="year", is_number=True),
    Column(key="cores", heading="cores", is_number=True),
    Column(key="base_ghz", heading="GHz", text=general, is_number=True),
    Column(key="vector_bits", heading="vector bits", is_number=True),
    Column(key="has_matrix_units", heading="matrix units"),
    Column(key="fp32_tflops", heading="FP32 TFLOPS", text=significant, is_number=True),
    Column(key="memory_bandwidth_gb_per_s", heading="GB/s", text=number(0), is_number=True),
    Column(key="tdp_watts", heading="W", text=number(0), is_number=True),
)
_GRAPHICS_COLUMNS = (
    Column(key="name", heading="chip", may_fold=False),
    Column(key="release_year", heading="year", is_number=True),
    Column(key="cores", heading="graphics cores", is_number=True),
    Column(key="fp32_tflops", heading="FP32 TFLOPS", text=significant, is_number=True),
    Column(key="memory_bandwidth_gb_per_s", heading="GB/s", text=number(0), is_number=True),
)
_RUN_COLUMNS = (
    Column(key="device", heading="device", may_fold=False),
    Column(key="device_count", heading="count", is_number=True),
    Column(key="precision", heading="precision"),
    Column(key="software", heading="software"),
    Column(key="batch_size", heading="batch", is_number=True),
    Column(key="input_size", heading="input", is_number=True),
    Column(key="samples_per_second", heading="samples/s", text=significant, is_number=True),
    Column(key="as_of", heading="as of"),
)
_TREE_COLUMNS = (
    Column(key="device", heading="device", may_fold=False),
    Column(key="cores", heading="cores", is_number=True),
    Column(key="rows", heading="rows", text=number(0), is_number=True),
    Column(key="seconds", heading="seconds", text=significant, is_number=True),
    Column(key="release", heading="release", is_number=True),
    Column(key="machine", heading="machine"),
    Column(key="as_of", heading="as of"),
)

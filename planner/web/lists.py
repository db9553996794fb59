"""The lists of models, GPUs and providers as JSON."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from planner.hardware.cards import load_cards
from planner.hardware.gpus import load_gpus
from planner.language.listed import load_language_models
from planner.prices.ages import ages_together, book_ages
from planner.prices.current import current_snapshots
from planner.prices.damaged import book_problem, damaged_books
from planner.render.ages import kinds_text
from planner.render.listing import to_json
from planner.render.lookups import gpus_listing, models_listing
from planner.results.prices import ages_record, damaged_record
from planner.units import current_day
from planner.work.listed import load_models
from planner.work.tree_tools import tree_names


@cache
def models_document() -> bytes:
    """Every model: those with a training speed, language models by shape, and tools of trees, with what a question about one needs."""
    rows = list(models_listing(load_models()).rows)
    rows += [
        {
            "name": model.name,
            "aliases": list(model.aliases),
            "task": "language-model",
            "sample_unit": "token",
            "params_millions": model.parameters / 1e6,
            "source": model.source,
            "as_of": model.as_of,
        }
        for model in load_language_models().values()
    ]
    rows += [
        {"name": name, "aliases": [], "task": "boosted-trees", "sample_unit": "row"} for name in sorted(tree_names())
    ]
    return to_json({"schema": "planner.models/1", "models": rows}).encode()


@cache
def gpus_document() -> bytes:
    """Every GPU with its specifications, and whether it can be bought as a card."""
    sold = {gpu for gpu, prices in load_cards().items() if any(price.usd is not None for price in prices)}
    rows = [{**row, "is_sold": row["name"] in sold} for row in gpus_listing(load_gpus().values()).rows]
    return to_json({"schema": "planner.gpus/1", "gpus": rows}).encode()


def providers_document(data_dir: Path | None) -> bytes:
    """Every provider with the size of its newest price book and the ages of the prices in it."""
    today = current_day()
    rows = []
    for book in current_snapshots(data_dir):
        if book_problem(book) is not None:
            continue
        ages = book_ages(book, today)
        rows.append(
            {
                "provider": book.provider,
                "newest_prices": book.observed_on.isoformat(),
                "age_days": (today - book.observed_on).days,
                **ages_record(ages_together(ages)),
                "ages": kinds_text(ages),
                "offers": book.rows,
            }
        )
    damaged = [damaged_record(book) for book in damaged_books(data_dir)]
    return to_json({"schema": "planner.providers/1", "providers": rows, "damaged_books": damaged}).encode()

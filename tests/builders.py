"""Small records for tests: each builder gives a valid one, changed by keyword."""

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest

from planner.cost.ownership import OwnershipTerms
from planner.cost.rent_or_buy import Case
from planner.cost.resale import ResaleCurve
from planner.model.records import Offer, Purchase
from planner.options.bill import bill_terms
from planner.options.bill_arguments import BillArguments
from planner.options.declared import filled
from planner.options.language import language_arguments
from planner.prices import snapshots
from planner.prices.snapshots import COLUMNS, SCHEMA, write_snapshot

_OFFER = Offer(
    provider="testcloud",
    instance_type="test-8x",
    region="north-1",
    zone=None,
    gpu="a100-80gb-sxm",
    gpu_count=8.0,
    vcpus=96.0,
    memory_gib=1000.0,
    purchase=Purchase.ON_DEMAND,
    usd_per_hour=20.0,
    observed_on=date(2026, 6, 1),
    source="made for a test",
)
_SOURCE = {"name": "made for a test", "observed_on": "2026-06-01", "address": "none", "licence": "none", "note": ""}


def an_offer(**changes):
    """One on-demand offer of eight A100 at 20 USD an hour."""
    return replace(_OFFER, **changes)


def a_snapshot(data_dir, *offers, provider="testcloud", stem="2026-06-01", **sidecar):
    """Write the offers as a snapshot, none observed after its day; returns the path of its CSV."""
    day = date.fromisoformat(stem[:10])
    offers = [replace(offer, observed_on=min(offer.observed_on, day)) for offer in offers]
    return write_snapshot(
        data_dir, provider=provider, stem=stem, offers=offers, sources=[_SOURCE], made_by="a test", **sidecar
    )


def a_foreign_snapshot(data_dir, *offers, **options):
    """A snapshot by another hand than the writer, which refuses names that no row can have; returns the path of its CSV."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "_check_possible", lambda *_: None)
        return a_snapshot(data_dir, *offers, **options)


def a_raw_snapshot(data_dir, *rows, provider="testcloud", stem="2026-06-01", columns=COLUMNS, **sidecar):
    """Write text rows as they are, with a sidecar whose checksum is right; returns the path of the CSV."""
    path = data_dir / "prices" / provider / f"{stem}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(",".join(row) + "\n" for row in (columns, *rows)).encode()
    path.write_bytes(body)
    content = {
        "schema": SCHEMA,
        "provider": provider,
        "observed_at": stem,
        "rows": len(rows),
        "sha256": hashlib.sha256(body).hexdigest(),
        "sources": [_SOURCE],
        **sidecar,
    }
    path.with_suffix(".json").write_text(json.dumps(content))
    return path


def a_row(**changes):
    """The text cells of one row, in the order of the columns."""
    cells = dict(
        zip(
            COLUMNS,
            ("a100-80gb-sxm", "8", "test-8x", "north-1", "", "on_demand", "20", "96", "1000", "", "2026-06-01", "test"),
            strict=True,
        )
    )
    return tuple({**cells, **changes}.values())


def some_terms(**changes):
    """A 1,000 USD card in a PC that exists, 500 W at 0.20 USD/kWh, off when idle, over three years."""
    given = {
        "card_usd": 1000.0,
        "host_usd": 0.0,
        "card_watts": 500.0,
        "host_watts": 0.0,
        "idle_watts": 0.0,
        "pue": 1.0,
        "usd_per_kwh": 0.2,
        "running_usd_per_hour": None,
        "hosting_usd_per_month": 0.0,
        "maintenance_fraction_per_year": 0.0,
        "staff_usd_per_month": 0.0,
        "resale_fraction": 0.3,
        "resale_curve": ResaleCurve.BROKER,
        "discount_per_year": 0.0,
        "months": 36.0,
    }
    return OwnershipTerms(**{**given, **changes})


def a_case(**changes):
    """Ten jobs a month of ten hours, 20 USD each when rented."""
    given = {"jobs_per_month": 10.0, "rent_usd_per_job": 20.0, "hours_per_job": 10.0, "terms": some_terms()}
    return Case(**{**given, **changes})


def terms_of(**given):
    """The terms of a bill, the usual ones where nothing is given."""
    return bill_terms(filled(BillArguments, given))


def language_of(**given):
    """The arguments of a language model's run, all others left open."""
    return language_arguments(given)

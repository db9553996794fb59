"""A provider for tests: its price list is a JSON file, its pages are parts of it, and it fails when told to.

`FAKECLOUD` names a JSON file: {"rows": [[type, region, zone, gpu, count, purchase, price], ...], "gaps": [...],
"fail": text, "pages": how many pages, "seconds": the next page takes}.
"""

import json
import os
import time
from datetime import datetime
from pathlib import Path

from planner.errors import ProviderError
from planner.model.records import HeldBack, Offer, Purchase
from providers.base import ParsedPrices, Source

ADDRESS = "tests.prices.fakecloud:FakeCloud"


class FakeCloud:
    """Prices from a file, in pages."""

    name = "fakecloud"

    def fetch(self, request, pages, report):
        listed = json.loads(Path(os.environ["FAKECLOUD"]).read_text())
        count = listed.get("pages", 1)
        rows = [
            row
            for row in listed["rows"]
            if (not request.regions or row[1] in request.regions)
            and (not request.purchases or row[5] in request.purchases)
        ]
        for page in range(count):
            if listed.get("fail") and page == count - 1:
                raise ProviderError(listed["fail"])
            if listed.get("bug"):
                raise ZeroDivisionError(listed["bug"])
            pages.save(f"page-{page:03}.json", json.dumps(rows[page::count]).encode())
            report(f"page {page + 1} of {count}")
            time.sleep(listed.get("seconds", 0))
        for gap in listed.get("gaps", ()):
            pages.add_gap(gap)

    def parse(self, pages):
        manifest = pages.manifest()
        day = datetime.fromisoformat(manifest["observed_at"]).date()
        offers, held = [], []
        for _, body in pages.pages("page-*.json"):
            for kind, region, zone, gpu, count, purchase, price in json.loads(body):
                if price is None:
                    held.append(
                        HeldBack(
                            instance_type=kind,
                            region=region,
                            zone=zone,
                            gpu=gpu,
                            gpu_count=str(count),
                            purchase=purchase,
                            usd_per_hour="0.0",
                            source="fakecloud",
                            reason="price '0.0' is not positive",
                        )
                    )
                    continue
                offers.append(
                    Offer(
                        provider="fakecloud",
                        instance_type=kind,
                        region=region,
                        zone=zone,
                        gpu=gpu,
                        gpu_count=count,
                        vcpus=None,
                        memory_gib=None,
                        purchase=Purchase(purchase),
                        usd_per_hour=price,
                        observed_on=day,
                        source="fakecloud list",
                    )
                )
        return ParsedPrices(
            offers=tuple(offers),
            held_back=tuple(held),
            sources=(Source(name="fakecloud list", observed_on=day, address="file"),),
            gaps=tuple(manifest["gaps"]),
        )

    def credentials(self):
        return "none needed"

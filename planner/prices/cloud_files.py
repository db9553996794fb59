"""Price files of the clouds that were saved without this tool: recognises them and has the adapters parse them.

Adapters tell raw pages apart by content, not by name, so the files are linked into a folder of raw pages as they are.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from planner.errors import Message, UsageError
from planner.outside.files import opened, unpacked
from planner.prices.delivery import Delivery, Reach, parse_pages
from planner.prices.registry import fetch_request, raw_pages

DATE_ADVICE = Message("Such files do not say when their prices held; say it with {observed_on} YYYY-MM-DD.")

_HEAD_BYTES = 100_000

# what the start of a file must hold to be a price file of that cloud
_SIGNS = {
    "aws": (
        r'"offerCode"\s*:\s*"Amazon(EC2|ComputeSavingsPlan)',
        r'^"?FormatVersion"?,',
        r'"PriceList"\s*:',
        r'"SpotPriceHistory"\s*:|<DescribeSpotPriceHistoryResponse',
        r'"InstanceTypes"\s*:|<DescribeInstanceTypesResponse',
    ),
    "azure": (r'"BillingCurrency"\s*:', r'"resourceType"\s*:\s*"virtualMachines"'),
    "gcp": (r'"skus"\s*:\s*\[', r'"kind"\s*:\s*"compute#(machine|accelerator)TypeAggregatedList"'),
}
_PUBLICATION = re.compile(r'"?Publication ?Date"?\s*[:,]\s*"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})Z?"', re.IGNORECASE)


def cloud_files(root: Path) -> dict[str, list[Path]]:
    """Price files of the built-in clouds under `root`, by provider; files that are none are passed over."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*")):
        provider = _provider(path) if path.is_file() else None
        if provider is not None:
            found[provider].append(path)
    return dict(found)


def cloud_delivery(
    provider: str, paths: list[Path], *, root: Path, staged: Path, observed_at: datetime | None
) -> Delivery:
    """Parse such files as if they were raw pages fetched at `observed_at`, or when AWS says that it published them.

    Raises:
        UsageError: neither says when the prices held.
    """
    moment = observed_at or max(_publication_dates(paths), default=None)
    if moment is None:
        raise UsageError(
            "{path} holds prices of {cloud}. {advice}",
            argument="observed_on",
            path=str(paths[0]),
            cloud=provider,
            advice=DATE_ADVICE,
        )
    pages = raw_pages(staged / provider)
    for path in paths:
        place(path, pages.folder / path.relative_to(root))
    pages.finish(provider=provider, observed_at=moment, request=fetch_request((), (), 30.0))
    # somebody saved some files, or pages of one: they say nothing of what is not in them
    return replace(parse_pages(pages), reach=Reach.LISTED_ONLY, paths=tuple(paths))


def place(path: Path, target: Path) -> None:
    """Make a file appear at a second place, without copying its bytes where the disk allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def head(path: Path) -> str:
    """The first characters of a text file, unpacked if it is gzipped."""
    try:
        with unpacked(opened(path)) as file:
            return file.read(_HEAD_BYTES).decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return ""


def _provider(path: Path) -> str | None:
    start = head(path)
    for provider, signs in _SIGNS.items():
        if any(re.search(sign, start) for sign in signs):
            return provider
    return None


def _publication_dates(paths: list[Path]) -> Iterator[datetime]:
    for path in paths:
        found = _PUBLICATION.search(head(path))
        if found:
            yield datetime.fromisoformat(found[1]).replace(tzinfo=UTC)

"""Fetches the prices of AWS: asks each service in order and keeps the parts of its answers that concern GPUs.

Answers hold every product of EC2. What does not concern GPUs is left out on arrival, the rest is kept as it came.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from planner.errors import ProviderError, UnknownNameError
from planner.model.records import Purchase
from planner.outside.words import without_secrets
from providers.aws_api import HOME_REGION, Account, NotAllowedError
from providers.aws_bulk import MOST_FILE_BYTES, concerns_gpus, gpu_lines
from providers.aws_bulk_json import cut_savings_plans
from providers.base import FetchRequest, RawPages, Report
from providers.http import HttpClient, check_same_host, json_document, shown
from providers.sdk import MissingSdkError, load_sdk

_REGIONS = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
_SAVINGS_REGIONS = "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/region_index.json"
_LISTED = {Purchase.ON_DEMAND, Purchase.RESERVED_1Y, Purchase.RESERVED_3Y}
_SAVINGS = {Purchase.SAVINGS_1Y, Purchase.SAVINGS_3Y}
_INSTANCE_TYPE = re.compile(r'"instanceType"\s*:\s*"([^"]+)"')
_MAX_SAVINGS_BYTES = 1024**3  # the largest has some 0.3 GB; it is written to the disk before it is cut down
_GPU = re.compile(r'"gpu"\s*:\s*"([^"]+)"')
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")  # a longer code is a zone of the region it begins with


class Fetch:
    """One fetch of prices, with or without an account."""

    def __init__(  # noqa: PLR0917 - what every question needs
        self,
        http: HttpClient,
        price_files: str,
        account: Account | None,
        request: FetchRequest,
        pages: RawPages,
        report: Report,
    ) -> None:
        self._http = http
        self._price_files = price_files
        self._account = account
        self._pages = pages
        self._report = report
        self._regions = request.regions
        self._purchases = set(request.purchases) or set(Purchase)
        self._described: list[Mapping[str, Any]] = []

    def run(self) -> None:
        """Ask for everything that was ordered.

        Raises:
            UnknownNameError: AWS has no region of a name ordered.
            ProviderError: an answer is not complete, or the credentials are not valid.
        """
        if self._account:
            self._fetch_instance_types(self._account)
        # a savings plan names the products it discounts: their list is needed too
        if self._purchases & (_LISTED | _SAVINGS):
            self._fetch_price_lists()
        if self._purchases & _SAVINGS:
            self._fetch_savings_plans()
        if self._account and Purchase.SPOT in self._purchases:
            self._fetch_spot_prices(self._account)
        if self._account and Purchase.CAPACITY_BLOCK in self._purchases:
            self._fetch_capacity_blocks(self._account)

    def _fetch_instance_types(self, account: Account) -> None:
        try:
            for number, entries in enumerate(account.instance_types(), start=1):
                kept = [entry for entry in entries if entry.get("GpuInfo") or self._is_gpu_type(entry)]
                self._described += kept
                self._save(f"instance_types/{number:03d}.json.gz", {"InstanceTypes": kept})
        except NotAllowedError as error:
            self._pages.add_gap(f"{error}; the shipped table of instance types is used")
            return
        if not self._described:
            raise ProviderError("AWS: EC2 instance types: the reply lists none with a GPU. Try again.")
        self._report(f"instance types: {len(self._described)} with GPUs")

    def _fetch_price_lists(self) -> None:
        body = self._http.get(self._price_files + _REGIONS)
        index = _mapping(_mapping(json_document(body, "the AWS region index")).get("regions"))
        if not index:
            raise ProviderError(f"{shown(self._price_files + _REGIONS)} lists no regions.")
        # China is another partition with prices in CNY; GovCloud needs an account of its own
        known = [code for code in index if not code.startswith("cn-")]
        for region in self._regions:
            if region not in known:
                raise UnknownNameError(
                    "AWS region", region, known, "https://docs.aws.amazon.com/global-infrastructure/"
                )
        wanted = self._regions or [code for code in self._pages.regions_named(known) if not code.startswith("us-gov-")]
        account = self._account
        for region in sorted(wanted):
            if account:
                try:
                    self._fetch_products(account, region)
                except NotAllowedError as error:
                    self._report(f"{error}: reading the public price files instead")
                    account = None
            if not account:
                link = str(_mapping(index[region]).get("currentVersionUrl"))
                self._fetch_offer_file(region, check_same_host(link, self._price_files))

    def _fetch_products(self, account: Account, region: str) -> None:
        count = kept_count = 0
        for number, documents in enumerate(account.products(region), start=1):
            kept = [document for document in documents if _keeps(document)]
            count, kept_count = count + len(documents), kept_count + len(kept)
            self._save(f"prices/{region}-{number:03d}.json.gz", {"PriceList": kept})
        if not count:
            missing = f"prices of {region}: the price list holds no Linux instances"
            if _REGION.fullmatch(region):
                raise ProviderError(f"AWS: {missing}. Try again.")
            self._pages.add_gap(missing)
        self._report(f"{region}: {kept_count} of {count} products have GPUs")

    def _fetch_offer_file(self, region: str, link: str) -> None:
        url = link.removesuffix(".json") + ".csv"  # the same as the JSON file, smaller and quicker to read

        def keep(chunks: Iterator[bytes]) -> int:
            count = -1  # the header is no row
            with gzip.open(part, "wb") as file:
                for line in gpu_lines(chunks, f"the price file of {region}"):
                    self._pages.make_room(len(line))
                    file.write(line + b"\n")
                    count += 1
            return count

        target = self._pages.place(f"prices/{region}.csv.gz")
        with _scratch(target) as part:
            rows = self._http.stream(url, keep, max_bytes=MOST_FILE_BYTES)
            part.replace(target)
        self._report(f"{region}: {rows} rows about GPUs")

    def _fetch_savings_plans(self) -> None:
        try:
            load_sdk("ijson", extra="aws")
        except MissingSdkError as error:
            self._pages.add_gap(f"savings plans: {error}")
            return
        body = self._http.get(self._price_files + _SAVINGS_REGIONS)
        listed = _mapping(json_document(body, "the AWS savings plan index")).get("regions")
        links = {
            str(_mapping(entry).get("regionCode")): str(_mapping(entry).get("versionUrl"))
            for entry in (listed if isinstance(listed, list) else ())
        }
        if not links:
            raise ProviderError(f"{shown(self._price_files + _SAVINGS_REGIONS)} lists no regions.")
        wanted = self._regions or [
            code for code in self._pages.regions_named(links) if not code.startswith(("cn-", "us-gov-"))
        ]
        for region in sorted(set(wanted) & set(links)):
            url = check_same_host(links[region], self._price_files)
            with _scratch(self._pages.folder / "savings_plan.json") as part:
                self._http.stream(url, partial(self._write, part), max_bytes=_MAX_SAVINGS_BYTES)
                cut = cut_savings_plans(part)
            if cut is not None:
                self._pages.save(f"savings_plans/{region}.json.gz", gzip.compress(cut, mtime=0))
            self._report(f"{region}: savings plans")

    def _write(self, path: Path, chunks: Iterator[bytes]) -> None:
        with path.open("wb") as file:
            for chunk in chunks:
                self._pages.make_room(len(chunk))
                file.write(chunk)

    def _fetch_spot_prices(self, account: Account) -> None:
        def save(region: str) -> None:
            for number, entries in enumerate(account.spot_prices(region), start=1):
                kept = [entry for entry in entries if self._is_gpu_type(entry)]
                self._save(f"spot/{region}-{number:03d}.json.gz", {"SpotPriceHistory": kept})

        self._by_region(account, "spot prices", save)

    def _fetch_capacity_blocks(self, account: Account) -> None:
        types = sorted(
            str(entry["InstanceType"])
            for entry in self._described
            if "capacity-block" in entry.get("SupportedUsageClasses", ())
        )
        if not types:
            self._pages.add_gap("capacity blocks: which types they are sold for needs ec2:DescribeInstanceTypes")
            return

        def save(region: str) -> None:
            for name in account.types_offered(region, types):
                for number, entries in enumerate(account.capacity_blocks(region, name), start=1):
                    page = f"capacity_blocks/{region}-{name}-{number:03d}.json.gz"
                    self._save(page, {"CapacityBlockOfferings": entries})

        self._by_region(account, "capacity blocks", save)

    def _by_region(self, account: Account, what: str, save: Callable[[str], None]) -> None:
        """Ask every region; those that refuse are named together, by reason."""
        refused: dict[str, list[str]] = {}
        regions = self._account_regions(account)
        for region in regions:
            try:
                save(region)
                self._report(f"{region}: {what}")
            except NotAllowedError as error:
                refused.setdefault(error.reason, []).append(region)
        for reason, places in refused.items():
            where = "any region" if places == regions else ", ".join(places)
            self._pages.add_gap(f"{what} of {where}: {reason}")

    def _account_regions(self, account: Account) -> list[str]:
        """Regions to ask: zones answer through the region that they belong to."""
        if self._regions:
            return sorted({found[0] if (found := _REGION.match(code)) else code for code in self._regions})
        try:
            return account.regions()
        except NotAllowedError as error:
            self._pages.add_gap(f"{error}; only {HOME_REGION} was asked for spot prices and capacity blocks")
            return [HOME_REGION]

    def _is_gpu_type(self, entry: Mapping[str, Any]) -> bool:
        name = str(entry.get("InstanceType"))
        return concerns_gpus(name, "") or any(name == known.get("InstanceType") for known in self._described)

    def _save(self, name: str, content: Mapping[str, Any]) -> None:
        # times are the only values in replies that JSON has no form for
        text = without_secrets(json.dumps(content, default=str))
        self._pages.save(name, gzip.compress(text.encode(), mtime=0))


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A path beside the target that is no page yet, and is gone afterwards."""
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _keeps(document: object) -> bool:
    """Whether an entry of `PriceList` concerns GPUs, or cannot be read and must be reported."""
    if not isinstance(document, str):
        return True
    named, gpu = _INSTANCE_TYPE.search(document), _GPU.search(document)
    if named is None:
        return '"attributes"' not in document
    return concerns_gpus(named[1], gpu[1] if gpu else "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

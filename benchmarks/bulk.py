"""Speed and memory of reading AWS's bulk price files: python benchmarks/bulk.py [--megabytes N] [--keep FOLDER].

Writes files of the shape of the real ones (every attribute and term of a product, other systems, tenancies and
storage around the few GPU rows), reads each in a process of its own, and prints MB per second of processor time and
peak memory.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from providers.aws_bulk import csv_rows
from providers.aws_bulk_json import json_rows, savings_plan_rates

FAMILIES = ("c7i", "m7g", "r6id", "t3", "g5", "x2iedn", "hpc7a", "i4i", "c5n", "p5")
SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge", "metal")
SYSTEMS = (("Linux", ""), ("Windows", ":0002"), ("RHEL", ":0010"), ("SUSE", ":000g"), ("Ubuntu Pro", ":0g00"))
TENANCIES = ("Shared", "Dedicated", "Host")
SOFTWARE = ("NA", "SQL Std", "SQL Web", "SQL Ent")
STATES = ("Used", "UnusedCapacityReservation", "AllocatedCapacityReservation")
PLANS = tuple(
    itertools.product(("1yr", "3yr"), ("No Upfront", "Partial Upfront", "All Upfront"), ("standard", "convertible"))
)
COLUMNS = (
    "SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange", "EndingRange",
    "Unit", "PricePerUnit", "Currency", "RelatedTo", "LeaseContractLength", "PurchaseOption", "OfferingClass",
    "Product Family", "serviceCode", "Location", "Location Type", "Instance Type", "Current Generation",
    "Instance Family", "vCPU", "Physical Processor", "Clock Speed", "Memory", "Storage", "Network Performance",
    "Processor Architecture", "Storage Media", "Volume Type", "Max Volume Size", "Max IOPS/volume",
    "Max throughput/volume", "Provisioned", "Tenancy", "EBS Optimized", "Operating System", "License Model", "Group",
    "Group Description", "Transfer Type", "From Location", "From Location Type", "To Location", "To Location Type",
    "usageType", "operation", "AvailabilityZone", "CapacityStatus", "ClassicNetworkingSupport",
    "Dedicated EBS Throughput", "ECU", "Elastic Graphics Type", "Enhanced Networking Supported", "GPU", "GPU Memory",
    "Instance", "Instance Capacity - large", "Instance SKU", "Intel AVX Available", "Intel AVX2 Available",
    "Intel Turbo Available", "MarketOption", "Normalization Size Factor", "Physical Cores", "Pre Installed S/W",
    "Processor Features", "Product Type", "Region Code", "Resource Type", "serviceName", "SnapshotArchiveFeeType",
    "Volume API Name", "VPCNetworkingSupport",
)  # fmt: skip
METADATA = {
    "formatVersion": "v1.0",
    "disclaimer": "Made by benchmarks/bulk.py; no real prices.",
    "offerCode": "AmazonEC2",
    "version": "20261112184510",
    "publicationDate": "2026-11-12T18:45:10Z",
}


def main() -> None:
    """Write the files, read each alone, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300, help="size of each file; real ones have 100 to 450")
    parser.add_argument("--keep", type=Path, help="folder to leave the files in")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        _measure(options.read)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"files of {options.megabytes} MB (target: at least 30 MB/s on one core, at most 150 MB of memory)")
        for path in _files(folder, options.megabytes * 1_000_000):
            subprocess.run([sys.executable, __file__, "--read", str(path)], check=True)


def _files(folder: Path, size: int) -> Iterator[Path]:
    makers = {
        "offers.csv": _write_csv,
        "offers.json": _write_json,
        "offers-indented.json": _write_indented_json,
        "savings-plans.json": _write_savings_plans,
    }
    for name, write in makers.items():
        path = folder / name
        if not path.is_file():
            write(path, size)
        yield path
        if name == "offers.csv":
            packed = folder / "offers.csv.gz"
            if not packed.is_file():
                with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as file:
                    while chunk := plain.read(1 << 20):
                        file.write(chunk)
            yield packed


def _measure(path: Path) -> None:
    readers = {"offers.csv": csv_rows, "offers.json": json_rows, "offers-indented.json": json_rows}
    name = path.name.removesuffix(".gz")
    megabytes = (path.with_name(name)).stat().st_size / 1e6  # of text, however it is packed
    wall, processor = time.perf_counter(), time.process_time()
    rows = sum(1 for _ in (readers[name](path, "benchmark") if name in readers else savings_plan_rates(path)))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    print(
        f"  {path.name:<22} {megabytes:6.0f} MB  {megabytes / processor:6.1f} MB/s of processor time"
        f"  {megabytes / wall:6.1f} MB/s in all  peak {peak_mb:5.1f} MB  {rows:,} rows kept"
    )


def _products() -> Iterator[dict[str, str]]:
    """Attributes of one product after the other, without end; one in fifty is a Linux GPU instance on sale."""
    kinds = itertools.product(FAMILIES, SIZES, SYSTEMS, TENANCIES, SOFTWARE, STATES)
    for number, (family, size, system, tenancy, software, state) in enumerate(itertools.cycle(kinds)):
        gpu = {"gpu": "8", "gpuMemory": "NA"} if family in {"g5", "p5"} else {}
        yield {
            "sku": f"{number:016X}",
            "enhancedNetworkingSupported": "Yes",
            "intelTurboAvailable": "Yes",
            "memory": f"{16 * (number % 40 + 1)} GiB",
            "dedicatedEbsThroughput": "Up to 10000 Mbps",
            "vcpu": f"{4 * (number % 40 + 1)}",
            "classicnetworkingsupport": "false",
            "capacitystatus": state,
            "locationType": "AWS Region",
            "storage": "EBS only",
            "instanceFamily": "General purpose",
            "operatingSystem": system[0],
            "intelAvx2Available": "Yes",
            "regionCode": "us-east-1",
            "physicalProcessor": "Intel Xeon Scalable (Sapphire Rapids)",
            "clockSpeed": "3.2 GHz",
            "ecu": "NA",
            "networkPerformance": "Up to 12500 Megabit",
            "servicename": "Amazon Elastic Compute Cloud",
            "vpcnetworkingsupport": "true",
            "instanceType": f"{family}.{size}",
            "tenancy": tenancy,
            "usagetype": f"BoxUsage:{family}.{size}",
            "normalizationSizeFactor": "16",
            "intelAvxAvailable": "Yes",
            "processorFeatures": "Intel AVX; Intel AVX2; Intel AVX512; Intel Turbo",
            "servicecode": "AmazonEC2",
            "licenseModel": "No License required",
            "currentGeneration": "Yes",
            "preInstalledSw": software,
            "location": "US East (N. Virginia)",
            "processorArchitecture": "64-bit",
            "marketoption": "OnDemand",
            "operation": f"RunInstances{system[1]}",
            "availabilityzone": "NA",
            **gpu,
        }


def _is_reservable(product: Mapping[str, str]) -> bool:
    return product["capacitystatus"] == "Used" and product["tenancy"] != "Host" and product["preInstalledSw"] == "NA"


def _on_demand(product: Mapping[str, str]) -> dict[str, object]:
    sku = product["sku"]
    what = f"$1.2340000000 per On Demand {product['operatingSystem']} {product['instanceType']} Instance Hour"
    return _term(sku, "JRTCKXETXF", {"Hrs": "1.2340000000"}, what, {})


def _reserved(product: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for number, (lease, payment, kind) in enumerate(PLANS):
        prices = {"Hrs": "0.0000000000" if payment == "All Upfront" else "0.7810000000"}
        if payment != "No Upfront":
            prices["Quantity"] = "3421"
        terms = {"LeaseContractLength": lease, "OfferingClass": kind, "PurchaseOption": payment}
        what = f"{product['operatingSystem']} (Amazon VPC), {product['instanceType']} reserved instance applied"
        yield _term(product["sku"], f"TERM{number:06d}", prices, what, terms)


def _term(
    sku: str, code: str, prices: Mapping[str, str], what: str, attributes: Mapping[str, str]
) -> dict[str, object]:
    dimensions = {
        f"{sku}.{code}.RATE{unit}": {
            "rateCode": f"{sku}.{code}.RATE{unit}",
            "description": what,
            "beginRange": "0",
            "endRange": "Inf",
            "unit": unit,
            "pricePerUnit": {"USD": usd},
            "appliesTo": [],
        }
        for unit, usd in prices.items()
    }
    return {
        "offerTermCode": code,
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "priceDimensions": dimensions,
        "termAttributes": dict(attributes),
    }


def _write_json(path: Path, size: int, indent: int | None = None) -> None:
    """The products come first, then all on-demand terms, then all reserved ones: about 3 : 2 : 6 of the bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(METADATA)[:-1])
        file.write(', "products": {')
        count = 0
        for count, product in enumerate(_products(), start=1):
            attributes = {name: value for name, value in product.items() if name != "sku"}
            whole = {"sku": product["sku"], "productFamily": "Compute Instance", "attributes": attributes}
            file.write(f'{"," if count > 1 else ""}"{product["sku"]}": {json.dumps(whole, indent=indent)}')
            if file.tell() > size * 0.5:
                break
        file.write('}, "terms": {"OnDemand": {')
        for number, product in enumerate(itertools.islice(_products(), count)):
            terms = {f"{product['sku']}.JRTCKXETXF": _on_demand(product)}
            file.write(f'{"," if number else ""}"{product["sku"]}": {json.dumps(terms, indent=indent)}')
        file.write('}, "Reserved": {')
        comma = ""
        for product in itertools.islice(_products(), count):
            if _is_reservable(product) and file.tell() < size:
                terms = {f"{product['sku']}.{term['offerTermCode']}": term for term in _reserved(product)}
                file.write(f'{comma}"{product["sku"]}": {json.dumps(terms, indent=indent)}')
                comma = ","
        file.write("}}}")


def _write_indented_json(path: Path, size: int) -> None:
    _write_json(path, size, indent=2)


def _write_csv(path: Path, size: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        names = {"FormatVersion": "formatVersion", "Disclaimer": "disclaimer", "Publication Date": "publicationDate"}
        for title, name in (names | {"Version": "version", "OfferCode": "offerCode"}).items():
            writer.writerow((title, METADATA[name]))
        writer.writerow(COLUMNS)
        for product in _products():
            terms = [("OnDemand", _on_demand(product))]
            if _is_reservable(product):
                terms += [("Reserved", term) for term in _reserved(product)]
            for kind, term in terms:
                for cells in _csv_cells(product, kind, term):
                    writer.writerow([cells.get(column, "") for column in COLUMNS])
            if file.tell() > size:
                break


def _csv_cells(product: Mapping[str, str], kind: str, term: Mapping[str, object]) -> Iterator[dict[str, str]]:
    described = {
        "Product Family": "Compute Instance", "serviceCode": "AmazonEC2", "Location": product["location"],
        "Location Type": "AWS Region", "Instance Type": product["instanceType"], "Current Generation": "Yes",
        "Instance Family": product["instanceFamily"], "vCPU": product["vcpu"],
        "Physical Processor": product["physicalProcessor"], "Clock Speed": product["clockSpeed"],
        "Memory": product["memory"], "Storage": product["storage"], "Tenancy": product["tenancy"],
        "Network Performance": product["networkPerformance"], "Processor Architecture": "64-bit",
        "Operating System": product["operatingSystem"], "License Model": product["licenseModel"],
        "usageType": product["usagetype"], "operation": product["operation"], "CapacityStatus": product["capacitystatus"],
        "Dedicated EBS Throughput": product["dedicatedEbsThroughput"], "GPU": product.get("gpu", ""),
        "MarketOption": "OnDemand", "Normalization Size Factor": "16", "Pre Installed S/W": product["preInstalledSw"],
        "Processor Features": product["processorFeatures"], "Region Code": "us-east-1",
        "serviceName": "Amazon Elastic Compute Cloud", "VPCNetworkingSupport": "true",
    }  # fmt: skip
    attributes = term["termAttributes"]
    dimensions = term["priceDimensions"]
    assert isinstance(attributes, dict)  # noqa: S101 - made above
    assert isinstance(dimensions, dict)  # noqa: S101 - made above
    for code, dimension in dimensions.items():
        yield (
            described
            | attributes
            | {
                "SKU": product["sku"],
                "OfferTermCode": str(term["offerTermCode"]),
                "RateCode": code,
                "TermType": kind,
                "PriceDescription": dimension["description"],
                "EffectiveDate": "2026-11-01",
                "Unit": dimension["unit"],
                "PricePerUnit": dimension["pricePerUnit"]["USD"],
                "Currency": "USD",
            }
        )


def _write_savings_plans(path: Path, size: int) -> None:
    plans = {f"PLAN{number:012d}": plan for number, plan in enumerate(PLANS[::2])}
    products = [
        {
            "sku": sku,
            "productFamily": "ComputeSavingsPlans",
            "serviceCode": "ComputeSavingsPlans",
            "attributes": {"purchaseTerm": lease, "purchaseOption": payment, "granularity": "hourly"},
        }
        for sku, (lease, payment, _) in plans.items()
    ]
    head = {"version": "20261112184510", "publicationDate": METADATA["publicationDate"], "products": products}
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1])
        file.write(', "terms": {"savingsPlan": [')
        for number, sku in enumerate(plans, start=1):
            file.write(f'{"," if number > 1 else ""}{{"sku": "{sku}", "rates": [')
            for row, product in enumerate(_products()):
                rate = {
                    "discountedSku": product["sku"],
                    "discountedUsageType": product["usagetype"],
                    "discountedOperation": product["operation"],
                    "discountedServiceCode": "AmazonEC2",
                    "rateCode": f"{sku}.{product['sku']}",
                    "unit": "Hrs",
                    "discountedRate": {"price": "0.90082", "currency": "USD"},
                }
                file.write(f"{',' if row else ''}{json.dumps(rate)}")
                if file.tell() > size * number / len(plans):
                    break
            file.write("]}")
        file.write("]}}")


if __name__ == "__main__":
    main()

"""`electricity.csv`, prices and grids of places, and `grid_carbon.csv`, grids of cloud regions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.make_data.tables import cells, number, read_table, write_table

PLACE_COLUMNS = (
    "name", "kind", "iso2", "iso3", "usd_per_kwh_household", "usd_per_kwh_business", "price_as_of", "price_source",
    "grid_gco2_per_kwh", "grid_as_of", "grid_source", "note",
)  # fmt: skip
REGION_COLUMNS = ("provider", "region", "place", "grid_gco2_per_kwh", "basis", "as_of", "source")

KEPT_AGGREGATES = {"World", "European Union (27)"}
PROVIDERS = {"aws", "azure", "gcp"}
COMMERCIAL = re.compile(r"commercial ([\d.]+)")
# The generation inside Vermont has no emissions, but most of what it uses is brought in: the grid is not known.
UNKNOWN_GRIDS = {"US-VT"}

ISO2 = dict(
    pair.split(":")
    for pair in """
    ABW:AW AFG:AF AGO:AO ALB:AL AND:AD ARE:AE ARG:AR ARM:AM AUS:AU AUT:AT AZE:AZ BEL:BE BFA:BF BGD:BD BGR:BG BHR:BH
    BHS:BS BIH:BA BLR:BY BLZ:BZ BMU:BM BRA:BR BRB:BB BTN:BT BWA:BW CAN:CA CHE:CH CHL:CL CHN:CN CIV:CI CMR:CM COD:CD
    COL:CO CPV:CV CRI:CR CUB:CU CYM:KY CYP:CY CZE:CZ DEU:DE DNK:DK DOM:DO DZA:DZ ECU:EC EGY:EG ESP:ES EST:EE ETH:ET
    FIN:FI FRA:FR GAB:GA GBR:GB GEO:GE GHA:GH GRC:GR GTM:GT HKG:HK HND:HN HRV:HR HUN:HU IDN:ID IND:IN IRL:IE IRN:IR
    IRQ:IQ ISL:IS ISR:IL ITA:IT JAM:JM JOR:JO JPN:JP KAZ:KZ KEN:KE KGZ:KG KHM:KH KOR:KR KWT:KW LAO:LA LIE:LI LKA:LK
    LSO:LS LTU:LT LUX:LU LVA:LV MAR:MA MDA:MD MDG:MG MDV:MV MEX:MX MKD:MK MLI:ML MLT:MT MMR:MM MNE:ME MOZ:MZ MUS:MU
    MWI:MW MYS:MY NAM:NA NGA:NG NIC:NI NLD:NL NOR:NO NPL:NP NZL:NZ OMN:OM PAK:PK PAN:PA PER:PE PHL:PH POL:PL PRT:PT
    PRY:PY QAT:QA ROU:RO RUS:RU RWA:RW SAU:SA SDN:SD SEN:SN SGP:SG SLE:SL SLV:SV SRB:RS SUR:SR SVK:SK SVN:SI SWE:SE
    SWZ:SZ TGO:TG THA:TH TTO:TT TUN:TN TUR:TR TWN:TW TZA:TZ UGA:UG UKR:UA URY:UY USA:US UZB:UZ VEN:VE VNM:VN ZAF:ZA
    ZMB:ZM
    """.split()  # noqa: SIM905 - 174 quoted strings read worse
)
ISO3_MISSING = {"Liechtenstein": "LIE", "Andorra": "AND"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """One row of `electricity.csv`."""

    name: str
    kind: str
    iso2: str
    iso3: str
    usd_per_kwh_household: float | None
    usd_per_kwh_business: float | None
    price_as_of: str
    price_source: str
    grid_gco2_per_kwh: float | None
    grid_as_of: str
    grid_source: str
    note: str


def write_electricity(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `electricity.csv`."""
    rows = (cells(row, PLACE_COLUMNS) for row in places(reference))
    return [write_table(out / "electricity.csv", PLACE_COLUMNS, rows)]


def write_grid_carbon(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `grid_carbon.csv`: the best figure of each region; factors withdrawn by their publisher are left out."""
    rows = [
        (
            row["provider"],
            row["region"],
            ", ".join(part for part in (row["city"], row["state"], row["country_iso2"]) if part),
            row["grid_gco2_per_kwh"],
            row["basis"],
            row["year"],
            row["source"],
        )
        for row in read_table(reference / "gpus" / "cloud-region-carbon.csv")
        if row["provider"] in PROVIDERS and not row["basis"].startswith("STALE")
    ]
    return [write_table(out / "grid_carbon.csv", REGION_COLUMNS, sorted(rows))]


def places(reference: Path) -> list[PlaceRow]:
    """One row a place, the newest where there are two, sorted by kind and name."""
    found: dict[tuple[str, str], PlaceRow] = {}  # Georgia is a country and a state
    for row in read_table(reference / "gpus" / "electricity.csv"):
        if row["region_type"] == "aggregate" and row["country_or_region"] not in KEPT_AGGREGATES:
            continue
        # the file lists the newer of two rows second
        found[row["region_type"], row["country_or_region"]] = _place(row)
    return sorted(found.values(), key=lambda row: (row.kind, row.name))


def _place(row: dict[str, str]) -> PlaceRow:
    commercial = COMMERCIAL.match(row["note"])
    iso3 = row["iso"] or ISO3_MISSING.get(row["country_or_region"], "")
    grid = number(row["grid_gco2_per_kwh"])
    place = PlaceRow(
        name=row["country_or_region"],
        kind=row["region_type"].replace("-", "_"),
        iso2=iso3 if iso3.startswith("US-") else ISO2.get(iso3, ""),
        iso3="" if iso3.startswith("US-") else iso3,
        usd_per_kwh_household=number(row["usd_per_kwh_household"]),
        # the commercial rate where a state has one: small machine rooms do not buy at the industrial rate
        usd_per_kwh_business=float(commercial[1]) if commercial else number(row["usd_per_kwh_industry"]),
        price_as_of=row["price_as_of"].replace("May 2026", "2026-05"),
        price_source=row["price_source"],
        grid_gco2_per_kwh=grid,
        grid_as_of=row["grid_as_of"],
        grid_source=row["grid_source"],
        note="" if commercial or row["note"].startswith(("newer", "business rate")) else row["note"],
    )
    if place.iso2 in UNKNOWN_GRIDS:
        return replace(
            place,
            grid_gco2_per_kwh=None,
            grid_as_of="",
            grid_source="",
            note="most electricity is brought in from other states: no figure for its grid",
        )
    return place

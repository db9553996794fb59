"""Files of every kind that the planner reads, damaged anywhere: its records, or an error of ours; never a fault of the planner."""

import hashlib
import json
import shutil
import warnings
from datetime import UTC, date, datetime
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import planner
from planner.answers.calibrate import calibrate
from planner.cli.root import cli
from planner.cost.own_prices import load_price_book
from planner.errors import PlannerError
from planner.logs.calibration import read_calibration
from planner.prices.books import book_offers, retired_entries
from planner.prices.catalog import select_offers
from planner.prices.current import current_snapshots
from planner.prices.filters import OfferFilter
from planner.prices.published import read_index
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import list_snapshots, read_snapshot, verify_sum
from planner.render.sweep_files import read_parts
from planner.work.model_file import language_model_from_config
from planner.work.own import read_own_model
from tests.answers.drawn_jobs import OWN_PRICES
from tests.builders import a_snapshot, an_offer
from tests.logs import written
from tests.logs.test_readers import TEXTS
from tests.mutations import damaged, json_page, text_page
from tests.prices.test_readers import GPUHUNT_AWS, SKYPILOT_AWS, SKYPILOT_GCP

TODAY, NOW = date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)
FEW, MANY = 3, 300
LARGE = ("gpuhunt", "SkyPilot, AWS", "SkyPilot, GCP")
"""Catalogues, each of which is checked against every price that is known."""

CALIBRATION = b"""schema = "planner.calibration/1"

[[runs]]
model = "resnet50"
gpu = "l4"
gpu_count = 1
precision = "amp"
batch_size = 64
samples_per_second = 420.5
low = 410.0
high = 430.0
sample_unit = "sample"
verdict = "steady"
startup_seconds = 12.5
source = "out.txt"
measured_on = "2026-11-01"
"""
MODEL = b"""name = "mine"
params_millions = 25.6
gmacs_per_sample = 4.1
activations_millions = 11.1
samples_per_epoch = 1e6
measured = ["L4=420", "A100=1500:8"]
"""
SETTINGS = b"""[defaults]
country = "DE"

[estimate]
model = "resnet50"
epochs = 90
gpu = ["L4", "A100"]
max_usd = 500
"""
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "vocab_size": 32000,
    "tie_word_embeddings": False,
    "rope_scaling": {"type": "linear", "factor": 2.0},
    "max_position_embeddings": 2048,
    "torch_dtype": "bfloat16",
}
INDEX = {
    "schema": "planner.books/1",
    "published_at": "2026-11-19T06:00:00+00:00",
    "books": [
        {
            "provider": name,
            "file": f"prices/{name}/2026-11-19.csv",
            "observed_at": "2026-11-19",
            "rows": 7,
            "bytes": 900,
            "sha256": "0" * 64,
            "sidecar_sha256": "1" * 64,
        }
        for name in ("aws", "gcp")
    ],
}
JOBS = b"model,epochs,max_usd,gpus,deadline\nresnet50,1,,L4,\nvgg16,2,40,,9h\nbert-large-squad,1,1e3,A100;L4,2d\n"


def _sweep(path):
    for part in read_parts(path):
        list(planner.estimate_many(part.head(2), as_of=TODAY, limit=1))


def _settings(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        result = CliRunner().invoke(cli, ["estimate", "--provider", "vultr", "--limit", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception


def _bring(name):
    def read(path):
        place = path.parent / "catalogs" / "v7" / name if name in {"aws", "gcp"} else path.parent / "given"
        place.mkdir(parents=True)
        path.rename(place / ("vms.csv" if name in {"aws", "gcp"} else "aws.csv"))
        home = path.parent / "home"
        for outcome in refresh(
            RefreshOrder(
                data_dir=home, path=path.parent / place.relative_to(path.parent).parts[0], observed_on=date(2026, 6, 1)
            ),
            lambda *_: None,
        ):
            assert (outcome.error or "").isprintable()

    return read


def _book(path):
    """A book whose sidecar vouches for the damaged rows."""
    rows = path.read_bytes()
    home = path.parent / "home"
    book = a_snapshot(home, an_offer(provider="testcloud"), an_offer(provider="testcloud", region="eu"))
    book.write_bytes(rows)
    sidecar = json.loads(book.with_suffix(".json").read_text())
    book.with_suffix(".json").write_text(json.dumps({**sidecar, "sha256": hashlib.sha256(rows).hexdigest()}))
    _ask(home)


def _sidecar(path):
    home = path.parent / "home"
    book = a_snapshot(home, an_offer(provider="testcloud"), an_offer(provider="testcloud", region="eu"))
    path.rename(book.with_suffix(".json"))
    _ask(home)


def _ask(home):
    for path in list_snapshots(home):
        snapshot = read_snapshot(path)
        book_offers(snapshot)
        retired_entries(snapshot)
        verify_sum(snapshot)


@cache
def _every_offer():
    """Every shipped offer: own prices may name no other providers, types and regions."""
    return select_offers(current_snapshots(), OfferFilter(), today=TODAY).offers


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """An undamaged file of every kind: its name, its bytes, whether it is JSON, and what reads it."""
    book = a_snapshot(
        tmp_path_factory.mktemp("book"), an_offer(provider="testcloud"), an_offer(provider="testcloud", region="eu")
    )
    return {
        "model": ("mine.toml", MODEL, False, read_own_model),
        "own prices": (
            "prices.toml",
            OWN_PRICES.encode(),
            False,
            lambda path: load_price_book(path, _every_offer(), TODAY),
        ),
        "calibration": ("runs.toml", CALIBRATION, False, read_calibration),
        "settings": ("planner.toml", SETTINGS, False, _settings),
        "config.json": ("config.json", json.dumps(CONFIG).encode(), True, language_model_from_config),
        "jobs": ("jobs.csv", JOBS, False, _sweep),
        "index": (
            "latest.json",
            json.dumps(INDEX).encode(),
            True,
            lambda path: read_index(path.read_bytes(), "latest.json", now=NOW),
        ),
        "rows": ("rows.csv", book.read_bytes(), False, _book),
        "sidecar": ("rows.json", book.with_suffix(".json").read_bytes(), True, _sidecar),
        "SkyPilot, AWS": ("vms.csv", SKYPILOT_AWS.encode(), False, _bring("aws")),
        "SkyPilot, GCP": ("vms.csv", SKYPILOT_GCP.encode(), False, _bring("gcp")),
        "gpuhunt": ("aws.csv", GPUHUNT_AWS.encode(), False, _bring("gpuhunt")),
        "trainer state": (
            "trainer_state.json",
            written.trainer_state(steps=100).encode(),
            True,
            lambda path: calibrate([path]),
        ),
        "events": ("events.out.tfevents.1", None, None, lambda path: calibrate([path])),
        "logs": ("out.txt", None, False, lambda path: calibrate([path])),
    }


KINDS = (
    *("model", "own prices", "calibration", "settings", "config.json", "jobs", "index", "rows", "sidecar"),
    *("SkyPilot, AWS", "SkyPilot, GCP", "gpuhunt", "trainer state", "events", "logs"),
)


def test_undamaged_files_are_read(tmp_path, pages):
    """So that the test below begins with files that mean something."""
    assert set(KINDS) == pages.keys()
    for number, (name, body, _, read) in enumerate(pages.values()):
        if body is not None:
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / name).write_bytes(body)
            read(folder / name)


@pytest.mark.parametrize(
    ("kind", "count"),
    [(kind, FEW) for kind in KINDS]
    + [pytest.param(kind, MANY // 5 if kind in LARGE else MANY, marks=pytest.mark.slow) for kind in KINDS],
)
def test_no_damaged_file_does_harm(tmp_path_factory, pages, kind, count):
    """Whatever is changed in it: what was read, or an error whose words can be shown."""
    name, body, is_json, read = pages[kind]

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def examine(data):
        folder = tmp_path_factory.mktemp("files")
        if kind == "logs":
            given_body = data.draw(text_page(TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))][0].encode()))
        elif kind == "events":
            given_body = data.draw(damaged(written.event_file([(step, 1e9 + 10.0 * step) for step in range(40)])))
        else:
            given_body = data.draw(json_page(body) if is_json else text_page(body))
        (folder / name).write_bytes(given_body)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pandas, which guesses types
                read(folder / name)
        except PlannerError as error:
            str(error).encode()
        finally:
            shutil.rmtree(folder)

    examine()

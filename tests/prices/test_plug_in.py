"""A provider of somebody else: the one in docs/providers.md, built, installed, refreshed."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from planner.errors import ProviderError
from planner.prices import registry
from planner.prices.provider_states import provider_states
from planner.prices.refresh import RefreshOrder, refresh
from providers.base import ParsedPrices
from tests.builders import an_offer
from tests.conftest import ROOT
from tests.providers.replay import Answer, serving

PAGE = ROOT / "docs" / "providers.md"
MACHINES = {
    "machines": [
        {"name": "acme-2x3090", "region": "mars", "gpu": "RTX 3090", "gpu_count": 2, "usd_per_gpu_hour": 0.7},
        {"name": "acme-x", "region": "mars", "gpu": "GPU from the future", "gpu_count": 1, "usd_per_gpu_hour": 9.0},
        {"name": "acme-free", "region": "mars", "gpu": "RTX 3090", "gpu_count": 1, "usd_per_gpu_hour": 0.0},
    ]
}


def _block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


def _planner(*args, **environment):
    return subprocess.run(
        [sys.executable, "-m", "planner", *map(str, args)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_documented_provider_installs_and_refreshes(tmp_path):
    """As the page says: a module and an entry point; its prices then stand in the estimate."""
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    (source / "pyproject.toml").write_text(_block("toml"))
    (source / "planner_acme.py").write_text(_block("python"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    installed = subprocess.run([*pip, "--target", target, source], capture_output=True, text=True, check=False)
    assert 0 == installed.returncode, installed.stderr
    data = ("--data-dir", tmp_path / "data")

    with serving(lambda _: Answer(body=json.dumps(MACHINES).encode())) as server:
        refreshed = _planner("refresh", "acme", *data, PYTHONPATH=str(target), ACME_PRICES=server.url)
    listed = _planner("providers", *data, PYTHONPATH=str(target))
    estimate = _planner(
        "estimate", "--model", "resnet50", "--epochs", "1", "--provider", "acme", *data, "--format", "json"
    )

    assert 0 == refreshed.returncode, refreshed.stderr
    assert "unknown GPUs: GPU from the future (1 rows)" in refreshed.stderr
    assert "held back: 1 x GPU 'RTX 3090' or price 0.0 says too little" in refreshed.stderr
    assert "acme" in listed.stdout
    assert 0 == estimate.returncode, estimate.stderr
    (row,) = json.loads(estimate.stdout)["estimates"]
    assert ("acme-2x3090", 1.4) == (row["instance_type"], row["usd_per_hour"])


def _announce(monkeypatch, *places):
    points = [EntryPoint(name=name, value=value, group=registry.ENTRY_POINT_GROUP) for name, value in places]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.ENTRY_POINT_GROUP else [])


def test_an_announced_provider_is_listed_and_loaded_only_when_used(monkeypatch):
    """Its module is not imported to list its name."""
    _announce(monkeypatch, ("fakecloud", "tests.prices.fakecloud:FakeCloud"), ("broken", "no_such_module:X"))

    assert sorted([*registry.BUILT_IN, "broken", "fakecloud"]) == registry.provider_names()
    assert "fakecloud" == registry.load_provider("fakecloud").name
    with pytest.raises(ProviderError, match=r"provider 'broken' \(no_such_module:X\) cannot be loaded"):
        registry.load_provider("broken")


@pytest.mark.parametrize(
    "says", ["raise ValueError('no key')", "1 / 0", "import sys; sys.exit(3)", "exit()", "x = (", "raise GeneratorExit"]
)
def test_a_plug_in_that_fails_on_import_is_an_error_of_its_own(monkeypatch, tmp_path, says):
    """Whatever it raises, and though it exits: the adapter is named as what failed."""
    (tmp_path / "failing_plug_in.py").write_text(says)
    monkeypatch.syspath_prepend(tmp_path)
    _announce(monkeypatch, ("failing", "failing_plug_in:Failing"))

    with pytest.raises(ProviderError, match=r"provider 'failing' \(failing_plug_in:Failing\) cannot be loaded: \w+"):
        registry.load_provider("failing")


class _UnspeakableError(Exception):
    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    "fault", [SystemExit(9), _UnspeakableError(), GeneratorExit(), type("_Own", (BaseException,), {})()]
)
def test_a_faulty_plug_in_takes_no_other_provider_along(monkeypatch, tmp_path, fault):
    """Whatever it raises, where it reads pages and where it speaks of credentials."""

    def broken(*_):
        raise fault

    def parsed(_pages):
        return ParsedPrices(offers=(an_offer(provider="good"),))

    def fetched(_request, pages, _report):
        pages.save("page.json", b"[]")

    _announce(monkeypatch, ("acme", "somebody:Acme"))
    acme = SimpleNamespace(fetch=fetched, parse=broken, credentials=broken)
    good = SimpleNamespace(fetch=fetched, parse=parsed, credentials=lambda: "")
    monkeypatch.setattr("planner.prices.delivery.load_provider", lambda name: good if name == "good" else acme)
    monkeypatch.setattr("planner.prices.provider_states.load_provider", lambda _: acme)

    found = refresh(RefreshOrder(data_dir=tmp_path, providers=("acme", "good")), lambda *_: None)

    assert "in a way it should not" in found[0].error
    assert found[1].error is None
    if isinstance(fault, Exception | SystemExit):
        (state,) = (one for one in provider_states(tmp_path, date(2026, 11, 26)) if one.provider == "acme")
        assert state.credentials.startswith("the adapter cannot say: ")


GIVEN = [
    (None, "gave None; expected: ParsedPrices of providers.base"),
    ([], "gave a value of the type list; expected: ParsedPrices"),
    ("prices", r"gave 'prices' \(str\); expected: ParsedPrices"),
    (ParsedPrices, "gave a value of the type type; expected: ParsedPrices"),
    (ParsedPrices(offers=None), "gave None as offers; expected: a tuple, each an Offer"),
    (ParsedPrices(offers=[an_offer()]), "gave a value of the type list as offers"),
    (ParsedPrices(offers=(None,)), "gave None among offers; expected: an Offer"),
    (ParsedPrices(offers=({"gpu": "l4"},)), "gave a value of the type dict among offers"),
    (ParsedPrices(offers=(), gaps=("one", 2)), r"gave '2' \(int\) among gaps; expected: a text"),
    (ParsedPrices(offers=(), sources=("page",)), r"gave 'page' \(str\) among sources; expected: a Source"),
    (ParsedPrices(offers=(), unknown_gpus=(("x", "1"),)), "among unknown_gpus; expected: a name and a number"),
    (ParsedPrices(offers=(), held_back=("x",)), "among held_back; expected: a HeldBack"),
    (ParsedPrices(offers=(), ended=("spot",)), "among ended; expected: a Purchase"),
    (ParsedPrices(offers=(an_offer(provider="aws"),)), r"an offer of the provider 'aws' \(str\); expected: 'acme'"),
    *(
        (ParsedPrices(offers=(an_offer(**{"provider": "acme", **wrong}),)), f"an offer with {next(iter(wrong))} ")
        for wrong in (
            {"instance_type": 5},
            {"region": None},
            {"gpu_count": True},
            {"vcpus": "8"},
            {"purchase": "spot"},
            {"observed_on": "2026-11-26"},
            {"observed_on": datetime(2026, 11, 26, tzinfo=UTC)},
            {"source": b"page"},
            {"zone": 1.5},
        )
    ),
]


@pytest.mark.parametrize(("given", "said"), GIVEN)
def test_what_a_plug_in_gives_is_said_if_it_is_no_price(monkeypatch, tmp_path, given, said):
    """What it was and what is expected, in words; nothing is written."""
    acme = SimpleNamespace(
        fetch=lambda _request, pages, _report: pages.save("page.json", b"[]"),
        parse=lambda _pages: given,
        credentials=lambda: "",
    )
    _announce(monkeypatch, ("acme", "somebody:Acme"))
    monkeypatch.setattr("planner.prices.delivery.load_provider", lambda _: acme)

    (found,) = refresh(RefreshOrder(data_dir=tmp_path, providers=("acme",)), lambda *_: None)

    assert re.search(said, found.error), found.error
    assert found.error.startswith("parse() of the adapter of 'acme' gave ")
    assert None is found.traceback
    assert not (tmp_path / "prices").exists()


def test_two_offers_of_one_name_are_an_error(monkeypatch):
    """Neither silently wins; the built-in name counts too."""
    _announce(monkeypatch, ("gcp", "somebody:Gcp"))

    with pytest.raises(ProviderError, match=r"Provider 'gcp' is offered more than once: .*somebody:Gcp"):
        registry.load_provider("gcp")


def test_an_adapter_without_its_parts_is_refused(monkeypatch):
    """The missing parts are named."""
    _announce(monkeypatch, ("odd", "builtins:object"))

    with pytest.raises(ProviderError, match=r"\(builtins:object\) has no fetch, parse, credentials"):
        registry.load_provider("odd")

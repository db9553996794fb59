"""Processors: names, and what the table says of them."""

import pytest

from planner.errors import UnknownNameError, UsageError
from planner.hardware.gpus import load_aliases, load_gpus
from planner.hardware.processors import ProcessorKind, choose_devices, devices_text, load_processors, processors_named
from planner.prices.processor_offers import load_processor_offers


@pytest.mark.parametrize(
    ("text", "devices", "count"),
    [
        ("Xeon E5-2686 v4:2", ("xeon-e5-2686-v4",), 2.0),
        ("Intel(R) Xeon(R) Platinum 8488C", ("xeon-platinum-8488c",), None),
        ("M3 Max", ("apple-m3-max",), None),
        ("i9-13900K", ("core-i9-13900k",), None),
        ("12th Gen Intel(R) Core(TM) i9-12900K", ("core-i9-12900k",), None),
        ("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", ("xeon-e5-2686-v4",), None),
        ("AMD EPYC 7763 64-Core Processor", ("epyc-7763",), None),
        ("AMD Ryzen 9 5950X 16-Core Processor", ("ryzen-9-5950x",), None),
        ("Ryzen 7950X", ("ryzen-9-7950x",), None),
        ("Graviton 3", ("graviton3",), None),
        ("MacBook Pro M2 Max", ("apple-m2-max",), None),
        ("M1", ("apple-m1",), None),
        ("2x Xeon E5-2630v3", ("xeon-e5-2630-v3",), 2.0),
        ("T4:4", ("t4",), 4.0),
    ],
)
def test_a_name_finds_its_device(text, devices, count):
    """Processors as their makers print them; GPUs as ever."""
    found = choose_devices(text)

    assert (devices, count) == (found.gpus, found.count)


def test_cpu_is_every_processor_that_trains_on_its_cores():
    """Not the graphics parts of Apple."""
    cores = {name for name, one in load_processors().items() if one.kind is ProcessorKind.CPU}

    assert cores == set(choose_devices("CPU").gpus)
    assert 88 == len(cores)


@pytest.mark.parametrize(
    ("text", "some", "count"),
    [
        ("Xeon Gold", "xeon-gold-6148", 5),
        ("EPYC", "epyc-9r14", 13),
        ("Intel Core i9", "core-i9-13900k", 6),
        ("Graviton", "graviton3", 3),
        ("Apple", "apple-m1-pro", 15),
    ],
)
def test_a_line_is_all_of_its_processors(text, some, count):
    """As `A100` is all that are called so."""
    found = choose_devices(text).gpus

    assert some in found
    assert count == len(found)


def test_no_two_devices_share_a_name():
    """Not by what is left of a processor's name without its maker and line, and none is that of a GPU."""
    names = [name for one in load_processors().values() for name in (one.name, *one.aliases)]

    assert all(1 == len(processors_named(name)) for name in names)
    assert not any(processors_named(name) for name in (*load_gpus(), *load_aliases()))


def test_rates_are_cores_times_clock_times_what_a_core_does():
    """16, 32 or 64 operations a cycle of one kind of core; Apple's graphics cores 256 at 1.2 to 1.7 GHz."""
    for one in load_processors().values():
        a_core = one.fp32_tflops * 1e3 / one.cores
        if one.kind is ProcessorKind.APPLE:
            assert 256 * 1.2 < a_core < 256 * 1.7, one.name
        elif "small ones" not in one.note:
            assert any(pytest.approx(one.base_ghz * each, rel=2e-3) == a_core for each in (16, 32, 64)), one.name


def test_a_processor_that_is_not_listed_is_no_unknown_gpu():
    """Apple's later chips have no row: the message names the nearest of processors, and where all of them stand."""
    with pytest.raises(
        UnknownNameError, match=r"Unknown processor 'EPYC 7764'\. Did you mean epyc-7.*planner gpus cpu"
    ):
        choose_devices("EPYC 7764")
    with pytest.raises(UnknownNameError, match="Unknown processor 'M9'"):
        choose_devices("M9")


@pytest.mark.parametrize(("text", "error"), [("xeon-9999", UnknownNameError), ("cpu:0", UsageError)])
def test_what_is_no_device_is_refused(text, error):
    """An unknown name, and a count that cannot be."""
    with pytest.raises(error):
        choose_devices(text)


def test_processors_are_no_gpus_and_offers_have_one_each():
    """Keys of both tables are apart; every machine has as many cores as half of its vCPUs, or all where a core has one thread."""
    assert not load_processors().keys() & load_gpus().keys()
    for offer in load_processor_offers():
        cores = offer.gpu_count * load_processors()[offer.gpu].cores
        threads = 1 if offer.gpu in ("epyc-9r14", "graviton3") else 2
        assert pytest.approx(offer.vcpus / threads, rel=1e-4) == cores, offer


def test_a_part_of_a_processor_is_named_by_its_cores():
    """Nobody counts thirds of a processor."""
    assert ("16 cores Xeon 8488C", "8x T4") == (devices_text("xeon-platinum-8488c", 1 / 3), devices_text("t4", 8))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("fit", "--model", "resnet50", "--gpu", "cpu"), "trains out of the memory of its machine"),
        (
            ("compare", "--model", "resnet50", "--epochs", "1", "--buy", "M3 Max", "--jobs-per-month", "1"),
            "No table has what",
        ),
        (("prices", "history", "--gpu", "Xeon 8488C"), "has no history"),
    ],
)
def test_what_is_for_gpus_alone_says_so_of_a_processor(run_planner, asked, said):
    """Not that it is unknown; and what to do instead."""
    found = run_planner(*asked)

    assert 0 != found.returncode
    assert "is a processor" in found.stderr
    assert said in " ".join(found.stderr.split())

"""Power and memory of the GPUs that a command uses, read from a driver that is played."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from planner.answers.measure import measure_command
from planner.logs.records import Facts
from planner.measuring.nvml import GpuWatch, NoPowerError
from tests.measuring.trainers import paced

GIB = 1024**3
FUNCTIONS = (
    "nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName", "nvmlDeviceGetMigMode",
    "nvmlDeviceGetPowerUsage", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetComputeRunningProcesses",
)  # fmt: skip


class Driver(ModuleType):
    """`pynvml` of a machine with these cards; each is a dictionary of what the driver says."""

    class NVMLError(Exception):
        """What it raises."""

    def __init__(self, *cards):
        super().__init__("pynvml")
        self.cards = cards
        self.is_open = False

    def nvmlInit(self):  # noqa: N802 - the name of the library
        self.is_open = True
        if not self.cards:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlShutdown(self):  # noqa: N802
        self.is_open = False

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return self.cards[index]

    def __getattr__(self, name):
        if name not in FUNCTIONS:
            raise AttributeError(name)
        key = name.removeprefix("nvmlDeviceGet")

        def ask(card):
            if key not in card:
                raise self.NVMLError("Not Supported")
            return card[key]() if callable(card[key]) else card[key]

        return ask


def card(watts=300.0, held_gib=0.0, processes=(), name="NVIDIA A100-SXM4-80GB", **more):
    held = held_gib if callable(held_gib) else lambda: held_gib
    return {
        "Name": name,
        "PowerUsage": lambda: watts * 1000,
        "MemoryInfo": lambda: SimpleNamespace(used=held() * GIB),
        "ComputeRunningProcesses": lambda: [
            SimpleNamespace(pid=pid, usedGpuMemory=None if gib is None else gib * GIB)
            for pid, gib in (processes() if callable(processes) else processes)
        ],
        **more,
    }


@pytest.fixture
def driver(monkeypatch):
    """Puts a driver with these cards in place of the library."""

    def put(*cards):
        played = Driver(*cards)
        monkeypatch.setitem(sys.modules, "pynvml", played)
        return played

    return put


def test_the_cards_of_the_command_count(driver):
    """Two of four cards hold its processes: their power together, the most that one held; the others idle."""
    own = iter([[], [(41, 20.0)], [(41, 30.0)], [(41, 10.0)]])
    played = driver(
        card(watts=310.0, processes=lambda: next(own)),
        card(watts=290.0, processes=[(42, 25.0)]),
        card(watts=60.0),
        card(),
    )
    gpus = GpuWatch()

    for moment in (1.0, 2.0, 3.0):
        gpus.sample(moment, [41, 42])
    drawn = gpus.drawn(since=0.0)
    gpus.close()

    assert (2, 600.0, 30.0, "NVIDIA A100-SXM4-80GB") == (drawn.count, drawn.watts, drawn.memory_gib, drawn.gpu)
    assert not played.is_open


def test_only_the_steady_time_counts_for_power(driver):
    """100 W while it loads, 300 W from second 10 on: 300 W."""
    watts = iter([100_000, 100_000, 300_000, 300_000])
    driver(card(held_gib=0.0, processes=[(41, 1.0)], PowerUsage=lambda: next(watts)))
    gpus = GpuWatch()

    for moment in (1.0, 5.0, 10.0, 11.0):
        gpus.sample(moment, [41])

    assert 300.0 == gpus.drawn(since=10.0).watts


def test_inside_a_container_memory_tells_who_computes(driver):
    """The driver shows no process: the card whose memory grew by more than a context is the one."""
    held = iter([0.5, 8.5, 8.5])
    driver(card(held_gib=lambda: next(held)), card(held_gib=0.5))
    gpus = GpuWatch()

    gpus.sample(1.0, [41])
    gpus.sample(2.0, [41])
    drawn = gpus.drawn(since=0.0)

    assert (1, 8.0) == (drawn.count, drawn.memory_gib)


def test_a_card_that_others_use_or_a_slice_is_said(driver):
    """Work of others on the same card, and a slice of one, whose power is not its own."""
    sliced = card(processes=[(41, 5.0)], MigMode=[1, 1])
    shared = card(processes=[(7, 9.0), (41, 5.0)])
    for cards, word in (((shared,), "others"), ((sliced,), "slice")):
        driver(*cards)
        gpus = GpuWatch()
        gpus.sample(1.0, [41])
        drawn = gpus.drawn(since=0.0)

        assert any(word in note for note in drawn.notes)
    assert drawn.watts is None
    assert drawn.gpu is None


def test_no_driver_no_library_and_no_use_of_a_card_are_told_apart(driver, monkeypatch):
    """Each has its own sentence, and none is an error of the measurement."""
    driver()
    with pytest.raises(NoPowerError, match="no NVIDIA driver here"):
        GpuWatch()
    driver(card())
    gpus = GpuWatch()
    gpus.sample(1.0, [41])
    assert gpus.drawn(since=0.0) is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(NoPowerError, match=r"pip install 'gpu-cost-planner\[measure\]'"):
        GpuWatch()


def test_power_and_memory_reach_the_calibration(driver):
    """A card whose memory grows while the command runs: its key, count, watts and GiB stand in the record."""
    held = iter([0.5] + [12.5] * 10_000)
    driver(card(watts=321.0, held_gib=lambda: next(held)))

    done = measure_command(paced(), given=Facts(), seconds=3.0, echo=lambda _: None, least_seconds=0.5)

    (record,) = done.calibration.records
    assert (record.gpu, record.gpu_count, record.watts, record.memory_gib) == ("a100-80gb-sxm", 1, 321.0, 12.0)
    assert any("321 W" in note for note in done.notes)


def test_the_library_has_what_is_asked_of_it():
    """Every function that is called is in nvidia-ml-py by that name."""
    pynvml = pytest.importorskip("pynvml", reason="extra `measure`")

    assert [] == [name for name in FUNCTIONS if not callable(getattr(pynvml, name, None))]
    assert issubclass(pynvml.NVMLError, Exception)

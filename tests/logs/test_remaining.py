"""What is left of a run, and a run as a row without names."""

import pytest

from planner.answers.calibrate import calibrate, calibrated_run
from planner.answers.remaining import remaining_of
from planner.errors import UsageError
from planner.logs.anonymous import COLUMNS, anonymous_row
from planner.logs.records import Facts
from tests.logs import written
from tests.logs.written import put


def run_of(folder, text, name="trainer_log.jsonl", **given):
    (run,) = calibrate([put(folder, name, text)], given=Facts(**given)).runs
    return run


def test_the_rest_of_a_run(tmp_path):
    """600 of 2,000 steps at 1.1 s: 1,540 s are left, and 16 + 660 were spent."""
    run = run_of(tmp_path, written.llama_factory())

    rest = remaining_of(run, total_steps=2000)

    assert (600, 2000, "step") == (rest.done, rest.total, rest.counted)
    assert rest.seconds == pytest.approx(1400 * 1.1, rel=0.01)
    assert rest.low < 1400 * 1.1 < rest.high
    assert rest.spent_seconds == pytest.approx(676, abs=2)
    assert rest.usd is None


def test_the_total_of_the_file_counts(tmp_path):
    """The log says that it has 600 steps: nothing is left. Fewer than are done is refused."""
    run = run_of(tmp_path, written.llama_factory())

    assert 0.0 == remaining_of(run).seconds
    with pytest.raises(UsageError, match="less than the 600"):
        remaining_of(run, total_steps=500)
    with pytest.raises(UsageError, match="total_steps"):
        remaining_of(run_of(tmp_path, written.nanogpt(), name="out.txt"))


def test_learning_from_the_first_third_foretells_the_rest(tmp_path):
    """A log cut at 30 % foretells the time of its other 70 % within the range."""
    lines = written.llama_factory(lines=100).splitlines(keepends=True)
    run = run_of(tmp_path, "".join(lines[:30]))

    rest = remaining_of(run, total_steps=1000)

    assert rest.low < 700 * 1.1 < rest.high
    assert rest.seconds == pytest.approx(700 * 1.1, rel=0.02)


def test_moving_the_rest_counts_the_new_start(tmp_path):
    """Where GPU and count are known the rest has a price, and a place elsewhere is cheaper with its start counted and enough memory."""
    run = run_of(tmp_path, written.llama_factory(), gpu="a100-80gb-sxm", gpu_count=1)

    rest = remaining_of(run, total_steps=200_000, usd_per_hour=30.0)

    assert rest.usd == pytest.approx(30.0 * rest.seconds / 3600)
    assert rest.moves
    for move in rest.moves:
        assert move.usd < rest.usd
        # 120 s until a machine is up, and the 16 s of this run's start-up
        assert move.seconds > 199_400 / move.throughput.samples_per_second + 120


def test_an_anonymous_row_names_nobody(tmp_path):
    """The row has the columns of the tables and says nothing of file, column, host or path."""
    secret = tmp_path / "my-secret-project"
    run = run_of(
        secret, written.llama_factory(), model="resnet50", gpu="t4", gpu_count=1, precision="amp", batch_size=8
    )

    text = anonymous_row(calibrated_run(run), run.run.kind, software="PyTorch 2.9", input_size=224)

    header, row = text.splitlines()
    assert ",".join(COLUMNS) == header
    assert row.startswith("resnet50,pytorch,PyTorch 2.9,t4,1,amp,8,224,7.27")
    assert "secret" not in text
    assert "trainer_log" not in text


def test_a_row_must_say_what_tables_need(tmp_path):
    """Without its software a run is no row."""
    run = run_of(
        tmp_path, written.llama_factory(), model="resnet50", gpu="t4", gpu_count=1, precision="amp", batch_size=8
    )

    with pytest.raises(UsageError, match="software"):
        anonymous_row(calibrated_run(run), run.run.kind, software=None, input_size=None)


def test_a_line_an_epoch_shows_pauses_once_its_steps_are_known(tmp_path):
    """A mean step of 0.4 s on each line, 50 steps and 25 s an epoch: 5 s in 20 are pauses, and nothing is said of them before the 50 are known."""
    put(
        tmp_path,
        "out.log",
        "".join(
            f"[2024-01-01 10:{25 * n // 60:02d}:{25 * n % 60:02d} net] Train: [{n}/40]\ttime 0.4100 (0.4000)\tloss 1.0 (1.2)\n"
            for n in range(20)
        ),
    )

    (unknown,) = calibrate([tmp_path], given=Facts(batch_size=10, gpu_count=1)).runs
    (known,) = calibrate([tmp_path], given=Facts(batch_size=10, gpu_count=1, epoch_samples=500)).runs

    assert (unknown.rate, unknown.stall_share) == (pytest.approx(25.0), None)
    assert (known.rate, known.stall_share) == (pytest.approx(25.0), pytest.approx(0.25))
    assert remaining_of(known, total_steps=2000).seconds == pytest.approx(20 * 25)
    with pytest.raises(UsageError, match="one an epoch"):
        remaining_of(unknown, total_steps=2000)

"""Formats told by content: the rate that each file's own clock gives, and what is refused."""

import json
import re
from contextlib import suppress

import pytest

from planner.answers.calibrate import calibrate
from planner.errors import PlannerError
from planner.logs import tape as tape_of_a_file
from planner.logs.records import Facts, Mark, Verdict
from planner.logs.tables import Columns
from planner.logs.tape import Kind, Tape
from tests.logs import written
from tests.logs.written import put, spread


def only(folder, **given):
    """The one run of a folder."""
    (run,) = calibrate([folder], given=Facts(**given)).runs
    return run


MEGATRON = "".join(
    f"[rank3]: iteration {n:8}/ 40 | consumed samples: {4 * n} | elapsed time per iteration (ms): {9000 if n < 4 else 650 * spread(n):.1f} | lm loss: 1.0 |\n"
    f"[rank0]:step: {n}  loss: 1.0  tps: {25_000 / spread(n):,.0f}\n[rank1]:step: {n}  loss: 1.0  tps: {25_000 / spread(n):,.0f}\n"
    for n in range(1, 41)
)
TITAN = "".join(
    f"[rank{rank}]:step: {n}  loss: 2.5  memory: 30.2GiB(38%)  tps: 6,000  mfu: 30%\n"
    for n in range(1, 30)
    for rank in (0, 1)
)
MAXTEXT = "".join(
    f"completed step: {n}, seconds: {s}, TFLOP/s/device: 100, Tokens/s/device: {8192 / s:.3f}, total_weights: 32768, loss: 1\n"
    for n, s in enumerate([44.9, 0.3, *[2.0] * 10])
)
PADDLE = (
    "".join(
        f"epoch: {e}, batch_id: {b}, loss:0.5, avg_reader_cost: 0.0 sec, avg_batch_cost: {0.002 if b == 0 else 0.5} sec, avg_samples: 64.0, ips: {64 / 0.5:.1f} ins/s\n"
        for e in range(4)
        for b in (0, 100, 200, 300)
    )
    + "epoch: 9, batch_id: 100, auc: 0.5, avg_batch_cost: 0.1 sec, avg_samples: 64.0, ips: 640 ins/s\n" * 30
)
SWIN = "".join(
    f"[2025-10-21 01:{(e * 200 + i) // 60:02d}:{(e * 200 + i) % 60:02d} net](main.py 1): INFO Train: [{e}/9][{i}/200]\teta 0:10:00 lr 0.1\ttime 1.0000 ({(9 + i) / (i + 1):.4f})\tloss 1.0 (1.0)\n"
    for e in range(3)
    for i in range(0, 200, 20)
)
TIMM = "".join(
    f"Train: {e} [{i:4}/500 ({i // 5}%)]  Loss: 6.9 (6.9)  Time: 0.500s,  512.00/s  (0.500s,  512.00/s)  LR: 1e-6  Data: 0.01 (0.05)\n"
    for e in range(2)
    for i in range(50, 500, 50)
)
TORCHVISION = "".join(
    f"Epoch: [{e}]  [{i:4}/5005]  eta: 0:10:00  lr: 0.1  loss: 6.9 (6.9)  time: 0.3450  data: 0.0100  max mem: 5000\n"
    for e in range(2)
    for i in range(0, 1000, 100)
)
MM_TEXT = "".join(
    f"2024-01-01 10:00:00,000 - mmdet - INFO - Epoch [1][{n}/7330]\tlr: 1e-3, eta: 1 day, 2:00:00, time: 0.561, data_time: 0.05, memory: 4096, loss: 1.0\n"
    for n in range(50, 900, 50)
)
DETECTRON_TEXT = "".join(
    f"[01/02 10:00:00 d2.utils.events]:  eta: 0:10:00  iter: {n}  total_loss: 2.7  loss_cls: 1  time: 0.35  data_time: 0.01  lr: 0.1  max_mem: 4096M\n"
    for n in range(19, 400, 20)
)
DEEPSPEED = "".join(
    f"[2024-01-01 10:00:00,000] [INFO] [timer.py:1] epoch=0/micro_step={n}/global_step={n}, RunningAvgSamplesPerSec=20.0, CurrSamplesPerSec=40.0, MemAllocated=3.0GB, MaxMemAllocated=12.0GB\n"
    for n in range(10, 200, 10)
)
DEEPSPEED_PIPELINE = "".join(
    f"steps: {n} loss: 2.0 iter time (s): 2.000 samples/sec: 8.000\n" for n in range(10, 300, 10)
)
FAIRSEQ = "".join(
    "2024-01-01 | INFO | train_inner | "
    + json.dumps(
        {
            "epoch": 1,
            "loss": "3",
            "wps": "0" if n == 1 else "9",
            "wpb": "4000",
            "num_updates": str(100 * n),
            "wall": str(20 + 80 * n),
        }
    )
    + "\n"
    for n in range(1, 20)
)
MODDED = "import torch\nstep = 1\n" + "".join(
    f"step:{n}/400 train_loss:3.0 train_time:{30_000 + 9 * n if n < 11 else 100 * (n - 10)}ms step_avg:nanms\nstep:{n}/400 val_loss:3.0 train_time:{1}ms\n"
    for n in range(1, 120)
)
LLM_C = "".join(
    f"step {n:4}/19560 | loss 7.3 (+nanz)| norm 1.2 (+nanz)| lr 8e-06 | {500 * spread(n):.2f} ms | 53.5% bf16 MFU | 350000 tok/s\n"
    for n in range(1, 40)
)
BUILD_NANOGPT = "".join(
    f"step {n:5d} | loss: 6.52 | lr 6e-04 | norm: 1.2 | dt: 250.00ms | tok/sec: 2097152.00\n" for n in range(1, 30)
)
NANOCHAT = "".join(
    f"step {n:05d}/21400 (0.47%) | loss: 4.1 | lrm: 1.00 | dt: 250.00ms | tok/sec: 2,097,152 | mfu: 47 | total time: 1.2m\n"
    for n in range(1, 30)
)
LITGPT = "".join(
    f"Epoch 1 | iter {n} step {n // 4} | loss train: 1.2, val: n/a | iter time: 100.00 ms\n" for n in range(1, 30)
)
MXNET = "Start training with (gpu(0),gpu(1)) from x\n" + "".join(
    f"Epoch[0] Batch [{n}]\tSpeed: 36.00 samples/sec\tTrain-{metric}=1\n"
    for n in range(20, 400, 20)
    for metric in ("a", "b", "c")
)
BARS = "".join(
    f"Epoch {e}/9:   0%|      | 0/900 [00:00<?, ?it/s]\rEpoch {e}/9: 100%|████| 900/900 [01:30<00:00, 10.00it/s, loss=1.{e}]\nValidation: 100%|██| 90/90 [00:03<00:00, 30.00it/s]\n"
    for e in range(1, 9)
)
YOLO_BARS = "".join(
    f"      {e}/100      4.5G     0.9    0.8      640: 100%|████| 125/125 [00:50<00:00,  2.50it/s]\n                 Class     Images  Instances: 100%|██| 10/10 [00:02<00:00,  5.0it/s]\n"
    for e in range(1, 9)
)
KERAS = (
    "".join(
        f"Epoch {e}/8\n  1/500 [.....] - ETA: 1:20 - loss: 2\n500/500 [====] - 100s 200ms/step - loss: 1.0 - val_loss: 1.0\n"
        for e in range(1, 9)
    )
    + "313/313 [====] - 1s 2ms/step - loss: 0.1\n"
)
KERAS_OLD = "Train on 60000 samples, validate on 10000 samples\n" + "".join(
    f"Epoch {e}/8\n60000/60000 [====] - 60s 1ms/step - loss: 1.0\n" for e in range(1, 9)
)
FAST_BARS = "".join(
    f"\rEpoch {e}/3: {n // 6}%|██| {n}/600 [{int(0.13 * n) // 60:02d}:{int(0.13 * n) % 60:02d}<01:00, 7.69it/s, loss=2.3]"
    for e in (1, 2, 3)
    for n in range(601)
)
HF_BARS = "".join(
    f"{n // 10}%|█| {n}/1000 [{2 * n // 60:02d}:{2 * n % 60:02d}<10:00,  2.0s/it]\n{{'loss': 1.0, 'grad_norm': 1.0, 'learning_rate': 1e-05, 'epoch': 0.1}}\n"
    + "".join(f"{k}%|█| {k}/50 [00:{k // 10:02d}<00:05, 10.0it/s]\r" for k in range(10, 51, 10))
    for n in range(20, 400, 20)
)
KERAS_3 = "".join(
    f"Epoch {e}/8\n 900/1875 ━━━ 2s 1ms/step - loss: 0.3\r1875/1875 ━━━━ 0s 1ms/step - loss: 0.2\r1875/1875 ━━━━ 4s 2ms/step - loss: 0.2 - val_loss: 0.1\n"
    for e in range(1, 9)
)
PER_BATCH = "".join(
    f"| epoch {e:3d} | {n:5d}/ 2983 batches | lr 20.00 | ms/batch {25 * spread(n // 200):5.2f} | loss  6.81 | ppl   908.01\n"
    + "| end of epoch | time: 79.21s | valid loss 5.5\n" * (n == 2800)
    for e in (1, 2)
    for n in range(200, 2983, 200)
)
PER_STEP = "".join(f"step {n} loss 2.1 lr 1e-4 {25 * spread(n):.2f} ms/step\n" for n in range(0, 400, 10))
SAMPLES = "".join(
    f"2024-05-01 12:{(n + e * 50) // 6:02d}:{(n + e * 50) % 6 * 10:02d} Train Epoch: {e + 1} [{n * 640}/32000 ({2 * n}%)]\tLoss: 2.3\n"
    for e in (0, 1)
    for n in range(50)
)
GLOG = "".join(
    f"I0501 10:{n // 2:02d}:{n % 2 * 30:02d}.250000 140 trainer.py:55] Step {n * 100}: loss=2.31, lr=0.1\n"
    for n in range(50)
)
OPENCLIP = "".join(
    f"2023-01-01,10:{n // 30:02d}:{n % 30 * 2:02d} | INFO | Train Epoch: 0 [{n * 25600:>9}/9999999 ({n // 4}%)] Batch (t): 2.0, 12800/s Loss: 7.0 (7.1)\n"
    for n in range(200)
)
STAMPED = "".join(
    f"2024-05-01 12:{n // 2:02d}:{n % 2 * 30:02d} INFO trainer step {n * 10} loss 2.3\n" for n in range(1, 50)
)

TEXTS = {
    # name: text, given, rate, unit
    "nanoGPT": (written.nanogpt(), {}, 4.0, "step"),
    "nanoGPT with a batch": (
        written.nanogpt(),
        {"batch_size": 12, "gpu_count": 1, "sample_tokens": 1024},
        4 * 12 * 1024,
        "token",
    ),
    "Megatron, ranks and torchtitan lines": (MEGATRON, {}, 4 / 0.65, "sample"),
    "torchtitan per GPU": (TITAN, {}, 12_000, "token"),
    "MaxText": (MAXTEXT, {}, 16_384, "token"),
    "Paddle, inference after it": (PADDLE, {}, 128.0, "sample"),
    "Swin": (SWIN, {"batch_size": 128, "gpu_count": 1}, 128.0, "sample"),
    "timm": (TIMM, {}, 512.0, "sample"),
    "torchvision": (TORCHVISION, {}, 1 / 0.345, "step"),
    "mmdetection": (MM_TEXT, {}, 1 / 0.561, "step"),
    "Detectron2": (DETECTRON_TEXT, {}, 1 / 0.35, "step"),
    "DeepSpeed": (DEEPSPEED, {}, 40.0, "sample"),
    "DeepSpeed, a pipeline": (DEEPSPEED_PIPELINE, {}, 8.0, "sample"),
    "fairseq": (FAIRSEQ, {}, 5000.0, "token"),
    "modded nanoGPT": (MODDED, {}, 10.0, "step"),
    "llm.c": (LLM_C, {}, 2.0, "step"),
    "build-nanogpt": (BUILD_NANOGPT, {}, 2_097_152, "token"),
    "nanochat": (NANOCHAT, {}, 2_097_152, "token"),
    "litgpt": (LITGPT, {}, 10.0, "step"),
    "MXNet, a line per metric": (MXNET, {}, 36.0, "sample"),
    "bars": (BARS, {}, 10.0, "step"),
    "bars with ten pieces a second, on a clock of whole ones": (FAST_BARS, {}, 1 / 0.13, "step"),
    "Keras 3, whose line before the last has the time that is left": (KERAS_3, {}, 0.25, "epoch"),
    "milliseconds per batch": (PER_BATCH, {}, 40.0, "step"),
    "milliseconds per step": (PER_STEP, {}, 40.0, "step"),
    "stamps of absl, as in JAX": (GLOG, {}, 100 / 30, "step"),
    "OpenCLIP": (OPENCLIP, {}, 12_800.0, "sample"),
    "samples of an epoch": (SAMPLES, {}, 64.0, "sample"),
    "bars of a trainer without names, evaluation between": (HF_BARS, {}, 0.5, "step"),
    "bars of Ultralytics": (YOLO_BARS, {}, 2.5, "step"),
    "Keras": (KERAS, {}, 0.01, "epoch"),
    "Keras, samples": (KERAS_OLD, {}, 1000.0, "sample"),
    "stamped lines": (STAMPED, {}, 1 / 3, "step"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_log_gives_its_rate(name, tmp_path):
    """Every kind of step lines: the steady rate within 1 %, in the unit that the file proves."""
    text, given, rate, unit = TEXTS[name]
    put(tmp_path, "out.txt", text)

    run = only(tmp_path, **given)

    assert (Verdict.STEADY, unit) == (run.verdict, run.unit), run.reason
    assert run.rate == pytest.approx(rate, rel=0.01)
    assert run.low < rate < run.high


def test_a_figure_that_cannot_be_is_passed_over(tmp_path):
    """An epoch, a step or a time of 400 digits in the middle of a log; the lines around it still count."""
    lines = written.nanogpt().splitlines()
    for number, digits in (
        (20, f"iter {'9' * 400}: loss 2.1, time 250.00ms"),
        (30, f"iter 30: loss 2.1, time {'9' * 400}ms"),
    ):
        put(tmp_path, "out.txt", "\n".join([*lines[:number], digits, *lines[number + 1 :]]))

        assert only(tmp_path).rate == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize("giant", ["9" * 400, "9" * 200, "1e400", "1,2.3.4"])
def test_a_number_without_end_is_no_fault_of_the_reader(giant, tmp_path):
    """In place of every number of the last line, of any format: a rate, or what is wrong with the file."""
    for text, given, *_ in TEXTS.values():
        *lines, last = text.rstrip("\n").splitlines()
        for found in re.finditer(r"[\d.]+", last):
            odd = f"{last[: found.start()]}{giant}{last[found.end() :]}"
            with suppress(PlannerError):
                calibrate([put(tmp_path, "log.txt", "\n".join([*lines, odd, ""]))], given=Facts(**given))


def test_encodings_and_prefixes_change_nothing(tmp_path):
    """UTF-16, CRLF, NUL bytes, colours and a doubled file read like the plain text."""
    text = written.nanogpt()
    shapes = {
        "utf16": text.encode("utf-16"),
        "utf16le": text.encode("utf-16-le"),
        "crlf": text.replace("\n", "\r\n").encode(),
        "nul": text.replace("\n", "\n\x00").encode(),
        "colour": "".join(f"\x1b[32m{line}\x1b[0m\n" for line in text.splitlines()).encode(),
        "ranks": "".join(f"[rank{rank}]: {line}\n" for line in text.splitlines() for rank in (0, 1)).encode(),
        "twice": (text * 2).encode(),
        "cut": text.encode()[: int(len(text) * 0.61)],
    }
    for name, content in shapes.items():
        run = only(put(tmp_path / name, "log", content))

        assert run.rate == pytest.approx(4.0, rel=0.02), name


def test_lines_in_another_order_change_nothing(tmp_path):
    """Lines that carry their step may stand in any order."""
    lines = written.nanogpt().splitlines(keepends=True)

    plain = only(put(tmp_path / "a", "log", "".join(lines)))
    shuffled = only(put(tmp_path / "b", "log", "".join(lines[::-1][::2] + lines[::2])))

    assert (plain.rate, plain.low) == (shuffled.rate, shuffled.low)


def test_rows_in_another_order_change_nothing(tmp_path):
    """100 rows of ten steps in 4 s, the odd ones after the even ones, backwards: a clock, named or not, and never times of steps."""
    rows = [f"{10 * n},{4.0 * n + 4},1.0\n" for n in range(100)]
    put(tmp_path, "own.csv", "step,time,loss\n" + "".join(rows[::-2] + rows[::2]))

    (named,) = calibrate([tmp_path], columns=Columns(step="step", time="time")).runs

    assert (only(tmp_path).rate, named.rate) == (pytest.approx(2.5), pytest.approx(2.5))


def test_times_that_may_be_a_clock_or_those_of_steps_are_refused(tmp_path):
    """30 s before the first of 100 rows of 4 s each: read as times of single steps it would be a thousand times too slow."""
    rows = "".join(f"{10 * n},{4.0 * n + 30},1.0\n" for n in range(100))
    for name in ("time", "elapsed_seconds"):
        put(tmp_path / name, "own.csv", f"step,{name},loss\n" + rows)

    (either,) = calibrate([tmp_path / "time"], columns=Columns(step="step", time="time")).runs
    clock = only(tmp_path / "elapsed_seconds")

    assert Verdict.REFUSED is either.verdict
    assert "elapsed_seconds" in either.reason
    assert clock.rate == pytest.approx(2.5)


def test_tables(tmp_path):
    """Ultralytics, fastai, an exported history and a table by named columns; the header again in the middle, short rows."""
    yolo = written.ultralytics()
    lines = yolo.splitlines(keepends=True)
    put(tmp_path / "yolo", "results.csv", "".join([*lines[:10], lines[0], "7,1", *lines[10:]]))
    put(tmp_path / "yolo", "args.yaml", "model: yolo12n.pt\nbatch: 16\namp: true\n")
    put(
        tmp_path / "fastai",
        "history.csv",
        "epoch,train_loss,valid_loss,time\n" + "".join(f"{n},0.8,0.4,04:3{n % 3}\n" for n in range(12)),
    )
    history = "_step,_runtime,train/global_step,loss\n" + "".join(
        f"{n},{10 + 20 * n},{100 * n},1.0\n" for n in range(1, 20)
    )
    put(tmp_path / "history", "export.csv", history)
    head, _, rest = history.partition("\n")
    put(tmp_path / "chart", "export.csv", head.replace(",", ",run-1 - ") + "\n" + rest)
    put(
        tmp_path / "board",
        "run.csv",
        "Wall time,Step,Value\n" + "".join(f"{1.7e9 + 20 * n},{100 * n},1.0\n" for n in range(20)),
    )
    rows = [
        json.dumps({"_step": n, "_runtime": 10 + 20 * n, "train/global_step": 100 * n, "loss": 1.0})
        for n in range(1, 20)
    ]
    put(tmp_path / "lines", "history.jsonl", "\n".join(rows))
    put(tmp_path / "own", "own.csv", "n;spent;x\n" + "".join(f"{5 * n};0:{n:02d}:00;1\n" for n in range(1, 20)))

    yolo_run, fastai = only(tmp_path / "yolo", epoch_samples=2000, gpu_count=1), only(tmp_path / "fastai")
    (own,) = calibrate([tmp_path / "own"], columns=Columns(step="n", time="spent")).runs

    assert (yolo_run.rate, yolo_run.unit) == (pytest.approx(40.0, rel=0.01), "sample")
    assert ("yolo12n", 16.0, "amp") == (yolo_run.facts.model, yolo_run.facts.batch_of_all, yolo_run.facts.precision)
    assert fastai.rate == pytest.approx(1 / 271, rel=0.01)
    for folder in ("history", "chart", "board", "lines"):
        assert only(tmp_path / folder).rate == pytest.approx(5.0, rel=0.01)
    assert own.rate == pytest.approx(5 / 60, rel=0.01)


def test_json_lines(tmp_path):
    """LLaMA-Factory with its start-up apart, Detectron2, mmdetection."""
    put(tmp_path / "llama", "trainer_log.jsonl", written.llama_factory())
    detectron = "".join(
        json.dumps({"eta_seconds": 10.0, "iteration": n, "time": 2.5, "data_time": 0.02}) + "\n"
        for n in range(19, 600, 20)
    )
    put(tmp_path / "d2", "metrics.json", detectron)
    mm = (
        json.dumps({"env_info": "x"})
        + "\n"
        + "".join(
            json.dumps({"mode": "train", "epoch": e, "iter": n, "time": 0.5, "data_time": 0.01, "loss": 1.0}) + "\n"
            for e in (1, 2)
            for n in range(50, 500, 50)
        )
        + json.dumps({"mode": "val", "epoch": 2, "iter": 90, "time": 0.1, "data_time": 0.0})
        + "\n"
    )
    put(tmp_path / "mm", "log.json", mm)

    llama = only(tmp_path / "llama")

    assert llama.rate == pytest.approx(1 / 1.1, rel=0.01)
    assert llama.startup_seconds == pytest.approx(16, abs=2)
    assert only(tmp_path / "d2").rate == pytest.approx(0.4)
    assert only(tmp_path / "mm").rate == pytest.approx(2.0)


def test_totals_after_a_restart_count_the_last_process(tmp_path):
    """The trainer divides all 1,000 steps by the time of the last 400: the stated rate is 2.5 times too fast, and named."""
    put(tmp_path, "trainer_state.json", written.trainer_state(steps=1000, runtime=2000.0, restart=600))

    found = calibrate([tmp_path])

    (run,) = found.runs
    # 400 steps of 32 samples in 2,000 s less the evaluation at step 1,000, which took 5 s
    assert (Verdict.AVERAGE, "sample") == (run.verdict, run.unit)
    assert run.rate == pytest.approx(400 * 32 / 1995)
    assert (run.low, run.high) == (pytest.approx(run.rate * 0.98), pytest.approx(run.rate * 1.15))
    assert "states 16/s" in found.notes[0]


def test_a_resumed_total_at_an_unknown_step_is_refused(tmp_path):
    """Totals alone of a run that was resumed say nothing."""
    put(
        tmp_path,
        "train_results.json",
        json.dumps({"train_runtime": 700.0, "train_samples_per_second": 9.0, "train_steps_per_second": 0.5}),
    )
    put(tmp_path, "training_args.yaml", "resume_from_checkpoint: out/checkpoint-500\n")

    run = only(tmp_path)

    assert Verdict.REFUSED is run.verdict
    assert "resumed" in run.reason


REFUSED = {
    "losses.csv": ("epoch,step,loss\n" + "".join(f"0,{n},1.0\n" for n in range(50)), "no clock"),
    "trainer_state.json": (
        json.dumps({"global_step": 9, "log_history": [{"step": 9, "epoch": 1, "eval_loss": 1, "eval_runtime": 5.0}]}),
        "evaluation",
    ),
    "slower_epochs.csv": ("epoch,loss,time\n" + "".join(f"{n},1.0,{60 + n}\n" for n in range(1, 20)), "no clock"),
    "plain.txt": ("hello\nworld\n", "no line of it"),
    "download.txt": (
        "".join(f"Downloading: {n}%|██| {n}/100 [00:{n // 2:02d}<00:09, 2.0MB/s]\n" for n in range(1, 100)),
        "no line of it",
    ),
    "bare_bar.txt": (
        "".join(f"{n}%|██| {n}/100 [{n // 6:02d}:{n % 6}0<00:09, 2.0s/it]\n" for n in range(1, 100)),
        "nothing says that it is training",
    ),
    "tokenize.txt": (
        "".join(f"Tokenizing train: {n}%|██| {n}/100 [{n // 6:02d}:{n % 6}0<00:09, 2.0s/it]\n" for n in range(1, 100)),
        "no line of it",
    ),
    "eval.txt": ("".join(f"Test: [{n}/100]  Time 0.1 (0.1)  Loss 1.0 (1.0)\n" for n in range(1, 100)), "no line of it"),
    "eval_loss.txt": (
        "".join(f"2024-01-01 10:00:{n:02d} INFO step {n * 10} eval loss 2.0\n" for n in range(60)),
        "no line of it",
    ),
    "test_loss.txt": ("".join(f"Epoch {n} | test loss 0.3 | time 12.{n % 3}s\n" for n in range(40)), "no line of it"),
    "whole_seconds.txt": (
        "".join(f"Epoch {e}/9\n 30/30 - {e % 2 + 1}s - loss: 1.0\n" for e in range(1, 10)),
        "too coarse",
    ),
    "short.txt": (written.nanogpt(steps=4), "too few intervals"),
    "cut.json": ('{"log_history": [\n{"step": 1, "loss":', "cut or damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rate_is_refused(name, tmp_path):
    """No clock, evaluation, downloads, bars of nobody knows what: refused with the reason, never a number."""
    text, why = REFUSED[name]

    run = only(put(tmp_path, name, text))

    assert Verdict.REFUSED is run.verdict
    assert why in run.reason


def test_runs_in_one_file_are_told_apart(tmp_path):
    """A slower run appended is a run of its own; nothing is pooled."""
    put(tmp_path, "log", written.nanogpt(seconds=0.25) + written.nanogpt(seconds=0.5))

    runs = calibrate([tmp_path]).runs

    assert [pytest.approx(4.0, rel=0.01), pytest.approx(2.0, rel=0.01)] == [run.rate for run in runs]


def test_a_clock_that_falls_back_all_the_time_is_none(tmp_path):
    """A clock that goes two steps on and one back: the steps that rise by it are all too long, so nothing is believed."""
    times = [100 * n + (250 if n % 4 == 3 else 0) for n in range(1, 81)]
    lines = (f"step:{n}/900 train_time:{time}ms step_avg:100.00ms\n" for n, time in enumerate(times, 1))
    put(tmp_path, "out.log", "".join(lines))

    run = only(tmp_path)

    assert Verdict.REFUSED is run.verdict
    assert "falls back 20 times" in run.reason


def test_a_clock_that_falls_back_is_never_subtracted_across(tmp_path):
    """A resumed table starts its clock anew: one run, the same pace, one restart told."""
    rows = [(n, 50.0 * n if n <= 15 else 50.0 * (n - 15)) for n in range(1, 31)]
    put(tmp_path, "results.csv", "epoch,time,train/box_loss\n" + "".join(f"{n},{clock},1\n" for n, clock in rows))

    run = only(tmp_path)

    assert run.rate == pytest.approx(1 / 50)
    assert 1 == run.run.restarts


def test_stamps_are_believed_before_stated_times(tmp_path):
    """Lines that state 0.1 s a step and are 0.3 s apart: the rate is that of the clock, and both are shown."""
    lines = [
        f"[2024-01-01 10:{n * 30 // 60:02d}:{n * 30 % 60:02d},000] iter {n * 100}: loss 1.0, time 100.00ms, mfu 3%\n"
        for n in range(1, 40)
    ]
    put(tmp_path, "log", "".join(lines))

    run = only(tmp_path)

    assert run.rate == pytest.approx(1 / 0.3, rel=0.01)
    assert any("0.1 s a step" in note and "0.3 s" in note for note in run.notes)


def test_a_rate_above_the_peak_is_refused(tmp_path):
    """9,000,000 tokens/s of a 7-billion model on one T4 cannot be."""
    put(tmp_path, "log", TITAN.replace("6,000", "9,000,000"))

    run = only(tmp_path, model="llama-2-7b", gpu="t4", gpu_count=1)

    assert Verdict.REFUSED is run.verdict
    assert "reaches at most" in run.reason


def test_weights_and_biases(tmp_path):
    """Eight visible GPUs are not eight used ones; a stated throughput that the clock contradicts is named; updates hold the accumulation."""
    summary = {"_runtime": 2000.0, "_step": 49, "epoch": 49, "images_per_sec": 20.0, "_wandb": {"runtime": 2000}}
    put(tmp_path / "a", "wandb-summary.json", json.dumps(summary))
    put(tmp_path / "a", "config.yaml", "batch_size:\n    value: 1000\n")
    put(tmp_path / "a", "wandb-metadata.json", json.dumps({"gpu": "NVIDIA GeForce RTX 2080 Ti", "gpu_count": 8}))
    put(tmp_path / "b", "wandb-summary.json", json.dumps({"_runtime": 5000.0, "_step": 10000, "update_step": 10000}))
    settings = "batch_size:\n  value: 8\ngrad_accum_steps:\n  value: 4\nmax_seq_len:\n  value: 512\n"
    put(tmp_path / "b", "config.yaml", settings)
    put(tmp_path / "b", "wandb-metadata.json", json.dumps({"gpu": "NVIDIA GeForce RTX 4090", "gpu_count": 1}))

    many, one = only(tmp_path / "a"), only(tmp_path / "b")

    assert (Verdict.AVERAGE, "epoch", None, 8) == (
        many.verdict,
        many.unit,
        many.facts.gpu_count,
        many.facts.gpus_visible,
    )
    assert (one.unit, one.facts.gpu, one.facts.gpu_count) == ("token", "rtx-4090", 1)
    assert one.rate == pytest.approx(2 * 8 * 4 * 512)


def test_event_files(tmp_path):
    """413 s of loading, then 2 s a step with a pause every 250: the pace, the start-up and the pauses apart."""
    pytest.importorskip("tensorboardX", reason="extra `logs`")
    start = 1.7e9
    points = [(n * 50, start + 413 + n * 100 + 50 * (n * 50 // 250)) for n in range(1, 40)]
    put(tmp_path, "events.out.tfevents.1.host", written.event_file([(0, start), *points]))

    run = only(tmp_path)

    assert run.rate == pytest.approx(0.5, rel=0.01)
    assert run.startup_seconds == pytest.approx(413, rel=0.02)
    assert run.stall_share == pytest.approx(0.1, abs=0.01)


def test_mlperf(tmp_path):
    """Whole epochs only; `train_samples` counts batches here, by the throughput that the log states."""

    def line(ms, key, value=None, **metadata):
        return (
            ":::MLLOG "
            + json.dumps(
                {"time_ms": ms, "event_type": "POINT_IN_TIME", "key": key, "value": value, "metadata": metadata}
            )
            + "\n"
        )

    text = (
        line(0, "global_batch_size", 256)
        + line(0, "local_batch_size", 32)
        + line(0, "run_start")
        + line(0, "train_samples", 1000)
    )
    for epoch in range(5):
        begin = 300_000 * epoch
        length = 250_000 if epoch < 4 else 4_000
        text += line(begin, "epoch_start", epoch) + (line(begin + length - 100, "run_stop") if epoch == 4 else "")
        text += line(begin + length, "epoch_stop", epoch) + line(
            begin + length, "tracked_stats", {"throughput": 1024.0}
        )
    put(tmp_path, "result_0.txt", text)

    run = only(tmp_path)

    assert (run.rate, run.unit, run.facts.gpu_count) == (pytest.approx(1024.0), "sample", 8)
    assert run.stall_share == pytest.approx(0.2)


def test_blocks_of_mlperf_end_at_a_count_of_samples(tmp_path):
    """Blocks of 12,288 samples in 400 s with 40 s of evaluation between, after a longer first one; an epoch that spans them all is no rate."""
    rows = [(0, "run_start", None), (0, "epoch_start", None), (0, "block_start", None), (900, "block_stop", 24_576)]
    for n in range(1, 8):
        rows += [(500 + 440 * n, "block_start", None), (900 + 440 * n, "block_stop", 24_576 + 12_288 * n)]
    rows += [(5000, "epoch_stop", None), (5000, "run_stop", None)]
    text = "".join(
        ":::MLLOG "
        + json.dumps({"time_ms": 1000 * at, "key": key, "metadata": {} if count is None else {"samples_count": count}})
        + "\n"
        for at, key, count in rows
    )

    run = only(put(tmp_path, "result_0.txt", text))

    assert (run.rate, run.unit) == (pytest.approx(12_288 / 400), "sample")
    assert run.stall_share == pytest.approx(0.1)


def test_pauses_in_steps_that_a_log_leaves_out_are_not_made_up(tmp_path):
    """One step in ten is timed, and one of those holds an evaluation of 6 s: 6 s in 290 steps of 0.25 s, not in 29."""
    lines = [f"iter {n * 10}: loss 1.0, time {6250.0 if n == 20 else 250.0:.2f}ms, mfu 3%\n" for n in range(30)]
    put(tmp_path, "log", "".join(lines))

    run = only(tmp_path)

    assert run.rate == pytest.approx(4.0)
    assert run.stall_share == pytest.approx(6 / (290 * 0.25), rel=0.05)


def test_a_long_file_is_read_in_little_memory(monkeypatch):
    """Marks past a limit become fewer, not more: the rate of two and a half times as many lines is that of a few."""
    monkeypatch.setattr(tape_of_a_file, "MOST_MARKS", 2000)
    tape = Tape(Kind(name="long"), "log")
    for number in range(5000):
        tape.add(Mark(float(number), None, 0.25, span=1))

    (run,) = tape.runs()
    assert 500 < len(run.intervals) <= 2000
    assert sum(one.seconds for one in run.intervals) / run.steps == pytest.approx(0.25)


def test_the_last_line_of_a_trainer_is_a_total(tmp_path):
    """Dicts of losses and a run time on a terminal: an average of 16 samples a second; resumed, it is refused."""
    text = (
        "{'loss': 1.0, 'epoch': 0.1}\n" * 30
        + "{'train_runtime': 1200.5, 'train_samples_per_second': 16.0, 'epoch': 3.0}\n"
    )

    run = only(put(tmp_path / "a", "out.txt", text))
    resumed = only(put(tmp_path / "b", "out.txt", "Continuing training from checkpoint\n" + text))

    assert (Verdict.AVERAGE, 16.0, "sample") == (run.verdict, pytest.approx(run.rate), run.unit)
    assert Verdict.REFUSED is resumed.verdict

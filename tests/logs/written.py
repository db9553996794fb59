"""Small logs of every kind, written as their programs write them, with a pace that a test knows."""

import json
import struct
from pathlib import Path


def spread(index, width=0.02):
    """A factor about 1 that differs from step to step and is the same in every run: a small saw."""
    return 1 + width * ((index * 7) % 11 - 5) / 5


def nanogpt(seconds=0.25, steps=40, first=30.0):
    """Lines of nanoGPT: a slow first step, then a steady pace."""
    times = [first] + [seconds * spread(number) for number in range(1, steps)]
    return "".join(
        f"iter {n}: loss {4 - n / 100:.4f}, time {t * 1000:.2f}ms, mfu 30.00%\n" for n, t in enumerate(times)
    )


def llama_factory(seconds=1.1, lines=60, every=10, start=16.0):
    """`trainer_log.jsonl` in whole seconds, with a start-up before the first step."""
    rows = []
    for number in range(1, lines + 1):
        spent = int(start + seconds * every * number)
        clock = f"{spent // 3600}:{spent // 60 % 60:02d}:{spent % 60:02d}"
        row = {"current_steps": number * every, "total_steps": lines * every, "loss": 1.0, "epoch": 0.1 * number}
        rows.append(json.dumps(row | {"elapsed_time": clock, "remaining_time": "8:45:50"}))
    return "\n".join(rows) + "\n"


def ultralytics(seconds=50.0, epochs=30, first=5.0):
    """`results.csv` with the seconds since the start, and blanks in the header."""
    header = "                  epoch,           time,  train/box_loss,  metrics/mAP50(B)\n"
    rows = [f"{n}, {first + seconds * n:.2f}, 1.9, 0.5\n" for n in range(1, epochs + 1)]
    return header + "".join(rows)


def trainer_state(steps=1000, runtime=500.0, samples_per_step=32, restart=None):
    """`trainer_state.json`; `restart` is the step after which the epoch begins anew."""
    rows = []
    for step in range(50, steps + 1, 50):
        since = step if restart is None or step <= restart else step - restart
        rows.append({"epoch": since / 100, "loss": 1.0, "step": step})
        if step % 500 == 0:
            rows.append({"epoch": since / 100, "eval_loss": 1.0, "eval_runtime": 5.0, "step": step})
    rate = steps * samples_per_step / runtime
    rows.append(
        {
            "epoch": 10.0,
            "step": steps,
            "train_runtime": runtime,
            "train_samples_per_second": round(rate, 3),
            "train_steps_per_second": 0.1,
        }
    )
    return json.dumps({"global_step": steps, "max_steps": steps, "log_history": rows, "train_batch_size": 8})


def event_file(walls, tag="train/loss"):
    """An event file of TensorBoard: a head with the time of the start, then one scalar a step, as (step, wall time)."""

    def varint(number):
        parts = b""
        while number > 127:
            parts, number = parts + bytes([number & 127 | 128]), number >> 7
        return parts + bytes([number])

    def record(payload):
        return struct.pack("<Q", len(payload)) + b"\0" * 4 + payload + b"\0" * 4

    def event(wall, body):
        return record(b"\x09" + struct.pack("<d", wall) + body)

    start, *points = walls
    data = event(start[1], b"\x1a" + varint(13) + b"brain.Event:2")
    for step, wall in points:
        value = b"\x0a" + varint(len(tag)) + tag.encode() + b"\x15" + struct.pack("<f", 1.0)
        summary = b"\x0a" + varint(len(value)) + value
        data += event(wall, b"\x10" + varint(step) + b"\x2a" + varint(len(summary)) + summary)
    return data


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """The file of that name, written."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place

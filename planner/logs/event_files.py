"""Event files of TensorBoard: records of wall time, step and scalars, read with tensorboardX (extra `logs`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from planner.errors import DataError
from planner.logs.records import Counted, Event, Fact, Mark, StepIs
from planner.logs.tape import Kind, On
from planner.logs.text import opened

LONGEST_RECORD = 64 * 1024 * 1024
MOST_TAGS = 200
NOT_TRAINING = ("val", "eval", "test", "valid", "hp", "hparam")


def is_event_file(start: bytes) -> bool:
    """Whether a file begins with the record of an event file."""
    return len(start) > 40 and b"brain.Event:" in start[:200]


def event_file_events(path: Path) -> Iterator[Event | On]:
    """A mark for every scalar of training, in the series of its tag.

    Raises:
        DataError: the library that reads them is not installed.
    """
    try:
        from tensorboardX.proto import event_pb2  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "tensorboardX":
            raise
        raise DataError(
            f"{path.name} is an event file of TensorBoard. To read it: pip install 'gpu-cost-planner[logs]'."
        ) from None
    tags: set[str] = set()
    started = 0.0
    for record in records_of(path):
        try:
            event = event_pb2.Event.FromString(record)
        except Exception:  # noqa: BLE001 - protobuf's own error, of a damaged record
            break
        if event.file_version:
            started = started or float(event.wall_time)
            yield Fact("started_at", started)
            continue
        for value in event.summary.value:
            tag = value.tag
            if tag not in tags and len(tags) >= MOST_TAGS:
                continue
            if any(part.startswith(NOT_TRAINING) for part in tag.lower().replace("_", "/").split("/")):
                continue
            tags.add(tag)
            kind = Kind(
                name=f"TensorBoard, {tag[:60]}",
                counted=Counted.EPOCH if "epoch" in tag.lower() and "loss" in tag.lower() else Counted.STEP,
                step_is=StepIs.UNKNOWN,
                from_zero=started > 0,
                rank=0 if "loss" in tag.lower() else 1,
            )
            yield On(tag, kind, Mark(float(event.step), float(event.wall_time) - started))


def records_of(path: Path) -> Iterator[bytes]:
    """The payloads of a file of length-prefixed records; a record that is cut ends it."""
    with opened(path) as file:
        while len(head := file.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if length > LONGEST_RECORD:
                return
            payload = file.read(length)
            if len(payload) < length or len(file.read(4)) < 4:
                return
            yield payload

"""What the GPUs of this machine do while a command runs: power and memory by NVML (nvidia-ml-py, extra `measure`)."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from planner.model.frozen import dataclass

LEAST_MIB = 150
"""What a CUDA context alone holds on a GPU; a change below it is not of a training."""
MIB = 1024**2


class NoPowerError(Exception):
    """The GPUs of this machine cannot be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The GPUs that a command used: how many, what the driver calls them, and what they drew and held.

    `watts` is of all of them together, a mean over the time that was asked for; `memory_gib` the most that one of them held.
    """

    gpu: str | None
    count: int
    watts: float | None
    memory_gib: float | None
    notes: tuple[str, ...] = ()


class GpuWatch:
    """Samples every NVIDIA GPU of the machine."""

    def __init__(self) -> None:
        """Open the driver.

        Raises:
            NoPowerError: there is no NVIDIA driver or GPU, or the library is missing.
        """
        try:
            import pynvml  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            if error.name != "pynvml":
                raise
            raise NoPowerError(
                "power and memory were not read: pip install 'gpu-cost-planner[measure]' to read those of NVIDIA GPUs"
            ) from None
        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            raise NoPowerError(f"power and memory were not read: no NVIDIA driver here ({error})") from None
        if not handles:
            raise NoPowerError("power and memory were not read: the NVIDIA driver shows no GPU")
        self._cards = [_Card(pynvml, handle) for handle in handles]

    def sample(self, now: float, processes: Collection[int]) -> None:
        """Read every GPU; `processes` are those of the command."""
        for card in self._cards:
            card.sample(now, processes)

    def drawn(self, since: float) -> Drawn | None:
        """What the GPUs of the command drew since that time; `None` if it used none."""
        used = [card for card in self._cards if card.is_used]
        if not used:
            return None
        names = {card.name for card in used}
        means = [card.mean_watts(since) for card in used]
        sliced = [card for card in used if card.is_sliced]
        notes = ["it ran on a slice of a GPU: the power of the whole card is not its own"] if sliced else []
        if len(names) > 1:
            notes.append(f"it used GPUs of several kinds: {', '.join(sorted(names))}")
        shared = sum(card.has_others for card in used)
        if shared:
            notes.append(f"{shared} of its GPUs also had work of others: power and speed are those of a shared GPU")
        known = [watts for watts in means if watts is not None]
        return Drawn(
            gpu=names.pop() if len(names) == 1 and not sliced else None,
            count=len(used),
            watts=math.fsum(known) if len(known) == len(used) and not sliced else None,
            memory_gib=max(card.held_mib for card in used) / 1024,
            notes=tuple(notes),
        )

    def close(self) -> None:
        """Leave the driver."""
        self._nvml.nvmlShutdown()


class _Card:
    """One GPU: samples of its power, and the most that the command held on it."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle
        name = nvml.nvmlDeviceGetName(handle)
        self.name = name.decode() if isinstance(name, bytes) else str(name)
        self.is_sliced = self._read("nvmlDeviceGetMigMode", [0, 0])[0] == 1
        self._before_mib = self._memory_mib()
        self._strangers = {pid for pid, _ in self._running()}
        self._watts: list[tuple[float, float]] = []
        self.held_mib = 0.0
        self.has_others = bool(self._strangers)

    @property
    def is_used(self) -> bool:
        """Whether the command holds memory on it."""
        return self.held_mib >= LEAST_MIB

    def sample(self, now: float, processes: Collection[int]) -> None:
        """Read power and memory once."""
        milliwatts = self._read("nvmlDeviceGetPowerUsage", None)
        if milliwatts:
            self._watts.append((now, milliwatts / 1000))
        own = [mib for pid, mib in self._running() if pid in processes]
        if own and all(mib is not None for mib in own):
            self.held_mib = max(self.held_mib, math.fsum(mib for mib in own if mib is not None))
        elif own or not self.has_others:
            # inside a container the driver knows processes by other numbers, or not what they hold
            self.held_mib = max(self.held_mib, self._memory_mib() - self._before_mib)

    def mean_watts(self, since: float) -> float | None:
        """The mean power since that time; `None` where the GPU does not tell."""
        watts = [watts for moment, watts in self._watts if moment >= since] or [watts for _, watts in self._watts[-1:]]
        return math.fsum(watts) / len(watts) if watts else None

    def _running(self) -> list[tuple[int, float | None]]:
        """The processes that compute on it, and the MiB that each holds."""
        return [
            (one.pid, None if one.usedGpuMemory is None else one.usedGpuMemory / MIB)
            for one in self._read("nvmlDeviceGetComputeRunningProcesses", [])
        ]

    def _memory_mib(self) -> float:
        memory = self._read("nvmlDeviceGetMemoryInfo", None)
        return 0.0 if memory is None else float(memory.used) / MIB

    def _read(self, name: str, otherwise: Any) -> Any:
        """What the driver says; not every GPU tells everything."""
        try:
            return getattr(self._nvml, name)(self._handle)
        except self._nvml.NVMLError:
            return otherwise

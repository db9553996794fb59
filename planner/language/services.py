"""Training sold per token: services that take the data and give back a trained model, without a machine to rent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, Method

BILLION = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One row of `data/training_services.csv`: what a service asks for a million training tokens, counted over all epochs.

    A row is of one `model`, or of all whose parameters lie above the least and up to the most. `usd_low` and `usd_high`
    are the range that the source itself gives.
    """

    provider: str
    model: str
    min_parameters_billions: float | None
    max_parameters_billions: float | None
    method: str
    usd_per_million_tokens: float
    usd_low: float | None
    usd_high: float | None
    as_of: str
    source: str
    note: str

    def takes(self, job: LanguageJob) -> bool:
        """Whether the service trains this model by this method; where adapters are wanted it trains LoRA, quantised or not."""
        if self.method != ("lora" if job.method.has_adapters else str(job.method)):
            return False
        if self.max_parameters_billions is None:
            return self.model == job.model.name
        size = job.model.parameters / BILLION
        return (self.min_parameters_billions or 0.0) < size <= self.max_parameters_billions


def services_for(job: LanguageJob) -> tuple[Service, ...]:
    """The services that do the job, cheapest first; none for pretraining, which nobody sells by the token."""
    if job.method is Method.PRETRAIN:
        return ()
    found = [row for row in training_services() if row.takes(job)]
    return tuple(sorted(found, key=lambda row: (row.usd_per_million_tokens, row.provider)))


@cache
def training_services() -> Sequence[Service]:
    """Every row of the shipped table, in its order."""
    return read_rows("training_services.csv", Service)

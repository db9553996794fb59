"""Why a row may not be picked, although it is counted and priced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from planner.answers.markets import paid_to
from planner.answers.question import Question
from planner.hardware.access import access_to, architecture_of, has_arm_host
from planner.hardware.gpus import load_gpus
from planner.model.picks import NotPicked, PaidTo
from planner.model.records import Offer, Throughput
from planner.prices.groups import OfferGroup
from planner.throughput.builds import build_warning
from planner.throughput.learnt import load_learnt
from planner.units import DAYS_PER_YEAR

WIDEST = 4.0
"""Dear end over cheap end of what a row may cost against the others: beyond it nobody can plan with the figure.

At 3 the ranges of speed and price of a modelled run joined bar most GPU clouds; at 4 they bar no list price but those of GPUs
of which next to nothing is measured."""


class Bars:
    """Says of each row why it may not be picked. An option that names what a rule leaves out wins over the rule.

    Args:
        question: what is asked, with its filter.
        heads: one offer of every group on offer, to know the largest machines.
    """

    def __init__(self, question: Question, heads: Iterable[Offer]) -> None:
        wanted = question.wanted
        named = wanted.gpus
        self._names_gpu = bool(named)
        self._names_count = bool(wanted.gpu_counts) or any(choice.count is not None for choice in named)
        self._names_region = bool(wanted.regions)
        self._names_age = wanted.names_age
        self._workload = question.work.workload
        self._is_language = self._workload.language is not None
        self._is_several = question.nodes > 1
        self._today = question.today
        self._own_gpus = [own.gpu for own in self._workload.measured if own.gpu in load_gpus()]
        self._largest: Mapping[tuple[str, str], float] = _largest(heads) if self._is_several else {}
        self._of_gpu: dict[str, NotPicked | None] = {}

    def before_speed(self, group: OfferGroup) -> tuple[Offer, NotPicked | None]:
        """The cheapest offer of a group that an ordinary account can rent, and the reason against it that no speed decides.

        Where there is no such offer, or a reason that holds for all of the group, the offer is the cheapest of all.
        """
        head = group.head
        reason = self.of_machine(head)
        if reason is not None:
            return head, reason
        offer = head
        if self.is_closed(head):
            found = next((one for one in group.members() if not self.is_closed(one)), None)
            if found is None:
                return head, NotPicked.CLOSED_REGION
            offer = found
        return offer, NotPicked.OLD_PRICE if self.is_old(offer) else None

    def of_machine(self, offer: Offer) -> NotPicked | None:
        """The reason that holds in every region, at every price and at every speed; `None` if there is none."""
        if not self._names_gpu:
            if offer.gpu not in self._of_gpu:
                self._of_gpu[offer.gpu] = self._against_gpu(offer.gpu)
            if self._of_gpu[offer.gpu] is not None:
                return self._of_gpu[offer.gpu]
        if offer.gpu_count < 1 and not self._names_count and offer.gpu in load_gpus():  # some cores are no slice
            return NotPicked.SLICE
        if self._is_several:
            if offer.gpu_count < self._largest.get((offer.provider, offer.gpu), 0) and not self._names_count:
                return NotPicked.PART_OF_HOST
            if offer.network_gbps is None or paid_to(offer) is PaidTo.MARKETPLACE:
                return NotPicked.NETWORK_UNKNOWN
        return None

    def is_closed(self, offer: Offer) -> bool:
        """Whether an ordinary account cannot rent in the offer's region."""
        return not self._names_region and access_to(offer.provider, offer.region).is_closed

    def is_old(self, offer: Offer) -> bool:
        """Whether the price is more than a year old, and nobody asked for such prices."""
        return not self._names_age and (self._today - offer.observed_on).days > DAYS_PER_YEAR

    def of_row(self, offer: Offer, throughput: Throughput, ends: tuple[float, float]) -> NotPicked | None:
        """The reason against one row; `ends` are the cheap and the dear end of its money against other rows."""
        if self.is_closed(offer):
            return NotPicked.CLOSED_REGION
        reason = self.of_machine(offer)
        if reason is not None:
            return reason
        if self.is_old(offer):
            return NotPicked.OLD_PRICE
        if throughput.fits_memory is False:
            return NotPicked.MEMORY
        return NotPicked.WIDE_RANGE if is_wide(*ends) else None

    def _against_gpu(self, gpu: str) -> NotPicked | None:
        known = load_gpus().get(gpu)
        if known is None:
            return None  # a processor: every framework runs on it
        if has_arm_host(gpu):
            return NotPicked.ARM_HOST
        if build_warning(self._workload, gpu):
            return NotPicked.GPU_TOO_OLD
        if self._is_language:
            from planner.language.stacks import runs_flash_attention  # noqa: PLC0415 - most runs need none of it

            if not runs_flash_attention(known):
                return NotPicked.NO_FLASH_ATTENTION
        measured = _measured_architectures().union(map(architecture_of, self._own_gpus))
        return None if architecture_of(gpu) in measured else NotPicked.NEVER_MEASURED


def is_wide(low: float, high: float) -> bool:
    """Whether a range of money is too wide to plan with; what costs nothing is sure."""
    return low < high and (low <= 0 or high / low > WIDEST)


def _largest(heads: Iterable[Offer]) -> dict[tuple[str, str], float]:
    """The most GPUs that one machine of each provider holds."""
    found: dict[tuple[str, str], float] = {}
    for offer in heads:
        key = (offer.provider, offer.gpu)
        found[key] = max(found.get(key, 0.0), offer.gpu_count)
    return found


@cache
def _measured_architectures() -> frozenset[str]:
    """The architectures with a measured training row; CDNA is not RDNA."""
    return frozenset(map(architecture_of, load_learnt()["measured_gpus"]))

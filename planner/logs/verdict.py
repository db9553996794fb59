"""What one run is good for: a steady rate, an average only, or nothing, and why; with what is missing as questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from planner.errors import UnknownNameError
from planner.hardware.gpus import load_gpus, resolve_gpu
from planner.logs.epoch_means import epoch_steps_of, in_steps
from planner.logs.reader import Log
from planner.logs.records import Counted, Facts, Run, StepIs, Verdict
from planner.logs.steady import NotSteadyError, Steady, steady_of
from planner.model.frozen import dataclass

AVERAGE_LOW, AVERAGE_HIGH, SHORT_HIGH = 0.02, 0.15, 0.50
FEW_STEPS, SHORT_SECONDS = 50, 600.0
DISAGREE = 0.03
LEAST_STALL = 0.02
FEW_FALLS, MOST_FALLS = 4, 0.1
"""A clock that falls back more often, in falls for each interval, is not one: what rises of it is chosen by chance, and too fast."""

NO_CLOCK = {
    "steps": "it has steps and no clock: nothing says how long they took",
    "rows": "no column of steps and no clock were found",
    "blocks": "it has no whole epochs, and no blocks that say how many samples they hold",
    "either": "its times rise throughout: a clock that began long before the first row, or steps that grow slower and slower. If it is a clock, call the column elapsed_seconds",
    "evaluation": "its only clock is that of evaluation, whose rate is one of inference",
    "summary": "it has a run time and no count of steps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One run and its verdict.

    `rate` is in `unit` (sample, token, step, epoch) per second of all GPUs together; `stall_share` is `None` where the log cannot show it.
    """

    run: Run
    facts: Facts
    verdict: Verdict
    reason: str = ""
    rate: float = 0.0
    low: float = 0.0
    high: float = 0.0
    unit: str = "step"
    step_seconds: float = 0.0
    startup_seconds: float | None = None
    stall_share: float | None = None
    steady: Steady | None = None
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def judged_runs(log: Log, given: Facts) -> list[Judged]:
    """Each run of a log with its verdict; a log without runs is one refused run.

    Args:
        log: the file as it was read.
        given: what the user says; it wins over the file.
    """
    facts = _told(log.facts, given)
    if not log.runs:
        empty = Run(kind="no run", source=log.path.name)
        return [Judged(run=empty, facts=facts, verdict=Verdict.REFUSED, reason=_why_empty(log))]
    return [
        _judged(run, facts if run.gpu_count is None or given.gpu_count else replace(facts, gpu_count=run.gpu_count))
        for run in log.runs
    ]


def _why_empty(log: Log) -> str:
    if log.reason:
        return log.reason
    if log.no_clock is not None:
        columns = next((fact.value for fact in log.extra if fact.name == "columns"), ())
        listed = f" (columns: {', '.join(map(str, columns))})" if isinstance(columns, tuple) and columns else ""
        return NO_CLOCK.get(log.no_clock, NO_CLOCK["rows"]) + listed
    return "no line of it looks like a training step with a time"


def _told(facts: Facts, given: Facts) -> Facts:
    """The facts, with what the user says in their place; one visible GPU is one that was used."""
    said = {field.name: value for field in fields(Facts) if (value := getattr(given, field.name)) is not None}
    merged = replace(facts, **said)
    if merged.gpu is not None and merged.gpu not in load_gpus():
        merged = replace(merged, gpu=_gpu_key(merged.gpu, merged.accelerator))
    if merged.gpu_count is None and merged.gpus_visible == 1:
        merged = replace(merged, gpu_count=1)
    return merged


def _gpu_key(text: str, accelerator: str | None) -> str | None:
    """The key of the GPU that a driver's text names; `None` where it names none, or several."""
    try:
        found = resolve_gpu(text)
    except UnknownNameError:
        return None
    if len(found) > 1:  # a driver writes PCIe and NVL into the name of a board, and nothing for one of a module
        found = tuple(one for one in found if one.endswith("-sxm") and text.upper().startswith("NVIDIA"))
    return found[0] if len(found) == 1 and not accelerator else None


def _judged(run: Run, facts: Facts) -> Judged:
    if run.total is not None:
        return _average(run, facts)
    if run.are_epoch_means:
        run = in_steps(run, facts)
    try:
        steady, notes = _steady(run)
    except NotSteadyError as error:
        return Judged(run=run, facts=facts, verdict=Verdict.REFUSED, reason=str(error))
    factor, unit, questions = _units(run, facts, steady.units)
    if factor is None:
        return Judged(run=run, facts=facts, verdict=Verdict.REFUSED, reason=questions[0])
    seconds = steady.seconds
    share = _stall_share(run, steady)
    if run.are_epoch_means and epoch_steps_of(facts) is None:
        notes.append(
            "its lines are one an epoch and do not say its number of steps: what else its time went into is not seen"
        )
        questions = [*questions, "how many samples are in an epoch? {samples_per_epoch}"]
    elif share is None:
        notes.append(
            "its clock stands still outside the steps: what evaluation and checkpoints take is not in the file"
        )
    if run.step_is is StepIs.UNKNOWN and unit not in ("step", "epoch") and run.counted is Counted.STEP:
        notes.append(
            "a step of its counter is taken as one batch: if it counts epochs or calls of a logger, the rate is wrong"
        )
    notes += _told_apart(run, steady)
    return _checked(
        Judged(
            run=run,
            facts=facts,
            verdict=Verdict.STEADY,
            rate=factor / seconds,
            low=factor / steady.high,
            high=factor / steady.low,
            unit=unit,
            step_seconds=seconds,
            startup_seconds=steady.startup_seconds,
            stall_share=share,
            steady=steady,
            notes=tuple(notes),
            questions=tuple(questions),
        )
    )


def _steady(run: Run) -> tuple[Steady, list[str]]:
    """The steady pace by the lines' own times, or by the clock of their stamps where the two disagree."""
    if not run.on_clock and run.restarts > max(FEW_FALLS, MOST_FALLS * len(run.intervals)):
        raise NotSteadyError(f"its step or its clock falls back {run.restarts} times: that is no clock of one run")
    are_epochs = run.counted is Counted.EPOCH
    try:
        stated = steady_of(run.intervals, grain=run.grain, rounding=run.rounding, are_epochs=are_epochs)
    except NotSteadyError:
        if not run.on_clock or are_epochs:
            raise
        return steady_of(run.on_clock, grain=run.clock_grain), []
    if not run.on_clock or are_epochs or run.are_epoch_means:  # what lies between two epochs is a pause
        return stated, []
    try:
        clocked = steady_of(run.on_clock, grain=run.clock_grain, are_epochs=are_epochs)
    except NotSteadyError:
        return stated, []
    ratio = clocked.seconds / stated.seconds
    slack = DISAGREE + 0.5 * run.clock_grain * clocked.intervals / (clocked.steps * clocked.seconds)
    if abs(ratio - 1) <= slack:
        return clocked if run.rounding > DISAGREE else stated, []
    note = (
        f"the lines state {stated.seconds:.4g} s a step and their own stamps {clocked.seconds:.4g} s: the stamps are believed, since they hold "
        "all that happens between two steps"
    )
    return clocked, [note]


def _stall_share(run: Run, steady: Steady) -> float | None:
    """Time above the steady pace as a share of steady time; by the wall clock where lines state the time of steps alone."""
    if run.stops:
        return None
    if is_sampled(run) and not run.on_clock:
        # of each stretch of steps one is in the log, and those with an evaluation are: what it shows is all, not a sample
        return steady.stall_share * steady.steps / max(steady.last - steady.first, steady.steps)
    after = [one for one in run.on_clock if one.end - one.steps >= steady.first]
    steps = math.fsum(one.steps for one in after)
    if not steps:
        return steady.stall_share
    return max(math.fsum(one.seconds for one in after) / (steps * steady.seconds) - 1, 0.0)


def is_sampled(run: Run) -> bool:
    """Whether the log has the time of single steps only, with others between them that it does not show."""
    return len(run.intervals) > 1 and run.steps < 0.9 * (run.intervals[-1].end - run.intervals[0].end)


def _told_apart(run: Run, steady: Steady) -> list[str]:
    """Sentences on what the time went into, and on what is odd."""
    notes = []
    if steady.startup_seconds >= 1:
        notes.append(f"start-up took {steady.startup_seconds:,.0f} s above the steady pace")
    if steady.starts_faster:
        notes.append(f"it began faster than its steady pace, which it has from {run.counted} {steady.first:,.0f} on")
    if is_sampled(run) and not run.on_clock:
        notes.append("its lines time single steps: pauses in the steps between them are not seen")
    elif steady.stall_share >= LEAST_STALL:
        notes.append(f"pauses took {steady.stall_share:.1%} on top of the steady time")
    notes += [f"{pause.name}: {pause.seconds:,.0f} s" for pause in run.pauses]
    notes += [
        f"{run.counted}s {spell.first:,.0f} to {spell.last:,.0f} took {spell.times:.2f} times as long"
        for spell in steady.spells
    ]
    if steady.is_drifting:
        notes.append("it drifts: its first third and its last differ by over 3 %")
    if run.holds_validation:
        notes.append("validation is inside the time of each epoch")
    if run.restarts:
        notes.append(
            f"its step or its clock fell back {run.restarts} time{'s' * (run.restarts > 1)}: nothing was counted across"
        )
    return notes


def _average(run: Run, facts: Facts) -> Judged:
    """A total over a total: start-up, evaluation and checkpoints are inside, so the steady rate is higher."""
    total = run.total
    if total is None or total.problem or facts.is_resumed:
        problem = (
            total.problem
            if total is not None and total.problem
            else ("the run was resumed, and totals alone do not say how many steps the stated time holds")
        )
        return Judged(run=run, facts=facts, verdict=Verdict.REFUSED, reason=problem)
    paused = math.fsum(pause.seconds for pause in run.pauses)
    seconds = total.seconds - paused if paused < total.seconds else total.seconds
    factor, unit, questions = _units(run, facts, total.units)
    if factor is None:
        return Judged(run=run, facts=facts, verdict=Verdict.REFUSED, reason=questions[0])
    steps = total.steps if run.counted is Counted.STEP else facts.done_steps
    is_short = seconds < SHORT_SECONDS or (steps is not None and steps < FEW_STEPS)
    rate = total.steps / seconds * factor
    notes = [
        "an average over the whole run: start-up, evaluation and checkpoints are inside, so the steady rate is higher"
    ]
    notes += [f"{pause.name}, {pause.seconds:,.0f} s, was taken out" for pause in run.pauses if paused < total.seconds]
    if is_short:
        notes.append("a short run: start-up weighs heavily")
    return _checked(
        Judged(
            run=run,
            facts=facts,
            verdict=Verdict.AVERAGE,
            rate=rate,
            low=rate * (1 - AVERAGE_LOW),
            high=rate * (1 + (SHORT_HIGH if is_short else AVERAGE_HIGH)),
            unit=unit,
            step_seconds=seconds / total.steps,
            stall_share=paused / seconds if paused < total.seconds and paused else None,
            notes=tuple(notes),
            questions=tuple(questions),
        )
    )


def _units(run: Run, facts: Facts, units: float | None) -> tuple[float | None, str, list[str]]:
    """Samples or tokens of one step, what they are, and what must be asked; without them a step is the unit."""
    if run.counted in (Counted.SAMPLE, Counted.TOKEN) or units is not None:
        return _stated_units(run, facts, units)
    if run.counted is Counted.EPOCH:
        if facts.epoch_samples:
            return facts.epoch_samples, facts.sample_unit or "sample", []
        return 1.0, "epoch", ["how many samples are in an epoch? {samples_per_epoch}"]
    samples, question = _step_samples(run, facts)
    if samples is None:
        return 1.0, "step", [question]
    return _in_tokens(samples, facts.sample_unit or "sample", facts)


def _stated_units(run: Run, facts: Facts, units: float | None) -> tuple[float | None, str, list[str]]:
    """The units that the lines state, of one GPU or of all."""
    factor = float(units or 1.0) if run.counted is Counted.STEP else 1.0
    unit = "token" if run.counted is Counted.TOKEN else run.unit
    if run.units_are_per_gpu:
        if facts.gpu_count is None:
            return None, unit, ["its rate is that of one GPU, and nothing says how many there were: give {gpu_count}"]
        factor *= facts.gpu_count
    return _in_tokens(factor, unit, facts)


def _in_tokens(factor: float, unit: str, facts: Facts) -> tuple[float, str, list[str]]:
    if unit == "sample" and facts.sample_tokens:
        return factor * facts.sample_tokens, "token", []
    return factor, (facts.sample_unit or unit) if unit == "sample" else unit, []


def _step_samples(run: Run, facts: Facts) -> tuple[float | None, str]:
    """Samples of one step of the counter, or what must be asked to know them."""
    accumulation = facts.accumulation or 1.0
    if run.step_is is StepIs.OPTIMISER and facts.step_samples:
        return facts.step_samples, ""
    # a counter that may count anything needs the word of the user, and so does a batch that may be that of all GPUs
    stated = facts.batch_of_all if run.step_is is not StepIs.UNKNOWN and facts.gpu_count in (None, 1) else None
    batch = facts.batch_size or stated
    question = ""
    if batch is None:
        question = "how many samples are in a step of each GPU? {batch_size}"
    elif facts.gpu_count is None:
        question = _asked_count(facts)
    elif run.step_is is not StepIs.OPTIMISER and accumulation > 1:
        question = f"a step of the log may be one batch or {accumulation:g} of them, which are accumulated: its log needs a counter of updates"
    if question or batch is None:
        return None, question
    return batch * (facts.gpu_count or 1) * (accumulation if run.step_is is StepIs.OPTIMISER else 1.0), ""


def _asked_count(facts: Facts) -> str:
    visible = f" ({facts.gpus_visible} were visible)" if facts.gpus_visible else ""
    return f"how many GPUs worked together{visible}? {{gpu_count}}"


def _checked(one: Judged) -> Judged:
    """The run, refused if its stated operations took more than the peak of its GPUs."""
    facts, run = one.facts, one.run
    gpu = load_gpus().get(facts.gpu or "")
    seconds = run.total.seconds if run.total else run.wall_seconds
    if gpu is None or facts.gpu_count is None or not facts.total_flops or not seconds:
        return one
    peak = max(
        gpu.fp16_tensor_tflops or 0.0,
        gpu.bf16_tensor_tflops or 0.0,
        gpu.fp8_tensor_tflops or 0.0,
        gpu.fp32_tflops or 0.0,
    )
    reached = facts.total_flops / seconds / facts.gpu_count / 1e12
    if peak and reached > peak:
        reason = f"{reached:,.0f} TFLOP/s a GPU by the operations that the file states, and {gpu.name} reaches at most {peak:,.0f}"
        return replace(one, verdict=Verdict.REFUSED, reason=reason)
    return one


def best_view(logs: Sequence[Log], given: Facts) -> tuple[list[Judged], list[str]]:
    """The runs of the log of a folder that says most, and sentences on other logs that contradict it.

    Several files of one kind are several runs; files of unlike kinds are views of one run, of which the best counts.
    """
    views = [(log, judged_runs(log, given)) for log in logs]
    if not views:
        return [], []
    order = {Verdict.STEADY: 0, Verdict.AVERAGE: 1, Verdict.REFUSED: 2}

    def worth(view: tuple[Log, list[Judged]]) -> tuple[float, ...]:
        log, runs = view
        verdict = min(order[one.verdict] for one in runs)
        in_samples = min(one.unit in ("step", "epoch") for one in runs if order[one.verdict] == verdict)
        return verdict, not log.runs, in_samples, log.rank, -max(len(one.run.intervals) for one in runs)

    views.sort(key=worth)
    best_log, best = views[0]
    kinds = {one.run.kind for one in best}
    for log, runs in views[1:]:
        if best_log.runs and log.runs and {one.run.kind for one in runs} <= kinds and best[0].run.total is None:
            best = [*best, *runs]
    usable = [one for one in best if one.verdict is not Verdict.REFUSED]
    return best, _contradictions(usable, best_log)


def _contradictions(usable: Sequence[Judged], log: Log) -> list[str]:
    """Rates that a file states itself and that its own clock does not bear out: named, never believed."""
    if len(usable) != 1 or log.facts.stated_pace is None or usable[0].unit in ("epoch", "token"):
        return []
    one, (name, stated) = usable[0], log.facts.stated_pace
    factor = 1.0
    if one.unit == "step":  # of one GPU at least
        factor = one.facts.batch_size or one.facts.batch_of_all or 0.0
    floor = one.low * factor / (1 + (one.stall_share or 0.15)) * 0.9
    is_high = stated > one.high * factor * (1 + DISAGREE) and one.unit != "step"
    if not factor or not (stated < floor or is_high):
        return []
    return [
        f"{name} states {stated:,.4g}/s and the clock gives {one.rate * factor:,.4g}/s: the stated figure is not used"
    ]

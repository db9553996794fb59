"""Classes of models that profit alike from a GPU's figures."""

from __future__ import annotations

from planner.model.records import Model

TASK_CLASSES = (
    # (what the task's name holds, class): the classes whose models respond alike to a GPU's figures
    ("speech-synthesis", "audio"),
    ("recommendation", "tables"),
    ("collaborative", "tables"),
    ("image", "vision"),
    ("detection", "vision"),
    ("segmentation", "vision"),
    ("language", "text"),
    ("fine-tuning", "text"),
    ("pre-training", "text"),
    ("translation", "text"),
)
OTHER = "other"
BY_UNIT = {"image": "vision", "sequence": "text", "token": "text"}


def class_of(model: Model) -> str:
    """The class of a model: by its task, else by what its samples are."""
    found = task_class(model.task)
    return BY_UNIT.get(model.sample_unit, OTHER) if found == OTHER else found


def task_class(task: str) -> str:
    """The class of a task: vision, text, audio, tables or other."""
    lower = task.lower()
    return next((name for part, name in TASK_CLASSES if part in lower), OTHER)


STACK_CLASSES = (
    # (what the task's name holds, class): the classes whose implementations lie equally far apart
    ("speech", "speech"),
    ("recommend", "recommenders"),
    ("collaborative", "recommenders"),
    ("instance-segmentation", "detection"),
    ("detection", "detection"),
    ("segmentation", "segmentation"),
    ("image", "images"),
    ("translation", "seq2seq"),
    ("language-model", "seq2seq"),
    ("fine-tuning", "encoders"),
    ("pre-training", "encoders"),
)
"""Seq2seq holds recurrent and encoder-decoder text."""
STACK_CLASS_BY_UNIT = {"image": "images", "sequence": "encoders", "token": "seq2seq"}


def stack_class_of(model: Model) -> str:
    """The class of a model among which implementations are compared: by its task, else by what its samples are.

    >>> from planner.work.listed import resolve_model
    >>> stack_class_of(resolve_model("bert-large")), stack_class_of(resolve_model("ssd300-resnet50"))
    ('encoders', 'detection')
    """
    lower = model.task.lower()
    found = next((name for part, name in STACK_CLASSES if part in lower), OTHER)
    return STACK_CLASS_BY_UNIT.get(model.sample_unit, OTHER) if found == OTHER else found

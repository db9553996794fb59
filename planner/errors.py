"""The errors that the planner raises, as one tree, and messages that name arguments.

PlannerError                 the root; the command line catches it once           exit 1
├── UsageError               a value somebody typed is wrong                      exit 2
│   └── UnknownNameError     a model, GPU, provider ... nobody has heard of       exit 2
├── NothingLeftError         valid filters that together leave no offer           exit 1
├── NoThroughputError        no figure says how fast this runs there              exit 1
│   └── DoesNotFitError      it does not run there at all: too little memory      exit 1
├── DataError                a file holds what it must not hold                   exit 1
│   └── SnapshotError        a price snapshot is altered, half written, too new   exit 1
├── OutputError              the result cannot be written                         exit 1
├── ProviderError            a cloud did not answer, or not with prices           exit 1
│   └── NotAskedError        its key is not there, or no saved pages are          exit 1
└── LimitError               no estimate meets a limit in dollars or hours        exit 3

A message names arguments as slots, and whoever shows it spells them:

    UsageError("{max_hours} must be above 0, not {given:g}.", argument="max_hours", given=-1)

reads `max_hours must be ...` in Python and `--max-hours must be ...` at a terminal. So do the sentences of a result. A text that comes without an argument
and without values has no slots: its braces are braces.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

T = TypeVar("T")

Spelling: TypeAlias = Callable[[str], str]
"""From the name of an argument to how a reader writes it."""


class Message:
    """A text with slots: values fill theirs, and what is left are names of arguments, spelled for each reader.

    Args:
        template: as for `str.format`. It is read once, so slots in a value are text.
        values: what the slots hold. A message or an error among them is spelled like the rest.
    """

    def __init__(self, template: str, /, **values: Value) -> None:
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.spelled(str)

    def spelled(self, spell: Spelling) -> str:
        """The text with the names of arguments as `spell` writes them."""
        return self.template.format_map(_Slots(self.values, spell))


class Sentence(str):
    """A sentence of a result, a reason or a note, that names arguments as a message does.

    Read as it is, it has the names of Python; `spelled` gives it another reader's.
    """

    __slots__ = ("message",)
    message: Message

    def __new__(cls, template: str, /, **values: Value) -> Sentence:
        """A sentence of a template, as of a message."""
        message = Message(template, **values)
        made = super().__new__(cls, str(message))
        made.message = message
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _sentence_again, (self.message.template, self.message.values)


def spelled(content: T, spell: Spelling) -> T:
    """The content of a result with the names of arguments in its sentences as `spell` writes them.

    Sentences may stand in lists, dictionaries and records; what holds none is given back as it is.
    """
    found: Any = content
    kind: Any = type(found)
    if kind in _PLAIN:
        return content
    if isinstance(found, Sentence):
        return cast("T", found.message.spelled(spell))
    if isinstance(found, dict):
        return cast("T", {name: spelled(part, spell) for name, part in found.items()})
    if isinstance(found, (tuple, list)):
        parts = _spelled_parts(found, spell)
        return content if parts is None else kind(parts)
    names = _fields(kind)
    parts = _spelled_parts([getattr(found, name) for name in names], spell)
    if not names:
        _PLAIN.add(kind)  # an enumeration, or what else holds nothing
    return content if parts is None else kind(**dict(zip(names, parts, strict=True)))


def _spelled_parts(parts: Sequence[Any], spell: Spelling) -> list[Any] | None:
    """The parts with their sentences spelled; `None` if that changes none."""
    if _PLAIN.issuperset(map(type, parts)):
        return None
    new = [spelled(part, spell) for part in parts]
    return new if any(map(operator.is_not, new, parts)) else None


def joined(parts: Iterable[str | Message], between: str = ", ") -> Message:
    """The parts as one message, with `between` between them."""
    values = {f"part_{number}": part for number, part in enumerate(parts)}
    return Message(between.join(f"{{{name}}}" for name in values), **values)


def named(*arguments: str) -> Message:
    """These arguments as each reader spells them, with commas between."""
    return Message(", ".join(f"{{{name}}}" for name in arguments))


class PlannerError(Exception):
    """Root of all errors of this project; `str(error)` is a message for a person, in the names of Python.

    Args:
        text: the message; a template if an argument or values are given with it.
        argument: the argument that the error is about.
        values: what the slots of the template hold.
    """

    exit_code = 1

    def __init__(self, text: str | Message, /, *, argument: str | None = None, **values: Value) -> None:
        is_template = isinstance(text, str) and (argument is not None or bool(values))
        self.message = Message(str(text), **values) if is_template else text
        self.argument = argument
        super().__init__(str(self.message))

    def spelled(self, spell: Spelling) -> str:
        """The message with the names of arguments as `spell` writes them."""
        return self.message if isinstance(self.message, str) else self.message.spelled(spell)

    def unstopped(self) -> str | Message:
        """The message without its full stop, for a sentence that goes on."""
        if isinstance(self.message, str):
            return self.message.rstrip(".")
        return Message(self.message.template.rstrip("."), **self.message.values)

    def __reduce__(self) -> tuple[Any, ...]:
        # a cluster sends errors back; made again without `__init__`, whose arguments differ from class to class
        return _remade, (type(self), self.args), self.__dict__


Value: TypeAlias = str | float | Message | PlannerError
"""What a slot of a message may hold."""


class UsageError(PlannerError):
    """A value given by the user cannot be used; the message names the value and what would do."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name is not known; the message offers the closest ones.

    Args:
        kind: what was named, for example "GPU".
        name: what was typed.
        known: every name that would have been understood.
        see: a command that lists them.
        argument: the argument that holds the name, where it is known.
        why: a sentence that says why the name is none of the known, with a space before it.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        see: str | Message,
        *,
        argument: str | None = None,
        why: str = "",
    ) -> None:
        self.kind = kind
        self.name = name
        known = list(known)
        self.matches = close_matches(name, known)
        hint = f" Did you mean {_listed(self.matches)}?" if self.matches else ""
        if why:
            hint = ""  # names that only look alike would mislead
        elif not self.matches and len(known) <= 10:
            hint = f" Known: {', '.join(known)}."
        super().__init__(
            "Unknown {kind} {name!r}.{why}{hint} See: {see}",
            argument=argument,
            kind=kind,
            name=name,
            why=why,
            hint=hint,
            see=see,
        )


class NothingLeftError(PlannerError):
    """Every offer fell out; the message says which filter took the last ones."""


class NoThroughputError(PlannerError):
    """No throughput is known for this model, GPU, count and precision."""


class DoesNotFitError(NoThroughputError):
    """The run does not fit into the memory of that GPU, or of the machine it is in."""


class DataError(PlannerError):
    """A data file cannot be trusted; the message names file, line and column."""


class SnapshotError(DataError):
    """A price snapshot is altered, incomplete or of a newer schema."""


class OutputError(PlannerError):
    """The result could not be written; nothing was left half written."""


class ProviderError(PlannerError):
    """A provider's service failed, refused, or answered with something that is not prices."""


class NotAskedError(ProviderError):
    """A provider could not even be asked: its key or account is not there, or no pages of it are saved."""


class LimitError(PlannerError):
    """A limit cannot be met; the message says by how much the best estimate misses it."""

    exit_code = 3


def as_option(name: str) -> str:
    """`max_hours` as an option, `--max-hours`."""
    return "--" + name.replace("_", "-")


def close_matches(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that look like `name`, best first."""
    import difflib  # noqa: PLC0415 - needed only on the way to an error

    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    if not found and len(name) > 1:
        found = [candidate for candidate in by_lower if name.lower() in candidate][:3]
    return [by_lower[candidate] for candidate in found]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


_PLAIN: set[type] = {str, int, float, bool, date, type(None)}
"""Kinds of values that hold no sentence; those that are met are added."""


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """Names of the fields of a record; none of what is no record."""
    own: Mapping[str, object] | None = getattr(kind, "__record_fields__", None)  # `fields` would describe each of them
    if own is not None:
        return tuple(own)
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _sentence_again(template: str, values: dict[str, Value]) -> Sentence:
    return Sentence(template, **values)


def _remade(kind: type[PlannerError], args: tuple[Any, ...]) -> PlannerError:
    return kind.__new__(kind, *args)


class _Slots(Mapping[str, object]):
    """The content of a template's slots: values, and names of arguments as they are spelled."""

    def __init__(self, values: Mapping[str, Value], spell: Spelling) -> None:
        self._values = values
        self._spell = spell

    def __getitem__(self, name: str) -> object:
        value = self._values.get(name)
        if value is None:
            return self._spell(name)
        if isinstance(value, Sentence):
            value = value.message
        return value.spelled(self._spell) if isinstance(value, (Message, PlannerError)) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

"""The decorator of every record: the library's `dataclass`, for records that are frozen, slotted and named by keyword.

The library writes and compiles six methods for each class, and describes each of its fields, when its module is imported: a
fifth of the work of `planner estimate`. Here one text is compiled for a class, `__init__`, and only when dozens of its objects are
made; the other methods are shared, and the library describes the fields when it is asked for them. `fields`, `replace` and
`asdict` of the library work as ever.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast

R = TypeVar("R")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - modules take it from here
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool, eq: bool = True) -> Callable[[type], type]:
        """A decorator that does what the library's does with these arguments; all but `eq` must be true.

        >>> @dataclass(frozen=True, slots=True, kw_only=True)
        ... class Point:
        ...     x: float
        ...     y: float = 0.0
        >>> dataclasses.replace(Point(x=1.0), y=2.0)
        Point(x=1.0, y=2.0)
        """
        if not (frozen and slots and kw_only):
            raise TypeError("a record is frozen, slotted and named by keyword")

        def made(cls: type) -> type:
            # what the class itself defines stays
            body = (_SHARED | _COMPARED if eq else _SHARED) | vars(cls)
            own = tuple(body.get("__annotations__", ()))
            defaults = {name: body.pop(name) for name in own if name in body}
            for name in ("__dict__", "__weakref__"):
                body.pop(name, None)
            before = _defaults_of(cls)
            names = tuple(dict.fromkeys((*before, *own)))
            body["__slots__"] = tuple(name for name in own if name not in before)
            body["__qualname__"] = cls.__qualname__
            body["_own_defaults"] = defaults
            body["__record_fields__"] = fields = {
                name: defaults.get(name, _REQUIRED) if name in own else before[name] for name in names
            }
            if "__init__" not in body:
                body["__init__"] = _plain_init(fields, is_checked=hasattr(cls, "__post_init__"))
            body["_read"] = staticmethod(_reader(names))
            return type(cls)(cls.__name__, cls.__bases__, body)

        return made


def changed(record: R, /, **values: Any) -> R:
    """The record with other values in the fields named: what the library's `replace` gives, in a third of the time."""
    kind: Any = record.__class__
    return cast("R", kind(**values_of(record) | values))


def names_of(record: Any) -> tuple[str, ...]:
    """The names of the fields of a record or of its class: those that the library's `fields` gives, which describes each."""
    return tuple(record.__record_fields__)


def values_of(record: Any) -> dict[str, Any]:
    """The values of a record by the names of its fields: the library's `asdict` without going into what they hold."""
    return dict(zip(record.__record_fields__, record._read(record), strict=True))


_REQUIRED = object()
"""The default of a field that must be given."""


def _defaults_of(cls: type) -> dict[str, Any]:
    """The fields that a class inherits from records, each with its default."""
    return {
        name: value for base in reversed(cls.__mro__) for name, value in getattr(base, "__record_fields__", {}).items()
    }


def _reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives the values of all fields of a record."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple([getattr(record, name) for name in names])


class _Described:
    """`__dataclass_fields__` of a record: the library describes the fields when somebody asks for the first time."""

    def __get__(self, record: Any, cls: type) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            if "_own_defaults" not in vars(base):
                continue
            parts = {
                "__annotations__": base.__annotations__,
                "__module__": base.__module__,
                "__doc__": base.__name__,  # the library would write one, and load all that looks into a signature
                **vars(base)["_own_defaults"],
            }
            twin: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True)(
                type(base.__name__, (), parts)
            )
            found |= {field.name: field for field in dataclasses.fields(twin)}
        cls.__dataclass_fields__ = found  # type: ignore[attr-defined]  # from now on without asking the library
        return found


_OFTEN = 40
"""So many objects of a class are made by the plain way; compiling a text pays from then on."""


def _plain_init(names: Mapping[str, Any], *, is_checked: bool) -> Callable[..., None]:
    """An `__init__` for the first objects of a class with these fields; that of a class of many is compiled."""
    optional: dict[str, Any] = {}
    count, made, set_field = len(names), 0, object.__setattr__

    def init(self: Any, /, **given: Any) -> None:
        nonlocal made
        made += 1
        if len(given) < count:
            if not optional:
                optional.update((name, value) for name, value in _values(names) if value is not _REQUIRED)
            given = optional | given
        if made > _OFTEN or given.keys() != names.keys():
            cls = next(one for one in type(self).__mro__ if one.__dict__.get("__init__") is init)
            _compile_init(cls, names)
            cls.__init__(self, **given)  # type: ignore[misc]  # the new one, which refuses what is unknown or missing
            return
        for name, value in given.items():
            set_field(self, name, value)
        if is_checked:
            self.__post_init__()

    return init


def _values(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields with their defaults, those too that a field of the library describes."""
    for name, default in names.items():
        value = default.default if isinstance(default, dataclasses.Field) else default
        yield name, _REQUIRED if value is dataclasses.MISSING else value


def _compile_init(cls: Any, names: Mapping[str, Any]) -> None:
    """Gives a class an `__init__` of its own, for every further object."""
    parameters: list[str] = []
    lines: list[str] = []
    known: dict[str, Any] = {}
    for name, value in _values(names):
        parameters.append(name if value is _REQUIRED else f"{name}=default_{name}")
        lines.append(f"    set_{name}(self, {name})\n")
        known[f"default_{name}"] = value
        known[f"set_{name}"] = getattr(cls, name).__set__
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    exec(f"def __init__(self, *, {', '.join(parameters)}):\n{''.join(lines)}", known)  # noqa: S102 - names of our fields
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = known["__init__"]


def _equal(self: Any, other: Any) -> Any:
    return self._read(self) == self._read(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(self._read(self))


def _shown(self: Any) -> str:
    fields = zip(self.__record_fields__, self._read(self), strict=True)
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in fields)})"


def _set(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _reduced(self: Any) -> tuple[Any, ...]:
    """How it is copied and pickled: as what makes it."""
    return _made_again, (self.__class__, values_of(self))


def _made_again(cls: type, given: dict[str, Any]) -> Any:
    return cls(**given)


_SHARED = {
    "__repr__": _shown,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__reduce__": _reduced,
    "__match_args__": (),
    "__dataclass_fields__": _Described(),
}
_COMPARED = {"__eq__": _equal, "__hash__": _hash}

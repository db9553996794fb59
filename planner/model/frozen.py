"""The decorator of every record: the library's `dataclass`, for records that are frozen, slotted and named by keyword.

The library writes and compiles six methods for each class when its module is imported: a fifth of the work of
`planner estimate`. Here one text is compiled for each class, `__init__`, and only when its first object is made; the other
methods are shared. `fields`, `replace` and `asdict` of the library work as ever.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar, cast

R = TypeVar("R")

if TYPE_CHECKING:
    from collections.abc import Callable
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
            methods = _SHARED | _COMPARED if eq else _SHARED
            for name in methods.keys() - vars(cls).keys():
                setattr(cls, name, methods[name])
            return dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)

        return made


def changed(record: R, /, **values: Any) -> R:
    """The record with other values in the fields named: what the library's `replace` gives, in half the time."""
    kind: Any = record.__class__
    for name in kind.__dataclass_fields__:
        if name not in values:
            values[name] = getattr(record, name)
    return cast("R", kind(**values))


def _first_init(self: Any, /, **given: Any) -> None:
    """Compile the `__init__` of the class of this object, its first, and run it."""
    cls = next(one for one in type(self).__mro__ if one.__dict__.get("__init__") is _first_init)
    fields = dataclasses.fields(cls)
    parameters: list[str] = []
    lines: list[str] = []
    known: dict[str, Any] = {}
    for field in fields:
        has_default = field.default is not dataclasses.MISSING
        parameters.append(f"{field.name}=default_{field.name}" if has_default else field.name)
        lines.append(f"    set_{field.name}(self, {field.name})\n")
        known[f"default_{field.name}"] = field.default
        known[f"set_{field.name}"] = getattr(cls, field.name).__set__
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    exec(f"def __init__(self, *, {', '.join(parameters)}):\n{''.join(lines)}", known)  # noqa: S102 - names of our fields
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    setattr(cls, "__init__", known["__init__"])  # noqa: B010 - for every further object
    known["__init__"](self, **given)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__dataclass_fields__])


def _equal(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _shown(self: Any) -> str:
    fields = zip(self.__dataclass_fields__, _values(self), strict=True)
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in fields)})"


def _set(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _reduced(self: Any) -> tuple[Any, ...]:
    """How it is copied and pickled: as what makes it."""
    return _made_again, (self.__class__, dict(zip(self.__dataclass_fields__, _values(self), strict=True)))


def _made_again(cls: type, given: dict[str, Any]) -> Any:
    return cls(**given)


_SHARED = {
    "__init__": _first_init,
    "__repr__": _shown,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__reduce__": _reduced,
}
_COMPARED = {"__eq__": _equal, "__hash__": _hash}

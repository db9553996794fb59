"""Records: what the library's frozen, slotted dataclasses do, they do too."""

import copy
import dataclasses
import pickle

import pytest

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span that may not be empty."""

    start: float
    end: float = 1.0

    def __post_init__(self):
        """Refuse an empty one."""
        if self.end <= self.start:
            raise ValueError("empty")

    @property
    def length(self):
        """From start to end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSpan(Span):
    """A span with a name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Single:
    """A record that equals itself only."""

    start: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The library's, with the fields of `NamedSpan`."""

    start: float
    end: float = 1.0
    name: str


def test_a_record_is_made_shown_and_changed_like_the_librarys():
    """Fields, their order, defaults, text, `replace` and `asdict` are those of the library."""
    ours, theirs = NamedSpan(name="a", start=0.5), Likeness(name="a", start=0.5)

    assert [field.name for field in dataclasses.fields(theirs)] == [field.name for field in dataclasses.fields(ours)]
    assert repr(theirs) == repr(ours).replace("NamedSpan", "Likeness")
    assert dataclasses.asdict(theirs) == dataclasses.asdict(ours)
    assert hash(theirs) == hash(ours)
    assert 2.0 == dataclasses.replace(ours, end=2.5).length


@pytest.mark.parametrize("given", [{}, {"start": 0.0, "begin": 1.0}])
def test_missing_and_unknown_fields_are_refused(given):
    """The first object and every later one must have its fields, and no others."""
    for _ in range(2):
        with pytest.raises(TypeError):
            Single(**given)


def test_fields_are_given_by_name_only():
    """A value without a name is refused."""
    with pytest.raises(TypeError):
        Span(0.0, 1.0)


def test_a_record_checks_itself():
    """The first object is checked as every later one is, also in `replace`."""
    with pytest.raises(ValueError, match="empty"):
        NamedSpan(start=2.0, name="a")
    with pytest.raises(ValueError, match="empty"):
        dataclasses.replace(Span(start=0.0), end=-1.0)


def test_a_record_does_not_change():
    """Fields can be neither set nor deleted nor added."""
    span = Span(start=0.0)

    for change in (lambda: setattr(span, "end", 3.0), lambda: setattr(span, "more", 3.0), lambda: delattr(span, "end")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert 1.0 == span.end
    assert not hasattr(span, "__dict__")


def test_records_are_equal_by_class_and_fields():
    """Equal fields of one class are equal; another class, or `eq=False`, is not."""
    assert Span(start=0.0) == Span(start=0.0, end=1.0)
    assert Span(start=0.0) != Span(start=0.5)
    assert NamedSpan(start=0.0, name="a") != Likeness(start=0.0, name="a")
    assert 1 == len({Span(start=0.0), Span(start=0.0)})
    assert Single(start=0.0) != Single(start=0.0)


def test_a_record_is_copied_and_pickled():
    """A copy, a deep copy and an unpickled one equal the original."""
    span = NamedSpan(start=0.0, name="a")

    assert [span] * 3 == [copy.copy(span), copy.deepcopy(span), pickle.loads(pickle.dumps(span))]  # noqa: S301 - our own


def test_other_kinds_of_dataclass_are_not_made():
    """One kind of record: the decorator refuses to make others."""
    with pytest.raises(TypeError):
        dataclass(frozen=False, slots=True, kw_only=True)

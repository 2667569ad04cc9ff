"""One table of a file, read key by key: what is missing, of another kind or unknown is an error that names file, table and key."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, get_args

from service.domain.rules import Confidence, Stated, Status
from service.rules_files.layers import Layers, Place

T = TypeVar("T")


class Table:
    """Plain keys of a table; tables inside it are others' to read."""

    def __init__(self, of: Layers, place: Place) -> None:
        self._of, self.place = of, place
        self._row = {key: value for key, value in of.table(place).items() if not isinstance(value, dict)}
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._row

    def text(self, key: str, default: str | None = None) -> str:
        value = self._of_kind(key, str, "a text in quotes", default)
        if not value.strip() and value != default:
            raise self.wrong(key, "is empty")
        return value

    def word(self, key: str, words: Collection[str], default: str | None = None) -> Any:
        value = self._of_kind(key, str, f"one of {', '.join(words)}", default)
        if value not in words:
            raise self.wrong(key, f"is {value!r}; it may be {', '.join(words)}")
        return value

    def words(self, key: str, words: Collection[str]) -> Any:
        """A tuple, at least one, none twice."""
        found = self._of_kind(key, list, f"a list of {', '.join(words)}")
        if not found or any(word not in words for word in found) or len(set(found)) < len(found):
            raise self.wrong(key, f"is a list of {', '.join(words)}, none twice")
        return tuple(found)

    def day(self, key: str) -> date:
        return self._of_kind(key, date, "a date without quotes such as 2026-12-31")

    def day_or_none(self, key: str) -> date | None:
        self._read.add(key)
        return self.day(key) if key in self else None

    def whole(self, key: str) -> int:
        value = self._of_kind(key, int, "a whole number")
        if value < 0:
            raise self.wrong(key, "is below zero")
        return value

    def flag(self, key: str) -> bool:
        return self._of_kind(key, bool, "true or false")

    def amount(self, key: str, most: Decimal | None = None) -> Decimal:
        """Not below zero; `most` 1 is a share."""
        try:
            value = Decimal(self._of_kind(key, str, "a number in quotes"))
        except InvalidOperation:
            value = Decimal("nan")
        if not value.is_finite() or value < 0 or (most is not None and value > most):
            raise self.wrong(key, "is a share from 0 to 1 in quotes" if most else "is an amount in quotes, not below zero")
        return value

    def either(self, key: str, word: str) -> Any:
        """A whole number, or this word."""
        return self.word(key, [word]) if isinstance(self._row.get(key), str) else self.whole(key)

    def wrong(self, key: str, says: str) -> ValueError:
        return self._of.wrong(self.place, key, says)

    def done(self, says: str = "") -> None:
        """Raises ValueError for a key that nobody read."""
        for key in self._row:
            if key not in self._read:
                raise self.wrong(key, says or f"is unknown here; there may be: {', '.join(sorted(self._read))}")

    def _of_kind(self, key: str, kind: type[T], wants: str, default: T | None = None) -> T:
        self._read.add(key)
        if key not in self._row:
            if default is not None:
                return default
            raise self.wrong(key, f"is missing: {wants}")
        value = self._row[key]
        if type(value) is not kind:  # a bool is an int, a time of day is a date
            raise self.wrong(key, f"must be {wants}")
        return value


Read = Callable[[Table], T]
"""What stands in a table, beside the keys that every statement has."""


def stated(of: Layers, place: Place, read: Read[T], *, may_hold_others: bool = False) -> Stated[T]:
    """One statement with its source. What the user changed rests on their word unless they name a source."""
    table = Table(of, place)
    inner = [key for key, value in of.table(place).items() if isinstance(value, dict)]
    if inner and not may_hold_others:
        raise table.wrong(inner[0], "is a table inside a rule that may hold none")
    value = read(table)
    confidence: Confidence = table.word("confidence", get_args(Confidence))
    source, status, note = table.text("source"), table.word("status", get_args(Status), "law"), table.text("note", "")
    since, until = table.day_or_none("since"), table.day_or_none("until")
    table.done()
    if since and until and until < since:
        raise table.wrong("until", f"is {until}, before since, {since}")
    if not of.new(place) and of.changed(place, frozenset({"confidence", "source", "note"})):
        if not of.told_by_the_user(place, "source"):
            source = str(of.own)
        if not of.told_by_the_user(place, "confidence"):
            confidence = "U"
    return Stated(".".join(place), value, confidence, source, since, until, status, note)


def dated(of: Layers, place: Place, read: Read[T]) -> tuple[Stated[T], ...]:
    """All statements about one thing: the table itself, and the tables in it, each for a time of its own.

    [loss.carry_forward]                 [loss.carry_forward.now]  until = 2027-12-31
    one rule, always                     [loss.carry_forward.planned]  since = 2028-01-01
    """
    table = of.table(place)
    inner = [key for key, value in table.items() if isinstance(value, dict)]
    found = [stated(of, place, read, may_hold_others=True)] if len(inner) < len(table) else []
    found += [stated(of, (*place, key), read) for key in inner]
    for n, one in enumerate(found):
        for other in found[n + 1 :]:
            refuse_overlap(of, one, other)
    return tuple(found)


def refuse_overlap(of: Layers, one: Stated[Any], other: Stated[Any]) -> None:
    """Raises ValueError where both bind on some day; said of the one that the user wrote, else of the later one."""
    since, until = max(one.since or date.min, other.since or date.min), min(one.until or date.max, other.until or date.max)
    if not (one.binds and other.binds and since <= until):
        return
    former, later = sorted((one, other), key=lambda s: (of.changed(_place(s)), s.since or date.min))
    when = f"on {since}" if since > date.min else "always" if until == date.max else f"until {until}"
    told = [key for key in ("since", "until", "status", "assets", "kind") if of.told_by_the_user(_place(later), key)]
    key = told[0] if told else "since" if later.since else "until"
    raise of.wrong(_place(later), key, f"overlaps [{former.place}]: both hold {when}")


def _place(of: Stated[Any]) -> Place:
    return tuple(of.place.split("."))

"""A case as JSON → values: every word of it is known, or the case is refused with a sentence for each word that is not.

Money may be a JSON number or decimal text; neither passes through a float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from service.app import nesting
from service.domain.money import ZERO, plain
from service.domain.rules import is_zone

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,18})?")
MOST = Decimal(10) ** 15


class BadCase(ValueError):
    """The case cannot be computed; `says` has a sentence for each reason."""

    def __init__(self, *says: str) -> None:
        super().__init__("; ".join(says))
        self.says: Sequence[str] = says


def from_json(text: str) -> Any:
    """Numbers are Decimals. Raises BadCase for what is no JSON, for NaN, and for a name that stands twice."""
    try:
        return nesting.loads(text, object_pairs_hook=_object, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except BadCase:
        raise
    except ValueError:
        raise BadCase("it is no JSON") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadCase(f"{next(n for n in names if names.count(n) > 1)} stands twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise BadCase(f"{word} is no amount")


class Fields:
    """One object of a case, read name by name; `finish` refuses what was not read. Problems are collected, so that one look names them all."""

    def __init__(self, told: object, where: str = "", problems: list[str] | None = None) -> None:
        self.problems: list[str] = [] if problems is None else problems
        self._where = where
        self._told: Mapping[str, Any] = told if isinstance(told, dict) else {}
        self._known: list[str] = []
        if not isinstance(told, dict):
            self.wrong("", "is no object")

    def wrong(self, name: str, says: str) -> None:
        place = f"{self._where}.{name}" if self._where and name else self._where or name
        self.problems.append(f"{place} {says}".strip())

    def has(self, name: str) -> bool:
        return name in self._told

    def any(self, name: str, default: Any = None) -> Any:
        self._known.append(name)
        return self._told.get(name, default)

    def money(self, name: str, default: Decimal | None = None, *, least: Decimal | None = None, most: Decimal | None = None) -> Decimal:
        """0 where it is missing and has no default, with a problem."""
        told = self.any(name, default)
        if told is None:
            self.wrong(name, "is missing" if not self.has(name) else "is no amount")
            return ZERO
        if isinstance(told, str) and _DECIMAL.fullmatch(told):
            told = Decimal(told)
        if not isinstance(told, Decimal) or abs(told) >= MOST or not _is_short(told):
            self.wrong(name, "is no amount below 10^15 with at most 18 places")
            return ZERO
        if least is not None and told < least:
            self.wrong(name, f"is {plain(told)}: it is at least {plain(least)}")
        if most is not None and told > most:
            self.wrong(name, f"is {plain(told)}: it is at most {plain(most)}")
        return told

    def whole(self, name: str, default: int | None = None) -> int:
        told = self.any(name, default)
        if isinstance(told, int) and not isinstance(told, bool):
            return told
        if isinstance(told, str) and re.fullmatch("[0-9]{1,4}", told):
            return int(told)
        if isinstance(told, Decimal) and 0 <= told <= 9999 and told == int(told):
            return int(told)
        self.wrong(name, "is missing" if not self.has(name) else "is no whole number")
        return 0

    def word(self, name: str, of: Sequence[str], default: str | None = None) -> str:
        told = self.any(name, default)
        if isinstance(told, str) and told in of:
            return told
        self.wrong(name, "is missing" if told is None else f"is {json.dumps(told, default=str)}: it is one of {', '.join(of)}")
        return of[0]

    def text(self, name: str, default: str | None = None) -> str:
        told = self.any(name, default)
        if isinstance(told, str):
            return told
        self.wrong(name, "is missing" if told is None else "is no text")
        return ""

    def day(self, name: str) -> date:
        told = self.any(name)
        if isinstance(told, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", told):
            with suppress(ValueError):
                return date.fromisoformat(told)
        self.wrong(name, "is missing" if told is None else "is no day such as 2025-01-31")
        return date(2000, 1, 1)

    def time(self, name: str) -> datetime:
        """Of UTC."""
        told = self.any(name)
        if isinstance(told, str):
            with suppress(ValueError, OverflowError):
                at = datetime.fromisoformat(told)
                if at.tzinfo is not None and 1 < at.year < 9998:
                    return at.astimezone(UTC)
        self.wrong(name, "is missing" if told is None else "is no time such as 2025-01-31T12:00:00Z")
        return datetime(2000, 1, 1, tzinfo=UTC)

    def zone(self, name: str) -> str:
        told = self.any(name)
        if isinstance(told, str) and is_zone(told):
            return told
        self.wrong(name, "is missing" if told is None else "is no time zone such as America/New_York")
        return "UTC"

    def inner(self, name: str) -> Fields:
        return Fields(self.any(name), f"{self._where}.{name}" if self._where else name, self.problems)

    def each(self, name: str) -> list[Fields]:
        told = self.any(name)
        where = f"{self._where}.{name}" if self._where else name
        if not isinstance(told, list):
            self.wrong(name, "is missing" if told is None else "is no list")
            return []
        return [Fields(one, f"{where} {n}", self.problems) for n, one in enumerate(told, 1)]

    def finish(self, *prose: str) -> None:
        """`prose`: names that say something to people and change nothing."""
        for name in self._told:
            if name not in self._known and name not in prose:
                self.wrong(name, f"is not known; there are {', '.join(dict.fromkeys(self._known))}")

    def check(self) -> None:
        """Raises BadCase where anything was wrong."""
        if self.problems:
            raise BadCase(*self.problems)


def _is_short(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -18

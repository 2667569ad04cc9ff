"""Matches as rows of text: the columns that other programs' results are compared in, one row a match of a disposal with a lot.

A life of trading has a hundred thousand of them, so times and money become text by integer arithmetic, and days and clocks are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from operator import itemgetter

from service.domain.ledger import Match
from service.domain.ledger.choices import DAY, Calendar
from service.domain.movements import EPOCH, PLACES

COLUMNS = (
    "disposal_id",
    "lot_id",
    "asset",
    "account",
    "acquired",
    "disposed",
    "quantity",
    "proceeds_usd",
    "basis_usd",
    "gain_usd",
    "term",
    "near_boundary",
    "tax_year",
    "flags",
)
"""near_boundary: 1 where 364 to 367 days lie between the two UTC dates, where other programs count the term otherwise. tax_year: in the taxpayer's
zone. flags: words, among them utc_term and utc_year where the days of UTC would give another answer."""

_COMMAS = len(COLUMNS) - 1
_TEN = 10**20
_HALF = _TEN // 2
_POINT = 10**10
_FIRST_DAY = EPOCH.date().toordinal()
_in_order = itemgetter(5, 0, 4, 1)


def place(match: Match) -> tuple[int, str, int, str]:
    """Where a match stands: time of disposal, its id, time of acquisition, lot."""
    return match[5], match[0], -1 if match[4] is None else match[4], match[1]


def ordered(matches: Iterable[Match]) -> list[Match]:
    """In the order of `place`."""
    found = list(matches)
    return sorted(found, key=place if any(m[4] is None for m in found) else _in_order)


def rows(
    matches: Sequence[Match],
    *,
    symbols: Mapping[str, str],
    labels: Mapping[str, str],
    calendar: Calendar,
    places: int = PLACES,
    collectible: frozenset[str] = frozenset(),
) -> list[str]:
    """Lines without their ends, in the order given. `symbols` by coin, `labels` by account; `collectible`: coins that are one of a kind.

    Quantities are exact, money is rounded half even to 10 places. An unknown amount is written 0, and the flag beside it says so.
    """
    stamp, year_of = Stamps(), Years(calendar)
    one, is_utc = 10**places, calendar.is_utc
    lines = []
    for match in matches:
        name, lot, coin, account, acquired, disposed, quantity, proceeds, basis, is_long, flags = match
        proceeds, basis = proceeds or 0, basis or 0
        since, on = "", stamp[disposed]
        near = "0"
        if acquired is not None:
            since = stamp[acquired]
            if 364 <= disposed // DAY - acquired // DAY <= 367:
                near = "1"
        words = ""
        if flags or not is_utc or coin in collectible:
            words = " ".join(_flags(match, calendar, is_collectible=coin in collectible))
        units, part = divmod(quantity, one)
        amount = f"{units}.{part:0{places}}".rstrip("0") if part else str(units)
        line = (
            f"{name},{lot},{symbols[coin]},{labels.get(account, account)},{since},{on},{amount},{money(proceeds)},{money(basis)},"
            f"{money(proceeds - basis)},{'long' if is_long else 'short'},{near},{on[:4] if is_utc else year_of[disposed]},{words}"
        )
        if line.count(",") != _COMMAS or '"' in line:
            line = _quoted(line, name, lot, symbols[coin], labels.get(account, account))
        lines.append(line)
    return lines


def _quoted(line: str, *cells: str) -> str:
    """The line with its first cells as CSV wants them; those after them never hold a comma."""
    rest = line[len(",".join(cells)) :]
    return ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if "," in c or '"' in c else c for c in cells) + rest


def _flags(match: Match, calendar: Calendar, *, is_collectible: bool) -> tuple[str, ...]:
    more = ["collectible"] if is_collectible else []
    if not calendar.is_utc:
        day, acquired = match.disposed // DAY, match.acquired
        if acquired is not None and (day >= calendar.long_from(acquired // DAY)) != match.long:
            more.append("utc_term")
        if _year(day) != _year(calendar.day(match.disposed)):
            more.append("utc_year")
    return (*match.flags, *more)


def money(count: int) -> str:
    """10^-30 → at most 10 places, half even."""
    whole, rest = divmod(count + _HALF, _TEN)
    if not rest and whole & 1:  # a tie
        whole -= 1
    if whole < 0:
        return f"-{_decimal(-whole)}"
    units, part = divmod(whole, _POINT)
    return f"{units}.{part:010}".rstrip("0") if part else str(units)


def _decimal(count: int) -> str:
    units, part = divmod(count, _POINT)
    return f"{units}.{part:010}".rstrip("0") if part else str(units)


class Stamps(dict[int, str]):
    """Instant → YYYY-MM-DDThh:mm:ssZ, with a fraction where there is one. Each is worked out once."""

    def __missing__(self, at: int) -> str:
        day, rest = divmod(at, DAY)
        seconds, part = divmod(rest, 1_000_000)
        minutes, second = divmod(seconds, 60)
        fraction = f".{part:06}".rstrip("0") if part else ""
        told = f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}{fraction}Z"
        self[at] = told
        return told


class Years(dict[int, int]):
    """Instant → year of its day in the taxpayer's zone."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self._calendar = calendar

    def __missing__(self, at: int) -> int:
        year = self[at] = _year(self._calendar.day(at))
        return year


@cache
def _date(day: int) -> str:
    return date.fromordinal(day + _FIRST_DAY).isoformat()


def _year(day: int) -> int:
    return int(_date(day)[:4])

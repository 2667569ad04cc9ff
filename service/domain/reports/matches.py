"""Matches as rows of text: the columns that other programs' results are compared in, one row a match of a disposal with a lot.

A life of trading has a hundred thousand of them, so times and money become text by integer arithmetic, and days and clocks are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from service.domain.ledger import Match
from service.domain.ledger.choices import DAY, Calendar
from service.domain.movements import PLACES, iso_day, stamp
from service.domain.reports.cells import is_odd, quoted

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

_TEN = 10**20
_HALF = _TEN // 2
_POINT = 10**10
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
    asset_of = {coin: quoted(symbol) for coin, symbol in symbols.items()}
    account_of = {account: quoted(labels.get(account, account)) for account in {m[3] for m in matches}}
    has_odd = is_odd("".join([m[0] for m in matches])) or is_odd("".join([m[1] for m in matches]))
    one, is_utc = 10**places, calendar.is_utc
    lines = []
    for match in matches:
        name, lot, coin, account, acquired, disposed, quantity, proceeds, basis, is_long, flags = match
        if has_odd:
            name, lot = quoted(name), quoted(lot)
        proceeds, basis = proceeds or 0, basis or 0
        since, near = "", "0"
        if acquired is not None:
            since = stamp[acquired]
            if 364 <= disposed // DAY - acquired // DAY <= 367:
                near = "1"
        on = stamp[disposed]
        words = " ".join(_flags(match, calendar, is_collectible=coin in collectible)) if flags or collectible or not is_utc else ""
        digits = str(quantity) if quantity >= one else f"{quantity:0{places + 1}}"
        amount = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
        lines.append(
            f"{name},{lot},{asset_of[coin]},{account_of[account]},{since},{on},{amount},{money(proceeds)},{money(basis)},"
            f"{money(proceeds - basis)},{'long' if is_long else 'short'},{near},{on[:4] if is_utc else year_of[disposed]},{words}"
        )
    return lines


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
    if whole >= _POINT:
        digits = str(whole)
    elif whole >= 0:
        digits = f"{whole:011}"
    else:
        digits = f"{whole:012}"
    return f"{digits[:-10]}.{digits[-10:]}".rstrip("0").rstrip(".")


class Stamps(dict[int, str]):
    """Instant → movements.stamp. Each is worked out once."""

    def __missing__(self, at: int) -> str:
        told = self[at] = stamp(at)
        return told


class Years(dict[int, int]):
    """Instant → year of its day in the taxpayer's zone."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self._calendar = calendar

    def __missing__(self, at: int) -> int:
        year = self[at] = _year(self._calendar.day(at))
        return year


def _year(day: int) -> int:
    return int(iso_day(day)[:4])

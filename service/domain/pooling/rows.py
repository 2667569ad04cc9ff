"""Matches of pools as rows of text: plain decimals, quantities exact, money at 10 places, half to even, trailing zeros dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.domain.movements import MONEY_PLACES, PLACES
from service.domain.pooling.adjusted_cost import AcbMatch
from service.domain.pooling.identification import DayMatch, calendar_day, tax_year
from service.domain.pooling.pools import is_known

UK_COLUMNS = ("tax_year", "disposed", "asset", "rule", "acquired", "quantity", "proceeds", "allowable_cost", "gain", "flags")
"""The columns of the ledger kit's expected_uk.csv, and `flags` (parted by blanks). Unknown proceeds, and their gain, are empty."""
UK_TOTALS = ("tax_year", "matches", "proceeds", "allowable_cost", "gain")
ACB_COLUMNS = (
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
    "denied_usd",
    "flags",
)
"""The columns of expected_*.csv; the lot is the pool ("acb"), which has no date and no term. gain = proceeds - basis + denied."""

_CUT = 10 ** (MONEY_PLACES - 10)


def uk_rows(matches: Iterable[DayMatch], *, places: int = PLACES, symbols: Mapping[str, str] | None = None) -> list[tuple[str, ...]]:
    """Rows in UK_COLUMNS of any number of coins, ordered by day, asset, rule and day bought back. `symbols`: by coin."""
    names, days = symbols or {}, _Days()
    found = [
        (
            str(tax_year(m.day)),
            days[m.day],
            names.get(m.coin, m.coin),
            m.rule,
            "" if m.acquired is None else days[m.acquired],
            _text(m.quantity, places),
            _money(m.proceeds),
            _money(m.cost),
            _money(m.gain),
            " ".join(m.flags),
        )
        for m in matches
    ]
    return sorted(found, key=lambda row: row[1:5])


def uk_totals(matches: Iterable[DayMatch]) -> list[tuple[str, ...]]:
    """Rows in UK_TOTALS, one for each tax year with a match; what is not wholly known is counted, and is in no sum."""
    years: dict[int, list[int]] = {}
    for m in matches:
        year = years.setdefault(tax_year(m.day), [0, 0, 0])
        year[0] += 1
        if m.proceeds is not None and is_known(m.flags):
            year[1] += m.proceeds
            year[2] += m.cost
    return [(str(y), str(n), _money(got), _money(cost), _money(got - cost)) for y, (n, got, cost) in sorted(years.items())]


def acb_rows(
    matches: Iterable[AcbMatch],
    *,
    places: int = PLACES,
    symbols: Mapping[str, str] | None = None,
    accounts: Mapping[str, str] | None = None,
) -> list[tuple[str, ...]]:
    """Rows in ACB_COLUMNS of any number of coins, ordered by time and id of the disposal. `accounts`: names by id."""
    names, labels, days = symbols or {}, accounts or {}, _Days()
    return [
        (
            m.id,
            "acb",
            names.get(m.coin, m.coin),
            labels.get(m.account, m.account),
            "",
            _time(m.disposed, days),
            _text(m.quantity, places),
            _money(m.proceeds),
            _money(m.acb),
            _money(m.gain),
            "",
            _money(m.denied),
            " ".join(m.flags),
        )
        for m in sorted(matches, key=lambda m: (m.disposed, m.id, m.coin))
    ]


class _Days(dict[int, str]):
    """Written dates, each once."""

    def __missing__(self, day: int) -> str:
        text = self[day] = calendar_day(day).isoformat()
        return text


def _time(at: int, days: _Days) -> str:
    """ISO 8601 UTC; fractions of a second only where there are any."""
    day, tick = divmod(at, 86_400_000_000)
    second, part = divmod(tick, 1_000_000)
    text = f"{days[day]}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{text}.{part:06}Z" if part else f"{text}Z"


def _money(value: int | None) -> str:
    if value is None:
        return ""
    whole, rest = divmod(abs(value), _CUT)
    if rest * 2 > _CUT or (rest * 2 == _CUT and whole % 2):
        whole += 1
    return _text(-whole if value < 0 else whole, 10)


def _text(count: int, places: int) -> str:
    """A count of 10^-places as a plain decimal."""
    if not places:
        return str(count)
    digits = str(abs(count)).rjust(places + 1, "0")
    part = digits[-places:].rstrip("0")
    text = f"{digits[:-places]}.{part}" if part else digits[:-places]
    return f"-{text}" if count < 0 else text

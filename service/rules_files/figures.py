"""[2026] and [2026.single]: the federal figures of a year and filing status (United States).

A year of the user's with `sources` and `loss_limit` alone (`loss_limit_separate` for married_separate) is enough for those who give their own
marginal rates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from re import fullmatch
from typing import Any, cast, get_args

from service.domain.rules import Confidence, Figures, FigureValue, Rules, Stated
from service.domain.tax import FilingStatus
from service.rules_files.layers import Layers

OF_FEDERAL_SHAPE = "us"
NAMES = tuple(f.name for f in fields(Figures) if f.name not in ("year", "status"))
LIMITS = ("loss_limit", "loss_limit_separate")


def is_year(of: Layers, table: str) -> bool:
    return of.code == OF_FEDERAL_SHAPE and fullmatch("[12][0-9]{3}", table) is not None


def years(of: Layers) -> list[int]:
    return sorted(int(key) for key, row in of.both.items() if is_year(of, key) and isinstance(row, dict))


def rules(of: Layers, year: int, status: str) -> Rules:
    """Of one tax year for a filing status. Raises ValueError for a year that no file has, and for figures that cannot be used."""
    if year not in years(of):
        there = ", ".join(map(str, years(of))) or "none"
        raise ValueError(
            f"rules/{of.code}.toml has no figures for the tax year {year} (it has {there}); add a [{year}] table with their source"
        )
    found = _of_status(of, year, status)
    limit = found.loss_limit if found else _amount(of, year, "", of.table((str(year),)), LIMITS[status == "married_separate"])
    return Rules(f"{of.code}-{year}", of.code, year, limit, _sources(of, year), found)


def stated(of: Layers) -> Iterator[Stated[FigureValue]]:
    """Every figure of every year with its source. Raises ValueError for the first that cannot be used."""
    for year in years(of):
        told = of.table((str(year),))
        for key, value in told.items():
            if isinstance(value, dict):
                yield from _stated_of_status(of, year, key)
            elif key not in ("sources", "confidence"):
                if key not in (*NAMES, *LIMITS):
                    raise of.wrong(
                        (str(year),), key, f"is unknown here; there may be: sources, confidence, {', '.join((*NAMES, LIMITS[1]))}"
                    )
                yield _one(of, year, "", key, _value(of, year, "", told, key))


def _stated_of_status(of: Layers, year: int, status: str) -> Iterator[Stated[FigureValue]]:
    place = (str(year), status)
    if status not in get_args(FilingStatus):
        raise of.wrong(place[:1], status, f"is no filing status; there are: {', '.join(get_args(FilingStatus))}")
    _of_status(of, year, status)
    for key in (told := of.table(place)):
        if key not in NAMES:
            raise of.wrong(place, key, f"is unknown here; there may be: {', '.join(NAMES)}")
        yield _one(of, year, status, key, _value(of, year, status, told, key))


def _one(of: Layers, year: int, status: str, key: str, value: FigureValue) -> Stated[FigureValue]:
    """What the user changed rests on their word unless their year names its sources."""
    place = (str(year), status) if status else (str(year),)
    confidence, source = _confidence(of, year), "; ".join(_sources(of, year))
    if not of.new((str(year),)) and of.changed_key(place, key):
        if not of.told_by_the_user((str(year),), "sources"):
            source = str(of.own)
        if not of.told_by_the_user((str(year),), "confidence"):
            confidence = "U"
    return Stated(".".join((*place, key)), value, confidence, source, date(year, 1, 1), date(year, 12, 31))


def _sources(of: Layers, year: int) -> tuple[str, ...]:
    told = of.table((str(year),)).get("sources")
    if not isinstance(told, list) or not told or not all(isinstance(text, str) and text for text in told):
        raise of.wrong((str(year),), "sources", 'must be a list such as ["26 U.S.C. 1211"]')
    return tuple(told)


def _confidence(of: Layers, year: int) -> Confidence:
    """A year that is the user's alone rests on their word."""
    told = of.table((str(year),)).get("confidence", "U" if of.new((str(year),)) else None)
    if told not in get_args(Confidence):
        raise of.wrong((str(year),), "confidence", f"must be one of {', '.join(get_args(Confidence))}")
    return cast("Confidence", told)


def _of_status(of: Layers, year: int, status: str) -> Figures | None:
    """What stands once a year holds for each status; None where the year has no table of it."""
    row = of.table((str(year),))
    if status not in row:
        return None
    told = {**{key: value for key, value in row.items() if not isinstance(value, dict)}, **of.table((str(year), status))}
    amounts = {name: _amount(of, year, status, told, name) for name in NAMES if name != "brackets"}
    if amounts["zero_to"] > amounts["fifteen_to"]:
        raise of.wrong((str(year), status), "zero_to", "ends above fifteen_to, where the next rate does")
    return Figures(year=year, status=status, brackets=_brackets(of, year, status, told), **amounts)


def _value(of: Layers, year: int, status: str, told: dict[str, Any], key: str) -> FigureValue:
    return _brackets(of, year, status, told) if key == "brackets" else _amount(of, year, status, told, key)


def _amount(of: Layers, year: int, status: str, told: dict[str, Any], key: str) -> Decimal:
    try:
        amount = Decimal(told[key]) if isinstance(told[key], str) else Decimal("nan")
    except (KeyError, InvalidOperation):
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise of.wrong((str(year), status)[: 2 if status else 1], key, 'is needed, an amount in quotes such as "3000"')
    if key.endswith(("_rate", "_share")) and not 0 < amount <= 1:
        raise of.wrong((str(year), status)[: 2 if status else 1], key, 'is a share of one: write "0.28" for 28 percent')
    return amount


def _brackets(of: Layers, year: int, status: str, told: dict[str, Any]) -> tuple[tuple[Decimal, Decimal | None], ...]:
    """[["0.1", "12400"], …, ["0.37"]]: ends and rates rise, the last has no end."""
    rows = told.get("brackets")
    rows = rows if isinstance(rows, list) and all(isinstance(row, list) for row in rows) else []
    try:
        found = [(Decimal(rate), Decimal(end[0]) if end else None) for rate, *end in rows]
    except (InvalidOperation, TypeError, ValueError):
        found = []
    rates, ends = [rate for rate, _ in found], [end for _, end in found]
    whole = bool(found) and ends[-1] is None and None not in ends[:-1]
    shares = all(0 <= rate <= 1 for rate in rates)
    if not whole or not shares or rates != sorted(set(rates)) or ends[:-1] != sorted(set(ends[:-1])):  # type: ignore[type-var]  # no None, as just seen
        says = 'must be [["0.1", "12400"], …, ["0.37"]]: rates (shares of one) and upper ends that rise, the last without an end'
        raise of.wrong((str(year), status)[: 2 if status else 1], "brackets", says)
    return tuple(found)

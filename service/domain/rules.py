"""Tax rules as values: what a jurisdiction says of holding periods, caps and methods, each with its source.

The figures come from config/rules/<jurisdiction>.toml; this module gives them shape and computes dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

Term = Literal["short", "long"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Federal figures of one year and filing status, in dollars and shares of one; config/rules/us.toml says what each is and its source."""

    year: int
    status: str
    loss_limit: Decimal
    standard_deduction: Decimal
    brackets: tuple[tuple[Decimal, Decimal | None], ...]
    """(rate, upper end), in order; the last has no end."""
    zero_to: Decimal
    fifteen_to: Decimal
    collectibles_rate: Decimal
    niit_rate: Decimal
    niit_over: Decimal
    amt_exemption: Decimal
    amt_phase_out_over: Decimal
    amt_phase_out_share: Decimal
    amt_28_over: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """What config/rules/us.toml says of one tax year and filing status."""

    version: str
    """"us-2026": the file and the tax year; stored with each alert."""
    jurisdiction: str
    year: int
    loss_limit: Decimal
    """Net capital loss that may offset other income in one year (IRC 1211(b))."""
    sources: tuple[str, ...]
    figures: Figures | None = None
    """None: a year of which the holder wrote down the limit alone; it is computed by their own marginal rates."""


def local_date(at: datetime, zone: str) -> date:
    """The taxpayer's day of an instant; the law names no time zone, so it is the holder's setting (T.D. 10000)."""
    return at.astimezone(ZoneInfo(zone)).date()


def first_long_date(acquired: date) -> date:
    """First day on which a sale is long term: the day after acquisition, one calendar year on.

    IRC 1222, Form 8949 instructions, Rev. Rul. 66-7: the day of acquisition is left out, the day of disposal counts.
    28 Feb 2023 → 1 Mar 2024 (the day after is 1 Mar 2023); a day that does not exist becomes 1 March.
    """
    start = acquired + timedelta(days=1)
    try:
        return start.replace(year=start.year + 1)
    except ValueError:  # 29 February, next year has none
        return date(start.year + 1, 3, 1)


def term(acquired: datetime, disposed: datetime, zone: str) -> Term:
    """short or long, by the calendar in the taxpayer's zone."""
    return "long" if local_date(disposed, zone) >= first_long_date(local_date(acquired, zone)) else "short"

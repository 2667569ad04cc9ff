"""Arithmetic that is carried out and written down in one step, so that what is shown is what was computed.

Worked example: on a sheet "Schedule D" with line 7 of 2,000.00 and line 15 of −500.00, `seven + fifteen` is worth 1500 and reads
"2,000.00 (line 7) + −500.00 (line 15)". What a working may say:

    working  = "smaller of " working " and " working | "larger of " working " and " working | sum
    sum      = product {(" + " | " − ") product}
    product  = amount [" (" line or name ")"] [" × " percent]

Amounts are dollars with at least two places and as many as are needed: nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from service.domain.money import ZERO, plain


class Line(NamedTuple):
    """One line of a form."""

    form: str
    number: str
    """As printed on the form of the year; a span of lines ("1–5") where the form splits what is one figure here."""
    amount: Decimal
    """Dollars, exact."""
    working: str
    """The arithmetic that gives `amount` (the grammar stands above); empty for what was told and not computed."""
    says: str
    source: str


class Cell(NamedTuple):
    form: str
    number: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Term:
    """A number and how it came about."""

    value: Decimal
    pieces: tuple[str | Cell, ...]

    def __add__(self, other: Term) -> Term:
        return Term(self.value + other.value, (*self.pieces, " + ", *other.pieces))

    def __sub__(self, other: Term) -> Term:
        return Term(self.value - other.value, (*self.pieces, " − ", *other.pieces))

    def __mul__(self, rate: Decimal) -> Term:
        return Term(self.value * rate, (*self.pieces, f" × {percent(rate)}"))

    def read(self, form: str) -> str:
        """As it reads on a form: lines of other forms are named with theirs."""
        return "".join(piece if isinstance(piece, str) else _cell(piece, form) for piece in self.pieces)


def _cell(cell: Cell, form: str) -> str:
    return f"{dollars(cell.value)} ({'' if cell.form == form else f'{cell.form} '}line {cell.number})"


def number(value: Decimal, name: str = "") -> Term:
    return Term(value, (f"{dollars(value)} ({name})" if name else dollars(value),))


def smaller(a: Term, b: Term) -> Term:
    return Term(min(a.value, b.value), ("smaller of ", *a.pieces, " and ", *b.pieces))


def larger(a: Term, b: Term) -> Term:
    return Term(max(a.value, b.value), ("larger of ", *a.pieces, " and ", *b.pieces))


def positive(a: Term) -> Term:
    """A form's "if zero or less, enter -0-"."""
    return larger(NOTHING, a)


def added(*terms: Term) -> Term:
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


def dollars(value: Decimal) -> str:
    """ "-1234.5" → "−1,234.50"."""
    whole, _, places = plain(abs(value)).partition(".")
    return f"{'−' if value < 0 else ''}{int(whole):,}.{places.ljust(2, '0')}"


def percent(rate: Decimal) -> str:
    return f"{plain(rate * 100)}%"


NOTHING = number(ZERO)


@dataclass(slots=True)
class Sheet:
    """A form that is filled in from the top."""

    form: str
    source: str
    """What its lines rest on where they say nothing else."""
    lines: list[Line] = field(default_factory=list)

    def told(self, number: str, value: Decimal, says: str, source: str = "") -> Term:
        """An amount that somebody gives, or that the law names."""
        return self._write(number, value, "", says, source)

    def put(self, number: str, term: Term, says: str, source: str = "") -> Term:
        """A computed amount; what comes back reads as this line."""
        return self._write(number, term.value, term.read(self.form), says, source)

    def _write(self, number: str, value: Decimal, working: str, says: str, source: str) -> Term:
        value = value + ZERO  # no minus before zero
        self.lines.append(Line(self.form, number, value, working, says, source or self.source))
        return Term(value, (Cell(self.form, number, value),))

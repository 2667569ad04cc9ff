"""Matches as the rows of Form 8949 and the lines of Schedule D, for one tax year of the United States.

Which box a sale belongs to hangs on what the account's broker told the tax office on Form 1099-DA:

    sold                    from 2025           until 2024
                            short   long        short   long
    cost and proceeds told  G       J
    proceeds told           H       K
    no form                 I       L           C       F

Digital assets have boxes of their own since 2025 (instructions of 2025: never C or F); forms of earlier years only know C and F for them.

Every row is rounded to cents, half even, proceeds and cost each; its gain is their difference. Sums are sums of the rows as they stand, so
that every column adds up on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from service.domain.ledger import Match
from service.domain.ledger.choices import Calendar
from service.domain.movements import PLACES, calendar_day, day_number, text

Told = Literal["basis", "proceeds"]
"""What the broker of an account tells the tax office: cost and proceeds, or proceeds only."""

PROCEEDS_SINCE = day_number(date(2025, 1, 1))
"""Brokers tell proceeds of sales from this day on, and the cost of what was acquired with them on or after COST_SINCE:
26 CFR 1.6045-1(a)(15)(i)(J), (d)(2)(i)(D)."""
COST_SINCE = day_number(date(2026, 1, 1))
LINE_OF = {"G": "1b", "H": "2", "C": "3", "I": "3", "J": "8b", "K": "9", "F": "10", "L": "10"}
"""Box → line of Schedule D: first the short term, then the long term."""
COLUMNS = (
    "box",
    "description",
    "date_acquired",
    "date_sold",
    "proceeds",
    "cost",
    "code",
    "adjustment",
    "gain",
    "disposal_id",
    "lot_id",
    "account",
    "flags",
)
"""Columns (a) to (h) of the form with their box, and what they come from. An amount or a date that is unknown is empty, and a flag says so."""
SCHEDULE_D = ("line", "box", "rows", "proceeds", "cost", "adjustment", "gain", "unknown")

_CENT = 10**28
_SHORT, _LONG = "GHIC", "JKLF"


class Row(NamedTuple):
    """One match. Money in cents; None is unknown."""

    box: str
    description: str
    acquired: date | None
    sold: date
    proceeds: int | None
    cost: int | None
    code: str
    """C: a collectible."""
    disposal: str
    lot: str
    account: str
    flags: tuple[str, ...]

    @property
    def gain(self) -> int | None:
        return None if self.proceeds is None or self.cost is None else self.proceeds - self.cost


class Line(NamedTuple):
    """A line of Schedule D. Rows with an unknown amount are counted, and are in no sum."""

    line: str
    box: str
    rows: int
    proceeds: int
    cost: int
    gain: int
    unknown: int


def rows(
    matches: Iterable[Match],
    *,
    symbols: Mapping[str, str],
    labels: Mapping[str, str],
    calendar: Calendar,
    places: int = PLACES,
    collectible: frozenset[str] = frozenset(),
    told: Mapping[str, Told] | None = None,
    bought_in: Mapping[str, str] | None = None,
) -> list[Row]:
    """In order of box, then as given. `told`: by account, what its broker reports; `bought_in`: lot → account that acquired it."""
    known, origin = told or {}, bought_in or {}
    found = []
    for m in matches:
        is_collectible = m.coin in collectible
        acquired = None if "missing_basis" in m.flags else m.acquired  # of coins from nowhere the day is a guess, as the cost would be
        flags = (*m.flags, *(["no_date"] if acquired is None else []), *(["collectible"] if is_collectible else []))
        found.append(
            Row(
                box=_box(m, known.get(m.account), calendar, is_own=origin.get(m.lot) == m.account),
                description=f"{text(m.quantity, places)} {in_one_cell(symbols[m.coin])}",
                acquired=None if acquired is None else calendar_day(calendar.day(acquired)),
                sold=calendar_day(calendar.day(m.disposed)),
                proceeds=cents(m.proceeds),
                cost=cents(m.basis),
                code="C" if is_collectible else "",
                disposal=m.id,
                lot=m.lot,
                account=labels.get(m.account, m.account),
                flags=flags,
            )
        )
    return sorted(found, key=lambda row: row.box)


def _box(m: Match, told: Told | None, calendar: Calendar, *, is_own: bool) -> str:
    """`is_own`: the lot was acquired in the account that disposes of it, so its broker knows the cost."""
    if calendar.day(m.disposed) < PROCEEDS_SINCE:
        return "F" if m.long else "C"
    if told is None:
        return "L" if m.long else "I"
    if told == "basis" and is_own and m.acquired is not None and calendar.day(m.acquired) >= COST_SINCE:
        return "J" if m.long else "G"
    return "K" if m.long else "H"


def schedule_d(found: Iterable[Row]) -> list[Line]:
    """The line of each box that has rows, then 7 (net short term), 15 (net long term) and 16 (both), of these rows alone: losses carried
    over and other assets are not in them."""
    boxes: dict[str, list[Row]] = {}
    for row in found:
        boxes.setdefault(row.box, []).append(row)
    lines = []
    nets = []
    for term, net in ((_SHORT, "7"), (_LONG, "15")):
        lines += [_line(LINE_OF[box], box, boxes[box]) for box in term if box in boxes]
        nets.append(_line(net, "", [row for box in term for row in boxes.get(box, ())]))
        lines.append(nets[-1])
    return [*lines, Line("16", "", *(a + b for a, b in zip(nets[0][2:], nets[1][2:], strict=True)))]


def _line(name: str, box: str, found: Sequence[Row]) -> Line:
    proceeds = cost = unknown = 0
    for row in found:
        if row.proceeds is None or row.cost is None:
            unknown += 1
        else:
            proceeds += row.proceeds
            cost += row.cost
    return Line(name, box, len(found), proceeds, cost, proceeds - cost, unknown)


# ------------------------------------------------------------------ text


def cells(row: Row) -> tuple[str, ...]:
    """In COLUMNS, for people and their spreadsheets. The adjustment of a collectible is 0, as the form's instructions want it beside code C; no other row has one."""
    return (
        row.box,
        row.description,
        "" if row.acquired is None else american(row.acquired),
        american(row.sold),
        money(row.proceeds),
        money(row.cost),
        row.code,
        "0.00" if row.code else "",
        money(row.gain),
        _as_text(row.disposal),
        _as_text(row.lot),
        _as_text(row.account),
        " ".join(row.flags),
    )


def in_one_cell(symbol: str) -> str:
    """A token names itself, and spreadsheets part cells at a semicolon or a tab where that is the custom: such and what is not seen becomes a
    blank, so that no part of a name begins a cell."""
    return " ".join("".join(c if c.isprintable() and c != ";" else " " for c in symbol).split())


def _as_text(word: str) -> str:
    """With an apostrophe where a spreadsheet would take it for a formula. `gains --csv` has every word as it is."""
    return f"'{word}" if word.startswith(("=", "+", "-", "@", "\t", "\r")) else word


def line_cells(line: Line) -> tuple[str, ...]:
    """In SCHEDULE_D."""
    return (line.line, line.box, str(line.rows), money(line.proceeds), money(line.cost), "0.00", money(line.gain), str(line.unknown))


def cents(value: int | None) -> int | None:
    """10^-30 → cents, half even."""
    if value is None:
        return None
    whole, rest = divmod(value + _CENT // 2, _CENT)
    return whole - 1 if not rest and whole & 1 else whole


def money(count: int | None) -> str:
    """Cents → "-1234.50"; empty where it is unknown."""
    if count is None:
        return ""
    units, part = divmod(abs(count), 100)
    return f"{'-' if count < 0 else ''}{units}.{part:02}"


def american(day: date) -> str:
    return f"{day:%m/%d/}{day.year:04}"

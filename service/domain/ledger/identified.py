"""Specific identification: the lots that the holder named, for one event (LotSelection) or for the next sale (Identification).

A selection names lots of one disposal, fee, transfer or gift; of several the one that counts is taken (words.py). An identification counts for the first sale at or after it and for the rest
of that day, since one order has many fills, and until a newer one takes its place; transfers, gifts and fees take nothing of it. What is not there is told, and follows the method.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from service.domain.issues import IssueKind
from service.domain.ledger.choices import Choices
from service.domain.ledger.pool import Holding, Pool
from service.domain.ledger.values import Finding
from service.domain.money import EXACT
from service.domain.movements import Movement, ticks
from service.domain.statements import LotChoice


class _Pending:
    """What is left of one identification."""

    __slots__ = ("day", "left", "made_at")

    def __init__(self, made_at: int, left: dict[str, int], day: int | None = None) -> None:
        self.made_at = made_at
        self.left = left
        self.day = day
        """Of the sale that it first counted for."""


class Identified:
    def __init__(self, choices: Choices, places: int) -> None:
        self._choices = choices
        self._day = choices.calendar.day
        self._places = places
        self._pending = {
            key: [_Pending(ticks(one.made_at), {c.lot: self._units(c.quantity) for c in one.lots}) for one in said]
            for key, said in choices.identifications.items()
        }
        self.any = bool(choices.words or choices.selections or self._pending)

    def take(self, m: Movement, pool: Pool, findings: list[Finding], *, is_sale: bool) -> list[Holding]:
        """The named lots that are there, up to the movement's quantity, in the order in which they were named."""
        taken: list[Holding] = []
        left = m.quantity
        chosen, skipped = self._selected(m, findings)
        for choice in chosen:
            named = self._units(choice.quantity)
            passed = min(named, skipped)
            skipped -= passed
            wanted = min(named - passed, left)
            if not wanted:
                continue
            part = pool.take_named(choice.lot, wanted)
            got = part.quantity if part else 0
            if part:
                taken.append(part)
                left -= got
            if got < wanted:
                findings.append(Finding(IssueKind.LOT_NOT_AVAILABLE, m.id, m.account, m.coin, choice.lot, wanted - got, m.at))
        if is_sale and (m.account, m.coin) in self._pending:
            taken += self._of_the_day(m, pool, left, findings)
        return taken

    def _selected(self, m: Movement, findings: list[Finding]) -> tuple[Sequence[LotChoice], int]:
        """What is named for this movement, and how many units of it are others'; a selection that came too late, and that nothing in time
        answers, is told."""
        asked = self._choices.selections.get(m.id)
        if asked is not None:
            return asked, 0
        found = self._choices.selected(m)
        if found.is_open and found.late is not None:
            findings.append(Finding(IssueKind.LATE_WORD, m.id, m.account, m.coin, "", 0, m.at, ticks(found.late.made_at)))
        return found.counts.lots if found.counts else (), self._units(found.after)

    def _of_the_day(self, m: Movement, pool: Pool, left: int, findings: list[Finding]) -> list[Holding]:
        waiting = self._pending[m.account, m.coin]
        today = self._day(m.at)
        taken: list[Holding] = []
        ready = [pending for pending in waiting if pending.made_at <= m.at]
        for superseded in ready[:-1]:
            waiting.remove(superseded)
        for pending in ready[-1:]:
            if pending.day is None:
                pending.day = today
                findings += _not_held(m, pending, pool)
            if pending.day != today:
                waiting.remove(pending)
                continue
            for lot, named in pending.left.items():
                part = pool.take_named(lot, min(named, left))
                if part:
                    taken.append(part)
                    pending.left[lot] = named - part.quantity
                    left -= part.quantity
        return taken

    def _units(self, quantity: Decimal) -> int:
        """What is named beyond the finest unit of the coin does not exist."""
        return int(quantity.scaleb(self._places, EXACT))

    # ------------------------------------------------------------------ checkpoints

    def state(self, text: Callable[[int], str]) -> list[Any]:
        """What is left of each identification, as JSON values."""
        return [
            [account, coin, [[p.made_at, p.day, {lot: text(units) for lot, units in p.left.items()}] for p in waiting]]
            for (account, coin), waiting in sorted(self._pending.items())
        ]

    def resume(self, state: list[Any], count: Callable[[str], int]) -> None:
        for account, coin, waiting in state:
            self._pending[account, coin] = [
                _Pending(at, {lot: count(units) for lot, units in left.items()}, day) for at, day, left in waiting
            ]


def _not_held(m: Movement, pending: _Pending, pool: Pool) -> list[Finding]:
    found = []
    for lot, named in pending.left.items():
        held = pool.lots[lot].quantity if lot in pool.lots else 0
        if held < named:
            found.append(Finding(IssueKind.LOT_NOT_AVAILABLE, m.id, m.account, m.coin, lot, named - held, m.at))
    return found

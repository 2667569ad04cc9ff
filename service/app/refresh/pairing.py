"""Which rows are one transfer, worked out again for the closures of what changed; the pairs of every other row stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from service.app.derived import BySide
from service.app.ports import App
from service.app.refresh.rows import RowChanges
from service.app.sources import PORTFOLIO
from service.domain.movements import ticks
from service.domain.reconcile import Booked, Paired, closure, needs_pairing, pair, reach
from service.domain.statements import Statements


@dataclass(slots=True)
class PairChanges:
    rows: dict[str, Booked] = field(default_factory=dict)
    """The closures, each row as it is by itself."""
    paired: Paired = field(default_factory=lambda: Paired((), ()))
    shown_with: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the rows that were stored are linked to there."""


async def changed_pairs(
    app: App, rows: RowChanges, start: Collection[str], statements: Statements, window: timedelta, *, whole: bool
) -> PairChanges:
    """`start`: rows to be paired again besides those that changed."""
    found = PairChanges()
    if whole:
        found.rows = {row.id: row for row in rows.new.values() if needs_pairing(row)}
    else:
        await _closures(app, rows, start, (statements, window), found)
    found.paired = pair(found.rows.values(), statements, window)
    return found


async def _closures(app: App, rows: RowChanges, start: Collection[str], said: tuple[Statements, timedelta], found: PairChanges) -> None:
    """What is within reach of the rows is fetched until nothing is added."""
    before = [row for row in rows.old.values() if needs_pairing(row)]
    at_hand = {row.id: row for row in rows.new.values() if needs_pairing(row)}
    named = {row.id for row in before} | at_hand.keys() | set(start)
    await _fetch(app, named - at_hand.keys() - rows.old.keys(), at_hand, found)
    looked: set[str] = set()
    closed: list[Booked] = []
    while True:
        closed = closure(named, [*at_hand.values(), *before], *said) if named else []
        edge = [row for row in closed if row.id not in looked]
        if not edge:
            break
        looked |= {row.id for row in edge}
        near = await _near(app, edge, *said)
        await _fetch(app, near - at_hand.keys() - rows.old.keys(), at_hand, found)
    found.rows = {row.id: at_hand[row.id] for row in closed if row.id in at_hand}


async def _near(app: App, edge: Iterable[Booked], statements: Statements, window: timedelta) -> set[str]:
    reaches = [reach(row, statements, window) for row in edge]
    near = {row for r in reaches for row in r.rows}
    spans = [(r.coins, r.since, r.until) for r in reaches if r.coins]
    return near | await app.store.sides(PORTFOLIO, spans, {r.hash for r in reaches if r.hash})


async def _fetch(app: App, ids: Collection[str], at_hand: dict[str, Booked], found: PairChanges) -> None:
    if not ids:
        return
    for name, row in (await app.store.booked(PORTFOLIO, ids)).items():
        bare = replace(row, matched_with=())
        if needs_pairing(bare):
            found.shown_with[name] = row.matched_with
            at_hand[name] = bare


def sides_of(row: Booked, statements: Statements, window: timedelta) -> list[BySide]:
    """Where a row is found again when another one may be the other side of it."""
    if not needs_pairing(row):
        return []
    here = reach(row, statements, window)
    return [BySide(coin, ticks(row.occurred_at), row.id, here.hash) for coin in sorted(here.coins)]


def with_links(rows: Mapping[str, Booked], linked_to: Mapping[str, tuple[str, ...]]) -> dict[str, Booked]:
    return {name: replace(row, matched_with=linked_to[name]) if name in linked_to else row for name, row in rows.items()}

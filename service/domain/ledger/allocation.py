"""From one pool for all accounts to one an account: where the unused basis goes (26 CFR 1.1012-1(j); Rev. Proc. 2024-28).

Worked example. Left in the pool: 1 BTC of e1 for 20,000, 1 BTC of e2 for 40,000. wallet-1 holds 0.4, exchange-2 1, exchange-1 0.6.
Oldest first over (wallet-1, exchange-2, exchange-1): wallet-1 gets 0.4 of e1 (8,000); exchange-2 0.6 of e1 (12,000) and 0.4 of e2
(16,000); exchange-1 0.6 of e2 (24,000). Nothing is lost: 60,000 before, 60,000 after.

Each account gets as much as it holds at that moment. Named lots go first, as far as the lot and the account have room; what they leave
over follows the rule, or, without one, the oldest lots over the accounts by name, and the holder is told where that was a choice. What no account has room for
(more was sold of an account than it held) stays with the account that acquired it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from service.domain.issues import IssueKind
from service.domain.ledger.pool import Holding, Pool
from service.domain.ledger.values import Allocated, Finding, Why
from service.domain.ledger.words import Weighed
from service.domain.money import EXACT
from service.domain.movements import ticks
from service.domain.statements import Allocation


class Given(NamedTuple):
    parts: list[tuple[str, Holding]]
    """Account and what it gets."""
    report: list[Allocated]
    findings: list[Finding]


def allocate(coin: str, pool: Pool, held: Mapping[tuple[str, str], int], weighed: Weighed | None, places: int) -> Given:
    """Empties the pool. `held`: account and coin → units. `weighed`: the holder's word that counts."""
    said = weighed.word if weighed else None
    room = {account: units for (account, one), units in sorted(held.items()) if one == coin and units > 0}
    given = Given([], [], [])
    if not pool.lots:
        return given
    if weighed is not None and weighed.late:
        given.findings.append(Finding(IssueKind.LATE_WORD, "", "", coin, "", 0, None, ticks(weighed.word.made_at), weighed.late))
    if said is not None and said.lots:
        _by_name(coin, pool, room, said, places, given)
    ordered: Sequence[str] = [*(a for a in (said.accounts if said else ()) if a in room), *room]
    why = _why(pool, room, said, given)
    left = 0
    for account in dict.fromkeys(ordered):
        for part in _fill(pool, room, account, said):
            _give(given, coin, account, part, why)
            left += part.quantity
    if why == "default" and left:
        given.findings.append(Finding(IssueKind.ALLOCATION_OPEN, "", "", coin, "", left))
    for part in _emptied(pool):
        _give(given, coin, part.origin.account, part, "beyond what is held")
    return given


def _why(pool: Pool, room: Mapping[str, int], said: Allocation | None, given: Given) -> Why:
    """Of what was not named. Where one lot or one account is left there is nothing to be said."""
    if len(room) == 1 and not given.parts:
        return "only holder"
    if said is not None and not said.lots:
        return "rule"
    return "only choice" if len(pool.lots) == 1 or sum(units > 0 for units in room.values()) == 1 else "default"


def _by_name(coin: str, pool: Pool, room: dict[str, int], said: Allocation, places: int, given: Given) -> None:
    for place in said.lots:
        wanted = int(place.quantity.scaleb(places, EXACT))
        part = pool.take_named(place.lot, min(wanted, room.get(place.account, 0)))
        got = part.quantity if part else 0
        if part:
            room[place.account] -= got
            _give(given, coin, place.account, part, "named")
        if got < wanted:
            given.findings.append(Finding(IssueKind.LOT_NOT_AVAILABLE, "", place.account, coin, place.lot, wanted - got))


def _fill(pool: Pool, room: dict[str, int], account: str, said: Allocation | None) -> Iterable[Holding]:
    dearest = said is not None and not said.lots and said.order == "highest_basis_first"
    taken, short = pool.take("hifo" if dearest else "fifo", room[account])
    room[account] = short
    return taken


def _emptied(pool: Pool) -> list[Holding]:
    rest = sorted(pool.lots.values(), key=lambda h: (h.origin.acquired, h.origin.sequence))
    pool.lots.clear()
    return rest


def _give(given: Given, coin: str, account: str, part: Holding, why: Why) -> None:
    given.parts.append((account, part))
    given.report.append(Allocated(coin, part.origin.id, account, part.quantity, part.basis, part.origin.acquired, why))

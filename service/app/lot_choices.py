"""The holder's words on lots: one pool until a day and where its lots went, which lots an event takes, which lots the next sale takes.

Each word is recorded with its time, and the law asks when that was. What comes too late is recorded all the same and told as late:
whether an earlier record exists elsewhere is the holder's to say (`made_at`). Which of several words counts is the ledger's to decide
(service/domain/ledger/words.py).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from service.app import telling
from service.app.explain import Past, of_store
from service.app.ports import App, Refused
from service.app.queries import iso
from service.app.sources import PORTFOLIO, the_account
from service.domain.issues import IssueKind
from service.domain.ledger import Allocated, Finding, Group, choices
from service.domain.ledger.words import told_at
from service.domain.money import plain, total
from service.domain.movements import Movement, called, decimal, event_of, moment
from service.domain.statements import (
    Allocation,
    AllocationOrder,
    Identification,
    LotChoice,
    LotPlace,
    LotSelection,
    PoolingChoice,
    Statements,
    gathered,
)

Answer = dict[str, Any]

LAW = (
    "The allocation is made once and is irrevocable (Rev. Proc. 2024-28).",
    "Named lots (specific unit): by the first sale of the coin from 2025-01-01 on, or by the due date of the return for 2025.",
    "A rule (global allocation) must have been written before 2025-01-01.",
)
ELSEWHERE = "Where it was written down in time elsewhere, give that time by --made-at."
DAY_ONE = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


# ------------------------------------------------------------------ one pool until a day


async def pooled_until(app: App, since: date, *, correct: bool = False, made_at: datetime | None = None) -> PoolingChoice:
    """All accounts were one pool until the day before `since`. Raises Refused where another day was said, unless `correct`."""
    at = _made_at(app, made_at)
    before = (await _said(app)).poolings
    if before and before[-1].account_scope_from == since:
        return before[-1]
    if before:
        _may_correct("from", f"{before[-1].account_scope_from} was said already", before[-1].made_at, at, correct=correct)
    choice = PoolingChoice(since, at)
    await app.store.say(choice, PORTFOLIO)
    return choice


async def allocate_by_rule(
    app: App, asset: str, order: str, accounts: Sequence[str], *, correct: bool = False, made_at: datetime | None = None
) -> Allocation:
    """The lots in `order` fill the accounts in theirs. Raises Refused unless every account that held the coin is named."""
    if order not in get_args(AllocationOrder):
        raise Refused("order", f"the orders are {' and '.join(get_args(AllocationOrder))}")
    past, coin, pool = await _pool(app, asset)
    ids = [(await the_account(app, word)).id for word in accounts]
    if forgotten := sorted(past.label(a) for a in pool.held if a not in ids and pool.held[a] > 0):
        raise Refused("accounts", f"name all that held it, in the order in which they are filled; missing: {', '.join(forgotten)}")
    word = Allocation(coin, _made_at(app, made_at), order=order, accounts=tuple(dict.fromkeys(ids)))  # type: ignore[arg-type]  # checked above
    return await _allocate(app, past, word, correct=correct, is_timed=made_at is not None)


async def allocate_lots(
    app: App, asset: str, places: Sequence[tuple[str, str, str]], *, correct: bool = False, made_at: datetime | None = None
) -> Allocation:
    """Named lots: (lot, account, quantity) each. Raises Refused for more than a lot or an account had at that moment."""
    past, coin, pool = await _pool(app, asset)
    named = [LotPlace(lot, (await the_account(app, account)).id, _quantity(quantity)) for lot, account, quantity in places]
    if not named:
        raise Refused("lots", "name at least one: LOT:ACCOUNT:QUANTITY")
    for lot, of_lot in _summed(named, lambda p: p.lot).items():
        there = decimal(pool.lots.get(lot, 0), past.places)
        if of_lot > there:
            raise Refused("lots", f"{plain(of_lot)} of lot {lot!r} were named, and {plain(there)} of it were left at that moment")
    for account, of_account in _summed(named, lambda p: p.account).items():
        there = decimal(max(pool.held.get(account, 0), 0), past.places)
        if of_account > there:
            raise Refused("lots", f"{plain(of_account)} were named for {past.label(account)}, which held {plain(there)} at that moment")
    word = Allocation(coin, _made_at(app, made_at), lots=tuple(named))
    return await _allocate(app, past, word, correct=correct, is_timed=made_at is not None)


async def _allocate(app: App, past: Past, word: Allocation, *, correct: bool, is_timed: bool) -> Allocation:
    """The same words again state their true time, and nothing where no time is given. Raises Refused for other words, unless they correct."""
    before = [a for a in past.statements.allocations if a.coin == word.coin]
    if before:
        counts = past.said.allocations[word.coin].word
        if _content(counts) == _content(word):
            if not is_timed or counts.made_at == word.made_at:
                return counts
        elif not correct:
            raise Refused("asset", _irrevocable(past, counts, word))
    told = max([app.now(), *(told_at(a) + _TICK for a in before)])
    word = replace(word, recorded_at=told, corrects=correct and bool(before))
    await app.store.say(word, PORTFOLIO)
    return word


def _content(word: Allocation) -> Allocation:
    return replace(word, made_at=DAY_ONE, recorded_at=None, corrects=False)


def _irrevocable(past: Past, before: Allocation, word: Allocation) -> str:
    says = "where its lots went was said already, and the word is irrevocable (Rev. Proc. 2024-28); `--correct` replaces what was recorded by mistake"
    if not before.lots or not word.lots:
        return says
    together = " ".join(f"--lot {p.lot}:{past.label(p.account)}:{plain(p.quantity)}" for p in (*before.lots, *word.lots))
    return f"{says}. Lots that were left out are named together with the others: `thresher lots allocate {past.symbol(word.coin)} {together} --correct`"


def _may_correct(field: str, says: str, before: datetime, now: datetime, *, correct: bool) -> None:
    if not correct:
        raise Refused(field, f"{says}; `--correct` replaces what was recorded by mistake")
    if now <= before:
        raise Refused("made-at", f"the word that it corrects was made at {iso(before)}; a correction is later")


# ------------------------------------------------------------------ which lots


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection that was recorded."""

    event: str
    """As the ledger calls it, whichever of its rows was named."""
    said: LotSelection
    counts: LotSelection | None
    """The word on the event that counts now."""
    late: str | None
    """Why what was just recorded does not count; None where it does."""


async def select(app: App, event: str, lots: Sequence[tuple[str, str]], *, none: bool = False, made_at: datetime | None = None) -> Chosen:
    """These lots first for one event, by the id of any of its rows: a disposal, "<id>/fee", a transfer or a gift.

    `none`: what was selected before counts no more. Raises Refused for lots that the event cannot take: another coin's.
    """
    past = await of_store(app)
    name = called(past.movements, event)
    taking = [m for m in past.movements if m.id == name and m.act != "acquire"]
    if not taking:
        says = "takes no lots" if any(m.id == name for m in past.movements) else "is not known"
        raise Refused("event", f"{event!r} {says}; for a sale that is still to come say `thresher lots identify`")
    chosen = () if none and not lots else _lots(past, lots)
    _check_coins(past, event, taking, chosen)
    wanted, whole = total(c.quantity for c in chosen), decimal(max(m.quantity for m in taking), past.places)
    if wanted > whole:
        raise Refused("lot", f"{plain(wanted)} were named, and {event} takes {plain(whole)}")
    first = min(taking, key=lambda m: m.at)
    word = LotSelection(await _senders(app, first), chosen, _made_at(app, made_at))
    await app.store.say(word, PORTFOLIO)
    counts = choices(await _said(app), zone=past.zone).selected(first).counts
    return Chosen(name, word, counts, None if counts == word else _why_not(word, counts, event, first.at))


async def _senders(app: App, m: Movement) -> str:
    """The movement's id by the row that sends: a word under it stands also where the rows turn out to be no transfer."""
    if not m.more.also:
        return m.id
    rows = await app.store.booked(PORTFOLIO, {event_of(m.id), event_of(m.more.also)})
    of_sender = (name for name in (m.id, m.more.also) if event_of(name) in rows and rows[event_of(name)].account == m.account)
    return next(of_sender, m.id)


def _why_not(word: LotSelection, counts: LotSelection | None, event: str, at: int) -> str | None:
    """None for a late word that only takes back what counts for nothing anyway."""
    stands = f" What was selected at {iso(counts.made_at)} counts." if counts else ""
    if word.made_at <= moment(at):
        return f"Recorded {iso(word.made_at)}, and there is a newer word in time.{stands}"
    if not word.lots and (counts is None or not counts.lots):
        return None
    return (
        f"Recorded {iso(word.made_at)}, and {event} was at {iso(moment(at))}: an identification counts that was made no later than the sale "
        f"(26 CFR 1.1012-1(j)(2)), so this one counts for nothing.{stands} {ELSEWHERE}"
    )


def _check_coins(past: Past, event: str, taking: Sequence[Movement], chosen: Sequence[LotChoice]) -> None:
    names = past.names()
    coins = {names[m.coin] for m in taking}
    of_lot = {m.id: names[m.coin] for m in past.movements if m.act in ("acquire", "move")}
    for choice in chosen:
        if of_lot[choice.lot] not in coins:
            raise Refused("lot", f"lot {choice.lot!r} is of another coin than what {event} takes")


async def unavailable(app: App, event: str) -> list[str]:
    """What the ledger says of lots that were selected for an event (as it calls it) and are not there, after a refresh."""
    found = await app.store.issues(PORTFOLIO)
    labels = telling.labels_of(await app.store.accounts(PORTFOLIO))
    about = [i for i in found if i.kind is IssueKind.LOT_NOT_AVAILABLE and i.subject.startswith(f"{event} ")]
    return [telling.named(i.says, labels) for i in about]


async def identify(
    app: App, account: str, asset: str, lots: Sequence[tuple[str, str]], *, made_at: datetime | None = None
) -> Identification:
    """These lots for the next sale of the coin in the account. Raises Refused for more than lies there."""
    found = await the_account(app, account)
    past = await of_store(app)
    coin = _coin(app, past, asset)
    chosen = _lots(past, lots)
    if made_at is None:
        ledger = await app.store.ledger(PORTFOLIO)
        for choice in chosen:
            there = total(o.quantity for o in ledger.lots if (o.account, o.coin, o.id) == (found.id, coin, choice.lot))
            if choice.quantity > there:
                says = f"{plain(choice.quantity)} of lot {choice.lot!r} were named, and {plain(there)} of it lie in {found.label}"
                raise Refused("lot", f"{says}; `thresher lots` shows what lies where")
    word = Identification(found.id, coin, chosen, _made_at(app, made_at))
    await app.store.say(word, PORTFOLIO)
    return word


def _lots(past: Past, lots: Sequence[tuple[str, str]]) -> tuple[LotChoice, ...]:
    if not lots:
        raise Refused("lot", "name at least one: LOT:QUANTITY")
    known = {m.id for m in past.movements if m.act in ("acquire", "move")}
    for lot, _ in lots:
        if lot not in known:
            raise Refused("lot", f"no lot has the id {lot!r}; `thresher lots --json` lists them")
    return tuple(LotChoice(lot, _quantity(quantity)) for lot, quantity in lots)


# ------------------------------------------------------------------ the report


@dataclass(frozen=True, slots=True)
class Moved:
    """One coin at the end of the common pool. Ints as in the engine."""

    coin: str
    held: Mapping[str, int]
    """Account → units, at that moment."""
    lots: Mapping[str, int]
    """Lot → units left in the pool."""
    basis: int
    """Sum of the known bases in the pool."""
    given: tuple[Allocated, ...]
    findings: tuple[Finding, ...]


async def allocation(app: App) -> Answer:
    """What the end of the common pool gave to which account and why, and that no unit was lost; what still needs a word."""
    past = await of_store(app)
    return await asyncio.to_thread(report, past)


def report(past: Past) -> Answer:
    """Pure."""
    pooling = past.statements.poolings[-1] if past.statements.poolings else None
    if pooling is None:
        says = (
            "Each account is its own pool from the first day on: there is nothing to allocate. "
            "Say `thresher lots allocate --from 2025-01-01` if all accounts were one pool until then."
        )
        return {"allocation": {"account_scope_from": None, "recorded_at": None, "says": says, "law": list(LAW), "assets": []}}
    assets = [_asset(past, moved) for moved in ended(past)]
    open_ones = [a["symbol"] for a in assets if a["needs"]]
    says = f"One pool of all accounts until the end of the day before {pooling.account_scope_from} ({past.zone}), then one an account."
    if open_ones:
        says += f" Still to be said: {', '.join(open_ones)}."
    return {
        "allocation": {
            "account_scope_from": pooling.account_scope_from.isoformat(),
            "recorded_at": iso(pooling.made_at),
            "says": says,
            "law": list(LAW),
            "assets": assets,
        }
    }


def ended(past: Past) -> Iterator[Moved]:
    """Each coin that was held when the common pool ended, by id. Nothing where it never does."""
    day = past.said.split_day
    if day is None:
        return
    found: dict[str, Moved] = {}
    for movements in past.groups():
        group = Group(past.said, past.places)
        for m in movements:
            if past.said.calendar.day(m.at) >= day:
                break
            group.enter(m)
        pools = {coin: pool for (_, coin), pool in group.pools.items() if pool.lots}
        before = {c: ({o: h.quantity for o, h in p.lots.items()}, sum(h.basis or 0 for h in p.lots.values())) for c, p in pools.items()}
        held, told = dict(group.held), len(group.findings)
        group.close()
        for coin, (lots, basis) in before.items():
            found[coin] = Moved(
                coin,
                {account: units for (account, one), units in sorted(held.items()) if one == coin and units},
                lots,
                basis,
                tuple(a for a in group.allocated if a.coin == coin),
                tuple(f for f in group.findings[told:] if f.coin == coin),
            )
    yield from (found[coin] for coin in sorted(found))


def _asset(past: Past, moved: Moved) -> Answer:
    def text(units: int) -> str:
        return plain(decimal(units, past.places))

    before, after = sum(moved.lots.values()), sum(a.quantity for a in moved.given)
    basis_after = sum(a.basis or 0 for a in moved.given)
    said = past.said.allocations.get(moved.coin)
    return {
        "asset": moved.coin,
        "symbol": past.symbol(moved.coin),
        "held": [{"account": a, "account_label": past.label(a), "quantity": text(q)} for a, q in moved.held.items()],
        "lots": [
            {
                "lot": a.lot,
                "account": a.account,
                "account_label": past.label(a.account),
                "quantity": text(a.quantity),
                "basis": None if a.basis is None else plain(decimal(a.basis)),
                "acquired_at": iso(moment(a.acquired)),
                "why": a.why,
            }
            for a in moved.given
        ],
        "quantity_before": text(before),
        "quantity_after": text(after),
        "basis_before": plain(decimal(moved.basis)),
        "basis_after": plain(decimal(basis_after)),
        "nothing_lost": (before, moved.basis) == (after, basis_after),
        "said": None if said is None else _word(past, said.word),
        "late": f"{said.late} {ELSEWHERE}" if said and said.late else None,
        "needs": _needs(past, moved),
    }


def _word(past: Past, word: Allocation) -> Answer:
    told: Answer = {"made_at": iso(word.made_at)}
    if word.lots:
        return told | {"lots": [{"lot": p.lot, "account": p.account, "quantity": plain(p.quantity)} for p in word.lots]}
    return told | {"order": word.order, "accounts": list(word.accounts), "account_labels": [past.label(a) for a in word.accounts]}


def _needs(past: Past, moved: Moved) -> str | None:
    """What the holder has still to say of the coin."""
    symbol = past.symbol(moved.coin)
    for f in moved.findings:
        if f.kind is IssueKind.LOT_NOT_AVAILABLE:
            missing = plain(decimal(f.quantity, past.places))
            return f"{missing} {symbol} of lot {f.lot}, named for {past.label(f.account)}, were not there: say it anew with --correct."
    default = sum(a.quantity for a in moved.given if a.why == "default")
    if default:
        amount = plain(decimal(default, past.places))
        return f"{amount} {symbol} went to their accounts by the oldest lots first, since nothing else was said."
    return None


# ------------------------------------------------------------------ what the words name


async def _pool(app: App, asset: str) -> tuple[Past, str, Moved]:
    """The coin as it stood at the end of the common pool. Raises Refused where no such end was said, or nothing was held."""
    past = await of_store(app)
    if past.said.split_day is None:
        raise Refused("from", "say first until when all accounts were one pool: `thresher lots allocate --from 2025-01-01`")
    coin = _coin(app, past, asset)
    found = next((m for m in await asyncio.to_thread(lambda: list(ended(past))) if m.coin == coin), None)
    if found is None:
        raise Refused("asset", f"no {past.symbol(coin)} was held when the common pool ended")
    return past, coin, found


def _coin(app: App, past: Past, word: str) -> str:
    """By id or symbol, of what was ever held."""
    held = {m.coin for m in past.movements}
    curated = app.assets.find(word)
    if curated is not None and curated.id in held:
        return curated.id
    found = sorted(c for c in held if word == c or word.lower() == past.symbol(c).lower())
    if len(found) != 1:
        says = f"several coins are called {word!r}: {', '.join(found)}" if found else f"no coin that was ever held is called {word!r}"
        raise Refused("asset", says)
    return found[0]


async def _said(app: App) -> Statements:
    return gathered(await app.store.statements(PORTFOLIO))


def _made_at(app: App, made_at: datetime | None) -> datetime:
    now = app.now()
    if made_at is not None and made_at > now:
        raise Refused("made-at", "a word cannot have been recorded in the future")
    return made_at or now


def _quantity(text: str) -> Decimal:
    try:
        quantity = Decimal(text)
    except InvalidOperation:
        raise Refused("quantity", f"give a plain decimal number such as 0.5, not {text!r}") from None
    if not quantity.is_finite() or quantity <= 0:
        raise Refused("quantity", "give a number above zero")
    return quantity


def _summed(places: Sequence[LotPlace], key: Callable[[LotPlace], str]) -> dict[str, Decimal]:
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for place in places:
        sums[key(place)].append(place.quantity)
    return {name: total(quantities) for name, quantities in sums.items()}

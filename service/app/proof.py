"""`thresher plan identify` and `thresher plan proofs`: which lots are about to be sold, recorded before the sale, and what was sold then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.app import plan as planning
from service.app import rebuild
from service.app.plan import Made, Wishes
from service.app.ports import Account, App, Refused
from service.app.sources import PORTFOLIO
from service.domain.issues import Issue, IssueKind
from service.domain.money import cents, plain, total
from service.domain.plan import Sale
from service.domain.plan.proof import Fill, broken, filled, recorded
from service.domain.rules import local_date
from service.domain.statements import Identification, LotChoice, PlannedSale, gathered

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """A record, its place in the chain, and what became of it."""

    number: int
    record: PlannedSale
    fill: Fill
    is_broken: bool


# ------------------------------------------------------------------ before the sale


async def identify(app: App, wishes: Wishes, account: str = "", asset: str = "") -> list[PlannedSale]:
    """Records the sales of the plan as it is now, or those of one account (id or label) or asset (symbol or id) among them.

    Lots of an account kept by identification go to the ledger as the holder's word at the same time. Raises Refused where there is nothing.
    """
    made = await planning.make(app, wishes)
    sales = _chosen(made, account, asset)
    assert made.seen.rules is not None
    now = app.now()
    chain = gathered(await app.store.statements(PORTFOLIO)).planned
    last = chain[-1].hash if chain else ""
    records = []
    for sale in sales:
        lots = {lot.id: lot for lot in made.seen.lots if (lot.account, lot.coin) == (sale.account, sale.coin)}
        record = recorded(sale, lots, ledger=made.seen.ledger, rules=made.seen.rules.version, made_at=now, previous=last)
        if sale.method == "specific":
            word = Identification(sale.account, sale.coin, tuple(LotChoice(p.lot, p.quantity) for p in record.lots), now)
            await app.store.say(word, PORTFOLIO)
        await app.store.say(record, PORTFOLIO)
        records.append(record)
        last = record.hash
    await rebuild.rebuild(app)
    return records


async def identified(app: App, wishes: Wishes, account: str = "", asset: str = "") -> Answer:
    """{"identified": […]}: the records just made as `answer` tells them, each with the text to print and keep."""
    made = {record.hash for record in await identify(app, wishes, account, asset)}
    accounts = {a.id: a for a in await app.store.accounts(PORTFOLIO)}
    labels = {name: a.label for name, a in accounts.items()}
    found = [p for p in await proofs(app) if p.record.hash in made]
    return {"identified": [{**_proof(p, labels), "text": text_of(p.record, accounts[p.record.account], p.number)} for p in found]}


def _chosen(made: Made, account: str, asset: str) -> list[Sale]:
    accounts = {a.id: a for a in made.seen.accounts}
    if account and not any(account in (a.id, a.label) for a in accounts.values()):
        raise Refused("account", f"no account is called {account!r}; `thresher account list` shows them")
    found = [
        sale
        for sale in made.plan.sales
        if account in ("", sale.account, accounts[sale.account].label) and asset.lower() in ("", sale.symbol.lower(), sale.coin, sale.asset)
    ]
    if not found:
        raise Refused("plan", made.plan.reason or "the plan has no sale of this account and asset; `thresher plan` shows what it has")
    return found


def text_of(record: PlannedSale, account: Account, number: int) -> str:
    """To print and keep; for coins with a broker, also what to send there."""
    lots = "\n".join(
        f"  {plain(p.quantity)} {record.symbol} of lot {p.lot}, acquired {p.acquired_at:%Y-%m-%d %H:%M:%S} UTC, cost {cents(p.basis):,f}"
        for p in record.lots
    )
    units = plain(total(p.quantity for p in record.lots))
    kept = [
        f"Specific identification no. {number}, made {record.made_at:%Y-%m-%d %H:%M:%S} UTC, before the sale (26 CFR 1.1012-1(j))",
        f"{units} {record.symbol} in {account.label}, in this order:",
        lots,
        f"record {record.hash}",
        f"after  {record.previous or 'none: this is the first'}",
    ]
    if account.kind == "exchange":
        kept += [
            "",
            f"To send to {account.label} no later than the sale, where it holds the coins for you:",
            f"  For my next sale of {units} {record.symbol} I identify these units, in this order:",
            lots,
            "  A record of your own is enough for sales until 2026-12-31 (Notice 2025-7, Notice 2026-20); for later ones the broker must be told.",
        ]
    return "\n".join(kept)


# ------------------------------------------------------------------ after the sale


async def proofs(app: App) -> list[Proof]:
    """All records, oldest first, each beside what was sold since."""
    chain = gathered(await app.store.statements(PORTFOLIO)).planned
    if not chain:
        return []
    zone = (await app.store.portfolio(PORTFOLIO)).profile.time_zone
    sold = [d for d in await app.store.disposals(PORTFOLIO, min(r.made_at for r in chain)) if not d.event.endswith("/fee")]
    lots, bad = await app.store.lots(PORTFOLIO), set(broken(chain))
    return [Proof(n + 1, record, filled(record, chain[n + 1 :], sold, lots, zone), n in bad) for n, record in enumerate(chain)]


async def issues(app: App) -> list[Issue]:
    """What was sold otherwise than planned, and records that were changed."""
    found = []
    zone = (await app.store.portfolio(PORTFOLIO)).profile.time_zone
    for proof in await proofs(app):
        record, subject = proof.record, f"{proof.record.hash[:16]} {proof.record.coin}"
        if proof.is_broken:
            says = f"Record {proof.number} of planned sales is not what its hash says, or does not follow the one before it."
            remedy = "Compare it with the print that you kept; a database from a backup brings the records back."
            found.append(Issue(IssueKind.PLAN_DEVIATION, "error", subject, says, remedy))
        if proof.fill.state == "otherwise" and proof.fill.at is not None:
            day = local_date(proof.fill.at, zone)
            says = (
                f"The sale of {record.symbol} in {record.account} on {day} went otherwise than planned: {'; '.join(proof.fill.deviations)}."
            )
            remedy = (
                "`thresher plan proofs` shows both; if the fill is right, nothing is to be done but to know that the tax is another one."
            )
            found.append(Issue(IssueKind.PLAN_DEVIATION, "info", subject, says, remedy))
    return found


# ------------------------------------------------------------------ the answer


async def answer(app: App) -> Answer:
    """{"proofs": […]}; amounts as decimal strings."""
    labels = {account.id: account.label for account in await app.store.accounts(PORTFOLIO)}
    return {"proofs": [_proof(proof, labels) for proof in await proofs(app)]}


def _proof(proof: Proof, labels: dict[str, str]) -> Answer:
    record, fill = proof.record, proof.fill
    return {
        "number": proof.number,
        "account": record.account,
        "label": labels.get(record.account, record.account),
        "coin": record.coin,
        "symbol": record.symbol,
        "method": record.method,
        "made_at": _iso(record.made_at),
        "price": plain(record.price),
        "lots": [
            {
                "lot": p.lot,
                "quantity": plain(p.quantity),
                "acquired_at": _iso(p.acquired_at),
                "basis": plain(p.basis),
                "gain": plain(p.gain),
                "term": p.term,
            }
            for p in record.lots
        ],
        "ledger": record.ledger,
        "rules": record.rules,
        "hash": record.hash,
        "previous": record.previous or None,
        "intact": not proof.is_broken,
        "state": fill.state,
        "sold": list(fill.events),
        "sold_at": None if fill.at is None else _iso(fill.at),
        "planned_gain": plain(fill.planned),
        "gain": None if fill.gain is None else plain(fill.gain),
        "bought_back": plain(fill.bought_back),
        "deviations": list(fill.deviations),
    }


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")

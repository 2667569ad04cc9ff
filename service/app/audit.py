"""The audit export: each match of a disposal back to the records that it and its lot, or its pool, were read from, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from service.app import audit_pools
from service.app.explain import law
from service.app.explain.file import rows_of
from service.app.explain.past import Past as Explained
from service.app.explain.past import fact_of, facts_of
from service.app.gains import POOLED, PORTFOLIO, Asked, Found, Past, items
from service.domain.ledger import Choices, Match, choices
from service.domain.movements import event_of

if TYPE_CHECKING:
    from service.app.ports import App

Record = dict[str, Any]


class Source(NamedTuple):
    """What is known of an event."""

    event: str
    kind: str
    price: str
    """Where its value is from: "stated", "money", "peg:USD", "kraken:day"; empty where nothing was valued."""
    fee_price: str
    transactions: tuple[str, ...]
    records: tuple[Record, ...]
    """Of a store: account, stream and key of each raw record. Of a file: line and id of each row."""


def of_file(past: Past) -> dict[str, Source]:
    """By event."""
    found = {}
    for row in past.rows:
        has_money = "USD" in (row.sent_asset, row.received_asset)
        price = "stated" if row.value is not None else "money" if has_money else ""
        fee = "stated" if row.fee_value is not None else "money" if row.fee_asset == "USD" else ""
        found[row.id] = Source(row.id, row.kind, price, fee, (row.id,), ({"line": row.line, "id": row.id},))
    for event in past.joined:
        fact, names = fact_of(event), rows_of(event)
        records = tuple(record for name in names for record in found[name].records)
        found[event.id] = Source(event.id, fact.kind, fact.price, fact.fee_price, names, records)
    return found


async def of_store(app: App, past: Past, found: Found) -> dict[str, Source]:
    """By event, for what the matches name."""
    if found.asked.method in POOLED:
        names = audit_pools.names(past)
    else:
        names = {m.id for m in found.matches} | {m.lot for m in found.matches if m.lot}
    said = choices(past.statements, zone=found.zone)
    bare = Explained(movements=(), facts={}, said=said, statements=past.statements, zone=found.zone, currency=past.currency)
    facts = await facts_of(app, bare, names)
    booked = await app.store.booked(PORTFOLIO, {row for fact in facts.values() for row in fact.sources})
    return {
        event: Source(
            event,
            fact.kind,
            fact.price,
            fact.fee_price,
            fact.sources,
            tuple(_record(past, booked[row].account, key) for row in fact.sources if row in booked for key in booked[row].keys),
        )
        for event, fact in facts.items()
    }


def _record(past: Past, account: str, key: str) -> Record:
    stream, _, rest = key.partition("/")
    return {"account": account, "label": past.labels.get(account, account), "stream": stream, "key": rest}


def lines(found: Found, past: Past, asked: Asked, sources: Mapping[str, Source]) -> list[str]:
    """One line a match, in the order of the matches; of pools, lines of their changes too."""
    if asked.method in POOLED:
        return audit_pools.lines(found, past, partial(_told, sources))
    said = _choices(past, found)
    told = []
    for match, item in zip(found.matches, items(found, past), strict=True):
        rule, citation = _rule(said, match)
        about = {
            "account_id": match.account,
            "method": said.method(match.account, match.disposed) if match.lot else None,
            "rule": rule,
            "citation": citation,
            "disposal": _told(sources, match.id),
            "lot": _told(sources, match.lot) if match.lot else None,
        }
        told.append(json.dumps(item | about, ensure_ascii=False, separators=(",", ":")))
    return told


def _choices(past: Past, found: Found) -> Choices:
    asked = found.asked
    return choices(past.statements, zone=found.zone, scope=asked.scope, method=asked.method)  # type: ignore[arg-type]  # it was booked by it


def _rule(said: Choices, match: Match) -> tuple[str, str]:
    if not match.lot:
        return law.MISSING_BASIS.rule, law.MISSING_BASIS.citation
    if said.average:
        return law.AVERAGE.rule, law.AVERAGE.citation
    if said.universal and (said.split_day is None or said.calendar.day(match.disposed) < said.split_day):
        return law.ONE_POOL.rule, law.ONE_POOL.citation
    return law.METHOD.rule, law.METHOD.citation


def _told(sources: Mapping[str, Source], name: str) -> dict[str, Any] | None:
    """What is known of the event behind a disposal or a lot; its fee's own price for a fee."""
    source = sources.get(name) or sources.get(event_of(name)) or sources.get(name.partition("/")[0])
    if source is None:
        return None
    is_fee = "/fee" in name.removeprefix(source.event)
    return {
        "event": source.event,
        "kind": "fee" if is_fee else source.kind,
        "price_source": (source.fee_price if is_fee else source.price) or None,
        "transactions": _list(source.transactions),
        "records": _list(source.records),
    }


def _list(values: Sequence[Any]) -> list[Any]:
    return list(values)

"""What the pages of gains and explanations show: the answers of `gains`, cut to a length that a person reads, and nothing unknown as a number."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, get_args

from service.app import gains as use_case
from service.app.gains import PORTFOLIO, Asked, Found, Past
from service.app.pooled import TaxYears
from service.app.ports import App
from service.domain.ledger import Match, Scope
from service.domain.ledger.choices import Calendar
from service.domain.money import plain, total
from service.domain.pooling import is_cost_known, is_known
from service.domain.reports.matches import Years
from service.domain.statements import gathered

Answer = dict[str, Any]

DISPOSALS_SHOWN = 100
ISSUES_SHOWN = 20
EXPLANATIONS_SHOWN = 25
STEPS_SHOWN = 200
STEPS_OF_POOL = 10
"""On a page; the JSON API and the CSV have all."""

METHODS_IN_WORDS = {
    "fifo": "FIFO, the oldest first",
    "lifo": "LIFO, the newest first",
    "hifo": "HIFO, the dearest first",
    "lofo": "LOFO, the cheapest first",
    "specific": "the lots that you named",
    "average": "average of each pool",
    "acb": "ACB (Canada)",
    "section104": "Section 104 (UK)",
}
SCOPES_IN_WORDS = {"account": "one for each account", "universal": "one for all accounts"}


async def currency(app: App) -> str:
    return (await app.store.portfolio(PORTFOLIO)).currency


async def was_one_pool(app: App) -> bool:
    """Whether the holder said that all accounts were one pool until a day."""
    return bool(gathered(await app.store.statements(PORTFOLIO)).poolings)


@dataclass(frozen=True, slots=True)
class Row:
    """A disposal with all its matches together. None: an amount of one of them is not known."""

    id: str
    disposed: str
    symbol: str
    account: str
    lots: int
    quantity: str
    proceeds: str | None
    basis: str | None
    gain: str | None
    terms: tuple[str, ...]
    flags: tuple[str, ...]


async def page(app: App, question: Asked) -> Answer:
    """What the page shows: totals, the newest disposals, what is open, and what else can be asked."""
    past = await use_case.of_store(app)
    return await asyncio.to_thread(_page, past, question)


def _page(past: Past, question: Asked) -> Answer:
    found = use_case.gains(past, question)
    newest, count = _newest(found.matches)
    told = use_case.answer(replace(found, matches=newest, of_pools=found.of_pools[: -DISPOSALS_SHOWN - 1 : -1]), question, past)
    is_pooled = question.method in use_case.POOLED
    totals = [_summed(one) for one in told["totals"]]
    return {
        "totals": totals,
        "by_year": by_year(totals) if question.year is None and not is_pooled else None,
        "disposals": [] if is_pooled else rows(told["gains"]),
        "pooled": told["gains"] if is_pooled else None,
        "shown": COLUMNS.get(question.method or "", ()),
        "count": count or len(found.of_pools),
        "open": told["issues"][:ISSUES_SHOWN],
        "open_count": len(told["issues"]),
        "unknown": found.unknown,
        "how": told["says"],
        "currency": past.currency,
        "question": question,
        "asked": _told(question, "year", "method", "scope"),
        "ways": _told(question, "method", "scope"),
        "years": {year: year_name(year, question) for year in years(past, question, found)},
        "methods": {method: METHODS_IN_WORDS.get(method, method) for method in use_case.METHODS},
        "scopes": {scope: SCOPES_IN_WORDS[scope] for scope in get_args(Scope)},
        "has_forms": past.currency == "USD" and not is_pooled and question.method != "average",
    }


def _newest(found: Sequence[Match]) -> tuple[list[Match], int]:
    """The matches of the newest disposals, newest disposal first, and how many disposals there are."""
    ids = dict.fromkeys(match.id for match in reversed(found))
    shown = {one: place for place, one in enumerate(ids) if place < DISPOSALS_SHOWN}
    chosen = [match for match in found if match.id in shown]
    return sorted(chosen, key=lambda match: shown[match.id]), len(ids)


def rows(items: Sequence[Answer]) -> list[Row]:
    """Of matches as `gains --json` shows them, those of one disposal in a row."""
    return [_row(of, list(of_one)) for of, of_one in groupby(items, key=lambda item: item["disposal_id"])]


def _row(id: str, items: Sequence[Answer]) -> Row:
    first = items[0]
    return Row(
        id,
        first["disposed"],
        first["asset"],
        first["account"],
        sum(item["lot_id"] is not None for item in items),
        plain(total(Decimal(item["quantity"]) for item in items)),
        _together(items, "proceeds"),
        _together(items, "basis"),
        _together(items, "gain"),
        tuple(sorted({item["term"] for item in items}, reverse=True)),
        tuple(dict.fromkeys(flag for item in items for flag in item["flags"])),
    )


def _together(items: Sequence[Answer], name: str) -> str | None:
    amounts = [item[name] for item in items]
    return None if None in amounts else plain(total(map(Decimal, amounts)))


def _summed(told: Answer) -> Answer:
    """A sum of nothing that is known is not known."""
    return told if told["unknown"] < told["fragments"] else told | dict.fromkeys(("proceeds", "basis", "gain"))


def by_year(totals: Sequence[Answer]) -> dict[int, dict[str, Answer]]:
    """Tax year → term → its total."""
    found: dict[int, dict[str, Answer]] = {}
    for one in totals:
        found.setdefault(one["tax_year"], {})[one["term"]] = one
    return found


def year_name(year: int, question: Asked) -> str:
    """ "2025"; in the United Kingdom "2024/25" for the year that ends in 2025."""
    return f"{year - 1}/{year % 100:02}" if question.method == "section104" else str(year)


def _told(question: Asked, *names: str) -> Answer:
    """What of it was chosen, for an address."""
    return {name: value for name in names if (value := getattr(question, name)) is not None}


class Column(NamedTuple):
    """Of a pool's rows, as the page shows it."""

    key: str
    name: str
    kind: str
    """time, asset, words, quantity, money"""

    @property
    def is_number(self) -> bool:
        return self.kind in ("quantity", "money")


_WHEN, _WHAT, _SIZE = Column("disposed", "Disposed", "time"), Column("asset", "Asset", "asset"), Column("quantity", "Quantity", "quantity")
COLUMNS = {
    "section104": (
        _WHEN,
        _WHAT,
        Column("rule", "Rule", "words"),
        Column("acquired", "Bought back", "time"),
        _SIZE,
        Column("proceeds", "Proceeds", "money"),
        Column("allowable_cost", "Allowable cost", "money"),
        Column("gain", "Gain", "money"),
    ),
    "acb": (
        _WHEN,
        _WHAT,
        Column("account", "Account", "words"),
        _SIZE,
        Column("proceeds", "Proceeds", "money"),
        Column("basis", "Cost", "money"),
        Column("denied", "Loss denied", "money"),
        Column("gain", "Gain", "money"),
    ),
}
"""Method → what the page shows of an item of `gains --json`."""


def _certain(told: Answer) -> Answer:
    """What cannot be known is None, and no 0: of a pool's cost an explanation tells the part that is known, and flags it."""
    flags = tuple(told.get("flags", ()))
    costs = () if is_cost_known(flags, is_priced=told.get("proceeds") is not None) else ("allowable_cost", "basis")
    gains = () if is_known(flags) else ("gain",)
    return told | dict.fromkeys(told.keys() & {*costs, *gains})


def years(past: Past, question: Asked, found: Found) -> list[int]:
    """Tax years, newest first, with a disposal or an income; the year that was asked for is among them."""
    year_of = (TaxYears if question.method == "section104" else Years)(Calendar(found.zone))
    known = {year_of[m.at] for group in past.groups for m in group if m.act == "dispose" or m.more.income}
    return sorted({*known, *([question.year] if question.year else [])}, reverse=True)


# ------------------------------------------------------------------ explanations


def for_page(told: Answer) -> list[Answer]:
    """The explanations as a page shows them: the first ones, each with the steps that matter to it and then all of them."""
    return [
        _certain(one) | {"steps": _steps(one), "chain": _cut(one["chain"], STEPS_SHOWN)}
        for one in told["explanations"][:EXPLANATIONS_SHOWN]
    ]


def _steps(one: Answer) -> list[Answer]:
    """How it came, which way it went and its end; not the other parts that were taken of the same lot. Of a pool, what came last."""
    chain = one["chain"]
    if one.get("method") in use_case.POOLED:
        return list(chain[-STEPS_OF_POOL:])
    if "disposal" not in one:
        return _cut(chain, STEPS_SHOWN)
    own = [step for n, step in enumerate(chain, start=1) if step["what"] not in ("disposed", "left") or n == len(chain)]
    return _cut(own, STEPS_SHOWN)


def _cut(chain: Sequence[Answer], most: int) -> list[Answer]:
    """The first step and the last ones."""
    return list(chain) if len(chain) <= most else [chain[0], *chain[1 - most :]]

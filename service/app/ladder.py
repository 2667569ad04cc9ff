"""`thresher harvest --ladder`: at which price a holding becomes worth a word, and at which an open alert on it is over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from service.app import view
from service.app.ports import App
from service.app.view import View
from service.domain.harvest import Year
from service.domain.ladder import Subject, rungs
from service.domain.methods import Lot
from service.domain.money import exact, plain

Answer = dict[str, Any]


def subjects(seen: View) -> Iterator[tuple[str, str, Subject]]:
    """Account, coin and what is held there, of all that has a price. Within `exact()`; nothing without the rules of the year."""
    if seen.rules is None:
        return
    held: dict[tuple[str, str], list[Lot]] = defaultdict(list)
    for lot in seen.lots:
        if lot.coin in seen.prices:
            held[lot.account, lot.coin].append(lot)
    year = Year(seen.portfolio.profile, seen.rules, seen.realised, seen.now)
    for (account, coin), lots in held.items():
        yield account, coin, Subject(lots, seen.method_of(account), seen.portfolio.harvest, year, seen.movable(account))


async def ladder(app: App) -> Answer:
    """{"ladder": […]}: by account and coin."""
    seen = await view.view(app)
    return {"ladder": await asyncio.to_thread(_items, seen)}


def _items(seen: View) -> list[Answer]:
    with exact():
        return [_item(account, subject, seen) for account, _, subject in sorted(subjects(seen), key=lambda one: one[:2])]


def _item(account: str, subject: Subject, seen: View) -> Answer:
    found, lot = rungs(subject), subject.lots[0]
    return {
        "account": account,
        "asset": lot.asset,
        "symbol": lot.symbol,
        "price": plain(seen.prices[lot.coin].price),
        "fires_at": None if found.fires is None else plain(found.fires),
        "ends_above": None if found.ends is None else plain(found.ends),
    }

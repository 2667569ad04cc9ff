"""Why a figure is what it is where units of a coin are one pool: the rules of the United Kingdom and of Canada.

As for lots, nothing is read off the ledger: the group of the coin is booked once more, each figure is computed again from the movements and
from the pool's statement, and `reproduced` says whether it is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple

from service.app.explain import acb, section104
from service.app.explain.past import Past, facts_of, of_store
from service.app.gains import LONDON
from service.app.ports import App, Refused
from service.domain.ledger import choices
from service.domain.movements import Movement, called
from service.domain.pooling.statement import in_turn

Answer = dict[str, Any]
Pooled = Literal["section104", "acb"]


async def explain_disposal(app: App, id: str, method: Pooled) -> Answer:
    """A disposal of what is stored, by its id or that of one of its matches. Raises Refused for an unknown one."""
    past = _in_zone(await of_store(app), method)
    found = await asyncio.to_thread(look, past, id, method)
    facts = await facts_of(app, past, (name for one in found for name in one.events()))
    return await asyncio.to_thread(tell, replace(past, facts=facts), found)


async def explain_lot(app: App, id: str, method: Pooled) -> Answer:
    """What became of an acquisition of what is stored. Raises Refused for an unknown one."""
    past = _in_zone(await of_store(app), method)
    found = await asyncio.to_thread(look_at_lot, past, id, method)
    facts = await facts_of(app, past, (name for one in found for name in one.events()))
    return await asyncio.to_thread(tell, replace(past, facts=facts), found)


def _in_zone(past: Past, method: Pooled) -> Past:
    """The United Kingdom counts London's days."""
    if method == "acb":
        return past
    return replace(past, zone=LONDON, said=choices(past.statements, zone=LONDON))


class Found(NamedTuple):
    """What is to be explained, once its events are known."""

    events: Callable[[], Iterator[str]]
    """Movements that the explanation names."""
    explain: Callable[[Past], Answer]


def gain(past: Past, id: str, method: Pooled) -> Answer:
    """All matches of the disposal `id`, or the one match of that id ("dsp_…"), of a history with its facts. Pure."""
    return tell(past, look(past, id, method))


def lot(past: Past, id: str, method: Pooled) -> Answer:
    """What became of one acquisition, of a history with its facts. Pure."""
    return tell(past, look_at_lot(past, id, method))


def tell(past: Past, found: Sequence[Found]) -> Answer:
    return {"explanations": [one.explain(past) for one in found]}


def look(past: Past, id: str, method: Pooled) -> list[Found]:
    """Books the groups of the disposal's coins once more. Raises Refused for an unknown id."""
    id = called(past.movements, id)  # noqa: A001  # a transfer's fee by either of its rows
    is_match = id.startswith("dsp_") and not any(m.id == id for m in past.movements)
    found: list[Found] = []
    for movements in past.groups():
        if is_match or any(m.id == id and m.act == "dispose" for m in movements):
            found += _of_section104(past, movements, id) if method == "section104" else _of_acb(past, movements, id)
    if not found:
        raise Refused("id", f"no disposal has the id {id!r}; `thresher gains --method {method} --audit FILE` lists them and their matches")
    return found


def _of_section104(past: Past, movements: Sequence[Movement], id: str) -> Iterator[Found]:
    book = section104.booked(past, movements)
    for match in in_turn(book.made.matches):
        if id in match.disposals or match.own_id == id:
            yield Found(partial(section104.events, book, match), partial(section104.explained, book=book, match=match))


def _of_acb(past: Past, movements: Sequence[Movement], id: str) -> Iterator[Found]:
    book = acb.booked(past, movements)
    for match in book.made.matches:
        if id in (match.id, match.own_id):
            yield Found(partial(acb.events, book, match), partial(acb.explained, book=book, match=match))


def look_at_lot(past: Past, id: str, method: Pooled) -> list[Found]:
    """Raises Refused for an unknown id."""
    for movements in past.groups():
        for m in movements:
            if m.id == id and m.act == "acquire":
                if method == "section104":
                    uk = section104.booked(past, movements)
                    return [Found(partial(section104.lot_events, past, uk, m), partial(section104.lot, book=uk, m=m))]
                canada = acb.booked(past, movements)
                return [Found(partial(acb.lot_events, past, canada, m), partial(acb.lot, book=canada, m=m))]
    raise Refused("id", f"no acquisition has the id {id!r}; `thresher transactions` lists what came in")

"""Realised gains as the web asks for them: the use cases of `thresher gains`, booked in a thread, never in a fork of the server.

Every question books the history anew: nothing that a page shows can be older than what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args

from fastapi import HTTPException

from service.app import explain, forms
from service.app import gains as use_case
from service.app.gains import Asked, Past
from service.app.ports import App, Refused
from service.domain.ledger import Scope
from service.domain.rules import is_zone

Answer = dict[str, Any]

# ------------------------------------------------------------------ what is asked


def asked(year: int | None = None, method: str | None = None, scope: str | None = None, zone: str | None = None) -> Asked:
    """Raises Refused for what there is not."""
    if scope is not None and scope not in get_args(Scope):
        raise Refused("scope", f"the scopes are {' and '.join(get_args(Scope))}")
    if zone is not None and not is_zone(zone):
        raise Refused("zone", "give a name such as America/New_York")
    found = Asked(method, scope, year, zone)  # type: ignore[arg-type]  # checked just above
    use_case.check(found)
    return found


@contextmanager
def known() -> Iterator[None]:
    """An id that nothing has is an address that is not there: 404."""
    try:
        yield
    except Refused as refused:
        if refused.field != "id":
            raise
        raise HTTPException(404, str(refused)) from None


async def gain(app: App, id: str, method: str | None, scope: str | None) -> Answer:
    """Why a disposal came out as it did. 404 for an unknown one."""
    question = asked(None, method, scope)
    with known():
        return await explain.explain_disposal(app, id, method=question.method, scope=question.scope)  # type: ignore[arg-type]  # checked by `asked`


async def lot(app: App, id: str, method: str | None) -> Answer:
    """Where a lot came from and where it went. 404 for an unknown one."""
    question = asked(method=method)
    with known():
        return await explain.explain_lot(app, id, method=question.method)  # type: ignore[arg-type]  # checked by `asked`


# ------------------------------------------------------------------ answers and files


async def answer(app: App, question: Asked) -> Answer:
    """As `thresher gains --json`."""
    past = await use_case.of_store(app)
    return await asyncio.to_thread(_answer, past, question)


def _answer(past: Past, question: Asked) -> Answer:
    return use_case.answer(use_case.gains(past, question), question, past)


async def matches(app: App, question: Asked) -> str:
    """As `thresher gains --csv` writes them."""
    past = await use_case.of_store(app)
    found = await asyncio.to_thread(use_case.gains, past, question, lines_only=True, totals=False)
    return "\n".join([",".join(found.columns), *found.lines, ""])


async def form(app: App, question: Asked, reported: Mapping[str, str]) -> forms.Form:
    """Form 8949 and Schedule D of one year. Raises Refused as forms.form."""
    past = await use_case.of_store(app)
    return await asyncio.to_thread(lambda: forms.form(use_case.gains(past, question), past, question, reported))

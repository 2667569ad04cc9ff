"""What the forms do: one use case each, then the page again. A refusal shows the page with its sentence and keeps no input."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from service.app import access, holder, rebuild, sources
from service.app import sync as syncing
from service.app.ports import App, Busy, Refused, Stopped
from service.http.auth import Thresher, signed_form
from service.http.failures import status_of
from service.http.pages import Owner, show, signed_out
from service.http.work import Work

router = APIRouter(include_in_schema=False)
Fields = Annotated[FormData, Depends(signed_form)]

CREDENTIALS = ("apiKey", "secret", "password", "uid")
"""ccxt's own names; those that an exchange does not need stay empty."""
LONGEST_SNOOZE_DAYS = 365


async def _done(request: Request, path: str, who: Owner, act: Awaitable[str]) -> Response:
    """Does it and sends the browser to the page; a refusal is shown there, and nothing was changed."""
    try:
        said = await act
    except (Refused, Stopped, Busy) as refused:
        return await show(request, path, who, refused, status_of(refused))
    return RedirectResponse(f"{path}?said={said}", 303)


def _text(fields: FormData, name: str) -> str:
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _sync(request: Request, app: App, account: str | None = None, said: str = "syncing") -> str:
    """One sync of all, and one of each account, at a time; leases keep them apart."""
    work: Work = request.app.state.work
    name, accounts = ("sync", None) if account is None else (f"sync {account}", [account])
    return said if work.start(name, syncing.sync(app, accounts)) else "already-syncing"


@router.post("/logout")
async def logout(_fields: Fields, who: Owner, app: Thresher) -> Response:
    await access.logout(app, who.secret)
    return signed_out()


@router.post("/sync")
async def sync(request: Request, _fields: Fields, app: Thresher) -> Response:
    return RedirectResponse(f"/?said={_sync(request, app)}", 303)


@router.post("/accounts/exchange")
async def add_exchange(request: Request, fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        credentials = {name: value for name in CREDENTIALS if (value := _text(fields, name))}
        base_url, label = _text(fields, "base_url") or None, _text(fields, "label") or None
        account = await sources.add_exchange(app, _text(fields, "source").lower(), credentials, base_url, label)
        return _sync(request, app, account.id, "added")

    return await _done(request, "/accounts", who, act())


@router.post("/accounts/evm")
async def add_evm(request: Request, fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        rpc, label = _text(fields, "rpc") or None, _text(fields, "label") or None
        account = await sources.add_evm(app, _text(fields, "address"), _text(fields, "chain"), rpc, label)
        return _sync(request, app, account.id, "added")

    return await _done(request, "/accounts", who, act())


@router.post("/accounts/{account}/{what}")
async def change_account(request: Request, account: str, what: str, _fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        found = await sources.the_account(app, account)
        match what:
            case "sync":
                return _sync(request, app, found.id)
            case "pause":
                await sources.pause(app, found.id)
                return "paused"
            case "resume":
                await sources.resume(app, found.id)
                return "resumed"
            case "probe":
                await sources.probe(app, found.id)
                return "probed"
            case "remove":
                await sources.remove(app, found.id)
                await rebuild.catch_up(app)
                return "removed"
        raise Refused("account", "an account can be synced, paused, resumed, probed or removed")

    return await _done(request, "/accounts", who, act())


@router.post("/channels")
async def add_channel(request: Request, fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        await holder.add_channel(app, _text(fields, "url"), _text(fields, "label") or None, digest=_text(fields, "digest"))
        return "channel"

    return await _done(request, "/alerts", who, act())


@router.post("/alerts/test")
async def send_test(request: Request, _fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        await holder.test_alert(app)
        return "tested"

    return await _done(request, "/alerts", who, act())


@router.post("/alerts/{alert}/ack")
async def acknowledge(request: Request, alert: str, _fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        await holder.acknowledge(app, alert)
        return "acknowledged"

    return await _done(request, "/alerts", who, act())


@router.post("/alerts/{alert}/snooze")
async def snooze(request: Request, alert: str, fields: Fields, who: Owner, app: Thresher) -> Response:
    async def act() -> str:
        days = _text(fields, "days")
        if not days.isdecimal() or not 1 <= int(days) <= LONGEST_SNOOZE_DAYS:
            raise Refused("days", f"give a whole number of days from 1 to {LONGEST_SNOOZE_DAYS}")
        await holder.snooze(app, alert, app.now() + timedelta(days=int(days)))
        return "snoozed"

    return await _done(request, "/alerts", who, act())

"""A served App over a real database, with one account synced, and clients that are and are not signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from argon2 import PasswordHasher

from service.app import access
from service.http import create_app
from tests.app.house import House, Script, house
from tests.http.steps import ORIGIN, PASSWORD, sign_in

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Verified by the parameters in the hash, so that a test costs no third of a second."""


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def history() -> Script:
    """10,000 USD in, 2 ETH for 8,000 USD; the source declares a tenth less ETH than that."""
    rows = [
        ("d1", day("2026-01-04"), [("fiat:USD", "10000")], "deposit"),
        ("b1", day("2026-01-05"), [("binance:ETH", "2"), ("fiat:USD", "-8000")], "trade"),
    ]
    return Script(rows=rows, declared={"binance:ETH": "1.9", "fiat:USD": "2000"})


@pytest.fixture
async def home(tmp_path) -> AsyncIterator[House]:
    scripts = {"one": history(), "greedy": Script(denied="this key can withdraw; take that right away")}
    async with house(tmp_path, scripts) as made:
        await made.app.store.set_owner_hash(CHEAP.hash(PASSWORD))
        yield made


@pytest.fixture
async def asgi(home):
    made = create_app(home.app)
    yield made
    await made.state.work.stop()


@pytest.fixture
async def stranger(asgi) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
async def owner(asgi) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url=ORIGIN) as client:
        await sign_in(client)
        yield client


@pytest.fixture
async def robot(asgi, home) -> AsyncIterator[httpx.AsyncClient]:
    """Has an API token and no cookie."""
    bearer = {"Authorization": f"Bearer {await access.new_token(home.app, 'robot')}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url=ORIGIN, headers=bearer) as client:
        yield client

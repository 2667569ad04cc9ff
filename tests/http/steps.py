"""What the tests of the web room do again and again."""

from __future__ import annotations

import re

import httpx

from service.app import sources, sync
from tests.app.house import House

ORIGIN = "http://127.0.0.1:8790"
PASSWORD = "correct horse battery"
FROM_OUR_PAGE = {"Origin": ORIGIN}


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await client.post("/login", data={"password": password, **more}, headers=FROM_OUR_PAGE)


async def form_token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', (await client.get("/accounts")).text)
    assert found is not None
    return found[1]


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """A form as our own page sends it."""
    return await client.post(path, data={"token": await form_token(client), **fields}, headers=FROM_OUR_PAGE)


async def synced_account(home: House) -> str:
    """One account whose 2 ETH have lost 3,000 USD; returns its id."""
    account = await sources.add_other(home.app, "scripted", "one", {"token": "s3cret"}, "Savings")
    await home.price(ETH="2500")
    await sync.sync(home.app)
    return account.id

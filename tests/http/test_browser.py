"""The pages in a real browser, on a desk and on a phone: nothing overflows, nothing is blocked, nobody else is asked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import BrowserContext, async_playwright
from starlette.types import ASGIApp

from tests.http.steps import PASSWORD, synced_account
from tests.tools import chromium

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
PATHS = ["/", "/harvest", "/plan", "/alerts", "/balances", "/lots", "/gains", "/transactions", "/accounts", "/issues"]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@asynccontextmanager
async def served(made: ASGIApp) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(made, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def browsing(size: str, scheme: str = "light") -> AsyncIterator[BrowserContext]:
    width, height = SIZES[size]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        finally:
            await browser.close()


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
async def test_every_page_fits_and_is_clean(home, asgi, size, scheme):
    await synced_account(home)
    async with served(asgi) as origin, browsing(size, scheme) as context:
        page = await context.new_page()
        complaints: list[str] = []
        asked: set[str] = set()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        # the next page may be asked for before this one's icon has arrived
        page.on("requestfailed", lambda r: complaints.append(f"{r.failure}: {r.url}") if r.failure != "net::ERR_ABORTED" else None)
        page.on("request", lambda r: asked.add(r.url.split("/")[2]))
        await page.goto(f"{origin}/harvest")
        assert page.url == f"{origin}/login?after=/harvest"
        assert await page.evaluate(OVERFLOW) <= 0
        await page.get_by_label("Owner password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{origin}/harvest")
        for path in PATHS:
            answer = await page.goto(origin + path)
            assert answer is not None
            assert answer.status == 200
            for opened in await page.locator("details").all():
                await opened.evaluate("d => d.open = true")
            assert await page.evaluate(OVERFLOW) <= 0, path
            assert await page.locator("h1").count() == 1
            unnamed = "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels.length).length"
            assert await page.evaluate(unnamed) == 0, path
        assert complaints == []
        assert asked == {origin.removeprefix("http://")}


async def test_an_owner_pauses_an_account_and_acknowledges_an_alert(home, asgi):
    await synced_account(home)
    async with served(asgi) as origin, browsing("phone") as context:
        page = await context.new_page()
        await page.goto(f"{origin}/login")
        await page.get_by_label("Owner password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Accounts").click()
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_role("status").get_by_text("The account is paused").wait_for()
        assert await page.get_by_role("button", name="Resume").count() == 1
        await page.get_by_role("link", name="Alerts", exact=True).click()
        await page.get_by_role("button", name="Acknowledge").click()
        await page.get_by_role("status").get_by_text("speaks no more").wait_for()
        assert await page.locator(".tag.acknowledged").count() == 1


async def test_a_page_of_another_site_cannot_send_our_forms(asgi):
    seen = []

    async def watched(scope, receive, send) -> None:
        if scope.get("path") == "/sync":
            seen.append(dict(scope["headers"]))
        await asgi(scope, receive, send)

    async with served(watched) as origin, browsing("desk") as context:
        page = await context.new_page()
        await page.goto(f"{origin}/login")
        await page.get_by_label("Owner password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{origin}/")
        form = f'<form method="post" action="{origin}/sync"><button>You have won</button></form>'
        await page.route("http://prizes.localhost/", lambda r: r.fulfill(body=form, content_type="text/html"))
        await page.goto("http://prizes.localhost/")
        await page.get_by_role("button").click()
        await page.wait_for_url(f"{origin}/login")
        (headers,) = seen
        assert b"cookie" not in headers
        assert headers[b"sec-fetch-site"] == b"cross-site"
        assert not asgi.state.work.is_running()

"""A loopback web hook: where the demo's alerts arrive, so that delivery is shown and not assumed."""

from __future__ import annotations

from typing import Self

from aiohttp import web


class SandboxInbox:
    """Async context. `url` is its address for apprise, `received` the JSON bodies that came, in order."""

    def __init__(self) -> None:
        self.received: list[dict[str, object]] = []
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/alerts", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"json://127.0.0.1:{self._runner.addresses[0][1]}/alerts"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        return web.Response()

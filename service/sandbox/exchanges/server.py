"""The sandbox's exchanges as servers: one address each, a log of what was asked, and faults on request.

The rules of each exchange lie in its own module; here is what a network does: it is slow, it limits, it breaks when a test tells it to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Protocol, Self

from aiohttp import web

from service.sandbox.exchanges.binance import Binance
from service.sandbox.exchanges.coinbase import Coinbase
from service.sandbox.exchanges.kraken import Kraken
from service.sandbox.exchanges.signatures import keys
from service.sandbox.exchanges.wire import Clock, Key, OnChain, Refused, reply

Fault = Callable[[web.Request], web.StreamResponse | None]
"""Answers a request itself, or None to let it pass."""
PER_MINUTE = 12_000
"""Requests that an exchange takes in a minute; above that it answers 429."""


class Exchange(Protocol):
    """One exchange's rules."""

    def routes(self) -> list[web.RouteDef]: ...

    def limited(self) -> object:
        """The body of its 429."""


class Bucket:
    """Lets so many requests through in a minute, the unused ones of a minute at once."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._left, self._at = float(per_minute), time.monotonic()

    def wait_seconds(self) -> float:
        """0 and one less, or how long until there is one again."""
        at = time.monotonic()
        self._left = min(float(self.per_minute), self._left + (at - self._at) * self.per_minute / 60)
        self._at = at
        if self._left < 1:
            return (1 - self._left) * 60 / self.per_minute
        self._left -= 1
        return 0.0


class SandboxExchanges:
    """Async context. All of it by exchange id ("binance", "kraken", "coinbase"):

    `base` the addresses, `credentials` a read-only key in ccxt's names, `over_privileged` one that may trade and withdraw. `requests` holds the method
    and path of each request, in order. `faults` are asked before each request, the first answer counts; `latency` seconds pass before any. `now` is the
    exchanges' clock: signatures are judged by it, and what the story has after it has not happened yet.
    """

    def __init__(self, *, now: Clock, per_minute: int = PER_MINUTE) -> None:
        from service.sandbox import chain

        on_chain = OnChain(chain.transfers(), chain.places())
        pairs = {name: keys(name) for name in ("binance", "kraken", "coinbase")}
        self._exchanges: dict[str, Exchange] = {
            "binance": Binance(now, on_chain, pairs["binance"]),
            "kraken": Kraken(now, on_chain, pairs["kraken"]),
            "coinbase": Coinbase(now, on_chain, pairs["coinbase"]),
        }
        self.credentials = {name: _ccxt_names(reader) for name, (reader, _) in pairs.items()}
        self.over_privileged = {name: _ccxt_names(trader) for name, (_, trader) in pairs.items()}
        self.base: dict[str, str] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.latency = 0.0
        self._buckets = {name: Bucket(per_minute) for name in self._exchanges}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for name, exchange in self._exchanges.items():
            app = web.Application(middlewares=[self._network(name, exchange)])
            app.add_routes(exchange.routes())
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            self._stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.base[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _network(self, name: str, exchange: Exchange) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def pass_on(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
            self.requests.append((request.method, request.path))
            if self.latency:
                await asyncio.sleep(self.latency)
            for fault in list(self.faults):
                answer = fault(request)
                if answer is not None:
                    return answer
            wait = self._buckets[name].wait_seconds()
            if wait:
                return reply(exchange.limited(), 429, {"Retry-After": str(int(wait) + 1)})
            try:
                return await handler(request)
            except Refused as refused:
                return reply(refused.body, refused.status)

        return pass_on


def _ccxt_names(key: Key) -> dict[str, str]:
    return {"apiKey": key.name, "secret": key.secret}

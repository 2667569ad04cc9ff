"""The strict ccxt client: signing and addresses are ccxt's, everything that could lose a row silently is ours.

Plain ccxt hands back an HTML page or half a list with status 200 as "no data", makes doubles of amounts, puts the signed URL into its
errors, and paces each instance for itself. Here an undecodable reply is RetryLater, numbers keep the digits of the wire, errors say what the
host must do, one request is in flight for each key, and clock, address and pace come from the caller. ccxt is imported on first use, in a
thread: it takes a second. One call is one request; nothing is retried here except a clock that differs, once.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import importlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from types import MethodType
from typing import Any
from urllib.parse import urlsplit

from connectors.clients.exchange_errors import ClockDiffers, NotOffered, Reply, redact, translated
from connectors.contract import AccessDenied, ConnectorError, InvalidInput, Shared

__all__ = ["ClockDiffers", "NotOffered", "StrictExchange", "exchange_ids", "is_loopback", "redact", "strict_exchange"]

TIMEOUT_MILLISECONDS = 30_000
RISING_NONCE = frozenset({"kraken", "krakenfutures", "bitfinex", "gemini"})
"""A call whose nonce is not above the last one of its key is refused there, whichever instance or process sent it."""

_IMPORTING = threading.Lock()
_ORIGIN = re.compile(r"^[a-z]+://[^/]+")
_SILENT = logging.getLogger("connectors.clients.exchange.ccxt")
_SILENT.setLevel(logging.CRITICAL + 1)  # ccxt logs signed addresses and headers at DEBUG
_SILENT.propagate = False


@functools.cache
def exchange_ids() -> tuple[str, ...]:
    """Every id that the installed ccxt can speak to; read from its files, without importing it."""
    spec = find_spec("ccxt")
    if spec is None or spec.origin is None:
        return ()
    folder = Path(spec.origin).parent / "async_support"
    return tuple(sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")))


def _imported(id: str) -> Any:
    """ccxt's modules import each other in a ring: two threads that begin at different exchanges would wait for each other."""
    with _IMPORTING:
        return importlib.import_module(f"ccxt.async_support.{id}")


def known_id(id: str) -> str:
    """The id itself. Raises InvalidInput with close matches for one that this ccxt does not know."""
    if id in exchange_ids():
        return id
    close = get_close_matches(id.lower(), exchange_ids(), n=3)
    meant = f"; did you mean {', '.join(close)}?" if close else ""
    raise InvalidInput("exchange", f"no exchange is called {id!r} in the installed ccxt{meant}")


def is_loopback(url: str | None) -> bool:
    """Whether the address is this machine: 127.0.0.0/8, ::1 or localhost."""
    host = urlsplit(url or "").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def strict_exchange(
    id: str,
    *,
    now: Callable[[], Any],
    shared: Shared,
    rate_scale: float = 1.0,
    credentials: Mapping[str, str] | None = None,
    base_url: str | None = None,
    limiter: str = "",
) -> StrictExchange:
    """A client of one exchange; opens nothing. `limiter` names a pace of its own for streams whose calls are very expensive.

    Raises InvalidInput for an unknown id or an address without a host.
    """
    return StrictExchange(
        known_id(id),
        now=now,
        shared=shared,
        rate_scale=rate_scale,
        credentials=dict(credentials or {}),
        base_url=base_url,
        limiter=limiter,
    )


class StrictExchange:
    """One ccxt instance made strict. `call` and `unified` raise ConnectorError only."""

    def __init__(
        self,
        id: str,
        *,
        now: Callable[[], Any],
        shared: Shared,
        rate_scale: float,
        credentials: dict[str, str],
        base_url: str | None,
        limiter: str,
    ) -> None:
        if base_url and not (urlsplit(base_url).scheme in ("http", "https") and urlsplit(base_url).hostname):
            raise InvalidInput("base_url", "give an address such as http://127.0.0.1:8080")
        self.id = id
        self._now, self._shared, self._base_url = now, shared, base_url
        self._scale = rate_scale if rate_scale > 0 else (0.0 if is_loopback(base_url) else 1.0)
        self._credentials = credentials
        self._ccxt: Any = None
        self._reply: Reply | None = None
        key = hashlib.sha256("\x1f".join([id, base_url or "", credentials.get("apiKey", "")]).encode()).hexdigest()
        self._key, self._limiter = key, f"exchange limiter {key} {limiter}"
        self._lock = shared.once(f"exchange lock {key}", asyncio.Lock)
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"StrictExchange({self.id!r})"

    @property
    def ccxt(self) -> Any:
        """The ccxt instance; only after `open`."""
        if self._ccxt is None:
            raise RuntimeError("open the exchange first")
        return self._ccxt

    async def open(self) -> None:
        """Imports ccxt in a thread and makes the instance. Raises InvalidInput for a credential that this exchange needs."""
        async with self._opening:
            if self._ccxt is not None:
                return
            module = await asyncio.to_thread(_imported, self.id)
            made = self._made(module, self._credentials)
            if self._credentials:
                for name in self.needs(made):
                    if not self._credentials.get(name):
                        raise InvalidInput(name, f"{self.id} needs {name}: give all of {', '.join(self.needs(made))}")
            self._ccxt = made

    @staticmethod
    def needs(instance: Any) -> tuple[str, ...]:
        """The credentials without which ccxt cannot sign for this exchange."""
        return tuple(name for name, needed in instance.requiredCredentials.items() if needed)

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """One request by ccxt's implicit method; the decoded reply. The caller checks that its envelope is there."""
        return await self._asked(method, lambda ex: getattr(ex, method)(dict(params or {})))

    async def unified(self, method: str, *args: Any) -> Any:
        """A unified method (`fetch_my_trades`…), numbers as text. May be several requests."""
        return await self._asked(method, lambda ex: getattr(ex, method)(*args))

    async def load_markets(self) -> Mapping[str, Any]:
        """The market list, loaded once for each exchange and address, by an instance without a key where that is allowed."""
        await self.open()
        if not self._ccxt.markets:
            lock = self._shared.once(f"exchange markets lock {self.id} {self._base_url}", asyncio.Lock)
            async with lock:
                holder: dict[str, Any] = self._shared.once(f"exchange markets {self.id} {self._base_url}", dict)
                if "from" not in holder:
                    holder["from"] = await self._loaded()
            self._ccxt.set_markets_from_exchange(holder["from"])
        return self._ccxt.markets  # type: ignore[no-any-return]

    async def _loaded(self) -> Any:
        """An instance with its markets: without a key, and with one only where the exchange tells nobody else."""
        keyless = self._made(importlib.import_module(f"ccxt.async_support.{self.id}"), {})
        self._reply = None
        try:
            await keyless.load_markets()
        except Exception as error:  # noqa: BLE001 - whatever ccxt raises is told as the contract says
            failed = translated(self.id, "load_markets", error, reply=self._reply, secrets=self._credentials.values(), now=self._now())
        else:
            return keyless
        finally:
            await keyless.close()
        if not isinstance(failed, AccessDenied) or not self._credentials:
            raise failed from None
        await self.unified("load_markets")
        return self._ccxt

    async def aclose(self) -> None:
        if self._ccxt is not None:
            closing, self._ccxt = self._ccxt, None
            await closing.close()

    async def _asked(self, method: str, ask: Callable[[Any], Any]) -> Any:
        await self.open()
        async with self._lock:
            try:
                return await self._once(method, ask)
            except ClockDiffers as differs:
                try:
                    await self._once("load_time_difference", lambda ex: ex.load_time_difference())
                except NotOffered:
                    raise differs from None
                return await self._once(method, ask)

    async def _once(self, method: str, ask: Callable[[Any], Any]) -> Any:
        self._reply = None
        if not hasattr(self._ccxt, method):
            raise NotOffered(f"{self.id}: the installed ccxt has no {method}")
        try:
            return await ask(self._ccxt)
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ccxt raises is told as the contract says
            failed = translated(self.id, method, error, reply=self._reply, secrets=self._credentials.values(), now=self._now())
        raise failed from None

    # ---- making one instance strict

    def _made(self, module: Any, credentials: Mapping[str, str]) -> Any:
        ex = getattr(module, self.id)({"enableRateLimit": self._scale > 0, "timeout": TIMEOUT_MILLISECONDS, **credentials})
        ex.timeout_on_exit = 0
        ex.aiohttp_trust_env = False
        ex.logger = _SILENT
        ex.verbose = False
        self._strict_decoding(ex)
        self._clock(ex)
        self._addresses(ex)
        if self._scale > 0:
            ex.rateLimit *= self._scale
            ex.tokenBucket = {}  # else the old pace wins over the new one
            ex.init_rest_rate_limiter()
            ex.throttler = self._shared.once(self._limiter, lambda: ex.throttler)
        return ex

    def _strict_decoding(self, ex: Any) -> None:
        """The four hooks: text numbers, digits of the wire, and a reply that is not JSON is a failure."""
        import ccxt

        parse, by_status, on_rest = ex.parse_json, ex.handle_http_status_code, ex.on_rest_response
        ex.number = str
        ex.on_json_response = functools.partial(json.loads, parse_float=str, parse_constant=_no_constant)

        def on_rest_response(_: Any, code: int, *rest: Any) -> Any:  # reason, url, method, headers, body, …
            self._reply = Reply(code, dict(rest[3]), None, len(rest[4] or ""))
            return on_rest(code, *rest)

        def parse_json(_: Any, body: str) -> Any:
            decoded = parse(body)
            if self._reply is not None:
                self._reply = Reply(self._reply.status, self._reply.headers, decoded, self._reply.length)
            return decoded

        def handle_http_status_code(_: Any, code: int, *rest: Any) -> None:  # reason, url, method, body
            by_status(code, *rest)
            method, body = rest[2], rest[3]
            if parse(body) is None:
                raise ccxt.BadResponse(f"{self.id} {method} {code}: {len(body or '')} characters that are not JSON")

        ex.on_rest_response = MethodType(on_rest_response, ex)
        ex.parse_json = MethodType(parse_json, ex)
        ex.handle_http_status_code = MethodType(handle_http_status_code, ex)

    def _clock(self, ex: Any) -> None:
        """Time stamps of signatures follow the caller's clock; a nonce is a counter and rises although that clock may stand still."""

        def micro() -> int:
            at = self._now()
            return int(at.timestamp()) * 1_000_000 + int(at.microsecond)

        ex.microseconds = micro
        ex.milliseconds = lambda: micro() // 1000
        ex.seconds = lambda: micro() // 1_000_000
        if self.id in RISING_NONCE:
            ex.nonce = functools.partial(_rising_nonce, self._key)

    def _addresses(self, ex: Any) -> None:
        """Every REST address on the given origin, its path kept; htx signs the host's name, so that follows."""
        if not self._base_url:
            return
        parts = urlsplit(self._base_url)
        origin = f"{parts.scheme}://{parts.netloc}"

        def moved(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: moved(inner) for key, inner in value.items()}
            if isinstance(value, str):
                return _ORIGIN.sub(lambda _: origin, value)
            return value

        ex.urls["api"] = moved(ex.urls["api"])
        if "hostnames" in ex.urls:
            ex.urls["hostnames"] = _named(ex.urls["hostnames"], parts.netloc)


_last_nonce: dict[str, int] = {}  # by hash of the key; each opening of a source has its own Shared, the key's counter outlives them


def _rising_nonce(key: str) -> int:
    """Above every nonce of this key so far, in this process by memory and after a restart by the machine's clock."""
    _last_nonce[key] = max(time.time_ns() // 1_000_000, _last_nonce.get(key, 0) + 1)
    return _last_nonce[key]


def _named(value: Any, host: str) -> Any:
    return {key: _named(inner, host) for key, inner in value.items()} if isinstance(value, dict) else host


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")

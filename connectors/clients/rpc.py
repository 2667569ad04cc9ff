"""JSON-RPC in bulk over one kept-alive connection: exact, patient within limits, and silent about the address of the node.

web3's provider does the wire; this adds what a bulk reader needs (reference of limits: providers word them all differently, so
the rule is to try, learn and remember):

    batches of up to 100 → a refused batch is halved and its size remembered → single items refused for the moment are asked again
    → eth_getLogs refused for its range is halved → 429 waits as long as Retry-After says → after a few rounds: RetryLater.

An item's lasting error comes back as a `Refused` value in its place. The URL may hold a key: only its host is ever named.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import AccessDenied, InvalidInput, RetryLater, Shared, SourceChanged

Call = tuple[str, list[Any]]

BATCH = 100
ROUNDS = 5
"""How often one piece of work is asked again before the host is told to come back later."""
LONGEST_WAIT_SECONDS = 20.0
TIMEOUT_SECONDS = 60.0
REQUESTS_A_SECOND = 20.0

_MISSING = re.compile(
    r"(method|namespace)\b.*\b(not found|not exist|not available|not supported|unsupported|disabled|not whitelisted|not allowed)"
    r"|unknown method|unsupported method",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"rate.?limit|too many requests|try again|timed? ?out|timeout|temporar|overloaded|capacity|busy|header not found|unknown block"
    r"|internal error|service unavailable",
    re.IGNORECASE,
)
_REVERTED = re.compile(r"revert|invalid opcode|out of gas|stack (under|over)flow|vm execution|evm error|invalid jump", re.IGNORECASE)
_NO_PAST = re.compile(
    r"missing trie node|historical state|state .*not available|state .*unavailable|pruned|archive|outofrange|state histories",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A node's lasting answer to one call: it will say the same tomorrow."""

    code: int
    says: str

    @property
    def method_missing(self) -> bool:
        return self.code in (-32601, -32604) or bool(_MISSING.search(self.says))

    @property
    def reverted(self) -> bool:
        """The contract refused, not the node."""
        return self.code == 3 or bool(_REVERTED.search(self.says))

    @property
    def no_past_state(self) -> bool:
        return bool(_NO_PAST.search(self.says))


class Pace:
    """Requests of all who ask one host, `gap_seconds` apart."""

    def __init__(self, gap_seconds: float) -> None:
        self._gap = gap_seconds
        self._next = 0.0

    async def wait(self) -> None:
        now = monotonic()
        due = max(self._next, now)
        self._next = due + self._gap
        if due > now:
            await asyncio.sleep(due - now)


class Rpc:
    """One node. Opens nothing until the first call; `aclose` ends its connection."""

    def __init__(self, url: str, shared: Shared | None = None, rate_scale: float = 1.0) -> None:
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:  # brackets of an address, a port out of range
            host, port = None, None
        if host is None or parts.scheme not in ("http", "https"):
            raise InvalidInput("rpc", "the RPC address must begin with http:// or https:// and name a host")
        self._url = url.strip()
        self.host = host if port is None else f"{host}:{port}"
        self.requests = 0
        self.lacks: set[str] = set()
        """Methods that the node has said it does not have."""
        self.batch = BATCH
        """Calls in one request, as many as the node takes."""
        self._log_span: int | None = None
        self._provider: Any = None
        self._session: Any = None
        scale = rate_scale if rate_scale > 0 or _is_loopback(host) else 1.0
        self._pace = (shared or Shared()).once(f"rpc:{self.host}", lambda: Pace(scale / REQUESTS_A_SECOND))

    def __repr__(self) -> str:
        return f"Rpc({self.host})"

    async def call(self, method: str, *params: Any) -> Any:
        """One result. Raises AccessDenied or SourceChanged where the node refuses for good."""
        answer = (await self.many([(method, list(params))]))[0]
        if isinstance(answer, Refused):
            raise self.denied(method, answer)
        return answer

    async def all(self, calls: Sequence[Call]) -> list[Any]:
        """Like `many`, but every call must succeed."""
        answers = await self.many(calls)
        for (method, _), answer in zip(calls, answers, strict=True):
            if isinstance(answer, Refused):
                raise self.denied(method, answer)
        return answers

    def denied(self, method: str, refusal: Refused) -> AccessDenied | SourceChanged:
        """What a lasting refusal of a call that we need means for the host."""
        if refusal.no_past_state:
            return AccessDenied(f"the node at {self.host} keeps no past states; give the RPC address of an archive node")
        if refusal.method_missing:
            return AccessDenied(f"the node at {self.host} does not offer {method}; give the RPC address of a full archive node")
        return SourceChanged(f"the node at {self.host} refused {method} with error {refusal.code}")

    async def many(self, calls: Sequence[Call]) -> list[Any]:
        """Results in the order of the calls; `Refused` where the node refuses one for good. Raises RetryLater."""
        answers: list[Any] = [None] * len(calls)
        work: deque[list[int]] = deque()
        wanted = [place for place, (method, _) in enumerate(calls) if method not in self.lacks]
        for place in set(range(len(calls))) - set(wanted):
            answers[place] = Refused(-32601, "method not found")
        work.extend(wanted[start : start + self.batch] for start in range(0, len(wanted), self.batch))
        rounds = 0
        while work:
            places = work.popleft()
            if len(places) > self.batch:
                work.extendleft(reversed([places[i : i + self.batch] for i in range(0, len(places), self.batch)]))
                continue
            again = await self._ask(calls, places, answers)
            if again is None:  # the batch as a whole was too much
                self.batch = max(1, len(places) // 2)
                work.appendleft(places)
            elif again:
                rounds += 1
                if rounds > ROUNDS:
                    raise RetryLater(f"the node at {self.host} leaves calls unanswered")
                await asyncio.sleep(min(0.05 * 2**rounds, LONGEST_WAIT_SECONDS))
                work.append(again)
            else:
                rounds = 0
        return answers

    async def _ask(self, calls: Sequence[Call], places: list[int], answers: list[Any]) -> list[int] | None:
        """Fill in the answers of one batch; gives the places to ask again, or None where the batch itself was refused."""
        reply = await self._post([calls[place] for place in places])
        if reply is None:
            return None
        if isinstance(reply, dict):  # one refusal for the whole batch
            refusal = _refusal(reply)
            if len(places) > 1:
                return None
            reply = [reply] if refusal is not None or "result" in reply else []
        if len(reply) != len(places):
            if len(places) > 1:
                return None
            raise RetryLater(f"the node at {self.host} sent an incomplete reply")
        again: list[int] = []
        for place, item in zip(places, reply, strict=True):
            refusal = _refusal(item)
            if refusal is None:
                if not isinstance(item, dict) or "result" not in item:
                    raise RetryLater(f"the node at {self.host} sent a damaged reply")
                answers[place] = item["result"]
            elif refusal.method_missing:
                self.lacks.add(calls[place][0])
                answers[place] = refusal
            elif _will_pass(calls[place][0], refusal):
                again.append(place)
            else:
                answers[place] = refusal
        return again

    async def _post(self, calls: list[Call]) -> Any:
        """One HTTP request, tried again where the way is bad; None where it should be smaller."""
        import aiohttp

        provider = await self._open()
        for attempt in range(ROUNDS):
            await self._pace.wait()
            self.requests += 1
            try:
                return await provider.make_batch_request(calls)
            except aiohttp.ClientResponseError as error:
                wait = await self._after_status(error, attempt, len(calls))
                if wait is None:
                    return None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if attempt + 1 == ROUNDS or isinstance(error, aiohttp.ClientConnectorError):
                    raise RetryLater(f"the node at {self.host} cannot be reached; check the RPC address") from None
                wait = 0.1 * 2**attempt
            except (ValueError, KeyError, TypeError, AttributeError):
                raise RetryLater(f"the node at {self.host} sent something that is not JSON-RPC; check the RPC address") from None
            await asyncio.sleep(wait)
        raise RetryLater(f"the node at {self.host} is limiting us or is down", after_seconds=LONGEST_WAIT_SECONDS)

    async def _after_status(self, error: Any, attempt: int, size: int) -> float | None:
        """Seconds to wait after an HTTP error; None where a smaller batch is the remedy."""
        status = int(error.status)
        if status in (401, 402, 403):
            raise AccessDenied(f"the node at {self.host} refuses us (HTTP {status}); check the key in the RPC address") from None
        if size > 1 and (status in (400, 413) or (status == 500 and attempt)):
            return None
        if status == 429 or status >= 500:
            said = _retry_after(error.headers)
            if said is not None and said > LONGEST_WAIT_SECONDS:
                raise RetryLater(f"the node at {self.host} asks for a pause", after_seconds=said) from None
            if status == 429 and attempt and size > 1:  # it waited as told and is still too much at once
                if said:
                    await asyncio.sleep(said)
                return None
            return said if said is not None else 0.1 * 2**attempt
        raise RetryLater(f"the node at {self.host} answered with HTTP {status}; check the RPC address") from None

    async def logs(self, filters: Sequence[Mapping[str, Any]], start: int, end: int) -> list[dict[str, Any]]:
        """eth_getLogs of every filter over the blocks start…end, halving ranges that the node finds too wide."""
        found: list[dict[str, Any]] = []
        windows = [(dict(wanted), start, end) for wanted in filters]
        while windows:
            span = self._log_span
            if span is not None:
                windows = [(f, low, min(low + span - 1, b)) for f, a, b in windows for low in range(a, b + 1, span)]
            calls: list[Call] = [("eth_getLogs", [{**f, "fromBlock": hex(a), "toBlock": hex(b)}]) for f, a, b in windows[: 5 * BATCH]]
            answers = await self.many(calls)
            halved: list[tuple[dict[str, Any], int, int]] = []
            for (wanted, low, high), answer in zip(windows, answers, strict=False):
                if not isinstance(answer, Refused):
                    if not isinstance(answer, list):
                        raise RetryLater(f"the node at {self.host} sent logs that are no list")
                    found.extend(answer)
                    continue
                if answer.method_missing or low == high:
                    raise self.denied("eth_getLogs", answer)
                middle = (low + high) // 2
                if not re.search(r"result|response|size|logs", answer.says, re.IGNORECASE) or "range" in answer.says.lower():
                    self._log_span = min(self._log_span or high, middle - low + 1)
                halved += [(wanted, low, middle), (wanted, middle + 1, high)]
            windows = halved + windows[len(calls) :]
        return found

    async def _open(self) -> Any:
        if self._provider is None:
            provider_class = await asyncio.to_thread(_provider_class)
            import aiohttp

            session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS), connector=aiohttp.TCPConnector(limit=4, keepalive_timeout=30)
            )
            provider = provider_class(
                self._url, request_kwargs={"timeout": aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)}, exception_retry_configuration=None
            )
            self._session = await provider.cache_async_session(session)
            self._provider = provider
        return self._provider

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._provider = self._session = None


def _provider_class() -> Any:
    from web3 import AsyncHTTPProvider

    # At debug level web3 logs the node's address, key included.
    for name in ("web3.providers.AsyncHTTPProvider", "web3._utils.http_session_manager", "web3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return AsyncHTTPProvider


def _refusal(item: Any) -> Refused | None:
    error = item.get("error") if isinstance(item, dict) else None
    if error is None:
        return None
    if not isinstance(error, dict):
        return Refused(0, str(error)[:200])
    code = error.get("code")
    return Refused(code if isinstance(code, int) else 0, str(error.get("message", ""))[:200])


def _will_pass(method: str, refusal: Refused) -> bool:
    """Whether the same call may succeed in a moment. A scan that ran out of time will not: it must become smaller."""
    if refusal.no_past_state or (method in ("eth_getLogs", "trace_filter") and re.search(r"time", refusal.says, re.IGNORECASE)):
        return False
    return refusal.code in (429, -32016) or bool(_PASSING.search(refusal.says))


def _retry_after(headers: Mapping[str, str] | None) -> float | None:
    said = (headers or {}).get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

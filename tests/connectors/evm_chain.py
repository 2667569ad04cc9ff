"""A real node with a few payments whose effect is known, and a proxy with a provider's limits and moods in front of it."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
from aiohttp import web

from connectors.contract import AccountRef, Cursor, Page, RawRecord, Source
from connectors.evm.connector import EvmConnector
from connectors.evm.logs import TRANSFER
from tests.node import NodeProcess
from tests.tools import anvil

ETHER = 10**18
ME = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
FRIEND = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
GENESIS = 1_700_000_000
FINAL_BELOW_HEAD = 4
"""finalized = head − 2 × slots in an epoch of 2."""

FORGER = "0x604035600052602035600035" + "7f" + TRANSFER[2:] + "60206000a300"
"""Runtime code of a contract that logs Transfer(from, to, value) as its caller pleases, and knows no balanceOf."""
RICH_FORGER = "0x3660601460155764010203040560005260206000f35b" + FORGER[2:]
"""The same, and every other question is answered with a large number."""
REVERTER = "0x60006000fd"


class Node:
    """anvil on loopback; blocks are mined by hand, twelve seconds apart, so that two runs are alike."""

    def __init__(self, chain_id: int = 1) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.chain_id = f"http://127.0.0.1:{self.port}", chain_id

    def __enter__(self) -> Self:
        words = f"--host 127.0.0.1 --port {self.port} --chain-id {self.chain_id} --timestamp {GENESIS} --slots-in-an-epoch 2 --no-mining"
        words += " --balance 0 --order fifo --max-persisted-states 10000"
        self.process = NodeProcess(anvil(), words.split())
        self("anvil_setBalance", FRIEND, hex(1000 * ETHER))
        self.mine()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()

    def __call__(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body, {"content-type": "application/json"}), timeout=30) as reply:
            answer = json.loads(reply.read())
        assert "error" not in answer, answer
        return answer["result"]

    @property
    def head(self) -> int:
        return int(self("eth_blockNumber"), 16)

    def mine(self, count: int = 1) -> None:
        for _ in range(count):
            last = int(self("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
            self("evm_setNextBlockTimestamp", last + 12)
            self("evm_mine")

    def send(self, *, sender: str = FRIEND, to: str | None = ME, value: int = 0, data: str = "0x", gas: int = 200_000) -> str:
        """Into the pool; `mine` puts it into a block."""
        request = {"from": sender, "value": hex(value), "data": data, "gas": hex(gas), "gasPrice": hex(5 * 10**9)}
        return str(self("eth_sendTransaction", request | ({"to": to} if to else {})))

    def pay(self, **how: Any) -> dict[str, Any]:
        """One transaction alone in the next block; its receipt."""
        self("anvil_impersonateAccount", how.get("sender", FRIEND))
        sent = self.send(**how)
        self.mine()
        receipt: dict[str, Any] = self("eth_getTransactionReceipt", sent)
        return receipt

    def bomb(self, value: int) -> str:
        """Pay ME by a selfdestruct inside a constructor: only traces, or the balance, show it."""
        receipt = self.pay(to=None, value=value, data="0x73" + ME[2:].lower() + "ff")
        assert receipt["status"] == "0x1"
        return str(receipt["transactionHash"])


def word(value: str | int) -> str:
    return f"{value:064x}" if isinstance(value, int) else value[2:].lower().rjust(64, "0")


@dataclass
class Provider:
    """What stands between us and the node: its limits, and replies that it gives instead of the node's, first come first served."""

    upstream: str
    batch: int | None = None
    log_range: int | None = None
    deny: tuple[str, ...] = ()
    no_past_below: int | None = None
    instead: deque[Callable[[], web.Response]] = field(default_factory=deque)
    calls: Counter[str] = field(default_factory=Counter)
    alter: Callable[[dict[str, Any], dict[str, Any]], None] = lambda _call, _reply: None
    """Changes the node's reply to a call."""
    cut: int | None = None
    """Which reply (counted from 1) breaks off in the middle."""
    posts: int = 0
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        async with aiohttp.ClientSession() as self.client:
            app = web.Application(client_max_size=2**26)
            app.router.add_post("/{key:.*}", self.handle)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v2/SECRETKEY?token=ALSOSECRET"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def handle(self, request: web.Request) -> web.Response:
        self.posts += 1
        if self.instead:
            return self.instead.popleft()()
        reply = await self.answer(request)
        if self.cut == self.posts:
            assert isinstance(reply.body, bytes)
            return web.Response(body=reply.body[: len(reply.body) // 2])
        return reply

    async def answer(self, request: web.Request) -> web.Response:
        calls = await request.json()
        self.calls.update(call["method"] for call in calls)
        if self.batch and len(calls) > self.batch:
            return web.json_response({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}})
        refused = {call["id"]: said for call in calls if (said := self.refusal(call))}
        passed = [call for call in calls if call["id"] not in refused]
        replies = [{"jsonrpc": "2.0", "id": id_, "error": said} for id_, said in refused.items()]
        if passed:
            async with self.client.post(self.upstream, json=passed) as reply:
                answered = await reply.json()
            asked = {call["id"]: call for call in passed}
            for one in answered:
                self.alter(asked[one["id"]], one)
            replies += answered
        return web.json_response(replies)

    def refusal(self, call: dict[str, Any]) -> dict[str, Any] | None:
        method, params = call["method"], call["params"]
        if self.deny and method.startswith(self.deny):
            return {"code": -32601, "message": f"the method {method} does not exist/is not available"}
        if method == "eth_getLogs" and self.log_range:
            low, high = (int(params[0][end], 16) for end in ("fromBlock", "toBlock"))
            if high - low + 1 > self.log_range:
                return {"code": -32602, "message": f"query exceeds max block range {self.log_range}"}
        if (
            self.no_past_below is not None
            and method in ("eth_getBalance", "eth_getTransactionCount")
            and int(params[1], 16) < self.no_past_below
        ):
            return {"code": -32000, "message": "missing trie node 9b8b (path ) state 0x9b8b is not available"}
        return None


ETHEREUM = {"chain_id": "1", "native": "eip155:1/slip44:60", "symbol": "ETH", "finality": "finalized"}


def connector(url: str, *addresses: str, **settings: str) -> EvmConnector:
    refs = tuple(AccountRef(f"acc{i}", address) for i, address in enumerate(addresses or (ME,)))
    return EvmConnector(Source("ethereum", refs, lambda: datetime.now(UTC), ETHEREUM | settings, {"rpc": url}, rate_scale=0))


@dataclass
class Pulled:
    """What a host would have stored after these pages."""

    records: dict[tuple[str, str], RawRecord] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    cursor: Cursor | None = None

    async def pull(self, reader: EvmConnector) -> Self:
        """All pages from the stored cursor on."""
        self.pages = []
        async for page in reader.fetch("chain", self.cursor):
            for key in page.withdrawn:
                self.records = {place: record for place, record in self.records.items() if place[1] != key}
            self.records |= {(record.account, record.key): record for record in page.records}
            self.cursor = page.resume_from
            self.pages.append(page)
        return self

    @property
    def proof(self) -> str:
        return self.pages[-1].coverage[0].proof

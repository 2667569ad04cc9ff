"""The running product against loopback sources: the command in its own process, the sandbox's servers in this one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from service.sandbox import SandboxChain, SandboxExchanges, SandboxInbox, wallet

PASSWORD = "a long enough password"
PRICES = {"BTC": 30000, "ETH": 1000, "SOL": 20, "LINK": 5, "ADA": "0.2", "DOT": 1, "BNB": 300}


@dataclass
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class World:
    """Async context: servers up, folders made, nothing added yet. The servers run on the wall clock, as the command does."""

    folder: Path
    """Made with a configuration that asks no price service: prices are imported."""
    environment: dict[str, str] = field(default_factory=dict)

    async def __aenter__(self):
        (self.folder / "config").mkdir(parents=True, exist_ok=True)
        (self.folder / "config/config.toml").write_text("price_sources = []\n")
        self._stack = AsyncExitStack()
        self.exchanges = await self._stack.enter_async_context(SandboxExchanges(now=lambda: datetime.now(UTC)))
        self.chain = await self._stack.enter_async_context(SandboxChain())
        self.inbox = await self._stack.enter_async_context(SandboxInbox())
        return self

    async def __aexit__(self, *error):
        await self._stack.aclose()

    def env(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
        return {
            **kept,
            "THRESHER_DATA_DIR": str(self.folder / "data"),
            "THRESHER_CONFIG_DIR": str(self.folder / "config"),
            "THRESHER_OWNER_PASSWORD": PASSWORD,
            "THRESHER_RATE_SCALE": "0",
            **self.environment,
            **more,
        }

    async def start(self, *arguments: str, **more: str) -> asyncio.subprocess.Process:
        """The command, running; the caller waits for it or ends it."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "service.cli",
            *arguments,
            env=self.env(**more),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, stdin: str = "", **more: str) -> Ran:
        process = await self.start(*arguments, **more)
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())

    def copied(self, folder: Path) -> World:
        """The same servers, a copy of the folder as it stands."""
        shutil.copytree(self.folder, folder)
        other = replace(self, folder=folder)
        other.exchanges, other.chain, other.inbox = self.exchanges, self.chain, self.inbox
        return other

    @property
    def database(self) -> Path:
        return self.folder / "data/thresher.db"

    def requests(self) -> int:
        """How many requests all servers have seen."""
        return len(self.exchanges.requests) + len(self.chain.requests)

    async def add_exchange(self, name: str, **credentials: str) -> Ran:
        told = json.dumps(credentials or self.exchanges.credentials[name])
        return await self.run(
            "account", "add", "exchange", name, "--base-url", self.exchanges.base[name], "--credentials-stdin", "--json", stdin=told
        )

    async def add_wallet(self) -> Ran:
        return await self.run(
            "account", "add", "evm", wallet(), "--chain", "ethereum", "--rpc", self.chain.url, "--label", "OneKey", "--json"
        )

    async def add_everything(self) -> None:
        """The four accounts, and a price of today for what they hold."""
        for name in ("binance", "kraken", "coinbase"):
            added = await self.add_exchange(name)
            assert added.code == 0, added.err
        added = await self.add_wallet()
        assert added.code == 0, added.err
        file = self.folder / "prices.csv"
        today = datetime.now(UTC).date().isoformat()
        file.write_text("date,asset,price_usd\n" + "".join(f"{today},{asset},{price}\n" for asset, price in PRICES.items()))
        assert (await self.run("prices", "import", str(file))).code == 0

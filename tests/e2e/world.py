"""The running product against loopback sources: the command in its own process, the sandbox's servers in this one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from service.sandbox import SandboxChain, SandboxExchanges, SandboxInbox, wallet

PASSWORD = "a long enough password"


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
    environment: dict[str, str] = field(default_factory=dict)

    async def __aenter__(self):
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
        assert (await self.run("init", "--json")).code == 0
        for name in ("binance", "kraken", "coinbase"):
            added = await self.add_exchange(name)
            assert added.code == 0, added.err
        added = await self.add_wallet()
        assert added.code == 0, added.err

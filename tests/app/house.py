"""An App over a real SQLite database, a scripted connector, and doors that remember what went through them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from connectors.clients.secrets import secret_kind
from connectors.contract import (
    AccessDenied,
    Asset,
    Balance,
    Balances,
    Coverage,
    Cursor,
    Field,
    Identity,
    InvalidInput,
    Leg,
    Page,
    Quote,
    RawRecord,
    Source,
    Spec,
    Transaction,
)
from service import settings as configuration
from service.app.ports import App, Signing
from service.domain.alerts import Message
from service.store import leases_for, open_store
from service.vault import create_master_key, open_vault
from service.wiring import Quiet, best_plan, jurisdiction, tax_rules

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Script:
    """What the scripted source holds, and what it does wrong. A row: (key, day, legs, hint)."""

    rows: list[tuple[str, datetime, list[tuple[str, str]], str]] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)
    """Raised one by one, each by the next page."""
    denied: str = ""
    pages_served: int = 0
    page_size: int = 2


class Scripted:
    """A connector whose world is a Script in Source.shared's place: `Scripted.scripts[source name]`."""

    spec = Spec("scripted", "exchange", "1", (Field("token", "any text", secret=True),))
    scripts: ClassVar[dict[str, Script]] = {}
    streams = ("rows",)

    def __init__(self, source: Source) -> None:
        if source.name not in self.scripts:
            raise InvalidInput("source", f"no script is called {source.name}")
        self.source, self.script = source, self.scripts[source.name]

    async def probe(self) -> Identity:
        if self.script.denied:
            raise AccessDenied(self.script.denied, ["trade"])
        return Identity(self.source.name, "read-only")

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        start = int(since or 0)
        while True:
            if self.script.faults:
                raise self.script.faults.pop(0)
            chosen = self.script.rows[start : start + self.script.page_size]
            start += len(chosen)
            self.script.pages_served += 1
            done = start >= len(self.script.rows)
            account = self.source.accounts[0].id
            coverage = (Coverage(account, stream, None, self.source.now(), "count reached"),) if done else ()
            records = tuple(
                RawRecord(account, stream, key, at, json.dumps({"legs": legs, "hint": hint, "at": at.isoformat()}))
                for key, at, legs, hint in chosen
            )
            yield Page(records, Cursor(str(start)), coverage=coverage)
            if done:
                return

    async def balances(self, at: Mapping[str, Cursor]) -> Balances:
        account = self.source.accounts[0].id
        held = tuple(Balance(account, Asset(a), Decimal(q)) for a, q in self.script.declared.items())
        return Balances(held, self.source.now())

    async def aclose(self) -> None: ...

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction]:
        for record in records:
            told = json.loads(record.payload)
            legs = tuple(Leg(Asset(asset), Decimal(quantity)) for asset, quantity in told["legs"])
            yield Transaction(record.account, (f"{record.stream}/{record.key}",), record.occurred_at, legs, told["hint"])


class Post:
    """A notifier that keeps what it sent; `down` says why it fails."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.signed: list[Signing | None] = []
        self.down = ""

    async def send(self, url: str, message: Message, signing: Signing | None = None) -> str | None:
        self.signed.append(signing)
        if self.down:
            return self.down
        self.sent.append((url, message))
        return None

    def can_sign(self, url: str) -> bool:
        return url.startswith("json")

    def shown(self, url: str) -> str:
        return url.partition("://")[0] + "://…"


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def pass_time(self, **what: float) -> None:
        self.at += timedelta(**what)


@dataclass
class House:
    app: App
    clock: Clock
    post: Post
    waits: list[float]

    async def price(self, **prices: str) -> None:
        """Fresh imported prices, by symbol."""
        quotes = [
            Quote(coin.id, "USD", Decimal(price), self.clock(), "import", "instant")
            for symbol, price in prices.items()
            if (coin := self.app.assets.find(symbol))
        ]
        await self.app.store.save_quotes(quotes, self.clock())


@asynccontextmanager
async def house(folder: Path, scripts: dict[str, Script], *, sleep: Callable[[float], None] | None = None) -> AsyncIterator[House]:
    env = {"THRESHER_DATA_DIR": str(folder / "data"), "THRESHER_CONFIG_DIR": str(folder / "config")}
    settings = configuration.load(env)
    create_master_key(settings.config_dir)
    clock, post, waits = Clock(), Post(), []
    Scripted.scripts = scripts

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        if sleep is not None:
            sleep(seconds)

    store = await open_store(settings, clock)
    try:
        yield House(
            App(
                store=store,
                vault=await open_vault(settings, env, store),
                leases=leases_for(settings, store),
                notifier=post,
                open_connector=lambda _name, source: Scripted(source),
                connector_class=lambda _name: Scripted,
                prices=[],
                assets=configuration.asset_table(settings),
                rules_of=lambda year, status: tax_rules(settings, year, status),
                jurisdiction_of=lambda code: jurisdiction(settings, code),
                chains={},
                settings=settings,
                now=clock,
                progress=Quiet(),
                secret_kind=secret_kind,
                best_plan=best_plan,
                sleep=wait,
            ),
            clock,
            post,
            waits,
        )
    finally:
        await store.close()

"""The only place that constructs: settings → App. Everything else takes what it needs as an argument.

Also looks for intruders: `service` and `connectors` are names of other distributions too, and a foreign file among
ours would run with our keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import packages_distributions
from pathlib import Path

from connectors import registry
from connectors.clients.secrets import secret_kind
from connectors.contract import PriceSource, Shared, Source
from service import rules_files
from service import settings as configuration
from service.app.ports import App, Progress, Refused, Vault
from service.domain.plan import Problem
from service.domain.rules import Jurisdiction, Rules
from service.domain.tax import FilingStatus
from service.notify import AppriseNotifier
from service.settings import Settings
from service.store import SqlStore, leases_for, open_store
from service.vault import create_master_key, open_vault


class Quiet:
    """Progress that says nothing."""

    def stage(self, subject: str, what: str) -> None: ...

    def rows(self, subject: str, new: int) -> None: ...

    def done(self, subject: str, says: str = "") -> None: ...


class ClosedVault:
    """Stands in where there is no master key: reading what is not secret goes on, the first secret is refused."""

    def __init__(self, why: Refused) -> None:
        self._why = why

    def seal(self, plain: str, where: tuple[str, str, str]) -> bytes:
        del plain, where
        raise self._why

    def open(self, sealed: bytes, where: tuple[str, str, str]) -> str:
        del sealed, where
        raise self._why


def wall_clock() -> datetime:
    return datetime.now(UTC)


def intruders() -> list[str]:
    """Distributions other than ours that install a package named service or connectors."""
    found = packages_distributions()
    names = {name for package in ("service", "connectors") for name in found.get(package, [])}
    return sorted(names - {"thresher"})


def prepare(env: Mapping[str, str]) -> Path | None:
    """Folders and, where no other source of it is named, a master key. Returns the key's file, None where it lies elsewhere."""
    settings = loaded(env)
    if settings.master_key_file or env.get("THRESHER_MASTER_KEY") or env.get("THRESHER_PASSPHRASE"):
        return settings.master_key_file
    return create_master_key(settings.config_dir)


@asynccontextmanager
async def opened(
    env: Mapping[str, str],
    *,
    progress: Progress | None = None,
    now: Callable[[], datetime] = wall_clock,
    settings: Settings | None = None,
) -> AsyncIterator[App]:
    """An App with its database open; closes it and every client at the end. Raises Refused for unusable settings."""
    if foreign := await asyncio.to_thread(intruders):
        raise Refused(
            "installation", f"{', '.join(foreign)} installs packages of the same names as thresher; use an environment of its own"
        )
    settings = settings or loaded(env)
    try:
        assets, chains = configuration.asset_table(settings), configuration.chains(settings)
    except ValueError as wrong:
        raise Refused("configuration", str(wrong)) from None
    store = await open_store(settings, now)
    shared = Shared()
    prices = [_price_source(name, url, now, shared, settings) for name, url in settings.price_sources]
    try:
        yield App(
            store=store,
            vault=await _vault(settings, env, store),
            leases=leases_for(settings, store),
            notifier=AppriseNotifier(),
            open_connector=registry.open_connector,
            connector_class=registry.connector,
            prices=prices,
            assets=assets,
            rules_of=lambda year, status: tax_rules(settings, year, status),
            jurisdiction_of=lambda code: jurisdiction(settings, code),
            chains=chains,
            settings=settings,
            now=now,
            progress=progress or Quiet(),
            secret_kind=secret_kind,
            best_plan=best_plan,
            sleep=asyncio.sleep,
        )
    finally:
        for source in prices:
            await source.aclose()
        await shared.aclose()
        await store.close()


def best_plan(problem: Problem) -> tuple[Decimal, ...]:
    """NumPy and HiGHS take a moment to import, and few commands plan."""
    from service.solver import best

    return best(problem)


def loaded(env: Mapping[str, str]) -> Settings:
    """Raises Refused for settings that cannot be used."""
    try:
        return configuration.load(env)
    except ValueError as wrong:
        raise Refused("configuration", str(wrong)) from None


def tax_rules(settings: Settings, year: int, status: FilingStatus) -> Rules:
    """The rules of a year for those who file so. Raises Refused for a year without usable figures."""
    try:
        return rules_files.rules(settings, year, status=status)
    except ValueError as wrong:
        raise Refused("year", str(wrong)) from None


def jurisdiction(settings: Settings, code: str) -> Jurisdiction:
    """Everything that its rules state. Raises Refused for files that cannot be used."""
    try:
        return rules_files.jurisdiction(settings, code)
    except ValueError as wrong:
        raise Refused("rules", str(wrong)) from None


async def _vault(settings: Settings, env: Mapping[str, str], store: SqlStore) -> Vault:
    try:
        return await open_vault(settings, env, store)
    except Refused as why:
        return ClosedVault(why)


def _price_source(name: str, base_url: str, now: Callable[[], datetime], shared: Shared, settings: Settings) -> PriceSource:
    told = {"base_url": base_url} if base_url else {}
    source = Source(name=name, accounts=(), now=now, settings=told, shared=shared, rate_scale=settings.rate_scale)
    return registry.open_prices("exchanges", source)

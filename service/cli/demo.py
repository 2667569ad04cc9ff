"""`thresher demo`: the main job on a sandbox that ships with the product.

Loopback servers hold one person's four years on Binance, Kraken, Coinbase and a watch-only OneKey address. The real
connectors pull all of it over real HTTP with verified signatures; nothing is put into the ledger by another way. The
sandbox has its own clock and its own data folder, so that the answer is the same on every day, and a second run changes nothing.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from service import wiring
from service.app import access, holder, queries, sources
from service.app import sync as syncing
from service.app.ports import App, Busy, Refused, Stopped
from service.app.sync import SyncReport
from service.cli.running import DONE, OPEN, Bars, complain, show
from service.cli.serving import serve
from service.cli.tables import counted, day, labels, money, print_table, quantity
from service.sandbox import NOW, SandboxChain, SandboxExchanges, SandboxInbox, wallet

INBOX = "sandbox inbox"
WALLET = "OneKey"


async def demonstrate(folder: Path | None, *, serve_after: bool, as_json: bool) -> int:
    """0 when every account's rows add up to what its source declares and an alert was delivered, else 1."""
    started = time.monotonic()

    def clock() -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - started)

    env = _environment(folder)
    try:
        async with AsyncExitStack() as stack:
            exchanges = await stack.enter_async_context(SandboxExchanges(now=clock))
            chain = await stack.enter_async_context(SandboxChain())
            inbox = await stack.enter_async_context(SandboxInbox())
            bars = stack.enter_context(Bars(shown=not as_json and sys.stderr.isatty()))
            wiring.prepare(env)
            settings = replace(wiring.loaded(env), price_sources=tuple(sorted(exchanges.base.items())), database_url="")
            app = await stack.enter_async_context(wiring.opened(env, progress=bars, now=clock, settings=settings))
            report = await _pull(app, exchanges, chain, inbox)
            told = await _told(app, report, time.monotonic() - started)
            show({"demo": told}, as_json=as_json, table=lambda _: _print(told))
            if serve_after:
                await _serve(app)
            return DONE if told["equal"] and told["alerts_delivered"] > 0 else OPEN
    except (Refused, Stopped, Busy) as refused:
        complain(f"demo: {refused}")
        return OPEN


def _environment(folder: Path | None) -> Mapping[str, str]:
    place = folder or wiring.loaded(os.environ).data_dir / "demo"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
    return {
        **kept,
        "THRESHER_DATA_DIR": str(place / "data"),
        "THRESHER_CONFIG_DIR": str(place / "config"),
        "THRESHER_RATE_SCALE": "0",
    }


async def _pull(app: App, exchanges: SandboxExchanges, chain: SandboxChain, inbox: SandboxInbox) -> SyncReport:
    for name in ("binance", "kraken", "coinbase"):
        await sources.add_exchange(app, name, exchanges.credentials[name], exchanges.base[name], name.capitalize())
    await sources.add_evm(app, wallet(), "ethereum", chain.url, WALLET)
    known = [c for c in await app.store.channels() if c.label == INBOX]
    if known:  # the inbox has another port in every run
        await app.store.save_sealed("channel", known[0].id, {"url": app.vault.seal(inbox.url, ("channel", known[0].id, "url"))})
    else:
        await holder.add_channel(app, inbox.url, INBOX)
    return await syncing.sync(app)


async def _told(app: App, report: SyncReport, seconds: float) -> dict[str, Any]:
    accounts = (await queries.accounts(app))["accounts"]
    balances = (await queries.balances(app))["balances"]
    alerts = (await queries.alerts(app))["alerts"]
    lots = [x for x in (await queries.lots(app))["lots"] if (x["unrealised"] or "0").startswith("-")]
    unequal = {b["account"] for b in balances if (b["difference"] or "0") != "0" and "spam" not in b["flags"]}
    synced = {p.account for p in report.accounts if p.outcome == "synced"}
    return {
        "accounts": accounts,
        "balances": balances,
        "account_equal": {a["id"]: a["id"] in synced and a["id"] not in unequal for a in accounts},
        "equal": not unequal and len(synced) == len(accounts),
        "says": {p.label: p.says for p in report.accounts if p.outcome != "synced"},
        "lots_at_a_loss": lots,
        "alerts": alerts,
        "alerts_delivered": sum(any(d["state"] == "delivered" for d in a["deliveries"]) for a in alerts),
        "new_messages": len(report.evaluation.said),
        "overview": (await queries.overview(app))["overview"],
        "issues": (await queries.issues(app))["issues"],
        "changed": report.changed,
        "new_rows": sum(p.new for p in report.accounts),
        "seconds": f"{seconds:.1f}",
    }


def _print(told: dict[str, Any]) -> None:
    names = labels(told["accounts"])
    rows = [
        (
            names[b["account"]],
            b["symbol"],
            quantity(b["derived"]),
            quantity(b["declared"]),
            "=" if b["difference"] == "0" else quantity(b["difference"]),
        )
        for b in told["balances"]
        if (b["derived"], b["declared"]) != ("0", "0")
    ]
    heads = ("account", "asset", "derived", "declared", "difference")
    print_table("Balances", heads, rows, empty="no balances", right=heads[2:])
    columns = ("account", "asset", "quantity", "basis", "acquired", "term", "value", "loss")
    print_table(
        "Open lots at a loss",
        columns,
        [
            (
                names[x["account"]],
                x["symbol"],
                quantity(x["quantity"]),
                money(x["basis"]),
                day(x["acquired_at"]),
                x["term"],
                money(x["value"]),
                money(x["unrealised"]),
            )
            for x in told["lots_at_a_loss"]
        ],
        empty="No open lot is at a loss.",
        right=(columns[2], columns[3], *columns[6:]),
    )
    for alert in told["alerts"]:
        typer.echo(f"\n[{alert['state']}] {alert['message']}")
    typer.echo("")
    for account in told["accounts"]:
        equal = told["account_equal"][account["id"]]
        typer.echo(f"{account['label']}: derived {'=' if equal else '≠'} declared")
    for label, says in told["says"].items():
        typer.echo(f"{label}: {says}")
    overview = told["overview"]
    currency = overview["currency"]
    typer.echo(f"Alerts delivered: {told['alerts_delivered']} ({told['new_messages']} new in this run)")
    typer.echo(f"Estimated saving in {overview['realised']['year']}: {money(overview['saving'], currency)} after costs")
    typer.echo(f"Issues for you to look at: {len(told['issues'])}")
    if told["changed"]:
        typer.echo(f"{counted(told['new_rows'], 'row')} read and the ledger rebuilt, in {told['seconds']} s.")
    else:
        typer.echo(f"Nothing changed since the last run ({told['seconds']} s).")


async def _serve(app: App) -> None:
    password = os.environ.get("THRESHER_OWNER_PASSWORD") or secrets.token_urlsafe(12)
    await access.set_password(app, password)
    typer.echo(f"owner password of the demo: {password}", err=True)
    await serve(app, app.settings.http_host, app.settings.http_port)

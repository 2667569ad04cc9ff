"""What is done: init, sync, evaluate, prices, serve, demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, PERSON, AsJson, complain, run, show
from service.cli.tables import counted, minute, money, print_table

if TYPE_CHECKING:
    from service.app.ports import App

prices = typer.Typer(help="Current, historic and manual prices.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(init)
    app.command()(sync)
    app.command()(evaluate)
    app.command()(serve)
    app.add_typer(prices, name="prices")


def init(as_json: AsJson = False) -> int:
    """Make the data folder, the database, the master key and the owner's password. Running it again changes nothing."""
    from service import wiring
    from service.app.ports import Refused

    try:
        key_file = wiring.prepare(os.environ)
    except Refused as refused:
        complain(f"{refused.field}: {refused}")
        return 2

    async def use(app: App) -> int:

        made = None
        known = await app.store.owner_hash() is not None
        if not known:
            made = await _owner_password(app)
        told = {
            "init": {
                "data_dir": str(app.settings.data_dir),
                "config_dir": str(app.settings.config_dir),
                "master_key": str(key_file) if key_file else "from the environment",
                "owner_password": "kept" if known else ("made" if made else "set"),
                **({"password": made} if made else {}),
            }
        }

        def table(_: object) -> None:
            typer.echo(f"data in {app.settings.data_dir}, configuration in {app.settings.config_dir}")
            typer.echo(f"master key: {told['init']['master_key']} (back it up apart from the data: without it the keys cannot be read)")
            if made:
                typer.echo(f"owner password, shown this once: {made}")

        show(told, as_json=as_json, table=table)
        return DONE

    return run(use, as_json=as_json)


async def _owner_password(app: App) -> str | None:
    """Sets it from the environment or a prompt; makes one where there is neither, and returns it."""
    import secrets

    from service.app import access

    if given := os.environ.get("THRESHER_OWNER_PASSWORD"):
        await access.set_password(app, given)
        return None
    if sys.stdin.isatty():
        await access.set_password(app, typer.prompt("Owner password", hide_input=True, confirmation_prompt=True))
        return None
    made = secrets.token_urlsafe(15)
    await access.set_password(app, made)
    return made


def sync(
    accounts: Annotated[list[str] | None, typer.Argument(metavar="[ACCOUNT…]", help="Ids or labels; all by default.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read from the beginning again; known rows change nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Pull new rows, rebuild the ledger, evaluate, deliver alerts. Safe to interrupt."""

    async def use(app: App) -> int:
        from service.app import queries
        from service.app import sync as syncing

        report = await syncing.sync(app, accounts, full)
        open_issues = [i for i in (await queries.issues(app))["issues"] if i["severity"] != "info"]
        worth = sum(not o.blocked_by for o in report.evaluation.opportunities)
        told = {
            "sync": {
                "accounts": [
                    {
                        "account": p.account,
                        "label": p.label,
                        "outcome": p.outcome,
                        "new": p.new,
                        "changed": p.changed,
                        "says": p.says or None,
                    }
                    for p in report.accounts
                ],
                "changed": report.changed,
                "ledger": report.ledger,
                "opportunities": worth,
                "messages": len(report.evaluation.said),
                "delivered": report.evaluation.delivered,
                "issues": len(open_issues),
            }
        }
        rows = [(p.label, p.outcome, f"{p.new:,}", f"{p.changed:,}", p.says) for p in report.accounts]

        def table(_: object) -> None:
            print_table("Sync", ("account", "outcome", "new", "changed", "says"), rows, empty="No accounts yet.", right=("new", "changed"))
            typer.echo("nothing changed" if not report.changed else "the ledger was rebuilt")
            typer.echo(
                f"{counted(worth, 'opportunity', 'opportunities')}, "
                f"{counted(len(report.evaluation.said), 'new message')}, {counted(len(open_issues), 'open issue')}"
            )

        show(told, as_json=as_json, table=table)
        for pulled in report.accounts:
            if pulled.outcome in ("refused", "error", "busy"):
                complain(f"{pulled.label}: {pulled.says}")
        if any(p.outcome == "refused" for p in report.accounts):
            return PERSON
        return OPEN if open_issues or any(p.outcome in ("error", "busy") for p in report.accounts) else DONE

    return run(use, as_json=as_json)


def evaluate(
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="As if it were that time (UTC), by stored prices; not before what was said last."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Ask for current prices, decide, deliver: what a sync ends with."""

    async def use(app: App) -> int:
        from service.app import evaluate as evaluating
        from service.cli.lots import time_of

        moment = time_of(at, "at")
        done = await (evaluating.evaluate(app) if moment is None else evaluating.evaluate_at(app, moment))
        worth = sum(not o.blocked_by for o in done.opportunities)
        told = {"evaluation": {"opportunities": worth, "messages": len(done.said), "delivered": done.delivered, "issues": len(done.issues)}}
        show(
            told,
            as_json=as_json,
            table=lambda _: typer.echo(
                f"{counted(worth, 'opportunity', 'opportunities')}, {counted(len(done.said), 'new message')}, {done.delivered} delivered, "
                f"{counted(len(done.issues), 'price issue')}"
            ),
        )
        return OPEN if done.issues else DONE

    return run(use, as_json=as_json)


def serve(
    host: Annotated[str | None, typer.Option(help="`http_host` of the settings by default (loopback).")] = None,
    port: Annotated[int | None, typer.Option(help="`http_port` of the settings by default (8321).")] = None,
) -> int:
    """Web page, JSON API and scheduler in one process."""

    async def use(app: App) -> int:
        from service.cli.serving import serve as serving

        await serving(app, host or app.settings.http_host, port if port is not None else app.settings.http_port)
        return DONE

    return run(use)


def demo(
    serve_after: Annotated[bool, typer.Option("--serve", help="Leave the web page running on it.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where the demo keeps its data.")] = None,
    as_json: AsJson = False,
) -> int:
    """The main job on a sandbox: loopback exchanges and a chain, real connectors, sync, reconcile, alerts."""
    import asyncio

    from service.cli.demo import demonstrate

    return asyncio.run(demonstrate(folder, serve_after=serve_after, as_json=as_json))


@prices.command("import")
def import_prices(
    file: Annotated[Path, typer.Argument(help="CSV: date (or time), asset, price_usd.")],
    as_json: AsJson = False,
) -> int:
    """Manual and historic prices. All lines or none."""

    async def use(app: App) -> int:
        from service.app import price_file, rebuild
        from service.app.ports import Refused

        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as unreadable:
            raise Refused("file", f"{file} cannot be read as text: {unreadable.__class__.__name__}") from None
        new, known = await price_file.import_prices(app, lines)
        if new:
            await rebuild.rebuild(app)
        show(
            {"prices": {"new": new, "known": known}},
            as_json=as_json,
            table=lambda _: typer.echo(f"{new} new prices, {known} known already"),
        )
        return DONE

    return run(use, as_json=as_json)


@prices.command("show")
def show_prices(as_json: AsJson = False) -> int:
    """The newest price of each held asset from each source, with its time."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.prices(app)
        rows = [(p["symbol"], money(p["price"]), p["source"], minute(p["at"]), p["span"]) for p in answer["prices"]]
        columns = ("asset", "price", "source", "time (UTC)", "span")
        show(answer, as_json=as_json, table=lambda _: print_table("Prices", columns, rows, empty="No prices yet.", right=("price",)))
        return DONE

    return run(use, as_json=as_json)

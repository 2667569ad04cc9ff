"""The holder's word: figures and thresholds, alerts, API tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, AsJson, run, show
from service.cli.tables import minute, money, print_table

if TYPE_CHECKING:
    from service.app.ports import App

profile = typer.Typer(help="Your figures: rates, results elsewhere, thresholds, costs.", no_args_is_help=True)
alerts = typer.Typer(help="What was said, and what to do about it.", no_args_is_help=True)
token = typer.Typer(help="API tokens.", no_args_is_help=True)

WhichAlert = Annotated[str, typer.Argument(metavar="ALERT", help="Its id.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(profile, name="profile")
    app.add_typer(alerts, name="alerts")
    app.add_typer(token, name="token")


@profile.command("set")
def set_profile(
    figures: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="short_rate=0.32, loss=500, loss@eth=250, …")],
    as_json: AsJson = False,
) -> int:
    """Set figures by name. `thresher profile show` lists the names."""

    async def use(app: App) -> int:
        from service.app import holder, queries
        from service.app.ports import Refused

        words = {}
        for word in figures:
            name, equals, value = word.partition("=")
            if not equals:
                raise Refused("figures", "write NAME=VALUE, such as short_rate=0.32")
            words[name] = value
        await holder.set_profile(app, words)
        show(await queries.profile(app), as_json=as_json, table=lambda told: _print_profile(told["profile"]))
        return DONE

    return run(use, as_json=as_json)


@profile.command("show")
def show_profile(as_json: AsJson = False) -> int:
    """All figures in force."""

    async def use(app: App) -> int:
        from service.app import queries

        show(await queries.profile(app), as_json=as_json, table=lambda told: _print_profile(told["profile"]))
        return DONE

    return run(use, as_json=as_json)


def _print_profile(figures: dict[str, str]) -> None:
    print_table("Profile", ("name", "value"), list(figures.items()), empty="")


@alerts.command("list")
def list_alerts(as_json: AsJson = False) -> int:
    """Newest first, with what became of each message."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.alerts(app)
        rows = [
            (
                minute(a["created_at"]),
                a["state"],
                money(a["net"]),
                f"over: {a['resolved_because']}" if a["resolved_because"] else a["message"],
                "; ".join(f"{d['channel']} {d['state']}" for d in a["deliveries"]) or "no channel",
                a["id"],
            )
            for a in answer["alerts"]
        ]
        columns = ("time (UTC)", "state", "net saving", "message", "delivered", "id")
        show(
            answer,
            as_json=as_json,
            table=lambda _: print_table("Alerts", columns, rows, empty="Nothing was worth a word yet.", right=("net saving",)),
        )
        return DONE

    return run(use, as_json=as_json)


@alerts.command("ack")
def acknowledge(alert: WhichAlert, as_json: AsJson = False) -> int:
    """Seen: it speaks no more until it is over."""

    async def use(app: App) -> int:
        from service.app import holder

        changed = await holder.acknowledge(app, alert)
        show({"alert": {"id": changed.id, "state": changed.state}}, as_json=as_json, table=lambda _: typer.echo("acknowledged"))
        return DONE

    return run(use, as_json=as_json)


@alerts.command("snooze")
def snooze(
    alert: WhichAlert,
    until: Annotated[str, typer.Option(metavar="TIME", help="2026-12-01 or 2026-12-01T09:00 (UTC).")],
    as_json: AsJson = False,
) -> int:
    """Quiet until a time."""

    async def use(app: App) -> int:
        from service.app import holder
        from service.app.ports import Refused

        try:
            at = datetime.fromisoformat(until)
        except ValueError:
            raise Refused("until", "give a time such as 2026-12-01T09:00") from None
        changed = await holder.snooze(app, alert, at if at.tzinfo else at.replace(tzinfo=UTC))
        show({"alert": {"id": changed.id, "state": changed.state}}, as_json=as_json, table=lambda _: typer.echo("snoozed"))
        return DONE

    return run(use, as_json=as_json)


@alerts.command("explain")
def explain(alert: WhichAlert, as_json: AsJson = False) -> int:
    """The inputs that the alert rests on, and its figures computed again from them. Exit 1 where they differ."""

    async def use(app: App) -> int:
        from service.app import holder

        told = await holder.explain_alert(app, alert)

        def table(_: object) -> None:
            typer.echo(str(told["message"]))
            typer.echo(f"reproduced byte for byte: {'yes' if told['reproduced'] else 'NO'}")
            typer.echo(str(told["recomputed"]))

        show({"explanation": told}, as_json=as_json, table=table)
        return DONE if told["reproduced"] else OPEN

    return run(use, as_json=as_json)


@alerts.command("test")
def send_test(as_json: AsJson = False) -> int:
    """A test message through every channel."""

    async def use(app: App) -> int:
        from service.app import holder, outbox

        sent = await holder.test_alert(app)
        arrived = await outbox.deliver(app)
        show({"test": {"sent": sent, "arrived": arrived}}, as_json=as_json, table=lambda _: typer.echo(f"{arrived} of {sent} arrived"))
        return DONE if arrived >= sent else OPEN

    return run(use, as_json=as_json)


@token.command("new")
def new_token(label: Annotated[str, typer.Option(help="What it is for.")] = "token", as_json: AsJson = False) -> int:
    """A new API token, shown this once."""

    async def use(app: App) -> int:
        from service.app import access

        secret = await access.new_token(app, label)
        show({"token": {"label": label, "secret": secret}}, as_json=as_json, table=lambda _: typer.echo(secret))
        return DONE

    return run(use, as_json=as_json)

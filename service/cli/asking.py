"""What can be asked: balances, lots, transactions, issues, coverage, harvest."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.lots import lots_commands
from service.cli.running import DONE, OPEN, Answer, AsJson, run, show
from service.cli.tables import ID, day, labels, minute, money, print_table, quantity

if TYPE_CHECKING:
    from service.app.ports import App

MANY = 1000
"""From here on a price is read with two places."""
issues_commands = typer.Typer(help="What is open, and the holder's word on it.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.command()(balances)
    app.add_typer(lots_commands, name="lots")
    app.command()(transactions)
    app.command()(coverage)
    app.command()(harvest)
    app.add_typer(issues_commands, name="issues")


def balances(
    as_json: AsJson = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="What the rows up to the end of this day (UTC) add up to.")
    ] = None,
) -> int:
    """Derived beside declared, for each account and asset. Exit 1 where they differ."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.balances(app, as_of=_end_of(as_of) if as_of else None)
        names = labels((await queries.accounts(app))["accounts"])
        rows = [
            (
                names.get(b["account"], b["account"]),
                b["symbol"],
                quantity(b["derived"]),
                quantity(b["declared"]),
                _gap(b["difference"]),
                ", ".join(b["flags"]),
            )
            for b in answer["balances"]
            if b["derived"] != "0" or (b["declared"] or "0") != "0" or b["flags"]
        ]
        columns = ("account", "asset", "derived", "declared", "difference", "flags")
        show(
            answer,
            as_json=as_json,
            table=lambda _: print_table(
                "Balances", columns, rows, empty="No balances yet: add an account, then `thresher sync`.", right=columns[2:5]
            ),
        )
        return OPEN if any(not b["explained"] and "spam" not in b["flags"] for b in answer["balances"]) else DONE

    return run(use, as_json=as_json)


def transactions(
    as_json: AsJson = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the newest N.")] = None,
) -> int:
    """What moved, one row an account and source transaction."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.transactions(app, limit)
        names = labels((await queries.accounts(app))["accounts"])
        rows = [
            (
                t["id"],
                minute(t["occurred_at"]),
                names.get(t["account"], t["account"]),
                t["kind"],
                "; ".join(f"{quantity(leg['quantity'])} {leg['symbol']}{' fee' if leg['is_fee'] else ''}" for leg in t["legs"]),
                "matched" if t["matched_with"] else "",
                ", ".join(t["flags"]),
            )
            for t in answer["transactions"]
        ]
        columns = (ID, "time (UTC)", "account", "kind", "moved", "match", "flags")
        show(answer, as_json=as_json, table=lambda _: print_table("Transactions", columns, rows, empty="No transactions yet."))
        return DONE

    return run(use, as_json=as_json)


def coverage(as_json: AsJson = False) -> int:
    """What is proven complete, stream by stream, and how. Exit 1 where something is unproven."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.coverage(app)
        names = labels((await queries.accounts(app))["accounts"])
        rows = [
            (
                names.get(c["account"], c["account"]),
                c["stream"],
                day(c["from"]) if c["from"] else "the beginning",
                minute(c["to"]),
                c["proof"],
                "; ".join(g["why"] for g in c["unreachable"]),
            )
            for c in answer["coverage"]
        ]
        columns = ("account", "stream", "from", "to (UTC)", "proof", "out of reach")
        show(answer, as_json=as_json, table=lambda _: print_table("Coverage", columns, rows, empty="Nothing was read yet."))
        return OPEN if any(c["proof"].startswith("unproven") or c["unreachable"] for c in answer["coverage"]) else DONE

    return run(use, as_json=as_json)


def harvest(
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Also at which price each holding becomes worth a word, and above which its alert is over.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """What selling now would save after tax and costs, best first; what is blocked, and why; what cannot be sold."""

    async def use(app: App) -> int:
        from service.app import ladder as laddering
        from service.app import queries, view

        answer = await queries.harvest(app)
        if ladder:
            answer |= await laddering.ladder(app)
        names = labels((await queries.accounts(app))["accounts"])
        show(answer, as_json=as_json, table=lambda told: print_harvest(told, names))
        seen = await view.view(app)
        return OPEN if view.silent(seen, view.opportunities(seen)) else DONE

    return run(use, as_json=as_json)


def print_harvest(answer: Answer, names: dict[str, str]) -> None:
    columns = ("account", "asset", "lots", "quantity", "loss", "term", "saving", "costs", "net", "at least", "certainty", "blocked by")
    rows = [
        (
            names.get(o["account"], o["account"]),
            o["symbol"],
            str(len(o["lots"])),
            quantity(o["quantity"]),
            money(o["loss"]),
            o["term"],
            money(o["saving"]),
            money(o["costs"]),
            money(o["net"]),
            money(o["net_low"]),
            o["certainty"],
            "; ".join(o["blocked_by"]),
        )
        for o in answer["opportunities"]
    ]
    print_table("Harvest", columns, rows, empty="Nothing loses at current prices.", right=(*columns[3:5], *columns[6:10]))
    if answer["unsellable"]:
        apart = [
            (names.get(u["account"], u["account"]), u["symbol"], quantity(u["quantity"]), money(u["basis"]), u["reason"].replace("_", " "))
            for u in answer["unsellable"]
        ]
        print_table("Cannot be sold", ("account", "asset", "quantity", "basis", "why"), apart, empty="", right=("quantity", "basis"))
    if "ladder" in answer:
        steps = [
            (names.get(r["account"], r["account"]), r["symbol"], *(price(r[key]) for key in ("price", "fires_at", "ends_above")))
            for r in answer["ladder"]
        ]
        heads = ("account", "asset", "price", "worth a word at", "over above")
        print_table("Ladder", heads, steps, empty="Nothing with a price is held.", right=heads[2:])


def price(text: str | None) -> str:
    """To six digits: what a person compares with a price."""
    return "never" if text is None else f"{Decimal(text):.6g}" if Decimal(text) < MANY else f"{Decimal(text):,.2f}"


@issues_commands.callback()
def issues(context: typer.Context, as_json: AsJson = False) -> int | None:
    """What is open, with a remedy each. Exit 1 while there is something."""
    if context.invoked_subcommand is not None:
        return None

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.issues(app)
        rows = [(i["id"], i["severity"], i["kind"], i["says"], i["remedy"]) for i in answer["issues"]]
        show(
            answer,
            as_json=as_json,
            table=lambda _: print_table("Issues", (ID, "severity", "kind", "what", "remedy"), rows, empty="Nothing is open."),
        )
        return OPEN if answer["issues"] else DONE

    raise typer.Exit(run(use, as_json=as_json))


@issues_commands.command("answer")
def answer_issue(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="Id of an ambiguous or unmatched transfer.")],
    other: Annotated[
        str | None, typer.Option("--with", metavar="TRANSACTION", help="The row on the other side of an unmatched one.")
    ] = None,
    different: Annotated[bool, typer.Option("--different", help="They are not the same coins.")] = False,
    as_json: AsJson = False,
) -> int:
    """Say that a withdrawal and a receipt are the same coins (or not). A later answer overrides an earlier one."""

    async def use(app: App) -> int:
        from service.app import holder, rebuild

        said = await holder.answer_issue(app, issue, other, same=not different)
        await rebuild.rebuild(app)
        told = {"answer": {"withdrawal": said.withdrawal, "deposit": said.deposit, "same": said.same}}
        show(told, as_json=as_json, table=lambda _: typer.echo("recorded, and the ledger was rebuilt"))
        return DONE

    return run(use, as_json=as_json)


def _end_of(text: str) -> datetime:
    from service.app.ports import Refused

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("as-of", "give a day such as 2025-12-31") from None
    if len(text) == len("2025-12-31"):
        at = at.replace(hour=23, minute=59, second=59, microsecond=999999)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _gap(difference: str | None) -> str:
    return "–" if difference is None else ("=" if difference == "0" else quantity(difference))

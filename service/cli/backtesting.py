"""Looking back and aside: what a rule of harvesting would have done, and what the years would be with wash sales."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, Answer, AsJson, run, show
from service.cli.tables import money, print_table, quantity
from service.cli.taxing import tax_commands

if TYPE_CHECKING:
    from service.app.ports import App


MOST_SALES = 20
"""In a table."""


def add_to(app: typer.Typer) -> None:
    app.command()(backtest)
    tax_commands.command("wash-sales")(wash_sales)


def backtest(
    trigger: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE", help="Harvest what lost this share of its basis; can be repeated. Without it 0.05, 0.10, 0.20, 0.30."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day of harvests; without it that of the history.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day; without it today.")] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Each trigger sweeps at the end of the year too.")] = False,
    as_json: AsJson = False,
) -> int:
    """What thresholds would have harvested on your own history and stored prices, by year, after tax and costs. Exit 1 where a gain is unknown."""

    async def use(app: App) -> int:
        from service.app import backtest as use_case

        triggers = use_case.TRIGGERS if not trigger else [_share(word) for word in trigger]
        asked = use_case.Asked(triggers, _day("from", since), _day("to", until), sweep)
        answer = await use_case.answer(app, asked)
        show(answer, as_json=as_json, table=_print_backtest)
        return OPEN if answer["backtest"]["unknown_disposals"] else DONE

    return run(use, as_json=as_json)


def wash_sales(
    year: Annotated[int | None, typer.Option("--year", metavar="Y", help="Only this tax year; without it all.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day of sales that are covered; without it the rule's, or all.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """What your years would be if losses on crypto that is bought back were disallowed; nothing is booked. Exit 1 where a gain is unknown."""

    async def use(app: App) -> int:
        from service.app import wash_sales as use_case

        book = app.jurisdiction_of((await app.store.portfolio()).profile.jurisdiction)
        answer = await use_case.answer(app, book, year=year, since=_day("from", since))
        show(answer, as_json=as_json, table=_print_wash_sales)
        return OPEN if answer["wash_sales"]["unknown_disposals"] else DONE

    return run(use, as_json=as_json)


def _share(word: str) -> Decimal:
    from service.app.ports import Refused

    try:
        return Decimal(word)
    except InvalidOperation:
        raise Refused("trigger", f"{word!r} is no number; a trigger is the lost share of the basis: write 0.20 for 20 percent") from None


def _day(name: str, word: str | None) -> date | None:
    from service.app.ports import Refused

    if word is None:
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise Refused(name, f"{word!r} is no date such as 2026-01-31") from None


# ------------------------------------------------------------------ tables


def _print_backtest(answer: Answer) -> None:
    told = answer["backtest"]
    columns = ("year", "policy", "harvests", "loss", "costs", "tax", "saving", "net")
    names = [year["year"] for year in told["policies"][0]["years"]]
    rows = []
    for place, name in enumerate(names):
        for policy in told["policies"]:
            year = policy["years"][place]
            rows.append((str(name), policy["policy"], f"{year['harvests']:,}", *(money(year[key]) for key in columns[3:])))
    print_table(f"By year, {told['from']} to {told['to']}, {told['currency']}", columns, rows, empty="No year.", right=columns[2:])
    keys = ("loss", "costs", "saving", "net", "carry_worth", "deferred_tax", "net_after_later")
    sums = [
        (policy["policy"], f"{policy['total']['harvests']:,}", *(money(policy["total"][key]) for key in keys))
        for policy in told["policies"]
    ]
    heads = ("policy", "harvests", *(key.replace("_", " ") for key in keys))
    print_table("All years, beside no harvest", heads, sums, empty="No policy.", right=heads[1:])
    for line in told["says"]:
        typer.echo(line)


def _print_wash_sales(answer: Answer) -> None:
    told = answer["wash_sales"]
    rows = []
    for year in told["years"]:
        for term in ("short", "long"):
            rows.append((str(year["year"]), f"{term} gain", *(money(year[term][key]) for key in ("real", "shadow", "disallowed"))))
        rows.append((str(year["year"]), "tax", money(year["tax"]["real"]), money(year["tax"]["shadow"]), ""))
    columns = ("year", "what", "as it is", "with wash sales", "disallowed")
    print_table(f"By year, {told['currency']}", columns, rows, empty="No disposal.", right=columns[2:])
    sales = [
        (s["day"], s["asset"], quantity(s["quantity"]), money(s["gain"]), money(s["added"]), money(s["disallowed"]), money(s["counted"]))
        for s in sorted(told["sales"], key=lambda sale: -Decimal(sale["disallowed"]))[:MOST_SALES]
    ]
    heads = ("day", "asset", "quantity", "gain as it is", "taken over", "disallowed", "counted")
    print_table("Sales that would count otherwise", heads, sales, empty="No sale would count otherwise.", right=heads[2:])
    if len(sales) < len(told["sales"]):
        typer.echo(f"The {len(sales)} of {len(told['sales']):,} of which most is disallowed; `--json` has all.")
    for line in [*told["says"], *(f"The tax of {one['year']} is not computed: {one['says']}." for one in told["left_out"])]:
        typer.echo(line)

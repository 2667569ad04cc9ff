"""The best set of lots to sell."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.running import DONE, OPEN, Answer, AsJson, run, show
from service.cli.tables import counted, labels, minute, money, print_table, quantity

if TYPE_CHECKING:
    from service.app.ports import App

plan_commands = typer.Typer(help="The best set of lots to sell this year, and why.", invoke_without_command=True)

OutsideShort = Annotated[
    str,
    typer.Option(
        "--outside-st", metavar="AMOUNT", help="Short-term result elsewhere that the profile does not tell of; a loss is negative."
    ),
]
OutsideLong = Annotated[str, typer.Option("--outside-lt", metavar="AMOUNT", help="The same, long-term.")]
MostSales = Annotated[int | None, typer.Option("--sales", metavar="N", help="At most so many sales; one is one coin in one account.")]
WithGains = Annotated[bool, typer.Option("--gains", help="Sell lots that gain too, where the year takes gains for little or nothing.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(plan_commands, name="plan")


@plan_commands.callback()
def plan(  # one option a wish
    context: typer.Context,
    outside_st: OutsideShort = "0",
    outside_lt: OutsideLong = "0",
    sales: MostSales = None,
    with_gains: WithGains = False,
    as_json: AsJson = False,
) -> int | None:
    """What to sell, lot by lot: tax saved now, worth of what is carried on, costs, and the tax that the lower basis brings later."""
    if context.invoked_subcommand is not None:
        return None

    async def use(app: App) -> int:
        from service.app import queries
        from service.app.plan import Wishes
        from service.app.plan import plan as planned

        wishes = Wishes(_amount("outside-st", outside_st), _amount("outside-lt", outside_lt), sales, with_gains)
        answer = await planned(app, wishes)
        names = labels((await queries.accounts(app))["accounts"])
        show(answer, as_json=as_json, table=lambda told: _print(told["plan"], names))
        return DONE

    return run(use, as_json=as_json)


@plan_commands.command("identify")
def identify(
    outside_st: OutsideShort = "0",
    outside_lt: OutsideLong = "0",
    sales: MostSales = None,
    with_gains: WithGains = False,
    account: Annotated[str, typer.Option("--account", help="Only the sale in this account (id or label).")] = "",
    asset: Annotated[str, typer.Option("--asset", help="Only the sale of this asset (symbol or id).")] = "",
    as_json: AsJson = False,
) -> int:
    """Record, before the sale, which lots of the plan are about to be sold; prints what to keep and what to send to a broker."""

    async def use(app: App) -> int:
        from service.app import proof
        from service.app.plan import Wishes

        wishes = Wishes(_amount("outside-st", outside_st), _amount("outside-lt", outside_lt), sales, with_gains)
        answer = await proof.identified(app, wishes, account, asset)
        show(answer, as_json=as_json, table=lambda told: typer.echo("\n\n".join(item["text"] for item in told["identified"])))
        return DONE

    return run(use, as_json=as_json)


@plan_commands.command("proofs")
def proofs(as_json: AsJson = False) -> int:
    """Planned sales and what was sold then; exit 1 where a sale went otherwise or a record was changed."""

    async def use(app: App) -> int:
        from service.app import proof

        answer = await proof.answer(app)
        show(answer, as_json=as_json, table=lambda told: _print_proofs(told["proofs"]))
        return OPEN if any(p["state"] == "otherwise" or not p["intact"] for p in answer["proofs"]) else DONE

    return run(use, as_json=as_json)


def _print_proofs(found: list[Answer]) -> None:
    rows = [
        (
            str(p["number"]),
            minute(p["made_at"]),
            p["label"],
            p["symbol"],
            money(p["planned_gain"]),
            p["state"] if p["intact"] else "changed",
            money(p["gain"]),
            quantity(p["bought_back"]),
        )
        for p in found
    ]
    columns = ("no.", "made (UTC)", "account", "asset", "planned", "state", "realised", "bought back")
    print_table(
        "Planned sales",
        columns,
        rows,
        empty="No sale was planned yet: `thresher plan identify`.",
        right=("planned", "realised", "bought back"),
    )
    for p in found:
        for deviation in p["deviations"]:
            typer.echo(f"{p['number']}: {deviation}")


def _amount(name: str, text: str) -> Decimal:
    from service.app.ports import Refused

    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise Refused(name, "give a plain decimal number, such as -1500")
    return value


def _print(told: Answer, names: dict[str, str]) -> None:
    rows = [_row(sale, lot, first=n == 0, names=names) for sale in told["sales"] for n, lot in enumerate(sale["lots"])]
    columns = ("account", "asset", "order", "quantity", "gain", "term", "lot")
    print_table(f"Plan for {told['year']}", columns, rows, empty=told["reason"] or "", right=("quantity", "gain"))
    currency = told["currency"]
    if told["sales"]:
        typer.echo(f"tax saved this year      {money(told['saving'], currency)}")
        typer.echo(f"losses carried on, worth {money(told['carry'], currency)}")
        typer.echo(f"fees and moves           {money(told['costs'], currency)}")
        typer.echo(f"tax later, worth today   {money(told['deferred'], currency)}")
        typer.echo(f"net                      {money(told['net'], currency)}")
    if told["sales"] and told["repurchase"]:
        typer.echo(told["repurchase"]["says"])
    for term in ("short", "long"):
        saves, worth = money(told["next_dollar"][term]), money(told["next_dollar_worth"][term])
        typer.echo(f"one more dollar of {term}-term loss saves {saves} this year and is worth {worth} with what is carried on")
    if told["computed"] == "marginal":
        typer.echo("by your two marginal rates; `thresher profile set income=…` computes the whole year")
    if told["left_out"]:
        n = len(told["left_out"])
        typer.echo(f"{counted(n, 'lot')} without a price or a basis {'is' if n == 1 else 'are'} left out: `thresher issues` says why")


def _row(sale: dict[str, Any], lot: dict[str, Any], *, first: bool, names: dict[str, str]) -> tuple[str, ...]:
    head = (names.get(sale["account"], sale["account"]), sale["symbol"], sale["method"]) if first else ("", "", "")
    return (*head, quantity(lot["quantity"]), money(lot["gain"]), lot["term"], lot["lot"])

"""What the year's tax is: the holder's own, or that of one case in a file; line by line."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, run, show
from service.cli.tables import counted, money, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.app.ports import App
    from service.app.tax_cases import Ways
    from service.domain.plan import Problem
    from service.domain.rules import Rules
    from service.domain.tax import FilingStatus

tax_commands = typer.Typer(help="What the year's tax is.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(tax_commands, name="tax")


@tax_commands.callback()
def tax(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", metavar="Y", help="The tax year; without it this year in your zone.")] = None,
    with_plan: Annotated[bool, typer.Option("--plan", help="Also what this year comes to with the sales of `thresher plan`.")] = False,
    as_json: AsJson = False,
) -> int | None:
    """Your year: what is realised so far, with the figures of `thresher profile`. Exit 1 where the gain of a disposal is unknown."""
    if context.invoked_subcommand is not None:
        return None

    async def use(app: App) -> int:
        from service.app import tax_year

        answer = await tax_year.picture(app, year, with_plan=with_plan)
        show(answer, as_json=as_json, table=_print_picture)
        return OPEN if answer["tax"]["realised"]["unknown_disposals"] else DONE

    raise typer.Exit(run(use, as_json=as_json))


@tax_commands.command("compute")
def compute(
    file: Annotated[
        Path, typer.Option("--file", metavar="CASE.json", help="One case (tests/vectors/README.md has the schema); - reads standard input.")
    ],
    as_json: AsJson = False,
) -> int:
    """Answer one case: a federal year, a holding period, or the best lots to sell. Needs no database; exit 2 for a case that cannot be computed."""
    from service.app.refusals import Refused
    from service.app.tax_cases import answer

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
        told = answer(text, ways())
    except (OSError, UnicodeDecodeError) as wrong:
        complain(f"{file} cannot be read: {getattr(wrong, 'strerror', None) or 'it is no UTF-8 text'}")
        return WRONG
    except Refused as refused:
        complain(f"{file}: {refused}")
        return WRONG
    show(told, as_json=as_json, table=_print)
    return DONE


def ways() -> Ways:
    """The rules of the user's files and ours, and the search of the best plan; nothing is read before a year is asked for."""
    from service.app.tax_cases import Ways

    @cache
    def rules_of(year: int, status: FilingStatus) -> Rules:
        from service import rules_files
        from service import settings as configuration

        return rules_files.rules(configuration.load(os.environ), year, status=status)

    def best(problem: Problem) -> Sequence[Decimal]:
        from service import solver  # numpy and HiGHS: only where a plan is asked for

        return solver.best(problem)

    return Ways(rules_of, best)


def _print_picture(answer: Answer) -> None:
    told = answer["tax"]
    realised = told["realised"]
    typer.echo(f"Realised in {told['year']}: {money(realised['short'])} short-term, {money(realised['long'])} long-term.")
    if realised["unknown_disposals"]:
        unknown = counted(realised["unknown_disposals"], "disposal")
        typer.echo(f"The gain of {unknown} is unknown and in no sum. `thresher issues` names what is missing.")
    if told["kind"] == "year":
        _print_year(told, f"{told['year']} {told['filing_status']}")
    else:
        rows = [("tax, federal and state", told["estimate"]), ("of it state", told["state_tax"])]
        rows += [("short-term loss to later years", told["carry_out_st"]), ("long-term loss to later years", told["carry_out_lt"])]
        print_table("Estimate", ("what", "amount"), [(what, money(amount)) for what, amount in rows], empty="", right=("amount",))
    if "with_plan" in told:
        _print_with_plan(told, told["with_plan"])
    typer.echo(told["says"])


def _print_with_plan(before: Answer, after: Answer) -> None:
    names = [name for name in after if name not in ("sales", "saving", "net") and before[name] != after[name]]
    rows = [(name.replace("_", " "), money(before[name]), money(after[name])) for name in names]
    columns = ("what", "as it is", "with the plan")
    empty = "The plan sells nothing." if not after["sales"] else "The plan changes nothing in this year."
    print_table(f"With the plan: {counted(after['sales'], 'sale')}", columns, rows, empty=empty, right=columns[1:])
    typer.echo(f"It saves {money(after['saving'])} of this year's tax, {money(after['net'])} in all after costs and later tax.")


def _print_year(told: Answer, title: str) -> None:
    rows = [(line["form"], line["line"], money(line["amount"]), _explained(line)) for line in told["lines"]]
    print_table(title, ("form", "line", "amount", "what"), rows, empty="", right=("amount",))
    if Decimal(told.get("state_tax", "0")):
        typer.echo(f"State tax by your own rate, on capital gains and allowed losses alone: {money(told['state_tax'])}.")


def _explained(line: dict[str, str]) -> str:
    """The sentence, and below it the arithmetic where there is any."""
    working = line["working"]
    return f"{line['says']}\n{working}" if any(sign in working for sign in ("× ", " + ", " − ", " of ")) else line["says"]


def _print(answer: Answer) -> None:
    told = answer["tax"]
    if told["kind"] == "holding":
        _print_holding(told)
    elif told["kind"] == "optimum":
        _print_optimum(told)
    else:
        _print_year(told, " ".join(str(told[key]) for key in ("id", "year", "filing_status") if key in told))
        typer.echo(told["rules"]["says"])


def _print_holding(told: Answer) -> None:
    typer.echo(
        f"{told['expect']}: acquired {told['acquired']}, sold {told['sold']}, tax year {told['tax_year']}; long from {told['first_long_date']} on."
    )
    if told.get("zone_matters"):
        utc = told["utc"]
        typer.echo(f"These are days of {told['time_zone']}. By those of UTC it would be {utc['expect']}, tax year {utc['tax_year']}.")
    typer.echo(told["source"])


def _print_optimum(told: Answer) -> None:
    columns = ("lot", "share", "loss", "cost")
    sold = [(lot["id"], lot["share"], money(lot["unrealised"]), money(lot["cost"])) for lot in told["sell"]]
    print_table("To sell", columns, sold, empty="Nothing is worth selling.", right=columns[1:])
    names = ("tax_before", "tax_after", "carry_st_after", "carry_lt_after", "gain_over_nothing", "gain_over_harvest_everything")
    rows = [(name.replace("_", " "), money(told[name])) for name in names]
    print_table(f"{told['year']} {told['filing_status']}", ("what", "amount"), rows, empty="", right=("amount",))

"""What the year's tax is: of one case in a file, line by line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, WRONG, Answer, AsJson, complain, show
from service.cli.tables import money, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from service.app.tax_cases import Ways
    from service.domain.plan import Problem

tax_commands = typer.Typer(help="What the year's tax is.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(tax_commands, name="tax")


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
    """The rules of the user's files and ours, and the search of the best plan; each file is read when a year is asked for."""
    from service import rules_files
    from service import settings as configuration
    from service.app.tax_cases import Ways

    def best(problem: Problem) -> Sequence[Decimal]:
        from service import solver  # numpy and HiGHS: only where a plan is asked for

        return solver.best(problem)

    settings = configuration.load(os.environ)
    return Ways(lambda year, status: rules_files.rules(settings, year, status=status), best)


def _print(answer: Answer) -> None:
    told = answer["tax"]
    title = " ".join(str(told[key]) for key in ("id", "year", "filing_status") if key in told) or "Tax"
    if told["kind"] == "year":
        rows = [(line["form"], line["line"], money(line["amount"]), line["says"]) for line in told["lines"]]
        print_table(title, ("form", "line", "amount", "what"), rows, empty="", right=("amount",))
        if "state_tax" in told:
            typer.echo(f"State tax {money(told['state_tax'])}. {told['state_says']}")
        typer.echo(told["rules"]["says"])
        return
    plain = [(key, str(value)) for key, value in told.items() if not isinstance(value, dict | list)]
    print_table(title, ("what", "answer"), plain, empty="")
    if told.get("sell"):
        columns = ("lot", "share", "loss", "cost")
        sold = [(lot["id"], lot["share"], money(lot["unrealised"]), money(lot["cost"])) for lot in told["sell"]]
        print_table("To sell", columns, sold, empty="", right=columns[1:])

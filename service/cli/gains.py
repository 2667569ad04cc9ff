"""`thresher gains`: realised gains, from what is stored or straight from a file, as a picture, as JSON and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli import straight
from service.cli.running import WRONG, Answer, AsJson, complain, run, show

if TYPE_CHECKING:
    from service.app.gains import Asked, Found, Past
    from service.app.ports import App
    from service.domain.ledger import Scope

gains_commands = typer.Typer(help="Realised gains by any method, and why.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(gains_commands, name="gains")


@gains_commands.callback()
def gains(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Option("--from", metavar="FILE", help="Compute straight from a neutral history CSV (- is standard input).")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Only this tax year.")] = None,
    method: Annotated[
        str | None, typer.Option(help="fifo, lifo, hifo, lofo, specific, average, acb or section104; without it as you chose.")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="account: a pool for each account. universal: one for all.")] = None,
    zone: Annotated[str | None, typer.Option(metavar="ZONE", help="Whose days count, such as America/New_York.")] = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Every match as a row (- is standard output).")] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="With --from: leave out lines that cannot be read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Realised gains. Exit 1 where something of the answer is unknown."""
    if context.invoked_subcommand is not None:
        return
    from service.app.gains import Asked

    asked = Asked(method, _scope(scope), year, _zone(zone))
    if source is not None:
        raise typer.Exit(_of_file(source, asked, csv, keep_going=keep_going, as_json=as_json))

    async def use(app: App) -> int:
        from service.app import gains as use_case

        past = await use_case.of_store(app)
        found = use_case.gains(past, asked, lines_only=not as_json)
        _answer(found, asked, csv, past, as_json=as_json)
        return straight.tell(found, ())

    with straight.without_collector():
        raise typer.Exit(run(use, as_json=as_json))


def _of_file(source: str, asked: Asked, csv: str | None, *, keep_going: bool, as_json: bool) -> int:
    from service.app.refusals import Refused

    try:
        past, problems, found = straight.of_file(source, asked, lines_only=not as_json, keep_going=keep_going)
        _answer(found, asked, csv, past, as_json=as_json)
    except Refused as refused:
        complain(f"{refused.field}: {refused}")
        return WRONG
    return straight.tell(found, problems)


def _answer(found: Found, asked: Asked, csv: str | None, past: Past, *, as_json: bool) -> None:
    if csv is not None:
        straight.write(csv, found)
    if csv != "-":
        from service.app import gains as use_case

        show(use_case.answer(found, asked, past), as_json=as_json, table=_print)


def _print(answer: Answer) -> None:
    from service.cli.tables import money, print_table

    rows = [
        (
            str(t["tax_year"]),
            t["term"],
            f"{t['fragments']:,}",
            money(t["proceeds"]),
            money(t["basis"]),
            money(t["gain"]),
            str(t["unknown"] or ""),
        )
        for t in answer["totals"]
    ]
    columns = ("tax year", "term", "matches", "proceeds", "basis", "gain", "unknown")
    print_table(f"Realised gains, {answer['says']}", columns, rows, empty="Nothing was disposed of.", right=columns[2:])


def _scope(word: str | None) -> Scope | None:
    if word not in (None, "account", "universal"):
        raise typer.BadParameter("the scopes are account and universal", param_hint="--scope")
    return word  # type: ignore[return-value]  # checked just above


def _zone(word: str | None) -> str | None:
    if word is not None:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(word)
        except (ZoneInfoNotFoundError, ValueError):
            raise typer.BadParameter(f"no time zone is called {word!r}; write one such as Europe/Berlin", param_hint="--zone") from None
    return word

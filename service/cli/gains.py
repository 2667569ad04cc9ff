"""`thresher gains`: realised gains, from what is stored or straight from a file, as a picture, as JSON and as files."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, run, show

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
        return _answer(use_case.gains(past, asked, lines_only=not as_json), asked, csv, past, as_json=as_json)

    with without_collector():
        raise typer.Exit(run(use, as_json=as_json))


def _of_file(source: str, asked: Asked, csv: str | None, *, keep_going: bool, as_json: bool) -> int:
    """No database, no network, no event loop: a file in, a file out."""
    from datetime import timedelta

    from service import settings as configuration
    from service.app import gains as use_case
    from service.app.ports import Refused

    try:
        settings = configuration.load(os.environ)
        table, window = configuration.asset_table(settings), timedelta(hours=settings.transfer_window_hours)
        with without_collector(), _opened(source) as lines:
            past, problems = use_case.of_file(lines, table, window=window, keep_going=keep_going)
            found = use_case.gains(past, asked, lines_only=not as_json, may_fork=True)
            for problem in problems:
                complain(str(problem))
            code = _answer(found, asked, csv, past, as_json=as_json)
    except Refused as refused:
        complain(f"{refused.field}: {refused}")
        return WRONG
    except ValueError as wrong:
        complain(f"configuration: {wrong}")
        return WRONG
    return OPEN if problems else code


@contextmanager
def _opened(source: str) -> Iterator[Iterable[str]]:
    """The lines of the file. Raises Refused for one that cannot be read as text."""
    from service.app.ports import Refused

    if source == "-":
        yield sys.stdin
        return
    try:
        with Path(source).open(encoding="utf-8-sig", newline="") as lines:
            yield lines
    except OSError as wrong:
        raise Refused("from", f"{source} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError as wrong:
        raise Refused("from", f"{source} is not UTF-8 text (byte {wrong.start})") from None


@contextmanager
def without_collector() -> Iterator[None]:
    """A history is a million small values that all stay: looking for cycles among them takes longer than the work."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _answer(found: Found, asked: Asked, csv: str | None, past: Past, *, as_json: bool) -> int:
    if csv is not None:
        _write(csv, found.columns, found.lines)
    if csv != "-":
        from service.app import gains as use_case

        show(use_case.answer(found, asked, past), as_json=as_json, table=_print)
    return DONE if found.is_complete else OPEN


def _write(path: str, columns: Sequence[str], lines: list[str]) -> None:
    from service.app.ports import Refused

    text = "\n".join([",".join(columns), *lines, ""])
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as wrong:
        raise Refused("csv", f"{path} cannot be written: {wrong.strerror}") from None


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
    for issue in answer["issues"][:SHOWN]:
        typer.echo(f"{issue['severity']}: {issue['says']} {issue['remedy']}")
    if len(answer["issues"]) > SHOWN:
        typer.echo(f"and {len(answer['issues']) - SHOWN:,} more: --json lists them all")


SHOWN = 10


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

"""How a command runs: open the App, do one thing, print it, and turn refusals into sentences and exit codes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

if TYPE_CHECKING:
    from rich.progress import TaskID

    from service.app.ports import App

DONE, OPEN, WRONG, PERSON = 0, 1, 2, 3

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

Answer = dict[str, Any]


def run(use: Callable[[App], Awaitable[int]], *, as_json: bool = False) -> int:
    """Runs one use of the App and returns its exit code; every refusal is one sentence on standard error."""
    return asyncio.run(_guarded(use, as_json=as_json))


async def _guarded(use: Callable[[App], Awaitable[int]], *, as_json: bool) -> int:
    from connectors.contract import InvalidInput
    from service import wiring
    from service.app.ports import Busy, Refused, Stopped

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        with Bars(shown=not as_json and sys.stderr.isatty()) as bars:
            async with wiring.opened(os.environ, progress=bars) as app:
                await _booked(app)
                return await use(app)
    except (Refused, InvalidInput) as refused:
        for problem in getattr(refused, "problems", ()):
            complain(str(problem))
        complain(f"{refused.field}: {refused}")
        return WRONG
    except Stopped as stopped:
        complain(f"{stopped.account}: {stopped}")
        return PERSON
    except Busy as busy:
        complain(str(busy))
        return OPEN


async def _booked(app: App) -> None:
    """An answer must not leave out what is stored: what a command stored that was cut off before booking it is booked first."""
    from service.app import rebuild

    if await rebuild.is_behind(app) and not await rebuild.catch_up(app):
        complain("another command is booking what it has stored; this answer is of before")


def complain(sentence: str) -> None:
    typer.echo(f"thresher: {sentence}", err=True)


def show(answer: Answer, *, as_json: bool, table: Callable[[Answer], None]) -> None:
    """The same answer as one JSON object, or for people."""
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        table(answer)


class Bars:
    """Progress on standard error: one line a subject, with what it does and how many rows it read."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}
        self._rows: dict[str, int] = {}
        if shown:
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.fields[subject]}"), TextColumn("{task.description}"), TimeElapsedColumn())
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self) -> Self:
        if self._shown:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._bars.stop()

    def stage(self, subject: str, what: str) -> None:
        if self._shown:
            if subject not in self._tasks:
                self._tasks[subject] = self._bars.add_task("", total=None, subject=subject)
            rows = self._rows.get(subject, 0)
            self._bars.update(self._tasks[subject], description=f"{what}{f', {rows:,} new rows' if rows else ''}")

    def rows(self, subject: str, new: int) -> None:
        self._rows[subject] = self._rows.get(subject, 0) + new

    def done(self, subject: str, says: str = "") -> None:
        if self._shown and subject in self._tasks:
            rows = self._rows.get(subject, 0)
            self._bars.update(self._tasks[subject], total=1, completed=1, description=f"{says}{f', {rows:,} new rows' if rows else ''}")

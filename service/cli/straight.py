"""`thresher gains [--from FILE] --csv OUT`: one file out, without the machinery that other commands need.

The same options as in gains.py and the same use case. What stands here only decides whether the words are of that simple kind: building
the whole command tree would take longer than booking ten thousand rows.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from service.app.collector import without_collector
from service.cli.tables import counted

if TYPE_CHECKING:
    from service.app.gains import Asked, Found, Past
    from service.app.ports import App
    from service.app.refusals import Refused
    from service.domain.history import Problem

DONE, OPEN, WRONG = 0, 1, 2
_WORDS = {"--from": "source", "--csv": "csv", "--method": "method", "--scope": "scope"}


def straight(words: Sequence[str]) -> int | None:
    """The exit code; None where the words are anything but --csv, with or without --from, a method and a scope."""
    told: dict[str, str] = {}
    rest = list(words)
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        name = _WORDS.get(word)
        if name is None or name in told or not (equals or rest):
            return None
        told[name] = value if equals else rest.pop(0)
    if "csv" not in told or told.get("scope") not in (None, "account", "universal") or "-" in told.values():
        return None
    from service.app.gains import Asked
    from service.app.refusals import Refused

    asked = Asked(told.get("method"), told.get("scope"))  # type: ignore[arg-type]  # checked just above
    csv = told["csv"]
    problems: Sequence[Problem] = ()
    try:
        apart({"from": told.get("source")}, {"csv": csv})
        if "source" in told:
            past, problems, found = of_file(told["source"], asked, lines_only=True, totals=False)
        else:
            code, of = of_store(asked)
            if of is None:
                return code
            past, found = of
        write(csv, found)
    except Refused as refused:
        return refusal(refused)
    sys.stdout.write(f"{counted(len(found.lines), 'row')} written to {csv}, {found.says(past)}\n")
    return tell(found, problems)


def of_store(asked: Asked) -> tuple[int, tuple[Past, Found] | None]:
    """What is stored, read first and booked after: then no thread is left, and two processes can share the work. Raises Refused."""
    from service.app import gains
    from service.cli.running import run

    gains.check(asked)
    read: list[Past] = []

    async def use(app: App) -> int:
        read.append(await gains.of_store(app))
        return DONE

    with without_collector():
        code = run(use)
        if not read:
            return code, None
        alone = threading.active_count() == 1
        return code, (read[0], gains.gains(read[0], asked, lines_only=True, totals=False, may_fork=alone))


def of_file(
    source: str, asked: Asked, *, lines_only: bool, totals: bool = True, keep_going: bool = False, keep_rows: bool = False
) -> tuple[Past, list[Problem], Found]:
    """No database, no network, no event loop. Raises Refused."""
    from service import settings as configuration
    from service.app import gains
    from service.app.refusals import Refused

    try:
        settings = configuration.load(os.environ)
        table = configuration.asset_table(settings)
    except ValueError as wrong:
        raise Refused("configuration", str(wrong)) from None
    gains.check(asked)
    window = timedelta(hours=settings.transfer_window_hours)
    with without_collector():
        text = text_of("from", source)
        past, problems = gains.of_file(text, table, window=window, keep_going=keep_going, keep_rows=keep_rows, may_fork=True)
        return past, problems, gains.gains(past, asked, lines_only=lines_only, totals=totals, may_fork=True)


def text_of(option: str, path: str) -> str:
    """What a file holds, its ends of lines as they are; "-" is standard input. Raises Refused for what cannot be read, or is no UTF-8."""
    from service.app.refusals import Refused

    try:
        told = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except (OSError, ValueError) as wrong:
        raise Refused(option, f"{path} cannot be read: {getattr(wrong, 'strerror', None) or 'no usable name'}") from None
    try:
        return told.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = told.count(b"\n", 0, wrong.start) + 1
        raise Refused(option, f"line {line} is no UTF-8 text. Nothing was taken of it; save the file as UTF-8") from None


def apart(inputs: Mapping[str, str | None], outputs: Mapping[str, str | None]) -> None:
    """Raises Refused, before anything is written, where a file is to be written that is read too, or written twice, by whatever name.

    Option → path; "-" and what is no file of its own (a terminal, a pipe, /dev/null) may stand twice.
    """
    from service.app.refusals import Refused

    met: dict[tuple[object, ...], tuple[str, str]] = {}
    for is_output, paths in ((False, inputs), (True, outputs)):
        for option, path in paths.items():
            for name in () if path is None else _names_of(path, is_output=is_output):
                if is_output and name in met:
                    other, told = met[name]
                    raise Refused(option, f"{path} is the file of --{other}{'' if told == path else f' ({told})'}; nothing was written")
                met[name] = option, path or ""


def _names_of(path: str, *, is_output: bool) -> list[tuple[object, ...]]:
    """What two ways to write one file have in common."""
    if path == "-" and is_output:
        return []
    try:
        found = os.fstat(sys.stdin.fileno()) if path == "-" else Path(path).stat()
    except (OSError, ValueError):  # it is not there yet, or has no usable name
        return [] if path == "-" or "\0" in path else [(os.path.realpath(path),)]
    return [(found.st_dev, found.st_ino)] if stat.S_ISREG(found.st_mode) else []


def write(path: str, found: Found) -> None:
    """The matches with their header. Raises Refused where the file cannot be written."""
    put("csv", path, "\n".join([",".join(found.columns), *found.lines, ""]))


def put(option: str, path: str, text: str) -> None:
    """Text into a file, as it is; "-" is standard output. Raises Refused where the file cannot be written."""
    from service.app.refusals import Refused

    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except OSError as wrong:
        raise Refused(option, f"{path} cannot be written: {wrong.strerror}") from None


SHOWN = 10


def tell(found: Found, problems: Sequence[Problem], words: Sequence[str] = ()) -> int:
    """What is open, on standard error, and the exit code. `words`: of the files that were written, as sentences."""
    for sentence in words:
        complain(sentence)
    said = [*map(str, problems), *(f"{issue.says} {issue.remedy}" for issue in found.issues)]
    for sentence in said[:SHOWN]:
        complain(sentence)
    if len(said) > SHOWN:
        complain(f"and {len(said) - SHOWN:,} more: `thresher gains --json` lists them all")
    return DONE if found.is_complete and not problems and not words else OPEN


def refusal(refused: Refused) -> int:
    """One sentence, after a line for each wrong line of a file."""
    for problem in getattr(refused, "problems", ()):
        complain(str(problem))
    complain(f"{refused.field}: {refused}")
    return WRONG


def complain(sentence: str) -> None:
    sys.stderr.write(f"thresher: {sentence}\n")

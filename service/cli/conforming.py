"""Vector files of any program's making, run through the import, the ledger and the tax engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, show
from service.cli.tables import counted

if TYPE_CHECKING:
    from service.app.conformance import Report

Files = Annotated[list[Path], typer.Argument(help="Vector files (tests/vectors/README.md has the schema).")]


def add_to(app: typer.Typer) -> None:
    app.command()(conformance)


def conformance(files: Files, as_json: AsJson = False) -> int:
    """Run vectors of the lot ledger and of federal tax, and print each difference. Needs no database; exit 1 where something differs, 2 for a file that is none."""
    from connectors import registry
    from service.app.conformance import NoVectors, check
    from service.cli.taxing import ways

    normalise = registry.connector("files").normalise
    by = ways()
    reports: dict[Path, Report] = {}
    for file in dict.fromkeys(files):
        try:
            reports[file] = check(file.read_text(encoding="utf-8-sig"), normalise, by)
        except (OSError, UnicodeDecodeError) as wrong:
            complain(f"{file} cannot be read: {getattr(wrong, 'strerror', None) or 'it is no UTF-8 text'}")
            return WRONG
        except NoVectors as none:
            for says in none.says:
                complain(f"{file} is no vector file: {says}")
            return WRONG
    show(_answer(reports), as_json=as_json, table=_print)
    return OPEN if any(report.differences for report in reports.values()) else DONE


def _answer(reports: dict[Path, Report]) -> Answer:
    return {
        "conformance": {
            "vectors": sum(len(report.vectors) for report in reports.values()),
            "failed": sum(len(report.failed) for report in reports.values()),
            "files": [
                {
                    "file": str(file),
                    "vectors": len(report.vectors),
                    "failed": sorted(report.failed),
                    "differences": [
                        {"vector": d.vector, "field": d.field, "expected": d.expected, "got": d.got} for d in report.differences
                    ],
                }
                for file, report in reports.items()
            ],
        }
    }


def _print(answer: Answer) -> None:
    told = answer["conformance"]
    for file in told["files"]:
        for d in file["differences"]:
            typer.echo(f"{file['file']}: {d['vector']}: {d['field']}: expected {d['expected']}, got {d['got']}")
    differ = f"{told['failed']} differ" if told["failed"] else "all as expected"
    typer.echo(f"{counted(told['vectors'], 'vector')} of {counted(len(told['files']), 'file')}: {differ}")

"""`thresher rules`: the rules as data, and what your own files change. No database is needed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, show
from service.cli.tables import print_table

if TYPE_CHECKING:
    from service.settings import Settings

rules_commands = typer.Typer(help="The rules of each jurisdiction, their sources, and what you changed.", no_args_is_help=True)

Which = Annotated[str | None, typer.Argument(metavar="JURISDICTION", help="us, uk, ca, de, au, fr, es, in, jp or pt; without it all.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules_commands, name="rules")


@rules_commands.command("show")
def show_rules(
    which: Which = None,
    year: Annotated[
        int | None, typer.Option(help="All that holds at some time of this tax year, named by the year in which it ends.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="What holds on this day; without --year and --on today.")] = None,
    as_json: AsJson = False,
) -> int:
    """What holds, how well it is known, and what is not computed. Exit 1 where the figures of the year are missing."""

    def answered(settings: Settings) -> Answer:
        from service import rules_files
        from service.app import rules

        codes = [which] if which else rules_files.codes()
        books = [rules_files.jurisdiction(settings, code) for code in codes]
        return rules.show(books, year=year, on=_day(on), today=datetime.now(UTC).date())

    answer = _of_files(answered)
    if answer is None:
        return WRONG
    show(answer, as_json=as_json, table=_print_one if which else _print_all)
    for book in answer["rules"]:
        if book["missing"]:
            complain(f"{book['jurisdiction']}: {book['missing']}")
    return OPEN if any(book["missing"] for book in answer["rules"]) else DONE


@rules_commands.command("diff")
def diff_rules(which: Which = None, as_json: AsJson = False) -> int:
    """What the files in the folder rules of your configuration change: table, key, ours, yours."""
    places: list[str] = []

    def answered(settings: Settings) -> Answer:
        from service import rules_files
        from service.app import rules

        places.append(str(settings.config_dir / "rules"))
        return rules.diff(rules_files.changes(settings, [which] if which else []))

    answer = _of_files(answered)
    if answer is None:
        return WRONG
    show(answer, as_json=as_json, table=lambda told: _print_changes(told, places[0]))
    return DONE


def _of_files(answered: Callable[[Settings], Answer]) -> Answer | None:
    """None after one sentence on standard error: a file or an argument that cannot be used."""
    from service import settings as configuration
    from service.app.refusals import Refused

    try:
        return answered(configuration.load(os.environ))
    except Refused as refused:
        complain(f"{refused.field}: {refused}")
    except ValueError as wrong:
        complain(f"rules: {wrong}")
    return None


def _day(text: str | None) -> date | None:
    from service.app.refusals import Refused

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("on", "give a day such as 2026-12-31") from None


def _print_all(answer: Answer) -> None:
    rows = [
        (
            book["jurisdiction"],
            book["name"],
            ", ".join(c["section"] for c in book["computed"] if c["computed"]) or "–",
            ", ".join(c["section"] for c in book["computed"] if not c["computed"]) or "–",
            book["as_of"],
        )
        for book in answer["rules"]
    ]
    print_table("Rules", ("code", "name", "computed", "not computed", "sources as of"), rows, empty="None.")


def _print_one(answer: Answer) -> None:
    (book,) = answer["rules"]
    days = f"on {book['from']}" if book["from"] == book["to"] else f"from {book['from']} to {book['to']}"
    typer.echo(f"{book['name']}, tax year {book['year']}, {days}; money in {book['currency']}; sources as of {book['as_of']}\n")
    for part in book["computed"]:
        typer.echo(f"{part['section']}: {'computed. ' if part['computed'] else ''}{part['says']}")
    columns = ("rule", "value", "holds", "", "source", "note")
    rows = [_row(one, book["currency"]) for one in book["in_force"] if not _year_of(one)]
    print_table("\nIn force", columns, rows, empty="Nothing is in force.")
    for year in sorted({_year_of(one) for one in book["in_force"]} - {""}):
        _print_figures(year, [one for one in book["in_force"] if _year_of(one) == year])
    if book["not_in_force"]:
        print_table("\nNot in force then", columns, [_row(one, book["currency"]) for one in book["not_in_force"]], empty="")
    typer.echo("\nP: primary text read. O: open tax models that cite it. S: secondary page. R: recalled, verify it. U: your own word.")


def _year_of(one: dict[str, Any]) -> str:
    """Of a federal figure ("2026.single.zero_to"); empty for another rule."""
    year: str = one["rule"].partition(".")[0]
    return year if year.isdecimal() else ""


def _print_figures(year: str, figures: list[dict[str, Any]]) -> None:
    """A row for each figure, a column for each filing status; what holds for all stands in each."""
    statuses = list(dict.fromkeys(one["rule"].split(".")[1] for one in figures if one["rule"].count(".") == 2)) or ["all"]
    sources = list(dict.fromkeys((one["confidence"], one["source"]) for one in figures))
    cells: dict[str, dict[str, str]] = {}
    for one in figures:
        status, _, key = one["rule"].removeprefix(f"{year}.").rpartition(".")
        of = sources.index((one["confidence"], one["source"]))
        text = _value(one["value"]) + (f" ({of + 1})" if of else "")
        cells.setdefault(key, {}).update(dict.fromkeys([status] if status else statuses, text))
    rows = [(key, *(row.get(status, "–") for status in statuses)) for key, row in cells.items()]
    print_table(f"\nFigures of {year}", ("", *statuses), rows, empty="")
    for n, (confidence, source) in enumerate(sources, 1):
        typer.echo(f"({n}) {confidence}: {source}" if len(sources) > 1 else f"{confidence}: {source}")


def _row(one: dict[str, Any], currency: str) -> tuple[str, ...]:
    span = " to ".join((one["since"] or "…", one["until"] or "…")) if one["since"] or one["until"] else ""
    holds = " ".join(filter(None, (span, "" if one["status"] == "law" else one["status"])))
    value = f"{_value(one['value'])} {currency}" if one["unit"] == "money" else _value(one["value"])
    return one["rule"], value, holds, one["confidence"], one["source"], one["note"]


def _value(value: Any) -> str:
    """In words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {_value(part)}" for key, part in value.items())
    if isinstance(value, list) and value and isinstance(value[0], list):
        return ", ".join(rate if end is None else f"{rate} to {end}" for rate, end in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_changes(answer: Answer, place: str) -> None:
    def text(value: object) -> str:
        return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    rows = [(c["jurisdiction"], c["table"], c["key"], text(c["ours"]), text(c["yours"])) for c in answer["changes"]]
    print_table(
        "Changed",
        ("code", "table", "key", "ours", "yours"),
        rows,
        empty=f"Nothing is changed: no file in {place} says anything but what ours say.",
    )

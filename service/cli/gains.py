"""`thresher gains`: realised gains, from what is stored or straight from a file, as a picture, as JSON and as files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from service.app.collector import without_collector
from service.cli import straight
from service.cli.running import Answer, AsJson, run, show

if TYPE_CHECKING:
    from service.app.audit import Source
    from service.app.forms import Form
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
    form_8949: Annotated[
        str | None, typer.Option("--form-8949", metavar="FILE", help="The year's rows of Form 8949 (boxes G to L) as CSV.")
    ] = None,
    schedule_d: Annotated[
        str | None, typer.Option("--schedule-d", metavar="FILE", help="The year's lines of Schedule D for these rows as CSV.")
    ] = None,
    txf: Annotated[str | None, typer.Option("--txf", metavar="FILE", help="The rows of Form 8949 for tax programs (TXF 042).")] = None,
    reported: Annotated[
        list[str] | None,
        typer.Option(
            "--reported",
            metavar="ACCOUNT=basis|proceeds",
            help="What an account's broker tells on Form 1099-DA, for the boxes; without it there is no such form. Repeat for each account.",
        ),
    ] = None,
    audit: Annotated[
        str | None, typer.Option("--audit", metavar="FILE", help="Every match back to its source records, one JSON object a line.")
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="With --from: leave out lines that cannot be read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Realised gains. Exit 1 where something of the answer is unknown."""
    if context.invoked_subcommand is not None:
        return
    from service.app.gains import Asked
    from service.app.refusals import Refused

    asked = Asked(method, _scope(scope), year, _zone(zone))
    files = Files(csv, form_8949, schedule_d, txf, audit, _reported(reported or []))
    if files.on_screen() > 1 or (files.on_screen() and as_json):
        raise typer.BadParameter("only one answer can go to standard output")
    try:
        straight.apart({"from": source}, files.paths)
    except Refused as refused:
        raise typer.Exit(straight.refusal(refused)) from None
    if source is not None:
        raise typer.Exit(_of_file(source, asked, files, keep_going=keep_going, as_json=as_json))

    async def use(app: App) -> int:
        from service.app import gains as use_case

        past = await use_case.of_store(app)
        found = use_case.gains(past, asked, lines_only=not (as_json or files.of_matches))
        sources = None
        if files.audit is not None:
            from service.app import audit as audits

            sources = await audits.of_store(app, past, found)
        words = _answer(found, asked, files, past, sources, as_json=as_json)
        return straight.tell(found, (), words)

    with without_collector():
        raise typer.Exit(run(use, as_json=as_json))


class Files(NamedTuple):
    """Where the answers go; "-" is standard output."""

    csv: str | None
    form_8949: str | None
    schedule_d: str | None
    txf: str | None
    audit: str | None
    reported: Mapping[str, str]
    """What the brokers of accounts report, for the forms."""

    @property
    def has_forms(self) -> bool:
        return (self.form_8949, self.schedule_d, self.txf) != (None, None, None)

    @property
    def of_matches(self) -> bool:
        """Some of them need the matches themselves."""
        return self.has_forms or self.audit is not None

    @property
    def paths(self) -> dict[str, str | None]:
        """Option → path."""
        return {"csv": self.csv, "form-8949": self.form_8949, "schedule-d": self.schedule_d, "txf": self.txf, "audit": self.audit}

    def on_screen(self) -> int:
        return list(self.paths.values()).count("-")


def _of_file(source: str, asked: Asked, files: Files, *, keep_going: bool, as_json: bool) -> int:
    from service.app.refusals import Refused

    lines_only = not (as_json or files.of_matches)
    try:
        past, problems, found = straight.of_file(
            source, asked, lines_only=lines_only, keep_going=keep_going, keep_rows=files.audit is not None
        )
        sources = None
        if files.audit is not None:
            from service.app import audit as audits

            sources = audits.of_file(past)
        words = _answer(found, asked, files, past, sources, as_json=as_json)
    except Refused as refused:
        return straight.refusal(refused)
    return straight.tell(found, problems, words)


def _answer(found: Found, asked: Asked, files: Files, past: Past, sources: Mapping[str, Source] | None, *, as_json: bool) -> list[str]:
    """Every text is made before the first is written: what is refused leaves no file behind. Gives what is to be said of the forms."""
    form, texts = _forms(found, asked, files, past)
    if sources is not None and files.audit is not None:
        from service.app import audit as audits

        texts.append(("audit", files.audit, "".join(f"{line}\n" for line in audits.lines(found, past, asked, sources))))
    if files.csv is not None:
        straight.write(files.csv, found)
    for option, path, text in texts:
        straight.put(option, path, text)
    if not files.on_screen():
        from service.app import gains as use_case

        answer = use_case.answer(found, asked, past) | ({} if form is None else {"schedule_d": form.told()})
        show(answer, as_json=as_json, table=_print)
    return [] if form is None else form.says(of_txf=files.txf is not None)


def _forms(found: Found, asked: Asked, files: Files, past: Past) -> tuple[Form | None, list[tuple[str, str, str]]]:
    """(option, path, text) of each."""
    if not files.has_forms:
        return None, []
    from service.app import forms

    form = forms.form(found, past, asked, files.reported)
    texts = []
    if files.form_8949 is not None:
        texts.append(("form-8949", files.form_8949, form.form_8949()))
    if files.schedule_d is not None:
        texts.append(("schedule-d", files.schedule_d, form.schedule_d()))
    if files.txf is not None:
        texts.append(("txf", files.txf, form.txf(datetime.now(UTC).date())))
    return form, texts


def _reported(words: list[str]) -> dict[str, str]:
    told = {}
    for word in words:
        account, equals, what = word.rpartition("=")
        if not equals or what not in ("basis", "proceeds"):
            raise typer.BadParameter(f"write ACCOUNT=basis or ACCOUNT=proceeds, not {word!r}", param_hint="--reported")
        told[account] = what
    return told


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
    if answer.get("schedule_d"):
        names = ("line", "box", "rows", "proceeds", "cost", "adjustment", "gain", "unknown")
        lines = [tuple(str(line[name] or "") for name in names) for line in answer["schedule_d"]]
        print_table("Schedule D, of these rows alone", names, lines, empty="", right=names[2:])


def _scope(word: str | None) -> Scope | None:
    if word not in (None, "account", "universal"):
        raise typer.BadParameter("the scopes are account and universal", param_hint="--scope")
    return word  # type: ignore[return-value]  # checked just above


def _zone(word: str | None) -> str | None:
    if word is not None:
        from service.domain.rules import is_zone

        if not is_zone(word):
            raise typer.BadParameter(f"no time zone is called {word!r}; write one such as Europe/Berlin", param_hint="--zone")
    return word

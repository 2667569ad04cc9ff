"""The holder's own history from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, Answer, AsJson, complain, run, show
from service.cli.straight import text_of
from service.cli.tables import counted, print_table

if TYPE_CHECKING:
    from service.app.imports import Imported
    from service.app.ports import App

File = Annotated[str, typer.Argument(help="CSV in the neutral history format; - reads standard input.")]
ForAccount = Annotated[str, typer.Option("--account", help="Every row belongs to this account (id or label), whatever the file says.")]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Load the good rows of a file that has bad lines.")]

Replace = Annotated[
    bool, typer.Option("--replace", help="A row whose id is known and that says something else takes the place of the old one.")
]


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_history)


def import_history(
    file: File, account: ForAccount = "", keep_going: KeepGoing = False, replace: Replace = False, as_json: AsJson = False
) -> int:
    """Import a history from a file. All lines or none; a row whose id is known changes nothing, unless it is to replace what it said before."""

    async def use(app: App) -> int:
        import io

        from service.app import queries
        from service.app.imports import Imported, import_file
        from service.app.refusals import BadLines

        lines = io.StringIO(text_of("file", file), newline="")
        try:
            imported = await import_file(app, lines, account=account, keep_going=keep_going, replace=replace)
        except BadLines as bad:
            if as_json:
                show(_answer(Imported(0, 0, 0, (), (), bad.problems), 0), as_json=True, table=_print)
            raise
        open_issues = [i for i in (await queries.issues(app))["issues"] if i["severity"] != "info"]
        show(_answer(imported, len(open_issues)), as_json=as_json, table=_print)
        for problem in imported.problems:
            complain(str(problem))
        return OPEN if imported.problems or imported.differing else DONE

    return run(use, as_json=as_json)


def _answer(imported: Imported, issues: int) -> Answer:
    return {
        "import": {
            "new": imported.new,
            "known": imported.known,
            "replaced": imported.replaced,
            "differing": list(imported.differing),
            "accounts": [{"account": t.account.id, "label": t.account.label, "made": t.is_new, "new": t.new} for t in imported.accounts],
            "problems": [{"line": p.line, "column": p.column or None, "says": p.says} for p in imported.problems],
            "issues": issues,
        }
    }


def _print(answer: Answer) -> None:
    told = answer["import"]
    rows = [(a["label"], "new" if a["made"] else "known", f"{a['new']:,}") for a in told["accounts"]]
    print_table("Import", ("account", "", "new rows"), rows, empty="The file has no rows.", right=("new rows",))
    replaced = f", {counted(told['replaced'], 'row')} replaced" if told["replaced"] else ""
    typer.echo(f"{counted(told['new'], 'new row')}, {told['known']:,} known already{replaced}")
    if told["differing"]:
        shown = ", ".join(told["differing"][:10]) + (", …" if len(told["differing"]) > 10 else "")
        n = len(told["differing"])
        stayed = (
            "known id says something else than before and stayed as it was"
            if n == 1
            else "known ids say something else than before and stayed as they were"
        )
        typer.echo(f"{n:,} {stayed}: {shown}")
        typer.echo("to let the file's word count, import it with --replace")
    if told["problems"]:
        left = counted(len(told["problems"]), "line")
        typer.echo(f"{left} left out: mend and import the file again; what is known changes nothing")
    if told["issues"]:
        typer.echo(f"{counted(told['issues'], 'open issue')}: `thresher issues` shows them")

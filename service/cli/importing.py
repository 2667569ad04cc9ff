"""The holder's own history from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, Answer, AsJson, complain, run, show
from service.cli.straight import text_of
from service.cli.tables import print_table

if TYPE_CHECKING:
    from service.app.imports import Imported
    from service.app.ports import App

File = Annotated[str, typer.Argument(help="CSV in the neutral history format; - reads standard input.")]
ForAccount = Annotated[str, typer.Option("--account", help="Every row belongs to this account (id or label), whatever the file says.")]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Load the good rows of a file that has bad lines.")]


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_history)


def import_history(file: File, account: ForAccount = "", keep_going: KeepGoing = False, as_json: AsJson = False) -> int:
    """Import a history from a file. All lines or none; a row whose id is known changes nothing."""

    async def use(app: App) -> int:
        import io

        from service.app import queries
        from service.app.imports import Imported, import_file
        from service.app.refusals import BadLines

        lines = io.StringIO(text_of("file", file), newline="")
        try:
            imported = await import_file(app, lines, account=account, keep_going=keep_going)
        except BadLines as bad:
            if as_json:
                show(_answer(Imported(0, 0, (), (), bad.problems), 0), as_json=True, table=_print)
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
    typer.echo(f"{told['new']:,} new rows, {told['known']:,} known already")
    if told["differing"]:
        shown = ", ".join(told["differing"][:10]) + (", …" if len(told["differing"]) > 10 else "")
        typer.echo(f"{len(told['differing'])} known ids say something else than before and stayed as they were: {shown}")
        typer.echo("to add what they say now, give those rows ids of their own")
    if told["problems"]:
        typer.echo(f"{len(told['problems'])} lines were left out: mend them and import the file again; what is known changes nothing")
    if told["issues"]:
        typer.echo(f"{told['issues']} open issues: `thresher issues` shows them")

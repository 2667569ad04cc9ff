"""All commands as one typer application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from service.cli import accounts, asking, backtesting, conforming, deciding, doing, explaining, gains, importing, planning, rules, taxing

app = typer.Typer(
    name="thresher",
    help="Watches exchanges and wallets, keeps an exact lot ledger, and says when a loss is worth harvesting. It never trades.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (doing, importing, accounts, asking, gains, explaining, planning, deciding, rules, taxing, backtesting, conforming):
    room.add_to(app)


def command(given: Sequence[str]) -> int:
    """Runs what was typed; a usage error is one sentence and exit code 2."""
    try:
        code = _once(typer.main.get_command(app)).main(args=list(given), prog_name="thresher", standalone_mode=False)
    except typer.TyperException as wrong:
        return _usage(wrong)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("stopped; what was read is kept, and the next run goes on from there", err=True)
        return 130
    return code if isinstance(code, int) else 0


def _once(command: Any) -> Any:
    """The command and all below it, each refusing an option that is given twice: the last one would win without a word."""
    make = command.make_parser

    def make_parser(context: Any) -> Any:
        parser = make(context)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            told = parse(args=args)
            met: set[str] = set()
            for one in told[2]:
                if one.param_type_name == "option" and not (one.multiple or one.is_flag) and one.name in met:
                    context.fail(f"{one.opts[0]} is given twice; once is enough")
                met.add(one.name)
            return told

        parser.parse_args = parse_args
        return parser

    command.make_parser = make_parser
    for below in getattr(command, "commands", {}).values():
        _once(below)
    return command


def _usage(wrong: typer.TyperException) -> int:
    context = getattr(wrong, "ctx", None)
    hint = f" Try `{context.command_path} --help`." if context is not None else ""
    says = wrong.format_message() if hasattr(wrong, "format_message") else str(wrong)
    typer.echo(f"thresher: {says.rstrip('.')}.{hint}", err=True)
    return 2

"""Words to use cases. Nothing heavy is imported before a command runs: `thresher --help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from service.cli import accounts, asking, conforming, deciding, doing, explaining, gains, importing

app = typer.Typer(
    name="thresher",
    help="Watches exchanges and wallets, keeps an exact lot ledger, and says when a loss is worth harvesting. It never trades.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (doing, importing, accounts, asking, gains, explaining, deciding, conforming):
    room.add_to(app)


SHORTEST_SECRET = 40
"""Characters; what is shorter in all is no phrase and no key, and is not looked at."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit codes: 0 done; 1 done, but something is open; 2 wrong usage or input; 3 an account needs a person."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if kind := _wallet_secret(given):
        article = "an" if kind[0] in "aeiou" else "a"
        typer.echo(
            f"thresher: this looks like {article} {kind}. It was not stored. thresher only watches: give a public address. "
            "Your shell may keep it in its history: remove it there, and move the coins if anybody else could have seen it.",
            err=True,
        )
        sys.exit(2)
    command = typer.main.get_command(app)
    try:
        code = command.main(args=given, prog_name="thresher", standalone_mode=False)
    except typer.TyperException as wrong:
        sys.exit(_usage(wrong))
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("stopped; what was read is kept, and the next run goes on from there", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _wallet_secret(given: list[str]) -> str | None:
    """The kind of wallet secret among the words, before any of them can be stored or repeated. A URL may hold a key of its own."""
    words = [word for word in given if "://" not in word]
    if sum(map(len, words)) < SHORTEST_SECRET:
        return None
    from connectors.clients.secrets import secret_kind

    return next((kind for text in (*words, " ".join(words)) if (kind := secret_kind(text))), None)


def _usage(wrong: typer.TyperException) -> int:
    """A usage error in one sentence."""
    context = getattr(wrong, "ctx", None)
    hint = f" Try `{context.command_path} --help`." if context is not None else ""
    says = wrong.format_message() if hasattr(wrong, "format_message") else str(wrong)
    typer.echo(f"thresher: {says.rstrip('.')}.{hint}", err=True)
    return 2

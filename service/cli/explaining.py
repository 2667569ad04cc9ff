"""`gains explain` and `lots explain`: why a figure is what it is."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from service.cli.gains import gains_commands
from service.cli.lots import lots_commands
from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, run, show
from service.cli.tables import money, quantity

if TYPE_CHECKING:
    from service.app.ports import App
    from service.domain.ledger import Method, Scope

File = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="A history in the neutral CSV format instead of what is stored; nothing is kept."),
]
Zone = Annotated[str | None, typer.Option("--zone", help="With --from: the taxpayer's time zone, else UTC.")]
AsMethod = Annotated[str | None, typer.Option("--method", help="As of `gains`; without it, as you chose for each account.")]
AsScope = Annotated[str | None, typer.Option("--scope", help="account or universal.")]


def add_to(app: typer.Typer) -> None:
    """To the groups of gains and lots, which are added by their own rooms."""
    del app
    gains_commands.command("explain")(explain_gain)
    lots_commands.command("explain")(explain_lot)


def explain_gain(
    id: Annotated[str, typer.Argument(metavar="ID", help="A disposal's id, or that of one of its matches (dsp_…).")],
    method: AsMethod = None,
    scope: AsScope = None,
    file: File = None,
    zone: Zone = None,
    as_json: AsJson = False,
) -> int:
    """How a gain came about: events, prices, rules, arithmetic. Exit 1 where a figure computed again is not the ledger's."""

    if file is not None:
        return _of_file(file, id, method, scope, zone or "UTC", as_json=as_json)

    async def use(app: App) -> int:
        from service.app import explain

        return _shown(await explain.explain_disposal(app, id, method=_method(method), scope=_scope(scope)), as_json=as_json)

    return run(use, as_json=as_json)


def _of_file(file: Path, id: str, method: str | None, scope: str | None, zone: str, *, as_json: bool) -> int:
    """Without a store: nothing is opened but the file."""
    from service import settings, wiring
    from service.app import explain
    from service.app.ports import Refused

    try:
        own = wiring.loaded(os.environ)
        table, window = settings.asset_table(own), timedelta(hours=own.transfer_window_hours)
        with file.open(encoding="utf-8", newline="") as lines:
            past = explain.of_lines(lines, table, window=window, zone=_zone(zone), method=_method(method), scope=_scope(scope) or "account")
        answer = explain.gain(past, id)
    except Refused as refused:
        complain(f"{refused.field}: {refused}")
        return WRONG
    except (OSError, UnicodeDecodeError) as failed:
        complain(f"from: {file} cannot be read: {getattr(failed, 'strerror', None) or 'it is no UTF-8 text'}")
        return WRONG
    return _shown(answer, as_json=as_json)


def _zone(name: str) -> str:
    from service.app.ports import Refused

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused("zone", "give a name such as America/New_York") from None
    return name


def explain_lot(
    id: Annotated[str, typer.Argument(metavar="LOT", help="Its id.")],
    as_json: AsJson = False,
) -> int:
    """Where a lot came from and where its parts went. Exit 1 where a figure computed again is not the ledger's."""

    async def use(app: App) -> int:
        from service.app import explain

        return _shown(await explain.explain_lot(app, id), as_json=as_json)

    return run(use, as_json=as_json)


def _method(word: str | None) -> Method | None:
    from service.app.ports import Refused
    from service.domain.statements import MethodName

    lots = (*get_args(MethodName), "average")
    if word is not None and word not in lots:
        raise Refused("method", f"lots are explained for {', '.join(lots)}; a pool has no lots")
    return word  # type: ignore[return-value]  # checked just above


def _scope(word: str | None) -> Scope | None:
    from service.app.ports import Refused
    from service.domain.ledger import Scope

    if word is not None and word not in get_args(Scope):
        raise Refused("scope", f"the scopes are {' and '.join(get_args(Scope))}")
    return word  # type: ignore[return-value]  # checked just above


def _shown(answer: Answer, *, as_json: bool) -> int:
    show(answer, as_json=as_json, table=print_explanations)
    return DONE if all(e["reproduced"] for e in answer["explanations"]) else OPEN


def print_explanations(answer: Answer) -> None:
    for n, told in enumerate(answer["explanations"]):
        if n:
            typer.echo()
        typer.echo("\n".join(_text(told)))


def _text(told: dict[str, Any]) -> list[str]:
    """One explanation as lines."""
    lines = [_head(told), "", "Chain"]
    lines += [f"  {step['says']}" for step in told["chain"]] or ["  nothing that came in"]
    lines += ["", "Prices", *(f"  {what}: {source}" for what, source in told["prices"].items())]
    lines += ["", "Arithmetic", *(f"  {line['what']}: {line['line']}" for line in told["arithmetic"])]
    if told.get("why"):
        lines += ["", "Why this lot", f"  {told['why']['says']}"]
    if told["utc"]:
        lines += ["", "Days of UTC", f"  {told['utc']['says']}"]
    lines += ["", "Rules", *(f"  {rule['rule']}: {rule['says']} [{rule['citation']}]" for rule in told["rules"])]
    same = "yes" if told["reproduced"] else "NO: run `thresher evaluate` to derive it anew, and report it if it stays"
    return [*lines, "", f"Computed again and equal to the ledger: {same}"]


def _head(told: dict[str, Any]) -> str:
    if "disposal" not in told:
        parts = ", ".join(f"{quantity(o['quantity'])} in {o['account_label']}" for o in told["open"]) or "nothing"
        return f"Lot {told['lot']}: {quantity(told['quantity'])} {told['symbol']}, basis {money(told['basis'])}; open: {parts}"
    of = f"lot {told['lot']}" if told["lot"] else "no lot"
    flags = f" ({', '.join(told['flags'])})" if told["flags"] else ""
    return (
        f"{told['disposal']}: {quantity(told['quantity'])} {told['symbol']} of {of} in {told['account_label']}: "
        f"proceeds {money(told['proceeds'])}, basis {money(told['basis'])}, gain {money(told['gain'])}, "
        f"{told['term']} term of {told['tax_year']}{flags}"
    )

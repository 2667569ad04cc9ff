"""`gains explain` and `lots explain`: why a figure is what it is."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from service.cli.gains import gains_commands
from service.cli.lots import lots_commands
from service.cli.running import DONE, OPEN, WRONG, Answer, AsJson, complain, run, show
from service.cli.tables import money, quantity

if TYPE_CHECKING:
    from service.app.explain import Pooled
    from service.app.ports import App
    from service.domain.ledger import Method, Scope

File = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="A history in the neutral CSV format instead of what is stored; nothing is kept."),
]
Zone = Annotated[
    str | None, typer.Option("--zone", help="With --from: the taxpayer's time zone, else UTC, and Europe/London for section104.")
]
AsMethod = Annotated[str | None, typer.Option("--method", help="As of `gains`; without it, as you chose for each account.")]
AsScope = Annotated[str | None, typer.Option("--scope", help="account or universal; a pool of section104 or acb is of all accounts.")]


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
        return _of_file(file, id, method, scope, zone, as_json=as_json)

    async def use(app: App) -> int:
        from service.app import explain

        return _shown(await explain.explain_disposal(app, id, method=_method(method), scope=_scope(scope)), as_json=as_json)

    return run(use, as_json=as_json)


def _of_file(file: Path, id: str, method: str | None, scope: str | None, zone: str | None, *, as_json: bool) -> int:
    """Without a store: nothing is opened but the file."""
    from service import settings, wiring
    from service.app import explain
    from service.app.ports import Refused

    try:
        own, chosen, said = wiring.loaded(os.environ), _method(method), _scope(scope) or "account"
        table, window = settings.asset_table(own), timedelta(hours=own.transfer_window_hours)
        with file.open(encoding="utf-8", newline="") as lines:
            if chosen == "section104" or chosen == "acb":  # noqa: PLR1714  # this way the type is narrowed
                days = _zone(zone or ("Europe/London" if chosen == "section104" else "UTC"))
                answer = explain.pools.gain(explain.of_lines(lines, table, window=window, zone=days), id, chosen)
            else:
                past = explain.of_lines(lines, table, window=window, zone=_zone(zone or "UTC"), method=chosen, scope=said)
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
    from service.domain.rules import is_zone

    if not is_zone(name):
        raise Refused("zone", "give a name such as America/New_York")
    return name


def explain_lot(
    id: Annotated[str, typer.Argument(metavar="LOT", help="Its id.")],
    method: AsMethod = None,
    as_json: AsJson = False,
) -> int:
    """Where a lot came from and where its parts went; by section104 and acb, which pool it joined. Exit 1 where a figure computed again is not the ledger's."""

    async def use(app: App) -> int:
        from service.app import explain

        return _shown(await explain.explain_lot(app, id, method=_method(method)), as_json=as_json)

    return run(use, as_json=as_json)


def _method(word: str | None) -> Method | Pooled | None:
    from service.app.gains import METHODS
    from service.app.ports import Refused

    if word is not None and word not in METHODS:
        raise Refused("method", f"the methods are {', '.join(METHODS)}")
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


SHOWN = 25
"""Of a long chain only its last steps are printed; --json has all of them."""


def _text(told: dict[str, Any]) -> list[str]:
    """One explanation as lines."""
    lines = [_head(told), "", "Chain", *_chain(told["chain"])]
    lines += ["", "Prices", *(f"  {what}: {source}" for what, source in told["prices"].items())]
    lines += ["", "Arithmetic", *(f"  {line['what']}: {line['line']}" for line in told["arithmetic"])]
    if told.get("why"):
        lines += ["", "Why" if _is_pooled(told) else "Why this lot", f"  {told['why']['says']}"]
    if told["utc"]:
        lines += ["", "Days of UTC", f"  {told['utc']['says']}"]
    lines += ["", "Rules", *(f"  {rule['rule']}: {rule['says']} [{rule['citation']}]" for rule in told["rules"])]
    same = "yes" if told["reproduced"] else "NO: run `thresher evaluate` to derive it anew, and report it if it stays"
    return [*lines, "", f"Computed again and equal to the ledger: {same}"]


def _chain(steps: list[dict[str, Any]]) -> list[str]:
    """Under a step of several events, each of them."""
    lines = [f"  {len(steps) - SHOWN:,} steps before these: --json has them"] if len(steps) > SHOWN else []
    for step in steps[-SHOWN:]:
        lines.append(f"  {step['says']}")
        events = step.get("events", ())
        lines += [f"    {event['says']}" for event in events] if len(events) > 1 else []
    return lines or ["  nothing that came in"]


def _is_pooled(told: dict[str, Any]) -> bool:
    return told.get("method") in ("section104", "acb")


def _head(told: dict[str, Any]) -> str:
    if _is_pooled(told):
        return _pooled_head(told)
    if "disposal" not in told:
        parts = ", ".join(f"{quantity(o['quantity'])} in {o['account_label']}" for o in told["open"]) or "nothing"
        return f"Lot {told['lot']}: {quantity(told['quantity'])} {told['symbol']}, basis {money(told['basis'])}; open: {parts}"
    of = f"lot {told['lot']}" if told["lot"] else "no lot"
    return (
        f"{told['disposal']}: {quantity(told['quantity'])} {told['symbol']} of {of} in {told['account_label']}: "
        f"proceeds {money(told['proceeds'])}, basis {money(told['basis'])}, gain {money(told['gain'])}, "
        f"{told['term']} term of {told['tax_year']}{_flags(told)}"
    )


def _pooled_head(told: dict[str, Any]) -> str:
    part = f"{quantity(told['quantity'])} {told['symbol']}"
    if "lot" in told:
        return f"Acquisition {told['lot']} of {told['day']}: {part}, cost {money(told['basis'])}"
    if told["method"] == "acb":
        denied = f", of the loss {money(told['denied'])} denied" if told["denied"] != "0" else ""
        return (
            f"{told['disposal']}: {part} in {told['account_label']}: proceeds {money(told['proceeds'])}, cost base {money(told['basis'])}, "
            f"gain {money(told['gain'])}{denied}, tax year {told['tax_year']}{_flags(told)}"
        )
    return (
        f"{', '.join(told['disposals'])}: {part} on {told['day']} by the rule {told['rule']}: proceeds {money(told['proceeds'])}, "
        f"allowable cost {money(told['allowable_cost'])}, gain {money(told['gain'])}, tax year {told['tax_year']}{_flags(told)}"
    )


def _flags(told: dict[str, Any]) -> str:
    return f" ({', '.join(told['flags'])})" if told["flags"] else ""

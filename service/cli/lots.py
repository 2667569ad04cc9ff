"""Open lots, and the holder's words on them: where they went, which ones an event or the next sale takes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.running import DONE, OPEN, Answer, AsJson, run, show
from service.cli.tables import ID, day, labels, money, print_table, quantity

if TYPE_CHECKING:
    from service.app.ports import App
    from service.domain.statements import LotChoice

lots_commands = typer.Typer(help="Open lots, and your word on them.", invoke_without_command=True)

Named = Annotated[list[str] | None, typer.Option("--lot", metavar="LOT:QUANTITY", help="Repeat it; taken in this order.")]
MadeAt = Annotated[
    str | None,
    typer.Option("--made-at", metavar="TIME", help="When this was written down elsewhere: 2025-01-31 or 2025-01-31T09:30Z (UTC)."),
]


@lots_commands.callback()
def lots(context: typer.Context, as_json: AsJson = False) -> int | None:
    """Open lots with basis, term, and what they are worth now. Exit 1 where something has no opinion."""
    if context.invoked_subcommand is not None:
        return None

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.lots(app)
        names = labels((await queries.accounts(app))["accounts"])
        columns = (ID, "account", "asset", "quantity", "basis", "acquired", "term", "price", "value", "unrealised", "flags")
        rows = [
            (
                x["id"],
                names.get(x["account"], x["account"]),
                x["symbol"],
                quantity(x["quantity"]),
                money(x["basis"]),
                day(x["acquired_at"]),
                x["term"],
                money(x["price"]),
                money(x["value"]),
                money(x["unrealised"]),
                ", ".join(x["flags"]),
            )
            for x in answer["lots"]
        ]
        show(
            answer,
            as_json=as_json,
            table=lambda _: print_table("Open lots", columns, rows, empty="No open lots yet.", right=(*columns[3:5], *columns[7:10])),
        )
        return OPEN if any(x["price"] is None or x["basis"] is None for x in answer["lots"]) else DONE

    raise typer.Exit(run(use, as_json=as_json))


@lots_commands.command("allocate")
def allocate(
    asset: Annotated[str | None, typer.Argument(metavar="ASSET", help="A coin by symbol or id.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="All accounts were one pool until the day before: 2025-01-01.")
    ] = None,
    order: Annotated[str | None, typer.Option(help="A rule: oldest_first or highest_basis_first.")] = None,
    accounts: Annotated[str | None, typer.Option(metavar="A,B,C", help="Accounts in the order in which the rule fills them.")] = None,
    named: Annotated[list[str] | None, typer.Option("--lot", metavar="LOT:ACCOUNT:QUANTITY", help="Named lots; repeat it.")] = None,
    file: Annotated[Path | None, typer.Option("--lots", metavar="FILE", help="Named lots: CSV with lot,account,quantity.")] = None,
    correct: Annotated[bool, typer.Option("--correct", help="Replace a word that was recorded by mistake.")] = False,
    made_at: MadeAt = None,
    as_json: AsJson = False,
) -> int:
    """Where the lots of one pool for all accounts went on 2025-01-01 (Rev. Proc. 2024-28). Without words: the report. Exit 1 while some are open or late."""

    async def use(app: App) -> int:
        from service.app import lot_choices, rebuild
        from service.app.ports import Refused

        at = time_of(made_at)
        if asset is None and (order or accounts or named or file):
            raise Refused("asset", "name the coin: `thresher lots allocate BTC …`")
        if since is not None:
            await lot_choices.pooled_until(app, _day(since), correct=correct, made_at=at)
        if asset is not None:
            places = [_parts(word, 3, "LOT:ACCOUNT:QUANTITY") for word in named or ()] + _places(file)
            if (order is None) == (not places):
                raise Refused("order", "say a rule by --order and --accounts, or name lots by --lot or --lots")
            if order is not None:
                words = [word.strip() for word in (accounts or "").split(",") if word.strip()]
                await lot_choices.allocate_by_rule(app, asset, order, words, correct=correct, made_at=at)
            else:
                await lot_choices.allocate_lots(app, asset, [(a, b, c) for a, b, c in places], correct=correct, made_at=at)
        if since is not None or asset is not None:
            await rebuild.rebuild(app)
        answer = await lot_choices.allocation(app)
        show(answer, as_json=as_json, table=print_allocation)
        return OPEN if any(a["needs"] or a["late"] for a in answer["allocation"]["assets"]) else DONE

    return run(use, as_json=as_json)


def print_allocation(answer: Answer) -> None:
    told = answer["allocation"]
    typer.echo(told["says"])
    for asset in told["assets"]:
        held = ", ".join(f"{h['account_label']} {quantity(h['quantity'])}" for h in asset["held"])
        title = f"{asset['symbol']}: {held}"
        rows = [
            (x["lot"], day(x["acquired_at"]), x["account_label"], quantity(x["quantity"]), money(x["basis"]), x["why"])
            for x in asset["lots"]
        ]
        print_table(title, ("lot", "acquired", "account", "quantity", "basis", "why"), rows, empty="", right=("quantity", "basis"))
        same = "nothing was lost" if asset["nothing_lost"] else "THE SUMS DIFFER"
        typer.echo(
            f"{quantity(asset['quantity_before'])} before, {quantity(asset['quantity_after'])} after; "
            f"basis {money(asset['basis_before'])} before, {money(asset['basis_after'])} after: {same}"
        )
        for sentence in (asset["late"], asset["needs"]):
            if sentence:
                typer.echo(sentence)
    for sentence in told["law"]:
        typer.echo(sentence)


@lots_commands.command("select")
def select(
    event: Annotated[str, typer.Argument(metavar="EVENT", help='A disposal, its fee ("ID/fee"), a transfer or a gift.')],
    named: Named = None,
    none: Annotated[bool, typer.Option("--none", help="What was selected before counts no more.")] = False,
    made_at: MadeAt = None,
    as_json: AsJson = False,
) -> int:
    """Which lots one event takes first. The newest word counts that was made no later than the event; exit 1 where this one does not count, or a lot is not there."""

    async def use(app: App) -> int:
        from service.app import lot_choices, rebuild
        from service.app.queries import iso

        chosen = await lot_choices.select(app, event, _named(named), none=none, made_at=time_of(made_at))
        await rebuild.rebuild(app)
        missing = await lot_choices.unavailable(app, chosen.event)
        said, counts = chosen.said, chosen.counts
        told = {
            "event": chosen.event,
            "lots": _shown(said.lots),
            "made_at": iso(said.made_at),
            "late": chosen.late,
            "counts": {"lots": _shown(counts.lots), "made_at": iso(counts.made_at)} if counts else None,
            "unavailable": missing,
        }
        done = "recorded in time" if said.lots else "taken back"
        says = [chosen.late or f"{done}, and the ledger was rebuilt", *missing]
        show({"selection": told}, as_json=as_json, table=lambda _: typer.echo("\n".join(says)))
        return OPEN if chosen.late or missing else DONE

    return run(use, as_json=as_json)


@lots_commands.command("identify")
def identify(
    account: Annotated[str, typer.Option(help="Label or id.")],
    asset: Annotated[str, typer.Option(help="A coin by symbol or id.")],
    named: Named = None,
    made_at: MadeAt = None,
    as_json: AsJson = False,
) -> int:
    """Which lots the next sale of a coin in an account takes first, and the rest of that day."""

    async def use(app: App) -> int:
        from service.app import lot_choices, rebuild
        from service.app.queries import iso

        said = await lot_choices.identify(app, account, asset, _named(named), made_at=time_of(made_at))
        await rebuild.rebuild(app)
        told = {
            "identification": {
                "account": said.account,
                "asset": said.asset,
                "lots": _shown(said.lots),
                "made_at": iso(said.made_at),
            }
        }
        show(told, as_json=as_json, table=lambda _: typer.echo("recorded for the next sale, and the ledger was rebuilt"))
        return DONE

    return run(use, as_json=as_json)


# ------------------------------------------------------------------ what was typed


def _shown(lots: Sequence[LotChoice]) -> list[dict[str, str]]:
    from service.domain.money import plain

    return [{"lot": choice.lot, "quantity": plain(choice.quantity)} for choice in lots]


def _named(words: list[str] | None) -> list[tuple[str, str]]:
    return [(lot, amount) for lot, amount in (_parts(word, 2, "LOT:QUANTITY") for word in words or ())]


def _parts(word: str, count: int, form: str) -> list[str]:
    """From the right, so that an id may hold colons."""
    from service.app.ports import Refused

    parts = word.rsplit(":", count - 1)
    if len(parts) != count or not all(parts):
        raise Refused("lot", f"write {form}, not {word!r}")
    return parts


def _places(file: Path | None) -> list[list[str]]:
    """Lines of lot, account, quantity. Raises Refused for a wrong one, by number."""
    from service.app.ports import Refused

    if file is None:
        return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if set(reader.fieldnames or ()) != {"lot", "account", "quantity"}:
                raise Refused("lots", f"{file.name}: line 1 must name the columns lot,account,quantity")
            rows = [[row["lot"], row["account"], row["quantity"]] for row in reader]
    except (OSError, UnicodeDecodeError) as failed:
        raise Refused("lots", f"{file} cannot be read: {getattr(failed, 'strerror', None) or 'it is no UTF-8 text'}") from None
    for number, row in enumerate(rows, start=2):
        if not all(row):
            raise Refused("lots", f"{file.name}: line {number} lacks a lot, an account or a quantity")
    return rows


def _day(text: str) -> date:
    from service.app.ports import Refused

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("from", "give a day such as 2025-01-01") from None


def time_of(text: str | None, option: str = "made-at") -> datetime | None:
    """Of --made-at, or of another option; without a zone in UTC. Raises Refused."""
    from service.app.ports import Refused

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(option, "give a time such as 2025-01-31T09:30Z") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

"""Accounts and channels: add, show, probe, pause, resume, remove, choose a method. Secrets never come by the command line."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.lots import MadeAt, time_of
from service.cli.running import DONE, OPEN, Answer, AsJson, run, show
from service.cli.tables import minute, print_table

if TYPE_CHECKING:
    from service.app.ports import Account, App

account = typer.Typer(help="What is watched.", no_args_is_help=True)
adding = typer.Typer(help="Watch an exchange, a wallet address, or any installed connector.", no_args_is_help=True)
channel = typer.Typer(help="Where alerts go.", no_args_is_help=True)

Label = Annotated[str | None, typer.Option("--label", help="A name of your own.")]
FromStdin = Annotated[bool, typer.Option("--credentials-stdin", help="Read one JSON object with ccxt's names (apiKey, secret, …).")]
Which = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id or label.")]

CREDENTIALS = ("apiKey", "secret", "password", "uid", "token", "accountId")
"""ccxt's own names; from the environment as THRESHER_<NAME> in capitals (THRESHER_APIKEY, THRESHER_SECRET…)."""


def add_to(app: typer.Typer) -> None:
    account.add_typer(adding, name="add")
    app.add_typer(account, name="account")
    app.add_typer(channel, name="channel")


@adding.command("evm")
def add_evm(
    address: Annotated[str, typer.Argument(help="0x… with its checksum, or eth:0x…")],
    chain: Annotated[str, typer.Option(help="A name of config/chains.toml.")] = "ethereum",
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC address of a node with past states.")] = None,
    label: Label = None,
    as_json: AsJson = False,
) -> int:
    """Watch an address on an Ethereum-compatible chain."""
    from service.app import sources

    return _added(lambda app: sources.add_evm(app, address, chain, rpc, label), as_json=as_json)


@adding.command("exchange")
def add_exchange(
    exchange: Annotated[str, typer.Argument(metavar="ID", help="ccxt id: binance, kraken, coinbase, …")],
    base_url: Annotated[str | None, typer.Option("--base-url", help="Put every REST address of the exchange on this origin.")] = None,
    label: Label = None,
    credentials_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> int:
    """Watch an exchange account by a key that can only read. A key that can trade or withdraw is refused."""
    from service.app import sources

    async def add(app: App) -> Account:
        return await sources.add_exchange(app, exchange, _credentials(from_stdin=credentials_stdin), base_url, label)

    return _added(add, as_json=as_json)


@adding.command("other")
def add_other(
    connector: Annotated[str, typer.Argument(help="Name of an installed connector.")],
    source: Annotated[str, typer.Option(help="Which one of what it reads.")] = "",
    field: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A field that is not secret; may be repeated.")
    ] = None,
    credentials_stdin: FromStdin = False,
    label: Label = None,
    as_json: AsJson = False,
) -> int:
    """Watch what a connector of somebody else reads. Secret fields come by --credentials-stdin."""
    from service.app import sources
    from service.app.ports import Refused

    async def add(app: App) -> Account:
        told = {}
        for word in field or []:
            name, equals, value = word.partition("=")
            if not equals:
                raise Refused("set", "write NAME=VALUE")
            told[name] = value
        if credentials_stdin:
            told |= _stdin_object()
        return await sources.add_other(app, connector, source or connector, told, label)

    return _added(add, as_json=as_json)


@account.command("list")
def list_accounts(as_json: AsJson = False) -> int:
    """All accounts, with status and what is proven."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.accounts(app)
        rows = [
            (
                a["label"],
                a["source"],
                a["status"],
                a["permissions"],
                minute(a["last_sync"]),
                minute(a["proved_until"]),
                a["says"] or "",
                a["id"],
            )
            for a in answer["accounts"]
        ]
        columns = ("label", "source", "status", "permissions", "last sync", "proved until", "says", "id")
        empty = "No accounts yet: `thresher account add evm ADDRESS --rpc URL` or `thresher account add exchange ID`."
        show(answer, as_json=as_json, table=lambda _: print_table("Accounts", columns, rows, empty=empty))
        return DONE

    return run(use, as_json=as_json)


@account.command("show")
def show_account(which: Which, as_json: AsJson = False) -> int:
    """One account."""
    from service.app import sources

    return _one(lambda app: sources.the_account(app, which), as_json=as_json)


@account.command("probe")
def probe(which: Which, as_json: AsJson = False) -> int:
    """Ask the source again who it is and what the key may do."""
    from service.app import sources

    return _one(lambda app: sources.probe(app, which), as_json=as_json)


@account.command("key")
def new_key(which: Which, credentials_stdin: FromStdin = False, as_json: AsJson = False) -> int:
    """A new key for a known account (the old one was revoked or had too many rights); its history goes on."""
    from service.app import sources

    async def change(app: App) -> Account:
        return await sources.set_key(app, which, _credentials(from_stdin=credentials_stdin))

    return _one(change, as_json=as_json, after="Next: `thresher sync`.")


@account.command("pause")
def pause(which: Which, as_json: AsJson = False) -> int:
    """No sync until it is resumed."""
    from service.app import sources

    return _one(lambda app: sources.pause(app, which), as_json=as_json)


@account.command("resume")
def resume(which: Which, as_json: AsJson = False) -> int:
    """Sync it again."""
    from service.app import sources

    return _one(lambda app: sources.resume(app, which), as_json=as_json)


@account.command("remove")
def remove(which: Which, as_json: AsJson = False) -> int:
    """Forget the account, its key and all that was read from it."""

    async def drop(app: App) -> Account:
        from service.app import rebuild, sources

        gone = await sources.remove(app, which)
        await rebuild.rebuild(app)
        return gone

    return _one(
        drop, as_json=as_json, after="Removed, with its key and all that was read from it. `thresher issues` shows what is open now."
    )


@account.command("set")
def set_method(
    which: Which,
    method: Annotated[str, typer.Option(help="fifo, lifo, hifo, lofo or specific.")],
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="First day on which it is in force.")],
    made_at: MadeAt = None,
    as_json: AsJson = False,
) -> int:
    """The lot method of an account from a day on. Exit 1 where disposals came before the word."""

    async def use(app: App) -> int:
        from service.app import holder, rebuild
        from service.app.ports import Refused

        try:
            day = date.fromisoformat(since)
        except ValueError:
            raise Refused("from", "give a day such as 2026-01-01") from None
        choice, late = await holder.set_method(app, which, method, day, made_at=time_of(made_at))
        await rebuild.rebuild(app)
        told = {"account": choice.account, "method": choice.method, "from": choice.since.isoformat(), "late": late}
        says = [f"{choice.method} from {choice.since}", *([late] if late else [])]
        show({"method": told}, as_json=as_json, table=lambda _: typer.echo("\n".join(says)))
        return OPEN if late else DONE

    return run(use, as_json=as_json)


@channel.command("add")
def add_channel(
    label: Label = None,
    digest: Annotated[
        str, typer.Option(metavar="HH:MM", help="One message a day at this time of your zone; each at once without it.")
    ] = "",
    signed: Annotated[
        bool, typer.Option("--signed", help="Sign what goes to a json:// or jsons:// address; the secret is shown this once.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Reads an apprise URL (mailto://…, json://…) from standard input, since it holds secrets."""

    async def use(app: App) -> int:
        from service.app import holder

        url = (typer.prompt("apprise URL", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
        secret = secrets.token_urlsafe(32) if signed else None
        added = await holder.add_channel(app, url, label, digest=digest, secret=secret)
        told = {"channel": {"id": added.id, "label": added.label, "url": added.shown, "digest": added.digest or None, "secret": secret}}
        says = [f"{added.label}: {added.shown}; open alerts go there with the next sync"]
        says += [f"secret, shown this once: {secret}"] if secret else []
        show(told, as_json=as_json, table=lambda _: typer.echo("\n".join(says)))
        return DONE

    return run(use, as_json=as_json)


@channel.command("list")
def list_channels(as_json: AsJson = False) -> int:
    """Where alerts go, secrets masked."""

    async def use(app: App) -> int:
        from service.app import queries

        answer = await queries.channels(app)
        rows = [(c["label"], c["url"], c["digest"] or "at once", "yes" if c["signed"] else "no", c["id"]) for c in answer["channels"]]
        columns = ("label", "url", "digest", "signed", "id")
        show(answer, as_json=as_json, table=lambda _: print_table("Channels", columns, rows, empty="No channel yet."))
        return DONE

    return run(use, as_json=as_json)


@channel.command("digest")
def set_digest(
    which: Annotated[str, typer.Argument(metavar="CHANNEL", help="Id or label.")],
    at: Annotated[str, typer.Argument(metavar="HH:MM", help="A time of day in your zone, or off: each message at once.")],
    as_json: AsJson = False,
) -> int:
    """One message a day of what was said since the last, or each at once."""

    async def use(app: App) -> int:
        from service.app import holder

        changed = await holder.set_digest(app, which, at)
        told = {"channel": {"id": changed.id, "label": changed.label, "digest": changed.digest or None}}
        show(told, as_json=as_json, table=lambda _: typer.echo(f"{changed.label}: {changed.digest or 'at once'}"))
        return DONE

    return run(use, as_json=as_json)


@channel.command("remove")
def remove_channel(which: Annotated[str, typer.Argument(help="Id or label.")], as_json: AsJson = False) -> int:
    """Send nothing there any more."""

    async def use(app: App) -> int:
        from service.app import holder

        gone = await holder.remove_channel(app, which)
        show({"channel": {"id": gone.id, "label": gone.label}}, as_json=as_json, table=lambda _: typer.echo(f"{gone.label} removed"))
        return DONE

    return run(use, as_json=as_json)


def _added(add: Callable[[App], Awaitable[Account]], *, as_json: bool) -> int:
    return _one(add, as_json=as_json, after="Next: `thresher sync`.")


def _one(use_case: Callable[[App], Awaitable[Account]], *, as_json: bool, after: str = "") -> int:
    async def use(app: App) -> int:
        from service.app import queries

        item = await queries.account(app, await use_case(app))
        show({"account": item}, as_json=as_json, table=lambda _: _print_account(item, after))
        return DONE

    return run(use, as_json=as_json)


def _print_account(item: Answer, after: str) -> None:
    typer.echo(f"{item['label']} ({item['source']}, {item['permissions']}, {item['status']}), id {item['id']}")
    methods = f"{item['method']} is in force today"
    if item["methods"]:
        methods += "; " + ", ".join(f"{m['method']} from {m['from']}" for m in item["methods"])
    for line in (item["address"], item["says"], methods, after):
        if line:
            typer.echo(f"  {line}")


def _credentials(*, from_stdin: bool) -> dict[str, str]:
    """From standard input, else the environment, else a prompt that does not echo."""
    from service.app.ports import Refused

    if from_stdin:
        return _stdin_object()
    told = {name: os.environ[f"THRESHER_{name.upper()}"] for name in CREDENTIALS if f"THRESHER_{name.upper()}" in os.environ}
    if told:
        return told
    if not sys.stdin.isatty():
        raise Refused("credentials", "give the key by --credentials-stdin, by THRESHER_APIKEY and THRESHER_SECRET, or at a terminal")
    told = {"apiKey": typer.prompt("API key", hide_input=True), "secret": typer.prompt("API secret", hide_input=True)}
    if password := typer.prompt("Passphrase of the key (empty if it has none)", hide_input=True, default="", show_default=False):
        told["password"] = password
    return told


def _stdin_object() -> dict[str, str]:
    from service.app.ports import Refused

    try:
        told = json.loads(sys.stdin.read())
    except ValueError:
        raise Refused("credentials", 'standard input must be one JSON object, such as {"apiKey": …, "secret": …}') from None
    if not isinstance(told, dict) or not all(isinstance(v, str) for v in told.values()):
        raise Refused("credentials", "standard input must be one JSON object whose values are texts")
    return told

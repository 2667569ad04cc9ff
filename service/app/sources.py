"""Adding, probing, pausing and removing accounts. Nothing is stored before the source has shown that it may only be read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from connectors.contract import AccessDenied, AccountRef, Connector, ConnectorError, Identity, InvalidInput, Shared, Source
from service.app.ports import Account, AccountStatus, App, Refused, Stopped
from service.domain.issues import content_id

PORTFOLIO = "main"
WALLET_CREDENTIALS = frozenset({"privateKey", "walletAddress", "mnemonic", "twofa", "login"})
"""ccxt's names of what a key that can only read never needs: a wallet's own key, or a person's login."""
HEX_SECRET = re.compile(r"(0x)?[0-9a-fA-F]+")


async def add_exchange(
    app: App, source: str, credentials: Mapping[str, str], base_url: str | None = None, label: str | None = None
) -> Account:
    """An exchange by its ccxt id, with a key that can only read. Raises Refused (input), Stopped (the key)."""
    settings = {"base_url": _origin("base-url", base_url)} if base_url else {}
    if not credentials or not all(isinstance(v, str) and v for v in credentials.values()):
        raise Refused("credentials", 'give the key as one JSON object of texts, such as {"apiKey": …, "secret": …}')
    _no_wallet_key(app, credentials)
    return await _add(
        app,
        "exchange",
        source,
        address="",
        settings=settings,
        secrets=dict(credentials),
        label=label,
        default_label=source,
        url_field="base-url",
    )


async def add_evm(app: App, address: str, chain: str, rpc: str | None = None, label: str | None = None) -> Account:
    """A watch-only address on an Ethereum-compatible chain. The RPC address may hold a key, so it is sealed."""
    no_wallet_secret(app, "address", address)
    if chain not in app.chains:
        raise Refused("chain", f"no chain is named {chain!r}; there are: {', '.join(sorted(app.chains))}; add one in chains.toml")
    endpoint = rpc or app.chains[chain].get("rpc", "")
    if not endpoint:
        raise Refused("rpc", f"name a JSON-RPC address for {chain} with --rpc; thresher asks no public node of its own accord")
    _origin("rpc", endpoint)
    short = f"{chain} {address[-40:][:4]}…{address[-4:]}"
    return await _add(
        app,
        "evm",
        chain,
        address=address.strip(),
        settings={},
        secrets={"rpc": endpoint},
        label=label,
        default_label=short,
        url_field="rpc",
    )


async def add_other(app: App, connector: str, source: str, fields: Mapping[str, str], label: str | None = None) -> Account:
    """An account of any installed connector; `fields` are those that its Spec names ("address" is what is watched)."""
    try:
        spec = app.connector_class(connector).spec
    except InvalidInput as wrong:
        raise Refused(wrong.field, str(wrong)) from None
    known = {field.name: field for field in spec.fields}
    if strange := sorted(set(fields) - set(known) - {"address"}):
        raise Refused(strange[0], f"{connector} has no field of that name; it has: {', '.join(sorted(known)) or 'none'}")
    if missing := [field.name for field in spec.fields if field.required and not fields.get(field.name)]:
        raise Refused(missing[0], f"{connector} needs {missing[0]}: {known[missing[0]].says}")
    address = fields.get("address", "")
    for name, value in fields.items():
        if "://" not in value:  # a node's address may hold a key of its own
            no_wallet_secret(app, name, value)
    secrets = {name: value for name, value in fields.items() if name in known and known[name].secret}
    settings = {name: value for name, value in fields.items() if name in known and not known[name].secret}
    return await _add(
        app,
        connector,
        source,
        address=address,
        settings=settings,
        secrets=secrets,
        label=label,
        default_label=source,
        url_field="source",
    )


async def probe(app: App, account: str) -> Account:
    """Asks the source again who it is and what the key may do, and stores the answer."""
    found = await the_account(app, account)
    async with opened(app, found) as connector:
        try:
            identity = await connector.probe()
        except AccessDenied as denied:
            await app.store.save_account(replace(found, status="refused", says=str(denied)))
            raise Stopped(found.label, str(denied)) from None
        except ConnectorError as failed:
            raise Refused("account", f"{found.label} does not answer: {failed}") from None
    status: AccountStatus = "paused" if found.status == "paused" else "active"
    return await _save(app, replace(found, status=status, says=" ".join(identity.says), permissions=identity.permissions))


async def set_key(app: App, account: str, credentials: Mapping[str, str]) -> Account:
    """A new key for a known account: its history goes on under the same id.

    Raises Refused (input, a key of another account of ours), Stopped (the key).
    """
    found = await the_account(app, account)
    if not credentials or not all(isinstance(v, str) and v for v in credentials.values()):
        raise Refused("credentials", 'give the key as one JSON object of texts, such as {"apiKey": …, "secret": …}')
    _no_wallet_key(app, credentials)
    source = _source(app, found.source, AccountRef(found.id, found.address), found.settings, credentials)
    async with app.leases.hold(found.id), _connected(app, found.connector, source) as connector:
        identity = await _identified(connector, found.label, "account")
        others = [a for a in await app.store.accounts(PORTFOLIO) if a.id != found.id]
        taken = [a for a in others if (a.connector, a.source, a.identity) == (found.connector, found.source, identity.id)]
        if taken:
            raise Refused("credentials", f"this key belongs to {taken[0].label}")
        sealed = {name: app.vault.seal(value, ("account", found.id, name)) for name, value in credentials.items()}
        await app.store.save_sealed("account", found.id, sealed)
        says = " ".join(identity.says)
        return await _save(app, replace(found, status="active", says=says, permissions=identity.permissions))


async def pause(app: App, account: str) -> Account:
    """No sync until it is resumed; what was read stays."""
    return await _save(app, replace(await the_account(app, account), status="paused", says="paused by the holder"))


async def resume(app: App, account: str) -> Account:
    return await _save(app, replace(await the_account(app, account), status="active", says=""))


async def remove(app: App, account: str) -> Account:
    """The account with all that was read from it, and its key. What other accounts know stays."""
    found = await the_account(app, account)
    async with app.leases.hold(found.id):
        await app.store.remove_account(found.id)
    return found


async def the_account(app: App, word: str) -> Account:
    """By id or label. Raises Refused where there is none, or several of that label."""
    accounts = await app.store.accounts(PORTFOLIO)
    found = [a for a in accounts if word in (a.id, a.label)]
    if not found:
        raise Refused("account", f"no account is called {word!r}; `thresher account list` shows them")
    if len(found) > 1:
        raise Refused("account", f"{len(found)} accounts are called {word!r}; use the id")
    return found[0]


@asynccontextmanager
async def opened(app: App, account: Account) -> AsyncIterator[Connector]:
    """The account's connector, its secrets unsealed for as long as it is open. Raises Refused, Stopped."""
    sealed = await app.store.sealed("account", account.id)
    secrets = {name: app.vault.open(value, ("account", account.id, name)) for name, value in sealed.items()}
    source = _source(app, account.source, AccountRef(account.id, account.address), account.settings, secrets)
    async with _connected(app, account.connector, source) as connector:
        yield connector


@asynccontextmanager
async def _connected(app: App, name: str, source: Source) -> AsyncIterator[Connector]:
    try:
        connector = app.open_connector(name, source)
    except InvalidInput as wrong:
        await source.shared.aclose()
        raise Refused(wrong.field, str(wrong)) from None
    try:
        yield connector
    finally:
        await connector.aclose()
        await source.shared.aclose()


def _source(app: App, name: str, ref: AccountRef, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Source:
    return Source(
        name=name,
        accounts=(ref,),
        now=app.now,
        settings={**app.chains.get(name, {}), **settings},
        secrets=secrets,
        shared=Shared(),
        rate_scale=app.settings.rate_scale,
    )


async def _add(
    app: App,
    connector: str,
    source: str,
    *,
    address: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    label: str | None,
    default_label: str,
    url_field: str,
) -> Account:
    no_wallet_secret(app, "label", label or "")
    async with _connected(app, connector, _source(app, source, AccountRef("", address), settings, secrets)) as opened_connector:
        identity = await _identified(opened_connector, source, url_field)
        kind = type(opened_connector).spec.kind
    known = await app.store.accounts(PORTFOLIO)
    account = Account(
        id=content_id("acc", PORTFOLIO, connector, source, identity.id),
        portfolio=PORTFOLIO,
        kind=kind,
        connector=connector,
        source=source,
        identity=identity.id,
        address=address,
        label=_free_label(label or default_label, [a.label for a in known]),
        settings=settings,
        status="active",
        says=" ".join(identity.says),
        permissions=identity.permissions,
        added_at=app.now(),
    )
    sealed = {name: app.vault.seal(value, ("account", account.id, name)) for name, value in secrets.items()}
    stored = await app.store.add_account(account, sealed)
    if stored != account:  # known already: it keeps its id, label and history, and takes the new address and key
        status: AccountStatus = "paused" if stored.status == "paused" else "active"
        fresh = replace(stored, settings=settings, status=status, says=account.says, permissions=account.permissions)
        stored = await _save(app, fresh)
    return stored


async def _identified(connector: Connector, source: str, url_field: str) -> Identity:
    try:
        return await connector.probe()
    except InvalidInput as wrong:
        raise Refused(wrong.field, str(wrong)) from None
    except AccessDenied as denied:
        raise Stopped(source, str(denied)) from None
    except ConnectorError as failed:
        raise Refused(
            url_field, f"{source} does not answer as it should: {str(failed).rstrip('.')}. Check the address and try again"
        ) from None


async def _save(app: App, account: Account) -> Account:
    await app.store.save_account(account)
    return account


def no_wallet_secret(app: App, field: str, text: str) -> None:
    """Refuses a wallet's secret in any text that would be stored or sent, without keeping or repeating it."""
    if kind := app.secret_kind(text):
        article = "an" if kind[0] in "aeiou" else "a"
        raise Refused(
            field,
            f"this looks like {article} {kind}. It was not stored. thresher only watches: give a public address. "
            "If the secret was shown to anybody or anything else, move the coins to a new wallet",
        )


def _no_wallet_key(app: App, credentials: Mapping[str, str]) -> None:
    """An exchange's API secret may be 64 hex digits, the shape of a private key; everything else of a wallet is refused."""
    for name, text in credentials.items():
        if name in WALLET_CREDENTIALS:
            raise Refused(name, "this exchange signs with a wallet's own key, and thresher never holds one")
        if not HEX_SECRET.fullmatch(text.strip()):
            no_wallet_secret(app, name, text)


def _origin(field: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # brackets of an address, a port out of range
        usable = False
    if not usable:
        raise Refused(
            field, "give a full address that begins with http:// or https:// and names a host, with a port from 1 to 65535 if any"
        )
    if field == "base-url" and (parts.username or parts.query):
        raise Refused(field, "give the origin only, without user name or query")
    return url.rstrip("/")


def _free_label(wanted: str, taken: list[str]) -> str:
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted} {number}" in taken:
        number += 1
    return f"{wanted} {number}"

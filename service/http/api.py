"""The JSON API: every question of the command line under the same noun with the same keys, and what the owner may do.

A secret comes in by a body, goes to the use case and is in no answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from service.app import evaluate as evaluating
from service.app import holder, lot_choices, queries, rebuild, sources
from service.app import ladder as laddering
from service.app import sync as syncing
from service.app.ports import Account, App
from service.http.auth import Thresher, authorised

Answer = dict[str, Any]

router = APIRouter(prefix="/api/v1", dependencies=[Depends(authorised)], tags=["api"])


# ------------------------------------------------------------------ questions

QUESTIONS: dict[str, tuple[Callable[[App], Awaitable[Answer]], str]] = {
    "overview": (queries.overview, "The portfolio in a few figures"),
    "accounts": (queries.accounts, "What is watched, and how far each account is proven"),
    "balances": (queries.balances, "Derived balance beside the declared one"),
    "lots": (queries.lots, "Open lots at the current price"),
    "opportunities": (queries.harvest, "What is worth selling, and what is not and why"),
    "harvest": (queries.harvest, "The same as opportunities"),
    "alerts": (queries.alerts, "What was said, and what became of the messages"),
    "issues": (queries.issues, "What is open, each with its remedy"),
    "coverage": (queries.coverage, "What is proven complete, and how"),
    "channels": (queries.channels, "Where alerts go; addresses are masked"),
    "ladder": (laddering.ladder, "At which price a holding becomes worth a word, and above which an open alert on it is over"),
    "allocation": (lot_choices.allocation, "What became of the lots of one pool for all accounts, and what is still to be said"),
}

KEYS = {
    "accounts": "id kind source label address status says permissions last_sync proved_until",
    "balances": "account asset symbol derived declared difference flags",
    "transactions": "id account occurred_at kind chain_ref legs matched_with flags",
    "lots": "id account asset symbol quantity basis acquired_at term price value unrealised flags",
    "opportunities": "id account asset symbol lots quantity loss term saving costs net net_low net_high deferred days_to_long turning_costs certainty price price_at blocked_by says",
    "alerts": "id state opportunity created_at message deliveries",
    "issues": "id kind severity subject says remedy",
    "coverage": "account stream from to proof unreachable",
    "channels": "id label url added_at digest signed",
    "ladder": "account asset symbol price fires_at ends_above",
    "overview": "value unrealised realised saving opportunities unpriced_lots accounts open_alerts issues currency at",
    "allocation": "account_scope_from recorded_at says law assets",
    "gains": "asset coin acquired disposed quantity proceeds gain tax_year flags",
    "plan": "year computed rules ledger sales saving carry costs deferred net before after next_dollar next_dollar_worth repurchase reason left_out currency",
    "proofs": "number account label coin symbol method made_at price lots ledger rules hash previous intact state sold sold_at planned_gain gain bought_back deviations",
    "explanations": "asset symbol quantity time_zone chain prices arithmetic utc rules reproduced",
}
"""What an item of each noun has at least, for the OpenAPI document; a test compares with the answers. More may be added, none renamed."""
ONE = frozenset({"overview", "allocation", "plan"})
"""Nouns with one item and no list."""
BESIDE = {"gains": "totals issues method scope zone says"}
"""What stands beside the list of a noun."""


def documented(noun: str) -> dict[int | str, dict[str, Any]]:
    """The responses of a question, for the OpenAPI document."""
    key = "opportunities" if noun == "harvest" else noun
    item = _object(KEYS[key])
    schema = _object(" ".join([key, *BESIDE.get(key, "").split()]))
    schema["properties"][key] = item if key in ONE else {"type": "array", "items": item}
    told: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": schema}}}}
    return told | {401: {"description": "No session, no token"}} | ({404: {"description": "Unknown id"}} if key == "explanations" else {})


def _object(keys: str) -> dict[str, Any]:
    return {"type": "object", "required": keys.split(), "properties": {key: {} for key in keys.split()}}


def _question(noun: str, ask: Callable[[App], Awaitable[Answer]], summary: str) -> None:
    async def answer(app: Thresher) -> Answer:
        return await ask(app)

    router.add_api_route(
        f"/{noun}", answer, methods=["GET"], name=noun, summary=summary, operation_id=f"get_{noun}", responses=documented(noun)
    )


for _noun, (_ask, _summary) in QUESTIONS.items():
    _question(_noun, _ask, _summary)


@router.get("/transactions", summary="What moved: all of it, or the newest `limit`", responses=documented("transactions"))
async def transactions(app: Thresher, limit: Annotated[int | None, Query(ge=1)] = None) -> Answer:
    return await queries.transactions(app, limit)


# ------------------------------------------------------------------ accounts


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewExchange(Body):
    source: str = Field(description="ccxt id: binance, kraken, coinbase, …")
    credentials: dict[str, SecretStr] = Field(description="ccxt's names: apiKey, secret, password, uid …")
    base_url: str | None = None
    label: str | None = None


class NewAddress(Body):
    address: str = Field(description="0x… with its checksum, or eth:0x…")
    chain: str
    rpc: SecretStr | None = Field(None, description="JSON-RPC address; it may hold a key, so it is kept sealed")
    label: str | None = None


class NewChannel(Body):
    url: SecretStr = Field(description="an apprise URL: mailto://…, json://…; kept sealed")
    label: str | None = None
    digest: str = Field("", description="HH:MM in the holder's zone for one message a day; empty: each at once")
    signed: bool = Field(default=False, description="sign what goes to a json:// or jsons:// address; the answer has the secret, this once")


class Until(Body):
    until: AwareDatetime


async def known_account(account: str, app: Thresher) -> str:
    """404 where no account has this id."""
    if all(a["id"] != account for a in (await queries.accounts(app))["accounts"]):
        raise HTTPException(404, "no account has this id")
    return account


async def known_alert(alert: str, app: Thresher) -> str:
    """404 where no alert has this id."""
    if all(a["id"] != alert for a in (await queries.alerts(app))["alerts"]):
        raise HTTPException(404, "no alert has this id")
    return alert


KnownAccount = Annotated[str, Depends(known_account)]
KnownAlert = Annotated[str, Depends(known_alert)]


@router.post("/accounts/exchange", status_code=201, summary="Watch an exchange by a key that can only read")
async def add_exchange(new: NewExchange, app: Thresher) -> Answer:
    credentials = {name: value.get_secret_value() for name, value in new.credentials.items()}
    return await _account(app, await sources.add_exchange(app, new.source, credentials, new.base_url, new.label))


@router.post("/accounts/evm", status_code=201, summary="Watch an address of an Ethereum-compatible chain")
async def add_evm(new: NewAddress, app: Thresher) -> Answer:
    rpc = new.rpc.get_secret_value() if new.rpc else None
    return await _account(app, await sources.add_evm(app, new.address, new.chain, rpc, new.label))


@router.post("/accounts/{account}/pause")
async def pause(account: KnownAccount, app: Thresher) -> Answer:
    return await _account(app, await sources.pause(app, account))


@router.post("/accounts/{account}/resume")
async def resume(account: KnownAccount, app: Thresher) -> Answer:
    return await _account(app, await sources.resume(app, account))


@router.post("/accounts/{account}/probe", summary="Ask the source again who it is and what the key may do")
async def probe(account: KnownAccount, app: Thresher) -> Answer:
    return await _account(app, await sources.probe(app, account))


@router.post("/accounts/{account}/sync")
async def sync_account(account: KnownAccount, app: Thresher, *, full: bool = False) -> Answer:
    return await _synced(app, [account], full=full)


@router.delete("/accounts/{account}", summary="Remove an account with all that was read from it, and its key")
async def remove(account: KnownAccount, app: Thresher) -> Answer:
    gone = await sources.remove(app, account)
    await rebuild.catch_up(app)
    return await _account(app, gone)


async def _account(app: App, account: Account) -> Answer:
    return {"account": await queries.account(app, account)}


# ------------------------------------------------------------------ alerts, channels, work


@router.post("/alerts/test", summary="A test message through every channel")
async def test_alert(app: Thresher) -> Answer:
    return {"test": {"channels": await holder.test_alert(app)}}


@router.post("/alerts/{alert}/ack", summary="Seen: it speaks no more, but still says when it is over")
async def acknowledge(alert: KnownAlert, app: Thresher) -> Answer:
    return await _alert(app, (await holder.acknowledge(app, alert)).id)


@router.post("/alerts/{alert}/snooze")
async def snooze(alert: KnownAlert, body: Until, app: Thresher) -> Answer:
    return await _alert(app, (await holder.snooze(app, alert, body.until)).id)


async def _alert(app: App, alert: str) -> Answer:
    return {"alert": next(a for a in (await queries.alerts(app))["alerts"] if a["id"] == alert)}


@router.post("/channels", status_code=201, summary="Where alerts go")
async def add_channel(new: NewChannel, app: Thresher) -> Answer:
    secret = secrets.token_urlsafe(32) if new.signed else None
    made = await holder.add_channel(app, new.url.get_secret_value(), new.label, digest=new.digest, secret=secret)
    told = next(c for c in (await queries.channels(app))["channels"] if c["id"] == made.id)
    return {"channel": {**told, "secret": secret} if secret else told}


@router.post("/sync", summary="Pull every account, rebuild, evaluate, deliver; answers when it is done")
async def sync(app: Thresher, *, full: bool = False) -> Answer:
    return await _synced(app, None, full=full)


async def _synced(app: App, accounts: list[str] | None, *, full: bool) -> Answer:
    report = await syncing.sync(app, accounts, full)
    return {
        "sync": {
            "accounts": [
                {"account": p.account, "label": p.label, "outcome": p.outcome, "new": p.new, "changed": p.changed, "says": p.says or None}
                for p in report.accounts
            ],
            "changed": report.changed,
            "ledger": report.ledger,
            "opportunities": sum(not o.blocked_by for o in report.evaluation.opportunities),
            "messages": len(report.evaluation.said),
            "delivered": report.evaluation.delivered,
        }
    }


@router.post("/evaluate", summary="Ask for current prices, decide, deliver")
async def evaluate(app: Thresher) -> Answer:
    done = await evaluating.evaluate(app)
    worth = sum(not o.blocked_by for o in done.opportunities)
    return {"evaluation": {"opportunities": worth, "messages": len(done.said), "delivered": done.delivered, "issues": len(done.issues)}}

"""One address over one span of blocks → its records, and what proves that none is missing.

    hashes (logs, trace_filter) → facts → native proof (prove.py) → token proof (tokens.py) → records

All numbers in a payload are decimal strings; the payload of a transaction is the same whichever way it was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.clients.rpc import Rpc
from connectors.contract import AccountRef, RawRecord
from connectors.evm.discovery import by_logs, by_traces
from connectors.evm.facts import Fact, read_times
from connectors.evm.logs import Move, moves
from connectors.evm.prove import Extra, NativeProof
from connectors.evm.tokens import Token, TokenCheck, TokenProof, token_facts

STREAM = "chain"


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """A chain as config/chains.toml tells it."""

    chain_id: int
    native: str
    symbol: str
    finality: str
    """"finalized", or how many blocks below the head count as final."""
    wrapped: str
    """The WETH-like contract, lower case; empty where none is named."""
    genuine: frozenset[str]
    """Contracts that no look-alike rule may doubt, lower case."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and the block that it stands in."""

    block: int
    block_hash: str
    record: RawRecord


@dataclass(frozen=True, slots=True)
class Reading:
    placed: tuple[Placed, ...]
    """In the order of the chain."""
    held: tuple[str, ...]
    tokens: dict[str, tuple[str, int, bool]]
    """Contract → (symbol, decimals, moved by a transaction of our own)."""
    proof: str


async def read_history(
    rpc: Rpc, account: AccountRef, chain: ChainSettings, span: tuple[int, int], held: Iterable[str], *, key_held: bool
) -> Reading:
    """Everything that moved for the account over `span` (base, end]; `held` are the holdings at its base. Raises RetryLater, AccessDenied, SourceChanged."""
    me, (base, end) = account.address.lower(), span
    times: dict[int, tuple[str, int]] = {}
    hashes = await by_logs(rpc, me, base + 1, end)
    by_trace = await by_traces(rpc, me, base + 1, end)
    hashes |= by_trace or set()
    native = NativeProof(rpc, me, base, end, times, key_held=key_held)
    await native.add(hashes)
    complete = await native.complete()
    facts = sorted(native.facts.values(), key=lambda fact: (fact.block, fact.index))
    proof = await TokenCheck(rpc, me, span, chain.wrapped).prove(facts, held)
    await read_times(rpc, {*native.extras, *proof.growth}, times)
    contracts = {move.token for fact in facts for move in moves(fact.logs, me)} | {
        _contract(h) for own in proof.growth.values() for h in own
    }
    told = await token_facts(rpc, contracts, end)
    placed = [
        Placed(fact.block, fact.block_hash, _record(account, fact.hash, fact.time, _fact_payload(chain, me, fact, told, proof)))
        for fact in facts
    ]
    placed += _extras(account, chain, native.extras, times)
    placed += _growth(account, chain, proof.growth, times, told)
    placed.sort(key=lambda one: one.block)  # stable: within a block the chain's order, then what no transaction explains
    own = {move.token for fact in facts if fact.ok and fact.sender == me for move in moves(fact.logs, me)}
    says = _says(end, len(proof.held), complete=complete, sure=key_held or by_trace is not None)
    return Reading(tuple(placed), proof.held, {t: (told[t].symbol, told[t].decimals, t in own) for t in contracts}, says)


def _says(end: int, held: int, *, complete: bool, sure: bool) -> str:
    if not complete:
        return f"unproven: nonce and balance at block {end} are not fully explained"
    if not sure:
        return f"unproven: the address runs code, and the node has no traces; balance and nonce agree at block {end}"
    return f"nonce and balance at block {end}" + (f", {held} token balances" if held else "")


def _fact_payload(chain: ChainSettings, me: str, fact: Fact, told: Mapping[str, Token], proof: TokenProof) -> dict[str, Any]:
    ours: list[Move] = moves(fact.logs, me)
    return {
        **_chain_part(chain, fact.block),
        "me": me,
        "hash": fact.hash,
        "index": str(fact.index),
        "from": fact.sender,
        "to": fact.to,
        "ok": fact.ok,
        "value": str(fact.value),
        "fee": str(fact.fee),
        "net": str(fact.native),
        "others": sorted(fact.others),
        "logs": [
            {"address": log["address"].lower(), "topics": log["topics"], "data": log["data"], "index": str(int(log["logIndex"], 16))}
            for log in fact.logs
        ],
        "tokens": {move.token: _token_part(chain, move.token, told) for move in ours},
        "unbacked": sorted(proof.unbacked.get(fact.hash, ())),
    }


def _extras(
    account: AccountRef, chain: ChainSettings, extras: Mapping[int, list[Extra]], times: Mapping[int, tuple[str, int]]
) -> list[Placed]:
    found = []
    for block, own in extras.items():
        rows = [{"amount": str(extra.amount), "why": extra.why} for extra in own]
        payload = {**_chain_part(chain, block), "holding": "", "unexplained": rows, "tokens": {}}
        found.append(Placed(block, times[block][0], _record(account, f"unexplained:{block}", times[block][1], payload)))
    return found


def _growth(
    account: AccountRef,
    chain: ChainSettings,
    growth: Mapping[int, Mapping[str, int]],
    times: Mapping[int, tuple[str, int]],
    told: Mapping[str, Token],
) -> list[Placed]:
    found = []
    for block, holding, amount in ((block, *one) for block, own in growth.items() for one in sorted(own.items())):
        token = _contract(holding)
        rows = [{"amount": str(amount), "why": "growth"}]
        part = {token: _token_part(chain, token, told)}
        payload = {**_chain_part(chain, block), "holding": holding, "unexplained": rows, "tokens": part}
        found.append(Placed(block, times[block][0], _record(account, f"unexplained:{block}/{holding}", times[block][1], payload)))
    return found


def _chain_part(chain: ChainSettings, block: int) -> dict[str, Any]:
    return {"chain": str(chain.chain_id), "native": chain.native, "symbol": chain.symbol, "block": str(block)}


def _token_part(chain: ChainSettings, token: str, told: Mapping[str, Token]) -> dict[str, Any]:
    return {
        "decimals": str(told[token].decimals),
        "symbol": told[token].symbol,
        "genuine": token in chain.genuine or token == chain.wrapped,
    }


def _contract(holding: str) -> str:
    return holding.partition(":")[2].partition("/")[0]


def _record(account: AccountRef, key: str, time: int, payload: Mapping[str, Any]) -> RawRecord:
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return RawRecord(account.id, STREAM, key, datetime.fromtimestamp(time, UTC), text)

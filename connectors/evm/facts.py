"""Hashes → facts: transaction, receipt, block time and native effect of each, by batches.

The native effect of a transaction on the address is exact where the node has traces, or where nothing but the plain value can have moved;
else it is the plain value until the balances around its block settle it (prove.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.clients.rpc import Call, Refused, Rpc
from connectors.contract import RetryLater, SourceChanged
from connectors.evm.logs import called, concerns, traced

PLAIN_GAS = 21_000
"""A transaction that used exactly this ran no code."""
OP_DEPOSIT, ARBITRUM_DEPOSIT = 0x7E, 0x64
"""Deposits from the parent chain: the first pays no fee and may mint, the second's value does not come from its sender."""


@dataclass(slots=True)
class Fact:
    """One transaction as it concerns one address. Amounts in the chain's smallest unit."""

    hash: str
    block: int
    block_hash: str
    time: int
    index: int
    sender: str
    to: str
    """Lower case; the created contract where there was none."""
    ok: bool
    ran_code: bool
    value: int
    type: int
    fee: int
    minted: int
    logs: list[dict[str, Any]]
    """Those that concern the address."""
    native: int = 0
    """Net change of the address, its fee not included."""
    exact: bool = True
    """Whether `native` is known to be all."""
    others: tuple[str, ...] = ()
    paid: int = field(default=0)
    """The fee, if the address is the sender."""


def plain_effect(fact: Fact, address: str) -> int:
    """What the transaction's own value did to the address."""
    net = fact.minted if fact.sender == address else 0
    if fact.ok:
        net += fact.value if fact.to == address else 0
        net -= fact.value if fact.sender == address and fact.type != ARBITRUM_DEPOSIT else 0
    return net


def fee_of(tx: dict[str, Any], receipt: dict[str, Any]) -> int:
    """Execution, blobs (EIP-4844), and the OP stack's L1 data and operator fee (Isthmus)."""
    if _int(tx.get("type")) == OP_DEPOSIT:
        return 0
    gas = _int(receipt["gasUsed"])
    price = _int(receipt.get("effectiveGasPrice") or tx.get("gasPrice"))
    fee = gas * price + _int(receipt.get("blobGasUsed")) * _int(receipt.get("blobGasPrice")) + _int(receipt.get("l1Fee"))
    if receipt.get("operatorFeeScalar") or receipt.get("operatorFeeConstant"):
        fee += gas * _int(receipt.get("operatorFeeScalar")) // 10**6 + _int(receipt.get("operatorFeeConstant"))
    return fee


async def read_facts(rpc: Rpc, address: str, hashes: Iterable[str], times: dict[int, tuple[str, int]]) -> list[Fact]:
    """Facts of `hashes`, all of them mined. `times` (block → hash, time) is read and filled. Raises RetryLater where one is gone."""
    wanted = sorted(set(hashes))
    calls: list[Call] = [("eth_getTransactionByHash", [h]) for h in wanted] + [("eth_getTransactionReceipt", [h]) for h in wanted]
    answers = await rpc.all(calls)
    pairs = list(zip(answers[: len(wanted)], answers[len(wanted) :], strict=True))
    if any(not tx or not receipt or receipt.get("blockNumber") is None for tx, receipt in pairs):
        raise RetryLater(f"the node at {rpc.host} no longer knows a transaction that it listed; it may be following a reorganisation")
    await read_times(rpc, {_int(receipt["blockNumber"]) for _, receipt in pairs}, times)
    facts = [_fact(tx, receipt, address, times) for tx, receipt in pairs]
    for fact, (_, receipt) in zip(facts, pairs, strict=True):
        if str(receipt["blockHash"]).lower() != fact.block_hash:
            raise RetryLater(f"the chain changed while block {fact.block} was read")
    await _trace(rpc, address, [fact for fact in facts if fact.ok and fact.ran_code])
    return facts


async def read_times(rpc: Rpc, blocks: Iterable[int], times: dict[int, tuple[str, int]]) -> None:
    """Fill in hash and time of blocks."""
    missing = sorted(set(blocks) - set(times))
    for number, header in zip(missing, await rpc.all([("eth_getBlockByNumber", [hex(n), False]) for n in missing]), strict=True):
        if not header:
            raise RetryLater(f"the node at {rpc.host} does not know block {number} yet")
        times[number] = (str(header["hash"]).lower(), _int(header["timestamp"]))


def can_trace(rpc: Rpc) -> bool:
    """Whether the node has not yet said that it has neither way of tracing a transaction."""
    return not {"trace_transaction", "debug_traceTransaction"} <= rpc.lacks


async def _trace(rpc: Rpc, address: str, facts: list[Fact]) -> None:
    """Exact native effects by trace_transaction, else by geth's callTracer; marks them inexact where the node has neither."""
    for fact in facts:
        fact.exact = False
    if not facts:
        return
    for method, more, read in (("trace_transaction", [], traced), ("debug_traceTransaction", [{"tracer": "callTracer"}], called)):
        todo = [fact for fact in facts if not fact.exact]
        for some in (todo[:1], todo[1:]):  # one asks for all whether the node can
            if method in rpc.lacks:
                break
            answers = await rpc.many([(method, [fact.hash, *more]) for fact in some])
            for fact, frames in zip(some, answers, strict=True):
                if not isinstance(frames, Refused) and frames:
                    net, fact.others = read(frames, address)
                    fact.native = net + (fact.minted if fact.sender == address else 0)
                    fact.exact = True


def _fact(tx: dict[str, Any], receipt: dict[str, Any], address: str, times: dict[int, tuple[str, int]]) -> Fact:
    try:
        block = _int(receipt["blockNumber"])
        sender, to = str(tx["from"]).lower(), str(tx.get("to") or receipt.get("contractAddress") or "").lower()
        fact = Fact(
            hash=str(tx["hash"]).lower(),
            block=block,
            block_hash=times[block][0],
            time=times[block][1],
            index=_int(receipt["transactionIndex"]),
            sender=sender,
            to=to,
            ok=_int(receipt.get("status", "0x1")) == 1,
            ran_code=_int(receipt["gasUsed"]) != PLAIN_GAS,
            value=_int(tx["value"]),
            type=_int(tx.get("type")),
            fee=fee_of(tx, receipt),
            minted=_int(tx.get("mint")),
            logs=[log for log in receipt["logs"] if concerns(log, address)],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SourceChanged(f"a transaction or receipt lacks what we need: {type(error).__name__}") from None
    fact.native = plain_effect(fact, address)
    fact.paid = fact.fee if sender == address else 0
    if fact.native:
        fact.others = (to if sender == address else sender,)
    return fact


def _int(value: Any) -> int:
    """A JSON-RPC quantity; absent is 0 for fields that a chain may leave out."""
    return int(value, 16) if value else 0

"""Pure: stored records of one address → what moved, by net change per transaction.

Worked example: a swap that sends 2 ETH, is refunded 1 ETH inside and receives 20 GOV is one transaction with the legs
−1 ETH, +20 GOV and the fee. What a fake token's log claims stays out of a true transaction's legs; alone it is shown as spam.
A transaction that moved nothing of ours (a message, a forged transfer of 0) gives none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from unicodedata import normalize as unicode_form

from connectors.contract import Asset, Hint, Leg, RawRecord, Transaction, Unreadable
from connectors.evm.logs import ZERO, Move, moves

STAKE_BACK = 16 * 10**18
"""A beacon withdrawal of so much (wei) brings a stake back and is no income. By the consensus rules what an active validator has above
32 ETH is swept to its address, some hundredths at a time, and that is its reward; one that left gets all that it had, and one is put out
when it falls to 16 ETH (EJECTION_BALANCE). Such a receipt is asked for. A part of a stake that is asked back (EIP-7002) in less than
16 ETH looks like a reward and is taken for one.
"""

TokenWord = tuple[str, bool]
"""(symbol, trusted): trusted where the holder's own transaction moved it, or the chain's settings name it."""


def normalise(records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:
    """One transaction a record, or Unreadable."""
    read: list[tuple[RawRecord, dict[str, Any], list[Move]]] = []
    words: dict[str, TokenWord] = {}
    for record in records:
        try:
            payload = json.loads(record.payload)
            moved = moves(payload["logs"], payload["me"]) if "hash" in payload else []
            words |= _words(payload, moved, words)
            read.append((record, payload, moved))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            yield Unreadable(record.account, record.key, f"not a record of this connector: {type(error).__name__}")
    doubted = impostors(words, {str(payload.get("symbol", "")) for _, payload, _ in read})
    for record, payload, moved in read:
        try:
            found = _transaction(record, payload, moved, doubted) if "hash" in payload else _unexplained(record, payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield Unreadable(record.account, record.key, f"not a record of this connector: {type(error).__name__}")
            continue
        if found is not None:
            yield found


def impostors(tokens: Mapping[str, TokenWord], native_symbols: Iterable[str]) -> frozenset[str]:
    """Contracts that bear the symbol of a trusted token or of the chain's own coin, and that the holder never moved."""
    taken = {_look(symbol) for symbol, trusted in tokens.values() if trusted and symbol} | {_look(s) for s in native_symbols if s}
    return frozenset(token for token, (symbol, trusted) in tokens.items() if not trusted and _look(symbol) in taken)


def amount_of(raw: int, decimals: int) -> Decimal:
    """raw / 10^decimals, exact in any decimal context."""
    return Decimal((int(raw < 0), tuple(int(digit) for digit in str(abs(raw))), -decimals))


def _look(symbol: str) -> str:
    return unicode_form("NFKC", symbol).casefold().strip()


def _words(payload: Mapping[str, Any], moved: Iterable[Move], known: Mapping[str, TokenWord]) -> dict[str, TokenWord]:
    """What a record adds to what is known of the fungible tokens that it names."""
    own = payload.get("ok") is True and payload.get("from") == payload.get("me")
    fungible = {move.token for move in moved if move.kind in ("erc20", "wrap")}
    words = {}
    for token in fungible:
        told = payload["tokens"][token]
        symbol, trusted = known.get(token, ("", False))
        words[token] = (max(str(told["symbol"]), symbol), trusted or own or bool(told["genuine"]))
    return words


def _transaction(record: RawRecord, payload: Mapping[str, Any], moved: list[Move], doubted: frozenset[str]) -> Transaction | None:
    native, own = Asset(payload["native"]), payload["from"] == payload["me"]
    unbacked = set(payload["unbacked"])
    true = [move for move in moved if move.token not in unbacked and move.token not in doubted] if payload["ok"] else []
    fake = [move for move in moved if move not in true and not (move.kind == "wrap" and move.token in unbacked)] if payload["ok"] else []
    legs = [Leg(native, amount_of(int(payload["net"]), 18))] if int(payload["net"]) else []
    legs += _token_legs(payload, true)
    if own and int(payload["fee"]):
        legs.append(Leg(native, amount_of(-int(payload["fee"]), 18), is_fee=True))
    flags: tuple[str, ...] = () if payload["ok"] else ("failed",)
    note = f"left out: {len(fake)} token movement(s) that only a log claims" if legs and fake else ""
    shown = true
    if not legs and fake:
        legs, flags, shown = _token_legs(payload, fake), ("spam",), fake
    if not legs:
        return None
    others = dict.fromkeys([*payload["others"], *(move.other for move in shown)])
    return Transaction(
        account=record.account,
        keys=(f"{record.stream}/{record.key}",),
        occurred_at=record.occurred_at,
        legs=tuple(legs),
        hint="chain",
        chain_ref=str(payload["hash"]),
        counterparties=tuple(other for other in others if other and other not in (ZERO, payload["me"])),
        flags=flags,
        note=note,
        sequence=int(payload["index"]),
    )


def _token_legs(payload: Mapping[str, Any], moved: Iterable[Move]) -> list[Leg]:
    sums: dict[str, int] = {}
    for move in moved:
        sums[move.holding] = sums.get(move.holding, 0) + move.amount
    return [_leg(payload, holding, amount) for holding, amount in sums.items() if amount]


def _leg(payload: Mapping[str, Any], holding: str, amount: int) -> Leg:
    token = holding.partition(":")[2].partition("/")[0]
    decimals = int(payload["tokens"][token]["decimals"]) if holding.startswith("erc20") else 0
    return Leg(Asset(f"eip155:{payload['chain']}/{holding}"), amount_of(amount, decimals))


def _is_earned(row: Mapping[str, Any]) -> bool:
    """Whether a change without a transaction is income when received; a part of a stake is not."""
    if row["why"] == "withdrawal":
        return int(row["amount"]) < STAKE_BACK
    return row["why"] in ("reward", "growth")


def _unexplained(record: RawRecord, payload: Mapping[str, Any]) -> Transaction | None:
    rows = payload["unexplained"]
    amount = sum(int(row["amount"]) for row in rows)
    if not amount:
        return None
    holding = payload["holding"]
    leg = _leg(payload, holding, amount) if holding else Leg(Asset(payload["native"]), amount_of(amount, 18))
    hint: Hint = "reward" if amount > 0 and all(_is_earned(row) for row in rows) else "chain"
    return Transaction(
        account=record.account,
        keys=(f"{record.stream}/{record.key}",),
        occurred_at=record.occurred_at,
        legs=(leg,),
        hint=hint,
        flags=("unexplained",),
        note=f"block {payload['block']}: {', '.join(sorted({row['why'] for row in rows}))}",
    )

"""What Kraken's ledger means. Pure.

Rows that share a `refid` are one thing: the two sides of a trade, a purchase (spend and receive), or a withdrawal and its return. A row's `fee` is
taken in the row's own asset on top of `amount` (balance after = before + amount − fee). Deposit and withdrawal status rows give the transaction hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.contract import Asset, Hint, RawRecord
from connectors.exchange.normalise import FIAT, Read, amount, guarded, in_order, legs, optional, parsed, transaction, unreadable

REWARDS = frozenset({"staking", "dividend", "reward", "airdrop", "invite bonus"})
INTERNAL_TRANSFERS = frozenset(
    {
        "spottostaking",
        "spotfromstaking",
        "stakingtospot",
        "stakingfromspot",
        "spottofutures",
        "spotfromfutures",
        "spottospot",
        "spotfromspot",
    }
)
INTERNAL_EARN = frozenset({"allocation", "deallocation", "autoallocation", "autoallocate", "migration"})
PENDING = frozenset({"initial", "pending", "settled", "on hold"})
"""Words of a deposit's or withdrawal's status before its end."""
REWARD_SUBTYPES = frozenset({"reward", "bonus", "airdrop"})


def coin(code: str) -> Asset:
    """ "ZUSD" and "USD" are money, "XXBT" and "DOT.S" stay Kraken's own codes; "USD.HOLD" is not yet money."""
    bare = code[1:] if len(code) == 4 and code[0] == "Z" else code
    return Asset(f"fiat:{bare}") if bare in FIAT else Asset(f"kraken:{code}")


def normalise(source: str, records: Iterable[RawRecord]) -> Iterator[Read]:  # noqa: ARG001 - one signature for all dialects
    """One transaction for each refid; in order of time."""
    groups: dict[str, list[RawRecord]] = {}
    status: dict[str, list[RawRecord]] = {}
    for one in in_order(records):
        if one.stream == "ledger":
            groups.setdefault(_refid(one) or one.key, []).append(one)
        elif one.stream in ("deposit_status", "withdraw_status"):
            status.setdefault(_refid(one), []).append(one)
        else:
            yield from unreadable([one], f"kraken has no stream {one.stream!r} that this version can read")
    for refid, group in groups.items():
        beside = status.get(refid, []) if refid else []
        yield from guarded(group, lambda group=group, beside=beside: _group(group, beside))  # type: ignore[misc]


def _refid(one: RawRecord) -> str:
    try:
        return str(parsed(one).get("refid") or "")
    except ValueError:
        return ""


def _group(records: list[RawRecord], beside: list[RawRecord]) -> Iterator[Read]:
    rows = [parsed(one) for one in records]
    hints = {_hint(row) for row in rows}
    if None in hints:
        words = sorted({f"{row.get('type')}/{row.get('subtype') or ''}".rstrip("/") for row in rows if _hint(row) is None})
        yield from unreadable(records, f"kraken's ledger type {', '.join(words)} is not known")
        return
    if len(hints) > 1:
        yield from unreadable(records, f"one refid with rows of different types: {', '.join(sorted(str(row.get('type')) for row in rows))}")
        return
    hint = hints.pop()
    assert hint is not None
    if hint in ("deposit", "withdrawal") and _came_back(rows):
        return
    moved: list[tuple[Asset, Decimal, bool]] = []
    for row in rows:
        what = coin(str(row["asset"]))
        moved += [(what, amount(row["amount"]), False), (what, -optional(row.get("fee")), True)]
    reference, other = _on_chain(beside)
    yield from transaction(
        records,
        legs(*moved),
        hint,
        chain_ref=reference if hint in ("deposit", "withdrawal") else None,
        other=other if hint == "withdrawal" else None,
        final=_settled(beside) if hint in ("deposit", "withdrawal") else True,
        note=str(rows[0].get("subtype") or "") if hint in ("internal", "reward") else "",
    )


def _hint(row: dict[str, Any]) -> Hint | None:
    """None: a type that we do not know."""
    kind, subtype = str(row["type"]), str(row.get("subtype") or "")
    if kind == "trade" and subtype in ("", "tradespot"):
        return "trade"
    if kind in ("spend", "receive", "conversion", "sale"):
        return "convert" if subtype == "dustsweeping" else "trade"
    if kind == "deposit":
        return "deposit"
    if kind == "withdrawal":
        return "withdrawal"
    if kind in REWARDS:
        return "reward"
    if kind == "earn":
        return "reward" if subtype in REWARD_SUBTYPES else ("internal" if subtype in INTERNAL_EARN else None)
    if kind == "transfer":
        return "internal" if subtype in INTERNAL_TRANSFERS else ("reward" if subtype == "airdrop" else None)
    return None


def _came_back(rows: list[dict[str, Any]]) -> bool:
    """A withdrawal that failed is booked back under the same refid, its fee as well: nothing moved."""
    totals: dict[str, Decimal] = {}
    for row in rows:
        code = str(row["asset"])
        totals[code] = totals.get(code, Decimal(0)) + amount(row["amount"]) - optional(row.get("fee"))
    return len(rows) > 1 and not any(totals.values())


def _on_chain(beside: list[RawRecord]) -> tuple[str | None, str | None]:
    """(transaction hash, address) that the status tells of."""
    for one in beside:
        row = parsed(one)
        if row.get("txid"):
            return str(row["txid"]), str(row["info"]) if row.get("info") else None
    return None, None


def _settled(beside: list[RawRecord]) -> bool:
    """The ledger books what has happened; a status that still waits makes it pending."""
    return not any(waits(parsed(one)) for one in beside)


def waits(row: dict[str, Any]) -> bool:
    """Whether a status row may still change."""
    return str(row.get("status") or "").lower() in PENDING

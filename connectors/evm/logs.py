"""Pure: what event logs and traces say that one address gained or lost.

Worked example: a Transfer log with three topics moves `data` units of an ERC-20 from topic 1 to topic 2; with four topics it
moves the single ERC-721 token whose id is topic 3. WETH's Deposit and Withdrawal carry no Transfer, so they count as one, but only where
that contract did not write a Transfer from or to address zero in the same transaction too. A value of 0 moves nothing: anyone can forge it.

Amounts are integers in the token's smallest unit, signed from the address's side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SINGLE = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62"
BATCH = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb"
DEPOSIT = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c"
WITHDRAWAL = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65"
ZERO = "0x" + "0" * 40

Kind = Literal["erc20", "erc721", "erc1155", "wrap"]


@dataclass(frozen=True, slots=True)
class Move:
    """One signed change of one token of one address, as a log claims it."""

    kind: Kind
    token: str
    """Contract, lower case."""
    token_id: int | None
    amount: int
    other: str
    """The other side, lower case."""

    @property
    def holding(self) -> str:
        """What a balance is asked for: "erc20:0x…", "erc721:0x…/id", "erc1155:0x…/id"."""
        kind = "erc20" if self.kind == "wrap" else self.kind
        return f"{kind}:{self.token}" if kind == "erc20" else f"{kind}:{self.token}/{self.token_id}"


def topic(address: str) -> str:
    return "0x" + address[2:].lower().rjust(64, "0")


def filters(address: str) -> list[dict[str, Any]]:
    """The five log filters that find every token movement of an address."""
    me = topic(address)
    return [
        {"topics": [TRANSFER, me]},
        {"topics": [TRANSFER, None, me]},
        {"topics": [[SINGLE, BATCH], None, me]},
        {"topics": [[SINGLE, BATCH], None, None, me]},
        {"topics": [[DEPOSIT, WITHDRAWAL], me]},
    ]


def concerns(log: Mapping[str, Any], address: str) -> bool:
    """Whether a log is one that the five filters would find."""
    topics: Sequence[str] = log["topics"]
    me = topic(address)
    if not topics:
        return False
    if topics[0] == TRANSFER:
        return me in topics[1:3]
    if topics[0] in (SINGLE, BATCH):
        return me in topics[2:4]
    return topics[0] in (DEPOSIT, WITHDRAWAL) and me in topics[1:2]


def moves(logs: Iterable[Mapping[str, Any]], address: str) -> list[Move]:
    """All moves of one transaction's logs, in order; self transfers and zero amounts left out."""
    logs = list(logs)
    me = address.lower()
    found: list[Move] = []
    for log in logs:
        topics = [str(t).lower() for t in log["topics"]]
        token, words = str(log["address"]).lower(), _words(str(log["data"]))
        if topics[0] == TRANSFER and len(topics) == 4:
            found += _signed("erc721", token, [(int(topics[3], 16), 1)], (topics[1], topics[2]), me)
        elif topics[0] == TRANSFER and len(topics) == 3 and words:
            found += _signed("erc20", token, [(None, words[0])], (topics[1], topics[2]), me)
        elif topics[0] == SINGLE and len(topics) == 4 and len(words) >= 2:
            found += _signed("erc1155", token, [(words[0], words[1])], (topics[2], topics[3]), me)
        elif topics[0] == BATCH and len(topics) == 4:
            found += _signed("erc1155", token, _pairs(words), (topics[2], topics[3]), me)
        elif topics[0] in (DEPOSIT, WITHDRAWAL) and len(topics) == 2 and words:
            sides = (topic(ZERO), topics[1]) if topics[0] == DEPOSIT else (topics[1], topic(ZERO))
            if not any(_is_transfer(log, token, *sides) for log in logs):
                found += _signed("wrap", token, [(None, words[0])], sides, me)
    return found


def _signed(kind: Kind, token: str, amounts: Iterable[tuple[int | None, int]], sides: tuple[str, str], me: str) -> list[Move]:
    source, target = ("0x" + side[-40:] for side in sides)
    if source == target or me not in (source, target):
        return []
    sign, other = (1, source) if target == me else (-1, target)
    return [Move(kind, token, token_id, sign * amount, other) for token_id, amount in amounts if amount]


def _is_transfer(log: Mapping[str, Any], token: str, source: str, target: str) -> bool:
    return str(log["address"]).lower() == token and [str(t).lower() for t in log["topics"]] == [TRANSFER, source, target]


def _words(data: str) -> list[int]:
    digits = data.removeprefix("0x")
    return [int(digits[i : i + 64], 16) for i in range(0, len(digits) - 63, 64)]


def _pairs(words: list[int]) -> list[tuple[int | None, int]]:
    """Ids and values of a TransferBatch: two arrays behind two offsets. Nothing where the data is malformed."""
    if len(words) < 4 or words[0] % 32 or words[1] % 32:
        return []
    arrays = []
    for offset in (words[0] // 32, words[1] // 32):
        if offset >= len(words) or offset + 1 + words[offset] > len(words):
            return []
        arrays.append(words[offset + 1 : offset + 1 + words[offset]])
    return list(zip(*arrays, strict=True)) if len(arrays[0]) == len(arrays[1]) else []


def traced(frames: Iterable[Mapping[str, Any]], address: str) -> tuple[int, tuple[str, ...]]:
    """Net native change of an address by the flat traces of one transaction (fee not included), and who was on the other side.

    A frame that failed undoes all below it; delegatecall and staticcall carry a value and move none.
    """
    me = address.lower()
    net, others = 0, []
    failed: list[list[int]] = []
    for frame in frames:
        path, action = list(frame.get("traceAddress", ())), frame.get("action") or {}
        if frame.get("error"):
            failed.append(path)
        if any(path[: len(up)] == up for up in failed):
            continue
        source, target, value = _flow(frame, action)
        if value and me in (source, target) and source != target:
            net += value if target == me else -value
            others.append(source if target == me else target)
    return net, tuple(dict.fromkeys(others))


def _flow(frame: Mapping[str, Any], action: Mapping[str, Any]) -> tuple[str, str, int]:
    match frame.get("type"):
        case "call" if action.get("callType", "call") == "call":
            return str(action["from"]).lower(), str(action["to"]).lower(), int(action["value"], 16)
        case "create":
            return str(action["from"]).lower(), str((frame.get("result") or {}).get("address", "")).lower(), int(action["value"], 16)
        case "suicide" | "selfdestruct":
            return str(action["address"]).lower(), str(action["refundAddress"]).lower(), int(action["balance"], 16)
        case _:
            return "", "", 0


def called(root: Mapping[str, Any], address: str) -> tuple[int, tuple[str, ...]]:
    """The same from geth's call tree (callTracer) of one transaction."""
    me = address.lower()
    net, others, open_frames = 0, list[str](), [root]
    while open_frames:
        frame = open_frames.pop()
        if frame.get("error"):
            continue
        open_frames += reversed(frame.get("calls") or ())
        if str(frame.get("type", "")).upper() not in ("CALL", "CREATE", "CREATE2", "SELFDESTRUCT"):
            continue
        source, target = str(frame["from"]).lower(), str(frame.get("to") or "").lower()
        value = int(frame.get("value") or "0x0", 16)
        if value and me in (source, target) and source != target:
            net += value if target == me else -value
            others.append(source if target == me else target)
    return net, tuple(dict.fromkeys(others))

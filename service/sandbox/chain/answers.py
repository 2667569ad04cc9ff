"""The JSON-RPC methods of a plain archive node, answered from the recording.

What the node was not asked while recording is refused with an error, never guessed. No trace_*, debug_* or ots_*: most
public nodes have none, so the demo shows a reader that finds internal payments without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from service.sandbox.chain.recording import Recording

PARSE_OR_SHAPE, NO_METHOD, BAD_PARAMS, NO_RESOURCE, REFUSED = -32600, -32601, -32602, -32001, -32000
"""JSON-RPC 2.0 section 5.1; EIP-1474 for the last two."""

LAST_PRECOMPILE = 0xFFFF
"""Below it contracts may live that have no code (EIP-1352)."""

_HASH = re.compile("0x[0-9a-f]{64}")
_ADDRESS = re.compile("0x[0-9a-f]{40}")
_QUANTITY = re.compile("0x[0-9a-f]{1,16}")
_DATA = re.compile("0x([0-9a-f]{2})*")


class CallRefused(Exception):
    """The call has an error for an answer; `error` is the JSON-RPC error object."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"code": code, "message": message}


class _Recorded(CallRefused):
    """The node's own error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["code"], error["message"])
        self.error = error


def answer(recording: Recording, method: str, params: list[Any]) -> Any:
    """The result of one call; CallRefused where a node answers with an error."""
    if method in recording.constants:
        _count(params, 0, 0)
        return recording.constants[method]
    if method not in _METHODS:
        raise CallRefused(NO_METHOD, "Method not found")
    least, most, function = _METHODS[method]
    _count(params, least, most)
    return function(recording, *params)


# ------------------------------------------------------------------ reading parameters


def _count(params: list[Any], least: int, most: int) -> None:
    if not least <= len(params) <= most:
        raise CallRefused(BAD_PARAMS, f"{least} to {most} parameters expected, {len(params)} given")


def _word(value: Any, shape: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value.lower()):
        raise CallRefused(BAD_PARAMS, f"not {what}")
    return value.lower()


def _hash(value: Any) -> str:
    return _word(value, _HASH, "a 32-byte hash")


def _address(value: Any) -> str:
    return _word(value, _ADDRESS, "an address")


def _number(recording: Recording, value: Any) -> int:
    """A block number or tag as a height, which may lie above the head. Nothing waits to be mined: pending is latest."""
    if value is None or value == "pending":
        return recording.head
    if isinstance(value, str) and value in recording.tags:
        return recording.tags[value]
    return int(_word(value, _QUANTITY, "a block number or tag"), 16)


def _height(recording: Recording, value: Any) -> int | None:
    """A block named by number, tag, hash or EIP-1898 object; None where there is no such block."""
    if isinstance(value, dict):
        if len(value.keys() & {"blockHash", "blockNumber"}) != 1:
            raise CallRefused(BAD_PARAMS, "blockHash or blockNumber expected")
        value = _hash(value["blockHash"]) if "blockHash" in value else value["blockNumber"]
    if isinstance(value, str) and _HASH.fullmatch(value.lower()):
        return recording.heights.get(value.lower())
    number = _number(recording, value)
    return number if number <= recording.head else None


def _state(recording: Recording, value: Any) -> int:
    """The height whose state is meant; a state that does not exist is an error, not an empty one."""
    number = _height(recording, value)
    if number is None:
        by_hash = "blockHash" in value if isinstance(value, dict) else len(value) == 66
        if not by_hash:
            raise CallRefused(BAD_PARAMS, f"the block is out of range, the head is {recording.head}")
        raise CallRefused(NO_RESOURCE, "Resource not found")
    return number


# ------------------------------------------------------------------ blocks and transactions


def _block(recording: Recording, number: int | None, whole: Any) -> dict[str, Any] | None:
    if not isinstance(whole, bool):
        raise CallRefused(BAD_PARAMS, "true for whole transactions, false for their hashes")
    if number is None:
        return None
    block = recording.blocks[number]
    return block if whole else block | {"transactions": [transaction["hash"] for transaction in block["transactions"]]}


def _block_by_number(recording: Recording, number: Any, whole: Any) -> Any:
    if number == "pending":
        raise CallRefused(REFUSED, "no pending block in this recording")
    height = _number(recording, number)
    return _block(recording, height if height <= recording.head else None, whole)


def _block_by_hash(recording: Recording, hash_: Any, whole: Any) -> Any:
    return _block(recording, recording.heights.get(_hash(hash_)), whole)


def _transaction(recording: Recording, hash_: Any) -> Any:
    place = recording.places_of.get(_hash(hash_))
    return place and recording.blocks[place[0]]["transactions"][place[1]]


def _receipt(recording: Recording, hash_: Any) -> Any:
    place = recording.places_of.get(_hash(hash_))
    return place and recording.receipts[place[0]][place[1]]


def _block_receipts(recording: Recording, block: Any) -> Any:
    number = _height(recording, block)
    return None if number is None else recording.receipts[number]


# ------------------------------------------------------------------ logs


def _words(value: Any, shape: re.Pattern[str], what: str) -> set[str] | None:
    """One word or a list of them, any of which will do; None (from null or an empty list): everything will do."""
    if value is None or value == []:
        return None
    return {_word(word, shape, what) for word in (value if isinstance(value, list) else [value])}


def _span(recording: Recording, wanted: dict[str, Any]) -> range:
    if "blockHash" in wanted:
        if "fromBlock" in wanted or "toBlock" in wanted:
            raise CallRefused(BAD_PARAMS, "cannot specify both blockHash and fromBlock/toBlock")
        number = recording.heights.get(_hash(wanted["blockHash"]))
        if number is None:
            raise CallRefused(REFUSED, "unknown block")
        return range(number, number + 1)
    first, last = (_number(recording, wanted.get(end)) for end in ("fromBlock", "toBlock"))
    if first > recording.head:
        raise CallRefused(BAD_PARAMS, f"the range starts above the head, {recording.head}")
    return range(first, min(last, recording.head) + 1)


def _logs(recording: Recording, wanted: Any) -> Any:
    if not isinstance(wanted, dict) or not isinstance(wanted.get("topics") or [], list):
        raise CallRefused(BAD_PARAMS, "a filter with a list of topics expected")
    addresses = _words(wanted.get("address"), _ADDRESS, "an address")
    topics = [_words(topic, _HASH, "a topic") for topic in wanted.get("topics") or []]
    if len(topics) > 4:
        raise CallRefused(BAD_PARAMS, "a log has at most four topics")
    span = _span(recording, wanted)

    def fits(log: dict[str, Any]) -> bool:
        if addresses is not None and log["address"] not in addresses:
            return False
        return all(words is None or topic in words for topic, words in zip_longest(log["topics"], topics))

    return [log for number in span for receipt in recording.receipts[number] for log in receipt["logs"] if fits(log)]


# ------------------------------------------------------------------ state


def _account(what: str) -> Callable[..., str]:
    def read(recording: Recording, address: Any, block: Any) -> str:
        return recording.account(_address(address), what, _state(recording, block))

    return read


def _call(recording: Recording, request: Any, block: Any = None) -> Any:
    if not isinstance(request, dict) or not request.get("to"):
        raise CallRefused(BAD_PARAMS, "a call with a receiver expected")
    number = _state(recording, block)
    to = _address(request["to"])
    data = _word(request.get("input") or request.get("data") or "0x", _DATA, "call data")
    known = recording.call(to, data, number)
    if known is None and int(to, 16) > LAST_PRECOMPILE and recording.account(to, "code", number) == "0x":
        return "0x"  # nobody there to call
    if known is None or int(request.get("value") or "0x0", 16):
        raise CallRefused(REFUSED, "this call was not recorded")
    if "error" in known:
        raise _Recorded(known["error"])
    return known["result"]


def _head(recording: Recording) -> str:
    return hex(recording.head)


_METHODS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "eth_blockNumber": (0, 0, _head),
    "eth_getBlockByNumber": (2, 2, _block_by_number),
    "eth_getBlockByHash": (2, 2, _block_by_hash),
    "eth_getTransactionByHash": (1, 1, _transaction),
    "eth_getTransactionReceipt": (1, 1, _receipt),
    "eth_getBlockReceipts": (1, 1, _block_receipts),
    "eth_getLogs": (1, 1, _logs),
    "eth_getBalance": (2, 2, _account("balance")),
    "eth_getTransactionCount": (2, 2, _account("nonce")),
    "eth_getCode": (2, 2, _account("code")),
    "eth_call": (1, 2, _call),
}
"""Method → fewest and most parameters, and who answers."""

"""Writes the recording that the sandbox's chain answers from: `python -m tests.sandbox.record_chain` (needs anvil and web3's packages).

It plays the story on a real node and then asks that node, block by block, everything that a wallet reader may ask.
Nothing in the recording is worked out here: each value is an answer of the node, kept only where it differs from the
same question's answer one block earlier.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

from tests.sandbox.chain_story import MAINNET, Node, Story
from tests.tools import ROOT, anvil

RECORDING = ROOT / "service/sandbox/chain/recording.json.gz"
UNLISTED = "0x00000000000000000000000000000000000f0e1d"
"""Nobody in the story: what the node says of it, it says of every stranger."""
SELECTORS = {"name": "0x06fdde03", "symbol": "0x95d89b41", "decimals": "0x313ce567"}
BALANCE_OF = "0x70a08231"

History = list[list[Any]]
"""[first block, answer] in rising order; an answer holds until the next entry."""


def changes(answers: Iterable[Any]) -> History:
    """A block-by-block list of answers without the repetitions."""
    history: History = []
    for number, answer in enumerate(answers):
        if not history or history[-1][1] != answer:
            history.append([number, answer])
    return history


def ask_each_block(node: Node, head: int, method: str, what: Any) -> History:
    """One question at every height, error answers included."""
    return changes(node.ask([(method, [what, hex(number)]) for number in range(head + 1)]))


def account(node: Node, head: int, address: str) -> dict[str, History]:
    """Balance, nonce and code of an address over time."""
    methods = {"balance": "eth_getBalance", "nonce": "eth_getTransactionCount", "code": "eth_getCode"}
    return {
        key: [[number, answer["result"]] for number, answer in ask_each_block(node, head, method, address)]
        for key, method in methods.items()
    }


def inhabitants(node: Node, receipts: list[dict[str, Any]], story: Story) -> list[str]:
    """Every address that can differ from a stranger: the node's own (its state's dump), the story's, and those in log topics."""
    found = {place.lower() for place in story.places.values()} | {UNLISTED}
    dump = gzip.decompress(bytes.fromhex(node.call("anvil_dumpState")[2:]))
    found |= {address.lower() for address in json.loads(dump)["accounts"]}
    for receipt in receipts:
        for log in receipt["logs"]:
            found |= {"0x" + topic[26:] for topic in log["topics"][1:]} | {log["address"].lower()}
    return sorted(found)


def record(node: Node, story: Story) -> dict[str, Any]:
    """The whole recording as JSON values."""
    head = int(node.call("eth_blockNumber"), 16)
    blocks = [answer["result"] for answer in node.ask([("eth_getBlockByNumber", [hex(n), True]) for n in range(head + 1)])]
    receipts = [
        receipt for answer in node.ask([("eth_getBlockReceipts", [hex(n)]) for n in range(head + 1)]) for receipt in answer["result"]
    ]
    people = inhabitants(node, receipts, story)
    coins = [story.places[name].lower() for name in (*MAINNET, "bait")]
    calls: dict[str, dict[str, History]] = {}
    for coin in coins:
        questions = [*SELECTORS.values(), *(BALANCE_OF + person[2:].rjust(64, "0") for person in people)]
        calls[coin] = {data: ask_each_block(node, head, "eth_call", {"to": coin, "data": data}) for data in questions}
    return {
        "about": "Recorded from a node by tests/sandbox/record_chain.py; nothing here was written by hand.",
        "constants": {
            method: node.call(method) for method in ("eth_chainId", "net_version", "web3_clientVersion", "eth_gasPrice", "eth_syncing")
        },
        "tags": {tag: node.call("eth_getBlockByNumber", tag, False)["number"] for tag in ("earliest", "finalized", "safe", "latest")},
        "blocks": blocks,
        "receipts": receipts,
        "stranger": UNLISTED,
        "accounts": {person: account(node, head, person) for person in people},
        "calls": calls,
        "transfers": story.transfers,
        "places": story.places,
    }


def main() -> None:
    with Node(anvil()) as node:
        recording = record(node, Story(node).play())
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    RECORDING.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(recording['blocks'])} blocks, {len(recording['receipts'])} transactions, {RECORDING.stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""What a real node said of the sandbox's chain, indexed for the questions that come.

Every value is an answer that was recorded; this module only finds the one that held at a height. The file is read at the
first use, since most commands never need it.
"""

from __future__ import annotations

import gzip
import json
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

History: TypeAlias = list[tuple[int, Any]]
"""(first block, answer) in rising order; an answer holds until the next entry."""

BALANCE_OF = "0x70a08231"


def at_height(history: History, number: int) -> Any:
    """The answer that held at block `number`."""
    return history[bisect_right(history, number, key=lambda entry: entry[0]) - 1][1]


@dataclass(frozen=True)
class Recording:
    """One chain. Hashes and addresses are lower case, numbers are the node's own 0x words, blocks carry whole transactions."""

    constants: dict[str, Any]
    """Method → answer, for what never changes."""
    tags: dict[str, int]
    """earliest, finalized, safe, latest → height."""
    blocks: list[dict[str, Any]]
    """By height."""
    receipts: list[list[dict[str, Any]]]
    """By height."""
    heights: dict[str, int]
    """Block hash → height."""
    places_of: dict[str, tuple[int, int]]
    """Transaction hash → (height, index)."""
    accounts: dict[str, dict[str, History]]
    """Address → balance, nonce, code over time."""
    calls: dict[str, dict[str, History]]
    """Contract → call data → {"result": …} or {"error": …} over time."""
    stranger: str
    """An address that takes no part: what the node says of it, it says of every address not recorded."""
    transfers: dict[str, str]
    places: dict[str, str]

    @property
    def head(self) -> int:
        return self.tags["latest"]

    def account(self, address: str, what: str, number: int) -> str:
        """balance, nonce or code of any address at a height."""
        histories = self.accounts.get(address) or self.accounts[self.stranger]
        return str(at_height(histories[what], number))

    def call(self, contract: str, data: str, number: int) -> dict[str, Any] | None:
        """The recorded answer of eth_call, or None where nobody asked the node this."""
        if contract not in self.calls:
            return None
        known = self.calls[contract]
        history = known.get(data)
        if history is None and data.startswith(BALANCE_OF) and len(data) == 74 and data[10:34] == "0" * 24:
            history = known[BALANCE_OF + self.stranger[2:].rjust(64, "0")]
        return None if history is None else dict(at_height(history, number))


@cache
def load() -> Recording:
    """Reads the recording that ships with the package."""
    packed = resources.files(__package__).joinpath("recording.json.gz").read_bytes()
    raw = json.loads(gzip.decompress(packed))
    receipts: list[list[dict[str, Any]]] = [[] for _ in raw["blocks"]]
    for receipt in raw["receipts"]:
        receipts[int(receipt["blockNumber"], 16)].append(receipt)
    return Recording(
        constants=raw["constants"],
        tags={tag: int(number, 16) for tag, number in raw["tags"].items()},
        blocks=raw["blocks"],
        receipts=receipts,
        heights={block["hash"]: number for number, block in enumerate(raw["blocks"])},
        places_of={
            transaction["hash"]: (number, index)
            for number, block in enumerate(raw["blocks"])
            for index, transaction in enumerate(block["transactions"])
        },
        accounts=raw["accounts"],
        calls=raw["calls"],
        stranger=raw["stranger"],
        transfers=raw["transfers"],
        places=raw["places"],
    )

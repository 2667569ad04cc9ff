"""Proves by (nonce, balance) that every native movement of a span is known, and finds those that are not.

For a key-held address the balance falls only by its own transactions, and each of them raises the nonce. So where nonce and
balance have changed by exactly what is known, nothing is missing; where they differ, the span is split, breadth first, so that each level is
one round of batches, until the block is found.

Worked example: of 1,000 blocks only a 2-unit payment by an internal call in block 731 is unknown. (0, 1000] differs by 2; (0, 500]
does not; (500, 1000] does … ten levels later block 731 alone differs. Its body is read, and its traces if the node has any.

What no transaction explains (a beacon withdrawal, a block reward, a genesis balance) is booked under its block.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from connectors.clients.rpc import Refused, Rpc
from connectors.contract import RetryLater
from connectors.evm.facts import PLAIN_GAS, Fact, can_trace, plain_effect, read_facts
from connectors.evm.logs import traced

BEFORE_GENESIS = -1
GWEI = 10**9
CANDIDATES = 12
"""Strangers' transactions of one block that are looked at without traces, to find the one that paid."""

Known = tuple[list[int], list[int], list[int]]
Why = Literal["withdrawal", "reward", "genesis", "unattributed"]


@dataclass(frozen=True, slots=True)
class Extra:
    """A native change of one block that belongs to no known transaction."""

    amount: int
    why: Why


class NativeProof:
    """Known facts of one address over (base, end], checked against the node's state and completed from it."""

    def __init__(self, rpc: Rpc, address: str, base: int, end: int, times: dict[int, tuple[str, int]], *, key_held: bool) -> None:
        self.rpc, self.address, self.base, self.end, self.times, self.key_held = rpc, address, base, end, times, key_held
        self.facts: dict[str, Fact] = {}
        self._by_block: dict[int, list[Fact]] = {}
        self.extras: dict[int, list[Extra]] = {}
        self.nonces: dict[int, int] = {}
        """Nonce steps without a transaction of ours (EIP-7702 authorizations), by block."""
        self._states: dict[int, tuple[int, int]] = {BEFORE_GENESIS: (0, 0)}

    async def add(self, hashes: Iterable[str]) -> None:
        for fact in await read_facts(self.rpc, self.address, set(hashes) - set(self.facts), self.times):
            self._keep(fact)

    def _keep(self, fact: Fact) -> None:
        if self.base < fact.block <= self.end:
            self.facts[fact.hash] = fact
            self._by_block.setdefault(fact.block, []).append(fact)

    async def complete(self) -> bool:
        """Find what is missing; True when nonce and balance at the end equal what is known."""
        await self._settle({fact.block for fact in self.facts.values() if not fact.exact})
        for _ in range(3):
            blocks = await self._differing()
            if not blocks:
                return True
            await self._settle(blocks)
        return not await self._differing()

    # ------------------------------------------------------------------ where it differs

    async def _load(self, blocks: Iterable[int]) -> None:
        missing = sorted(set(blocks) - set(self._states))
        calls = [(method, [self.address, hex(n)]) for n in missing for method in ("eth_getTransactionCount", "eth_getBalance")]
        numbers = [int(answer, 16) for answer in await self.rpc.all(calls)]
        self._states.update({n: (numbers[2 * i], numbers[2 * i + 1]) for i, n in enumerate(missing)})

    def _step(self, block: int) -> tuple[int, int]:
        """(nonce, balance) change of one block as far as it is known."""
        facts = self._by_block.get(block, ())
        nonce = sum(fact.sender == self.address for fact in facts) + self.nonces.get(block, 0)
        native = sum(fact.native - fact.paid for fact in facts) + sum(extra.amount for extra in self.extras.get(block, ()))
        return nonce, native

    def _missing(self, block: int) -> tuple[int, int]:
        """(nonce, balance) change of one block that is not known; its states are loaded."""
        before, after, step = self._states[block - 1], self._states[block], self._step(block)
        return after[0] - before[0] - step[0], after[1] - before[1] - step[1]

    def _known(self) -> Known:
        """Blocks with something known, and the running sums of nonce steps and native changes up to each."""
        blocks = sorted({*self._by_block, *self.extras, *self.nonces})
        steps = [self._step(block) for block in blocks]
        return blocks, list(accumulate(step[0] for step in steps)), list(accumulate(step[1] for step in steps))

    def _rest(self, low: int, high: int, known: Known) -> tuple[int, int]:
        """(nonce, balance) change over (low, high] that is not known."""
        blocks, nonces, natives = known
        first, last = bisect_right(blocks, low) - 1, bisect_right(blocks, high) - 1
        a, b = self._states[low], self._states[high]
        known_nonce = (nonces[last] if last >= 0 else 0) - (nonces[first] if first >= 0 else 0)
        known_native = (natives[last] if last >= 0 else 0) - (natives[first] if first >= 0 else 0)
        return b[0] - a[0] - known_nonce, b[1] - a[1] - known_native

    async def _differing(self) -> list[int]:
        """Blocks whose change is not fully known."""
        known = self._known()
        spans, leaves = [(self.base, self.end)] if self.end > self.base else [], []
        while spans:
            await self._load({edge for span in spans for edge in span})
            spans = [span for span in spans if self._rest(*span, known) != (0, 0)]
            leaves += [high for low, high in spans if high - low == 1]
            wide = [(low, (low + high) // 2, high) for low, high in spans if high - low > 1]
            spans = [half for low, middle, high in wide for half in ((low, middle), (middle, high))]
        return leaves

    # ------------------------------------------------------------------ what it is

    async def _settle(self, blocks: Iterable[int]) -> None:
        """Explain each block's whole change: by further transactions, by exact native effects, or as an extra."""
        todo = sorted(blocks)
        await self._load({n for block in todo for n in (block - 1, block)})
        for block in todo:
            if self._missing(block) == (0, 0):
                for fact in self._by_block.get(block, ()):
                    fact.exact = True
        todo = [block for block in todo if self._missing(block) != (0, 0)]
        for start in range(0, len(todo), 20):
            some = todo[start : start + 20]
            bodies = dict(zip(some, await self.rpc.all([("eth_getBlockByNumber", [hex(n), True]) for n in some]), strict=True))
            if not all(bodies.values()):
                raise RetryLater(f"the node at {self.rpc.host} lost a block that it had")
            self.times.update({n: (str(body["hash"]).lower(), int(body["timestamp"], 16)) for n, body in bodies.items()})
            traced_blocks = await self._touching(bodies)
            for number, body in bodies.items():
                await self._explain(number, body, traced=number in traced_blocks)

    async def _touching(self, bodies: dict[int, Any]) -> set[int]:
        """Add the transactions of these blocks that name the address, in their fields or in their traces; gives the traced blocks."""
        hashes = {str(tx["hash"]).lower() for body in bodies.values() for tx in body["transactions"] if self._names_us(tx)}
        complete: set[int] = set()
        if "trace_block" not in self.rpc.lacks:
            answers = await self.rpc.many([("trace_block", [hex(n)]) for n in bodies])
            for number, frames in zip(bodies, answers, strict=True):
                if isinstance(frames, Refused) or frames is None:
                    continue
                complete.add(number)
                by_hash: dict[str, list[Any]] = {}
                for frame in frames:
                    if frame.get("transactionHash"):
                        by_hash.setdefault(str(frame["transactionHash"]).lower(), []).append(frame)
                hashes |= {h for h, own in by_hash.items() if traced(own, self.address) != (0, ())}
        await self.add(hashes)
        return complete

    def _names_us(self, tx: dict[str, Any]) -> bool:
        return self.address in (str(tx["from"]).lower(), str(tx.get("to") or "").lower())

    async def _explain(self, block: int, body: dict[str, Any], *, traced: bool) -> None:
        nonce, _ = self._missing(block)
        if nonce:
            self.nonces[block] = self.nonces.get(block, 0) + nonce
            await self._authorizations(body)
        if block not in self.extras:
            for withdrawal in body.get("withdrawals") or ():
                if str(withdrawal["address"]).lower() == self.address:
                    self._book(block, int(withdrawal["amount"], 16) * GWEI, "withdrawal")
        _, rest = self._missing(block)
        if not rest:
            return
        here = self._by_block.get(block, [])
        own = [fact for fact in here if fact.sender == self.address]
        open_ones = [fact for fact in here if not fact.exact]
        mined_by_us = str(body.get("miner", "")).lower() == self.address
        if rest < 0 and self.key_held and len(own) == 1:  # all but a fee is known: the chain's fee has a part that we do not know
            own[0].paid -= rest
            own[0].fee -= rest
        elif len(open_ones) == 1:
            open_ones[0].native += rest
            open_ones[0].exact = True
        elif block == 0:
            self._book(block, rest, "genesis")
        elif traced and not open_ones:
            self._book(block, rest, "reward")
        elif open_ones:
            self._book(block, rest, "unattributed")
        else:
            await self._stranger(block, body, rest, mined_by_us=mined_by_us)

    async def _stranger(self, block: int, body: dict[str, Any], rest: int, *, mined_by_us: bool) -> None:
        """Where the block was not traced: who paid us, when no known transaction did?

        The trace of each tells, where the node has one; else it is certain only where one transaction alone ran code.
        """
        hashes = [str(tx["hash"]).lower() for tx in body["transactions"] if int(tx["gas"], 16) > PLAIN_GAS]
        hashes = [h for h in hashes if h not in self.facts]
        if len(hashes) > CANDIDATES and not can_trace(self.rpc):
            self._book(block, rest, "unattributed")
            return
        facts = await read_facts(self.rpc, self.address, hashes, self.times)
        paying = [fact for fact in facts if fact.exact and fact.native]
        for fact in paying:
            self._keep(fact)
        rest -= sum(fact.native for fact in paying)
        unsure = [fact for fact in facts if not fact.exact]
        if not rest:
            return
        if not unsure:
            self._book(block, rest, "reward")
        elif len(unsure) == 1 and not mined_by_us:
            fact = unsure[0]
            fact.native, fact.exact, fact.others = plain_effect(fact, self.address) + rest, True, (fact.to,)
            self._keep(fact)
        else:
            self._book(block, rest, "unattributed")

    async def _authorizations(self, body: dict[str, Any]) -> None:
        """Keep the one transaction that can have raised our nonce (EIP-7702); with several, none can be named."""
        carriers = [str(tx["hash"]).lower() for tx in body["transactions"] if tx.get("authorizationList")]
        if len(carriers) == 1:
            await self.add(carriers)

    def _book(self, block: int, amount: int, why: Why) -> None:
        self.extras.setdefault(block, []).append(Extra(amount, why))

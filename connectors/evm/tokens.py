"""Which token logs are true: a log counts where the contract's own balance moves with it; growth without a log is located and booked.

Anyone can write a log that names us as the sender or receiver of any amount of a token of their own. So per holding the balance
at both ends of the span must have changed by the sum of the logs, and its first log must move the balance of its own block. Where that
fails every block with a log is looked at: a log that moves nothing is `unbacked`; what moved between logs is growth (a rebasing token).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.clients.rpc import Refused, Rpc
from connectors.evm.facts import Fact
from connectors.evm.logs import Move, moves

BALANCE_OF, BALANCE_OF_ID, OWNER_OF = "0x70a08231", "0x00fdd58e", "0x6352211e"
DECIMALS, SYMBOL = "0x313ce567", "0x95d89b41"
GROWTH_SPANS = 16
"""A token that grows in every block is booked in this many steps at most between two of its logs."""
NOT_THERE = 0


Claim = tuple[Fact, Move]


@dataclass(slots=True)
class TokenProof:
    """What became of the token logs of a span."""

    unbacked: dict[str, set[str]] = field(default_factory=dict)
    """Transaction hash → contracts whose logs in it moved nothing."""
    growth: dict[int, dict[str, int]] = field(default_factory=dict)
    """Block → holding → change without a log."""
    held: tuple[str, ...] = ()
    """Holdings with a balance at the end."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a contract says of itself; a symbol is hostile text and identifies nothing."""

    decimals: int
    symbol: str


async def balances_at(rpc: Rpc, address: str, asked: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int | None]:
    """(holding, block) → balance; None where the contract gives no number, 0 before genesis."""
    wanted = sorted(set(asked))
    real = [(holding, block) for holding, block in wanted if block >= 0]
    calls = [("eth_call", [_question(holding, address), hex(block)]) for holding, block in real]
    answers: dict[tuple[str, int], int | None] = {(holding, block): NOT_THERE for holding, block in wanted if block < 0}
    for (holding, block), answer in zip(real, await rpc.many(calls), strict=True):
        if isinstance(answer, Refused) and not answer.reverted:
            raise rpc.denied("eth_call", answer)
        answers[holding, block] = _amount(holding, address, answer)
    return answers


def _question(holding: str, address: str) -> dict[str, str]:
    kind, _, rest = holding.partition(":")
    token, _, token_id = rest.partition("/")
    me = address[2:].rjust(64, "0")
    number = f"{int(token_id):064x}" if token_id else ""
    return {"to": token, "data": {"erc20": BALANCE_OF + me, "erc1155": BALANCE_OF_ID + me + number, "erc721": OWNER_OF + number}[kind]}


def _amount(holding: str, address: str, answer: Any) -> int | None:
    owned = holding.startswith("erc721")
    if isinstance(answer, Refused) or not isinstance(answer, str) or len(answer) < 66:
        return 0 if owned and isinstance(answer, Refused) else None
    number = int(answer[:66], 16)
    return int(number == int(address, 16)) if owned else number


async def token_facts(rpc: Rpc, contracts: Iterable[str], block: int) -> dict[str, Token]:
    """decimals() and symbol() of each contract; 0 and "" where it does not answer properly."""
    wanted = sorted(set(contracts))
    answers = await rpc.many([("eth_call", [{"to": token, "data": data}, hex(block)]) for token in wanted for data in (DECIMALS, SYMBOL)])
    for answer in answers:
        if isinstance(answer, Refused) and not answer.reverted:
            raise rpc.denied("eth_call", answer)
    return {token: Token(_decimals(answers[2 * i]), _text(answers[2 * i + 1])) for i, token in enumerate(wanted)}


def _decimals(answer: Any) -> int:
    if not isinstance(answer, str) or len(answer) != 66:
        return 0
    number = int(answer, 16)
    return number if number < 78 else 0


def _text(answer: Any) -> str:
    """An ABI string or a bytes32, without control characters, 16 characters at most."""
    if not isinstance(answer, str) or len(answer) < 66:
        return ""
    data = bytes.fromhex(answer[2 : 2 + 2 * ((len(answer) - 2) // 2)])
    if len(data) > 32:
        size = int.from_bytes(data[32:64], "big")
        data = data[64 : 64 + size] if size <= len(data) else b""
    text = data.rstrip(b"\0").decode("utf-8", "ignore")
    return "".join(c for c in text if c.isprintable())[:16]


class TokenCheck:
    """The token logs of one address over (base, end], against the contracts' balances."""

    def __init__(self, rpc: Rpc, address: str, span: tuple[int, int], wrapped: str) -> None:
        self.rpc, self.address, self.wrapped = rpc, address, wrapped
        self.base, self.end = span
        self.proof = TokenProof()

    async def prove(self, facts: Iterable[Fact], held: Iterable[str]) -> TokenProof:
        """Check every holding that a log names, or that was held before."""
        claims: dict[str, list[Claim]] = {holding: [] for holding in held}
        kept = set(claims)
        for fact in facts:
            for move in moves(fact.logs, self.address) if fact.ok else ():
                claims.setdefault(move.holding, []).append((fact, move))
        first = {holding: min(fact.block for fact, _ in found) for holding, found in claims.items() if found}
        asked = [(holding, block) for holding in claims for block in (self.base, self.end)]
        asked += [(holding, block) for holding, start in first.items() for block in (start - 1, start)]
        at = await balances_at(self.rpc, self.address, asked)
        for holding, found in claims.items():
            agrees = at[holding, self.end] is not None and _change(at, holding, self.base, self.end) == sum(m.amount for _, m in found)
            if agrees and found:
                start = first[holding]
                agrees = _change(at, holding, start - 1, start) == sum(m.amount for fact, m in found if fact.block == start)
            if not agrees:
                await self._look(holding, found, kept=holding in kept)
        believed = {
            holding
            for holding, found in claims.items()
            if holding in kept or any(move.token not in self.proof.unbacked.get(fact.hash, ()) for fact, move in found)
        }
        self.proof.held = tuple(sorted(holding for holding in believed if at[holding, self.end]))
        return self.proof

    async def _look(self, holding: str, found: list[Claim], *, kept: bool) -> None:
        """Block by block: mark logs that moved nothing, book what moved without one."""
        blocks = sorted({fact.block for fact, _ in found})
        edges = {self.base, self.end, *blocks, *(block - 1 for block in blocks)}
        at = await balances_at(self.rpc, self.address, [(holding, edge) for edge in edges])
        growth: dict[int, int] = {}
        backed = kept
        for block in blocks:
            here = [(fact, move) for fact, move in found if fact.block == block]
            change = _change(at, holding, block - 1, block)
            true = self._true_ones(here, change)
            for fact, move in here:
                if fact.hash not in true:
                    self.proof.unbacked.setdefault(fact.hash, set()).add(move.token)
            backed = backed or bool(true)
            growth[block] = change - sum(move.amount for fact, move in here if fact.hash in true)
        if not backed:
            return
        low = self.base
        for high, after in [*((block - 1, block) for block in blocks), (self.end, self.end)]:
            if high > low:
                for block, amount in (await self._locate(holding, low, high)).items():
                    growth[block] = growth.get(block, 0) + amount
            low = after
        for block, amount in growth.items():
            if amount:
                self.proof.growth.setdefault(block, {})[holding] = amount

    def _true_ones(self, here: list[Claim], change: int) -> set[str]:
        """Hashes of one block whose logs of one holding are backed by its change of balance."""
        by_hash: dict[str, int] = {}
        for fact, move in here:
            by_hash[fact.hash] = by_hash.get(fact.hash, 0) + move.amount
        claimed = sum(by_hash.values())
        if change == claimed or any(move.token == self.wrapped for _, move in here):
            return set(by_hash)
        if change * claimed > 0 and abs(change - claimed) * 2 <= abs(claimed):  # rounding or growth inside the block
            return set(by_hash)
        for left_out, amount in by_hash.items():
            if claimed - amount == change and len(by_hash) > 1:
                return set(by_hash) - {left_out}
        return set()

    async def _locate(self, holding: str, low: int, high: int) -> dict[int, int]:
        """Blocks in (low, high] where the balance changed; with more than GROWTH_SPANS of them, the ends of as many spans."""
        spans, done = [(low, high)], dict[int, int]()
        while spans:
            at = await balances_at(self.rpc, self.address, [(holding, edge) for span in spans for edge in span])
            changed = [(a, b, _change(at, holding, a, b)) for a, b in spans]
            changed = [one for one in changed if one[2]]
            if len(changed) + len(done) > GROWTH_SPANS:
                return done | {b: amount for _, b, amount in changed}
            done |= {b: amount for a, b, amount in changed if b - a == 1}
            spans = [half for a, b, _ in changed if b - a > 1 for half in ((a, (a + b) // 2), ((a + b) // 2, b))]
        return done


def _change(at: dict[tuple[str, int], int | None], holding: str, low: int, high: int) -> int:
    return (at[holding, high] or 0) - (at[holding, low] or 0)

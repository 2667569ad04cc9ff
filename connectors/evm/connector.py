"""A watch-only address of an Ethereum-compatible chain, read over plain JSON-RPC from a node of the user's choice, and proved.

Only final blocks become cursor. The cursor holds block and hash, and the last records with theirs: where a hash no longer fits, the
chain was reorganised, so the records above the last common block are withdrawn and read again.

Settings (from config/chains.toml): chain_id, native, symbol, finality, wrapped, tokens. Secret: rpc (its URL may hold a key).
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar

from connectors.clients.rpc import Call, Refused, Rpc
from connectors.contract import (
    AccessDenied,
    AccountRef,
    Asset,
    Balance,
    Balances,
    Coverage,
    Cursor,
    Field,
    Identity,
    InvalidInput,
    Page,
    RawRecord,
    RetryLater,
    Source,
    SourceChanged,
    Spec,
    Transaction,
    Unreadable,
)
from connectors.evm import normalise as pure
from connectors.evm.address import parse_address
from connectors.evm.history import STREAM, ChainSettings, Placed, Reading, read_history
from connectors.evm.prove import BEFORE_GENESIS
from connectors.evm.tokens import balances_at

PAGE = 500
REMEMBERED = 64
"""Newest records whose block hashes the cursor keeps."""
NO_CODE, DELEGATED = "0x", "0xef0100"


@dataclass(slots=True)
class Place:
    """How far the chain was read; the cursor is its JSON."""

    block: int = BEFORE_GENESIS
    hash: str = ""
    recent: list[tuple[int, str, str]] = field(default_factory=list)
    """(block, block hash, record key), oldest first."""
    below: tuple[int, str] | None = None
    """Block and hash of the newest record that is no longer in `recent`; None while all are."""
    held: dict[str, list[str]] = field(default_factory=dict)
    """Address → holdings with a balance."""
    tokens: dict[str, dict[str, tuple[str, int, bool]]] = field(default_factory=dict)
    """Address → contract → (symbol, decimals, moved by a transaction of its own)."""

    def cursor(self) -> Cursor:
        parts = {"block": self.block, "hash": self.hash, "recent": self.recent, "below": self.below}
        return Cursor(json.dumps({**parts, "held": self.held, "tokens": self.tokens}, sort_keys=True, separators=(",", ":")))

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        if cursor is None:
            return cls()
        try:
            said = json.loads(cursor)
            return cls(
                int(said["block"]),
                str(said["hash"]),
                [(int(block), str(h), str(key)) for block, h, key in said["recent"]],
                (int(said["below"][0]), str(said["below"][1])) if said["below"] else None,
                {str(who): list(own) for who, own in said["held"].items()},
                {str(who): {str(t): (str(s), int(d), bool(o)) for t, (s, d, o) in own.items()} for who, own in said["tokens"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceChanged("the stored cursor is not one of this version; sync this account in full") from None

    def after(self, block: int, block_hash: str, placed: Iterable[Placed]) -> Place:
        """The place once these records are stored too."""
        recent = self.recent + [(one.block, one.block_hash, one.record.key) for one in placed]
        dropped, recent = recent[:-REMEMBERED], recent[-REMEMBERED:]
        below = (dropped[-1][0], dropped[-1][1]) if dropped else self.below
        return replace(self, block=block, hash=block_hash, recent=recent, below=below)

    def back_to(self, block: int, block_hash: str) -> Place:
        return replace(self, block=block, hash=block_hash, recent=[one for one in self.recent if one[0] <= block])


class EvmConnector:
    """One chain, one or more addresses."""

    spec: ClassVar[Spec] = Spec(
        name="evm",
        kind="wallet",
        version="1",
        fields=(
            Field("address", "the public address: 0x and 40 hex digits"),
            Field("rpc", "JSON-RPC address of an archive node; it may hold a key, so it is kept sealed", secret=True),
        ),
    )

    def __init__(self, source: Source) -> None:
        if not source.accounts:
            raise InvalidInput("address", "name at least one address to watch")
        self._source = source
        self._accounts = tuple(AccountRef(ref.id, parse_address(ref.address, source.name)) for ref in source.accounts)
        self._chain = _chain_settings(source)
        url = source.secrets.get("rpc") or source.settings.get("rpc", "")
        if not url:
            raise InvalidInput("rpc", f"name the JSON-RPC address of a node of {source.name}")
        self._rpc = Rpc(url, source.shared, source.rate_scale)

    @property
    def streams(self) -> tuple[str, ...]:
        return (STREAM,)

    async def probe(self) -> Identity:
        """That the node is of the right chain and keeps past states. Raises AccessDenied, RetryLater."""
        await self._right_chain()
        end, _, _ = await self._final()
        says = []
        for ref in self._accounts:
            await self._rpc.call("eth_getBalance", ref.address, hex(min(1, end)))
            code = await self._code(ref, end)
            if code.startswith(DELEGATED):
                says.append("the address is delegated to a contract (EIP-7702): without traces its history cannot be fully proven")
            elif code != NO_CODE:
                says.append("the address is a contract: without traces its history cannot be fully proven")
        names = ",".join(ref.address.lower() for ref in self._accounts)
        return Identity(f"eip155:{self._chain.chain_id}:{names}", "watch-only", tuple(says))

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Records up to the last final block. The last page carries the coverage."""
        if stream != STREAM:
            raise SourceChanged(f"there is no stream {stream!r}")
        await self._right_chain()
        place = Place.of(since)
        if any(ref.address.lower() not in place.held for ref in self._accounts):
            place = Place()  # an address is new: read all from the start, keys deduplicate
        end, end_hash, end_time = await self._final()
        if place.block > end:
            raise RetryLater(f"the node at {self._rpc.host} has final block {end} only; block {place.block} was read before")
        common = await self._common(place)
        if common is not place:
            withdrawn = tuple(dict.fromkeys(key for block, _, key in place.recent if block > common.block))
            yield Page((), common.cursor(), withdrawn=withdrawn)
            place = common
        readings = [(ref, await self._read(ref, place, end)) for ref in self._accounts]
        (_, unchanged, _) = await self._header(hex(end))
        if unchanged != end_hash:
            raise RetryLater("the chain changed while it was read")
        place = replace(place, held={ref.address.lower(): list(reading.held) for ref, reading in readings}, tokens=_merged(place, readings))
        placed = sorted((one for _, reading in readings for one in reading.placed), key=lambda one: one.block)
        *full, rest = _pages(placed)
        for page in full:
            place = place.after(page[-1].block, page[-1].block_hash, page)
            yield Page(tuple(one.record for one in page), place.cursor())
        place = place.after(end, end_hash, rest)
        yield Page(tuple(one.record for one in rest), place.cursor(), coverage=tuple(self._coverage(*one, end_time) for one in readings))

    async def balances(self, at: Mapping[str, Cursor]) -> Balances:
        """What the node declares at the stored block: the native coin and every token held there that is no look-alike."""
        place = Place.of(at.get(STREAM))
        block, _, time = await self._header(hex(place.block)) if place.block >= 0 else await self._final()
        found: list[Balance] = []
        for ref in self._accounts:
            me = ref.address.lower()
            native = int(await self._rpc.call("eth_getBalance", me, hex(block)), 16)
            if native:
                found.append(Balance(ref.id, Asset(self._chain.native), pure.amount_of(native, 18)))
            tokens = place.tokens.get(me, {})
            words = {t: (symbol, own or t in self._chain.genuine or t == self._chain.wrapped) for t, (symbol, _, own) in tokens.items()}
            doubted = pure.impostors(words, {self._chain.symbol})
            held = [h for h in place.held.get(me, ()) if _contract(h) not in doubted or not h.startswith("erc20")]
            for (holding, _), raw in (await balances_at(self._rpc, me, [(h, block) for h in held])).items():
                if raw is None:
                    raise RetryLater(f"the contract {_contract(holding)} gives no balance at block {block}")
                decimals = tokens[_contract(holding)][1] if holding.startswith("erc20") else 0
                if raw:
                    found.append(Balance(ref.id, Asset(f"eip155:{self._chain.chain_id}/{holding}"), pure.amount_of(raw, decimals)))
        return Balances(tuple(found), time, f"block {block}")

    async def aclose(self) -> None:
        await self._rpc.aclose()

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:  # noqa: ARG004 - the record names its chain
        return pure.normalise(records)

    # ------------------------------------------------------------------ the node

    async def _right_chain(self) -> None:
        said = int(await self._rpc.call("eth_chainId"), 16)
        if said != self._chain.chain_id:
            raise AccessDenied(
                f"the node at {self._rpc.host} is of chain {said}, and {self._source.name} is chain {self._chain.chain_id}; "
                "give the RPC address of a node of that chain"
            )

    async def _final(self) -> tuple[int, str, datetime]:
        """The last block that no ordinary reorganisation takes back."""
        if self._chain.finality == "finalized":
            return await self._header("finalized")
        head = int(await self._rpc.call("eth_blockNumber"), 16)
        return await self._header(hex(max(0, head - int(self._chain.finality))))

    async def _header(self, block: str) -> tuple[int, str, datetime]:
        answer = (await self._rpc.many([("eth_getBlockByNumber", [block, False])]))[0]
        if isinstance(answer, Refused):
            if block == "finalized":
                raise AccessDenied(f"the node at {self._rpc.host} has no finalized block; set the chain's finality to a number of blocks")
            raise self._rpc.denied("eth_getBlockByNumber", answer)
        if not answer:
            raise RetryLater(f"the node at {self._rpc.host} does not have the block that was asked for yet")
        return int(answer["number"], 16), str(answer["hash"]).lower(), datetime.fromtimestamp(int(answer["timestamp"], 16), UTC)

    async def _code(self, ref: AccountRef, block: int) -> str:
        return str(await self._rpc.call("eth_getCode", ref.address, hex(block))).lower()

    async def _read(self, ref: AccountRef, place: Place, end: int) -> Reading:
        key_held = await self._code(ref, end) == NO_CODE
        held = place.held.get(ref.address.lower(), ())
        return await read_history(self._rpc, ref, self._chain, (place.block, end), held, key_held=key_held)

    async def _common(self, place: Place) -> Place:
        """`place` itself where its block is still on the chain, else the highest earlier one that is."""
        if place.block < 0:
            return place
        marks = {block: block_hash for block, block_hash, _ in place.recent if block <= place.block}
        if place.below:
            marks.setdefault(*place.below)
        marks[place.block] = place.hash
        if (await self._header(hex(place.block)))[1] == place.hash:
            return place
        calls: list[Call] = [("eth_getBlockByNumber", [hex(block), False]) for block in marks]
        headers = await self._rpc.all(calls)
        same = [block for block, header in zip(marks, headers, strict=True) if header and str(header["hash"]).lower() == marks[block]]
        if same:
            return place.back_to(max(same), marks[max(same)])
        if place.below is None:
            return place.back_to(BEFORE_GENESIS, "")
        raise AccessDenied(f"the node at {self._rpc.host} tells another history than the one read before; check it, then sync in full")

    def _coverage(self, ref: AccountRef, reading: Reading, until: datetime) -> Coverage:
        return Coverage(ref.id, STREAM, None, until, reading.proof, requests=self._rpc.requests, rows=len(reading.placed))


def _merged(place: Place, readings: Iterable[tuple[AccountRef, Reading]]) -> dict[str, dict[str, tuple[str, int, bool]]]:
    merged = {}
    for ref, reading in readings:
        own = dict(place.tokens.get(ref.address.lower(), {}))
        for token, (symbol, decimals, moved) in reading.tokens.items():
            own[token] = (symbol, decimals, moved or (token in own and own[token][2]))
        merged[ref.address.lower()] = own
    return merged


def _pages(placed: list[Placed]) -> list[list[Placed]]:
    """About PAGE records each, never cut inside a block; the last one may be empty."""
    pages: list[list[Placed]] = [[]]
    for one in placed:
        if len(pages[-1]) >= PAGE and pages[-1][-1].block != one.block:
            pages.append([])
        pages[-1].append(one)
    return pages


def _contract(holding: str) -> str:
    return holding.partition(":")[2].partition("/")[0]


def _chain_settings(source: Source) -> ChainSettings:
    told = source.settings
    try:
        chain_id = int(told["chain_id"])
    except (KeyError, ValueError):
        raise InvalidInput("chain", f"the chain {source.name} needs its chain_id, a number, in chains.toml") from None
    finality = told.get("finality", "finalized")
    if finality != "finalized" and not re.fullmatch(r"\d{1,6}", finality):
        raise InvalidInput("chain", f'the finality of {source.name} must be "finalized" or a number of blocks')
    if "native" not in told:
        raise InvalidInput("chain", f"the chain {source.name} needs its native asset in chains.toml, such as eip155:1/slip44:60")
    genuine = frozenset(word.lower() for word in told.get("tokens", "").split())
    return ChainSettings(chain_id, told["native"], told.get("symbol", ""), finality, told.get("wrapped", "").lower(), genuine)

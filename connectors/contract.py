"""The contract between thresher and whatever it reads: an exchange, a chain, a price service.

A connector turns one source into pages of that source's own records, and those records into what moved. It has
no store, no clock of its own, no retry and no tax word: the host owns cursors, retries, rate budgets and leases.
Standard library only. docs/connectors.md shows a complete connector in about 40 lines; connectors/testing.py is
the conformance suite that its author inherits.

Errors say what the host must do, not what went wrong:

    ConnectorError
    ├── RetryLater       busy, down, limited, damaged reply: ask again (after `after_seconds`, if the source said)
    ├── AccessDenied     a person must act: key refused, revoked, too little or too many rights, wrong chain
    └── SourceChanged    a shape that we do not know: stop, keep the cursor, tell
    InvalidInput         what the user typed cannot be used (a ValueError; names the field and the remedy)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, NewType, Protocol, TypeVar, runtime_checkable

Asset = NewType("Asset", str)
"""Where and what: "eip155:1/slip44:60", "eip155:1/erc20:0x…" (lower-case hex), "eip155:1/erc721:0x…/42",
"bip122:…/slip44:0", "kraken:XXBT" where a source has only its own code, "fiat:USD". Never a bare ticker."""

Cursor = NewType("Cursor", str)
"""The connector's own words about how far it has read. The host stores it and hands it back."""

T = TypeVar("T")


# ------------------------------------------------------------------ errors


class ConnectorError(Exception):
    """Something a source did. Its text never holds a secret, a signed URL or a reply's body."""


class RetryLater(ConnectorError):
    """Busy, down, limited, or a reply that could not be decoded: the host asks again."""

    def __init__(self, says: str, after_seconds: float | None = None) -> None:
        super().__init__(says)
        self.after_seconds = after_seconds


class AccessDenied(ConnectorError):
    """A person must act. `remove` names the rights of a key that must be taken away, in the source's own words."""

    def __init__(self, says: str, remove: Sequence[str] = ()) -> None:
        super().__init__(says)
        self.remove = tuple(remove)


class SourceChanged(ConnectorError):
    """The source answered in a shape that this connector does not know."""


class InvalidInput(ValueError):
    """What was typed cannot be used: `field` is the input's name, the text one sentence with the remedy."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field


# ------------------------------------------------------------------ what is read


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One row of a source, as the source gave it. Unique by (account, stream, key); a changed payload is a new version."""

    account: str
    """Id that the host gave the account (AccountRef.id)."""
    stream: str
    key: str
    """The source's natural id of the row within the stream, stable between reads."""
    occurred_at: datetime
    """UTC, aware."""
    payload: str
    """JSON text. Numbers as the source wrote them: no float has touched it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span that a source will not answer for."""

    since: datetime | None
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is proven complete for one stream of one account, and how."""

    account: str
    stream: str
    since: datetime | None
    """None: from the beginning."""
    until: datetime
    proof: str
    """Why the stream is known to end there: "count reached", "short page up to now", "balance and nonce at block N"…; or "unproven: …"."""
    requests: int = 0
    rows: int = 0
    unreachable: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Records and the cursor after them; the host stores both in one transaction."""

    records: tuple[RawRecord, ...]
    resume_from: Cursor
    withdrawn: tuple[str, ...] = ()
    """Keys of this stream that the source took back (reorganised, replaced)."""
    coverage: tuple[Coverage, ...] = ()
    """Replaces what was recorded for the same account and stream."""


Hint = Literal["trade", "convert", "dust", "deposit", "withdrawal", "reward", "fee", "internal", "chain", "other"]
"""The source's own word for a row. chain: a transaction on a chain, to be classified by what moved.
internal: between sub-accounts of one account. reward: staking, airdrop, interest, rebate: income when received."""


@dataclass(frozen=True, slots=True)
class Leg:
    asset: Asset
    quantity: Decimal
    """Signed, finite, never zero: + arrives in the account, − leaves it."""
    is_fee: bool = False

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity == 0:
            raise ValueError(f"a leg of {self.asset} must be finite and not zero")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the holder's own file says of a row, in the words of the neutral history format. Only a file connector fills it."""

    id: str
    """The row's own id: it names the transaction, its lot and its disposal."""
    kind: str
    """buy, sell, swap, income, spend, transfer, deposit, withdrawal, gift_in, gift_out …"""
    to_account: str = ""
    """Host's id of the receiving account of a transfer."""
    value: Decimal | None = None
    """Fair value before fees, in the portfolio's currency; None: not stated."""
    fee_value: Decimal | None = None
    basis: Decimal | None = None
    acquired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """What moved in one account at one time; never what it means for tax."""

    account: str
    keys: tuple[str, ...]
    """"stream/key" of the records that it was read from; the first one names it."""
    occurred_at: datetime
    legs: tuple[Leg, ...]
    hint: Hint
    chain_ref: str | None = None
    """Transaction hash on its chain, lower case."""
    counterparties: tuple[str, ...] = ()
    """Addresses on the other side, lower case where the chain does not care."""
    final: bool = True
    """False: pending at the source; shown, and kept out of the ledger."""
    flags: tuple[str, ...] = ()
    """"spam": legs that only a log claims; they belong in no total. "failed": reverted, only the fee moved."""
    note: str = ""
    sequence: int = 0
    """The source's order within one `occurred_at` (a transaction's index in its block); 0 where it gives none."""
    stated: Stated | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be understood; kept and shown."""

    account: str
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Balance:
    account: str
    asset: Asset
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Balances:
    """What the source itself declares, assets of zero left out."""

    amounts: tuple[Balance, ...]
    at: datetime
    reference: str = ""
    """"block 21000000" where it holds for a block."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a source says it is."""

    id: str
    """Stable: the same key or address gives the same id, whatever its label. Never a secret, an API key included."""
    permissions: Literal["read-only", "unverified", "watch-only"]
    says: tuple[str, ...] = ()
    """What the holder should know: "this key sees only …", "valid until …"."""


# ------------------------------------------------------------------ how it is opened


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a source needs to be told."""

    name: str
    says: str
    secret: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Spec:
    name: str
    """The entry point's name."""
    kind: Literal["exchange", "wallet", "file"]
    version: str
    fields: tuple[Field, ...]
    alone: bool = False
    """Each record is read by itself: normalise of many is the union of normalise of each."""


@dataclass(frozen=True, slots=True)
class AccountRef:
    id: str
    """The host's id of the account, copied into every record."""
    address: str = ""
    """What is watched: an address or public key; empty for an exchange key."""


class Shared:
    """What instances share: limiters, market lists, HTTP clients. Made once a key, closed by the host."""

    def __init__(self) -> None:
        self._made: dict[str, object] = {}
        self._closers: list[Callable[[], object]] = []

    def once(self, key: str, make: Callable[[], T], close: Callable[[T], object] | None = None) -> T:
        """The object made for `key`; `close` (may be a coroutine function) is called when the host closes."""
        if key not in self._made:
            made = make()
            self._made[key] = made
            if close is not None:
                self._closers.append(lambda: close(made))
        return self._made[key]  # type: ignore[return-value]

    async def aclose(self) -> None:
        for closer in reversed(self._closers):
            result = closer()
            if hasattr(result, "__await__"):
                await result
        self._made.clear()
        self._closers.clear()


@dataclass(frozen=True, slots=True)
class Source:
    """Everything an instance is given. The host rebuilds it from its store for each use."""

    name: str
    """Which one: a ccxt id ("binance"), a chain's name ("ethereum")."""
    accounts: tuple[AccountRef, ...]
    now: Callable[[], datetime]
    """UTC, aware. The only clock a connector may read."""
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    shared: Shared = field(default_factory=Shared, repr=False)
    rate_scale: float = 1.0
    """Factor on our own pacing; 0 is honoured for loopback addresses only. Retry-After is always obeyed."""


@runtime_checkable
class Connector(Protocol):
    """One source with all its accounts. `__init__(self, source: Source)` opens nothing and may raise InvalidInput."""

    spec: ClassVar[Spec]

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams to fetch, in this order."""

    async def probe(self) -> Identity:
        """Who it is, and that we may only read. Raises AccessDenied for a key that can trade or withdraw."""

    def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages after `since`, oldest work first; ends only on positive proof, else raises."""

    async def balances(self, at: Mapping[str, Cursor]) -> Balances:
        """The outside check; `at` holds the stored cursor of each stream, so that a chain can answer for that block."""

    async def aclose(self) -> None: ...

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:
        """Pure. All newest records of one account of `source` (Source.name), in any order."""


# ------------------------------------------------------------------ prices


@dataclass(frozen=True, slots=True)
class PricedAsset:
    """What a price is wanted for."""

    id: str
    """Canonical id, as in config/assets.toml."""
    symbol: str


@dataclass(frozen=True, slots=True)
class Quote:
    """One price as one source gave it."""

    asset: str
    currency: str
    price: Decimal
    at: datetime
    """UTC. For a daily price the start of its day."""
    source: str
    """"kraken", "binance", "import"."""
    span: Literal["instant", "hour", "day"] = "instant"


class PriceSource(Protocol):
    """Current and historic prices. `__init__(self, source: Source)`, entry-point group thresher.prices."""

    name: str

    async def quotes(self, assets: Sequence[PricedAsset], currency: str) -> list[Quote]:
        """Current prices; an asset that the source does not know is left out. Raises RetryLater when it cannot answer."""

    async def history(self, asset: PricedAsset, currency: str, since: datetime, until: datetime) -> list[Quote]:
        """Prices whose span touches [since, until]."""

    async def aclose(self) -> None: ...

"""What the use cases need from outside, as protocols; wiring.py fills them. Tests give fakes by constructor.

Everything stored carries its portfolio and account from day one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from connectors.contract import Balances, Connector, Coverage, Cursor, Page, PriceSource, Quote, RawRecord, Source
from service.app.derived import (
    Changes,
    Checkpoint,
    Ledgers,
    LotLine,
    Movements,
    Placed,
    Pool,
    Raised,
    State,
    Tally,
    TallyKey,
)
from service.app.refusals import Busy, Refused, Stopped
from service.domain.alerts import Alert, Message
from service.domain.assets import AssetTable
from service.domain.harvest import HarvestSettings, Opportunity
from service.domain.history import Row
from service.domain.issues import Issue
from service.domain.ledger import Disposal, Income, Ledger
from service.domain.methods import Lot
from service.domain.plan import Problem
from service.domain.reconcile import Booked
from service.domain.rules import Jurisdiction, Rules
from service.domain.statements import Statement
from service.domain.tax import FilingStatus, Profile
from service.settings import Settings

AccountStatus = Literal["active", "paused", "refused", "error"]
"""refused: a person must act (key, rights, chain). error: the last sync failed and will be tried again."""


__all__ = ["Busy", "Refused", "Stopped"]

# ------------------------------------------------------------------ stored values


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    """From (portfolio, connector, source, identity): adding the same identity twice finds the existing one."""
    portfolio: str
    kind: Literal["exchange", "wallet", "file"]
    connector: str
    """Entry-point name."""
    source: str
    """ccxt id or chain name."""
    identity: str
    """What the source says it is (Identity.id)."""
    address: str
    """What is watched; empty for an exchange."""
    label: str
    settings: Mapping[str, str]
    status: AccountStatus
    says: str
    """Why it is paused, refused or in error; what the holder should know of a key."""
    permissions: str
    added_at: datetime
    last_sync: datetime | None = None
    proved_until: datetime | None = None
    """Every stream is proven complete up to here; None while one is not."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    id: str
    name: str
    currency: str
    profile: Profile
    harvest: HarvestSettings


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts go. The URL lies sealed in the vault under ("channel", id, "url")."""

    id: str
    portfolio: str
    label: str
    shown: str
    """The URL with its secrets masked."""
    added_at: datetime
    digest: str = ""
    """"HH:MM" in the holder's zone: what was said since the last digest goes there at that time, in one message. Empty: each at once."""
    signed: bool = False
    """Web hooks are signed with a secret of their own, sealed under ("channel", id, "secret")."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outbox row: one message to one channel. Unique by (message, channel)."""

    message: Message
    channel: str
    state: Literal["waiting", "collected", "digested", "delivered", "failed"]
    """collected: waits for the channel's digest. digested: went into one, which `says` names."""
    attempts: int
    next_try: datetime
    says: str = ""
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a page changed."""

    new: int
    changed: int
    same: int
    withdrawn: int
    rev: int = field(default=0, compare=False)
    """Number of the change in the portfolio."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Raw records that changed in a portfolio after a change that is known. `rev` is the newest change in it."""

    rev: int
    records: tuple[RawRecord, ...] = ()
    """Newest version of each that still counts."""
    former: tuple[RawRecord, ...] = ()
    """Versions of the same keys that count no more: replaced or withdrawn. Left out where everything was asked for."""
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fresh:
    """Records that were stored a moment ago and not known before, with what they were made of: a refresh need not read them again."""

    rev: int
    records: tuple[RawRecord, ...]
    rows: Mapping[str, Row]
    """Key → row of the neutral history, with the host's account ids."""


@dataclass(frozen=True, slots=True)
class Declared:
    account: str
    asset: str
    quantity: Decimal
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session or an API token: the store knows the SHA-256 of its secret only."""

    id: str
    kind: Literal["session", "token"]
    label: str
    digest: str
    created_at: datetime
    expires_at: datetime | None


# ------------------------------------------------------------------ ports


class Store(Protocol):
    """All that is kept. Each method is one transaction (BEGIN IMMEDIATE on SQLite where it writes)."""

    async def close(self) -> None: ...

    # truth
    async def portfolio(self, portfolio: str = "main") -> Portfolio: ...
    async def save_portfolio(self, portfolio: Portfolio) -> None: ...
    async def accounts(self, portfolio: str = "main") -> list[Account]: ...
    async def account(self, account: str) -> Account | None: ...
    async def add_account(self, account: Account, sealed: Mapping[str, bytes]) -> Account:
        """Stores both or neither; an account whose id exists is returned as it is, its sealed fields replaced."""

    async def save_account(self, account: Account) -> None: ...
    async def remove_account(self, account: str) -> None:
        """With its records, cursors, coverage, balances and sealed fields."""

    async def sealed(self, kind: str, owner: str) -> dict[str, bytes]:
        """Sealed fields of ("account" | "channel", id) by name."""

    async def save_sealed(self, kind: str, owner: str, fields: Mapping[str, bytes]) -> None: ...
    async def save_page(self, account: str, stream: str, page: Page, at: datetime) -> Saved:
        """Records, withdrawals, coverage and cursor together or not at all. Repeated rows change nothing;
        a changed payload is a new version and the newest counts."""

    async def save_pages(self, pages: Sequence[tuple[str, str, Page]], at: datetime) -> list[Saved]:
        """Pages of (account, stream) of one portfolio, all or none."""

    async def known_keys(self, portfolio: str, stream: str, keys: Sequence[str]) -> dict[str, str]:
        """Which of the keys a stream of this name holds in any account of the portfolio, withdrawn ones too: key → account."""

    async def changed(self, portfolio: str, since: int) -> Changed:
        """Records that changed after the change `since`; -1: all records, `former` left out."""

    async def cursor(self, account: str, stream: str) -> Cursor | None: ...
    async def cursors(self, account: str) -> dict[str, Cursor]: ...
    async def forget_cursors(self, account: str) -> None: ...
    async def records(self, account: str) -> list[RawRecord]:
        """Newest version of each, withdrawn ones left out, ordered by (occurred_at, stream, key)."""

    async def coverage(self, account: str) -> list[Coverage]: ...
    async def save_balances(self, account: str, balances: Balances) -> None:
        """Replaces what the account declared before."""

    async def declared(self, account: str) -> list[Declared]: ...
    async def save_quotes(self, quotes: Sequence[Quote], at: datetime) -> int:
        """Append-only, unique by (asset, currency, at, span, source); returns how many were new."""

    async def quotes(self, coins: Sequence[str], currency: str) -> list[Quote]: ...
    async def quotes_within(self, spans: Mapping[str, Sequence[tuple[datetime, datetime]]], currency: str) -> list[Quote]:
        """Coin → first and last times; only quotes between them."""

    async def quotes_rev(self) -> int:
        """A number that grows with every saving of quotes; 0 before the first."""

    async def quotes_since(self, rev: int) -> list[Quote]: ...
    async def newest_quotes(self, coins: Sequence[str], currency: str, until: datetime | None = None) -> list[Quote]:
        """Newest of each (asset, source), none after `until`."""

    async def say(self, statement: Statement, portfolio: str = "main") -> None: ...
    async def statements(self, portfolio: str = "main") -> list[Statement]: ...

    # derived: what a refresh reads and writes (service/app/derived.py)
    async def derived_state(self, portfolio: str = "main") -> State | None: ...
    async def lags(self, portfolio: str = "main") -> bool:
        """Whether records or words of the holder are stored that the derived tables have not seen."""

    async def booked(self, portfolio: str, ids: Collection[str]) -> dict[str, Booked]:
        """Rows by id, as they are by themselves, with their links."""

    async def booked_of_account(self, portfolio: str, account: str) -> dict[str, Booked]: ...
    async def sides(self, portfolio: str, spans: Iterable[tuple[Collection[str], datetime, datetime]], hashes: Collection[str]) -> set[str]:
        """Rows that may be one side of a transfer: of these coins within a span, or under one of the hashes."""

    async def tallies(self, portfolio: str = "main") -> dict[TallyKey, Tally]: ...
    async def touched(self, portfolio: str, coin: str, spans: Sequence[tuple[int, int]]) -> set[str]:
        """Rows that rest on the coin's quotes at a time in one of the spans (microseconds, both ends in)."""

    async def unpriced(self, portfolio: str) -> list[tuple[str, int]]: ...
    async def rows_of_size(self, portfolio: str, account: str, asset: str, quantity: Decimal) -> dict[str, datetime]: ...
    async def movements_of(self, portfolio: str, rows: Collection[Booked]) -> list[Placed]:
        """`rows`: with them every row that one of them is one transfer with."""

    async def movements_since(self, portfolio: str, coins: Collection[str], since: int | None) -> list[Placed]: ...
    async def pools(self, portfolio: str = "main") -> dict[str, Pool]: ...
    async def checkpoints(self, portfolio: str, pool: str) -> list[Checkpoint]: ...
    async def checkpoint_body(self, portfolio: str, pool: str, number: int) -> str: ...
    async def lot_lines(self, portfolio: str, pool: str) -> list[LotLine]: ...
    async def raised(self, portfolio: str, origins: Collection[str]) -> list[Raised]: ...
    async def save_derived(self, portfolio: str, changes: Changes, ledgers: Awaitable[Ledgers]) -> None:
        """All changes and the state that they lead to, in one transaction: killed in between, the old state says that the work is still
        to do. `ledgers` is being worked out while the other changes are written."""

    # derived: what the answers read
    async def transactions(self, portfolio: str = "main") -> list[Booked]:
        """In order of time; matched ones are transfers."""

    async def seen(self, portfolio: str, ids: Collection[str]) -> dict[str, tuple[str, datetime]]:
        """Account and time of transactions."""

    async def movements(self, portfolio: str = "main") -> Movements:
        """Everything that the ledger books, in its order within each pool."""

    async def ledger_id(self, portfolio: str = "main") -> str: ...
    async def lots(self, portfolio: str = "main") -> list[Lot]: ...
    async def disposals(self, portfolio: str = "main", since: datetime | None = None, until: datetime | None = None) -> list[Disposal]:
        """From `since` to before `until`, in order of time."""

    async def incomes(self, portfolio: str = "main") -> list[Income]: ...
    async def ledger(self, portfolio: str = "main") -> Ledger:
        """All of the last four; where one will do, ask for that."""

    async def issues(self, portfolio: str = "main") -> list[Issue]:
        """Each once, naming accounts by their ids; app.telling.told puts them into words."""

    async def save_evaluation(
        self,
        portfolio: str,
        opportunities: Sequence[Opportunity],
        issues: Sequence[Issue],
        alerts: Sequence[Alert],
        deliveries: Sequence[Delivery],
    ) -> None:
        """Opportunities and valuation issues replaced, alerts upserted, new outbox rows added: one transaction, so that
        an alert without its outbox row cannot exist. A (message, channel) that exists already is left as it is."""

    async def opportunities(self, portfolio: str = "main") -> list[Opportunity]: ...
    async def alerts(self, portfolio: str = "main") -> list[Alert]: ...
    async def save_alert(self, alert: Alert, portfolio: str = "main") -> None: ...
    async def deliveries(self, alert: str | None = None) -> list[Delivery]: ...
    async def due(self, now: datetime, limit: int = 100) -> list[Delivery]:
        """Waiting deliveries whose next_try has come, oldest first."""

    async def save_delivery(self, delivery: Delivery) -> None: ...
    async def collected(self, channel: str) -> list[Delivery]:
        """What waits for the digest of a channel, in the order of saying."""

    async def save_deliveries(self, portfolio: str, deliveries: Sequence[Delivery]) -> None:
        """All or none."""

    # channels, access, schedule
    async def channels(self, portfolio: str = "main") -> list[Channel]: ...
    async def add_channel(self, channel: Channel, sealed: Mapping[str, bytes]) -> None: ...
    async def save_channel(self, channel: Channel) -> None:
        """What is sealed of it stays."""

    async def remove_channel(self, channel: str) -> None: ...
    async def owner_hash(self) -> str | None: ...
    async def set_owner_hash(self, encoded: str) -> None: ...
    async def sessions(self, digest: str) -> Session | None: ...
    async def list_sessions(self, kind: Literal["session", "token"]) -> list[Session]: ...
    async def save_session(self, session: Session) -> None: ...
    async def drop_session(self, id: str) -> None: ...
    async def claim_slot(self, job: str, slot: str, now: datetime) -> bool:
        """True for the first to claim (job, slot); a unique row, so that N triggers make one run."""

    async def last_slot(self, job: str) -> str | None:
        """The newest slot claimed; slots are ISO times and compare as text."""


class Vault(Protocol):
    """Seals and opens secrets. `where` is bound to the ciphertext: a swapped row does not open."""

    def seal(self, plain: str, where: tuple[str, str, str]) -> bytes:
        """where = (kind, owner id, field)."""

    def open(self, sealed: bytes, where: tuple[str, str, str]) -> str: ...


class Leases(Protocol):
    def hold(self, account: str, wait_seconds: float = 10) -> AbstractAsyncContextManager[None]:
        """Only one process at a time; dies with its process. Raises Busy after waiting."""


@dataclass(frozen=True, slots=True)
class Signing:
    """With what, and as of when, a web hook is signed."""

    secret: str = field(repr=False)
    at: datetime


class Notifier(Protocol):
    async def send(self, url: str, message: Message, signing: Signing | None = None) -> str | None:
        """None when delivered, else why not (without secrets)."""

    def can_sign(self, url: str) -> bool:
        """Whether what goes there can bear a signature: web hooks with a JSON body."""

    def shown(self, url: str) -> str:
        """The URL with secrets masked. Raises Refused where no service understands it."""


class Progress(Protocol):
    """Told about long work; draws bars, logs, or does nothing."""

    def stage(self, subject: str, what: str) -> None:
        """`subject` (an account's label) now does `what` ("trades", "proving")."""

    def rows(self, subject: str, new: int) -> None:
        """This many more rows were read."""

    def done(self, subject: str, says: str = "") -> None: ...


OpenConnector = Callable[[str, Source], Connector]
NormaliserOf = Callable[[str], type[Connector]]
SecretKind = Callable[[str], str | None]
"""The kind of wallet secret found in a text ("seed phrase", "private key", …), or None."""


@dataclass(frozen=True, slots=True)
class App:
    """Frozen record of ports. The use cases take it as their first argument."""

    store: Store
    vault: Vault
    leases: Leases
    notifier: Notifier
    open_connector: OpenConnector
    connector_class: NormaliserOf
    prices: Sequence[PriceSource]
    assets: AssetTable
    rules_of: Callable[[int, FilingStatus], Rules]
    """Rules of a tax year for a filing status. Raises Refused for a year that no file has."""
    jurisdiction_of: Callable[[str], Jurisdiction]
    """Everything that the rules of a jurisdiction state. Raises Refused for files that cannot be used."""
    chains: Mapping[str, Mapping[str, str]]
    """config/chains.toml: a chain's name → its settings as strings."""
    settings: Settings
    now: Callable[[], datetime]
    progress: Progress
    secret_kind: SecretKind
    best_plan: Callable[[Problem], tuple[Decimal, ...]]
    """A share of each candidate that is best, or as near as floats come (service.domain.plan computes what it comes to)."""
    sleep: Callable[[float], Awaitable[None]] = field(repr=False)

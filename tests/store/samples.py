"""Values for the store's tests: one of each kind, none of them at its defaults."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.contract import Asset, Coverage, Cursor, Gap, Page, RawRecord, Stated
from service.app.derived import (
    BySide,
    Changes,
    Checkpoint,
    DisposalLine,
    Ledgers,
    LotLine,
    Placed,
    Pool,
    Raised,
    Replay,
    State,
    Tally,
    Valued,
)
from service.app.ports import Account, Channel, Delivery, Portfolio, Session
from service.domain.alerts import Alert, Message
from service.domain.assets import Coin
from service.domain.harvest import Costs, HarvestSettings, Opportunity, Thresholds
from service.domain.issues import Issue, IssueKind
from service.domain.movements import More, Movement, ticks
from service.domain.reconcile import Amount, Booked, Kind
from service.domain.statements import Identification, LotChoice, MatchAnswer, MethodChoice
from service.domain.tax import Profile
from service.settings import Settings
from service.store import SqlStore

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
LONG = Decimal("1234567.123456789012345678")
HUGE = Decimal(2**256 - 1)
ETHER = Coin("eth", "ETH", "coin", known=True, peg="")
DOLLAR = Coin("fiat:USD", "USD", "fiat")

ACCOUNT = Account(
    id="acc_1",
    portfolio="main",
    kind="exchange",
    connector="exchange",
    source="kraken",
    identity="key-7",
    address="",
    label="Kraken",
    settings={"base_url": "http://127.0.0.1:1", "a": "b"},
    status="error",
    says="down · since Monday",
    permissions="read-only",
    added_at=NOW,
    last_sync=NOW - timedelta(hours=1),
    proved_until=None,
)

PORTFOLIO = Portfolio(
    "main",
    "Ours",
    "EUR",
    Profile("us", "Europe/Berlin", Decimal("0.37"), Decimal("0.238"), Decimal("-1200.55"), Decimal(3), "married_separate"),
    HarvestSettings(
        Thresholds(Decimal(1), Decimal("0.05"), Decimal(2)), {"eth": Thresholds(loss=Decimal(9))}, Costs(Decimal("0.001"), Decimal(0))
    ),
)


def record(key: str, payload: str = "{}", minutes: int = 0) -> RawRecord:
    return RawRecord("acc_1", "trades", key, NOW + timedelta(minutes=minutes), payload)


def page(*records: RawRecord, cursor: str = "c", withdrawn: tuple[str, ...] = (), coverage: tuple[Coverage, ...] = ()) -> Page:
    return Page(records, Cursor(cursor), withdrawn, coverage)


COVERAGE = Coverage("acc_1", "trades", None, NOW, "count reached", 3, 250, (Gap(None, NOW, "too old"),))

BOOKED = Booked(
    id="txn_1",
    account="acc_1",
    occurred_at=NOW,
    hint="trade",
    kind=Kind.BUY,
    sent=(Amount(DOLLAR, Asset("fiat:USD"), Decimal("2000.10")),),
    received=(Amount(ETHER, Asset("kraken:XETH"), LONG), Amount(ETHER, Asset("kraken:XETH"), Decimal("1E-18"))),
    fees=(Amount(DOLLAR, Asset("fiat:USD"), Decimal("1E+3")),),
    chain_ref="0xab",
    counterparties=("0xcd", "bank"),
    flags=("pending",),
    matched_with=("txn_2",),
    keys=("trades/1", "fees/1"),
    sequence=4,
    stated=Stated("txn_1", "buy", value=LONG, acquired_at=NOW),
)
PLAIN_BOOKED = replace(
    BOOKED, id="txn_2", kind=Kind.DEPOSIT, sent=(), fees=(), chain_ref=None, counterparties=(), flags=(), matched_with=(), stated=None
)

MOVES = Movement(
    "move",
    ticks(NOW),
    "txn_2",
    "acc_1",
    "eth",
    "kraken:XETH",
    10**18 + 1,
    more=More(to_account="acc_2", received=5, arrives_at=ticks(NOW) + 9),
)
MOVEMENTS = (
    Placed("eth", ticks(NOW), "00", 0, "txn_1", Movement("acquire", ticks(NOW), "txn_1", "acc_1", "eth", "kraken:XETH", 2**80, 10**50), 18),
    Placed(
        "eth", ticks(NOW), "00", 1, "txn_1",
        Movement("dispose", ticks(NOW), "txn_1/fee", "acc_1", "eth", "kraken:XETH", 7, None, -3, More(is_fee=True)), 24,
    ),
    Placed("eth", ticks(NOW), "0A", 0, "txn_2", MOVES, 18),
    Placed("btc", ticks(NOW) - 1, "", 0, "txn_3", Movement("acquire", ticks(NOW) - 1, "txn_3", "acc_1", "btc", "b", 1, 2, more=More(income=True)), 18),
)  # fmt: skip
POOLS = (
    Pool("btc", "btc", "BTC", 1, {}, {}, "d1"),
    Pool("eth", "eth", "ETH", 3, {"weth": 1}, {24: 1}, "d2"),
    Pool("weth", "eth", "WETH", 0, {}, {}),
)
LOTS: tuple[LotLine, ...] = (
    (
        "acc_1",
        "eth",
        "lot_1",
        "eth",
        "kraken:XETH",
        str(LONG),
        "0.000000000000000000000000000001",
        ticks(NOW),
        3,
        "spam unpriced",
        None,
        None,
    ),
    ("acc_2", "eth", "lot_1", "eth", "kraken:XETH", str(HUGE), None, ticks(NOW), 3, "", "12.5", ticks(NOW)),
)
DISPOSALS: tuple[DisposalLine, ...] = (
    ("eth", ticks(NOW), 0, "txn_9", "lot_1", "acc_1", "eth", str(LONG), ticks(NOW), "-5", "7.5", True, "unpriced"),
    ("eth", ticks(NOW), 1, "txn_9", "", "acc_1", "eth", "1", None, None, None, False, "missing_basis unpriced"),
)
CHECKPOINTS = (Checkpoint("eth", 1, ticks(NOW), 2, "{}", "d"), Checkpoint("eth", 3, ticks(NOW) + 1, 6, '{"a":1}', "e"))
STATE = State("led_1", {"zone": "UTC", "accounts": {"acc_1": "exchange 1"}}, 2, 7, 9)


def issue(subject: str, kind: IssueKind = IssueKind.MISSING_PRICE) -> Issue:
    return Issue(kind, "warning", subject, f"{subject} has no price", "Import one.")


def changes(**other: object) -> Changes:
    """A first refresh."""
    made = Changes(
        whole=True,
        made_at=NOW,
        booked=[BOOKED, PLAIN_BOOKED],
        sides=[BySide("eth", ticks(NOW), "txn_2", "ab"), BySide("btc", ticks(NOW), "txn_5", "")],
        tallies={("acc_1", "kraken:XETH", "eth"): TALLY},
        valued=[Valued("eth", ticks(NOW), "txn_1", missing=False), Valued("sol", ticks(NOW), "txn_7", missing=True)],
        movements=list(MOVEMENTS),
        raised=[Raised("row", "acc_1 txn_1", 0, issue("a")), Raised("price", "txn_1", 0, issue("c"))],
    )
    return replace(made, **other)


def ledgers(**other: object) -> Ledgers:
    """What it made of the movements."""
    replay = Replay("eth", None, 0, list(DISPOSALS), list(LOTS), [], list(CHECKPOINTS))
    return replace(Ledgers(STATE, list(POOLS), replays=[replay], raised=[Raised("ledger", "eth", 2, issue("b"))]), **other)


async def save(store: SqlStore, portfolio: str = "main", made: Changes | None = None, then: Ledgers | None = None) -> None:
    worked_out: asyncio.Future[Ledgers] = asyncio.get_running_loop().create_future()
    worked_out.set_result(then or ledgers())
    await store.save_derived(portfolio, made or changes(), worked_out)


TALLY = Tally(ETHER, LONG, Decimal(1), Decimal("0.5"), 5, 3, 1, 1, 0)


OPPORTUNITY = Opportunity(
    id="opp_1",
    account="acc_1",
    coin="eth",
    asset="kraken:XETH",
    symbol="ETH",
    lots=(("lot_1", LONG), ("lot_2", Decimal("0.5"))),
    quantity=LONG,
    value=Decimal("100.10"),
    basis=Decimal(300),
    loss=Decimal("199.9"),
    short_loss=Decimal("199.9"),
    long_loss=Decimal(0),
    term="mixed",
    saving=Decimal(48),
    costs=Decimal(5),
    net=Decimal(43),
    net_low=Decimal("41.5"),
    net_high=None,
    deferred=Decimal("25.9"),
    days_to_long=12,
    turning_costs=Decimal("0.5"),
    certainty="estimated",
    price=Decimal("0.00000001"),
    price_at=NOW,
    price_sources=("kraken", "binance"),
    blocked_by=(),
    keeps=True,
    says="Sell it.",
)

ALERT = Alert(
    id="alt_1",
    subject="acc_1 eth",
    state="snoozed",
    opportunity="opp_1",
    created_at=NOW,
    changed_at=NOW,
    last_said_at=NOW,
    net=Decimal("43.21"),
    message="Sell it.",
    resolved_because="",
    snoozed_until=NOW + timedelta(days=3),
    evidence='{"ledger":"led_1"}',
)

CHANNEL = Channel("chn_1", "main", "mail", "mailto://***@example.org", NOW)


def delivery(message: str = "msg_1", channel: str = "chn_1", minutes: int = 0, **changes: object) -> Delivery:
    said = Message(message, "alt_1", "opened", "Harvest", "Sell it.")
    return replace(Delivery(said, channel, "waiting", 0, NOW + timedelta(minutes=minutes)), **changes)


SESSION = Session("ses_1", "token", "laptop", "d" * 64, NOW, NOW + timedelta(days=1))

STATEMENTS = (
    MethodChoice("acc_1", "hifo", date(2025, 1, 1), NOW),
    Identification("acc_1", "eth", (LotChoice("lot_1", LONG), LotChoice("lot_2", HUGE)), NOW - timedelta(days=1)),
    MatchAnswer("txn_1", "txn_2", same=False, made_at=NOW),
)


def settings_in(folder: Path, database_url: str = "") -> Settings:
    """Settings with their folders under `folder`; SQLite there unless a database is named."""
    return Settings(
        data_dir=folder / "data",
        config_dir=folder / "config",
        database_url=database_url,
        master_key_file=None,
        rate_scale=1.0,
        price_sources=(),
        price_max_age_minutes=15,
        price_import_max_age_hours=36,
        price_max_spread="0.01",
        sync_every_minutes=15,
        evaluate_every_minutes=15,
        http_host="127.0.0.1",
        http_port=0,
        transfer_window_hours=72,
    )

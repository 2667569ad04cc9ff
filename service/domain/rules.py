"""Tax rules as values: what a jurisdiction says of holding periods, caps and methods, each with its source.

The figures come from config/rules/<jurisdiction>.toml; this module gives them shape and computes dates. A rule holds for a time:
    United Kingdom, rates.higher, since 2024-10-30: 0.24 of a gain, confidence O, source …
so whoever asks names the day that they ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

Term = Literal["short", "long"]

Confidence = Literal["P", "O", "S", "R", "U"]
"""How well a rule is known. P: its primary text was read. O: parameter files of open tax models that cite it. S: a secondary page.
R: recalled, no source found, so verify it. U: the user's own word."""

Status = Literal["law", "proposed", "alternative"]
"""proposed: not law in anything found; it binds from the day that it is given, without one never. alternative: another reading, or another
choice that needs a step of the taxpayer; never what binds."""

AssetClass = Literal["crypto", "tokenised_security", "etf_share"]
"""crypto: coins, tokens and NFTs that are no securities."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figures:
    """Federal figures of one year and filing status, in dollars and shares of one; config/rules/us.toml says what each is and its source."""

    year: int
    status: str
    loss_limit: Decimal
    standard_deduction: Decimal
    brackets: tuple[tuple[Decimal, Decimal | None], ...]
    """(rate, upper end), in order; the last has no end."""
    zero_to: Decimal
    fifteen_to: Decimal
    collectibles_rate: Decimal
    niit_rate: Decimal
    niit_over: Decimal
    amt_exemption: Decimal
    amt_phase_out_over: Decimal
    amt_phase_out_share: Decimal
    amt_28_over: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """What config/rules/us.toml says of one tax year and filing status."""

    version: str
    """"us-2026": the file and the tax year; stored with each alert."""
    jurisdiction: str
    year: int
    loss_limit: Decimal
    """Net capital loss that may offset other income in one year (IRC 1211(b))."""
    sources: tuple[str, ...]
    figures: Figures | None = None
    """None: a year of which the holder wrote down the limit alone; it is computed by their own marginal rates."""


# ------------------------------------------------------------------ what a jurisdiction says


@dataclass(frozen=True, slots=True)
class Stated(Generic[T]):
    """One rule, for as long as it holds."""

    place: str
    """Its table in the file: "loss.carry_back"; for a federal figure with its key: "2026.single.zero_to"."""
    value: T
    confidence: Confidence
    source: str
    """Statute, notice or page."""
    since: date | None = None
    """First day; None: for as long as it matters (of a proposal: not dated, so it does not bind)."""
    until: date | None = None
    """Last day."""
    status: Status = "law"
    note: str = ""

    @property
    def binds(self) -> bool:
        """At some time: law, or a proposal that was given a day."""
        return self.status == "law" or (self.status == "proposed" and self.since is not None)

    def holds(self, first: date, last: date | None = None) -> bool:
        """On that day, or on some day from `first` to `last`."""
        begun = self.since is None or self.since <= (last or first)
        return self.binds and begun and (self.until is None or first <= self.until)


@dataclass(frozen=True, slots=True)
class Holding:
    """From when on a lot is taxed otherwise."""

    kind: Literal["none", "more_than", "at_least"]
    months: int | None = None
    days: int | None = None
    """The length: months or days, neither for none."""
    counting: str = ""
    """How days are counted."""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What buying back does to a loss. none: nothing. purpose: no number of days, the intention counts."""

    kind: Literal["none", "days", "purpose"]
    assets: tuple[AssetClass, ...]
    before_days: int | None = None
    after_days: int | None = None
    same_day: bool | None = None
    """A purchase on the day of the sale counts too."""
    condition: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as a share of one, an amount in the jurisdiction's currency, or a rule in words."""

    value: Decimal | str
    unit: Literal["share", "money", "text"]


@dataclass(frozen=True, slots=True)
class YearStart:
    """First day of a tax year; the year is named by the one in which it ends."""

    month: int
    day: int

    def of(self, day: date) -> int:
        """Tax year of a day. UK: 5 April 2026 → 2026, 6 April 2026 → 2027."""
        return day.year + (self != YearStart(1, 1) and (day.month, day.day) >= (self.month, self.day))

    def span(self, year: int) -> tuple[date, date]:
        """First and last day of a tax year."""
        begins = year - (self != YearStart(1, 1))
        return date(begins, self.month, self.day), date(begins + 1, self.month, self.day) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Basis:
    """Which units leave, and at what cost."""

    rule: tuple[Stated[str], ...]
    methods: tuple[Stated[tuple[str, ...]], ...]
    """Those allowed; words of `thresher gains --method` where it has one."""
    default: tuple[Stated[str], ...]
    """Where nothing is chosen."""
    select_lots: tuple[Stated[str], ...]
    """yes, limited, no, or not_applicable where a loss is worth nothing whatever leaves."""
    scope: tuple[Stated[str], ...] = ()
    """account: a pool for each; universal: one for all. Empty: nothing is stated."""
    id_deadline: tuple[Stated[str], ...] = ()
    """When lots must be named."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a loss may be set against, and where the rest goes."""

    offset: tuple[Stated[str], ...]
    carry_forward: tuple[Stated[int | Literal["unlimited"]], ...]
    """Years."""
    carry_back: tuple[Stated[int], ...] = ()
    """Years."""
    character: tuple[Stated[str], ...] = ()
    """What a carried loss keeps of its kind."""
    claim: tuple[Stated[str], ...] = ()
    """What has to be claimed, and when."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Whether thresher applies a section of the rules or only states it."""

    section: str
    computed: bool
    says: str


FigureValue = Decimal | tuple[tuple[Decimal, Decimal | None], ...]


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One file of rules. Of statements about one thing, no two bind on the same day."""

    code: str
    name: str
    currency: str
    as_of: date
    """When its sources were looked at."""
    computed: tuple[Computed, ...]
    basis: Basis
    tax_year: tuple[Stated[YearStart], ...]
    loss: Loss
    harvest: tuple[Stated[str], ...]
    """Whether there is a loss to realise at all: yes, limited (the note says how) or no."""
    holding: tuple[Stated[Holding], ...] = ()
    crypto_to_crypto: tuple[Stated[bool], ...] = ()
    """A swap of coins is a disposal."""
    windows: tuple[Stated[Window], ...] = ()
    rates: Mapping[str, tuple[Stated[Rate], ...]] = field(default_factory=dict)
    """Rates, allowances and limits by name."""
    expiries: tuple[Stated[date], ...] = ()
    """Relief that ends: its last day."""
    watch: tuple[Stated[str], ...] = ()
    """Bills and plans that would change something here."""
    figures: tuple[Stated[FigureValue], ...] = ()
    """Federal figures by year and filing status (United States)."""

    def stated(self) -> Iterator[Stated[Any]]:
        """Everything that is stated, in the order of the file."""
        for part in (self.basis, self.loss):
            for topic in fields(part):
                yield from getattr(part, topic.name)
        named: list[tuple[Stated[Any], ...]] = [self.tax_year, self.holding, self.crypto_to_crypto, self.harvest, self.windows]
        for those in (*named, *self.rates.values(), self.expiries, self.watch, self.figures):
            yield from those

    def year_of(self, day: date) -> int:
        """Tax year of a day."""
        return self._year(day).of(day)

    def span(self, year: int) -> tuple[date, date]:
        """First and last day of a tax year, named by the calendar year in which it ends."""
        return self._year(date(year, 1, 1)).span(year)

    def _year(self, day: date) -> YearStart:
        start = in_force(self.tax_year, day)
        if start is None:
            raise NotStated(f"the rules of {self.name} do not say when the tax year of {day} begins")
        return start.value


class NotStated(LookupError):
    """The file says nothing of it, which is not the same as: there is no such rule."""


def in_force(those: Iterable[Stated[T]], day: date) -> Stated[T] | None:
    """Of statements about one thing, the one that binds on a day."""
    return next((one for one in those if one.holds(day)), None)


def stated_window(jurisdiction: Jurisdiction, asset_class: AssetClass, day: date) -> Stated[Window]:
    """What a sale on that day finds, with its source; that nothing happens is a statement too, and yields to a window that binds.

    Raises NotStated where the file is silent about the class on that day.
    """
    holding = [one for one in jurisdiction.windows if asset_class in one.value.assets and one.holds(day)]
    found = next((one for one in holding if one.value.kind != "none"), None) or next(iter(holding), None)
    if found is None:
        raise NotStated(f"the rules of {jurisdiction.name} say nothing of buying back {asset_class} on {day}")
    return found


def window_on(jurisdiction: Jurisdiction, asset_class: AssetClass, day: date) -> Window | None:
    """The repurchase window for a sale on that day; None where buying back does nothing. Raises NotStated where the file is silent."""
    found = stated_window(jurisdiction, asset_class, day).value
    return None if found.kind == "none" else found


def proposed_window(jurisdiction: Jurisdiction, asset_class: AssetClass) -> Stated[Window] | None:
    """A window that is proposed and not dated: what a shadow computation assumes."""
    those = (one for one in jurisdiction.windows if asset_class in one.value.assets)
    return next((one for one in those if one.status == "proposed" and not one.binds), None)


# ------------------------------------------------------------------ days


def is_zone(word: str) -> bool:
    """Whether a time zone is called that: "America/New_York", and not "America", which is a folder of them."""
    try:
        ZoneInfo(word)
    except (KeyError, OSError, ValueError):  # nothing of that name; a folder, or too long for one; no name at all
        return False
    return True


def local_date(at: datetime, zone: str) -> date:
    """The taxpayer's day of an instant; the law names no time zone, so it is the holder's setting (T.D. 10000)."""
    return at.astimezone(ZoneInfo(zone)).date()


def first_long_date(acquired: date) -> date:
    """First day on which a sale is long term: the day after acquisition, one calendar year on.

    IRC 1222, Form 8949 instructions, Rev. Rul. 66-7: the day of acquisition is left out, the day of disposal counts.
    28 Feb 2023 → 1 Mar 2024 (the day after is 1 Mar 2023); a day that does not exist becomes 1 March.
    """
    start = acquired + timedelta(days=1)
    try:
        return start.replace(year=start.year + 1)
    except ValueError:  # 29 February, next year has none
        return date(start.year + 1, 3, 1)


def term(acquired: datetime, disposed: datetime, zone: str) -> Term:
    """short or long, by the calendar in the taxpayer's zone."""
    return "long" if local_date(disposed, zone) >= first_long_date(local_date(acquired, zone)) else "short"

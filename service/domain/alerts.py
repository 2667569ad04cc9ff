"""Opportunities, and what was said before → what to say now: thresholds, hysteresis, cool-down, countdown, resolved-because.

Worked example, least loss 100, hysteresis 20%, cool-down 24 h. The loss passes 100: "opened", once. It falls to 85: nothing.
To 79: "resolved", price recovered. Back to 150 within a day: nothing; after the day: "opened", a new alert. Net saving grown
by half since it last spoke, a day later: "worse". Open 30, 7 and 2 days before the last moment of the year: "countdown", once each. A subject
without a fresh price stays as it is: no opinion is no news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from service.domain.harvest import HarvestSettings, Opportunity, Thresholds, money, percent
from service.domain.issues import content_id
from service.domain.money import exact, plain
from service.domain.rules import local_date

LISTED = 8
"""Lots that a message names; a person cannot read a thousand."""

SHRUNK = "no longer worth its costs: the saving in tax has shrunk"

STEPS = (7, 2)
"""Days before the last moment at which an open alert counts down once more."""

AlertState = Literal["open", "acknowledged", "snoozed", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertRules:
    cool_down: timedelta = timedelta(hours=24)
    """After it resolved, the same subject is quiet for this long."""
    worse_by: Decimal = Decimal("0.50")
    """An open alert speaks again when the net saving has grown by this share (and the cool-down is over)."""


class Holding(NamedTuple):
    """All that an account holds of a coin."""

    quantity: Decimal
    basis: Decimal | None
    """None where that of a lot is unknown."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a step's opportunities rest on, to tell why an alert is over and how long is left."""

    year: int
    """The tax year."""
    rules: str
    """Version of its rules and what they say: another text is another rule."""
    zone: str
    """The holder's."""
    holdings: Mapping[str, Holding]
    """By subject ("account coin"): one that is not among them is sold or moved."""
    on_exchange: frozenset[str] = frozenset()
    """Accounts in which coins can be sold where they lie."""
    would_stand: Callable[[Alert], bool] = lambda _: True
    """Whether what was held when the alert last spoke would still be worth an open alert today."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Coin → what people call it."""
    gone: Callable[[Alert], bool] = lambda _: False
    """Whether none of the lots that the alert last spoke of is held any more: what was bought since is another loss."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Under what an alert was last judged."""

    year: int
    rules: str
    thresholds: Thresholds
    quantity: Decimal
    basis: Decimal | None


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of one subject, from its first message until it is resolved. Stored; never rebuilt."""

    id: str
    """From (subject, which episode of it): the same in every database with the same history."""
    subject: str
    """"account coin": one subject has at most one open alert."""
    state: AlertState
    opportunity: str
    """The subject's opportunity when it was last judged: a new one says that the holding has changed."""
    created_at: datetime
    changed_at: datetime
    last_said_at: datetime
    net: Decimal
    """Net saving when it last spoke."""
    message: str
    resolved_because: str = ""
    snoozed_until: datetime | None = None
    evidence: str = ""
    """Canonical JSON of all inputs: ledger id, quotes, rule version, profile; `alerts explain` recomputes from it."""
    judged: Judged | None = None
    """None: by a version that did not keep it."""
    counted: int = 0
    """The fewest days before the last moment of the year that it has told; 0: none yet."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to deliver, with an id that stays the same however often it is sent."""

    id: str
    alert: str
    kind: Literal["opened", "worse", "countdown", "resolved", "digest", "test"]
    title: str
    body: str


def step(  # noqa: PLR0917 - the stage's inputs in the order of the data; the options are by name
    previous: Sequence[Alert],
    opportunities: Sequence[Opportunity],
    rules: AlertRules,
    settings: HarvestSettings,
    now: datetime,
    evidence: str,
    silent: frozenset[str],
    *,
    ground: Ground,
    names: Mapping[str, str] | None = None,
    acquired: Mapping[str, str] | None = None,
    currency: str = "USD",
) -> tuple[list[Alert], list[Message]]:
    """All alerts as they stand now, and what to deliver. The same step on its own result says nothing new.

    `silent`: subjects ("account coin") without an opinion: only what needs neither price nor rules ends their alerts. `names`: account id → what the holder calls it. `acquired`: lot id → the holder's
    day of acquisition, by which a person finds a lot (26 CFR 1.1012-1(j) takes any identifier); without it messages name lots by id. Message
    ids depend on the alert and on what it said last.
    """
    teller = _Teller(rules, settings, now, evidence, ground, names or {}, acquired or {}, currency)
    by_subject = {f"{o.account} {o.coin}": o for o in opportunities}
    alerts: list[Alert] = []
    messages: list[Message] = []
    quiet: set[str] = set()
    episodes = Counter(alert.subject for alert in previous)
    for alert in previous:
        if alert.state == "resolved":
            after, said = alert, None
            if now < alert.changed_at + rules.cool_down:
                quiet.add(alert.subject)
        else:
            quiet.add(alert.subject)
            after, said = teller.unseen(alert) if alert.subject in silent else teller.again(alert, by_subject.get(alert.subject))
        alerts.append(after)
        messages += [said] if said else []
    for subject, found in by_subject.items():
        if not found.blocked_by and subject not in quiet and subject not in silent:
            alert, said = teller.opened(subject, found, episodes[subject])
            alerts.append(alert)
            messages.append(said)
    return alerts, messages


def next_time(alerts: Sequence[Alert], rules: AlertRules, settings: HarvestSettings, now: datetime, ground: Ground) -> datetime | None:
    """The first moment after `now` at which something may be said though no price changes."""
    teller = _Teller(rules, settings, now, "", ground, {}, {}, "")
    return min((at for alert in alerts for at in teller.times(alert) if at > now), default=None)


def words(  # noqa: PLR0917 - as of a step
    found: Opportunity,
    settings: HarvestSettings,
    now: datetime,
    ground: Ground,
    names: Mapping[str, str],
    acquired: Mapping[str, str],
    currency: str,
) -> tuple[str, str]:
    """Title and body that an alert on this opportunity would have now."""
    return _Teller(AlertRules(), settings, now, "", ground, names, acquired, currency).words(found, "")


@dataclass(frozen=True, slots=True)
class _Teller:
    """What a step knows, beside the alert and its opportunity."""

    rules: AlertRules
    settings: HarvestSettings
    now: datetime
    evidence: str
    ground: Ground
    names: Mapping[str, str]
    acquired: Mapping[str, str]
    currency: str

    def opened(self, subject: str, found: Opportunity, episode: int) -> tuple[Alert, Message]:
        name = content_id("alr", subject, str(episode))
        title, body = self.words(found, "")
        alert = Alert(
            name,
            subject,
            "open",
            found.id,
            self.now,
            self.now,
            self.now,
            found.net,
            body,
            evidence=self.evidence,
            judged=self._judged(subject, found.coin),
            counted=self._due(found.account, 0),
        )
        return alert, Message(content_id("msg", name, "opened"), name, "opened", title, body)

    def unseen(self, alert: Alert) -> tuple[Alert, Message | None]:
        """An alert of a subject without an opinion: its lots and its year are known all the same."""
        because = self._past(alert)
        return self._resolved(alert, because) if because else (alert, None)

    def again(self, alert: Alert, found: Opportunity | None) -> tuple[Alert, Message | None]:
        """An alert that has not been resolved yet, and its subject's opportunity now (None: nothing to lose any more)."""
        because = self._over(alert, found)
        if because or found is None:
            return self._resolved(alert, because)
        alert = replace(alert, opportunity=found.id, judged=self._judged(alert.subject, found.coin))  # it goes on with what is held now
        if alert.state == "snoozed":
            if found.blocked_by or (alert.snoozed_until is not None and self.now < alert.snoozed_until):
                return alert, None  # it wakes only to speak: one that woke in silence would stay silent
            awake = replace(alert, state="open", changed_at=self.now, snoozed_until=None)
            return self._speak(awake, found, "opened", "Snooze is over. ")
        if alert.state != "open":
            return alert, None
        with exact():
            grown = found.net >= alert.net * (1 + self.rules.worse_by)
        if grown and not found.blocked_by and self.now >= alert.last_said_at + self.rules.cool_down:
            return self._speak(alert, found, "worse", "The loss has grown. ")
        if (due := self._due(found.account, alert.counted)) != alert.counted:
            return self._counted(replace(alert, counted=due), found)
        return alert, None

    def _speak(self, alert: Alert, found: Opportunity, kind: Literal["opened", "worse"], lead: str) -> tuple[Alert, Message]:
        title, body = self.words(found, lead)
        message = Message(content_id("msg", alert.id, kind, alert.last_said_at.isoformat()), alert.id, kind, title, body)
        said = replace(
            alert,
            opportunity=found.id,
            changed_at=self.now,
            last_said_at=self.now,
            net=found.net,
            message=body,
            evidence=self.evidence,
            counted=self._due(found.account, alert.counted),
        )
        return said, message

    def _counted(self, alert: Alert, found: Opportunity) -> tuple[Alert, Message]:
        """How long is left: once for each step, by an id that names it."""
        title, body = self.words(found, "")
        name = content_id("msg", alert.id, "countdown", str(self.ground.year), str(alert.counted))
        title = f"{remaining(self._left(found.account))} left: {title[0].lower()}{title[1:]}"
        return replace(alert, message=body, net=found.net, evidence=self.evidence), Message(name, alert.id, "countdown", title, body)

    def _resolved(self, alert: Alert, because: str) -> tuple[Alert, Message]:
        account, coin = alert.subject.split(" ", 1)
        coin = self.ground.symbols.get(coin, coin)
        over = replace(alert, state="resolved", changed_at=self.now, resolved_because=because, snoozed_until=None)
        title = f"Harvest over: {coin} in {self.names.get(account, account)}"
        return over, Message(content_id("msg", alert.id, "resolved"), alert.id, "resolved", title, f"Nothing to do any more: {because}.")

    # -------------------------------------------------------------- why it is over

    def _judged(self, subject: str, coin: str) -> Judged:
        holding = self.ground.holdings[subject]
        return Judged(self.ground.year, self.ground.rules, self.settings.of(coin), holding.quantity, holding.basis)

    def _over(self, alert: Alert, found: Opportunity | None) -> str:
        """Why the alert is over; empty while it stands. A threshold must be missed by the hysteresis to end it."""
        if past := self._past(alert):
            return past
        holding, then = self.ground.holdings[alert.subject], alert.judged
        if found is None:
            return self._changed(alert, holding) or "price recovered"
        if found.keeps:
            return ""
        least = self.settings.of(found.coin)
        if then is not None and then.thresholds != least and not self._missed(found, then.thresholds):
            return "your thresholds changed"
        if self._missed(found, least) == "depth" and not found.limited:
            return self._changed(alert, holding) or "price recovered"
        if then is not None and then.rules != self.ground.rules:
            return f"the tax rules changed: {self.ground.rules.partition(' ')[0]}"
        return SHRUNK

    def _past(self, alert: Alert) -> str:
        """What ends an alert whatever its coin is worth and its loss saves."""
        if alert.subject not in self.ground.holdings or self.ground.gone(alert):
            return "sold or moved"
        year = local_date(alert.created_at, self.ground.zone).year if alert.judged is None else alert.judged.year
        return f"the tax year {year} is over" if year != self.ground.year else ""

    def _changed(self, alert: Alert, holding: Holding) -> str:
        """What became of the holding since the alert was last judged, where that and not the price ends it."""
        then = alert.judged
        if then is None or holding == (then.quantity, then.basis) or not self.ground.would_stand(alert):
            return ""
        return "part was sold or moved" if holding.quantity < then.quantity else "the basis changed"

    def _missed(self, found: Opportunity, least: Thresholds) -> Literal["depth", "saving", ""]:
        """What an open alert must meet by these thresholds and this does not."""
        with exact():
            kept = least.loosened(1 - self.settings.hysteresis)
            asks_depth = self._days_left() > kept.deadline
            if found.loss < kept.loss or (asks_depth and found.loss < kept.loss_share * found.basis):
                return "depth"
            saved = found.net_low + found.costs
            after = kept.after_deferred is not None and found.net_low - found.deferred < kept.after_deferred
            if saved <= 0 or found.net_low < kept.saving or saved < kept.cost_multiple * found.costs or after:
                return "saving"
        return ""

    # -------------------------------------------------------------- how long is left

    def _days_left(self) -> int:
        today = local_date(self.now, self.ground.zone)
        return (today.replace(year=self.ground.year + 1, month=1, day=1) - today).days

    def _left(self, account: str) -> timedelta:
        """Until the last moment at which somebody can begin and still sell in this tax year."""
        end = datetime(self.ground.year + 1, 1, 1, tzinfo=ZoneInfo(self.ground.zone))
        year_end = self.settings.year_end
        move = timedelta() if account in self.ground.on_exchange else timedelta(days=year_end.move_days, hours=year_end.finality_hours)
        return end - move - self.now

    def _due(self, account: str, counted: int) -> int:
        """The step of the countdown that has come, `counted` where that was told; 0: none yet."""
        left, first = self._left(account), self.settings.year_end.countdown
        steps = {first, *(days for days in STEPS if days < first)} - {0}
        come = [days for days in steps if timedelta() < left <= timedelta(days=days) and (not counted or days < counted)]
        return min(come, default=counted)

    def times(self, alert: Alert) -> list[datetime]:
        """When an alert may change by time alone."""
        if alert.state == "resolved":
            return [alert.changed_at + self.rules.cool_down]
        if alert.state == "snoozed":
            return [] if alert.snoozed_until is None else [alert.snoozed_until]
        if alert.state == "acknowledged":
            return []
        last = self.now + self._left(alert.subject.partition(" ")[0])
        days = {self.settings.year_end.countdown, *STEPS}
        return [alert.last_said_at + self.rules.cool_down, *(last - timedelta(days=each) for each in days)]

    # -------------------------------------------------------------- words

    def _lot(self, lot: str, quantity: Decimal) -> str:
        return f"{plain(quantity)} {f'acquired {self.acquired[lot]}' if lot in self.acquired else f'of {lot}'}"

    def words(self, found: Opportunity, lead: str) -> tuple[str, str]:
        place = self.names.get(found.account, found.account)
        net = money(found.net, self.currency)
        lots = "1 lot" if len(found.lots) == 1 else f"{len(found.lots)} lots"
        terms = {"short": "short term", "long": "long term", "mixed": "short and long term"}[found.term]
        with exact():
            depth = percent(found.loss / found.basis)
        more = f" and {len(found.lots) - LISTED} more (`thresher harvest --json` lists all)" if len(found.lots) > LISTED else ""
        body = (
            f"{lead}{plain(found.quantity)} {found.symbol} in {place} ({lots}, {terms}) is {money(found.loss, self.currency)} under its basis"
            f" of {money(found.basis, self.currency)}: {depth}.\n"
            f"Selling saves about {money(found.saving, self.currency)} in tax this year and costs about"
            f" {money(found.costs, self.currency)}: {net} net.{self._spread(found)}\n"
            f"{self._later(found)}{found.says}{self._time(found)}\n"
            f"Price {plain(found.price)} {self.currency}, {age(self.now - found.price_at)} old, from {' and '.join(found.price_sources)}."
            f" Certainty: {found.certainty}.\n"
            f"Lots, in this order: {', '.join(self._lot(*lot) for lot in found.lots[:LISTED])}{more}."
        )
        return f"Harvest {found.symbol} in {place}: about {net} to save", body

    def _spread(self, found: Opportunity) -> str:
        low = money(found.net_low, self.currency)
        if found.net_high is None:
            return f" At least {low} net: the basis of a lot is not known and counts as nothing."
        return "" if found.net_low == found.net_high else f" Sources of prices differ: {low} to {money(found.net_high, self.currency)} net."

    def _later(self, found: Opportunity) -> str:
        if found.deferred <= 0:
            return ""
        return f"The lower basis brings tax when the coins are sold later, worth about {money(found.deferred, self.currency)} today.\n"

    def _time(self, found: Opportunity) -> str:
        """From the beginning of the countdown on."""
        left, year_end = self._left(found.account), self.settings.year_end
        if left > timedelta(days=year_end.countdown):
            return ""
        if found.account in self.ground.on_exchange:
            return f"\n{remaining(left)} left to sell in the tax year {self.ground.year}."
        move = _count(year_end.move_days, "day")
        if left <= timedelta():
            return f"\nIt is late for the tax year {self.ground.year}: {move} are counted to move the coins."
        return f"\n{remaining(left)} left to begin in the tax year {self.ground.year}, with {move} to move the coins."


def age(span: timedelta) -> str:
    """ "3 minutes", "2 hours", "5 days": whole units, rounded down."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return _count(seconds // size, unit)
    return "less than a minute"


def remaining(span: timedelta) -> str:
    """ "30 days" a second after there were 30 days: days to the nearest; below a day and a half, hours, and below two hours as `age`."""
    hours = round(span / timedelta(hours=1))
    if span >= timedelta(hours=36):
        return _count(int(span / timedelta(days=1) + 0.5), "day")
    return _count(hours, "hour") if span >= timedelta(hours=2) else age(span)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"

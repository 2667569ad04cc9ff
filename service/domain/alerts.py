"""Opportunities, and what was said before → what to say now: thresholds, hysteresis, cool-down, resolved-because.

Worked example, least loss 100, hysteresis 20%, cool-down 24 h. The loss passes 100: "opened", once. It falls to 85: nothing.
To 79: "resolved", price recovered. Back to 150 within a day: nothing; after the day: "opened", a new alert. Net saving grown
by half since it last spoke, a day later: "worse". A subject without a fresh price stays as it is: no opinion is no news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from service.domain.harvest import HarvestSettings, Opportunity, money, percent
from service.domain.issues import content_id
from service.domain.money import exact, plain

LISTED = 8
"""Lots that a message names; a person cannot read a thousand."""

SHRUNK = "no longer worth its costs: the saving in tax has shrunk"

AlertState = Literal["open", "acknowledged", "snoozed", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertRules:
    hysteresis: Decimal = Decimal("0.20")
    """An open alert dies when loss or net saving falls this share below what opened it would need."""
    cool_down: timedelta = timedelta(hours=24)
    """After it resolved, the same subject is quiet for this long."""
    worse_by: Decimal = Decimal("0.50")
    """An open alert speaks again when the net saving has grown by this share (and the cool-down is over)."""


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


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to deliver, with an id that stays the same however often it is sent."""

    id: str
    alert: str
    kind: Literal["opened", "worse", "resolved", "test"]
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
    held: frozenset[str] | None = None,
    names: Mapping[str, str] | None = None,
    acquired: Mapping[str, str] | None = None,
    currency: str = "USD",
) -> tuple[list[Alert], list[Message]]:
    """All alerts as they stand now, and what to deliver. The same step on its own result says nothing new.

    `silent`: subjects ("account coin") without an opinion. `held`: subjects with open lots, to tell a sale from a better price;
    None: not known. `names`: account id → what the holder calls it. `acquired`: lot id → the holder's day of acquisition, by which a
    person finds a lot (26 CFR 1.1012-1(j) takes any identifier); without it messages name lots by id. Message ids depend on the alert and on what it said last.
    """
    teller = _Teller(rules, settings, now, evidence, held, names or {}, acquired or {}, currency)
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
            after, said = (alert, None) if alert.subject in silent else teller.again(alert, by_subject.get(alert.subject))
        alerts.append(after)
        messages += [said] if said else []
    for subject, found in by_subject.items():
        if not found.blocked_by and subject not in quiet and subject not in silent:
            alert, said = teller.opened(subject, found, episodes[subject])
            alerts.append(alert)
            messages.append(said)
    return alerts, messages


@dataclass(frozen=True, slots=True)
class _Teller:
    """What a step knows, beside the alert and its opportunity."""

    rules: AlertRules
    settings: HarvestSettings
    now: datetime
    evidence: str
    held: frozenset[str] | None
    names: Mapping[str, str]
    acquired: Mapping[str, str]
    currency: str

    def opened(self, subject: str, found: Opportunity, episode: int) -> tuple[Alert, Message]:
        name = content_id("alr", subject, str(episode))
        title, body = self._words(found, "")
        alert = Alert(name, subject, "open", found.id, self.now, self.now, self.now, found.net, body, evidence=self.evidence)
        return alert, Message(content_id("msg", name, "opened"), name, "opened", title, body)

    def again(self, alert: Alert, found: Opportunity | None) -> tuple[Alert, Message | None]:
        """An alert that has not been resolved yet, and its subject's opportunity now (None: nothing to lose any more)."""
        because = self._over(alert, found)
        if because or found is None:
            return self._resolved(alert, because)
        alert = replace(alert, opportunity=found.id)  # it goes on with what is held now
        if alert.state == "snoozed":
            if found.blocked_by or (alert.snoozed_until is not None and self.now < alert.snoozed_until):
                return alert, None  # it wakes only to speak: one that woke in silence would stay silent
            awake = replace(alert, state="open", changed_at=self.now, snoozed_until=None)
            return self._speak(awake, found, "opened", "Snooze is over. ")
        with exact():
            grown = found.net >= alert.net * (1 + self.rules.worse_by)
        if alert.state == "open" and grown and not found.blocked_by and self.now >= alert.last_said_at + self.rules.cool_down:
            return self._speak(alert, found, "worse", "The loss has grown. ")
        return alert, None

    def _speak(self, alert: Alert, found: Opportunity, kind: Literal["opened", "worse"], lead: str) -> tuple[Alert, Message]:
        title, body = self._words(found, lead)
        message = Message(content_id("msg", alert.id, kind, alert.last_said_at.isoformat()), alert.id, kind, title, body)
        said = replace(
            alert, opportunity=found.id, changed_at=self.now, last_said_at=self.now, net=found.net, message=body, evidence=self.evidence
        )
        return said, message

    def _resolved(self, alert: Alert, because: str) -> tuple[Alert, Message]:
        account, coin = alert.subject.split(" ", 1)
        over = replace(alert, state="resolved", changed_at=self.now, resolved_because=because, snoozed_until=None)
        title = f"Harvest over: {coin} in {self.names.get(account, account)}"
        return over, Message(content_id("msg", alert.id, "resolved"), alert.id, "resolved", title, f"Nothing to do any more: {because}.")

    def _over(self, alert: Alert, found: Opportunity | None) -> str:
        """Why the alert is over; empty while it stands. A threshold must be missed by the hysteresis to end it."""
        if found is None:
            if self.held is None:
                return "the coins are sold or moved, or the price recovered"
            return "price recovered" if alert.subject in self.held else "sold or moved"
        least = self.settings.of(found.coin)
        with exact():
            kept = 1 - self.rules.hysteresis
            if found.loss < least.loss * kept or found.loss < least.loss_share * found.basis * kept:
                if found.limited:
                    return SHRUNK
                return "price recovered" if found.id == alert.opportunity else "part was sold, or the basis changed"
            if found.net < least.saving * kept or found.saving <= 0:
                return SHRUNK
        return ""

    def _lot(self, lot: str, quantity: Decimal) -> str:
        return f"{plain(quantity)} {f'acquired {self.acquired[lot]}' if lot in self.acquired else f'of {lot}'}"

    def _words(self, found: Opportunity, lead: str) -> tuple[str, str]:
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
            f" {money(found.costs, self.currency)}: {net} net.\n"
            f"{found.says}\n"
            f"Price {plain(found.price)} {self.currency}, {age(self.now - found.price_at)} old, from {' and '.join(found.price_sources)}."
            f" Certainty: {found.certainty}.\n"
            f"Lots, in this order: {', '.join(self._lot(*lot) for lot in found.lots[:LISTED])}{more}."
        )
        return f"Harvest {found.symbol} in {place}: about {net} to save", body


def age(span: timedelta) -> str:
    """ "3 minutes", "2 hours", "5 days": whole units, rounded down."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"

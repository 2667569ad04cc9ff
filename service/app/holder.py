"""What the holder decides: figures, thresholds, methods, channels, answers, and what to do with an alert."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from re import fullmatch
from typing import Any, get_args
from zoneinfo import ZoneInfo

from service.app import evidence, rebuild, telling
from service.app.ports import App, Channel, Delivery, Portfolio, Refused
from service.app.sources import PORTFOLIO, no_wallet_secret, the_account
from service.domain.alerts import Alert, Message
from service.domain.harvest import Costs, Thresholds, YearEnd
from service.domain.issues import IssueKind, content_id
from service.domain.rules import is_zone
from service.domain.statements import MatchAnswer, MethodChoice, MethodName
from service.domain.tax import FilingStatus, Profile

VIEWS = ("average", "acb", "section104")
"""Methods of `gains --method` that no account can be kept by: the United States know lots only (26 CFR 1.1012-1(j))."""
LONGEST_DAYS = 366
"""Of a figure in days, and in hours."""
_ABOUT_TRANSFERS = (IssueKind.AMBIGUOUS_TRANSFER, IssueKind.UNMATCHED_WITHDRAWAL, IssueKind.UNMATCHED_DEPOSIT)


async def set_profile(app: App, words: Mapping[str, str]) -> Portfolio:
    """Figures of the holder by name: those of Profile, Thresholds, Costs and YearEnd. A threshold may name its asset: "loss@eth"."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    profile, settings = portfolio.profile, portfolio.harvest
    for name, text in words.items():
        what, _, asset = name.partition("@")
        if asset:
            coin = app.assets.find(asset)
            if coin is None or what not in _names(Thresholds):
                raise Refused(name, f"thresholds by asset are {', '.join(_names(Thresholds))}, for an asset of config/assets.toml")
            own = settings.by_asset.get(coin.id, settings.thresholds)
            settings = replace(settings, by_asset={**settings.by_asset, coin.id: replace(own, **{what: _threshold(name, text)})})
        elif what == "time_zone":
            profile = replace(profile, time_zone=_zone(text))
        elif what == "jurisdiction":
            if text != "us":
                raise Refused(name, "only us has rules so far")
            profile = replace(profile, jurisdiction=text)
        elif what == "filing_status":
            if text not in get_args(FilingStatus):
                raise Refused(name, f"give one of {', '.join(get_args(FilingStatus))}")
            profile = replace(profile, filing_status=text)  # type: ignore[arg-type]  # checked just above
        elif what in _names(type(profile)):
            value = _figure(what, text)
            profile = replace(profile, **{what: value})  # type: ignore[arg-type]  # by name, the texts were taken above
        elif what in _names(Thresholds):
            settings = replace(settings, thresholds=replace(settings.thresholds, **{what: _threshold(name, text)}))
        elif what in _names(Costs):
            settings = replace(settings, costs=replace(settings.costs, **{what: _amount(name, text)}))
        elif what in _names(YearEnd):
            settings = replace(settings, year_end=replace(settings.year_end, **{what: _whole(name, text)}))
        else:
            known = [name for part in (Profile, Thresholds, Costs, YearEnd) for name in _names(part)]
            raise Refused(name, f"there is no figure of this name; there are: {', '.join(known)}")
    changed = replace(portfolio, profile=profile, harvest=settings)
    await app.store.save_portfolio(changed)
    if changed.profile.time_zone != portfolio.profile.time_zone:  # days, terms and years are others now
        await rebuild.rebuild(app)
    return changed


_SIGNED = ("other_short", "other_long", "other_collectibles")
_MAY_BE_UNTOLD = ("income", "deduction")
"""The word none takes them back."""


def _figure(name: str, text: str) -> Decimal | None:
    """A figure of the profile."""
    if name in _MAY_BE_UNTOLD and text.strip().lower() == "none":
        return None
    return _rate(name, text) if name.endswith("_rate") else _amount(name, text, signed=name in _SIGNED)


def _threshold(name: str, text: str) -> Any:
    """Days are whole; the word none takes back what need not be asked."""
    what = name.partition("@")[0]
    if what == "deadline":
        return _whole(name, text)
    if what == "after_deferred" and text.strip().lower() == "none":
        return None
    return _rate(name, text) if what == "loss_share" else _amount(name, text)


async def set_method(
    app: App, account: str, method: str, since: date, *, made_at: datetime | None = None
) -> tuple[MethodChoice, str | None]:
    """The lot method of an account from a day on; earlier disposals keep theirs. With it, which disposals it comes late for, if any.

    `made_at`: when the standing order was given, where that was before it is told here.
    """
    found = await the_account(app, account)
    if method in VIEWS:
        says = f"{method} pools coins instead of choosing lots; it is a view: `thresher gains --method {method}` computes by it, and no account is kept by it"
        raise Refused("method", says)
    if method not in get_args(MethodName):
        raise Refused("method", f"the methods are {', '.join(get_args(MethodName))}")
    now = app.now()
    if made_at is not None and made_at > now:
        raise Refused("made-at", "a standing order cannot have been made in the future")
    choice = MethodChoice(found.id, method, since, made_at or now)  # type: ignore[arg-type]  # checked just above
    await app.store.say(choice, PORTFOLIO)
    return choice, await _late(app, choice)


async def _late(app: App, choice: MethodChoice) -> str | None:
    """An identification, a standing order included, is made no later than the sale; what was written down in time elsewhere holds."""
    zone = (await app.store.portfolio(PORTFOLIO)).profile.time_zone
    since = datetime(choice.since.year, choice.since.month, choice.since.day, tzinfo=ZoneInfo(zone))
    sold = {d.event for d in await app.store.disposals(PORTFOLIO, since, choice.made_at) if d.account == choice.account}
    if not sold:
        return None
    return (
        f"{len(sold):,} {'disposal' if len(sold) == 1 else 'disposals'} since {choice.since} came before this word. A standing order counts that was made no later than the sale "
        "(26 CFR 1.1012-1(j)(2)): keep what shows that yours was, and give its time by --made-at."
    )


async def answer_issue(app: App, issue: str, other: str | None, *, same: bool) -> MatchAnswer:
    """The holder's word on an unmatched or ambiguous transfer: whether a withdrawal and a receipt are the same coins.

    An ambiguous one names both rows; to an unmatched one `other` names the row on the other side. Later words override earlier ones.
    """
    found = next((i for i in await telling.told(app) if i.id == issue), None)
    if found is None or found.kind not in _ABOUT_TRANSFERS:
        raise Refused("issue", f"{issue!r} is no open question about a transfer; `thresher issues` shows them")
    told = [*found.subject.split(), *([other] if other else [])]
    if len(told) != 2:
        raise Refused("with", "name the transaction on the other side by --with; `thresher transactions` shows their ids")
    rows = {row.id: row for row in await app.store.transactions(PORTFOLIO)}
    for word in told:
        if word not in rows:
            raise Refused("with", f"no transaction has the id {word!r}; `thresher transactions` shows them")
    out, into = sorted(told, key=lambda word: not rows[word].sent)
    if not rows[out].sent or not rows[into].received:
        raise Refused("with", "one of the two must have left an account and the other arrived in one")
    answer = MatchAnswer(out, into, same, app.now())
    await app.store.say(answer, PORTFOLIO)
    return answer


async def add_channel(app: App, url: str, label: str | None = None, *, digest: str = "", secret: str | None = None) -> Channel:
    """Where alerts go, by its apprise URL. Sealed at once; only its masked form is ever shown.

    `digest`: "HH:MM" in the holder's zone, for one message a day; empty: each at once. `secret`: web hooks are signed with it. A channel that is
    added again takes the new words.
    """
    no_wallet_secret(app, "label", label or "")
    shown = app.notifier.shown(url)
    if secret is not None and not app.notifier.can_sign(url):
        raise Refused("signed", "only web hooks with a JSON body can be signed: json://host/path or jsons://host/path")
    name = content_id("ch", PORTFOLIO, url)
    told = label or shown.split("://")[0]
    channel = Channel(name, PORTFOLIO, told, shown, app.now(), _time_of_day(digest), secret is not None)
    fields = {"url": url} if secret is None else {"url": url, "secret": secret}
    await app.store.add_channel(channel, {field: app.vault.seal(text, ("channel", name, field)) for field, text in fields.items()})
    return channel


async def set_digest(app: App, word: str, digest: str) -> Channel:
    """ "HH:MM" in the holder's zone for one message a day, or "off": what was collected is then sent at once."""
    changed = replace(await _the_channel(app, word), digest="" if digest == "off" else _time_of_day(digest))
    await app.store.save_channel(changed)
    return changed


def _time_of_day(text: str) -> str:
    if text and not fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise Refused("digest", "give a time of day such as 08:00, or off")
    return text


async def _the_channel(app: App, word: str) -> Channel:
    found = [c for c in await app.store.channels(PORTFOLIO) if word in (c.id, c.label)]
    if len(found) != 1:
        raise Refused("channel", f"{len(found) or 'no'} channels are called {word!r}; `thresher channel list` shows their ids")
    return found[0]


async def remove_channel(app: App, word: str) -> Channel:
    """By id or label; what waits for it fails and says so."""
    found = await _the_channel(app, word)
    await app.store.remove_channel(found.id)
    return found


async def acknowledge(app: App, alert: str) -> Alert:
    """Seen: it speaks no more, but still says when it is over."""
    return await _change(app, await the_alert(app, alert), state="acknowledged", snoozed_until=None)


async def snooze(app: App, alert: str, until: datetime) -> Alert:
    if until <= app.now():
        raise Refused("until", "name a time that is still to come")
    return await _change(app, await the_alert(app, alert), state="snoozed", snoozed_until=until)


async def test_alert(app: App) -> int:
    """A test message through every channel, by the same outbox; returns to how many."""
    channels = await app.store.channels(PORTFOLIO)
    if not channels:
        raise Refused("channel", "there is no channel yet; `thresher channel add` adds one")
    message = Message(
        id=content_id("msg", "test", app.now().isoformat()),
        alert="",
        kind="test",
        title="thresher: a test",
        body="This is how alerts arrive. Nothing needs to be done.",
    )
    rows = [Delivery(message, channel.id, "waiting", 0, app.now()) for channel in channels]
    for row in rows:
        await app.store.save_delivery(row)
    return len(rows)


async def the_alert(app: App, alert: str) -> Alert:
    found = [a for a in await app.store.alerts(PORTFOLIO) if a.id == alert]
    if not found:
        raise Refused("alert", f"no alert has the id {alert!r}; `thresher alerts list` shows them")
    return found[0]


async def explain_alert(app: App, alert: str) -> dict[str, object]:
    """The alert's inputs, and its figures recomputed from them; `reproduced` says whether they are the same."""
    found = await the_alert(app, alert)
    told, again = evidence.given(found.evidence), evidence.recomputed(found.evidence)
    return {
        "alert": found.id,
        "message": found.message,
        "inputs": json.loads(found.evidence),
        "given": told,
        "recomputed": again,
        "reproduced": told == again,
    }


async def _change(app: App, alert: Alert, **what: object) -> Alert:
    if alert.state == "resolved":
        raise Refused("alert", f"it is over already: {alert.resolved_because}")
    changed = replace(alert, changed_at=app.now(), **what)  # type: ignore[arg-type]  # by name, two fields
    await app.store.save_alert(changed, PORTFOLIO)
    return changed


def _names(of: type) -> list[str]:
    return [f.name for f in fields(of)]


def _amount(field: str, text: str, *, signed: bool = False) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refused(field, "give a plain decimal number, such as 0.24 or 1500") from None
    if not value.is_finite() or (value < 0 and not signed):
        raise Refused(field, "give a finite number that is not negative")
    return value


def _whole(field: str, text: str) -> int:
    value = _amount(field, text)
    if value != value.to_integral_value() or value > LONGEST_DAYS:
        raise Refused(field, f"give a whole number from 0 to {LONGEST_DAYS}")
    return int(value)


def _rate(field: str, text: str) -> Decimal:
    value = _amount(field, text)
    if value > 1:
        raise Refused(field, "a rate is a share: write 0.24 for 24 percent")
    return value


def _zone(text: str) -> str:
    if not is_zone(text):
        raise Refused("time_zone", "give a name such as America/New_York")
    return text

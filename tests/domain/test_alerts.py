"""The life of an alert: a path of prices in, the exact messages out, with a restart between any two steps.

One lot of 1 ETH bought for 3,000 USD; least loss 100 USD, 20% of the basis (600), 25 USD saved; hysteresis 20%; cool-down 24 h.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Asset
from service.domain.alerts import AlertRules, Ground, Holding, age, remaining, step
from service.domain.harvest import HarvestSettings, Thresholds, assess
from service.domain.methods import Lot
from service.domain.rules import Rules
from service.domain.tax import Profile, Realised
from service.domain.valuation import Price, value

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules("us-2026", "us", 2026, Decimal(3000), ())
SETTINGS = HarvestSettings()
SUBJECT = "acc_1 eth"
LOT = Lot("tx_1", "acc_1", "eth", Asset("kraken:XETH"), "ETH", Decimal(1), Decimal(3000), START - timedelta(days=90), 1)


def opportunities(price, now, lots=(LOT,), settings=SETTINGS, realised=(0, 0)):
    told = Price("eth", Decimal(price), now - timedelta(minutes=3), ("binance", "kraken"), Decimal(price), Decimal(price))
    spent = Realised(*map(Decimal, realised))
    return assess(value(lots, {"eth": told}, now, "UTC"), lambda _: "fifo", settings, Profile(), RULES, spent, now, movable=lambda _: True)


class Life:
    """Alerts as a store keeps them, one step an evaluation."""

    def __init__(self, settings=SETTINGS):
        self.alerts, self.settings = [], settings

    def at(self, hours, price, *, silent=(), held=True, **more):
        """The kinds of the messages of this evaluation; a second evaluation with the same inputs must say nothing."""
        now = START + timedelta(hours=hours)
        seen = opportunities(price, now, settings=self.settings, **more) if price else []
        lots = more.get("lots", (LOT,))
        holding = Holding(sum(lot.quantity for lot in lots), sum(lot.basis for lot in lots))
        ground = Ground(2026, "us-2026 a", "UTC", {SUBJECT: holding} if held else {}, frozenset({"acc_1"}))
        known = {"ground": ground, "names": {"acc_1": "Kraken"}}
        before = self.alerts
        self.alerts, said = step(before, seen, AlertRules(), self.settings, now, "{}", frozenset(silent), **known)
        again, nothing = step(self.alerts, seen, AlertRules(), self.settings, now, "{}", frozenset(silent), **known)
        repeated = step(before, seen, AlertRules(), self.settings, now, "{}", frozenset(silent), **known)
        assert (again, nothing) == (self.alerts, [])
        assert repeated == (self.alerts, said)
        self.said = said
        return [m.kind for m in said]

    def set(self, **what):
        self.alerts = [replace(self.alerts[0], **what), *self.alerts[1:]]


def test_the_words_of_an_alert():
    life = Life()
    assert life.at(0, "2000") == ["opened"]
    (message,) = life.said
    assert message.title == "Harvest ETH in Kraken: about 234.00 USD to save"
    assert message.body == (
        "1 ETH in Kraken (1 lot, short term) is 1,000.00 USD under its basis of 3,000.00 USD: 33.3%.\n"
        "Selling saves about 240.00 USD in tax this year and costs about 6.00 USD: 234.00 USD net.\n"
        "The lower basis brings tax when the coins are sold later, worth about 129.58 USD today.\n"
        "Sell 1 ETH.\n"
        "Price 2000 USD, 3 minutes old, from binance and kraken. Certainty: proven.\n"
        "Lots, in this order: 1 of tx_1."
    )
    (alert,) = life.alerts
    assert (alert.subject, alert.state, alert.net, alert.message) == (SUBJECT, "open", 234, message.body)
    assert message.alert == alert.id


def test_it_opens_at_the_threshold_and_ends_a_fifth_below_it():
    life = Life()
    assert life.at(0, "2401") == []
    assert life.at(1, "2400") == ["opened"]
    assert life.at(2, "2450") == []
    assert life.at(3, "2520") == []
    assert life.at(4, "2521") == ["resolved"]
    assert life.alerts[0].resolved_because == "price recovered"
    assert life.said[0].title == "Harvest over: eth in Kraken"
    assert life.said[0].body == "Nothing to do any more: price recovered."


def test_after_its_end_the_subject_is_quiet_for_the_cool_down():
    life = Life()
    assert [life.at(h, p) for h, p in ((0, "2000"), (1, "3000"), (2, "2000"), (24, "1000"), (25, "2000"))] == [
        ["opened"],
        ["resolved"],
        [],
        [],
        ["opened"],
    ]
    assert [a.state for a in life.alerts] == ["resolved", "open"]
    assert len({a.id for a in life.alerts}) == 2


def test_it_speaks_again_when_the_saving_has_grown_by_half_and_the_cool_down_is_over():
    life = Life()
    assert life.at(0, "2000") == ["opened"]
    assert life.at(23, "1400") == []
    assert life.at(24, "1600") == []
    assert life.at(25, "1400") == ["worse"]
    assert life.said[0].body.startswith("The loss has grown. 1 ETH in Kraken")
    assert life.at(26, "1000") == []
    assert life.at(49, "500") == ["worse"]


def test_without_an_opinion_nothing_fires_and_nothing_dies():
    life = Life()
    assert life.at(0, None, silent=[SUBJECT]) == []
    assert life.at(1, "2000") == ["opened"]
    assert life.at(2, None, silent=[SUBJECT]) == []
    assert life.alerts[0].state == "open"
    assert life.at(3, "3000") == ["resolved"]


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"price": None, "held": False}, "sold or moved"),
        ({"price": "3100"}, "price recovered"),
        ({"price": "2000", "lots": (replace(LOT, basis=Decimal(2100)),)}, "the basis changed"),
        ({"price": "2000", "lots": (replace(LOT, quantity=Decimal("0.01"), basis=Decimal(30)),)}, "part was sold or moved"),
        ({"price": "2000", "realised": (-9000, 0)}, "no longer worth its costs: the saving in tax has shrunk"),
    ],
)
def test_why_it_is_over(more, because):
    life = Life()
    life.at(0, "2000")
    assert life.at(1, more.pop("price"), **more) == ["resolved"]
    assert life.alerts[0].resolved_because == because


def test_a_great_loss_speaks_and_ends_when_the_year_can_use_no_more_of_it():
    life, great = Life(), (replace(LOT, quantity=Decimal(100), basis=Decimal(300_000)),)
    assert life.at(0, "2000", lots=great) == ["opened"]
    assert life.said[0].title == "Harvest ETH in Kraken: about 702.00 USD to save"
    assert life.at(1, "1500", lots=great) == []
    assert life.at(2, "1500", lots=great, realised=(-2950, 0)) == ["resolved"]
    assert life.alerts[0].resolved_because == "no longer worth its costs: the saving in tax has shrunk"


def test_a_holding_that_changed_before_is_no_reason_for_the_end():
    life, more = Life(), (LOT, replace(LOT, id="tx_2", quantity=Decimal("0.01"), basis=Decimal(20), sequence=2))
    assert life.at(0, "2000") == ["opened"]
    assert life.at(1, "2000", lots=more) == []
    assert life.at(2, "2600", lots=more) == ["resolved"]
    assert life.alerts[0].resolved_because == "price recovered"


def test_an_acknowledged_alert_says_no_more_but_its_end():
    life = Life()
    life.at(0, "2000")
    life.set(state="acknowledged")
    assert life.at(30, "1000") == []
    assert life.alerts[0].state == "acknowledged"
    assert life.at(31, "3000") == ["resolved"]


def test_a_snoozed_alert_sleeps_then_speaks_once():
    life = Life()
    life.at(0, "2000")
    life.set(state="snoozed", snoozed_until=START + timedelta(hours=48))
    assert life.at(30, "1000") == []
    assert life.at(47, "1000") == []
    assert life.at(48, "1000") == ["opened"]
    assert life.said[0].body.startswith("Snooze is over. ")
    assert (life.alerts[0].state, life.alerts[0].snoozed_until) == ("open", None)
    assert life.at(49, "1000") == []


def test_a_snooze_that_ends_in_the_band_sleeps_on_until_there_is_something_to_say():
    life = Life()
    life.at(0, "2000")
    life.set(state="snoozed", snoozed_until=START + timedelta(days=7))
    assert life.at(7 * 24, "2450") == []
    assert life.alerts[0].state == "snoozed"
    assert life.at(8 * 24, "2000") == ["opened"]
    assert (life.alerts[0].state, life.alerts[0].snoozed_until) == ("open", None)
    assert life.at(9 * 24, "2000") == []


def test_a_snoozed_alert_still_ends():
    life = Life()
    life.at(0, "2000")
    life.set(state="snoozed", snoozed_until=START + timedelta(hours=48))
    assert life.at(1, "3000") == ["resolved"]


def test_a_coins_own_thresholds_rule():
    life = Life(HarvestSettings(by_asset={"eth": Thresholds(Decimal(1500), Decimal("0.2"), Decimal(25))}))
    assert [life.at(h, p) for h, p in ((0, "2000"), (1, "1500"), (2, "1799"), (3, "1801"))] == [[], ["opened"], [], ["resolved"]]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (7199, "1 hour"), (86400 * 2, "2 days")],
)
def test_age_in_words(seconds, words):
    assert age(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30) - timedelta(seconds=1), "30 days"),
        (timedelta(days=7) - timedelta(hours=1), "7 days"),
        (timedelta(days=2) - timedelta(seconds=1), "2 days"),
        (timedelta(hours=30), "30 hours"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(seconds=61), "1 minute"),
    ],
)
def test_what_is_left_is_told_to_the_nearest_day(left, words):
    assert remaining(left) == words

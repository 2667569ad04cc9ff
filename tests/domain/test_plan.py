"""From what is held to a proposal, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.contract import Asset
from service import settings, wiring
from service.domain.harvest import Costs
from service.domain.methods import Lot
from service.domain.plan import Held, asked, carry_worth, proposal, repurchase
from service.domain.rules import Rules, Stated, Window
from service.domain.tax import Profile, Realised, year_of
from service.domain.valuation import Price, value
from service.solver import best

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules("us-2026", "us", 2026, Decimal(3000), ())
CENT = Decimal("0.01")
PRICE = Price("eth", Decimal(2000), NOW, ("a", "b"), Decimal(2000), Decimal(2000))


def lot(name, quantity, basis, *, day="2025-11-01"):
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    cost = None if basis is None else Decimal(basis)
    return Lot(name, "a", "eth", Asset("a:ETH"), "ETH", Decimal(quantity), cost, at, int(name[1:]))


def planned(lots, *, method="specific", profile=None, realised=(0, 0), on_exchange=True, with_gains=False):
    profile = profile or Profile()
    held = Held("a", "eth", tuple(value(lots, {"eth": PRICE}, NOW, "UTC")), method, on_exchange)
    year = year_of(profile, RULES, Realised(*map(Decimal, realised)))
    told = asked([held], year, profile, Costs(), with_gains=with_gains)
    return proposal(told, best(told.problem))


def test_saving_now_costs_now_and_tax_later():
    """3,000 of loss at 24 percent; 5 units at 2,000 cost 30; in three years 15 percent of 3,000, worth 388.73 today at 5 percent."""
    found = planned([lot("e1", 5, 13000)])
    assert [(p.lot, p.quantity, p.gain) for s in found.sales for p in s.parts] == [("e1", Decimal(5), Decimal(-3000))]
    assert (found.saving, found.carry, found.costs) == (720, 0, 30)
    assert found.deferred.quantize(CENT) == Decimal("388.73")
    assert found.net.quantize(CENT) == Decimal("301.27")
    assert (found.before.total, found.after.total, found.reason) == (0, -720, "")


def test_what_the_year_cannot_use_is_worth_what_later_years_save():
    """6,000 of loss: 3,000 this year, 3,000 the next at 24 percent, worth 685.71 today."""
    found = planned([lot("e1", 10, 26000)], profile=Profile(later_rate=Decimal(0)))
    assert found.saving == 720
    assert found.carry.quantize(CENT) == Decimal("685.71")
    assert (found.after.carry_short, found.after.carry_long) == (3000, 0)


def test_the_next_dollar_is_worth_what_it_saves_now_and_what_it_saves_when_it_is_carried_on():
    """After 3,000 of this year and 3,000 of the next, one dollar more waits for the second: 24 cents in two years at 5 percent."""
    found = planned([lot("e1", 10, 26000)], profile=Profile(later_rate=Decimal(0)))
    assert (found.next_short, found.next_long) == (0, 0)
    assert found.worth_short.quantize(Decimal("1e-6")) == found.worth_long.quantize(Decimal("1e-6")) == Decimal("0.217687")
    unused = planned([lot("e1", 1, 3000)], profile=Profile(later_rate=Decimal(0)))
    assert (unused.next_short, unused.worth_short) == (Decimal("0.24"), Decimal("0.24"))


def test_a_loss_whose_lower_basis_costs_more_later_is_left_alone():
    profile = Profile(short_rate=Decimal("0.12"), long_rate=Decimal("0.15"))
    found = planned([lot("e1", 5, 13000)], profile=profile)
    assert found.sales == ()
    assert found.reason == "What a loss saves is less than fees, moves and the tax that a lower basis brings later."
    assert (found.net, found.next_short) == (0, Decimal("0.12"))


@pytest.mark.parametrize(
    ("lots", "reason"),
    [
        ([], "No lot that can be sold has a loss."),
        ([lot("e1", 1, 1000)], "No lot that can be sold has a loss."),
        ([lot("e1", 1, None)], "No lot that can be sold has a loss."),
    ],
)
def test_nothing_to_sell_says_why(lots, reason):
    assert planned(lots).reason == reason


def test_a_year_that_can_use_nothing_says_so():
    found = planned([lot("e1", 5, 13000)], profile=Profile(short_rate=Decimal(0)), realised=(-3000, 0))
    assert (found.sales, found.next_short) == ((), 0)
    assert found.reason == "A further loss saves no tax this year, and what is carried on is worth less than the costs."


def test_the_method_s_order_is_walked():
    """FIFO: a gain of 500 goes first; 2,000 of loss behind it is worth it all the same, and nothing can be taken around it."""
    lots = [lot("e1", 1, 1500, day="2025-01-01"), lot("e2", 1, 4000), lot("e3", 1, 1000)]
    found = planned(lots, method="fifo", profile=Profile(later_rate=Decimal(0)))
    assert [(p.lot, p.gain) for s in found.sales for p in s.parts] == [("e1", Decimal(500)), ("e2", Decimal(-2000))]
    assert found.saving == 1500 * Decimal("0.24")


def test_moving_coins_out_of_a_wallet_costs_once():
    lots = [lot("e1", 1, 3000), lot("e2", 1, 4000)]
    on, off = (planned(lots, on_exchange=where, profile=Profile(later_rate=Decimal(0))) for where in (True, False))
    assert off.costs - on.costs == Costs().move


def test_gains_are_taken_where_carried_losses_would_outlive_their_use():
    """Carried losses meet a gain at once: the higher basis is worth 15 percent later, what they would save over the years is less."""
    profile = Profile(short_carryover=Decimal(100_000), short_rate=Decimal("0.10"))
    lots = [lot("e1", 10, 10000, day="2024-01-01")]
    assert planned(lots, profile=profile).sales == ()
    found = planned(lots, profile=profile, with_gains=True)
    assert [s.gain for s in found.sales] == [10000]
    assert found.deferred < 0
    assert found.net > 0


def test_a_part_is_rounded_up_to_what_can_be_traded():
    found = planned([lot("e1", 7, 70000)], profile=Profile(later_rate=Decimal("0.10"), discount_rate=Decimal(0)))
    (part,) = found.sales[0].parts
    assert part.quantity == part.quantity.quantize(Decimal("1e-8"))
    assert 0 <= -part.gain - 3000 < Decimal("0.001") or part.quantity == 7


def test_what_is_carried_loses_worth_by_the_year():
    worth = carry_worth(year_of(Profile(), RULES, Realised(Decimal(-50_000), Decimal(9))), Profile())
    assert [each.quantize(Decimal("1e-6")) for _, each in worth.steps[:2]] == [Decimal("0.228571"), Decimal("0.217687")]
    assert [end for end, _ in worth.steps[:3]] == [3000, 6000, 9000]
    assert all(later[1] < sooner[1] for sooner, later in zip(worth.steps, worth.steps[1:], strict=False))


def test_gains_alone_are_no_harvest_unless_they_are_wished_for():
    """The carried losses would make a gain free; FIFO's only lot gains, and is not sold for that."""
    profile = Profile(short_carryover=Decimal(100_000), short_rate=Decimal("0.10"))
    lots = [lot("e1", 10, 10000, day="2024-01-01")]
    assert planned(lots, method="fifo", profile=profile).sales == ()
    assert [s.gain for s in planned(lots, method="fifo", profile=profile, with_gains=True).sales] == [10000]


def test_buying_a_collectible_back_later_saves_what_the_plan_saves():
    """Its loss meets gain of collectibles at 28 percent; as a plain long-term loss it would meet 15."""
    token = "eip155:1/erc721:0xab/7"
    rules = wiring.tax_rules(settings.load({"HOME": "/nowhere"}), 2026, "single")
    profile = Profile(income=Decimal(300_000), other_long=Decimal(50_000), other_collectibles=Decimal(20_000), later_rate=Decimal(0))
    art = replace(lot("e1", 1, 12_000, day="2024-01-01"), coin=token, asset=Asset(token))
    price = replace(PRICE, coin=token)
    year = year_of(profile, rules, Realised())
    told = asked([Held("a", token, tuple(value([art], {token: price}, NOW, "UTC")), "specific", True)], year, profile, Costs())
    found = proposal(told, best(told.problem))
    assert found.saving == 10_000 * (Decimal("0.28") + Decimal("0.038"))
    window = Stated("windows.x", Window("days", ("crypto",), 30, 30, True), "P", "a law")
    back = repurchase(found, window, [art], year, today=NOW.date(), zone="UTC")
    assert (back.saving_later, back.saving_now) == (found.saving, 0)

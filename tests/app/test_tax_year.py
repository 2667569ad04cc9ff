"""The holder's year: what is realised in their zone, with their figures, as it is and with the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from service.app import holder, plan, sources, sync, tax_year
from service.app.plan import Wishes
from service.app.ports import Refused
from tests.app.house import Script, house


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROWS = [
    ("d1", at("2025-11-01"), [("fiat:USD", "20000")], "deposit"),
    ("b1", at("2025-12-01"), [("binance:ETH", "3"), ("fiat:USD", "-12000")], "trade"),
    ("s1", at("2026-01-01T02:00:00"), [("binance:ETH", "-1"), ("fiat:USD", "5000")], "trade"),
]
"""The sale gains 1,000, on New Year's Day of UTC and the evening before in New York; two coins that cost 8,000 are left."""


@pytest.fixture
async def home(tmp_path):
    script = Script(rows=list(ROWS), declared={"binance:ETH": "2", "fiat:USD": "13000"})
    async with house(tmp_path, {"one": script}) as made:
        await sources.add_other(made.app, "scripted", "one", {"token": "s3cret"}, None)
        await made.price(ETH="2500")
        await sync.sync(made.app)
        yield made


async def picture(home, *given, **more):
    return (await tax_year.picture(home.app, *given, **more))["tax"]


async def test_the_year_is_that_of_the_holders_zone(home):
    assert (await picture(home))["realised"]["short"] == "1000"
    await holder.set_profile(home.app, {"time_zone": "America/New_York"})
    assert [(await picture(home, year))["realised"]["short"] for year in (2025, 2026)] == ["1000", "0"]


async def test_what_is_realised_elsewhere_and_carried_in_is_in_the_year(home):
    figures = {"income": "90000", "other_short": "-400", "other_long": "700", "other_collectibles": "700", "short_carryover": "100"}
    await holder.set_profile(home.app, {**figures, "long_carryover": "50", "interest": "10", "qualified_dividends": "20"})
    told = await picture(home)
    assert (told["sch_d_line7"], told["sch_d_line15"], told["agi"]) == ("500", "650", "91180")
    lines = {(line["form"], line["line"]): line["amount"] for line in told["lines"]}
    assert lines["28% Rate Gain Worksheet", "7"] == "650"
    assert told["figures"]["other_collectibles"] == "700"


async def test_with_the_plan_the_year_is_what_the_plan_says(home):
    """3,000 of loss against the gain of 1,000: the year loses 2,000, at 22 percent."""
    await holder.set_profile(home.app, {"income": "90000", "later_rate": "0", "state_rate": "0.05"})
    told, planned = await picture(home, with_plan=True), (await plan.plan(home.app, Wishes()))["plan"]
    after = told["with_plan"]
    assert (told["form1040_line7"], after["form1040_line7"]) == ("1000", "-2000")
    assert (after["sales"], after["saving"]) == (1, planned["saving"]) == (1, "810")
    assert Decimal(told["total_with_state"]) - Decimal(after["total_with_state"]) == 810
    assert after["total_with_state"] == planned["after"]["tax"]
    assert (after["net"], after["state_tax"]) == (planned["net"], "-100")


async def test_without_income_both_are_estimates(home):
    await holder.set_profile(home.app, {"later_rate": "0"})
    told = await picture(home, with_plan=True)
    assert (told["kind"], told["estimate"], told["with_plan"]["estimate"], told["with_plan"]["saving"]) == (
        "estimate",
        "240",
        "-480",
        "720",
    )


async def test_a_plan_of_another_year_is_refused(home):
    with pytest.raises(Refused, match="it is of 2026"):
        await tax_year.picture(home.app, 2025, with_plan=True)


@pytest.mark.parametrize(("year", "says"), [(2031, "no figures for the tax year 2031"), (0, "give a year"), (99999, "give a year")])
async def test_a_year_that_no_rules_have_is_refused(home, year, says):
    with pytest.raises(Refused, match=says):
        await tax_year.picture(home.app, year)

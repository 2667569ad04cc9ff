"""Why a figure of a pool is what it is: each is computed again here from what an explanation shows, as a person would by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings

from service.app.explain import gain, lot, of_lines, pools
from service.app.explain.past import Past
from service.app.ports import Refused
from service.domain.assets import AssetTable
from service.domain.history import ALL
from service.domain.ledger import choices
from service.domain.pooling import acb, section104
from service.domain.statements import Statements
from service.settings import asset_table, load
from tests.app.test_explain import row
from tests.domain.pool_story import bought, moved, sold
from tests.domain.random_history import History
from tests.domain.test_pooling_properties import RENAMED
from tests.tools import ROOT

LONDON, TORONTO = "Europe/London", "America/Toronto"


def past(*rows, zone=LONDON, table=None):
    file = io.StringIO()
    writer = csv.DictWriter(file, ALL, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return of_lines(io.StringIO(file.getvalue()), table or AssetTable((), "none"), window=timedelta(hours=72), zone=zone)


def uk(history, id):
    return pools.gain(history, id, "section104")["explanations"]


def canada(history, id):
    (only,) = pools.gain(history, id, "acb")["explanations"]
    return only


def lines(explanation):
    return [(line["what"], line["line"]) for line in explanation["arithmetic"]]


def citations(explanation):
    return " ".join(rule["citation"] for rule in explanation["rules"])


def buy(id, at, quantity, cost, account="one", **more):
    return row(id, at, "buy", account, sent=f"{cost} USD", received=f"{quantity} SOL", value=str(cost), **more)


def sell(id, at, quantity, value, account="one", **more):
    return row(id, at, "sell", account, sent=f"{quantity} SOL", received=f"{value} USD", value=str(value), **more)


HELD = buy("b1", "2023-01-10", 100, 1000), buy("b2", "2023-02-10", 50, 125000, "two")

# ------------------------------------------------------------------ United Kingdom


def test_uk_a_share_of_the_pool_is_shown_from_the_pools_beginning():
    """HMRC's own example: 100 for 1,000 and 50 for 125,000, then 50 sold for 300,000: cost 42,000, gain 258,000."""
    (told,) = uk(past(*HELD, sell("s1", "2023-06-01", 50, 300000)), "s1")
    assert (told["rule"], told["allowable_cost"], told["gain"], told["tax_year"]) == ("section_104", "42000", "258000", 2024)
    assert [step["says"].split("; ", 1)[1] for step in told["chain"][:2]] == [
        "basis 1,000; 100 SOL with a cost of 1,000 joined; the pool: 100, cost 1,000",
        "basis 125,000; 50 SOL with a cost of 125,000 joined; the pool: 150, cost 126,000",
    ]
    assert told["chain"][0]["says"].startswith("2023-01-10 12:00 UTC: bought 100 SOL for 1,000 USD in one")
    assert told["chain"][2]["says"].endswith("50 SOL with a cost of 42,000 left; the pool: 100, cost 84,000")
    assert told["pool"] == {"before": {"quantity": "150", "basis": "126000"}, "after": {"quantity": "100", "basis": "84000"}}
    assert lines(told) == [
        ("proceeds of the day", "300,000 for 50"),
        ("proceeds of this part", "300,000: all of it"),
        ("pool before", "126,000 for 150"),
        ("cost of this part", "126,000 × 50 / 150 = 42,000"),
        ("allowable cost", "42,000"),
        ("gain", "300,000 − 42,000 = 258,000 (gain)"),
        ("pool after", "84,000 for 100"),
        ("tax year", "disposed of on 2023-06-01: the year to 5 April 2024"),
    ]
    assert "TCGA 1992 s. 104" in citations(told)
    assert told["prices"] == {"proceeds": "stated in the file", "basis": "stated in the file"}
    assert told["reproduced"] is True


def test_uk_what_is_bought_back_within_thirty_days_is_matched_first():
    back, pool = uk(past(*HELD, sell("s1", "2023-06-01", 50, 300000), buy("b3", "2023-06-08", 20, 90000)), "s1")
    assert [(e["rule"], e["acquired"], e["quantity"], e["gain"]) for e in (back, pool)] == [
        ("thirty_day", "2023-06-08", "20", "30000"),
        ("section_104", None, "30", "154800"),
    ]
    assert back["acquisitions"] == ["b3"]
    assert [step["what"] for step in back["chain"]] == ["acquired", "disposed"]
    assert ("cost of this part", "90,000: all of it") in lines(back)
    assert ("proceeds of this part", "300,000 × 20 / 50 = 120,000") in lines(back)
    assert back["why"]["says"].endswith(
        "those of 2023-06-02 to 2023-07-01, then the pool: 20 with what was acquired on 2023-06-08, 7 days later; 30 from the section 104 pool."
    )
    assert back["why"] == pool["why"]
    assert "106A" in citations(back)
    assert back["pool"] is None


def test_uk_the_disposals_of_a_day_are_one_over_all_accounts():
    day = (
        sell("s1", "2023-06-01", 30, 20000, fee="5 USD", fee_value="5"),
        sell("s2", "2023-06-01", 10, 4000, "two", fee="3 USD", fee_value="3"),
    )
    (told,) = uk(past(*HELD, *day), "s2")
    assert told["disposals"] == ["s1", "s2"]
    assert (told["proceeds"], told["fees"], told["allowable_cost"]) == ("24000", "8", "33608")
    assert ("proceeds of the day", "20,000 + 4,000 = 24,000 for 40") in lines(told)
    assert ("fees of the day", "5 + 3 = 8") in lines(told)
    assert ("allowable cost", "33,600 + fees 8 = 33,608") in lines(told)
    assert [event["event"] for event in told["chain"][-1]["events"]] == ["s1", "s2"]
    assert "s. 38(1)(c)" in citations(told)


def test_uk_acquisitions_of_the_day_come_first_and_later_matches_take_what_is_left():
    """45 bought in two purchases for 9,000: 10 are matched that day, 20 with a sale before it; the other 15 join the pool."""
    rows = (
        *HELD,
        sell("s1", "2023-06-01", 20, 9000),
        buy("b3", "2023-06-08", 20, 4000),
        buy("b4", "2023-06-08", 25, 5000, "two"),
        sell("s2", "2023-06-08", 10, 3000),
    )
    (same,), (earlier,) = uk(past(*rows), "s2"), uk(past(*rows), "s1")
    assert (same["rule"], same["allowable_cost"], same["acquisitions"]) == ("same_day", "2000", ["b3", "b4"])
    assert ("acquisitions of 2023-06-08", "4,000 + 5,000 = 9,000 for 45") in lines(same)
    assert ("cost of this part", "9,000 × 10 / 45 = 2,000") in lines(same)
    assert ("left of them", "10 are matched with earlier disposals: 7,000 for 35 is left") in lines(earlier)
    assert ("cost of this part", "7,000 × 20 / 35 = 4,000") in lines(earlier)
    assert "s. 105(1)" in citations(same)
    assert same["reproduced"] is earlier["reproduced"] is True


def test_uk_a_day_of_london_that_is_another_in_utc_is_told():
    (told,) = uk(past(*HELD, sell("s1", "2024-04-05T23:30:00Z", 1, 10)), "s1")
    assert (told["day"], told["tax_year"], told["utc"]["days"], told["utc"]["tax_years"]) == ("2024-04-06", 2025, ["2024-04-05"], [2024])
    assert told["utc"]["says"] == ("On 2024-04-06 in Europe/London; by days of UTC s1 would be of 2024-04-05, in the tax year 2024.")
    assert uk(past(*HELD, sell("s1", "2024-04-06", 1, 10)), "s1")[0]["utc"] is None


def test_uk_a_pool_that_was_empty_begins_anew():
    rows = *HELD, sell("s1", "2023-06-01", 150, 10), buy("b3", "2024-01-01", 2, 50), sell("s2", "2024-06-01", 1, 40)
    (told,) = uk(past(*rows), "s2")
    assert [event["event"] for step in told["chain"] for event in step["events"]] == ["b3", "s2"]


def test_uk_more_sold_than_held_is_flagged_and_its_cost_told_to_be_unknown():
    (told,) = uk(past(HELD[0], sell("s1", "2023-06-01", 120, 6000)), "s1")
    assert (told["missing"], told["flags"], told["allowable_cost"]) == ("20", ["missing_basis"], "1000")
    assert ("cost of this part", "1,000: all that was left; 20 SOL never came in and cost nothing here") in lines(told)
    assert "unknown cost" in [rule["rule"] for rule in told["rules"]]
    assert told["reproduced"] is True


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_a_gift_costs_its_market_value_of_that_day_whatever_the_donor_paid(method):
    gift = row("g1", "2023-01-10", "gift_in", "one", received="10 SOL", value="300", basis_usd="50", acquired_at="2020-01-01T00:00:00Z")
    (told,) = pools.gain(past(gift, sell("s1", "2023-06-01", 10, 400)), "s1", method)["explanations"]
    assert (told["gain"], told["chain"][0]["events"][0]["basis"]) == ("100", "300")
    assert "gift received" in [rule["rule"] for rule in told["rules"]]
    (part,) = pools.lot(past(gift), "g1", method)["explanations"]
    assert lines(part)[0] == ("cost of the lot", "market value 300 for 10")


def test_the_rules_say_how_far_their_source_was_read():
    (told,) = uk(past(*HELD, sell("s1", "2023-06-01", 1, 9, fee="1 USD", fee_value="1")), "s1")
    assert {rule["rule"]: rule["says"].rsplit("(", 1)[1] for rule in told["rules"]} == {
        "section 104 pool": "Known from secondary sources; the text of the law was not read.)",
        "fees of a disposal": "Not verified: no source was read.)",
    }


def test_uk_an_acquisition_says_what_it_was_matched_with_and_which_pool_it_joined():
    rows = *HELD, sell("s1", "2023-06-01", 20, 9000), buy("b3", "2023-06-08", 30, 4500), sell("s2", "2024-06-01", 1, 100)
    (told,) = pools.lot(past(*rows), "b3", "section104")["explanations"]
    assert told["why"]["says"] == (
        "Of the 30 SOL acquired on 2023-06-08 (b3): 20 matched disposals of 2023-06-01, by the thirty days (s1); 10 joined the section 104 "
        "pool of SOL of all accounts, which then held 160 at a cost of 127,500; 1 later match draws on it."
    )
    assert [(match["rule"], match["disposals"]) for match in told["matches"]] == [("thirty_day", ["s1"]), ("section_104", ["s2"])]
    assert ("units of the day", "30 = 20 matched + 10 to the pool") in lines(told)
    assert told["reproduced"] is True


# ------------------------------------------------------------------ Canada


def test_canada_the_average_and_the_outlays_are_shown():
    rows = (
        buy("b1", "2023-01-01", 100, 1510),
        buy("b2", "2023-02-01", 150, 3510, "two"),
        sell("s1", "2023-06-01", 200, 5000, fee="10 USD", fee_value="10"),
    )
    told = canada(past(*rows, zone=TORONTO), "s1")
    assert lines(told) == [
        ("proceeds", "5,000 − outlays 10 = 4,990"),
        ("pool before", "5,020 for 250"),
        ("cost base", "5,020 × 200 / 250 = 4,016"),
        ("gain", "4,990 − 4,016 = 974"),
        ("pool after", "1,004 for 50"),
    ]
    assert told["window"] is None
    assert "ITA s. 47" in citations(told)
    assert "ITA s. 54" not in citations(told)


def test_canada_a_superficial_loss_shows_the_61_days_and_where_it_went():
    """S = 100, P = 25, B = 25: 400 × 25 ÷ 100 = 100 denied, 300 counts; the 25 cost 200 + 100."""
    history = past(buy("b1", "2023-01-01", 100, 1000), sell("s1", "2023-06-01", 100, 600), buy("b2", "2023-06-08", 25, 200), zone=TORONTO)
    told = canada(history, "s1")
    assert (told["denied"], told["gain"], told["flags"]) == ("100", "-300", ["superficial"])
    assert lines(told)[3:] == [
        ("loss", "600 − 1,000 = −400"),
        ("61 days", "sold 100; acquired 25 from 2023-05-02 to 2023-07-01 (b2: 25); 25 held at its end: the least is 25"),
        ("denied", "400 × 25 / 100 = 100"),
        ("added", "100 to the cost of b2"),
        ("gain that counts", "−400 + denied 100 = −300"),
        ("pool after", "0 for 0"),
    ]
    window = told["window"]
    assert (window["from"], window["to"], window["sold"], window["acquired"], window["held"]) == (
        "2023-05-02",
        "2023-07-01",
        "100",
        "25",
        "25",
    )
    assert window["acquisitions"] == [{"event": "b2", "day": "2023-06-08", "quantity": "25"}]
    assert window["added"] == [{"event": "b2", "amount": "100"}]
    assert "40(2)(g)(i)" in citations(told)
    (part,) = pools.lot(history, "b2", "acb")["explanations"]
    assert part["bears"] == [{"event": "s1", "amount": "100"}]
    assert (
        part["why"]["says"]
        == "The 25 SOL, with 100 of denied loss, joined the one pool of SOL of all accounts, which then held 25 at a cost of 300; 0 later disposals draw on it."
    )


def test_canada_a_loss_that_joins_at_the_sale_is_a_step_of_the_pool():
    rows = buy("b1", "2023-01-01", 100, 1000), buy("b2", "2023-05-20", 50, 350), sell("s1", "2023-06-01", 100, 500)
    told = canada(past(*rows, zone=TORONTO), "s1")
    assert told["chain"][-1]["says"] == "2023-06-01: 200 of denied loss of s1 joined the pool's cost; the pool: 50, cost 650"
    assert ("added", "200 to the cost of the pool") in lines(told)
    assert told["pool"]["after"] == {"quantity": "50", "basis": "650"}
    assert told["reproduced"] is True


def test_canada_what_bears_the_loss_of_another_sale_counts_once():
    rows = (
        buy("b1", "2023-01-01", 200, 2000),
        sell("s1", "2023-06-01", 100, 600),
        sell("s2", "2023-06-02", 100, 600),
        buy("b2", "2023-06-11", 100, 700),
    )
    told = canada(past(*rows, zone=TORONTO), "s2")
    assert (told["denied"], told["window"]["acquired"], told["window"]["counted"]) == ("0", "100", "0")
    assert "of which 0 count: the others bear the loss of another sale" in told["window"]["says"]
    assert ("denied", "nothing") in lines(told)


def test_canada_a_gain_looks_at_no_window():
    rows = buy("b1", "2023-01-01", 100, 1000), sell("s1", "2023-06-01", 100, 1500), buy("b2", "2023-06-02", 100, 1400)
    assert canada(past(*rows, zone=TORONTO), "s1")["window"] is None


# ------------------------------------------------------------------ both


def test_the_id_of_one_match_explains_that_match_only():
    history = past(*HELD, sell("s1", "2023-06-01", 50, 300000), buy("b3", "2023-06-08", 20, 90000))
    for one in uk(history, "s1"):
        assert uk(history, one["id"]) == [one]


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_an_unknown_id_is_refused_with_where_to_find_the_known_ones(method):
    with pytest.raises(Refused, match="no disposal has the id 'b1'"):
        pools.gain(past(*HELD), "b1", method)
    with pytest.raises(Refused, match="no disposal has the id 'dsp_x'"):
        pools.gain(past(*HELD), "dsp_x", method)
    with pytest.raises(Refused, match="no acquisition has the id 's1'"):
        pools.lot(past(*HELD), "s1", method)


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_an_event_that_says_another_cost_than_was_booked_is_not_reproduced(method):
    history = past(*HELD, sell("s1", "2023-06-01", 50, 300000))
    wrong = replace(history, facts=history.facts | {"b2": replace(history.facts["b2"], value=history.facts["b1"].value)})
    (told,) = pools.gain(wrong, "s1", method)["explanations"]
    assert told["reproduced"] is False


def test_every_field_of_an_explanation_is_in_the_reference():
    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    section = text.split("## Explanations", 1)[1].split("\n## ", 1)[0]
    history = past(*HELD, sell("s1", "2023-06-01", 50, 3000), buy("b3", "2023-06-08", 20, 90000))
    answers = [gain(history, "s1"), lot(history, "b3")]
    answers += [about(history, name, method) for method in ("section104", "acb") for about, name in ((pools.gain, "s1"), (pools.lot, "b3"))]
    fields = {name for answer in answers for told in answer["explanations"] for name in (*told, *(told.get("window") or ()))}
    assert {name for name in fields if f"`{name}`" not in section} == set()


# ------------------------------------------------------------------ computed again from what is shown

UP = ("acquired", "renamed_in", "denied")


def count(text):
    """Money in its last place."""
    return int(Fraction(text) * 10**30)


def check_chain(told):
    """Step by step from an empty pool to the pool after; what leaves bears its share of what was there. Gives the pool before the sale."""
    units, cost, before = Fraction(0), 0, None
    for step in told["chain"]:
        quantity, basis = Fraction(step["quantity"]), count(step["basis"])
        if step["what"] == "disposed":
            before = units, cost
        if step["what"] in UP:
            units, cost = units + quantity, cost + basis
        else:
            assert basis == (cost if quantity == units else cost * quantity // units)
            units, cost = units - quantity, cost - basis
        assert (Fraction(step["pool"]["quantity"]), count(step["pool"]["basis"])) == (units, cost)
    assert told["pool"]["after"] == told["chain"][-1]["pool"]
    return before


def check_uk(told):
    sales = told["chain"][-1]["events"]
    sold_, quantity = sum(Fraction(e["quantity"]) for e in sales), Fraction(told["quantity"])
    assert [e["event"] for e in sales] == told["disposals"]
    assert sum(Fraction(part["quantity"]) for part in told["why"]["of_the_day"]) == sold_
    if told["proceeds"] is not None:
        assert abs(Fraction(told["proceeds"]) - sum(Fraction(e["proceeds"]) for e in sales) * quantity / sold_) < Fraction(9, 10**30)
        assert Fraction(told["gain"]) == Fraction(told["proceeds"]) - Fraction(told["allowable_cost"])
    assert abs(Fraction(told["fees"]) - sum(Fraction(e["fee"]) for e in sales) * quantity / sold_) < Fraction(9, 10**30)
    cost = count(told["allowable_cost"]) - count(told["fees"])
    if told["rule"] == "section_104":
        units, whole = check_chain(told)
        assert cost == (whole if Fraction(told["missing"]) else whole * quantity // units)
        return
    bought_ = told["chain"][0]["events"]
    assert [e["event"] for e in bought_] == told["acquisitions"]
    whole, units = sum(count(e["basis"] or 0) for e in bought_), sum(Fraction(e["quantity"]) for e in bought_)
    assert abs(cost - whole * quantity / units) < 40  # a unit of the last place for each match before it


def check_acb(told):
    units, whole = check_chain(told)
    quantity = Fraction(told["quantity"])
    assert count(told["basis"]) == (whole if Fraction(told["missing"]) else whole * quantity // units)
    window = told["window"]
    if told["proceeds"] is None:
        assert (told["gain"], window) == (None, None)
        return
    result = count(told["proceeds"]) - count(told["basis"])
    assert count(told["gain"]) == result + count(told["denied"])
    assert (window is None) == (result >= 0)
    if window is not None:
        acquired = sum(Fraction(one["quantity"]) for one in window["acquisitions"])
        assert acquired == Fraction(window["acquired"])
        assert Fraction(window["counted"]) <= min(quantity, acquired, Fraction(window["held"]))
        assert count(told["denied"]) == -result * Fraction(window["counted"]) // quantity
        assert sum(count(one["amount"]) for one in window["added"]) == count(told["denied"])


def explain_all(history, method, every=1):
    """Every match of a history, or every so-manieth of each group: booked, explained."""
    for movements in history.groups():
        law = section104 if method == "section104" else acb
        for match in law(movements, zone=history.zone, places=history.places).matches[::every]:
            (told,) = pools.gain(replace(history, movements=movements), match.own_id, method)["explanations"]
            assert told["reproduced"] is True
            yield match, told


def check_all(history):
    seen = 0
    for match, told in explain_all(history, "section104"):
        check_uk(told)
        assert (count(told["allowable_cost"]), told["disposals"]) == (match.cost, list(match.disposals))
        seen += 1
    for match, told in explain_all(history, "acb"):
        check_acb(told)
        assert (count(told["basis"]), count(told["denied"])) == (match.acb, match.denied)
        seen += 1
    for method in ("section104", "acb"):
        for m in history.movements:
            if m.act == "acquire":
                (told,) = pools.lot(history, m.id, method)["explanations"]
                assert (told["reproduced"], told["lot"]) == (True, m.id)
    return seen


@settings(max_examples=60)
@given(RENAMED)
def test_every_match_of_random_movements_follows_from_what_is_shown(movements):
    said = Statements()
    check_all(Past(movements=movements, facts={}, said=choices(said, zone="UTC"), statements=said, zone="UTC", places=0))


@pytest.mark.parametrize("seed", range(4))
def test_every_match_of_a_random_history_follows_from_what_is_shown(seed):
    assert check_all(past(*History(seed, 70, short=seed % 2 == 1).rows)) > 10


def test_a_rename_is_a_step_of_both_pools():
    movements = [bought("2023-01-01", 10, 100), moved("2023-03-01", 4, to_coin="new", received=8), sold("2023-03-02", 4, 8, coin="new")]
    said = Statements()
    history = Past(movements=movements, facts={}, said=choices(said, zone="UTC"), statements=said, zone="UTC", places=0)
    assert check_all(history) == 2
    (told,) = uk(history, "sold 2023-03-02")
    assert [step["what"] for step in told["chain"]] == ["renamed_in", "disposed"]
    assert "4 coin moved from exchange to wallet, 4 coin becoming 8 new; 8 new with a cost of 40 joined" in told["chain"][0]["says"]


def test_explanations_agree_with_what_another_program_makes_of_the_golden_history():
    with (ROOT / "tests/golden/history.csv").open(encoding="utf-8", newline="") as source:
        history = of_lines(source, asset_table(load({})), window=timedelta(hours=72), zone=LONDON)
    with (ROOT / "tests/golden/uk_bittytax/expected_uk.csv").open(encoding="utf-8", newline="") as source:
        expected = {(r["disposed"], r["asset"], r["rule"], r["acquired"]): r for r in csv.DictReader(source)}
    found = {}
    for _, told in explain_all(history, "section104", every=4):
        check_uk(told)
        found[told["day"], told["symbol"], told["rule"], told["acquired"] or ""] = told
    assert len(found) > len(expected) / 5
    for key, told in found.items():
        for name, limit in (("quantity", Fraction(1, 10**15)), ("proceeds", Fraction(2, 100)), ("allowable_cost", Fraction(2, 100))):
            assert abs(Fraction(told[name]) - Fraction(expected[key][name])) <= limit  # the other program rounds to pence
        assert str(told["tax_year"]) == expected[key]["tax_year"]


def test_every_average_of_the_golden_history_follows_from_what_is_shown():
    with (ROOT / "tests/golden/history.csv").open(encoding="utf-8", newline="") as source:
        history = of_lines(source, asset_table(load({})), window=timedelta(hours=72), zone=TORONTO)
    denied = 0
    for _, told in explain_all(history, "acb", every=6):
        check_acb(told)
        denied += told["denied"] != "0"
    assert denied > 10


VECTORS = [
    vector
    for file in sorted((ROOT / "tests/vectors").glob("*.json"))
    for vector in json.loads(file.read_text(encoding="utf-8"))["vectors"]
    if vector["settings"]["regime"] in ("uk", "ca")
]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_each_disposal_of_the_vectors_is_explained_as_it_was_worked_out(vector):
    is_uk = vector["settings"]["regime"] == "uk"
    rows = vector.get("reconciled_events") or sorted(vector["events"], key=lambda r: r["timestamp"])
    history = past(*rows, zone=vector["settings"].get("tax_timezone", "UTC"))
    names = ("quantity", "proceeds", "allowable_cost", "gain") if is_uk else ("quantity", "proceeds", "acb", "denied_loss", "gain")
    ours = []
    for _, told in explain_all(history, "section104" if is_uk else "acb"):
        (check_uk if is_uk else check_acb)(told)
        key = (told["day"], told["rule"], told["acquired"] or "") if is_uk else (told["disposal"],)
        figures = told if is_uk else told | {"acb": told["basis"], "denied_loss": told["denied"]}
        ours.append((key, [figures[name] and Fraction(figures[name]) for name in names]))
    expected = []
    for told in vector["expected"]["fragments"]:
        key = (told["disposed"], told["rule"], told["acquired"]) if is_uk else (told["disposal_id"],)
        expected.append((key, [told.get(name) and Fraction(told[name]) for name in names]))
    assert len(ours) == len(expected)
    for (key, figures), (other, wanted) in zip(sorted(ours, key=str), sorted(expected, key=str), strict=True):
        assert key == other
        assert all((a or 0) == (b or 0) or abs(a - b) < Fraction(1, 10**9) for a, b in zip(figures, wanted, strict=True))

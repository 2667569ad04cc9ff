"""Why a figure is what it is. Each figure of an explanation is computed again here, from the rows as a person would by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from connectors.contract import Quote
from service.app.conformance.case import case_of
from service.app.explain import gain, lot, of_lines
from service.app.explain.past import of_events
from service.app.ports import Refused
from service.domain.assets import AssetTable
from service.domain.history import ALL
from service.domain.ledger import choices
from service.domain.pricing import PriceBook
from service.domain.reconcile import STATED_VALUE
from service.domain.statements import Allocation, Identification, LotChoice, LotSelection, MethodChoice, PoolingChoice, Statements, gathered
from service.settings import asset_table, load
from tests.domain.neutral import event
from tests.tools import ROOT


def row(id, at, kind, account, *, to="", sent="", received="", fee="", value="", fee_value="", **more):
    """A row of the neutral history; an amount is written "1.5 BTC"."""
    told = {"id": id, "timestamp": at if "T" in at else f"{at}T12:00:00Z", "kind": kind, "account": account, "to_account": to}
    for name, words in (("sent", sent), ("received", received), ("fee", fee)):
        if words:
            told[f"{name}_quantity"], told[f"{name}_asset"] = words.split()
    return told | {"value_usd": value, "fee_value_usd": fee_value} | more


def past(*rows, zone="UTC", statements=None, scope=None, method=None, quotes=()):
    said = statements or Statements()
    events = [replace(event(r), price_source=STATED_VALUE if r["value_usd"] else "") for r in rows]
    book = PriceBook(quotes, AssetTable((), "test"), "USD")
    return of_events(events, book, choices(said, zone=zone, scope=scope, method=method), said, {"exchange-1": "My exchange"})


def one(answer):
    (only,) = answer["explanations"]
    return only


def lines(explanation):
    return {line["what"]: (line["line"], line["result"]) for line in explanation["arithmetic"]}


def citations(explanation):
    return " ".join(rule["citation"] for rule in explanation["rules"])


def near(text, exact):
    """Equal but for what a share loses when it is cut at 30 places."""
    return abs(Fraction(text) - exact) <= Fraction(2, 10**30)


BOUGHT = row("e1", "2024-01-10", "buy", "exchange-1", sent="40000 USD", received="1 BTC", fee="10 USD", value="40000", fee_value="10")
LATER = row("e2", "2024-03-10", "buy", "exchange-1", sent="60000 USD", received="2 BTC", value="60000")
SOLD = row("e3", "2025-01-11", "sell", "exchange-1", sent="1.5 BTC", received="2000 USD", fee="10 USD", value="2000", fee_value="10")


def test_a_sale_over_two_lots_shows_the_share_of_each():
    first, second = gain(past(BOUGHT, LATER, SOLD), "e3")["explanations"]
    assert (first["lot"], first["quantity"], second["lot"], second["quantity"]) == ("e1", "1", "e2", "0.5")
    net = Fraction(2000) - 10
    assert near(first["proceeds"], net * Fraction(1) / Fraction("1.5"))
    assert near(second["proceeds"], net * Fraction("0.5") / Fraction("1.5"))
    assert Fraction(first["proceeds"]) + Fraction(second["proceeds"]) == net
    assert (first["basis"], second["basis"]) == ("40010", "15000")
    assert near(second["gain"], net / 3 - 15000)
    assert first["reproduced"] is second["reproduced"] is True
    assert lines(second) == {
        "cost of the lot": ("fair value 60,000 for 2 BTC", "60000"),
        "proceeds of the disposal": ("2,000 − fee 10 = 1,990", "1990"),
        "proceeds of this part": ("1,990 × 0.5 / 1.5 = 663.3333333333…", second["proceeds"]),
        "basis of this part": ("60,000 × 0.5 / 2 = 15,000", "15000"),
        "term": ("held since 2024-03-10: long from 2025-03-11; disposed of on 2025-01-11: short", None),
        "gain": ("663.3333333333… − 15,000 = −14,336.6666666666… (loss)", second["gain"]),
    }


def test_the_cost_of_a_lot_is_the_price_and_the_fee_of_its_purchase():
    told = one(gain(past(BOUGHT, row("e2", "2024-06-01", "sell", "exchange-1", sent="0.5 BTC", received="30000 USD", value="30000")), "e2"))
    assert lines(told)["cost of the lot"] == ("40,000 + fee 10 = 40,010 for 1 BTC", "40010")
    assert lines(told)["basis of this part"] == ("40,010 × 0.5 / 1 = 20,005", "20005")
    assert told["gain"] == "9995"
    assert "26 CFR 1.1012-1(h)" in citations(told)


def test_a_chain_goes_from_the_purchase_over_a_transfer_to_the_sale():
    moved = row("e2", "2024-02-01", "transfer", "exchange-1", to="wallet-1", sent="0.4 BTC", received="0.4 BTC")
    sold = row("e3", "2025-02-01", "sell", "wallet-1", sent="0.1 BTC", received="9000 USD", value="9000")
    told = one(gain(past(BOUGHT, moved, sold), "e3"))
    assert [(s["what"], s["event"], s["account"], s["quantity"], s["basis"]) for s in told["chain"]] == [
        ("acquired", "e1", "exchange-1", "1", "40010"),
        ("moved", "e2", "exchange-1", "0.4", "16004"),
        ("disposed", "e3", "wallet-1", "0.1", "4001"),
    ]
    assert told["chain"][0]["says"] == "2024-01-10 12:00 UTC: bought 1 BTC for 40,000 USD in My exchange, fee 10 USD; basis 40,010"
    assert told["chain"][1]["says"] == "2024-02-01 12:00 UTC: 0.4 BTC (basis 16,004) moved from My exchange to wallet-1"
    assert told["chain"][1]["to_account"] == "wallet-1"
    assert lines(told)["basis of this part"] == ("16,004 × 0.1 / 0.4 = 4,001", "4001")
    assert told["prices"] == {"proceeds": "stated in the file", "basis": "stated in the file"}
    assert "transfer" in [rule["rule"] for rule in told["rules"]]
    assert (told["term"], told["long_from"]) == ("long", "2025-01-11")


def test_what_happens_to_the_lot_after_the_sale_is_no_part_of_its_chain():
    again = row("e4", "2025-05-01", "sell", "exchange-1", sent="1 BTC", received="90000 USD", value="90000")
    assert [s["event"] for s in gain(past(BOUGHT, LATER, SOLD, again), "e3")["explanations"][1]["chain"]] == ["e2", "e3"]


def test_a_fee_paid_in_a_coin_is_a_disposal_with_an_explanation_of_its_own():
    bnb = row("e1", "2024-01-01", "buy", "exchange-1", sent="300 USD", received="1 BNB", value="300")
    traded = row("e2", "2024-02-01", "buy", "exchange-1", sent="1000 USD", received="0.5 ETH", fee="0.01 BNB", value="1000", fee_value="4")
    told = one(gain(past(bnb, traded), "e2/fee"))
    assert (told["event"], told["proceeds"], told["basis"], told["gain"]) == ("e2", "4", "3", "1")
    assert told["chain"][-1]["says"].startswith("2024-02-01 12:00 UTC: 0.01 BNB (basis 3) paid as a fee in My exchange")
    assert "fee paid in a coin" in [rule["rule"] for rule in told["rules"]]


def test_the_id_of_one_match_explains_that_match_only():
    history = past(BOUGHT, LATER, SOLD)
    second = gain(history, "e3")["explanations"][1]
    assert one(gain(history, second["id"])) == second


def test_hifo_names_the_rank_of_the_lot_and_the_next_in_line():
    rows = [
        row(f"e{n}", f"2024-01-0{n}", "buy", "exchange-1", sent=f"{cost} USD", received="1 BTC", value=cost)
        for n, cost in ((1, "20000"), (2, "50000"), (3, "30000"))
    ]
    sold = row("e4", "2024-06-01", "sell", "exchange-1", sent="1 BTC", received="40000 USD", value="40000")
    words = Statements(methods=(MethodChoice("exchange-1", "hifo", date(2024, 2, 1), datetime(2024, 1, 31, tzinfo=UTC)),))
    why = one(gain(past(*rows, sold, statements=words), "e4"))["why"]
    assert (why["method"], why["rank"], why["of"]) == ("hifo", 1, 3)
    assert [(n["lot"], n["key"]["unit_basis"]) for n in why["next"]] == [("e3", "30000"), ("e1", "20000")]
    assert why["says"].startswith(
        "HIFO, chosen for My exchange from 2024-02-01 on, recorded 2024-01-31 00:00 UTC: the dearest lot first. "
        "First of 3 in this order: cost 50,000 a unit, acquired 2024-01-02 12:00 UTC"
    )


def test_without_a_word_of_the_holder_it_says_so():
    assert gain(past(BOUGHT, LATER, SOLD), "e3")["explanations"][0]["why"]["said"] == "since nothing was said"
    asked = gain(past(BOUGHT, LATER, SOLD, method="lifo"), "e3")["explanations"][0]
    assert (asked["lot"], asked["why"]["said"]) == ("e2", "asked for in this question")


def test_a_lot_that_the_holder_named_says_when_and_whether_in_time():
    def told(made_at):
        word = LotSelection("e3", (LotChoice("e2", Decimal("0.7")),), made_at)
        return next(
            e for e in gain(past(BOUGHT, LATER, SOLD, statements=Statements(selections=(word,))), "e3")["explanations"] if e["lot"] == "e2"
        )

    early, late = told(datetime(2025, 1, 10, tzinfo=UTC)), told(datetime(2026, 1, 10, tzinfo=UTC))
    assert (early["why"]["named"], late["why"]["named"]) == ("0.7", None)
    assert "0.7 BTC of it was named by the holder for this event, recorded 2025-01-10 00:00 UTC." in early["why"]["says"]
    assert "What was selected at 2026-01-10 00:00 UTC (0.7 of e2) is later than the event: it counts for nothing." in late["why"]["says"]
    assert early["reproduced"] is late["reproduced"] is True


def test_a_lot_named_in_part_and_reached_by_the_method_too_is_cut_twice():
    word = Identification("exchange-1", "btc", (LotChoice("e1", Decimal("0.3")),), datetime(2025, 1, 10, tzinfo=UTC))
    first = gain(past(BOUGHT, LATER, SOLD, statements=Statements(identifications=(word,))), "e3")["explanations"][0]
    assert (first["lot"], first["quantity"], first["basis"], first["reproduced"]) == ("e1", "1", "40010", True)
    assert "0.3 BTC of it was named by the holder for the next sale" in first["why"]["says"]


def test_the_difference_to_utc_is_told_where_it_changes_the_term():
    bought = row("e1", "2023-01-01T02:00:00Z", "buy", "exchange-1", sent="100 USD", received="1 ETH", value="100")
    sold = row("e2", "2024-01-01T12:00:00Z", "sell", "exchange-1", sent="1 ETH", received="150 USD", value="150")
    told = one(gain(past(bought, sold, zone="America/New_York"), "e2"))
    assert (told["term"], told["tax_year"], told["long_from"]) == ("long", 2024, "2024-01-01")  # bought on New Year's Eve there
    assert (told["utc"]["term"], told["utc"]["long_from"]) == ("short", "2024-01-02")
    assert told["acquired"] == {"utc": "2023-01-01T02:00:00Z", "local": "2022-12-31T21:00:00-05:00"}
    assert "(2022-12-31 21:00 America/New_York)" in told["chain"][0]["says"]
    assert one(gain(past(bought, sold), "e2"))["utc"] is None


def test_the_difference_to_utc_is_told_where_it_changes_the_year():
    bought = row("e1", "2023-06-01", "buy", "exchange-1", sent="100 USD", received="1 ETH", value="100")
    sold = row("e2", "2024-01-01T03:00:00Z", "sell", "exchange-1", sent="1 ETH", received="150 USD", value="150")
    told = one(gain(past(bought, sold, zone="America/New_York"), "e2"))
    assert (told["tax_year"], told["utc"]["tax_year"]) == (2023, 2024)
    assert told["utc"]["says"] == "In America/New_York short term of 2023; by days of UTC it would be short term of 2024."


GIVEN = row("e1", "2024-01-10", "gift_in", "wallet-1", received="2 ETH", value="3000", basis_usd="5000", acquired_at="2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("got", "basis", "since", "word"),
    [
        ("900", "1500", "2024-01-10T12:00:00Z", "900 is less than 1,500: the loss counts from the value at the gift"),
        ("2000", "2000", "2020-01-01T00:00:00Z", "2,000 lies between 1,500 and 2,500: neither gain nor loss"),
        ("4000", "2500", "2020-01-01T00:00:00Z", "2,500: the donor's basis"),
    ],
)
def test_a_gift_worth_less_than_it_cost_its_donor_shows_both_bases(got, basis, since, word):
    sold = row("e2", "2024-05-01", "sell", "wallet-1", sent="1 ETH", received=f"{got} USD", value=got)
    told = one(gain(past(GIVEN, sold), "e2"))
    assert (told["basis"], told["gain"]) == (basis, str(int(got) - int(basis)))
    assert lines(told)["donor's basis of this part"][1] == "2500"
    assert lines(told)["value at the gift of this part"][1] == "1500"
    assert lines(told)["basis of this part"][0] == word
    assert told["acquired"]["utc"] == since
    assert "IRC 1015(a)" in citations(told)
    assert told["reproduced"] is True


def test_more_sold_than_held_is_explained_as_unknown_and_never_as_zero():
    sold = row("e2", "2024-05-01", "sell", "exchange-1", sent="1.5 BTC", received="90000 USD", value="90000")
    held, short = gain(past(BOUGHT, sold), "e2")["explanations"]
    assert (held["lot"], held["proceeds"]) == ("e1", "60000")
    assert (short["lot"], short["proceeds"], short["basis"], short["gain"], short["term"]) == (None, "30000", None, None, "short")
    assert lines(short)["basis of this part"] == ("unknown: 0.5 BTC never came in", None)
    assert (short["why"], short["chain"]) == (None, [])
    assert "missing basis" in [rule["rule"] for rule in short["rules"]]


def test_income_is_the_basis_of_its_lot_and_names_its_rulings():
    earned = row("e1", "2024-01-10", "income", "exchange-1", received="0.5 ETH", value="1200")
    sold = row("e2", "2024-05-01", "sell", "exchange-1", sent="0.25 ETH", received="700 USD", value="700")
    told = one(gain(past(earned, sold), "e2"))
    assert (told["basis"], told["gain"]) == ("600", "100")
    assert "Rev. Rul. 2019-24; Rev. Rul. 2023-14" in citations(told)


def test_the_average_is_explained_by_the_pool_as_it_stood():
    first = row("e1", "2024-01-01", "buy", "exchange-1", sent="1000 USD", received="1 ETH", value="1000")
    second = row("e2", "2024-02-01", "buy", "exchange-1", sent="4000 USD", received="2 ETH", value="4000")
    sold = row("e3", "2024-03-01", "sell", "exchange-1", sent="1.5 ETH", received="3000 USD", value="3000")
    part, rest = gain(past(first, second, sold, method="average"), "e3")["explanations"]
    average = Fraction(5000) / 3
    assert near(part["basis"], average * 1)
    assert near(rest["basis"], average / 2)
    assert lines(part)["basis of this part"][0] == "pool's cost 5,000 × 1 / 3 = 1,666.6666666666…"
    assert part["reproduced"] is rest["reproduced"] is True
    assert "average cost" in [rule["rule"] for rule in part["rules"]]


def test_a_choice_of_lots_at_a_broker_names_the_relief_of_2025_and_2026():
    later = row("e4", "2025-05-01", "sell", "exchange-1", sent="1 BTC", received="90000 USD", value="90000")
    history = past(BOUGHT, LATER, later, method="hifo")
    assert "Notice 2026-20" not in citations(one(gain(history, "e4")))  # in a wallet of one's own it needs none
    assert "Notice 2026-20" in citations(one(gain(replace(history, brokers=frozenset({"exchange-1"})), "e4")))


def test_one_pool_until_2025_says_where_the_lot_was_allocated_and_why():
    bought = [
        row(f"e{n}", f"2022-01-0{n}", "buy", f"exchange-{n}", sent=f"{cost} USD", received="1 BTC", value=cost)
        for n, cost in ((1, "20000"), (2, "40000"))
    ]
    moved = row("e3", "2024-01-01", "transfer", "exchange-1", to="wallet-1", sent="0.4 BTC", received="0.4 BTC")
    sold = row("e4", "2025-03-01", "sell", "exchange-2", sent="0.5 BTC", received="45000 USD", value="45000")
    made = datetime(2024, 12, 1, tzinfo=UTC)
    words = Statements(
        poolings=(PoolingChoice(date(2025, 1, 1), made),),
        allocations=(Allocation("btc", made, accounts=("wallet-1", "exchange-2", "exchange-1")),),
    )
    told = one(gain(past(*bought, moved, sold, statements=words, zone="America/New_York"), "e4"))
    assert (told["lot"], told["basis"]) == ("e1", "10000")
    placed = [(s["account"], s["quantity"], s["basis"], s["at"]["local"]) for s in told["chain"] if s["what"] == "allocated"]
    assert placed == [  # e1, oldest first: 0.4 to the wallet, 0.6 to exchange-2
        ("wallet-1", "0.4", "8000", "2025-01-01T00:00:00-05:00"),
        ("exchange-2", "0.6", "12000", "2025-01-01T00:00:00-05:00"),
    ]
    assert "by the holder's rule" in told["chain"][1]["says"]
    assert "Rev. Proc. 2024-28" in citations(told)


def test_under_one_pool_of_all_accounts_the_view_is_named():
    sold = row("e2", "2024-05-01", "sell", "wallet-1", sent="1 BTC", received="90000 USD", value="90000")
    told = one(gain(past(BOUGHT, sold, scope="universal"), "e2"))
    assert (told["lot"], told["why"]["pool"]) == ("e1", "all accounts")
    assert "one pool of all accounts" in [rule["rule"] for rule in told["rules"]]


def test_a_price_by_quotes_names_its_sources_and_its_span():
    def quote(source, price):
        return Quote("eth", "USD", Decimal(price), datetime(2024, 5, 1, tzinfo=UTC), source, "day")

    bought = row("e1", "2024-01-01", "buy", "exchange-1", sent="1000 USD", received="1 ETH", value="1000")
    paid = row("e2", "2024-05-01", "spend", "exchange-1", sent="0.1 ETH")
    told = one(gain(past(bought, paid, quotes=[quote("kraken", "3000"), quote("import", "3100")]), "e2"))
    assert told["prices"]["proceeds"] == "quotes of import and kraken, price of the day"
    assert told["proceeds"] == "305"


def test_a_lot_is_followed_from_its_purchase_to_its_last_part():
    moved = row("e2", "2024-02-01", "transfer", "exchange-1", to="wallet-1", sent="0.4 BTC", received="0.4 BTC")
    sold = row("e3", "2024-03-01", "sell", "exchange-1", sent="0.25 BTC", received="9000 USD", value="9000")
    given = row("e4", "2024-04-01", "gift_out", "wallet-1", sent="0.1 BTC")
    told = one(lot(past(BOUGHT, moved, sold, given), "e1"))
    assert [s["what"] for s in told["chain"]] == ["acquired", "moved", "disposed", "left"]
    assert [(o["account"], o["quantity"], Fraction(o["basis"])) for o in told["open"]] == [
        ("exchange-1", "0.35", 40010 * Fraction("0.35")),
        ("wallet-1", "0.3", 40010 * Fraction("0.3")),
    ]
    assert lines(told)["units"] == ("1 BTC = 0.35 gone + 0.65 open", None)
    assert lines(told)["basis"] == ("40,010 = 14,003.5 gone + 26,006.5 open", "40010")
    assert {"transfer", "disposal", "units that left without a sale"} <= {rule["rule"] for rule in told["rules"]}
    assert told["reproduced"] is True


def test_a_lot_bought_late_in_the_evening_says_when_each_calendar_makes_it_long():
    bought = row("e1", "2023-01-01T02:00:00Z", "buy", "exchange-1", sent="100 USD", received="1 ETH", value="100")
    told = one(lot(past(bought, zone="America/New_York"), "e1"))
    assert (told["long_from"], told["utc"]["long_from"]) == ("2024-01-01", "2024-01-02")


def test_a_coin_that_became_another_keeps_its_lot():
    wrapped = row("e2", "2024-02-01", "transfer", "exchange-1", sent="1 BTC", received="0.5 WBTC")
    sold = row("e3", "2024-03-01", "sell", "exchange-1", sent="0.5 WBTC", received="50000 USD", value="50000")
    told = one(gain(past(BOUGHT, wrapped, sold), "e3"))
    assert (told["lot"], told["basis"], told["reproduced"]) == ("e1", "40010", True)
    assert told["chain"][1]["says"].endswith("stayed in My exchange, 1 BTC becoming 0.5 WBTC")


def test_an_unknown_id_is_refused_with_where_to_find_the_known_ones():
    with pytest.raises(Refused, match="no disposal has the id 'e9'"):
        gain(past(BOUGHT), "e9")
    with pytest.raises(Refused, match="no disposal has the id 'e1'"):  # a purchase is none
        gain(past(BOUGHT), "e1")
    with pytest.raises(Refused, match="no lot has the id 'e9'"):
        lot(past(BOUGHT), "e9")


def golden(scope, method):
    """What another program made of the golden history: (disposal, lot) → quantity, proceeds, basis, term, near the boundary."""
    folder = {"account": "account_coinbasis", "universal": "universal_rp2"}[scope]
    with (ROOT / f"tests/golden/{folder}/expected_{method}.csv").open(encoding="utf-8", newline="") as lines:
        found = {}
        for line in csv.DictReader(lines):
            key = line["disposal_id"], line["lot_id"]
            quantity, proceeds, basis, *_ = found.get(key, (Fraction(0),) * 3)
            found[key] = (
                quantity + Fraction(line["quantity"]),
                proceeds + Fraction(line["proceeds_usd"]),
                basis + Fraction(line["basis_usd"]),
                line["term"],
                line["near_boundary"] == "1",
            )
    return found


@pytest.mark.parametrize(("scope", "method"), [("account", "hifo"), ("account", "lifo"), ("universal", "fifo"), ("universal", "lofo")])
def test_explanations_agree_with_what_other_programs_make_of_the_golden_history(scope, method):
    expected = golden(scope, method)
    with (ROOT / "tests/golden/history.csv").open(encoding="utf-8", newline="") as lines:
        history = of_lines(lines, asset_table(load({})), window=timedelta(hours=72), method=method, scope=scope)
    chosen = sorted({disposal for disposal, _ in expected})[::20]
    assert len(chosen) > 20
    for disposal in chosen:
        told = gain(history, disposal)["explanations"]
        assert {e["lot"] for e in told} == {lot for one, lot in expected if one == disposal}
        for e in told:
            quantity, proceeds, basis, term, is_near = expected[disposal, e["lot"]]
            assert Fraction(e["quantity"]) == quantity
            assert abs(Fraction(e["proceeds"]) - proceeds) < Fraction(1, 10**6)
            assert abs(Fraction(e["basis"]) - basis) < Fraction(1, 10**6)
            assert is_near or e["term"] == term
            assert e["reproduced"] is True
            assert e["chain"][0]["event"] == e["lot"]
            assert (e["chain"][-1]["event"], e["chain"][-1]["quantity"]) == (disposal, e["quantity"])


VECTORS = [
    vector
    for file in sorted((ROOT / "tests/vectors").glob("*.json"))
    for vector in json.loads(file.read_text(encoding="utf-8"))["vectors"]
    if vector["settings"]["regime"] == "us"
]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_each_disposal_and_lot_of_the_vectors_is_explained_to_the_last_unit(vector):
    """Gifts, named lots, allocations, shortfalls, other calendars: what is explained is what was worked out by hand."""
    rows = vector.get("reconciled_events", vector["events"])
    file = io.StringIO()
    writer = csv.DictWriter(file, ALL, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    case = case_of(vector)
    accounts = {r["account"] for r in rows} | {r["to_account"] for r in rows if r.get("to_account")}
    history = of_lines(io.StringIO(file.getvalue()), AssetTable((), "none"), window=timedelta(hours=72))
    history = replace(history, said=case.choices(accounts), statements=gathered(list(case.said)), zone=case.zone)
    expected = {}
    for told in vector["expected"]["fragments"]:
        expected.setdefault((told["disposal_id"], told.get("lot_id") or None), []).append(told)
    for disposal in {name for name, _ in expected}:
        explained = gain(history, disposal)["explanations"]
        assert {e["lot"] for e in explained} == {lot for name, lot in expected if name == disposal}
        for e in explained:
            parts = expected[disposal, e["lot"]]
            assert Fraction(e["quantity"]) == sum(Fraction(p["quantity"]) for p in parts)
            for ours, theirs in (("proceeds", "proceeds_usd"), ("basis", "basis_usd")):
                assert abs(Fraction(e[ours] or 0) - sum(Fraction(p[theirs]) for p in parts)) < Fraction(1, 10**9)
            assert {e["term"]} == {p["term"] for p in parts}
            assert e["reproduced"] is True
            assert e["rules"]
    for name in {m.id for m in history.movements if m.act == "acquire"}:
        (told,) = lot(history, name)["explanations"]
        assert (told["reproduced"], told["chain"][0]["event"]) == (True, name)

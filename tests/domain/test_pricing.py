"""Fair values at the time of the event: which quote speaks, what money says exactly, what stays unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Asset, Quote
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.pricing import PriceBook, price, price_one, touched, wanted
from service.domain.reconcile import Amount, Event, Kind

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
USD = Coin("fiat:USD", "USD", "fiat")
ETH, BTC, BNB = (Coin(word.lower(), word, "coin") for word in ("ETH", "BTC", "BNB"))
USDC = Coin("usdc", "USDC", "coin", peg="USD")
TABLE = AssetTable([Naming(Asset(f"t:{c.id}"), c) for c in (ETH, BTC, BNB, USDC)], "test")


def quote(coin, value, minutes=0, source="kraken", span="instant"):
    return Quote(coin, "USD", Decimal(value), NOON + timedelta(minutes=minutes), source, span)


def book(*quotes):
    return PriceBook(quotes, TABLE, "USD")


def amounts(*words):
    coins = {c.symbol: c for c in (USD, ETH, BTC, BNB, USDC)}
    return tuple(Amount(coins[w], Asset(f"t:{w}"), Decimal(q)) for q, w in (word.split() for word in words))


def event(kind, sent=(), received=(), fees=()):
    return Event("tx_1", NOON, kind, "kraken", None, amounts(*sent), amounts(*received), amounts(*fees), ("tx_1",))


def test_the_nearer_kind_speaks_then_the_nearest_then_the_median():
    day, hour = quote("eth", "1", -720, span="day"), quote("eth", "2", -30, span="hour")
    assert book(day).at(ETH, NOON) == (Decimal(1), "kraken:day")
    assert book(day, hour).at(ETH, NOON) == (Decimal(2), "kraken:hour")
    assert book(day, hour, quote("eth", "3", 59)).at(ETH, NOON) == (Decimal(3), "kraken:instant")
    assert book(quote("eth", "3", 59), quote("eth", "4", -5)).at(ETH, NOON) == (Decimal(4), "kraken:instant")
    three = [quote("eth", value, -5, source) for value, source in (("4", "kraken"), ("5", "binance"), ("9", "import"))]
    assert book(*three).at(ETH, NOON) == book(*reversed(three)).at(ETH, NOON) == (Decimal(5), "binance+import+kraken:instant")


def test_a_quote_of_another_time_says_nothing():
    assert book(quote("eth", "1", 61)).at(ETH, NOON) is None
    assert book(quote("eth", "1", -61)).at(ETH, NOON) is None
    assert book(quote("eth", "1", -60, span="hour")).at(ETH, NOON) is None
    assert book(quote("eth", "1", 1, span="day")).at(ETH, NOON) is None
    assert book(quote("eth", "1", -1440, span="day")).at(ETH, NOON) is None


def test_a_peg_speaks_only_where_no_quote_does():
    assert book().at(USDC, NOON) == (Decimal(1), "peg:USD")
    assert book(quote("usdc", "0.97", -720, span="day")).at(USDC, NOON) == (Decimal("0.97"), "kraken:day")
    assert PriceBook([], TABLE, "EUR").at(USDC, NOON) is None


def test_money_says_it_exactly_and_prices_the_fee_too():
    bought = event(Kind.BUY, ["5000 USD"], ["2 ETH"], ["0.001 ETH"])
    (priced,), issues = price([bought], book(quote("eth", "9999")))
    assert (priced.value, priced.price_source) == (Decimal(5000), "money")
    assert (priced.sent_values, priced.received_values, priced.fee_values) == ((5000,), (5000,), (Decimal("2.5"),))
    assert not issues


def test_a_swap_is_worth_what_was_received_else_what_was_sent():
    swap = event(Kind.SWAP, ["1 ETH"], ["0.05 BTC"])
    (by_received,), _ = price([swap], book(quote("eth", "2900"), quote("btc", "60000")))
    (by_sent,), _ = price([swap], book(quote("eth", "2900")))
    assert by_received.value == by_received.sent_values[0] == 3000
    assert by_sent.value == by_sent.received_values[0] == 2900


def test_several_legs_share_the_value_by_what_each_was_worth():
    dust = event(Kind.SWAP, ["1 ETH", "0.1 BTC"], ["30 BNB"])
    (priced,), _ = price([dust], book(quote("eth", "2000"), quote("btc", "40000"), quote("bnb", "300")))
    assert priced.received_values == (9000,)
    assert priced.sent_values == (3000, 6000)
    (unknown,), issues = price([dust], book(quote("eth", "2000"), quote("bnb", "300")))
    assert unknown.sent_values == (None, None)
    assert ["BTC" in i.says for i in issues] == [True]


def test_a_missing_price_names_coin_time_and_remedy_and_is_wanted():
    swap = event(Kind.SWAP, ["1 ETH"], ["0.05 BTC"], ["0.1 BNB"])
    (priced,), issues = price([swap], book())
    assert (priced.value, priced.sent_values, priced.received_values, priced.fee_values) == (None, (None,), (None,), (None,))
    assert {i.subject for i in issues} == {"tx_1 btc", "tx_1 bnb"}
    assert all("2024-03-01 12:00 UTC" in i.says and "thresher prices import FILE" in i.remedy for i in issues)
    assert wanted([swap], book()) == [(BNB, NOON), (BTC, NOON)]
    assert wanted([swap], book(quote("btc", "1"), quote("bnb", "1"))) == []


def test_what_only_moves_needs_no_price_but_its_fee_does():
    moved = event(Kind.TRANSFER, ["1 ETH"], ["1 ETH"], ["0.001 ETH"])
    (priced,), issues = price([moved], book(quote("eth", "3000")))
    assert priced.value is None
    assert priced.fee_values == (Decimal(3),)
    assert not issues


def stated(kind, sent=(), received=(), fees=(), *, value=None, fee_values=(), basis=None):
    """An event as reconcile makes it of a row of the holder's file."""
    told = event(kind, sent, received, fees)
    values = {} if value is None else {"value": Decimal(value), "price_source": "stated"}
    return replace(told, **values, fee_values=tuple(v if v is None else Decimal(v) for v in fee_values), basis=basis and Decimal(basis))


class Asked(PriceBook):
    """A book that must not be opened."""

    def at(self, coin, when):
        raise AssertionError(f"asked for {coin.symbol} at {when}")


def test_where_a_file_states_every_value_no_quote_is_looked_up():
    swap = stated(Kind.SWAP, ["1 ETH"], ["0.05 BTC"], ["0.1 BNB"], value="2500", fee_values=["30"])
    moved = stated(Kind.TRANSFER, ["1 ETH"], ["1 ETH"], ["0.001 ETH"], fee_values=["3"])
    for told in (swap, moved):
        priced, issues = price_one(told, Asked([], TABLE, "USD"))
        assert (priced.value, priced.fee_values) == (told.value, told.fee_values)
        assert not issues


def test_a_stated_value_wins_over_quotes_and_prices_an_unstated_fee_in_the_coin_traded():
    swap = stated(Kind.SWAP, ["1 ETH"], ["0.05 BTC"], ["0.01 ETH", "0.1 BNB"], value="2500", fee_values=[None, None])
    priced, issues = price_one(swap, book(quote("eth", "9999"), quote("btc", "99999"), quote("bnb", "300")))
    assert (priced.value, priced.sent_values, priced.received_values, priced.price_source) == (2500, (2500,), (2500,), "stated")
    assert (priced.fee_values, priced.fee_sources) == ((25, 30), ("trade", "kraken:instant"))
    assert not issues


def test_what_a_file_leaves_open_is_priced_as_ever():
    bought = stated(Kind.BUY, ["5000 USD"], ["2 ETH"], ["0.1 BNB"], fee_values=["30"])
    priced, _ = price_one(bought, book(quote("eth", "1"), quote("bnb", "1")))
    assert (priced.value, priced.price_source) == (5000, "money")
    assert (priced.fee_values, priced.fee_sources) == ((30,), ("stated",))


def test_a_gift_is_worth_what_it_was_at_the_gift_and_is_asked_for_beside_the_donors_cost_only():
    gift = stated(Kind.GIFT_IN, received=["2 ETH"], basis="3000")
    priced, _ = price_one(gift, book(quote("eth", "800")))
    assert (priced.value, priced.received_values, priced.basis) == (1600, (1600,), 3000)
    assert [i.subject for i in price_one(gift, book())[1]] == ["tx_1 eth"]
    of_unknown_cost = replace(gift, basis=None)
    assert price_one(of_unknown_cost, book(quote("eth", "800")))[0].value == 1600
    assert price_one(of_unknown_cost, book())[1] == []


@pytest.mark.parametrize("kind", [Kind.FORK, Kind.LOST, Kind.WORTHLESS, Kind.GIFT_OUT, Kind.WITHDRAWAL, Kind.DEPOSIT])
def test_what_comes_with_its_cost_and_what_leaves_without_gain_needs_no_price(kind):
    sides = {"received": ["1 ETH"]} if kind in (Kind.FORK, Kind.DEPOSIT) else {"sent": ["1 ETH"]}
    priced, issues = price_one(event(kind, **sides), book())
    assert priced.value is None
    assert not issues


MINUTES = st.sampled_from([-1441, -1440, -61, -60, -59, -1, 0, 1, 59, 60, 61, 1439, 1440])
QUOTES = st.builds(
    quote, st.sampled_from(["eth", "t:eth", "btc"]), st.sampled_from("123"), MINUTES, span=st.sampled_from(["instant", "hour", "day"])
)


@given(st.lists(QUOTES, max_size=4), QUOTES, MINUTES, st.sampled_from([ETH, BTC]))
def test_a_new_quote_changes_no_price_beyond_the_span_that_it_touches(before, new, minutes, coin):
    at = NOON + timedelta(minutes=minutes)
    where = touched(new, book())
    if book(*before, new).at(coin, at) != book(*before).at(coin, at):
        assert coin.id == where.coin
        assert where.since <= at < where.until


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [("instant", -60, 60), ("hour", 0, 60), ("day", 0, 1440)],
)
def test_a_quote_touches_just_the_times_for_which_it_speaks(span, first, last):
    where = touched(quote("t:eth", "7", span=span), book())
    tick = timedelta(microseconds=1)
    assert where.coin == "eth"
    assert where.since == NOON + timedelta(minutes=first)
    assert where.until == NOON + timedelta(minutes=last) + (tick if span == "instant" else 0 * tick)
    speaks = book(quote("eth", "7", span=span))
    assert speaks.at(ETH, where.since) == speaks.at(ETH, where.until - tick) == (Decimal(7), f"kraken:{span}")
    assert speaks.at(ETH, where.since - tick) is speaks.at(ETH, where.until) is None


def test_a_quote_in_another_currency_touches_nothing():
    assert touched(Quote("eth", "EUR", Decimal(1), NOON, "kraken"), book()) is None

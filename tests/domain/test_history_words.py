"""The neutral history CSV: one account, one asset, one amount of money is written in one way, and of a token that is one of its kind there is one."""

from __future__ import annotations

import pytest

from service.domain import history
from tests.domain.test_history import good, line, only, problem, read


def test_blanks_around_a_word_are_none_of_it():
    told = line(
        id=" t1 ",
        kind=" buy",
        account="exchange\t",
        sent_asset=" USD",
        received_asset="ETH ",
        fee_asset="\u00a0BNB",
        fee_quantity="1",
        fee_value_usd="1",
    )
    assert good(told) == good(line(fee_asset="BNB", fee_quantity="1", fee_value_usd="1"))
    moved = only("transfer", sent_asset="ETH", sent_quantity="1", to_account=" cold wallet ")
    assert good(moved)[0].to_account == "cold wallet"


@pytest.mark.parametrize("column", ["id", "account"])
def test_a_word_of_blanks_is_none(column):
    assert problem(line(**{column: "  "})) == (2, column)


@pytest.mark.parametrize("word", ["usd", "Usd", "eur", "fiat:usd"])
@pytest.mark.parametrize("side", ["sent", "received", "fee"])
def test_money_in_other_letters_is_a_mistake(word, side):
    rows, (found,) = read(line(**{f"{side}_asset": word, f"{side}_quantity": "1"}))
    assert (rows, found.line, found.column) == ([], 2, f"{side}_asset")
    assert f"write {word[-3:].upper()}" in found.says


def test_money_by_its_full_id_is_the_same_money():
    assert good(line(sent_asset="fiat:USD")) == good(line())


@pytest.mark.parametrize(
    ("word", "asset"),
    [
        ("eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
        ("eip155:1/erc721:0XAB/42", "eip155:1/erc721:0xab/42"),
        ("kraken:XXBT", "kraken:XXBT"),
        ("csv:0xBTC", "csv:0xBTC"),
    ],
)
def test_an_address_in_an_asset_id_is_in_lower_case(word, asset):
    assert good(line(received_asset=word))[0].received_asset == asset


def test_one_code_in_two_ways_is_a_mistake_of_the_second():
    btc, other, again = line(id="a", received_asset="BTC"), line(id="b", received_asset="btc"), line(id="c", received_asset="BTC")
    rows, (found,) = read(btc, other, again)
    assert [row.id for row in rows] == ["a", "c"]
    assert (found.line, found.column) == (3, "received_asset")
    assert "'btc' stands as 'BTC' in line 2" in found.says


def test_a_coin_that_is_called_like_another_but_for_case_has_its_full_id():
    rows = good(line(id="a", received_asset="ABC"), line(id="b", received_asset="csv:aBC"))
    assert [history.asset_id(row.received_asset) for row in rows] == ["csv:ABC", "csv:aBC"]


@pytest.mark.parametrize(
    ("asset", "quantity", "is_good"),
    [
        ("eip155:1/erc721:0xab/7", "1", True),
        ("eip155:1/erc721:0xAB/7", "2", False),
        ("eip155:1/erc721:0xab/7", "0.3", False),
        ("nft:ape-7", "1", True),
        ("nft:ape-7", "2.5", False),
        ("eip155:1/erc1155:0xab/7", "40", True),
        ("eip155:1/erc1155:0xab/7", "0.5", False),
        ("ETH", "2.5", True),
    ],
)
def test_there_is_one_of_a_token_that_is_one_of_its_kind(asset, quantity, is_good):
    rows, problems = read(line(received_asset=asset, received_quantity=quantity), line(id="t2"))
    assert [(p.line, p.column) for p in problems] == ([] if is_good else [(2, "received_quantity")])
    assert len(rows) == 1 + is_good

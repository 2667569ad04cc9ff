"""A file explained: what is known of a disposal may stand in another row than the one that it is called after."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from service.app import audit, gains
from service.app.explain import gain, of_lines
from service.app.gains import Asked
from service.settings import asset_table, load
from tests.tools import ROOT

HEAD = (
    "id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,"
    "value_usd,fee_value_usd,note\n"
)
BOUGHT = "k1,2024-01-01T12:00:00Z,buy,ex,,USD,100,ETH,2,,,100,,\n"
CAME = "kd,2024-02-01T12:00:00Z,deposit,w,,,,ETH,1,,,,,tx:0xabc\n"
WENT = "kw,2024-02-01T12:05:00Z,withdrawal,ex,,ETH,1,,,ETH,0.1,,{fee_value},tx:0xabc\n"


@pytest.fixture(scope="module")
def table():
    return asset_table(load({"THRESHER_CONFIG_DIR": str(ROOT / "tests" / "no such directory")}))


def explained(table, id, *rows):
    (one,) = gain(of_lines([HEAD, *rows], table, window=timedelta(hours=48)), id)["explanations"]
    return one


def test_the_fee_of_a_transfer_in_two_rows_is_valued_by_the_row_that_states_it(table):
    one = explained(table, "kd/fee", BOUGHT, CAME, WENT.format(fee_value="30"))
    assert (one["proceeds"], one["prices"]["proceeds"]) == ("30", "stated in the file")
    assert one["chain"][-1]["sources"] == ["line 4", "line 3"]


def test_a_fee_that_no_row_values_has_no_price(table):
    one = explained(table, "kd/fee", BOUGHT, CAME, WENT.format(fee_value=""))
    assert (one["proceeds"], one["prices"]["proceeds"]) == (None, "unknown")


def test_a_fee_in_the_coin_that_was_bought_is_valued_by_the_trade_itself(table):
    bought = "k1,2024-01-01T12:00:00Z,buy,ex,,USD,100,ETH,1,ETH,0.1,100,,\n"
    one = explained(table, "k1/fee", bought)
    assert (one["proceeds"], one["prices"]["proceeds"]) == ("10", "the price of the trade itself")


def audited(table, *rows):
    history, _ = gains.of_file("".join([HEAD, *rows]), table, window=timedelta(hours=48), keep_rows=True)
    found = gains.gains(history, Asked())
    return {line["disposal_id"]: line for line in map(json.loads, audit.lines(found, history, Asked(), audit.of_file(history)))}


def test_an_audit_leads_such_a_fee_to_both_rows_and_says_where_its_value_is_from(table):
    fee = audited(table, BOUGHT, CAME, WENT.format(fee_value="30"))["kd/fee"]["disposal"]
    assert (fee["event"], fee["kind"], fee["price_source"], fee["transactions"]) == ("kd", "fee", "stated", ["kw", "kd"])
    assert fee["records"] == [{"line": 4, "id": "kw"}, {"line": 3, "id": "kd"}]
    unknown = audited(table, BOUGHT, CAME, WENT.format(fee_value=""))["kd/fee"]
    assert (unknown["disposal"]["price_source"], unknown["proceeds"]) == (None, None)

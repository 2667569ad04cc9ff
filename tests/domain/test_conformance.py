"""What the comparison must see: a conformance run that cannot fail would prove nothing."""

from __future__ import annotations

import copy
import json

import pytest

from connectors.files.connector import FileConnector
from service.app.conformance import NoVectors, check
from tests.tools import ROOT

FILES = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "tests/vectors").glob("*.json"))]
BY_ID = {vector["id"]: vector for file in FILES for vector in file["vectors"]}


def run(vector):
    text = json.dumps({"format": "neutral-lot-vectors/1", "vectors": [vector]})
    return check(text, FileConnector.normalise).differences


def changed(name, change):
    vector = copy.deepcopy(BY_ID[name])
    change(vector)
    return [d.field for d in run(vector)]


def put(path, value):
    def change(vector):
        place = vector
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("name", "path", "value", "field"),
    [
        ("partial-lot-fifo", ("expected", "fragments", 0, "quantity"), "1.000000000000000001", "fragment e3 e1 quantity"),
        ("partial-lot-fifo", ("expected", "fragments", 0, "basis_usd"), "40010.000000002", "fragment e3 e1 basis_usd"),
        ("partial-lot-fifo", ("expected", "fragments", 0, "proceeds_usd"), "69990.01", "fragment e3 e1 proceeds_usd"),
        ("partial-lot-fifo", ("expected", "fragments", 0, "gain_usd"), "29980.01", "fragment e3 e1 gain_usd"),
        ("partial-lot-fifo", ("expected", "fragments", 0, "term"), "long", "fragment e3 e1 term"),
        ("tax-year-edge", ("expected", "fragments", 0, "tax_year"), 2025, "fragment e2 e1 tax_year"),
        ("partial-lot-fifo", ("expected", "open_lots", 0, "quantity"), "1.4", "open_lot e2 BTC exchange-1 quantity"),
        ("partial-lot-fifo", ("expected", "open_lots", 0, "basis_usd"), "67501", "open_lot e2 BTC exchange-1 basis_usd"),
        ("staking-income", ("expected", "income_usd_by_year", "2024"), "1001", "income_usd_by_year 2024 usd"),
        ("staking-income", ("expected", "income_usd_by_year"), {}, "income_usd_by_year 2024"),
        ("oversold", ("expected", "issues"), [], "issue missing_basis e2 LTC"),
        ("oversold", ("expected", "issues", 0, "quantity"), "0.6", "issue missing_basis e2 LTC quantity"),
        ("deposit-unknown-basis", ("expected", "issues"), [], "issue unknown_basis e1 BTC"),
        ("pick-in-another-account", ("expected", "issues"), [], "issue lot_not_available e3 ETH"),
        ("harvest-by-lot", ("expected", "unrealised", "lots", 1, "gain_usd"), "-1200", "unrealised e2 gain_usd"),
        ("harvest-by-lot", ("expected", "unrealised", "lots", 0, "term"), "short", "unrealised e1 term"),
        ("harvest-by-lot", ("expected", "unrealised", "harvestable_loss_usd"), "100", "unrealised harvestable_loss_usd"),
        ("uk-pool", ("expected", "uk_pool", "ETH", "cost"), "76", "uk_pool ETH cost"),
        ("uk-pool", ("expected", "uk_pool", "ETH", "quantity"), "0.6", "uk_pool ETH quantity"),
        ("uk-pool", ("expected", "fragments", 0, "tax_year"), 2025, "fragment 2024-04-05 section_104 - tax_year"),
        ("uk-pool", ("expected", "fragments", 0, "allowable_cost"), "151", "fragment 2024-04-05 section_104 - allowable_cost"),
    ],
)
def test_a_wrong_expectation_is_a_difference(name, path, value, field):
    assert field in changed(name, put(path, value))


def test_a_fragment_too_few_or_too_many_is_a_difference():
    assert changed("partial-lot-fifo", lambda v: v["expected"]["fragments"].pop()) == ["fragment e3 e2"]
    more = {"disposal_id": "e9", "lot_id": "", "quantity": "1", "proceeds_usd": "1", "basis_usd": "0", "gain_usd": "1", "term": "short"}
    assert changed("partial-lot-fifo", lambda v: v["expected"]["fragments"].append(more)) == ["fragment e9 -"]
    assert changed("uk-pool", lambda v: v["expected"]["fragments"].pop()) == ["fragment 2024-04-06 section_104 -"]


def test_other_settings_and_instructions_give_other_matches():
    assert changed("hifo-fee-in-basis", put(("settings", "method"), "lofo"))
    assert changed("scope-universal", put(("settings", "scope"), "account"))
    assert changed("tax-timezone", put(("settings", "tax_timezone"), "UTC"))
    assert changed("turn-oldest-first", lambda v: v["settings"].pop("account_scope_from"))
    assert changed("turn-by-lots", lambda v: v.pop("instructions"))
    assert changed("pick-in-order", lambda v: v["instructions"][0]["lots"].reverse())


def test_what_reconcile_makes_of_raw_rows_is_compared():
    fields = changed("arrives-before-sent", put(("reconciled_events", 1, "timestamp"), "2024-02-01T12:01:00Z"))
    assert fields == ["raw: event 2"]
    assert "raw: event 2" in changed("in-flight", put(("reconciled_events", 1, "fee_quantity"), "0.002"))


def test_either_of_two_joined_rows_may_name_the_transfer_but_no_other():
    assert changed("arrives-before-sent", put(("reconciled_events", 1, "id"), "e4")) == []
    assert changed("arrives-before-sent", put(("reconciled_events", 1, "id"), "e5")) == ["raw: event 2"]


def test_a_row_whose_id_is_known_changes_nothing_whatever_it_says():
    again = {**BY_ID["imported-twice"]["events"][0], "received_quantity": "7"}
    assert changed("imported-twice", lambda v: v["events"].append(again)) == []
    assert changed("imported-twice", lambda v: v["events"].insert(0, again)) != []


def test_a_part_that_nobody_compares_is_no_pass():
    assert changed("oversold", put(("expected", "wash_sales"), [])) == ["wash_sales"]


def test_a_fee_that_only_the_reconciled_row_values_is_priced_by_it():
    fields = changed("in-flight", put(("reconciled_events", 1, "fee_value_usd"), "2.3"))
    assert {f for f in fields if "e2/fee" in f} == {
        f"{way}: fragment e2/fee e1 {c}" for way in ("raw", "reconciled") for c in ("proceeds_usd", "gain_usd")
    }


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("settings", "regime"), "fr", "regime fr is not known: us, uk"),
        (("settings", "method"), "random", "method random is not known"),
        (("settings", "scope"), "planet", "scope planet is not known: account, universal"),
        (("settings", "tax_timezone"), "Mars/Olympus", "no time zone is called Mars/Olympus"),
        (("instructions",), [{"kind": "guess"}], "instruction guess is not known"),
        (("events", 0, "kind"), "gamble", "gamble"),
        (("events", 0, "received_quantity"), "1e3", "1e3"),
        (("events", 0, "timestamp"), "yesterday", "yesterday"),
    ],
)
def test_a_vector_that_cannot_be_run_is_a_difference_with_a_sentence(path, value, says):
    vector = copy.deepcopy(BY_ID["partial-lot-fifo"])
    put(path, value)(vector)
    (found,) = run(vector)
    assert found.field == "vector"
    assert says in found.got


def test_a_vector_without_a_part_of_its_schema_is_told_and_the_others_go_on():
    broken = {"id": "broken", "settings": {"regime": "us"}}
    text = json.dumps({"format": "neutral-lot-vectors/1", "vectors": [broken, BY_ID["oversold"]]})
    report = check(text, FileConnector.normalise)
    assert report.vectors == ("broken", "oversold")
    assert report.failed == {"broken"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rows", "no JSON"),
        ("[]", "it names no format; known: neutral-lot-vectors/1"),
        ('{"format": "neutral-lot-vectors/1"}', 'no list "vectors"'),
        ('{"format": "other/9", "vectors": []}', 'its format is "other/9"; known: neutral-lot-vectors/1'),
        ('{"vectors": []}', "it names no format"),
        ('{"format": "neutral-lot-vectors/1", "vectors": [{}]}', "vector 1 has no id"),
        ('{"format": "neutral-lot-vectors/1", "vectors": [{"id": "a"}, {"id": "a"}]}', "two vectors a"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(text, says):
    with pytest.raises(NoVectors) as refused:
        check(text, FileConnector.normalise)
    assert says in str(refused.value)

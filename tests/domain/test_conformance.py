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
        ("staking-income", ("expected", "income_usd_by_year", "2024"), "1001", "income_usd_by_year 2024"),
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
        ("uk-more-given-than-held", ("expected", "issues"), [], "issue missing_basis e2 SOL"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "quantity"), "99", "fragment e2 quantity"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "proceeds"), "601", "fragment e2 proceeds"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "acb"), "999", "fragment e2 acb"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "denied_loss"), "400", "fragment e2 denied_loss"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "gain"), "-400", "fragment e2 gain"),
        ("ca-superficial-partial", ("expected", "fragments", 0, "tax_year"), 2024, "fragment e2 tax_year"),
        ("ca-superficial-partial", ("expected", "acb_pool", "ADA", "cost"), "200", "acb_pool ADA cost"),
        ("ca-superficial-partial", ("expected", "acb_pool", "ADA", "quantity"), "24", "acb_pool ADA quantity"),
        ("ca-shortfall", ("expected", "issues", 0, "quantity"), "2", "issue missing_basis e2 LTC quantity"),
        ("ca-shortfall", ("expected", "issues"), [], "issue missing_basis e3 LTC"),
        ("ca-year-of-the-taxpayer", ("expected", "income_usd_by_year"), {"2024": "3"}, "income_usd_by_year 2024"),
    ],
)
def test_a_wrong_expectation_is_a_difference(name, path, value, field):
    assert field in changed(name, put(path, value))


@pytest.mark.parametrize(("told", "differs"), [({"2024": "0"}, False), ({"2024": "0.0000000009"}, False), ({"2024": "0.000000002"}, True)])
def test_income_of_a_year_without_any_is_compared_as_closely_as_other_money(told, differs):
    fields = changed("partial-lot-fifo", put(("expected", "income_usd_by_year"), told))
    assert fields == (["income_usd_by_year 2024"] if differs else [])


def test_a_year_with_next_to_no_income_may_be_told_as_none():
    """Staked for 10^-18 of a dollar."""

    def nearly(vector):
        vector["expected"] = {"fragments": [], "income_usd_by_year": {"2024": "0"}}
        vector["events"] = [{**vector["events"][0], "value_usd": "0.000000000000000001"}]
        assert vector["events"][0]["kind"] == "income"

    assert changed("staking-income", nearly) == []


def test_an_open_lot_of_unknown_cost_gains_its_whole_value_and_saves_nothing():
    def valued(vector):
        vector["expected"]["unrealised"] = {
            "at": "2030-01-01T00:00:00Z",
            "price_usd": "7",
            "lots": [{"lot_id": "d1", "gain_usd": "14", "term": "long"}],
            "harvestable_loss_usd": "0",
        }
        vector["expected"] |= {"fragments": [], "open_lots": [], "issues": vector["expected"]["issues"]}
        vector["events"] = [UNKNOWN]
        vector["expected"]["open_lots"] = [{"lot_id": "d1", "asset": "BTC", "account": "w", "quantity": "2", "basis_usd": "0"}]
        vector["expected"]["issues"] = [{"code": "unknown_basis", "event_id": "d1", "asset": "BTC", "quantity": "2"}]

    assert changed("deposit-unknown-basis", valued) == []


UNKNOWN = {
    "id": "d1", "timestamp": "2024-01-01T12:00:00Z", "kind": "deposit", "account": "w", "received_asset": "BTC", "received_quantity": "2",
}  # fmt: skip


def joined(*instructions):
    """k2 cost more than k1; one of them goes from ex to w, seen there (kd) before ex booked it (kw)."""

    def bought(name, day, cost):
        return {
            "id": name, "timestamp": f"2024-01-0{day}T12:00:00Z", "kind": "buy", "account": "ex", "sent_asset": "USD", "sent_quantity": cost,
            "received_asset": "ETH", "received_quantity": "1", "value_usd": cost,
        }  # fmt: skip

    leaves = {
        "id": "kw", "timestamp": "2024-02-01T12:05:00Z", "kind": "withdrawal", "account": "ex", "sent_asset": "ETH", "sent_quantity": "1",
        "note": "tx:0xabc",
    }  # fmt: skip
    comes = {
        "id": "kd", "timestamp": "2024-02-01T12:00:00Z", "kind": "deposit", "account": "w", "received_asset": "ETH", "received_quantity": "1",
        "note": "tx:0xabc",
    }  # fmt: skip
    moved = {
        "id": "kd", "timestamp": "2024-02-01T12:00:00Z", "kind": "transfer", "account": "ex", "to_account": "w", "sent_asset": "ETH",
        "sent_quantity": "1", "received_asset": "ETH", "received_quantity": "1",
    }  # fmt: skip
    buys = [bought("k1", 1, "100"), bought("k2", 2, "300")]
    return {
        "id": "joined",
        "settings": {"regime": "us"},
        "events": [*buys, comes, leaves],
        "reconciled_events": [*buys, moved],
        "instructions": [
            {"kind": "select_lots", "event_id": name, "lots": [{"lot_id": lot, "quantity": "1"}]} for name, lot in instructions
        ],
        "expected": {
            "fragments": [],
            "open_lots": [
                {"lot_id": "k1", "asset": "ETH", "account": "ex", "quantity": "1", "basis_usd": "100"},
                {"lot_id": "k2", "asset": "ETH", "account": "w", "quantity": "1", "basis_usd": "300"},
            ],
        },
    }


@pytest.mark.parametrize("name", ["kw", "kd"])
def test_an_instruction_about_either_row_of_a_transfer_is_one_about_the_transfer(name):
    assert run(joined((name, "k2"))) == ()
    assert run(joined((name, "k1")))


def test_lists_of_lots_for_the_two_rows_of_one_transfer_add_up_in_their_order():
    assert run(joined(("kd", "k2"), ("kw", "k1"))) == ()
    assert run(joined(("kw", "k1"), ("kd", "k2")))


@pytest.mark.parametrize("name", ["pick-in-order", "turn-by-lots"])
def test_a_list_of_lots_may_be_told_in_pieces(name):
    def piece_by_piece(vector):
        vector["instructions"] = [{**one, "lots": [lot]} for one in vector["instructions"] for lot in one["lots"]]
        assert len(vector["instructions"]) > 1

    assert changed(name, piece_by_piece) == []


def test_a_fragment_too_few_or_too_many_is_a_difference():
    assert changed("partial-lot-fifo", lambda v: v["expected"]["fragments"].pop()) == ["fragment e3 e2"]
    more = {"disposal_id": "e9", "lot_id": "", "quantity": "1", "proceeds_usd": "1", "basis_usd": "0", "gain_usd": "1", "term": "short"}
    assert changed("partial-lot-fifo", lambda v: v["expected"]["fragments"].append(more)) == ["fragment e9 -"]
    assert changed("uk-pool", lambda v: v["expected"]["fragments"].pop()) == ["fragment 2024-04-06 section_104 -"]
    assert changed("ca-superficial-whole", lambda v: v["expected"]["fragments"].pop()) == ["fragment e4"]


def test_other_settings_and_instructions_give_other_matches():
    assert changed("hifo-fee-in-basis", put(("settings", "method"), "lofo"))
    assert changed("scope-universal", put(("settings", "scope"), "account"))
    assert changed("tax-timezone", put(("settings", "tax_timezone"), "UTC"))
    assert changed("turn-oldest-first", put(("settings", "account_scope_from"), "2100-01-01"))
    assert changed("turn-by-lots", lambda v: v.pop("instructions"))
    assert changed("pick-in-order", lambda v: v["instructions"][0]["lots"].reverse())
    assert changed("ca-days-of-the-taxpayer", put(("settings", "tax_timezone"), "UTC"))


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


def test_a_fee_that_only_the_reconciled_row_values_is_priced_by_it():
    fields = changed("in-flight", put(("reconciled_events", 1, "fee_value_usd"), "2.3"))
    assert {f for f in fields if "e2/fee" in f} == {
        f"{way}: fragment e2/fee e1 {c}" for way in ("raw", "reconciled") for c in ("proceeds_usd", "gain_usd")
    }


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("events", 0, "kind"), "gamble", "gamble"),
        (("events", 0, "received_quantity"), "1e3", "1e3"),
        (("events", 0, "timestamp"), "yesterday", "yesterday"),
    ],
)
def test_a_vector_whose_rows_import_would_refuse_is_a_difference_with_a_sentence(path, value, says):
    vector = copy.deepcopy(BY_ID["partial-lot-fifo"])
    put(path, value)(vector)
    (found,) = run(vector)
    assert found.field == "vector"
    assert says in found.got


# ------------------------------------------------------------------ what nobody would look at


def refused(vector):
    with pytest.raises(NoVectors) as found:
        run(vector)
    return list(found.value.says)


def without(*path):
    def change(vector):
        place = vector
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def twice(*path):
    def change(vector):
        place = vector
        for step in path[:-1]:
            place = place[step]
        place.append(copy.deepcopy(place[path[-1]]))

    return change


US, UK, TURN, PICK = "partial-lot-fifo", "uk-pool", "turn-oldest-first", "pick-in-order"


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (US, put(("settings", "regime"), "fr"), "settings.regime: fr is not known: us, uk, ca"),
        (US, without("settings", "regime"), "settings: lacks regime"),
        (US, put(("settings", "method"), "random"), "settings.method: random is not known: fifo, "),
        (US, put(("settings", "method"), "acb"), "settings.method: acb is not known: fifo, "),
        (US, put(("settings", "methd"), "lifo"), "settings.methd: is not known; there are regime, method, "),
        (US, put(("settings", "scope"), "planet"), "settings.scope: planet is not known: account, universal"),
        (US, put(("settings", "tax_timezone"), "Mars/Olympus"), "settings.tax_timezone: no time zone is called Mars/Olympus"),
        (US, put(("settings", "account_scope_from"), "2025-01-01"), "settings.account_scope_from: goes with scope universal"),
        (UK, put(("settings", "method"), "fifo"), "settings.method: fifo is not known: section104"),
        (UK, put(("settings", "scope"), "account"), "settings.scope: is not known; there are regime, method, tax_timezone"),
        (UK, put(("instructions",), []), "instructions: the pools of uk know none"),
        (US, put(("instructions",), [{"kind": "guess"}]), "instructions 1.kind: guess is not known: allocate_basis, select_lots"),
        (US, put(("instructons",), []), "instructons: is not known; there are id, title, "),
        (TURN, put(("instructions", 0, "order"), "newest_first"), "instructions 1.order: newest_first is not known: oldest_first, "),
        (TURN, without("instructions", 0, "accounts"), "instructions 1: lacks accounts"),
        (TURN, put(("instructions", 0, "accounts", 0), "bank"), "instructions 1.accounts: no row is of bank"),
        (TURN, put(("instructions", 0, "asset"), "DOGE"), "instructions 1.asset: no row moves DOGE"),
        (TURN, without("settings", "account_scope_from"), "instructions 1: allocate_basis goes with settings.account_scope_from"),
        (PICK, put(("instructions", 0, "event_id"), "e99/fee"), "instructions 1.event_id: no row is called e99/fee"),
        (TURN, twice("instructions", 0), "instructions 2: is a second one for BTC, and a rule stands alone"),
        (PICK, put(("instructions", 0, "lots", 0, "price"), "7"), "instructions 1.lots 1.price: is not known; there are lot_id, quantity"),
        (US, put(("events", 0, "fee_qty"), "1"), "events 1.fee_qty: is not known; there are id, "),
        (US, without("events"), " lacks events"),
        (US, without("expected"), " lacks expected"),
        (US, put(("expected",), {}), "expected: lacks fragments"),
        (US, put(("expected", "wash_sales"), []), "expected.wash_sales: is not known; there are fragments, income_usd_by_year, issues, "),
        (US, put(("expected", "uk_pool"), {}), "expected.uk_pool: is not known"),
        (US, put(("expected", "fragments", 0, "gain"), "1"), "expected.fragments 1.gain: is not known"),
        (US, without("expected", "fragments", 0, "gain_usd"), "expected.fragments 1: lacks gain_usd"),
        (US, put(("expected", "fragments", 0, "quantity"), 1), "expected.fragments 1.quantity: is no plain decimal in quotes"),
        (UK, put(("expected", "open_lots"), []), "expected.open_lots: is not known"),
        (UK, put(("expected", "uk_pool", "ETH", "costs"), "7"), "expected.uk_pool.ETH.costs: is not known; there are quantity, cost"),
    ],
)
def test_a_word_that_nobody_would_look_at_is_refused_by_name(name, change, says):
    vector = copy.deepcopy(BY_ID[name])
    change(vector)
    (found,) = refused(vector)
    assert found.startswith(f"vector {name}{'' if says.startswith(' ') else ', '}{says}")


def test_each_wrong_word_of_each_vector_is_named_and_nothing_is_run():
    one, other = copy.deepcopy(BY_ID[US]), copy.deepcopy(BY_ID[UK])
    put(("settings", "regim"), "us")(one)
    put(("expected", "pool"), {})(one)
    put(("settings", "regime"), "us")(other)
    with pytest.raises(NoVectors) as found:
        check(json.dumps({"format": "neutral-lot-vectors/1", "vectors": [one, BY_ID["oversold"], other]}), FileConnector.normalise)
    assert [says.partition(":")[0] for says in found.value.says[:3]] == [
        f"vector {US}, settings.regim",
        f"vector {US}, expected.pool",
        f"vector {UK}, expected.uk_pool",
    ]


def places(told, path=()):
    """Every place of an answer, by its path."""
    if isinstance(told, dict | list):
        for step, value in told.items() if isinstance(told, dict) else enumerate(told):
            yield (*path, step)
            yield from places(value, (*path, step))


@pytest.mark.parametrize(
    "name", [US, UK, TURN, PICK, "harvest-by-lot", "oversold", "staking-income", "ca-superficial-partial", "ca-unknown-cost"]
)
@pytest.mark.parametrize("junk", ["junk", None, 7, [], {}, ["junk"], {"junk": "junk"}])
def test_junk_in_any_place_of_settings_instructions_and_expectations_is_refused_or_differs(name, junk):
    parts = {"settings", "instructions", "expected"} & BY_ID[name].keys()
    for path in places({part: BY_ID[name][part] for part in sorted(parts)}):
        vector = copy.deepcopy(BY_ID[name])
        put(path, junk)(vector)
        if vector == BY_ID[name]:
            continue
        try:
            found = [d.vector for d in run(vector)]
        except NoVectors as none:
            found = list(none.says)
        assert found, path


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
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"format": "neutral-lot-vectors/1", "vectors": []}', 'its list "vectors" is empty'),
        ('{"format": "neutral-lot-vectors/1", "vectors": [{"id": "a", "id": "b"}]}', "id stands twice in the object b"),
        ('{"format": "neutral-lot-vectors/1", "vectors": [{"id": "a", "expected": {"n": 1.5}}]}', "the number 1.5 is not in quotes"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(text, says):
    with pytest.raises(NoVectors) as refused:
        check(text, FileConnector.normalise)
    assert says in str(refused.value)

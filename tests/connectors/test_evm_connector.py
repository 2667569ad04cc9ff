"""The connector on a real node: finality, reorganisations, proof and repair, refusals, and limits of providers."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal

import pytest

from connectors.contract import AccessDenied, InvalidInput, RetryLater, SourceChanged, Transaction
from connectors.evm import connector as module
from service.sandbox.chain import SandboxChain, wallet
from tests.connectors.evm_chain import (
    ETHER,
    FINAL_BELOW_HEAD,
    FORGER,
    FRIEND,
    ME,
    REVERTER,
    RICH_FORGER,
    Node,
    Provider,
    Pulled,
    connector,
    word,
)
from tests.tools import ROOT

NATIVE = "eip155:1/slip44:60"


@pytest.fixture
def node():
    with Node() as node:
        yield node


def transactions(pulled: Pulled) -> list[Transaction]:
    read = list(module.EvmConnector.normalise("ethereum", pulled.records.values()))
    assert all(isinstance(one, Transaction) for one in read)
    return sorted(read, key=lambda one: (one.occurred_at, one.keys))  # type: ignore[arg-type, return-value]


def native_sum(pulled: Pulled) -> Decimal:
    return sum((leg.quantity for one in transactions(pulled) for leg in one.legs if leg.asset == NATIVE), Decimal(0))


async def test_only_final_blocks_become_cursor(node):
    node.pay(value=ETHER)
    node.mine(FINAL_BELOW_HEAD)
    late = node.pay(value=2 * ETHER)["transactionHash"]
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    assert native_sum(pulled) == 1
    assert json.loads(pulled.cursor)["block"] == node.head - FINAL_BELOW_HEAD
    node.mine(FINAL_BELOW_HEAD)
    await pulled.pull(reader)
    assert [record.key for record in pulled.pages[0].records] == [late]
    assert native_sum(pulled) == 3
    await reader.aclose()


async def test_a_number_of_blocks_can_count_as_final(node):
    node.pay(value=ETHER)
    node.mine(1)
    for finality, seen in (("2", 0), ("1", 1)):
        reader = connector(node.url, finality=finality)
        assert len((await Pulled().pull(reader)).records) == seen
        await reader.aclose()


async def test_failed_transaction_costs_its_fee_only(node):
    node.pay(value=ETHER)
    node("anvil_setCode", "0x" + "bad0" * 10, REVERTER)
    receipt = node.pay(sender=ME, to="0x" + "bad0" * 10, value=ETHER // 4)
    assert receipt["status"] == "0x0"
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    failed = transactions(pulled)[-1]
    fee = Decimal(int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)).scaleb(-18)
    assert failed.flags == ("failed",)
    assert [(leg.quantity, leg.is_fee) for leg in failed.legs] == [(-fee, True)]
    assert native_sum(pulled) == 1 - fee
    await reader.aclose()


@pytest.mark.parametrize("deny", [(), ("trace_",), ("trace_", "debug_"), ("trace_filter", "trace_block")])
async def test_proof_finds_a_payment_that_no_filter_shows(node, deny):
    node.pay(value=ETHER)
    node.mine(30)
    hidden = node.bomb(ETHER // 3)
    node.mine(30)
    async with Provider(node.url, deny=deny).serving() as provider:
        reader = connector(provider.url)
        pulled = await Pulled().pull(reader)
        await reader.aclose()
    assert bool(provider.calls["debug_traceTransaction"]) == ("trace_" in deny), "asked where trace_ is missing"
    assert transactions(pulled)[-1].chain_ref == hidden
    assert transactions(pulled)[-1].legs[0].quantity == Decimal(ETHER // 3).scaleb(-18)
    assert pulled.proof == f"nonce and balance at block {node.head - FINAL_BELOW_HEAD}"


async def test_the_sandbox_chain_adds_up_through_the_table_of_chains():
    settings = {key: str(value) for key, value in tomllib.loads((ROOT / "config/chains.toml").read_text())["ethereum"].items()}
    async with SandboxChain() as chain:
        reader = connector(chain.url, wallet(), **settings)
        pulled = await Pulled().pull(reader)
        declared = {one.asset: one.quantity for one in (await reader.balances({"chain": pulled.cursor})).amounts}
        await pulled.pull(reader)
        assert pulled.pages[0].records == ()
        await reader.aclose()
    derived: dict[str, Decimal] = {}
    for one in transactions(pulled):
        for leg in one.legs if "spam" not in one.flags else ():
            derived[leg.asset] = derived.get(leg.asset, Decimal(0)) + leg.quantity
    assert derived == declared
    assert len(declared) > 3
    assert {"spam", "failed"} == {flag for one in transactions(pulled) for flag in one.flags}


async def test_what_cannot_be_attributed_without_traces_is_booked_by_block(node):
    node.pay(value=ETHER)
    first, second = (node.send(to=None, value=v, data="0x73" + ME[2:].lower() + "ff") for v in (5, 7))
    node.mine()
    block = node.head
    node.mine(FINAL_BELOW_HEAD)
    async with Provider(node.url, deny=("trace_", "debug_")).serving() as provider:
        reader = connector(provider.url)
        blind = await Pulled().pull(reader)
        await reader.aclose()
    booked = transactions(blind)[-1]
    assert (booked.keys, booked.hint, booked.flags, booked.legs[0].quantity) == (
        (f"chain/unexplained:{block}",),
        "chain",
        ("unexplained",),
        Decimal(12).scaleb(-18),
    )
    reader = connector(node.url)
    assert {first, second} < {key for _, key in (await Pulled().pull(reader)).records}
    await reader.aclose()


async def test_genesis_and_gifts_without_transaction_are_booked(node):
    node("anvil_setBalance", ME, hex(3 * ETHER))
    node.mine(FINAL_BELOW_HEAD + 1)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    assert native_sum(pulled) == 3
    assert [amount.quantity for amount in (await reader.balances({"chain": pulled.cursor})).amounts] == [Decimal(3)]
    await reader.aclose()


async def test_a_forged_log_is_spam_and_one_of_zero_is_nothing(node):
    node("anvil_setCode", "0x" + "f0" * 20, FORGER)
    node.pay(value=ETHER)
    forged = node.pay(to="0x" + "f0" * 20, data="0x" + word(ME) + word(FRIEND) + word(500))["transactionHash"]
    node.pay(to="0x" + "f0" * 20, data="0x" + word(ME) + word(FRIEND) + word(0))
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    spam = [one for one in transactions(pulled) if "spam" in one.flags]
    assert [(one.chain_ref, one.legs[0].asset, one.legs[0].quantity) for one in spam] == [
        (forged, "eip155:1/erc20:0x" + "f0" * 20, Decimal(-500)),
    ]
    assert len(transactions(pulled)) == 2
    assert [amount.asset for amount in (await reader.balances({"chain": pulled.cursor})).amounts] == [NATIVE]
    await reader.aclose()


async def test_a_forged_log_inside_a_true_payment_leaves_the_payment_alone(node):
    node("anvil_setCode", "0x" + "f0" * 20, FORGER)
    node.pay(value=ETHER)
    node.pay(sender=ME, to="0x" + "f0" * 20, value=7, data="0x" + word(FRIEND) + word(ME) + word(500))
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    last = transactions(await Pulled().pull(reader))[-1]
    assert last.flags == ()
    assert {leg.asset for leg in last.legs} == {NATIVE}
    assert last.note.startswith("left out: 1 token movement")
    await reader.aclose()


async def test_a_fake_token_that_declares_riches_is_neither_held_nor_growth(node):
    node("anvil_setCode", "0x" + "f0" * 20, RICH_FORGER)
    node.pay(value=ETHER)
    node.pay(to="0x" + "f0" * 20, data="0x" + word(FRIEND) + word(ME) + word(500))
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    assert [one.flags for one in transactions(pulled)] == [(), ("spam",)]
    assert [amount.asset for amount in (await reader.balances({"chain": pulled.cursor})).amounts] == [NATIVE]
    await reader.aclose()


@pytest.mark.parametrize("deny", [(), ("trace_", "debug_")])
async def test_a_fee_that_the_receipt_does_not_tell_in_full_is_found_by_the_proof(node, deny):
    node.pay(value=ETHER)
    receipt = node.pay(sender=ME, to=FRIEND, value=ETHER // 2)
    node.mine(FINAL_BELOW_HEAD)

    def cheaper(call, reply):
        if call["method"] == "eth_getTransactionReceipt":
            reply["result"]["effectiveGasPrice"] = "0x1"

    async with Provider(node.url, deny=deny, alter=cheaper).serving() as provider:
        reader = connector(provider.url)
        pulled = await Pulled().pull(reader)
        await reader.aclose()
    (fee,) = [leg.quantity for one in transactions(pulled) for leg in one.legs if leg.is_fee]
    assert fee == -Decimal(int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)).scaleb(-18)
    assert not [one for one in transactions(pulled) if "unexplained" in one.flags]


async def test_a_reorganisation_deeper_than_what_is_remembered_needs_a_person(node, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 2)
    for step in range(4):
        node.pay(value=ETHER + step)
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    assert [len(json.loads(pulled.cursor)[part]) for part in ("recent", "below")] == [2, 2]
    node("anvil_reorg", FINAL_BELOW_HEAD + 2, [])
    node.mine(1)
    before = Pulled(dict(pulled.records), [], pulled.cursor)
    await pulled.pull(reader)
    assert len(pulled.pages[0].withdrawn) == 2
    assert native_sum(pulled) == 2 + Decimal("1E-18")
    node("anvil_reorg", FINAL_BELOW_HEAD + 5, [])
    node.mine(1)
    with pytest.raises(AccessDenied, match="sync in full"):
        await before.pull(reader)
    await reader.aclose()


async def test_two_own_addresses_have_a_record_each(node):
    node.pay(value=5)
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url, ME, FRIEND.lower())
    pulled = await Pulled().pull(reader)
    both = [one for one in transactions(pulled) if one.chain_ref]
    assert [(one.account, one.legs[0].quantity) for one in both] == [("acc0", Decimal("5E-18")), ("acc1", Decimal("-5E-18"))]
    assert {one.account for one in pulled.pages[-1].coverage} == {"acc0", "acc1"}
    await reader.aclose()


async def test_reorganisation_withdraws_and_reads_again(node):
    kept = node.pay(value=ETHER)["transactionHash"]
    node.mine(2)
    gone = node.pay(value=2 * ETHER)["transactionHash"]
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    assert {key for _, key in pulled.records} == {kept, gone}
    node("anvil_reorg", FINAL_BELOW_HEAD + 2, [])
    node.mine(1)
    await pulled.pull(reader)
    assert pulled.pages[0].withdrawn == (gone,)
    assert {key for _, key in pulled.records} == {kept}
    assert native_sum(pulled) == 1
    assert pulled.records == (await Pulled().pull(reader)).records
    await reader.aclose()


async def test_a_chain_that_changes_while_it_is_read_is_read_later(node):
    node.pay(value=ETHER)
    node.mine(20)

    def reorganise(call, reply):
        if call["method"] == "eth_getCode":
            node("anvil_reorg", FINAL_BELOW_HEAD + 3, [])

    def elsewhere(call, reply):
        if call["method"] == "eth_getTransactionReceipt":
            reply["result"]["blockHash"] = "0x" + "00" * 32

    for alter in (elsewhere, reorganise):
        async with Provider(node.url, alter=alter).serving() as provider:
            reader = connector(provider.url)
            with pytest.raises(RetryLater, match="chain changed"):
                await Pulled().pull(reader)
            await reader.aclose()


async def test_a_node_that_lags_behind_is_asked_later(node):
    node.pay(value=ETHER)
    node.mine(20)
    reader = connector(node.url)
    pulled = await Pulled().pull(reader)
    node("anvil_rollback", 6)
    with pytest.raises(RetryLater, match="final block"):
        await pulled.pull(reader)
    await reader.aclose()


async def test_stopped_anywhere_and_resumed_gives_the_same_records(node, monkeypatch):
    for step in range(8):
        node.pay(value=ETHER + step)
    node.bomb(99)
    node.mine(FINAL_BELOW_HEAD)
    reader = connector(node.url)
    whole = await Pulled().pull(reader)
    monkeypatch.setattr(module, "PAGE", 2)
    paged = await Pulled().pull(reader)
    assert len(paged.pages) == 5
    assert paged.records == whole.records
    for stop in range(1, 5):
        resumed = Pulled()
        for page in paged.pages[:stop]:
            resumed.records |= {(record.account, record.key): record for record in page.records}
            resumed.cursor = page.resume_from
        await resumed.pull(reader)
        assert resumed.records == whole.records
        assert resumed.cursor == paged.cursor
    await reader.aclose()


async def test_wrong_chain_names_both(node):
    reader = connector(node.url, chain_id="8453")
    with pytest.raises(AccessDenied, match=r"chain 1, .*chain 8453"):
        await reader.probe()
    with pytest.raises(AccessDenied, match=r"chain 1, .*chain 8453"):
        await Pulled().pull(reader)
    await reader.aclose()


async def test_identity_is_the_address_and_contracts_are_named(node):
    reader = connector(node.url, "eth:" + ME.lower())
    assert (await reader.probe()).id == f"eip155:1:{ME.lower()}"
    assert (await reader.probe()).permissions == "watch-only"
    await reader.aclose()
    node("anvil_setCode", ME, REVERTER)
    node.mine(FINAL_BELOW_HEAD + 1)
    async with Provider(node.url, deny=("trace_", "debug_")).serving() as provider:
        reader = connector(provider.url)
        assert "is a contract" in (await reader.probe()).says[0]
        assert (await Pulled().pull(reader)).proof.startswith("unproven: the address runs code")
        await reader.aclose()


async def test_node_without_past_states_is_refused_with_the_remedy(node):
    node.pay(value=ETHER)
    node.mine(20)
    async with Provider(node.url, no_past_below=15, deny=("trace_", "debug_")).serving() as provider:
        reader = connector(provider.url)
        for doing in (reader.probe(), Pulled().pull(reader)):
            with pytest.raises(AccessDenied, match="archive node"):
                await doing
        await reader.aclose()


async def test_strange_cursor_is_not_guessed(node):
    reader = connector(node.url)
    pulled = Pulled(cursor=module.Cursor('{"block": "x"}'))
    with pytest.raises(SourceChanged, match="in full"):
        await pulled.pull(reader)
    await reader.aclose()


async def test_a_reply_that_breaks_midway_never_ends_as_an_empty_history(node):
    node.pay(value=ETHER)
    node.mine(FINAL_BELOW_HEAD)
    async with Provider(node.url).serving() as provider:
        reader = connector(provider.url)
        assert len((await Pulled().pull(reader)).records) == 1
        await reader.aclose()
        replies = provider.posts
    assert replies > 5
    for broken in range(1, replies + 1):
        async with Provider(node.url, cut=broken).serving() as provider:
            reader = connector(provider.url)
            with pytest.raises(RetryLater, match="not JSON-RPC"):
                await Pulled().pull(reader)
            await reader.aclose()


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"chain_id": "one"}, "chain"), ({"finality": "soon"}, "chain"), ({"rpc": ""}, None)],
)
def test_settings_that_cannot_be_used(settings, field):
    if field is None:
        with pytest.raises(InvalidInput, match="http"):
            connector("ftp://node.example")
    else:
        with pytest.raises(InvalidInput) as wrong:
            connector("http://127.0.0.1:1", **settings)
        assert wrong.value.field == field


@pytest.mark.parametrize("deny", [(), ("trace_", "debug_")])
async def test_beacon_withdrawals_are_read_from_the_block(node, deny):
    node.pay(value=ETHER)
    node("anvil_setBalance", ME, hex(ETHER + 32 * 10**9))
    block = node.head
    node.mine(FINAL_BELOW_HEAD)
    withdrawal = {"index": "0x1", "validatorIndex": "0x2", "address": ME.lower(), "amount": hex(32)}

    def withdrawing(call, reply):
        if call["method"] == "eth_getBlockByNumber" and call["params"] == [hex(block), True]:
            reply["result"]["withdrawals"] = [withdrawal, withdrawal | {"address": FRIEND.lower()}]

    async with Provider(node.url, deny=deny, alter=withdrawing).serving() as provider:
        reader = connector(provider.url)
        pulled = await Pulled().pull(reader)
        await reader.aclose()
    (income,) = [one for one in transactions(pulled) if one.hint == "reward"]
    assert (income.legs[0].quantity, income.note) == (Decimal(32 * 10**9).scaleb(-18), f"block {block}: withdrawal")
    assert native_sum(pulled) == 1 + Decimal(32 * 10**9).scaleb(-18)

"""Pure parts: addresses, logs, traces, fees, exact amounts, look-alike tokens, and the table of chains."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest

from connectors.contract import InvalidInput, RawRecord, Transaction, Unreadable
from connectors.evm.address import SHORT_NAMES, parse_address
from connectors.evm.facts import fee_of
from connectors.evm.logs import BATCH, DEPOSIT, SINGLE, TRANSFER, WITHDRAWAL, ZERO, called, moves, topic, traced
from connectors.evm.normalise import amount_of, impostors, normalise
from tests.tools import ROOT

ME, OTHER, TOKEN = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20

# Vectors of EIP-55: all caps, all lower, normal.
EIP55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("address", EIP55)
def test_eip55(address):
    for text in (address, address.lower(), "0x" + address[2:].upper(), f"  {address}\n", "eth:" + address):
        assert parse_address(text, "ethereum") == address


@pytest.mark.parametrize(
    ("text", "chain", "says"),
    [
        ("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", None, "mistyped"),
        ("0x1234", None, "40 hex digits"),
        ("", None, "40 hex digits"),
        ("somebody.eth", None, "name is not resolved"),
        ("arb1:" + EIP55[4], "ethereum", "means the chain arbitrum"),
        ("0x" + "4f" * 32, None, "private key"),
        ("legal winner thank year wave sausage worth useful legal winner thank yellow", None, "seed phrase"),
    ],
)
def test_addresses_that_are_refused_without_echo(text, chain, says):
    with pytest.raises(InvalidInput, match=says) as wrong:
        parse_address(text, chain)
    assert wrong.value.field == "address"
    assert "4f4f" not in str(wrong.value)
    assert "sausage" not in str(wrong.value)


def word(value: int) -> str:
    return f"{value:064x}"


def log(topics: list[str], *words: int, token: str = TOKEN) -> dict[str, Any]:
    return {"address": token, "topics": topics, "data": "0x" + "".join(map(word, words))}


def amounts(*logs: dict[str, Any]) -> list[tuple[str, int]]:
    return [(move.holding, move.amount) for move in moves(logs, ME)]


def test_logs_by_their_topics():
    me, other = topic(ME), topic(OTHER)
    assert amounts(log([TRANSFER, other, me], 5)) == [(f"erc20:{TOKEN}", 5)]
    assert amounts(log([TRANSFER, me, other], 5)) == [(f"erc20:{TOKEN}", -5)]
    assert amounts(log([TRANSFER, me, other, "0x" + word(42)])) == [(f"erc721:{TOKEN}/42", -1)]
    assert amounts(log([SINGLE, other, other, me], 7, 3)) == [(f"erc1155:{TOKEN}/7", 3)]
    assert amounts(log([BATCH, other, me, other], 64, 160, 2, 7, 8, 2, 3, 4)) == [(f"erc1155:{TOKEN}/7", -3), (f"erc1155:{TOKEN}/8", -4)]
    assert amounts(log([DEPOSIT, me], 9), log([WITHDRAWAL, me], 4)) == [(f"erc20:{TOKEN}", 9), (f"erc20:{TOKEN}", -4)]


def test_logs_that_move_nothing():
    me, other = topic(ME), topic(OTHER)
    assert amounts(log([TRANSFER, me, other], 0), log([TRANSFER, me, me], 5), log([TRANSFER, me, other])) == []
    assert amounts(log([BATCH, other, me, other], 64, 1 << 200, 2, 7), log([BATCH, other, me, other], 1, 2, 3, 4)) == []
    assert amounts(log([DEPOSIT, me], 9), log([TRANSFER, topic(ZERO), me], 9)) == [(f"erc20:{TOKEN}", 9)], "wrapped once, not twice"


def frame(path: list[int], kind: str = "call", error: str | None = None, **action: Any) -> dict[str, Any]:
    return {"type": kind, "traceAddress": path, "action": {"value": "0x0", **action}} | ({"error": error} if error else {})


def test_traces():
    out, back = {"from": ME, "to": OTHER}, {"from": OTHER, "to": ME}
    assert (
        traced([frame([], callType="call", **out | {"value": "0xa"}), frame([0], callType="call", **back | {"value": "0x4"})], ME)[0] == -6
    )
    assert traced([frame([], callType=kind, **out | {"value": "0xa"}) for kind in ("delegatecall", "staticcall", "callcode")], ME)[0] == 0
    failed = [frame([0], error="Reverted", callType="call", **out), frame([0, 1], callType="call", **back | {"value": "0x4"})]
    assert traced([*failed, frame([1], callType="call", **back | {"value": "0x1"})], ME)[0] == 1
    assert traced([frame([], "suicide", address=OTHER, refundAddress=ME, balance="0x7")], ME) == (7, (OTHER,))
    assert traced([frame([], "create", **{"from": ME, "value": "0x3"}) | {"result": {"address": OTHER}}], ME) == (-3, (OTHER,))
    assert traced([frame([], "reward", author=ME)], ME) == (0, ())


def test_call_trees_of_geth():
    def call(kind: str, source: str, target: str, value: int, *calls: Any, **more: Any) -> dict[str, Any]:
        return {"type": kind, "from": source, "to": target, "value": hex(value), "calls": list(calls), **more}

    inside = call("CALL", OTHER, ME, 4), call("DELEGATECALL", OTHER, ME, 9), call("SELFDESTRUCT", TOKEN, ME, 1)
    assert called(call("CALL", ME, OTHER, 10, *inside), ME) == (-5, (OTHER, TOKEN))
    undone = call("CALL", OTHER, TOKEN, 0, call("CALL", TOKEN, ME, 8), error="execution reverted")
    assert called(call("CALL", ME, OTHER, 0, undone, call("CREATE2", ME, OTHER, 2)), ME) == (-2, (OTHER,))


def test_fees_of_kinds_of_chains():
    receipt = {"gasUsed": hex(100), "effectiveGasPrice": hex(7)}
    assert fee_of({"type": "0x2"}, receipt) == 700
    assert fee_of({"type": "0x0", "gasPrice": hex(7)}, {"gasUsed": hex(100)}) == 700, "before effectiveGasPrice was in receipts"
    assert fee_of({"type": "0x3"}, receipt | {"blobGasUsed": hex(10), "blobGasPrice": hex(3)}) == 730
    assert fee_of({"type": "0x2"}, receipt | {"l1Fee": hex(50)}) == 750
    operator = {"l1Fee": hex(50), "operatorFeeScalar": hex(2_000_000), "operatorFeeConstant": hex(5)}
    assert fee_of({"type": "0x2"}, receipt | operator) == 955
    assert fee_of({"type": "0x7e"}, receipt | {"l1Fee": hex(50)}) == 0


def test_amounts_are_exact_in_any_context():
    with localcontext() as context:
        context.prec = 5
        amount = amount_of(-(2**256 - 1), 18)
    assert amount.as_tuple().digits == tuple(int(digit) for digit in str(2**256 - 1))
    assert (amount.is_signed(), amount.as_tuple().exponent) == (True, -18)
    assert amount_of(5, 0) == 5


def record(key: str, *, sender: str = OTHER, symbol: str = "USDX", token: str = TOKEN, genuine: bool = False, **more: Any) -> RawRecord:
    payload = {
        "chain": "1",
        "native": "eip155:1/slip44:60",
        "symbol": "ETH",
        "block": "1",
        "me": ME,
        "hash": key,
        "index": "0",
        "from": sender,
        "to": TOKEN,
        "ok": True,
        "value": "0",
        "fee": "21",
        "net": "0",
        "others": [],
        "unbacked": [],
        "logs": [log([TRANSFER, topic(OTHER), topic(ME)], 5_000_000, token=token)],
        "tokens": {token: {"decimals": "6", "symbol": symbol, "genuine": genuine}},
    }
    return RawRecord("acc", "chain", key, datetime(2024, 1, 1, tzinfo=UTC), json.dumps(payload | more))


def flags(*records: RawRecord) -> dict[str, tuple[str, ...]]:
    return {str(one.chain_ref): one.flags for one in normalise(records) if isinstance(one, Transaction)}


def test_a_look_alike_is_spam_only_beside_the_real_one():
    clone = "0x" + "44" * 20
    assert flags(record("0xa", token=clone)) == {"0xa": ()}
    assert flags(record("0xa", token=clone), record("0xb", sender=ME)) == {"0xa": ("spam",), "0xb": ()}
    assert flags(record("0xa", token=clone, symbol="usdｘ"), record("0xb", genuine=True)) == {"0xa": ("spam",), "0xb": ()}
    assert flags(record("0xa", token=clone, genuine=True), record("0xb", sender=ME)) == {"0xa": (), "0xb": ()}
    assert flags(record("0xa", token=clone), record("0xc", token=clone, sender=ME), record("0xb", sender=ME)) == {
        "0xa": (),
        "0xb": (),
        "0xc": (),
    }
    assert flags(record("0xa", token=clone, symbol="ETH")) == {"0xa": ("spam",)}
    assert impostors({TOKEN: ("", False), clone: ("", True)}, {""}) == frozenset()


def test_a_deposit_log_of_something_that_is_no_token_is_no_spam():
    staked = record("0xa", sender=ME, unbacked=[TOKEN], logs=[log([DEPOSIT, topic(ME)], 9)], net="-9")
    (read,) = normalise([staked])
    assert isinstance(read, Transaction)
    assert (read.flags, read.note) == ((), "")
    assert [leg.quantity for leg in read.legs] == [Decimal("-9E-18"), Decimal("-21E-18")]


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ([("withdrawal", "17000000000000000")], "reward"),
        ([("withdrawal", "15999999999999999999"), ("withdrawal", "15999999999999999999")], "reward"),
        ([("withdrawal", "16000000000000000000")], "chain"),
        ([("withdrawal", "32001000000000000000")], "chain"),
        ([("withdrawal", "17000000000000000"), ("withdrawal", "32001000000000000000")], "chain"),
        ([("reward", "99000000000000000000")], "reward"),
        ([("unattributed", "1")], "chain"),
    ],
)
def test_a_stake_that_comes_back_is_no_income(rows, hint):
    own = [{"amount": amount, "why": why} for why, amount in rows]
    payload = {"chain": "1", "native": "eip155:1/slip44:60", "symbol": "ETH", "block": "5", "holding": "", "unexplained": own, "tokens": {}}
    (read,) = normalise([RawRecord("acc", "chain", "unexplained:5", datetime(2024, 1, 1, tzinfo=UTC), json.dumps(payload))])
    assert isinstance(read, Transaction)
    assert read.hint == hint
    assert read.legs[0].quantity == amount_of(sum(int(amount) for _, amount in rows), 18)


def test_a_transaction_tells_its_place_in_the_block():
    places = [one.sequence for one in normalise([record("0xff", index="1"), record("0xaa", index="2")]) if isinstance(one, Transaction)]
    assert places == [1, 2]


def test_order_does_not_matter_and_strange_records_are_kept_apart():
    records = [record("0xa"), record("0xb", sender=ME), record("0xc", ok=False, sender=ME)]
    read = {one.chain_ref: one for one in normalise(records)}  # type: ignore[union-attr]
    assert read == {one.chain_ref: one for one in normalise(reversed(records))}  # type: ignore[union-attr]
    when = datetime(2024, 1, 1, tzinfo=UTC)
    for payload in ("", "[]", "{}", "null", '{"hash": "0xa"}', json.dumps({"hash": "0xa", "logs": [{}], "me": ME})):
        (one,) = normalise([RawRecord("acc", "chain", "k", when, payload)])
        assert isinstance(one, Unreadable), payload


def test_the_table_of_chains():
    chains = tomllib.loads((ROOT / "config/chains.toml").read_text())
    assert set(SHORT_NAMES.values()) == set(chains)
    assert len({chain["chain_id"] for chain in chains.values()}) == len(chains)
    for name, chain in chains.items():
        assert chain["native"].startswith(f"eip155:{chain['chain_id']}/slip44:"), name
        assert chain["finality"] == "finalized"
        assert chain["source"].startswith("https://")
        for address in [chain["wrapped"], *chain.get("tokens", "").split()]:
            assert parse_address(address, name) == address, f"{name}: {address} is not in its checksummed form"

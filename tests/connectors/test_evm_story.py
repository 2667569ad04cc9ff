"""The shared wallet story of 45 transactions: every leg, fee and balance, with traces and through a provider's limits."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import defaultdict
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from connectors.contract import Transaction
from tests.connectors.evm_chain import Provider, Pulled, connector
from tests.tools import anvil, shared


def _load() -> ModuleType:
    place = shared("fixtures", "chain", "start_chain.py")
    spec = importlib.util.spec_from_file_location("shared_start_chain", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def story():
    binary, module = anvil(), _load()
    before = os.environ.get("ANVIL_BIN")
    os.environ["ANVIL_BIN"] = binary
    try:
        with module.Anvil() as node:
            yield module.expected(module.build(node.rpc), node.url)
        node.process.stderr.close()
    finally:
        os.environ.pop("ANVIL_BIN") if before is None else os.environ.update(ANVIL_BIN=before)


Key = tuple[str, str]
"""(asset, token id)."""


def _expected_legs(story: dict[str, Any], transaction: dict[str, Any], wallet: str) -> dict[Key, Decimal]:
    decimals = {address.lower(): token["decimals"] for address, token in story["tokens"].items()}
    legs: dict[Key, Decimal] = defaultdict(Decimal)
    for leg in transaction["legs"]:
        if leg["wallet"] == wallet:
            asset = leg["asset"].lower()
            places = 18 if asset == "native" else decimals[asset]
            legs[asset, "" if leg["token_id"] is None else str(leg["token_id"])] += Decimal(leg["amount"]).scaleb(-places)
    return {key: amount for key, amount in legs.items() if amount}


def _legs(transaction: Transaction | None) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = {}
    for leg in transaction.legs if transaction else ():
        name = leg.asset.partition("/")[2]
        asset, _, token_id = ("native", "", "") if name == "slip44:60" else name.partition(":")[2].partition("/")
        if not leg.is_fee:
            found[asset, token_id] = leg.quantity
    return found


def _fee(transaction: Transaction | None) -> Decimal:
    return -sum((leg.quantity for leg in transaction.legs if leg.is_fee), Decimal(0)) if transaction else Decimal(0)


@pytest.mark.parametrize("mode", ["traces", "limited"])
async def test_every_leg_fee_and_balance_is_as_expected(story, mode):
    limits = {"batch": 10, "log_range": 50, "deny": ("trace_", "debug_", "ots_")} if mode == "limited" else {}
    async with Provider(story["rpc_url"], **limits).serving() as provider:
        for wallet in story["wallets"]:
            reader = connector(provider.url, wallet)
            pulled = await Pulled().pull(reader)
            balances = await reader.balances({"chain": pulled.cursor})
            await reader.aclose()
            read = list(reader.normalise("ethereum", pulled.records.values()))
            assert all(isinstance(one, Transaction) for one in read)
            by_hash = {one.chain_ref: one for one in read if one.chain_ref}
            for told in story["transactions"]:
                got, name = by_hash.pop(told["hash"], None), f"{told['kind']}: {told['note']}"
                assert _legs(got) == _expected_legs(story, told, wallet), name
                assert _fee(got) == (Decimal(told["fee"]).scaleb(-18) if told["sender"] == wallet else 0), name
                if got:
                    assert got.flags == (("spam",) if told["spam"] else ("failed",) if not told["status"] else ()), name
            assert not by_hash, "a transaction that nobody sent"
            assert pulled.proof.startswith(f"nonce and balance at block {story['finalized']}")
            _books_what_no_transaction_explains(story, wallet, read)
            _adds_up(read, {balance.asset: balance.quantity for balance in balances.amounts}, story, wallet)


def _books_what_no_transaction_explains(story: dict[str, Any], wallet: str, read: list[Transaction]) -> None:
    want = {
        (f"chain/unexplained:{one['block']}", Decimal(one["amount"]).scaleb(-18))
        for one in story["balance_changes_without_tx"]
        if one["wallet"] == wallet
    }
    native = [one for one in read if not one.chain_ref and one.legs[0].asset == "eip155:1/slip44:60"]
    assert {(one.keys[0], one.legs[0].quantity) for one in native} == want
    assert all(one.hint == "reward" for one in read if not one.chain_ref)
    grown = [one.legs[0].quantity for one in read if "/erc20:" in one.keys[0]]
    assert grown == ([Decimal("0.5")] if wallet == story["wallets"][0] else []), "the rebasing token grew by 0.5 in one block"


def _adds_up(read: list[Transaction], declared: dict[str, Decimal], story: dict[str, Any], wallet: str) -> None:
    derived: dict[str, Decimal] = defaultdict(Decimal)
    for one in read:
        for leg in one.legs if "spam" not in one.flags else ():
            derived[leg.asset] += leg.quantity
    assert {asset: amount for asset, amount in derived.items() if amount} == declared
    for asset, raw in story["balances"][wallet].items():
        place = "eip155:1/slip44:60" if asset == "native" else f"eip155:1/erc20:{asset.lower()}"
        places = 18 if asset == "native" else story["tokens"][asset]["decimals"]
        if f"eip155:1/erc721:{asset.lower()}" not in {a.rpartition("/")[0] for a in derived}:
            assert declared.get(place, Decimal(0)) == Decimal(raw).scaleb(-places)

"""The story of the sandbox's chain, played on a real node: a watch-only wallet between 2023 and 2026.

What it promises: the same blocks, hashes included, on every run (each block's time and base fee are set, so nothing depends
on the clock), and by the labels of `Story.transfers` the transactions that the sandbox's exchanges name as theirs.
"""

from __future__ import annotations

import json
import socket
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from eth_abi import encode
from eth_account import Account
from eth_utils import to_checksum_address

from tests.node import NodeProcess

CONTRACTS = json.loads((Path(__file__).parent / "chain_contracts.json").read_text())
MNEMONIC = "test test test test test test test test test test test junk"
"""anvil's public test mnemonic: everybody knows its keys, nobody may ever use them."""
CAST = (
    "issuer",
    "kraken",
    "binance",
    "coinbase",
    "dealer",
    "spammer",
    "builder",
    "wallet",
    "binance-deposit",
    "coinbase-deposit",
    "lookalike",
)
MAINNET = {
    "USDC": ("Dollar", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
    "LINK": ("Link", "0x514910771af9ca656af840dff83e8264ecf986ca"),
    "WETH": ("WrappedEther", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"),
}
ETHER, GWEI = 10**18, 10**9
NO_COIN = "0x" + "0" * 40
GENESIS = datetime(2023, 1, 1, tzinfo=UTC)
HEAD = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLOTS = 32
"""Blocks in an epoch, as on mainnet: safe is one epoch behind the head, finalized two."""


class NodeRefused(RuntimeError):
    """The node answered a call with an error; `error` is its JSON-RPC error object."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


@dataclass
class Node:
    """An anvil of its own on loopback, with its past states in a folder that goes with it; a context manager."""

    binary: str
    url: str = ""

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        words = ["--host", "127.0.0.1", "--port", port, "--chain-id", "1", "--no-mining"]
        words += ["--timestamp", str(int(GENESIS.timestamp())), "--slots-in-an-epoch", str(SLOTS)]
        words += ["--mnemonic", MNEMONIC, "--accounts", str(len(CAST)), "--balance", "0"]
        words += ["--max-persisted-states", "2000"]
        self.process = NodeProcess(self.binary, words)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()

    def post(self, body: Any) -> Any:
        """One HTTP request; the decoded body of the answer."""
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call, or NodeRefused."""
        reply = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in reply:
            raise NodeRefused(method, reply["error"])
        return reply["result"]

    def ask(self, calls: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        """A batch's answers in the order of its calls, each with `result` or `error` and nothing else."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(calls), 1000):
            part = [{"jsonrpc": "2.0", "id": n, "method": m, "params": p} for n, (m, p) in enumerate(calls[start : start + 1000])]
            for reply in sorted(self.post(part), key=lambda reply: reply["id"]):
                answers.append({key: reply[key] for key in ("result", "error") if key in reply})
        return answers


def calldata(contract: str, signature: str, *values: Any) -> str:
    """ABI-encoded call of one of our contracts' functions, as 0x hex."""
    types = signature[signature.index("(") + 1 : -1]
    return "0x" + CONTRACTS[contract]["methods"][signature] + encode(types.split(",") if types else [], values).hex()


def units(amount: str, decimals: int = 18) -> int:
    """An amount in the asset's smallest unit, exactly."""
    scaled = Decimal(amount) * 10**decimals
    assert scaled == int(scaled), amount
    return int(scaled)


@dataclass
class Story:
    """Plays the story. Afterwards `transfers` maps label to transaction hash and `places` name to checksummed address."""

    node: Node
    transfers: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    clock: datetime = GENESIS

    def play(self) -> Self:
        Account.enable_unaudited_hdwallet_features()
        for index, name in enumerate(CAST):
            self.places[name] = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}").address
        for symbol, (contract, address) in MAINNET.items():
            self.places[symbol] = to_checksum_address(address)
            self.node.call("anvil_setCode", address, CONTRACTS[contract]["code"])
        for name in ("issuer", "kraken", "binance", "coinbase", "dealer", "spammer"):
            self.node.call("anvil_setBalance", self.places[name], hex(50_000 * ETHER))
        self.node.call("anvil_setCoinbase", self.places["builder"])
        self.stock()
        self.from_2023()
        self.from_2025()
        settled = HEAD - timedelta(seconds=12 * 2 * SLOTS)
        self.rest_until(settled)
        self.block(settled, 14)
        while self.clock < HEAD:
            self.block(self.clock + timedelta(seconds=12), 14)
        return self

    # -- chapters

    def stock(self) -> None:
        """Coins for the exchanges, a router with stock and rates, the bait."""
        self.send("router-built", "2023-01-02T09:00", "dealer", None, CONTRACTS["Router"]["creation"], gwei=15)
        self.send("router-ether", "2023-01-02T09:10", "dealer", "router", value=units("500"), gwei=15)
        for label, coin, amount, to in (
            ("issue-usdc-coinbase", "USDC", units("5000000", 6), "coinbase"),
            ("issue-usdc-router", "USDC", units("3000000", 6), "router"),
            ("issue-link-binance", "LINK", units("200000"), "binance"),
            ("issue-link-router", "LINK", units("100000"), "router"),
        ):
            data = calldata(MAINNET[coin][0], "issue(address,uint256)", self.places[to], amount)
            self.send(label, "2023-01-03T10:00", "issuer", coin, data, gwei=17)

    def from_2023(self) -> None:
        """What arrives from the exchanges until autumn 2024, spam between, and the first swap."""
        self.send("kraken-eth-1", "2023-03-14T10:00", "kraken", "wallet", value=units("4"), gwei=24, legacy=True)
        self.send("binance-eth-1", "2024-01-22T08:30", "binance", "wallet", value=units("6.5"), gwei=19, legacy=True)
        self.send("bait-built", "2024-04-02T03:00", "spammer", None, CONTRACTS["Bait"]["creation"], gwei=11)
        claim = calldata("Bait", "claimToHaveSent(address,address,uint256)", self.places["bait"], self.places["wallet"], units("1500"))
        self.send("spam-airdrop", "2024-04-02T03:05", "spammer", "bait", claim, gwei=11)
        self.coins("coinbase-usdc-1", "2024-06-03T15:20", "coinbase", "USDC", units("9000", 6), to="wallet", gwei=16)
        forged = calldata("Dollar", "transferFrom(address,address,uint256)", self.places["wallet"], self.places["lookalike"], 0)
        self.send("spam-poison", "2024-06-03T16:02", "spammer", "USDC", forged, gwei=12)
        self.coins("binance-link-1", "2024-09-10T11:00", "binance", "LINK", units("400"), to="wallet", gwei=13)
        self.rate("2024-11-18T07:00", "USDC", "LINK", units("206"), units("3000", 6))
        self.approve("approve-usdc", "2024-11-18T14:05", "USDC", units("3000", 6), gwei=21)
        coins = (self.places["USDC"], units("3000", 6), self.places["LINK"], units("205"))
        swap = calldata("Router", "swapCoinForCoin(address,uint256,address,uint256)", *coins)
        self.send("swap-usdc-link", "2024-11-18T14:08", "wallet", "router", swap, gwei=22)

    def from_2025(self) -> None:
        """Deposits to the exchanges, a failure, ether sold and bought through the router, wrapping."""
        self.send("wallet-binance-1", "2025-02-11T19:45", "wallet", "binance-deposit", value=units("2"), gwei=18)
        greedy = calldata("Router", "swapEtherForCoin(address,uint256)", self.places["LINK"], units("900"))
        self.send("failed-swap", "2025-03-20T21:15", "wallet", "router", greedy, value=units("0.3"), gwei=26, succeeds=False)
        self.send("self-transfer", "2025-06-09T12:00", "wallet", "wallet", gwei=10)
        self.rate("2025-09-15T09:00", None, "USDC", units("4500", 6), units("1"))
        buy = calldata("Router", "swapEtherForCoin(address,uint256)", self.places["USDC"], units("3582", 6))
        self.send("swap-eth-usdc", "2025-09-15T13:30", "wallet", "router", buy, value=units("0.8"), gwei=20)
        self.rate("2025-12-04T10:00", "LINK", None, units("0.00435"), units("1"))
        self.approve("approve-link", "2025-12-04T17:40", "LINK", units("50"), gwei=14)
        sell = calldata("Router", "swapCoinForEther(address,uint256,uint256)", self.places["LINK"], units("50"), units("0.2165"))
        self.send("swap-link-eth", "2025-12-04T17:44", "wallet", "router", sell, gwei=15)
        self.send("wrap-eth", "2026-01-12T10:30", "wallet", "WETH", calldata("WrappedEther", "deposit()"), value=units("0.5"), gwei=12)
        unwrap = calldata("WrappedEther", "withdraw(uint256)", units("0.2"))
        self.send("unwrap-eth", "2026-01-26T08:20", "wallet", "WETH", unwrap, gwei=11)
        self.coins("wallet-coinbase-1", "2026-05-06T09:10", "wallet", "USDC", units("2000", 6), to="coinbase-deposit", gwei=17)

    # -- sentences

    def coins(self, label: str, at: str, sender: str, coin: str, amount: int, *, to: str, gwei: int) -> None:
        data = calldata(MAINNET[coin][0], "transfer(address,uint256)", self.places[to], amount)
        self.send(label, at, sender, coin, data, gwei=gwei)

    def approve(self, label: str, at: str, coin: str, amount: int, *, gwei: int) -> None:
        data = calldata(MAINNET[coin][0], "approve(address,uint256)", self.places["router"], amount)
        self.send(label, at, "wallet", coin, data, gwei=gwei)

    def rate(self, at: str, sold: str | None, bought: str | None, outgoing: int, incoming: int) -> None:
        pair = [self.places[coin] if coin else NO_COIN for coin in (sold, bought)]
        data = calldata("Router", "post(address,address,uint256,uint256)", *pair, outgoing, incoming)
        self.send(f"rate-{sold or 'ETH'}-{bought or 'ETH'}", at, "dealer", "router", data, gwei=13)

    def send(
        self,
        label: str,
        at: str,
        sender: str,
        to: str | None,
        data: str = "0x",
        *,
        value: int = 0,
        gwei: int,
        legacy: bool = False,
        succeeds: bool = True,
    ) -> None:
        """One transaction, alone in the block that comes 24 s after `at` (UTC)."""
        self.rest_until(moment := datetime.fromisoformat(at).replace(tzinfo=UTC))
        request: dict[str, str] = {"from": self.places[sender], "value": hex(value), "data": data}
        request["gas"] = hex(21_000 if data == "0x" and to != "router" else 1_500_000 if to is None else 160_000)
        request |= (
            {"gasPrice": hex((gwei + 1) * GWEI)} if legacy else {"maxFeePerGas": hex(2 * gwei * GWEI), "maxPriorityFeePerGas": hex(GWEI)}
        )
        if to:
            request["to"] = self.places[to]
        self.node.call("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))  # else the last block's decides whether it is taken
        hash_ = self.node.call("eth_sendTransaction", request)
        self.block(max(moment, self.clock) + timedelta(seconds=24), gwei)
        receipt = self.node.call("eth_getTransactionReceipt", hash_)
        assert int(receipt["status"], 16) == succeeds, label
        if to is None:
            self.places[label.removesuffix("-built")] = to_checksum_address(receipt["contractAddress"])
        self.transfers[label] = hash_

    def rest_until(self, moment: datetime) -> None:
        """An empty block a week, so that there are heights between the events to search through."""
        while self.clock + timedelta(days=7) < moment:
            self.block(self.clock + timedelta(days=7), 10 + self.clock.toordinal() % 21)

    def block(self, at: datetime, gwei: int) -> None:
        self.node.call("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))
        self.node.call("evm_setNextBlockTimestamp", int(at.timestamp()))
        self.node.call("evm_mine")
        self.clock = at

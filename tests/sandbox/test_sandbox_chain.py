"""The recorded chain answers as the node that it was recorded from does."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import MethodUnavailable

from service.sandbox.chain import Fault, SandboxChain, places, transfers, wallet
from tests.sandbox.chain_story import Node, Story
from tests.sandbox.record_chain import RECORDING, record
from tests.tools import anvil

Call = tuple[str, list[Any]]
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
DEPOSIT = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c"
STRANGER = "0x" + "ab" * 20
NOWHERE = "0x" + "11" * 32
BALANCE_OF = "0x70a08231"
KEYS = {"name": "0x06fdde03", "symbol": "0x95d89b41", "decimals": "0x313ce567"}


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[Node, Story]]:
    with Node(anvil()) as fresh:
        yield fresh, Story(fresh).play()


@pytest.fixture
async def chain() -> AsyncIterator[SandboxChain]:
    async with SandboxChain() as served:
        yield served


async def post(chain: SandboxChain, body: bytes) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.post(chain.url, data=body) as reply:
        return reply.status, await reply.read()


async def ask(chain: SandboxChain, calls: list[Call]) -> list[dict[str, Any]]:
    body = [{"jsonrpc": "2.0", "id": number, "method": method, "params": params} for number, (method, params) in enumerate(calls)]
    _, reply = await post(chain, json.dumps(body).encode())
    answers = json.loads(reply)
    assert [answer["id"] for answer in answers] == list(range(len(calls)))
    return [{key: answer[key] for key in ("result", "error") if key in answer} for answer in answers]


async def one(chain: SandboxChain, method: str, *params: Any) -> Any:
    (answer,) = await ask(chain, [(method, list(params))])
    return answer["result"]


def padded(address: str) -> str:
    return address.lower()[2:].rjust(64, "0")


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Equal answers. Of the refusals that we word ourselves the code is what a client can act on."""
    if "error" in ours and "error" in theirs:
        return ours["error"]["code"] == theirs["error"]["code"]
    return ours == theirs


async def assert_same(chain: SandboxChain, node: Node, calls: list[Call]) -> None:
    for start in range(0, len(calls), 500):
        part = calls[start : start + 500]
        for call, ours, theirs in zip(part, await ask(chain, part), node.ask(part), strict=True):
            assert same(ours, theirs), f"{call}\n ours   {str(ours)[:400]}\n theirs {str(theirs)[:400]}"


async def test_the_story_played_again_gives_the_recording_byte_for_byte(node: tuple[Node, Story]) -> None:
    fresh, story = node
    again = json.dumps(record(fresh, story), separators=(",", ":"), sort_keys=True)
    assert gzip.decompress(RECORDING.read_bytes()).decode() == again


async def test_blocks_transactions_and_receipts_are_the_nodes(chain: SandboxChain, node: tuple[Node, Story]) -> None:
    fresh, story = node
    head = int(await one(chain, "eth_blockNumber"), 16)
    assert head == len(story.transfers) + sum(1 for n in range(1, head + 1) if not fresh.call("eth_getBlockReceipts", hex(n)))
    heights: list[Any] = [hex(number) for number in range(head + 2)] + ["latest", "safe", "finalized", "earliest"]
    calls: list[Call] = [("eth_getBlockByNumber", [height, whole]) for height in heights for whole in (True, False)]
    hashes = [answer["result"]["hash"] for answer in await ask(chain, [("eth_getBlockByNumber", [hex(n), False]) for n in range(head + 1)])]
    calls += [("eth_getBlockByHash", [hash_, whole]) for hash_ in [*hashes, NOWHERE] for whole in (True, False)]
    blocks = [*heights, *hashes[::7], {"blockHash": hashes[16]}, {"blockNumber": "0x10"}, NOWHERE]
    calls += [("eth_getBlockReceipts", [block]) for block in blocks]
    for hash_ in [*story.transfers.values(), NOWHERE]:
        calls += [("eth_getTransactionByHash", [hash_]), ("eth_getTransactionReceipt", [hash_])]
    await assert_same(chain, fresh, calls)


async def test_state_at_every_height_is_the_nodes(chain: SandboxChain, node: tuple[Node, Story]) -> None:
    fresh, story = node
    head = int(await one(chain, "eth_blockNumber"), 16)
    block = await one(chain, "eth_getBlockByNumber", "0x20", False)
    heights: list[Any] = [hex(number) for number in range(0, head + 2, 5)] + ["latest", "pending", "safe", "finalized", "earliest", None]
    heights += [{"blockHash": block["hash"]}, {"blockNumber": "0x6e"}, {"blockHash": NOWHERE}, block["hash"], NOWHERE]
    methods = ("eth_getBalance", "eth_getTransactionCount", "eth_getCode")
    people = [*story.places.values(), STRANGER]
    await assert_same(chain, fresh, [(method, [person, height]) for person in people for method in methods for height in heights])
    coins = [story.places[name] for name in ("USDC", "LINK", "WETH", "bait", "wallet")] + [STRANGER]
    questions = [*KEYS.values(), *(BALANCE_OF + padded(person) for person in people)]
    sampled = [*heights[::4], *heights[-8:]]
    calls = [("eth_call", [{"to": coin, "data": data}, height]) for coin in coins for data in questions for height in sampled]
    calls.append(("eth_call", [{"to": coins[0], "input": KEYS["symbol"], "from": STRANGER}]))
    await assert_same(chain, fresh, calls)


async def test_log_filters_are_the_nodes(chain: SandboxChain, node: tuple[Node, Story]) -> None:
    fresh, story = node
    usdc, link, weth = (story.places[name] for name in ("USDC", "LINK", "WETH"))
    me = "0x" + padded(story.places["wallet"])
    hashes = [fresh.call("eth_getTransactionReceipt", story.transfers[label])["blockHash"] for label in ("swap-usdc-link", "kraken-eth-1")]
    spans: list[dict[str, Any]] = [
        {"fromBlock": a, "toBlock": b} for a, b in (("0x0", "latest"), ("earliest", "finalized"), ("0x30", "0x80"))
    ]
    spans += [
        {"fromBlock": "0x80", "toBlock": "0x30"},
        {"fromBlock": "0x0", "toBlock": "0xffff"},
        {"fromBlock": "0xfff0", "toBlock": "0xffff"},
    ]
    spans += [{}, {"fromBlock": "0x0"}, {"toBlock": "0x90"}, {"blockHash": NOWHERE}, {"blockHash": hashes[0], "fromBlock": "0x1"}]
    spans += [{"blockHash": hash_} for hash_ in hashes]
    places_: list[dict[str, Any]] = [
        {},
        {"address": usdc},
        {"address": [link.lower(), weth]},
        {"address": []},
        {"address": None},
        {"address": STRANGER},
    ]
    topics: list[Any] = [[TRANSFER], [TRANSFER, me], [TRANSFER, None, me], [[TRANSFER, DEPOSIT], [me, NOWHERE]], [None, me], [[]]]
    topics += [[TRANSFER, [], me], [None] * 4, [TRANSFER] * 5, "x", None, []]
    combined = itertools.product(spans, places_, [{}, *({"topics": topic} for topic in topics)])
    await assert_same(chain, fresh, [("eth_getLogs", [span | place | topic]) for span, place, topic in combined])


async def test_refusals_have_the_nodes_codes(chain: SandboxChain, node: tuple[Node, Story]) -> None:
    fresh, _ = node
    calls: list[Call] = [
        *(
            (method, [])
            for method in ("eth_chainId", "net_version", "web3_clientVersion", "eth_syncing", "eth_gasPrice", "eth_blockNumber")
        ),
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x12"]),
        ("eth_getBalance", [STRANGER]),
        ("eth_getBalance", [STRANGER, 16]),
        ("eth_getBalance", [STRANGER, {"foo": 1}]),
        ("eth_getBlockByNumber", ["nope", False]),
        ("eth_getBlockByNumber", ["0x1"]),
        ("eth_getBlockByHash", ["0x1", False]),
        ("eth_getTransactionReceipt", ["0x1"]),
        ("eth_getLogs", []),
        ("eth_noSuchMethod", []),
    ]
    await assert_same(chain, fresh, calls)
    bodies = [b"{", b"[]", b"1", b"[1,2]", b'{"id":1,"method":"eth_chainId"}', b'{"jsonrpc":"2.0","id":2,"method":5}']
    bodies += [
        b'{"jsonrpc":"2.0","id":"x","method":"eth_chainId"}',
        b'{"jsonrpc":"2.0","method":"eth_chainId"}',
        b'[{"jsonrpc":"2.0","method":"eth_chainId"}]',
    ]
    bodies += [b'{"jsonrpc":"2.0","id":2,"method":"eth_chainId","params":{}}']
    async with aiohttp.ClientSession() as session:
        for body in bodies:
            async with session.post(fresh.url, data=body, headers={"content-type": "application/json"}) as reply:
                status, text = reply.status, await reply.read()
            ours = await post(chain, body)
            assert ours[0] == status, body
            assert bool(ours[1]) == bool(text), body
            if text:
                mine, theirs = json.loads(ours[1]), json.loads(text)
                assert mine.keys() == theirs.keys(), body
                assert mine["id"] == theirs["id"], body
                assert same({k: mine[k] for k in mine.keys() - {"id"}}, {k: theirs[k] for k in theirs.keys() - {"id"}}), body


async def test_what_was_not_recorded_is_an_error_and_no_value(chain: SandboxChain) -> None:
    usdc = places()["USDC"]
    allowance = "0xdd62ed3e" + padded(wallet()) + padded(places()["router"])
    answers = await ask(
        chain,
        [
            ("eth_call", [{"to": usdc, "data": allowance}, "latest"]),
            ("eth_call", [{"to": places()["router"], "data": "0x12345678"}, "latest"]),
            ("eth_call", [{"to": "0x" + "1".rjust(40, "0"), "data": "0x12"}, "latest"]),
            ("eth_call", [{"to": usdc, "data": KEYS["name"], "value": "0x1"}, "latest"]),
            ("eth_call", [{"data": "0x12"}, "latest"]),
            ("eth_getBlockByNumber", ["pending", False]),
        ],
    )
    assert all(set(answer) == {"error"} and set(answer["error"]) == {"code", "message"} for answer in answers)
    absent = [
        "trace_block",
        "trace_filter",
        "debug_traceTransaction",
        "ots_getApiLevel",
        "ots_searchTransactionsBefore",
        "erigon_getHeaderByNumber",
    ]
    assert [answer["error"]["code"] for answer in await ask(chain, [(method, []) for method in absent])] == [-32601] * len(absent)


async def test_web3_reads_the_story(chain: SandboxChain) -> None:
    w3 = AsyncWeb3(AsyncHTTPProvider(chain.url))
    try:
        assert await w3.eth.chain_id == 1
        assert await w3.eth.syncing is False
        me, named = wallet(), transfers()
        received = await w3.eth.get_transaction(named["kraken-eth-1"])
        assert (received["to"], received["value"]) == (me, 4 * 10**18)
        abi = [
            {
                "name": "balanceOf",
                "type": "function",
                "stateMutability": "view",
                "inputs": [{"name": "a", "type": "address"}],
                "outputs": [{"name": "", "type": "uint256"}],
            },
            {"name": "symbol", "type": "function", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "string"}]},
        ]
        held = {"USDC": 9000 - 3000 + 3600 - 2000, "LINK": 400 + 206 - 50, "WETH": Decimal("0.3")}
        for symbol, decimals in (("USDC", 6), ("LINK", 18), ("WETH", 18)):
            coin = w3.eth.contract(address=w3.to_checksum_address(places()[symbol]), abi=abi)
            assert await coin.functions.symbol().call() == symbol
            assert await coin.functions.balanceOf(me).call() == held[symbol] * 10**decimals
        failed = await w3.eth.get_transaction_receipt(named["failed-swap"])
        assert (failed["status"], failed["logs"]) == (0, [])
        forged = await w3.eth.get_logs(
            {"fromBlock": 0, "address": w3.to_checksum_address(places()["USDC"]), "topics": [TRANSFER, "0x" + padded(me)]}
        )
        assert named["spam-poison"] in {log["transactionHash"].to_0x_hex() for log in forged}
        with pytest.raises(MethodUnavailable):
            await w3.manager.coro_request("trace_block", ["0x1"])
    finally:
        await w3.provider.disconnect()


async def test_ether_of_the_wallet_is_what_was_sent_less_fees_and_grows_once_without_a_nonce_or_a_log(chain: SandboxChain) -> None:
    """Each change of balance has its cause: the wallet's value and fee, a plain receipt, or the router's internal payment."""
    me, sent, received = wallet().lower(), 0, 0
    head = int(await one(chain, "eth_blockNumber"), 16)
    for number in range(head + 1):
        block = await one(chain, "eth_getBlockByNumber", hex(number), True)
        for transaction, receipt in zip(block["transactions"], await one(chain, "eth_getBlockReceipts", hex(number)), strict=True):
            value = int(transaction["value"], 16) * int(receipt["status"], 16)
            if transaction["from"] == me:
                sent += value + int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
            if transaction["to"] == me:
                received += value
    internal = 50 * 435 * 10**13 + 2 * 10**17  # LINK sold for ether, ether unwrapped
    assert int(await one(chain, "eth_getBalance", me, "latest"), 16) == received + internal - sent


async def test_transfers_come_within_a_minute_of_their_exchanges_times(chain: SandboxChain) -> None:
    times = {
        "kraken-eth-1": "2023-03-14T10:00",
        "binance-eth-1": "2024-01-22T08:30",
        "coinbase-usdc-1": "2024-06-03T15:20",
        "binance-link-1": "2024-09-10T11:00",
        "wallet-binance-1": "2025-02-11T19:45",
        "wallet-coinbase-1": "2026-05-06T09:10",
    }
    for label, at in times.items():
        receipt = await one(chain, "eth_getTransactionReceipt", transfers()[label])
        block = await one(chain, "eth_getBlockByHash", receipt["blockHash"], False)
        late = int(block["timestamp"], 16) - datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
        assert 0 <= late <= 60, label


async def test_faults_happen_as_often_as_told_and_calls_are_counted(chain: SandboxChain) -> None:
    busy = {"code": -32005, "message": "limit exceeded"}
    chain.faults = [Fault(status=429, headers={"Retry-After": "7"}), Fault(method="eth_getLogs", error=busy, times=2)]
    call = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    assert (await post(chain, call))[0] == 429
    assert await ask(chain, [("eth_chainId", []), ("eth_getLogs", [{}])]) == [{"result": "0x1"}, {"error": busy}]
    assert await ask(chain, [("eth_getLogs", [{}])]) == [{"error": busy}]
    assert await ask(chain, [("eth_getLogs", [{}])]) == [{"result": []}]
    assert chain.calls == {"eth_chainId": 2, "eth_getLogs": 3}
    assert chain.requests[1] == ("eth_chainId", "eth_getLogs")
    assert len(chain.requests) == 4
    chain.faults = [Fault()]
    with pytest.raises(aiohttp.ClientError):
        await post(chain, call)
    chain.faults = [Fault(seconds=0.05)]
    began = time.monotonic()
    assert (await post(chain, call))[0] == 200
    assert time.monotonic() - began >= 0.05


def test_the_recording_is_small_and_read_only_when_needed() -> None:
    assert RECORDING.stat().st_size < 1_000_000
    code = "import service.sandbox.chain as c; from service.sandbox.chain.recording import load as l; assert not l.cache_info().misses; c.wallet(); assert l.cache_info().misses == 1"
    subprocess.run([sys.executable, "-c", code], check=True)

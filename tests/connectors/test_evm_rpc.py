"""The transport in front of a provider's moods: limits learned, pauses obeyed, nonsense never taken for an answer, no key shown."""

from __future__ import annotations

import logging
import time

import pytest
from aiohttp import web

from connectors.clients.rpc import Pace, Refused, Rpc
from connectors.contract import AccessDenied, InvalidInput, RetryLater, SourceChanged
from tests.connectors.evm_chain import ETHER, ME, Node, Provider


@pytest.fixture(scope="module")
def node():
    with Node() as node:
        node.mine(120)
        yield node


def rpc(provider: Provider) -> Rpc:
    return Rpc(provider.url, rate_scale=0)


async def test_batch_limit_is_learned(node):
    async with Provider(node.url, batch=10).serving() as provider:
        asked = rpc(provider)
        calls = [("eth_getBlockByNumber", [hex(n), False]) for n in range(100)]
        first = await asked.many(calls)
        assert [int(block["number"], 16) for block in first] == list(range(100))
        assert asked.batch <= 10
        before = provider.posts
        assert await asked.many(calls) == first
        assert provider.posts - before <= 17, "no batch is refused twice"
        await asked.aclose()


async def test_log_range_is_halved_and_learned(node):
    async with Provider(node.url, log_range=50).serving() as provider:
        asked = rpc(provider)
        assert await asked.logs([{"topics": []}], 0, 120) == []
        before = provider.calls["eth_getLogs"]
        await asked.logs([{"topics": []}], 0, 120)
        assert provider.calls["eth_getLogs"] - before <= 5
        await asked.aclose()


async def test_retry_after_is_obeyed(node):
    async with Provider(node.url).serving() as provider:
        provider.instead.append(lambda: web.Response(status=429, headers={"Retry-After": "1"}))
        asked, begun = rpc(provider), time.monotonic()
        assert await asked.call("eth_chainId") == "0x1"
        assert time.monotonic() - begun >= 1
        provider.instead.append(lambda: web.Response(status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(RetryLater) as later:
            await asked.call("eth_chainId")
        assert later.value.after_seconds == 3600
        await asked.aclose()


async def test_a_batch_that_is_too_much_even_after_the_pause_becomes_smaller(node):
    async with Provider(node.url).serving() as provider:
        provider.instead.extend([lambda: web.Response(status=429, headers={"Retry-After": "0"})] * 2)
        asked = rpc(provider)
        assert len(await asked.many([("eth_chainId", [])] * 8)) == 8
        assert asked.batch == 4
        await asked.aclose()


@pytest.mark.parametrize(
    "reply",
    [
        lambda: web.Response(text="<html>Please log in</html>", content_type="text/html"),
        lambda: web.Response(body=b"\xff\xfe\x00broken"),
        lambda: web.Response(text=""),
        lambda: web.Response(text="[]"),
        lambda: web.Response(text='"fine"'),
        lambda: web.Response(text='[{"jsonrpc": "2.0", "id": 0}]'),
        lambda: web.Response(text='{"jsonrpc": "2.0"'),
    ],
)
async def test_what_is_no_answer_is_asked_later(node, reply):
    async with Provider(node.url).serving() as provider:
        provider.instead.append(reply)
        asked = rpc(provider)
        with pytest.raises(RetryLater):
            await asked.call("eth_chainId")
        await asked.aclose()


async def test_bad_ways_are_tried_again(node):
    async with Provider(node.url).serving() as provider:
        provider.instead.extend([lambda: web.Response(status=503)] * 2)
        asked = rpc(provider)
        assert await asked.call("eth_chainId") == "0x1"
        await asked.aclose()


async def test_single_items_refused_for_a_moment_are_asked_again(node):
    async with Provider(node.url).serving() as provider:
        asked = rpc(provider)
        await asked.call("eth_chainId")
        moods = [{"code": -32005, "message": "rate limit exceeded"}, None]
        plain = provider.refusal
        provider.refusal = lambda call: moods.pop(0) if moods and call["method"] == "eth_gasPrice" else plain(call)  # type: ignore[method-assign]
        answers = await asked.many([("eth_chainId", []), ("eth_gasPrice", []), ("eth_blockNumber", [])])
        assert answers[0] == "0x1"
        assert int(answers[1], 16) > 0
        assert not moods
        await asked.aclose()


async def test_missing_methods_are_remembered(node):
    async with Provider(node.url, deny=("trace_",)).serving() as provider:
        asked = rpc(provider)
        for _ in range(3):
            (answer,) = await asked.many([("trace_block", ["0x1"])])
            assert isinstance(answer, Refused)
            assert answer.method_missing
        assert provider.calls["trace_block"] == 1
        assert asked.lacks == {"trace_block"}
        with pytest.raises(AccessDenied, match="does not offer trace_block"):
            await asked.call("trace_block", "0x1")
        await asked.aclose()


async def test_a_lasting_refusal_is_not_an_empty_answer(node):
    async with Provider(node.url).serving() as provider:
        asked = rpc(provider)
        with pytest.raises(SourceChanged, match="refused eth_getBalance"):
            await asked.call("eth_getBalance", "nobody", "latest")
        await asked.aclose()


async def test_numbers_stay_exact(node):
    node("anvil_setBalance", ME, hex(10**30 + 1))
    async with Provider(node.url).serving() as provider:
        asked = rpc(provider)
        assert int(await asked.call("eth_getBalance", ME, "latest"), 16) == 10**30 + 1
        await asked.aclose()
    node("anvil_setBalance", ME, hex(ETHER))


async def test_the_key_in_the_address_is_never_shown(node, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    async with Provider(node.url).serving() as provider:
        asked = rpc(provider)
        for reply in (403, 404, 400):
            provider.instead.append(lambda status=reply: web.Response(status=status))
            with pytest.raises((AccessDenied, RetryLater)) as error:
                await asked.call("eth_chainId")
            said += [str(error.value), repr(error.value), repr(error.value.__cause__)]
        said += [repr(asked), str(asked)]
        await asked.aclose()
        gone = provider.url
    unreachable = Rpc(gone, rate_scale=0)
    with pytest.raises(RetryLater, match="cannot be reached") as error:
        await unreachable.call("eth_chainId")
    await unreachable.aclose()
    said += [str(error.value), caplog.text]
    assert "127.0.0.1" in str(error.value)
    assert not any("SECRET" in text for text in said)


@pytest.mark.parametrize("url", ["", "node.example", "ftp://node.example", "https://", "file:///etc/passwd"])
def test_an_address_that_is_none(url):
    with pytest.raises(InvalidInput) as wrong:
        Rpc(url)
    assert wrong.value.field == "rpc"


def test_pacing_is_off_for_loopback_only():
    assert Rpc("http://127.0.0.1:1", rate_scale=0)._pace._gap == 0
    assert Rpc("http://[::1]:1", rate_scale=0)._pace._gap == 0
    assert Rpc("https://node.example", rate_scale=0)._pace._gap > 0
    assert Rpc("https://node.example", rate_scale=2)._pace._gap == 2 * Rpc("https://node.example")._pace._gap


async def test_pace_spreads_requests():
    pace, begun = Pace(0.02), time.monotonic()
    for _ in range(4):
        await pace.wait()
    assert time.monotonic() - begun >= 0.06

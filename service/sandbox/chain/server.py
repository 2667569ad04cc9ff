"""The sandbox's chain over HTTP: JSON-RPC 2.0 on loopback, with counters and faults for tests."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from service.sandbox.chain.answers import BAD_PARAMS, PARSE_OR_SHAPE, CallRefused, answer
from service.sandbox.chain.recording import Recording, load


@dataclass
class Fault:
    """What goes wrong with the next `times` matching requests (a batch matches when one of its calls does).

    `method` of None matches all. With `status` the HTTP request fails with that status and `headers`; with `error` each matching
    call has that JSON-RPC error object for an answer; `seconds` delays first, and alone only delays; with nothing told the
    connection is cut before an answer.
    """

    method: str | None = None
    times: int = 1
    status: int | None = None
    error: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def matches(self, calls: list[Any]) -> bool:
        return self.times > 0 and (
            self.method is None or any(isinstance(call, dict) and call.get("method") == self.method for call in calls)
        )


class SandboxChain:
    """Async context. `url` is the node's address, `requests` holds for each HTTP request the methods that it carried, `calls`
    counts them, `faults` go wrong in their order, each until its times are used up."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, ...]] = []
        self.faults: list[Fault] = []
        self._recording: Recording | None = None
        self._runner: web.AppRunner | None = None

    @property
    def calls(self) -> Counter[str]:
        """JSON-RPC method → how often it was called, refused calls included."""
        return Counter(method for methods in self.requests for method in methods)

    async def __aenter__(self) -> Self:
        self._recording = await asyncio.to_thread(load)
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
        except ValueError:
            self.requests.append(())
            return web.json_response(_refusal(None, PARSE_OR_SHAPE, "Invalid request"))
        calls = body if isinstance(body, list) else [body]
        self.requests.append(tuple(str(call.get("method")) for call in calls if isinstance(call, dict)))
        fault = next((fault for fault in self.faults if fault.matches(calls)), None)
        if fault is not None:
            fault.times -= 1
            await asyncio.sleep(fault.seconds)
            if fault.status is not None:
                return web.Response(status=fault.status, headers=fault.headers)
            if fault.error is None and not fault.seconds:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
        if not calls or not all(isinstance(call, dict) for call in calls):
            return web.json_response(_refusal(None, PARSE_OR_SHAPE, "Invalid request"))
        replies = [reply for call in calls if (reply := self._reply(call, fault)) is not None]
        if not replies:
            return web.Response(status=204)
        return web.json_response(replies if isinstance(body, list) else replies[0])

    def _reply(self, call: dict[str, Any], fault: Fault | None) -> dict[str, Any] | None:
        """The answer to one call; None for a notification, which gets none."""
        assert self._recording is not None
        method, params, id_ = call.get("method"), call.get("params", []), call.get("id")
        if call.get("jsonrpc") != "2.0" or not isinstance(method, str):
            return _refusal(id_, PARSE_OR_SHAPE, "Invalid request")
        if "id" not in call:
            return None
        if fault is not None and fault.error is not None and fault.method in (None, method):
            return {"jsonrpc": "2.0", "id": id_, "error": fault.error}
        if not isinstance(params, list):
            return _refusal(id_, BAD_PARAMS, "a list of parameters expected")
        try:
            return {"jsonrpc": "2.0", "id": id_, "result": answer(self._recording, method, params)}
        except CallRefused as refused:
            return {"jsonrpc": "2.0", "id": id_, "error": refused.error}


def _refusal(id_: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": message}}

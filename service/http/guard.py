"""What holds for every request and every answer, whatever route it takes.

One ASGI layer around the whole application: who we are called (against DNS rebinding), how large a body may be, the
security headers on each answer, and a failure that says nothing about its insides. Bodies are never logged.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log: Any = structlog.get_logger("thresher.http")

LARGEST_BODY_BYTES = 64 * 1024
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
WILDCARDS = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104 - compared with, never bound

HEADERS = {
    "Content-Security-Policy": ("default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": with it browsers send "Origin: null" with our own forms, and the origin check would refuse them
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


INNERMOST = 6


class Guard:
    """`names` are the host names, without port, that this service answers to besides the loopback ones."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = LOCAL | {_bracketed(name.lower()) for name in names if name not in WILDCARDS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        if not self._is_ours(scope):
            await answer.fail(421, "this name is not one that thresher answers to")
            return
        try:
            await self._app(scope, _limited(receive), answer.send)
        except Exception as failed:  # noqa: BLE001 - the last line: a sentence for the outside, the place for the log
            log.error("request failed", method=scope["method"], path=scope["path"], error=type(failed).__name__, where=where(failed))  # noqa: TRY400 - the traceback is told without its values
            await answer.fail(500, "thresher failed to answer; its log says where")

    def _is_ours(self, scope: Scope) -> bool:
        """A loopback name, a configured one, or the very address that was connected to: no foreign name can be any of them."""
        given = Headers(scope=scope).get("host", "").lower()
        name = given.partition("]")[0] + "]" if given.startswith("[") else given.partition(":")[0]
        server = scope.get("server")
        return name in self._names or (server is not None and name == _bracketed(str(server[0])) and _is_address(name))


class _Answer:
    """Adds the headers on the way out; knows whether the answer has begun."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-cache" if self._scope["path"].startswith("/static/") else "no-store")
        await self._send(message)

    async def fail(self, status: int, says: str) -> None:
        if self._begun:
            return
        as_json = self._scope["path"].startswith("/api/")
        body = (json.dumps({"error": {"field": None, "says": says}}) if as_json else f"{says}\n").encode()
        kind = b"application/json" if as_json else b"text/plain; charset=utf-8"
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY_BYTES:
            raise HTTPException(413, f"a request may have {LARGEST_BODY_BYTES} bytes at most")
        return message

    return counted


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _is_address(name: str) -> bool:
    return name.startswith("[") or name.replace(".", "").isdigit()


def where(failed: BaseException) -> str:
    """The innermost calls of a failure, without its text or any value: both may carry what nobody else may see."""
    calls = traceback.extract_tb(failed.__traceback__)[-INNERMOST:]
    return " > ".join(f"{call.name} ({call.filename.rpartition('site-packages/')[2]}:{call.lineno})" for call in calls)

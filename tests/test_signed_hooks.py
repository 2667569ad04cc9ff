"""A signed web hook at a real loopback server, checked by the very lines that the reference gives to receivers."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.app.ports import Signing
from service.domain.alerts import Message
from service.notify import AppriseNotifier
from tests.tools import ROOT

MESSAGE = Message("msg_0123", "alr_1", "opened", "Harvest: BTC −1,234.50", "Sell 0.1 BTC.")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a secret of this channel alone"


def is_genuine(*arguments):
    """As docs/reference.md has it."""
    (told,) = re.findall(
        r"```python\n(.*?)```",
        (ROOT / "docs/reference.md").read_text(encoding="utf-8").split("## Signed web hooks")[1].split("## JSON API")[0],
        re.DOTALL,
    )
    names: dict = {}
    exec(told, names)
    return names["is_genuine"](*arguments)


@pytest.fixture
def hook():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.seen.append((self.path, dict(self.headers), body))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.status = [], 200
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


async def send(hook, at=NOW, message=MESSAGE):
    url = f"json://u:hunter22@127.0.0.1:{hook.server_port}/hook?+X-Key=k1"
    return await AppriseNotifier().send(url, message, Signing(SECRET, at))


async def test_a_receiver_can_tell_who_sent_what_and_when(hook):
    assert await send(hook) is None
    ((path, headers, body),) = hook.seen
    assert (path, headers["X-Key"], headers["Idempotency-Key"], headers["Authorization"][:5]) == ("/hook", "k1", "msg_0123", "Basic")
    assert json.loads(body) == {"id": "msg_0123", "alert": "alr_1", "kind": "opened", "title": MESSAGE.title, "body": MESSAGE.body}
    now = NOW.timestamp() + 10
    assert is_genuine(headers, body, SECRET, now)
    assert not is_genuine(headers, body, "another secret", now)
    assert not is_genuine(headers, body.replace(b"0.1", b"9.1"), SECRET, now)
    assert not is_genuine({**headers, "X-Thresher-Timestamp": str(int(now))}, body, SECRET, now)
    assert not is_genuine(headers, body, SECRET, now + 3600)


async def test_every_try_has_the_same_key_and_body_and_a_time_of_its_own(hook):
    hook.status = 503
    assert await send(hook) == "JSON answered HTTP 503"
    hook.status = 200
    assert await send(hook, NOW + timedelta(minutes=5)) is None
    (_, first, body), (_, second, again) = hook.seen
    assert (first["Idempotency-Key"], body) == (second["Idempotency-Key"], again)
    assert first["X-Thresher-Signature"] != second["X-Thresher-Signature"]


async def test_a_redirect_is_not_followed(hook):
    hook.status = 302
    assert await send(hook) == "JSON answered HTTP 302"
    assert len(hook.seen) == 1


async def test_what_cannot_be_reached_is_told_without_the_address():
    problem = await AppriseNotifier().send("json://u:hunter22@127.0.0.1:9/topsecret", MESSAGE, Signing(SECRET, NOW))
    assert problem == "JSON could not be reached or did not take the message"


@pytest.mark.parametrize(
    ("url", "can"), [("json://h/x", True), ("jsons://h/x", True), ("mailto://u:p@example.org", False), ("nonsense", False)]
)
def test_only_web_hooks_can_be_signed(url, can):
    assert AppriseNotifier().can_sign(url) is can


async def test_an_unsigned_web_hook_bears_the_key_too(hook):
    assert await AppriseNotifier().send(f"json://127.0.0.1:{hook.server_port}/", MESSAGE) is None
    assert hook.seen[0][1]["Idempotency-Key"] == "msg_0123"


def test_a_secret_is_in_no_repr():
    assert SECRET not in repr(Signing(SECRET, NOW))

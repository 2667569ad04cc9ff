"""Delivery proven against real loopback servers: SMTP and HTTP; a failure is told without the address."""

from __future__ import annotations

import email
import io
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from service.app.ports import Refused
from service.domain.alerts import Message
from service.notify import AppriseNotifier

MESSAGE = Message("msg_0123", "alr_1", "opened", "Harvest: BTC −1,234.50", "Sell 0.1 BTC at Kraken.\nIt saves about 300.00.")


class Hook:
    def __init__(self):
        self.seen: list[tuple[str, dict, dict]] = []
        self.status = 200
        self.held = threading.Event()
        self.held.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, dict(self.headers), json.loads(body)))
                outer.held.wait(20)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.held.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.close()


class Box:
    def __init__(self):
        self.mails: list[email.message.Message] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's own name
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox():
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    controller.port = free_port()
    controller.start()
    yield box, controller.port
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def mail_url(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=thresher@example.org&to=holder@example.org&mode=insecure"


async def test_a_web_hook_gets_title_body_and_the_stable_id(hook):
    notifier = AppriseNotifier()
    for _ in range(2):
        assert await notifier.send(f"json://{hook.address}/alerts?+X-Key=k1", MESSAGE) is None
    assert len(hook.seen) == 2
    for path, headers, body in hook.seen:
        assert path == "/alerts"
        assert (headers["X-Thresher-Id"], headers["X-Key"], body["id"]) == ("msg_0123", "k1", "msg_0123")
        assert (body["title"], body["message"]) == (MESSAGE.title, MESSAGE.body)


async def test_a_mail_arrives_with_the_stable_id(mailbox):
    box, port = mailbox
    assert await AppriseNotifier().send(mail_url(port), MESSAGE) is None
    (mail,) = box.mails
    assert mail["X-Thresher-Id"] == "msg_0123"
    assert mail["To"] == "holder@example.org"
    assert str(email.header.make_header(email.header.decode_header(mail["Subject"]))) == MESSAGE.title
    text = "".join(p.get_payload(decode=True).decode() for p in mail.walk() if not p.is_multipart())
    assert "Sell 0.1 BTC at Kraken." in text


@pytest.fixture
def root_log():
    """Everything that a handler of ours, on the root logger, would write."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("kind", ["json", "mail"])
async def test_a_closed_port_is_told_without_the_address(kind, root_log, capfd):
    port = free_port()
    url = f"json://u:hunter22@127.0.0.1:{port}/topsecret" if kind == "json" else mail_url(port)
    problem = await AppriseNotifier().send(url, MESSAGE)
    assert problem is not None
    assert "could not be reached" in problem
    heard = problem + root_log.getvalue() + "".join(capfd.readouterr())
    assert not any(secret in heard for secret in ("hunter22", "topsecret", str(port)))


async def test_a_refusal_names_the_status_even_where_the_address_calls_it_optional(hook):
    hook.status = 503
    assert await AppriseNotifier().send(f"json://{hook.address}/?optional=yes", MESSAGE) == "JSON answered HTTP 503"


async def test_a_silent_server_costs_a_bounded_time(hook):
    hook.held.clear()
    problem = await AppriseNotifier(longest_seconds=0.3).send(f"json://{hook.address}/?rto=20", MESSAGE)
    assert problem is not None
    hook.held.set()


async def test_an_address_that_no_service_understands_is_a_reason_not_a_delivery():
    assert await AppriseNotifier().send("nonsense://x", MESSAGE) is not None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("json://u:hunter22@h.example:8080/T0/topsecret?+Authorization=tok", "json://u:****@h.example:8080/…"),
        ("mailto://bob:hunter22@gmail.com", "mailtos://bob:****@gmail.com"),
        ("discord://123456789012345678/abcdefghijklmnop", "discord://1...8/…"),
    ],
)
def test_what_is_shown_holds_no_secret(url, shown):
    assert AppriseNotifier().shown(url) == shown


@pytest.mark.parametrize("url", ["", "nonsense", "nonsense://host", "json://"])
def test_an_unknown_address_is_refused(url):
    with pytest.raises(Refused) as refused:
        AppriseNotifier().shown(url)
    assert refused.value.field == "url"

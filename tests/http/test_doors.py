"""Who gets in, from where, how often, and what every answer carries."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest
from structlog.testing import capture_logs

from service.app import access
from service.http import create_app, pages
from service.http.auth import COOKIE
from service.http.guard import LARGEST_BODY_BYTES
from tests.http.steps import FROM_OUR_PAGE, ORIGIN, PASSWORD, form_token, send, sign_in

PAGES = ["/", "/harvest", "/alerts", "/balances", "/lots", "/gains", "/transactions", "/accounts", "/issues"]
FORMS = [
    "/sync",
    "/logout",
    "/accounts/exchange",
    "/accounts/evm",
    "/accounts/x/pause",
    "/channels",
    "/alerts/test",
    "/alerts/x/ack",
    "/alerts/x/snooze",
]


async def test_every_operation_of_the_api_wants_a_session_or_a_token(stranger):
    document = (await stranger.get("/api/v1/openapi.json")).json()
    operations = [(m, path) for path, item in document["paths"].items() for m in item]
    assert len(operations) >= 20
    for method, path in operations:
        answer = await stranger.request(method, path.replace("{account}", "x").replace("{alert}", "x").replace("{id}", "x"))
        assert answer.status_code == 401, (method, path)
        assert answer.json()["error"].keys() == {"field", "says"}
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", PAGES)
async def test_pages_send_a_stranger_to_sign_in(stranger, path):
    answer = await stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == ("/login" if path == "/" else f"/login?after={path}")


@pytest.mark.parametrize("path", FORMS)
async def test_forms_of_a_stranger_do_nothing(stranger, path):
    answer = await stranger.post(path, data={"token": "0" * 64}, headers=FROM_OUR_PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_health_says_that_it_answers_and_nothing_else(stranger):
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger):
    answer = await sign_in(stranger, after="/harvest")
    assert (answer.status_code, answer.headers["location"]) == (303, "/harvest")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie


async def test_over_https_the_cookie_is_secure(asgi):
    base = ORIGIN.replace("http", "https")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url=base) as client:
        answer = await client.post("/login", data={"password": PASSWORD}, headers={"Origin": base})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.test/",
        "//evil.test/gains",
        "/\\evil.test/gains",
        "\t//evil.test",
        "/gains@evil.test",
        "/harvest/../..//evil.test",
        "/gains#//evil.test",
        "javascript:alert(1)",
        "/logout",
        "?year=2025",
        "",
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(stranger, after):
    assert (await sign_in(stranger, after=after)).headers["location"] == "/"


def test_every_page_can_be_gone_to_after_signing_in():
    shown = {route.path for route in pages.router.routes if "GET" in route.methods}
    assert shown - {"/login"} == pages.BY_PATH.keys() | pages.PAGES_BELOW


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("/gains?year=2025&method=hifo", "/gains?year=2025&method=hifo"),
        ("/gains/explanation?id=a%2Ffee&scope=account", "/gains/explanation?id=a%2Ffee&scope=account"),
        ("/lots/explanation?id=%C3%A9+%26%3D%0D%0ASet-Cookie", "/lots/explanation?id=%C3%A9+%26%3D%0D%0ASet-Cookie"),
        ("/lots/allocation", "/lots/allocation"),
        ("/accounts?said=removed", "/accounts"),
    ],
)
async def test_a_page_that_was_asked_for_before_signing_in_is_shown_after_it(stranger, path, again):
    door = (await stranger.get(path)).headers["location"]
    form = (await stranger.get(door)).text
    after = unescape(re.search('name="after" value="([^"]*)"', form)[1])
    assert (await sign_in(stranger, after=after)).headers["location"] == again
    assert (await stranger.get(door)).headers["location"] == again


async def test_a_wrong_password_gets_a_sentence_and_is_not_repeated(stranger):
    answer = await sign_in(stranger, "letmein-letmein")
    assert answer.status_code == 422
    assert "letmein" not in answer.text
    assert "set-cookie" not in answer.headers


async def test_after_five_attempts_a_client_waits_even_with_the_right_password(stranger):
    assert [(await sign_in(stranger, "wrong")).status_code for _ in range(5)] == [422] * 5
    answer = await sign_in(stranger)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "set-cookie" not in answer.headers


async def test_signing_out_ends_the_session_at_the_server(owner):
    secret = owner.cookies[COOKIE]
    assert (await send(owner, "/logout")).headers["location"] == "/login"
    owner.cookies.set(COOKIE, secret, domain="127.0.0.1")
    assert (await owner.get("/")).status_code == 303


async def test_a_session_ends_after_seven_days(owner, home):
    home.clock.pass_time(days=6, hours=23)
    assert (await owner.get("/")).status_code == 200
    home.clock.pass_time(hours=2)
    assert (await owner.get("/")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    ],
)
async def test_a_form_from_elsewhere_is_refused_even_with_its_token(owner, headers):
    answer = await owner.post("/channels", data={"token": await form_token(owner), "url": "json://x.test"}, headers=headers)
    assert answer.status_code == 403
    refused = await owner.post("/api/v1/channels", json={"url": "json://x.test"}, headers=headers)
    assert refused.status_code == 403
    assert (await owner.get("/api/v1/channels")).json() == {"channels": []}


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ä"])
async def test_a_form_without_the_sessions_token_is_refused(owner, token):
    data = {"url": "json://x.test"} | ({} if token is None else {"token": token})
    assert (await owner.post("/channels", data=data, headers=FROM_OUR_PAGE)).status_code == 403


async def test_another_sessions_token_is_refused(owner, stranger):
    await sign_in(stranger)
    data = {"url": "json://x.test", "token": await form_token(stranger)}
    assert (await owner.post("/channels", data=data, headers=FROM_OUR_PAGE)).status_code == 403


async def test_a_session_is_no_token_and_a_token_is_no_session(owner, robot, stranger):
    session = {"Authorization": f"Bearer {owner.cookies[COOKIE]}"}
    assert (await stranger.get("/api/v1/accounts", headers=session)).status_code == 401
    token = robot.headers["authorization"].removeprefix("Bearer ")
    stranger.cookies.set(COOKIE, token, domain="127.0.0.1")
    assert (await stranger.get("/")).status_code == 303
    assert (await stranger.get("/api/v1/accounts")).status_code == 401


@pytest.mark.parametrize("name", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:8790", "", "10.0.0.9", "[::2]:8790"])
async def test_a_foreign_host_name_is_not_answered(owner, name):
    answer = await owner.get("/", headers={"Host": name})
    assert answer.status_code == 421


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:8790", "127.0.0.1:80", "[::1]:8790"])
async def test_loopback_names_are_answered(owner, name):
    assert (await owner.get("/", headers={"Host": name})).status_code == 200


async def test_a_configured_name_is_answered(home):
    client = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(home.app, ["thresher.home"])), base_url=ORIGIN)
    async with client:
        assert (await client.get("/healthz", headers={"Host": "thresher.home:8790"})).status_code == 200
        assert (await client.get("/healthz", headers={"Host": "other.home"})).status_code == 421


async def test_every_answer_carries_the_security_headers(owner, stranger, home, monkeypatch):
    answers = [
        await owner.get("/"),
        await owner.get("/static/thresher.css"),
        await owner.get("/nowhere"),
        await owner.get("/api/v1/accounts"),
        await owner.get("/api/v1/nowhere"),
        await owner.post("/channels", data={}),
        await owner.get("/", headers={"Host": "evil.test"}),
        await owner.post("/api/v1/channels", content=b"x" * (LARGEST_BODY_BYTES + 1), headers=FROM_OUR_PAGE),
        await stranger.get("/"),
        await stranger.get("/login"),
        await stranger.get("/api/v1/accounts"),
    ]
    with monkeypatch.context() as patched:
        patched.setattr(type(home.app.store), "accounts", None)
        answers.append(await owner.get("/accounts"))
    assert [a.status_code for a in answers] == [200, 200, 404, 200, 404, 403, 421, 413, 303, 200, 401, 500]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == ("no-cache" if "/static/" in str(answer.request.url) else "no-store")


async def test_a_failure_within_says_nothing_of_its_insides(robot, home, monkeypatch):
    async def broken(*_: object) -> None:
        raise RuntimeError("hunter2 at https://node.test/?key=hunter2")

    monkeypatch.setattr(type(home.app.store), "accounts", broken)
    with capture_logs() as logs:
        answer = await robot.get("/api/v1/accounts")
    assert (answer.status_code, answer.json()["error"]["field"]) == (500, None)
    assert "hunter2" not in answer.text + str(logs)
    assert [(line["event"], line["error"], line["path"]) for line in logs] == [("request failed", "RuntimeError", "/api/v1/accounts")]


async def test_a_body_is_limited_also_without_a_length(owner):
    async def stream():
        for _ in range(LARGEST_BODY_BYTES // 1024 + 2):
            yield b"x" * 1024

    form = {**FROM_OUR_PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/login", "/api/v1/channels"):
        answer = await owner.post(path, content=stream(), headers=form)
        assert answer.status_code == 413


async def test_tokens_are_not_in_the_repr_of_a_visitor(home):
    from service.http.auth import Visitor

    secret = await access.login(home.app, PASSWORD)
    assert secret not in repr(Visitor(secret, "token"))

"""Who is asking: the owner's browser session or an API token, and that a change was meant by the one who signed in.

A page session is a cookie that scripts cannot read and other sites cannot send. A change by cookie must besides come from
our own origin, and a form must carry a token made from the session's secret. A bearer token travels by no browser of
its own accord and needs neither.
"""

from __future__ import annotations

import hmac
import math
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import FormData
from starlette.responses import Response

from service.app import access
from service.app.access import SESSION_LASTS
from service.app.ports import App, Session

COOKIE = "thresher_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ATTEMPTS_PER_CLIENT = "5/minute"
ATTEMPTS_IN_ALL = "30/minute"
"""Each costs about 0.3 s of a core (Argon2id)."""


class SignIn(Exception):
    """A page was asked for without a session; `after` is its path with what was asked of it."""

    def __init__(self, after: str) -> None:
        super().__init__("sign in first")
        self.after = after


@dataclass(frozen=True, slots=True)
class Visitor:
    """The owner at a browser."""

    secret: str = field(repr=False)
    token: str = field(repr=False)
    """What this session's forms must carry."""


def the_app(request: Request) -> App:
    app: App = request.app.state.thresher
    return app


Thresher = Annotated[App, Depends(the_app)]


async def authorised(
    request: Request,
    app: Thresher,
    _bearer: Annotated[object, Depends(HTTPBearer(auto_error=False))],  # for the OpenAPI document
    _cookie: Annotated[object, Depends(APIKeyCookie(name=COOKIE, auto_error=False))],
) -> Session:
    """The session or token of an API request. 401 without one, 403 for a change by cookie from elsewhere."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        session = await access.who(app, bearer.strip())
        if session is not None and session.kind == "token":
            return session
    elif (secret := request.cookies.get(COOKIE)) and (session := await _session(app, secret)):
        if request.method not in SAFE_METHODS and not same_origin(request):
            raise HTTPException(403, "this change did not come from thresher's own page")
        return session
    raise HTTPException(401, "sign in, or send an API token as a bearer token", {"WWW-Authenticate": "Bearer"})


async def visitor(request: Request, app: Thresher) -> Visitor:
    """Whoever looks at a page. Raises SignIn."""
    secret = request.cookies.get(COOKIE)
    if not secret or await _session(app, secret) is None:
        raise SignIn(_asked(request) if request.method in SAFE_METHODS else "/")
    return Visitor(secret, form_token(secret))


def _asked(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


async def signed_form(request: Request, who: Annotated[Visitor, Depends(visitor)]) -> FormData:
    """The fields of a form that our own page sent in this session. 403 for any other."""
    if not same_origin(request):
        raise HTTPException(403, "this form did not come from thresher's own page")
    fields = await request.form(max_files=0, max_fields=50)
    if not hmac.compare_digest(str(fields.get("token", "")).encode(), who.token.encode()):
        raise HTTPException(403, "this form is from an older session; go back, load the page anew and send it again")
    return fields


async def _session(app: App, secret: str) -> Session | None:
    session = await access.who(app, secret)
    return session if session is not None and session.kind == "session" else None


def form_token(secret: str) -> str:
    """Bound to the session and useless without it; nothing to store."""
    return hmac.new(secret.encode(), b"thresher form", sha256).hexdigest()


def same_origin(request: Request) -> bool:
    """The browser says that our own page sent it. One that says nothing at all is refused: browsers say it with every POST."""
    if site := request.headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc.lower() == request.headers.get("host", "").lower()


def set_cookie(request: Request, response: Response, secret: str) -> None:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


class Attempts:
    """How often a password may be tried: by one client, and by all together."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._client: RateLimitItem = parse(ATTEMPTS_PER_CLIENT)
        self._all: RateLimitItem = parse(ATTEMPTS_IN_ALL)

    def wait_seconds(self, client: str) -> int:
        """Counts one attempt and returns 0, or how long to wait before the next one is taken."""
        for limit, key in ((self._client, client), (self._all, "all")):
            if not self._limiter.hit(limit, "login", key):
                reset = self._limiter.get_window_stats(limit, "login", key).reset_time
                return max(1, math.ceil(reset - time.time()))
        return 0

    def forget(self, client: str) -> None:
        """After a right password."""
        self._limiter.clear(self._client, "login", client)

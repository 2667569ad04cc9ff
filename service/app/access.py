"""The owner's password, browser sessions and API tokens. The store knows digests only."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from hashlib import sha256

from service.app.ports import App, Refused, Session
from service.app.sources import no_wallet_secret
from service.domain.issues import content_id

SESSION_LASTS = timedelta(days=7)
SHORTEST_PASSWORD = 10


async def set_password(app: App, password: str) -> None:
    """Argon2id; about 0.3 s, so it is asked for at login only."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refused("password", f"use at least {SHORTEST_PASSWORD} characters")
    from argon2 import PasswordHasher

    await app.store.set_owner_hash(await asyncio.to_thread(PasswordHasher().hash, password))


async def login(app: App, password: str) -> str:
    """A new session's secret, to be set as a cookie. Raises Refused for a wrong password, in constant time."""
    encoded = await app.store.owner_hash()
    if encoded is None:
        raise Refused("password", "no owner password is set; run `thresher init`")
    if not await asyncio.to_thread(_matches, encoded, password):
        raise Refused("password", "that is not the owner's password")
    return await _new(app, "session", "browser", SESSION_LASTS)


async def new_token(app: App, label: str) -> str:
    """An API token, shown once."""
    no_wallet_secret(app, "label", label)
    return await _new(app, "token", label, None)


async def who(app: App, secret: str) -> Session | None:
    """The live session or token behind a secret; None when there is none."""
    found = await app.store.sessions(_digest(secret))
    if found is None or (found.expires_at is not None and found.expires_at <= app.now()):
        return None
    return found


async def logout(app: App, secret: str) -> None:
    if found := await app.store.sessions(_digest(secret)):
        await app.store.drop_session(found.id)


async def _new(app: App, kind: str, label: str, lasts: timedelta | None) -> str:
    secret = ("thr_" if kind == "token" else "") + secrets.token_urlsafe(32)
    now = app.now()
    session = Session(
        id=content_id("ses", _digest(secret)),
        kind="token" if kind == "token" else "session",
        label=label,
        digest=_digest(secret),
        created_at=now,
        expires_at=now + lasts if lasts else None,
    )
    await app.store.save_session(session)
    return secret


def _digest(secret: str) -> str:
    """256 random bits need no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _matches(encoded: str, password: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import VerificationError

    try:
        return PasswordHasher().verify(encoded, password)
    except VerificationError:
        return False

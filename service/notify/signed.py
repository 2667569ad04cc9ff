"""Signed web hooks: the receiver knows who sent what, when, and whether it has seen it before.

    POST /path
    Content-Type: application/json
    Idempotency-Key: msg_0123…               the message's id, the same at every try
    X-Thresher-Timestamp: 1767225600         when this try was made, in seconds since 1970
    X-Thresher-Signature: v1=5f2a…           HMAC-SHA256 of "1767225600." and the body's bytes, by the channel's secret, in hex

    {"alert": "alr_…", "body": "…", "id": "msg_0123…", "kind": "opened", "title": "…"}

A receiver computes the signature anew, compares it in constant time, refuses what is older than some minutes, and takes a key that it has seen as
done. docs/reference.md shows that in a few lines. The time is signed with the body, so that an old message cannot be sent again as a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx

from service.app.ports import Signing
from service.domain.alerts import Message

VERSION = "v1"
LAST_OF_SUCCESS = 299


def body_of(message: Message) -> bytes:
    """The same bytes for the same message."""
    told = {"id": message.id, "alert": message.alert, "kind": message.kind, "title": message.title, "body": message.body}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def headers_of(message: Message, body: bytes, signing: Signing) -> dict[str, str]:
    stamp = str(int(signing.at.timestamp()))
    signature = hmac.new(signing.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": message.id,
        "X-Thresher-Id": message.id,
        "X-Thresher-Timestamp": stamp,
        "X-Thresher-Signature": f"{VERSION}={signature}",
    }


async def post(service: Any, message: Message, signing: Signing, seconds: float) -> str | None:
    """To the address that apprise read from the channel's URL (json, jsons). None when the receiver took it, else why not, without the address."""
    scheme, port = ("https" if service.secure else "http"), f":{service.port}" if service.port else ""
    user = httpx.BasicAuth(service.user, service.password or "") if service.user else httpx.USE_CLIENT_DEFAULT
    body = body_of(message)
    headers = {**service.headers, **headers_of(message, body, signing)}
    address = f"{scheme}://{service.host}{port}{service.fullpath or '/'}"
    try:
        async with httpx.AsyncClient(timeout=seconds, verify=service.verify_certificate, trust_env=False) as client:
            answer = await client.post(address, content=body, headers=headers, auth=user)
    except (httpx.HTTPError, httpx.InvalidURL):
        return "JSON could not be reached or did not take the message"
    return None if answer.status_code <= LAST_OF_SUCCESS else f"JSON answered HTTP {answer.status_code}"

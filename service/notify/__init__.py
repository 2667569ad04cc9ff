"""How an alert leaves the house: one URL at a time through apprise (e-mail, web hooks and a hundred services).

A URL is a secret. It goes into the request that needs it and nowhere else: not into what is returned, logged or shown. Each message carries
its stable id (`X-Thresher-Id` in mails and web hooks, there also `Idempotency-Key` and `id` in the JSON), because delivery is at least once and a
receiver may want to know the second copy. A web hook whose channel has a secret is signed (signed.py). Apprise takes a third of a second to import and blocks while it sends: both happen late, in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any
from urllib.parse import urlsplit

from service.app.ports import Refused, Signing
from service.domain.alerts import Message
from service.notify import signed

LONGEST_SECONDS = 30.0
"""One delivery; apprise's own limits (4 s a connection, 15 s for mail) usually end it before."""
ID_HEADER = "X-Thresher-Id"

_STATUS = re.compile(r"error=(\d{3})\b")


class AppriseNotifier:
    """Implements ports.Notifier. Keeps nothing between messages."""

    def __init__(self, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._longest_seconds = longest_seconds

    async def send(self, url: str, message: Message, signing: Signing | None = None) -> str | None:
        """None when the service took the message, else why not, without the URL. Never raises for what a service does."""
        try:
            if signing is not None:
                service = await asyncio.to_thread(_service, url)
                if not _is_hook(service):
                    return "the channel cannot be signed; remove it and add it again"
                return await asyncio.wait_for(signed.post(service, message, signing, self._longest_seconds), self._longest_seconds + 1)
            return await asyncio.wait_for(asyncio.to_thread(_send, url, message, self._longest_seconds), self._longest_seconds + 1)
        except TimeoutError:
            return f"no answer within {self._longest_seconds:g} seconds"

    def can_sign(self, url: str) -> bool:
        """Whether it is a web hook with a JSON body, whose bytes we choose."""
        return _is_hook(_service(url))

    def shown(self, url: str) -> str:
        """The service and host of a URL, tokens masked by apprise, path and options left out. Raises Refused("url", …) for an unknown kind."""
        service = _service(url)
        if service is None:
            raise Refused(
                "url", "no notification service understands this address; give one such as mailto://user:password@host or json://host/path"
            )
        parts = urlsplit(service.url(privacy=True))
        return f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") else "")


def _is_hook(service: Any) -> bool:
    return service is not None and service.service_name == "JSON"


def _service(url: str) -> Any:
    """Apprise's object for the URL, or None. Its log lines and those of the HTTP client under it quote addresses: no handler of ours sees them."""
    import apprise

    for name in ("apprise", "urllib3"):
        log = logging.getLogger(name)
        log.propagate = False
        if not log.handlers:
            log.addHandler(logging.NullHandler())
    return apprise.Apprise.instantiate(url.strip())


def _send(url: str, message: Message, seconds: float) -> str | None:
    import apprise

    service = _service(url)
    if service is None:
        return "the channel's address is not understood; remove it and add it again"
    service.optional = False  # "optional=yes" in an address would call a failure delivered
    for place, name in (("headers", ID_HEADER), ("headers", "Idempotency-Key"), ("payload_extras", "id")):
        if isinstance(getattr(service, place, None), dict):
            getattr(service, place).setdefault(name, message.id)
    room = apprise.Apprise()
    room.add(service)
    result = room.notify(body=message.body, title=message.title, body_format=apprise.NotifyFormat.TEXT, timeout=seconds)
    if result:
        return None
    said = _STATUS.search(" ".join(str(entry) for entry in result.logs()))
    return f"{service.service_name} " + (f"answered HTTP {said[1]}" if said else "could not be reached or did not take the message")

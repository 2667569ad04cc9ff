"""What a failed call means for the host: by the exchange's own code first, the HTTP status second, ccxt's class last.

ccxt's mapping alone would retry a revoked Binance key for ever, take a 429 of OKX for permanent and a cut connection for a refusal. The text of what is raised here
names exchange, method, status and the exchange's own code and message, redacted; never a URL, a query, a header or a body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.contract import AccessDenied, ConnectorError, RetryLater, SourceChanged

SAYS_CHARACTERS = 160
"""Longest part of an exchange's own message that is repeated."""

_NAMED_VALUE = re.compile(
    r"(?i)\b(api[-_ ]?key|key|keyid|accesskey|accesskeyid|signature|sign|token|authorization|secret|passphrase|password)(\W{1,4})([^\s&\",;]+)"
)
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://\S+")

KEY_REFUSED = "key"
LATER = "later"
NOT_OFFERED = "absent"
CLOCK = "clock"

OWN_CODES: dict[str, dict[str, str]] = {
    # Binance: https://developers.binance.com/docs/binance-spot-api-docs/errors
    "binance": {
        "-2015": KEY_REFUSED,
        "-2014": KEY_REFUSED,
        "-2008": KEY_REFUSED,
        "-1022": KEY_REFUSED,
        "-1002": KEY_REFUSED,
        "-1021": CLOCK,
        "-1121": NOT_OFFERED,
        "-1000": LATER,
        "-1001": LATER,
        "-1003": LATER,
        "-1006": LATER,
        "-1007": LATER,
        "-1008": LATER,
        "-1015": LATER,
        "-1016": LATER,
    },
    # Kraken: https://docs.kraken.com/api/docs/guides/spot-errors
    "kraken": {
        "EAPI:Invalid key": KEY_REFUSED,
        "EAPI:Invalid signature": KEY_REFUSED,
        "EAPI:Feature disabled": KEY_REFUSED,
        "EGeneral:Permission denied": KEY_REFUSED,
        "EAPI:Invalid nonce": LATER,
        "EAPI:Rate limit exceeded": LATER,
        "EGeneral:Temporary lockout": LATER,
        "EGeneral:Internal error": LATER,
        "EGeneral:Unknown method": NOT_OFFERED,
        "EService:Unavailable": LATER,
        "EService:Busy": LATER,
        "EService:Timeout": LATER,
    },
}


class NotOffered(SourceChanged):
    """A definite answer that the endpoint (or the symbol) does not exist here; never raised for anything that may pass."""


class ClockDiffers(RetryLater):
    """The exchange finds our time stamp too far from its own."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What of an answer decides: never kept longer than the call."""

    status: int
    headers: dict[str, str]
    decoded: Any
    """None: the body was not JSON."""
    length: int


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without addresses, without the values of key-like fields and without the given secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return _NAMED_VALUE.sub(r"\1\2…", _URL.sub("…", text))


def retry_after(headers: dict[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After header, which may be a number or a date (RFC 9110 10.2.3)."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def own_error(decoded: Any) -> tuple[str, str]:
    """(code, message) in the exchange's own words, "" where it has none."""
    if not isinstance(decoded, dict):
        return "", ""
    listed = decoded.get("error") or decoded.get("errors")
    if isinstance(listed, list) and listed:
        first = listed[0]
        if isinstance(first, dict):
            return str(first.get("id") or first.get("code") or ""), str(first.get("message") or "")
        return str(first), ""
    code = next((decoded[k] for k in ("code", "retCode", "error", "status") if isinstance(decoded.get(k), str | int)), "")
    message = next((decoded[k] for k in ("msg", "message", "retMsg", "error_description") if isinstance(decoded.get(k), str)), "")
    return str(code), message


def translated(
    exchange: str, method: str, error: BaseException, *, reply: Reply | None, secrets: Iterable[str], now: datetime
) -> ConnectorError:
    """The contract's error for what a ccxt call raised. Raise it `from None`: the cause's text holds the signed URL."""
    code, message = own_error(reply.decoded) if reply else ("", "")
    what = f"{exchange} {method}: " + (f"HTTP {reply.status}" if reply else "no complete answer")
    if own := redact(f"{code} {message}".strip(), secrets)[:SAYS_CHARACTERS]:
        what = f"{what}, {own}"
    wait = retry_after(reply.headers, now) if reply else None
    meant = _by_code(exchange, code) or (_by_status(reply) if reply else None) or _by_class(error, reply)
    if meant == KEY_REFUSED:
        return AccessDenied(
            f"{what}. {exchange} refuses this key (field apiKey or secret): it is wrong, revoked, expired, or not allowed from this address."
        )
    if meant == CLOCK:
        return ClockDiffers(f"{what}: the clocks differ", wait)
    if meant == LATER:
        undecodable = reply is not None and reply.decoded is None and reply.status < 300
        return RetryLater(f"{what}, {reply.length} characters that are not JSON" if undecodable and reply else what, wait)
    if meant == NOT_OFFERED:
        return NotOffered(f"{what}: not offered")
    return SourceChanged(f"{what} ({type(error).__name__})")


def _by_code(exchange: str, code: str) -> str | None:
    table = OWN_CODES.get(exchange, {})
    return table.get(code) or next((meant for own, meant in table.items() if own.startswith("E") and code.startswith(own)), None)


def _by_status(reply: Reply) -> str | None:
    status, page = reply.status, reply.decoded is None and reply.length > 0
    if status in (408, 418, 425, 429) or status >= 500:
        return LATER
    if status in (401, 451):
        return KEY_REFUSED
    if status == 403:  # a web page is a firewall in front of the exchange, not its word on the key
        return LATER if page and reply.length > SAYS_CHARACTERS else KEY_REFUSED
    if status in (404, 405):
        return NOT_OFFERED
    return LATER if reply.decoded is None else None


def _by_class(error: BaseException, reply: Reply | None) -> str | None:
    import aiohttp
    import ccxt

    if isinstance(error, ccxt.AuthenticationError | ccxt.RestrictedLocation):
        return KEY_REFUSED
    if isinstance(error, ccxt.NotSupported | ccxt.BadSymbol | ccxt.ArgumentsRequired):
        return NOT_OFFERED
    if isinstance(error, ccxt.OperationFailed | aiohttp.ClientError | TimeoutError | OSError):
        return LATER
    if reply is None and isinstance(error.__cause__, aiohttp.ClientError):  # cut in mid-body: ccxt calls it permanent
        return LATER
    if reply is None and isinstance(error, ValueError | IndexError | AssertionError):  # the secret cannot sign: not base64, not PEM
        return KEY_REFUSED
    return None

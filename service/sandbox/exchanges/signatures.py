"""Signatures as the exchanges verify them, and the sandbox's keys. The keys are the same in every run, so that an account added twice is one account.

Sources: Binance "Signed endpoint security", Kraken "Authentication", Coinbase CDP "API key authentication" (JWT, RFC 7519; ES256, RFC 7518 section 3.4).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from service.sandbox.exchanges.wire import Key


def _seeded(seed: str) -> bytes:
    return hashlib.sha512(f"sandbox {seed}".encode()).digest()


def keys(exchange: str) -> tuple[Key, Key]:
    """(read-only, may also trade and withdraw), in the shapes that the exchange gives out."""
    return _key(exchange, "reader", may_write=False), _key(exchange, "trader", may_write=True)


def _key(exchange: str, name: str, *, may_write: bool) -> Key:
    seed = _seeded(f"{exchange} {name}")
    if exchange == "binance":
        return Key(seed.hex()[:64], _seeded(f"{exchange} {name} secret").hex()[:64], may_write)
    if exchange == "kraken":
        return Key(base64.b64encode(seed[:42]).decode(), base64.b64encode(_seeded(f"{exchange} {name} secret")).decode(), may_write)
    pem = _private(seed).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return Key(f"organizations/{_dashed(seed[:16].hex())}/apiKeys/{_dashed(seed[16:32].hex())}", pem, may_write)


def _dashed(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _private(seed: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(seed[:31]) + 1, ec.SECP256R1())


def binance(secret: str, query: str) -> str:
    """HMAC-SHA256 of the query before "&signature=", in hex."""
    return hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()


def kraken(secret: str, path: str, nonce: str, body: str) -> str:
    """HMAC-SHA512 of path + SHA256(nonce + body), in base 64."""
    message = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    return base64.b64encode(hmac.new(base64.b64decode(secret), message, hashlib.sha512).digest()).decode()


def equal(left: str, right: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def coinbase_public(pem: str) -> ec.EllipticCurvePublicKey:
    """The public half of the sandbox's own key."""
    private = load_pem_private_key(pem.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.public_key()


def coinbase_claims(token: str, known: Mapping[str, ec.EllipticCurvePublicKey]) -> dict[str, Any] | None:
    """The claims of an ES256 token whose `kid` and `sub` name the key that signed it; None for any other text."""
    try:
        head, body, tail = token.split(".")
        header, claims, signature = json.loads(_decoded(head)), json.loads(_decoded(body)), _decoded(tail)
        if header["alg"] != "ES256" or len(signature) != 64 or claims["sub"] != header["kid"]:
            return None
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        known[header["kid"]].verify(der, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return claims if isinstance(claims, dict) else None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

"""Recognises a wallet secret in any text that a person pastes: address, label and note boxes.

A watch-only product must refuse a seed phrase before it is stored, logged or echoed, also when it is mistyped, numbered,
inside a descriptor or in the middle of a sentence. `secret_kind` answers with the kind only; the text goes nowhere.
Not for exchange API secrets, which can have the same shape. Formats: BIP-32, SLIP-132, BIP-38, BIP-39, WIF, Web3 Secret Storage.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

SEED = "seed phrase"
LIKE_SEED = "seed phrase, perhaps mistyped"
EXTENDED = "extended private key"
PRIVATE_HEX = "private key (or a transaction hash: same shape)"
WIF = "private key (WIF)"
BIP38 = "encrypted private key (BIP-38)"
KEYSTORE = "keystore file"

# xprv yprv zprv Yprv Zprv tprv uprv vprv Uprv Vprv Ltpv Mtpv (SLIP-132, and Litecoin's two).
PRIVATE_VERSIONS = frozenset(
    bytes.fromhex(version)
    for version in (
        *("0488ade4", "049d7878", "04b2430c", "0295b005", "02aa7a99", "04358394"),
        *("044a4e28", "045f18bc", "024285b5", "02575048", "019d9cfe", "01b26792"),
    )
)
_TOKEN = re.compile(r"[1-9A-HJ-NP-Za-km-z]{50,120}")
_EXTENDED_LOOK = re.compile(r"(?<![A-Za-z0-9])(?:[xyztuvYZUV]prv|[LM]tpv)[A-Za-z0-9]{40,}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?([0-9a-fA-F]{128}|[0-9a-fA-F]{64})(?![0-9A-Za-z])")
_KEYSTORE = re.compile(r'"crypto"\s*:\s*\{.*"ciphertext"|"ciphertext".*"kdf"', re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"\d*[^\W\d_][^\W_]*")
PHRASE_WORDS = range(12, 25, 3)
LOOKS_LIKE_WORDS = 9
LOOKS_LIKE_SHARE = (85, 100)


def secret_kind(text: str) -> str | None:
    """The kind of wallet secret found in `text`, or None. Never raises, keeps nothing."""
    plain = normalize("NFKD", text)
    if _EXTENDED_LOOK.search(plain):
        return EXTENDED
    for token in _TOKEN.findall(plain):
        kind = _base58_kind(token)
        if kind:
            return kind
    if _HEX.search(plain):
        return PRIVATE_HEX
    if _KEYSTORE.search(plain):
        return KEYSTORE
    return _phrase_kind(plain)


def _base58_kind(token: str) -> str | None:
    from embit import base58

    try:
        payload = base58.decode_check(token)
    except ValueError:
        return None
    if len(payload) == 78 and (payload[:4] in PRIVATE_VERSIONS or payload[45] == 0):
        return EXTENDED
    if payload[0] in (0x80, 0xEF) and (len(payload) == 33 or (len(payload) == 34 and payload[33] == 1)):
        return WIF
    if len(payload) == 39 and payload[:2] in (b"\x01\x42", b"\x01\x43"):
        return BIP38
    return None


def _phrase_kind(plain: str) -> str | None:
    """12 to 24 list words in a row, or a run of 9 and more of which 85 percent are on the list."""
    words = [word.lower() for word in _WORD.findall(plain)]
    if len(words) < LOOKS_LIKE_WORDS:
        return None
    listed = [word in _bip39() for word in words]
    run = longest = 0
    for known in listed:
        run = run + 1 if known else 0
        longest = max(longest, run)
    if longest >= PHRASE_WORDS.start:
        return SEED
    return LIKE_SEED if _dense(listed) else None


def _dense(listed: list[bool]) -> bool:
    """Some stretch of 9 words or more, list words at both ends, holds 85 percent list words."""
    share, of = LOOKS_LIKE_SHARE
    for start in range(len(listed) - LOOKS_LIKE_WORDS + 1):
        known = 0
        for count, word in enumerate(listed[start : start + PHRASE_WORDS[-1]], start=1):
            known += word
            if word and listed[start] and count >= LOOKS_LIKE_WORDS and known * of >= count * share:
                return True
    return False


@lru_cache(maxsize=1)
def _bip39() -> frozenset[str]:
    from embit.wordlists.bip39 import WORDLIST

    return frozenset(WORDLIST)

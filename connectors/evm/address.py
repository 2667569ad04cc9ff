"""What a person pastes as an address → the checksummed address, or one sentence about what is wrong with it.

EIP-55 (a wrong mixed-case checksum is a typing error), EIP-3770 (`eth:0x…` names the chain), and wallet secrets refused
by kind, without a word of what was pasted.
"""

from __future__ import annotations

import re

from connectors.clients.secrets import secret_kind
from connectors.contract import InvalidInput

FIELD = "address"
SHORT_NAMES = {
    "eth": "ethereum",
    "arb1": "arbitrum",
    "oeth": "optimism",
    "base": "base",
    "pol": "polygon",
    "matic": "polygon",
    "bnb": "bnb",
    "gno": "gnosis",
    "avax": "avalanche",
    "linea": "linea",
    "scr": "scroll",
    "zksync": "zksync",
}
"""EIP-3770 short names (the list of ethereum-lists/chains) → names of config/chains.toml."""

_SHAPE = re.compile(r"(?:([A-Za-z0-9-]{1,15}):)?(0[xX][0-9a-fA-F]{40})")


def parse_address(text: str, chain: str | None) -> str:
    """The EIP-55 form of `text`, an address of `chain` (a name of chains.toml, None: any). Raises InvalidInput("address")."""
    text = text.strip()
    kind = secret_kind(text)
    if kind is not None:
        raise InvalidInput(
            FIELD, f"this is a {kind}: never give it to a watch-only program; give the public address (0x and 40 hex digits)"
        )
    match = _SHAPE.fullmatch(text)
    if match is None:
        if text.lower().endswith(".eth"):
            raise InvalidInput(FIELD, "a name is not resolved here; give the address that it stands for (0x and 40 hex digits)")
        raise InvalidInput(FIELD, "an address is 0x and 40 hex digits; copy it from the wallet's receive page")
    prefix, digits = match[1], match[2][2:]
    meant = SHORT_NAMES.get(prefix.lower(), prefix.lower()) if prefix else None
    if meant and chain and meant != chain:
        raise InvalidInput(FIELD, f"the prefix {prefix}: means the chain {meant}, not {chain}; choose that chain or leave the prefix out")
    proper = checksummed(digits)
    if digits not in (digits.lower(), digits.upper(), proper[2:]):
        raise InvalidInput(FIELD, "the upper and lower case letters do not fit the checksum, so it was mistyped; copy the address again")
    return proper


def checksummed(digits: str) -> str:
    """EIP-55 of 40 hex digits."""
    from eth_utils.address import to_checksum_address

    return str(to_checksum_address("0x" + digits.lower()))

"""API keys and channel addresses, encrypted at rest: a copy of the database alone opens nothing.

    master key (file, environment, passphrase) ─wraps▶ data key (random, wrapped in the database) ─seals▶ each field

Each field is AES-256-GCM with a fresh nonce, bound to its place: (kind, owner, field, version of the data key) is associated
data, so a ciphertext that is moved to another row does not open. The master key is looked for in this order:

    THRESHER_MASTER_KEY_FILE   a file that only its owner may read: 32 bytes as 64 hex digits or base64
    THRESHER_MASTER_KEY        the same text
    THRESHER_PASSPHRASE        any text; Argon2id (64 MiB, 3 passes, 4 lanes) with a salt that lies beside the wrapped key
    config_dir/master.key      made by create_master_key at init, never beside the database

Where one is named and cannot be used, the next is not tried: that would seal with a key that nobody meant.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import NoReturn, Protocol

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.app.ports import Refused
from service.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
HEAD_BYTES = 5
"""Of a sealed field: one byte for its form, four for the version of the data key."""
FORM = b"\x01"
ARGON2 = {"memory_kib": 64 * 1024, "passes": 3, "lanes": 4}
"""RFC 9106, second recommendation."""
FILE_NAME = "master.key"


class KeyShelf(Protocol):
    """Where the wrapped data key lies; the store implements it."""

    async def wrapped_key(self) -> bytes | None: ...

    async def save_wrapped_key(self, wrapped: bytes, replaces: bytes | None) -> bool:
        """Only if the stored one still is `replaces`; False when somebody else was first."""


@dataclass(frozen=True, slots=True, repr=False)
class _Master:
    """The secret that wraps the data key, and where it was found."""

    secret: bytes
    is_passphrase: bool
    found_in: str


class SealedVault:
    """Implements service.app.ports.Vault with one data key. Shows nothing of it and cannot be pickled."""

    __slots__ = ("_cipher", "_version")

    def __init__(self, data_key: bytes, version: int) -> None:
        self._cipher = AESGCM(data_key)
        self._version = version

    def __repr__(self) -> str:
        return "SealedVault()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a vault stays in its process")

    def seal(self, plain: str, where: tuple[str, str, str]) -> bytes:
        """33 bytes longer than the text in UTF-8."""
        nonce = token_bytes(NONCE_BYTES)
        head = FORM + self._version.to_bytes(4, "big")
        return head + nonce + self._cipher.encrypt(nonce, plain.encode(), FORM + _bound(where, self._version))

    def open(self, sealed: bytes, where: tuple[str, str, str]) -> str:
        """Raises Refused when it was sealed for another place, with another key, or is damaged."""
        nonce, body = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        version = int.from_bytes(sealed[1:HEAD_BYTES], "big")  # a wrong one is a wrong place: decryption fails
        try:
            return self._cipher.decrypt(nonce, body, sealed[:1] + _bound(where, version)).decode()
        except (InvalidTag, ValueError):
            kind, owner, name = where
            says = f"the sealed {name} of {kind} {owner} does not open: it was moved, damaged or sealed with another key; enter it again"
            raise Refused("vault", says) from None


def _bound(where: tuple[str, str, str], version: int) -> bytes:
    """Associated data. JSON, so that no two places can spell the same text."""
    return json.dumps([*where, version]).encode()


# ------------------------------------------------------------------ opening


async def open_vault(settings: Settings, env: Mapping[str, str], store: KeyShelf) -> SealedVault:
    """The vault of this database; its data key is made on first use. Raises Refused("master key", …)."""
    master = _master(settings, env)
    wrapped = await store.wrapped_key()
    if wrapped is None:
        fresh = await asyncio.to_thread(_wrap, master, token_bytes(KEY_BYTES), 1)
        await store.save_wrapped_key(fresh, None)
        wrapped = await store.wrapped_key()  # ours, or that of the process that was first
        assert wrapped is not None
    data_key, version = await asyncio.to_thread(_unwrap, master, wrapped)
    return SealedVault(data_key, version)


async def change_master_key(settings: Settings, env: Mapping[str, str], new_env: Mapping[str, str], store: KeyShelf) -> None:
    """Wraps the same data key by the master key that `new_env` names (THRESHER_MASTER_KEY_FILE, _KEY or THRESHER_PASSPHRASE).

    No sealed field is touched. Raises Refused("master key", …) and changes nothing when either key cannot be used.
    """
    old, new = _master(settings, env), _named(new_env, None)
    if new is None:
        raise Refused("master key", "name the new key in THRESHER_MASTER_KEY_FILE, THRESHER_MASTER_KEY or THRESHER_PASSPHRASE")
    wrapped = await store.wrapped_key()
    if wrapped is None:
        raise Refused("master key", "nothing is sealed yet; run `thresher init` with the new key")
    data_key, version = await asyncio.to_thread(_unwrap, old, wrapped)
    if not await store.save_wrapped_key(await asyncio.to_thread(_wrap, new, data_key, version), wrapped):
        raise Refused("master key", "another process changed the key at the same time; try again")


def create_master_key(config_dir: Path) -> Path:
    """config_dir/master.key, 0600, unless it is there; never overwritten. Written beside and linked, so never half a key."""
    config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = config_dir / FILE_NAME
    if path.exists():
        return path
    draft = config_dir / f".{FILE_NAME}.{token_bytes(8).hex()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was first: its key counts
            return path
    finally:
        draft.unlink()
    return path


# ------------------------------------------------------------------ the master key


def _master(settings: Settings, env: Mapping[str, str]) -> _Master:
    found = _named(env, settings.master_key_file)
    if found is not None:
        return found
    path = settings.config_dir / FILE_NAME
    if path.exists():
        return _from_file(path)
    raise Refused(
        "master key",
        f"there is no master key: {path} is missing and neither THRESHER_MASTER_KEY_FILE, THRESHER_MASTER_KEY nor THRESHER_PASSPHRASE "
        "is set; `thresher init` makes one for new data, old data need the key that they were sealed with",
    )


def _named(env: Mapping[str, str], file: Path | None) -> _Master | None:
    """What the environment names; None when it names nothing."""
    if file is None and env.get("THRESHER_MASTER_KEY_FILE"):
        file = Path(env["THRESHER_MASTER_KEY_FILE"])
    if file is not None:
        return _from_file(file)
    if text := env.get("THRESHER_MASTER_KEY"):
        return _Master(_key_bytes(text, "THRESHER_MASTER_KEY"), is_passphrase=False, found_in="THRESHER_MASTER_KEY")
    if phrase := env.get("THRESHER_PASSPHRASE"):
        return _Master(phrase.encode(), is_passphrase=True, found_in="THRESHER_PASSPHRASE")
    return None


def _from_file(path: Path) -> _Master:
    """Raises Refused for a file that is missing, empty, or open to others."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Refused("master key", f"{path} is not a file; THRESHER_MASTER_KEY_FILE names the file that holds the key")
            if mode & 0o077:
                raise Refused("master key", f"{path} can be read by others; run: chmod 600 {path}")
            text = file.read(4096).decode("ascii", "replace")
    except OSError as failed:
        raise Refused("master key", f"{path} cannot be read: {failed.strerror}") from None
    return _Master(_key_bytes(text, str(path)), is_passphrase=False, found_in=str(path))


def _key_bytes(text: str, found_in: str) -> bytes:
    """32 bytes of 64 hex digits or of base64, with either alphabet and with or without padding."""
    word = text.strip()
    try:
        if len(word) == 2 * KEY_BYTES:
            return bytes.fromhex(word)
        key = base64.b64decode(word.replace("-", "+").replace("_", "/").rstrip("=") + "=", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise Refused("master key", f"{found_in} holds no key: it must be 32 bytes, as 64 hex digits or as base64")
    return key


# ------------------------------------------------------------------ the data key, wrapped


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """How the data key lies in the database."""

    version: int
    passphrase: bool
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)


def _wrap(master: _Master, data_key: bytes, version: int) -> bytes:
    salt = token_bytes(SALT_BYTES)
    nonce = token_bytes(NONCE_BYTES)
    body = AESGCM(_wrapping_key(master, salt)).encrypt(nonce, data_key, _wrapping_bound(version, passphrase=master.is_passphrase))
    parts = {"salt": salt.hex(), "nonce": nonce.hex(), "body": body.hex(), "version": version, "passphrase": master.is_passphrase}
    return json.dumps(parts, sort_keys=True).encode()


def _unwrap(master: _Master, wrapped: bytes) -> tuple[bytes, int]:
    """The data key and its version. Raises Refused for another master key than it was wrapped with."""
    parts = json.loads(wrapped)
    found = _Wrapped(parts["version"], parts["passphrase"], *(bytes.fromhex(parts[name]) for name in ("salt", "nonce", "body")))
    if found.passphrase != master.is_passphrase:
        meant = "a passphrase; set THRESHER_PASSPHRASE" if found.passphrase else "a key, not with a passphrase; unset THRESHER_PASSPHRASE"
        raise Refused("master key", f"{master.found_in} is not what these data were sealed with: they were sealed with {meant}")
    cipher = AESGCM(_wrapping_key(master, found.salt))
    try:
        data_key = cipher.decrypt(found.nonce, found.body, _wrapping_bound(found.version, passphrase=found.passphrase))
    except InvalidTag:
        says = (
            f"{master.found_in} is not the key that these data were sealed with; put back the right one (`thresher init` never replaces it)"
        )
        raise Refused("master key", says) from None
    return data_key, found.version


def _wrapping_key(master: _Master, salt: bytes) -> bytes:
    if not master.is_passphrase:
        return master.secret
    return hash_secret_raw(
        master.secret,
        salt,
        time_cost=ARGON2["passes"],
        memory_cost=ARGON2["memory_kib"],
        parallelism=ARGON2["lanes"],
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def _wrapping_bound(version: int, *, passphrase: bool) -> bytes:
    return json.dumps(["vault_key", version, passphrase]).encode()

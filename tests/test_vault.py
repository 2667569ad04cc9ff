"""The vault: sealed for one place with one key, and one clear sentence for everything else."""

from __future__ import annotations

import asyncio
import base64
import pickle
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app.ports import Refused
from service.settings import Settings
from service.vault import SealedVault, change_master_key, create_master_key, open_vault
from tests.store.samples import settings_in

KEY = "ab" * 32
OTHER_KEY = base64.b64encode(bytes(range(32))).decode()
WHERE = ("account", "acc_1", "secret")


class Shelf:
    """Holds the wrapped key as the store does."""

    def __init__(self) -> None:
        self.wrapped: bytes | None = None

    async def wrapped_key(self) -> bytes | None:
        await asyncio.sleep(0)  # others may come in between
        return self.wrapped

    async def save_wrapped_key(self, wrapped: bytes, replaces: bytes | None) -> bool:
        if self.wrapped != replaces:
            return False
        self.wrapped = wrapped
        return True


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def key_file(folder: Path, text: str = KEY, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


@given(plain=st.text(), where=st.tuples(st.text(), st.text(), st.text()))
def test_what_is_sealed_opens_at_its_place(plain: str, where: tuple[str, str, str]) -> None:
    vault = SealedVault(bytes(32), 1)
    sealed = vault.seal(plain, where)
    assert vault.open(sealed, where) == plain
    assert len(sealed) == len(plain.encode()) + 33
    assert sealed != vault.seal(plain, where)


@pytest.mark.parametrize(
    "where",
    [("channel", "acc_1", "secret"), ("account", "acc_2", "secret"), ("account", "acc_1", "apiKey"), ("account", "acc", "_1secret")],
)
def test_a_swapped_row_does_not_open(where: tuple[str, str, str]) -> None:
    vault = SealedVault(bytes(32), 1)
    with pytest.raises(Refused, match=f"sealed {where[2]} of {where[0]} {where[1]} does not open"):
        vault.open(vault.seal("s3cret", WHERE), where)


def test_a_changed_byte_anywhere_does_not_open() -> None:
    vault = SealedVault(bytes(32), 1)
    sealed = vault.seal("s3cret", WHERE)
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises(Refused, match="does not open"):
            vault.open(bytes(damaged), WHERE)
    for length in range(len(sealed)):
        with pytest.raises(Refused, match="does not open"):
            vault.open(sealed[:length], WHERE)


def test_it_shows_nothing_and_stays_in_its_process() -> None:
    vault = SealedVault(b"k" * 32, 1)
    assert repr(vault) == str(vault) == "SealedVault()"
    assert not hasattr(vault, "__dict__")
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(vault)


async def test_a_new_master_key_is_private_and_never_replaced(settings: Settings, shelf: Shelf) -> None:
    path = create_master_key(settings.config_dir)
    assert path == settings.config_dir / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.config_dir.stat().st_mode) == 0o700
    before = path.read_bytes()
    assert create_master_key(settings.config_dir).read_bytes() == before
    assert list(settings.config_dir.iterdir()) == [path]
    sealed = (await open_vault(settings, {}, shelf)).seal("s3cret", WHERE)
    assert (await open_vault(settings, {}, shelf)).open(sealed, WHERE) == "s3cret"
    assert before.strip() not in (shelf.wrapped or b"")


async def test_every_source_opens_what_it_sealed_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    create_master_key(settings.config_dir)
    sources = {
        "file": (replace(settings, master_key_file=key_file(tmp_path)), {}),
        "environment": (settings, {"THRESHER_MASTER_KEY": OTHER_KEY}),
        "passphrase": (settings, {"THRESHER_PASSPHRASE": "correct horse"}),
        "other passphrase": (settings, {"THRESHER_PASSPHRASE": "battery staple"}),
        "config folder": (settings, {}),
    }
    for name, (mine, env) in sources.items():
        shelf = Shelf()
        sealed = (await open_vault(mine, env, shelf)).seal("s3cret", WHERE)
        for other, (theirs, their_env) in sources.items():
            if other == name:
                assert (await open_vault(theirs, their_env, shelf)).open(sealed, WHERE) == "s3cret"
                continue
            with pytest.raises(Refused, match=r"is not the key that|is not what these data") as refused:
                await open_vault(theirs, their_env, shelf)
            assert refused.value.field == "master key"
            assert "horse" not in str(refused.value)


async def test_the_order_of_the_sources(settings: Settings, shelf: Shelf, tmp_path: Path) -> None:
    create_master_key(settings.config_dir)
    by_file = replace(settings, master_key_file=key_file(tmp_path))
    await open_vault(by_file, {"THRESHER_MASTER_KEY": OTHER_KEY, "THRESHER_PASSPHRASE": "p"}, shelf)
    await open_vault(settings, {"THRESHER_MASTER_KEY": KEY, "THRESHER_PASSPHRASE": "p"}, shelf)  # the file's key, so the file won
    await open_vault(settings, {"THRESHER_MASTER_KEY_FILE": str(tmp_path / "key")}, shelf)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
async def test_a_key_file_that_others_can_read_is_refused(settings: Settings, shelf: Shelf, tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused, match="can be read by others; run: chmod 600"):
        await open_vault(replace(settings, master_key_file=key_file(tmp_path, mode=mode)), {}, shelf)
    assert shelf.wrapped is None


@pytest.mark.parametrize("text", ["", "hunter2", "zz" * 32, "ab" * 31, base64.b64encode(bytes(31)).decode(), "🦊" * 32])
async def test_what_is_no_key_is_refused_and_not_echoed(settings: Settings, shelf: Shelf, tmp_path: Path, text: str) -> None:
    for mine, env in ((replace(settings, master_key_file=key_file(tmp_path, text)), {}), (settings, {"THRESHER_MASTER_KEY": text})):
        if not text and env:
            continue  # an empty variable is an unset one
        with pytest.raises(Refused, match="32 bytes, as 64 hex digits or as base64") as refused:
            await open_vault(mine, env, shelf)
        assert not text or text not in str(refused.value)


@pytest.mark.parametrize("text", [KEY, KEY.upper(), f" {KEY}\n"])
async def test_the_same_key_in_any_of_its_forms(settings: Settings, shelf: Shelf, text: str) -> None:
    raw = bytes.fromhex(KEY)
    await open_vault(settings, {"THRESHER_MASTER_KEY": base64.b64encode(raw).decode()}, shelf)
    for same in (text, base64.urlsafe_b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")):
        await open_vault(settings, {"THRESHER_MASTER_KEY": same}, shelf)


async def test_a_missing_key_is_one_sentence(settings: Settings, shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no master key"):
        await open_vault(settings, {}, shelf)
    with pytest.raises(Refused, match="cannot be read: No such file"):
        await open_vault(replace(settings, master_key_file=tmp_path / "none"), {"THRESHER_MASTER_KEY": KEY}, shelf)
    with pytest.raises(Refused, match="is not a file"):
        await open_vault(replace(settings, master_key_file=Path("/dev/null")), {}, shelf)


async def test_two_first_users_share_one_data_key(settings: Settings, shelf: Shelf) -> None:
    env = {"THRESHER_MASTER_KEY": KEY}
    one, other = await asyncio.gather(open_vault(settings, env, shelf), open_vault(settings, env, shelf))
    assert other.open(one.seal("s3cret", WHERE), WHERE) == "s3cret"


async def test_the_master_key_can_be_changed(settings: Settings, shelf: Shelf) -> None:
    old, new = {"THRESHER_MASTER_KEY": KEY}, {"THRESHER_PASSPHRASE": "correct horse"}
    sealed = (await open_vault(settings, old, shelf)).seal("s3cret", WHERE)
    with pytest.raises(Refused, match="is not the key"):
        await change_master_key(settings, {"THRESHER_MASTER_KEY": OTHER_KEY}, new, shelf)
    with pytest.raises(Refused, match="name the new key"):
        await change_master_key(settings, old, {}, shelf)
    await change_master_key(settings, old, new, shelf)
    assert (await open_vault(settings, new, shelf)).open(sealed, WHERE) == "s3cret"
    with pytest.raises(Refused, match="sealed with a passphrase"):
        await open_vault(settings, old, shelf)

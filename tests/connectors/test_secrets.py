"""Every kind of wallet secret in every dress is recognised; nothing public is. Vectors: BIP-32, BIP-38, BIP-39, SLIP-132."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest
from embit import base58, bip32, bip39, ec
from embit.networks import NETWORKS

from connectors.clients.secrets import BIP38, EXTENDED, KEYSTORE, LIKE_SEED, PRIVATE_HEX, PRIVATE_VERSIONS, SEED, WIF, secret_kind

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
LONG = "abandon " * 23 + "art"
ROOT_KEY = bip32.HDKey.from_seed(bip39.mnemonic_to_seed(PHRASE))
XPRV, XPUB = str(ROOT_KEY), str(ROOT_KEY.to_public())
KEY = sha256(b"of nobody").digest()


@pytest.mark.parametrize(
    "text",
    [
        PHRASE,
        PHRASE.upper(),
        LONG,
        PHRASE.replace("yellow", "winner"),
        "\n".join(f"{n}. {word}" for n, word in enumerate(PHRASE.split(), 1)),
        ", ".join(PHRASE.split()),
        f"my old wallet, keep it safe: {PHRASE} (paper copy)",
        PHRASE.replace(" ", "\u3000"),
    ],
)
def test_seed_phrases(text):
    assert secret_kind(text) == SEED


@pytest.mark.parametrize(
    "text",
    [PHRASE.replace("sausage", "sausgae"), PHRASE.replace("wave", "vawe"), " ".join(PHRASE.split()[:9]), PHRASE.replace("worth", "w0rth")],
)
def test_mistyped_and_partial_phrases(text):
    assert secret_kind(text) == LIKE_SEED


@pytest.mark.parametrize("version", sorted(PRIVATE_VERSIONS))
def test_extended_private_keys_of_every_version(version):
    payload = version + base58.decode_check(XPRV)[4:]
    for text in (base58.encode_check(payload), f"wpkh([d34db33f/84h/0h/0h]{base58.encode_check(payload)}/<0;1>/*)#abcdefgh"):
        assert secret_kind(text) == EXTENDED


@pytest.mark.parametrize(
    "text",
    [XPRV[:-1] + "x", XPRV[:60] + XPRV[61:], f"here it is {XPRV} ok", base58.encode_check(b"\x12\x34\x56\x78" + ROOT_KEY.serialize()[4:])],
)
def test_extended_private_keys_mistyped_or_of_unknown_version(text):
    assert secret_kind(text) == EXTENDED


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ec.PrivateKey(KEY).wif(), WIF),
        (ec.PrivateKey(KEY, compressed=False).wif(), WIF),
        (ec.PrivateKey(KEY, network=NETWORKS["test"]).wif(), WIF),
        (f"wpkh({ec.PrivateKey(KEY).wif()})", WIF),
        ("6PRVWUbkzzsbcVac2qwfssoUJAN1Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg", BIP38),
        ("6PYNKZ1EAgYgmQfmNVamxyXVWHzK5s6DGhwP4J5o44cvXdoY7sRzhtpUeo", BIP38),
        (KEY.hex(), PRIVATE_HEX),
        ("0x" + KEY.hex().upper(), PRIVATE_HEX),
        ("0X" + KEY.hex() * 2, PRIVATE_HEX),
        (f"key={KEY.hex()}.", PRIVATE_HEX),
        ('{"address": "00", "crypto": {"cipher": "aes-128-ctr", "ciphertext": "5318"}, "version": 3}', KEYSTORE),
    ],
)
def test_other_secrets(text, kind):
    assert secret_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OneKey",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "eth:0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        XPUB,
        f"wpkh([d34db33f/84h/0h/0h]{XPUB}/<0;1>/*)#abcdefgh",
        base58.encode_check(bytes.fromhex("04b24746") + base58.decode_check(XPUB)[4:]),
        "the cold wallet that I bought at the fair in spring and use for savings",
        "a" * 5000,
        "remark " * 400,
    ],
)
def test_public_texts_pass(text):
    assert secret_kind(text) is None


def test_it_is_quick_enough_for_every_box():
    begun = time.perf_counter()
    for _ in range(200):
        secret_kind(f"wpkh([d34db33f/84h/0h/0h]{XPUB}/<0;1>/*)#abcdefgh")
    assert time.perf_counter() - begun < 0.5


def test_names_of_figures_are_no_seed_phrase_and_a_phrase_among_them_is_one():
    from service.cli import _wallet_secret

    figures = "profile set short_rate=0.24 long_rate=0.15 trade_share=0.003 move=5 loss_share=0.2 state_rate=0.05"
    assert _wallet_secret(figures.split()) is None
    phrase = "abandon ability able about above absent absorb abstract absurd abuse access accident"
    assert _wallet_secret([*figures.split(), *phrase.split()]) is not None
    assert _wallet_secret(["profile", "set", f"income={phrase}"]) is not None

"""Settings: packaged defaults, the user's folder over them, the environment over both; a sentence for what cannot be used."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eth_utils import is_checksum_address

from connectors.contract import Asset
from service import settings
from tests.tools import ROOT

DAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def env(tmp_path) -> dict[str, str]:
    (tmp_path / "config").mkdir()
    return {"THRESHER_DATA_DIR": str(tmp_path / "data"), "THRESHER_CONFIG_DIR": str(tmp_path / "config")}


def write(env: dict[str, str], name: str, text: str) -> None:
    path = Path(env["THRESHER_CONFIG_DIR"]) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_folders_follow_xdg_and_a_relative_one_is_ignored():
    said = settings.load({"HOME": "/home/u", "XDG_DATA_HOME": "/x/data", "XDG_CONFIG_HOME": "relative"})
    assert said.data_dir == Path("/x/data/thresher")
    assert said.config_dir == Path("/home/u/.config/thresher")


def test_the_environment_is_read(env):
    said = settings.load(env | {"THRESHER_DATABASE_URL": "postgresql://h/d", "THRESHER_MASTER_KEY_FILE": "/k", "THRESHER_RATE_SCALE": "0"})
    assert (said.database_url, said.master_key_file, said.rate_scale) == ("postgresql://h/d", Path("/k"), 0.0)
    assert said.data_dir == Path(env["THRESHER_DATA_DIR"])
    assert not said.data_dir.exists()


def test_the_users_file_lies_over_the_defaults(env):
    write(env, "config.toml", 'http_port = 9\nprice_sources = ["binance", {id = "kraken", base_url = "http://127.0.0.1:1"}]')
    said = settings.load(env)
    assert said.http_port == 9
    assert said.price_sources == (("binance", ""), ("kraken", "http://127.0.0.1:1"))
    assert said.http_host == "127.0.0.1"


def test_the_example_shows_every_key_and_can_be_used(env):
    example = (ROOT / "config/example.toml").read_text(encoding="utf-8")
    assert tomllib.loads(example).keys() == tomllib.loads((ROOT / "config/defaults.toml").read_text(encoding="utf-8")).keys()
    write(env, "config.toml", example)
    assert settings.load(env).http_port == 9000


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("http_prot = 1", "http_prot"),
        ("http_port = 99999", "http_port"),
        ("http_port = true", "http_port"),
        ("price_max_age_minutes = 0", "price_max_age_minutes"),
        ("price_max_spread = 0.01", "quotes"),
        ('price_max_spread = "much"', "price_max_spread"),
        ('price_sources = "kraken"', "price_sources"),
        ('price_sources = ["kraken", "kraken"]', "twice"),
        ('price_sources = [{id = "kraken", url = "x"}]', "price_sources"),
        ("= nothing", "not TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(env, text, names):
    write(env, "config.toml", text)
    with pytest.raises(ValueError, match=names) as wrong:
        settings.load(env)
    assert "config.toml" in str(wrong.value)


@pytest.mark.parametrize("scale", ["fast", "-1", "nan", "inf"])
def test_a_rate_scale_must_be_a_number(env, scale):
    with pytest.raises(ValueError, match="THRESHER_RATE_SCALE"):
        settings.load(env | {"THRESHER_RATE_SCALE": scale})


def test_chains_are_overlaid_key_by_key(env):
    write(env, "chains.toml", '[ethereum]\nrpc = "http://127.0.0.1:8545"\n[mine]\nchain_id = 31337\n')
    found = settings.chains(settings.load(env))
    assert found["ethereum"]["rpc"] == "http://127.0.0.1:8545"
    assert found["ethereum"]["chain_id"] == "1"
    assert found["mine"] == {"chain_id": "31337"}


# ------------------------------------------------------------------ assets


@pytest.fixture
def table(env):
    return settings.asset_table(settings.load(env))


@pytest.mark.parametrize(
    ("asset", "at", "coin"),
    [
        ("binance:ETH", DAY, "eth"),
        ("kraken:XETH", DAY, "eth"),
        ("kraken:ETH2.S", DAY, "eth"),
        ("kraken:DOT28.S", DAY, "dot"),
        ("kraken:XBT.F", DAY, "btc"),
        ("csv:BTC", DAY, "btc"),
        ("anyexchange:SOL", DAY, "sol"),
        ("eip155:1/slip44:60", DAY, "eth"),
        ("eip155:8453/erc20:0x4200000000000000000000000000000000000006", DAY, "eth"),
        ("eip155:1/erc20:0x2260fac5e5542a773aa44fbcfedf7c193bc2c599", DAY, "wbtc"),
        ("binance:LUNA", datetime(2022, 5, 27, 23, 59, tzinfo=UTC), "lunc"),
        ("binance:LUNA", datetime(2022, 5, 28, tzinfo=UTC), "luna"),
        ("kraken:LUNA", DAY, "lunc"),
        ("kraken:LUNA2", DAY, "luna"),
        ("binance:UST", datetime(2022, 1, 1, tzinfo=UTC), "ustc"),
        ("binance:UST", DAY, "binance:UST"),
        ("binance:MATIC", datetime(2021, 1, 1, tzinfo=UTC), "pol"),
        ("eip155:137/slip44:966", DAY, "pol"),
        ("fiat:USD", DAY, "fiat:USD"),
    ],
)
def test_each_sources_code_is_one_coin_at_its_time(table, asset, at, coin):
    assert table.resolve(Asset(asset), at).id == coin


@pytest.mark.parametrize("asset", ["binance:NOSUCH", "eip155:1/erc20:0x0000000000000000000000000000000000000eth", "eip155:1/erc20:ETH"])
def test_what_no_row_names_stays_its_own_asset(table, asset):
    coin = table.resolve(Asset(asset), DAY)
    assert (coin.id, coin.known) == (asset, False)


def test_a_renamed_coin_keeps_its_id_and_shows_the_symbol_of_the_time(table):
    assert table.resolve(Asset("binance:MATIC"), datetime(2021, 1, 1, tzinfo=UTC)).symbol == "MATIC"
    assert table.resolve(Asset("binance:MATIC"), DAY).symbol == "POL"
    assert [c.symbol for c in table.coins() if c.id == "pol"] == ["POL"]
    assert table.find("matic").id == "pol"


def test_the_users_rows_go_before_ours_and_change_the_version(env, table):
    write(env, "assets.toml", '[[asset]]\nid = "mine"\nsymbol = "MINE"\ncodes = { "*" = ["ETH"] }\n')
    own = settings.asset_table(settings.load(env))
    assert own.resolve(Asset("binance:ETH"), DAY).id == "mine"
    assert own.resolve(Asset("kraken:XETH"), DAY).id == "eth"
    assert own.version != table.version


def test_a_bad_row_is_named(env):
    write(env, "assets.toml", '[[asset]]\nid = "mine"\nsymbl = "M"\n')
    with pytest.raises(ValueError, match=r"assets\.toml.*mine.*symbl"):
        settings.asset_table(settings.load(env))


def rows() -> list[dict]:
    return tomllib.loads((ROOT / "config/assets.toml").read_text(encoding="utf-8"))["asset"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['id']}-{row['symbol']}")
def test_every_contract_is_spelt_with_a_right_checksum(row):
    """A mistyped digit would break it (EIP-55)."""
    assert all(is_checksum_address(place.partition("erc20:")[2]) for place in row.get("at", []) if "erc20:" in place)


def test_no_name_means_two_things_at_one_time():
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for row in rows():
        since, until = (settings._instant(row[k]) if k in row else end for k, end in (("since", first), ("until", last)))
        for name in [*row.get("at", []), *(f"{s}:{c}" for s, codes in row.get("codes", {}).items() for c in codes)]:
            assert all(until <= a or b <= since for a, b in spans.setdefault(name.lower(), [])), name
            spans[name.lower()].append((since, until))


def test_the_chains_own_coins_and_their_wrapping_are_one_known_asset(env, table):
    for name, chain in settings.chains(settings.load(env)).items():
        native = table.resolve(Asset(chain["native"]), DAY)
        wrapped = table.resolve(Asset(f"eip155:{chain['chain_id']}/erc20:{chain['wrapped'].lower()}"), DAY)
        assert native.known, name
        assert wrapped == native, name

"""config/*.toml and the environment → one frozen Settings, read once.

`env` is handed in; nothing here looks at the process. The user's own folder is laid over the packaged files: config.toml over
defaults.toml key by key, chains.toml over the packaged chains name by name, assets.toml before the packaged table, so that the user's
row wins. What cannot be used raises ValueError with one sentence that names the file and the key; nothing is guessed. Standard library only,
so that `thresher --help` stays quick.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.contract import Asset
from service.domain.assets import AssetTable, Coin, Naming


def packaged(name: str) -> Path:
    """Folder "config" or "migrations": inside the wheel as service/_<name>, beside the package in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / f"_{name}"
    return inside if inside.is_dir() else here.parent / name


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set; docs/reference.md explains each, a test compares."""

    data_dir: Path
    """THRESHER_DATA_DIR, else $XDG_DATA_HOME/thresher. Created with mode 0700."""
    config_dir: Path
    """THRESHER_CONFIG_DIR, else $XDG_CONFIG_HOME/thresher: the master key and config.toml."""
    database_url: str
    """THRESHER_DATABASE_URL, else SQLite in data_dir. As written by the user; the store adds its driver."""
    master_key_file: Path | None
    """THRESHER_MASTER_KEY_FILE."""
    rate_scale: float
    """THRESHER_RATE_SCALE: factor on our own pacing; 0 is honoured for sources on loopback only."""
    price_sources: tuple[tuple[str, str], ...]
    """(ccxt id, base URL or "") of the exchanges whose public prices are asked. Empty: imported prices only."""
    price_max_age_minutes: int
    """A live quote older than this is stale."""
    price_import_max_age_hours: int
    """An imported price counts as current for this long after its time (a daily one: after its day began)."""
    price_max_spread: str
    """Largest relative difference between sources that still counts as agreed, a decimal string."""
    sync_every_minutes: int
    evaluate_every_minutes: int
    http_host: str
    http_port: int
    transfer_window_hours: int
    """A receipt may come this long after its withdrawal."""


# ------------------------------------------------------------------ the environment and config.toml


def load(env: Mapping[str, str]) -> Settings:
    """Reads once; makes no folder. Raises ValueError naming the file and key, or the variable, that cannot be used."""
    config_dir = _folder(env, "THRESHER_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")
    own = config_dir / "config.toml"
    told = read_toml(packaged("config") / "defaults.toml")
    shown = dict.fromkeys(told, packaged("config") / "defaults.toml")
    if own.is_file():
        mine = read_toml(own)
        for key in mine:
            if key not in told:
                raise ValueError(f"{own} has an unknown key {key!r}; it may have: {', '.join(sorted(told))}")
        told.update(mine)
        shown.update(dict.fromkeys(mine, own))

    def of(key: str, read: Callable[[Any], Any]) -> Any:
        try:
            return read(told[key])
        except ValueError as wrong:
            raise ValueError(f"{key} in {shown[key]}: {wrong}") from None

    key_file = env.get("THRESHER_MASTER_KEY_FILE")
    return Settings(
        data_dir=_folder(env, "THRESHER_DATA_DIR", "XDG_DATA_HOME", ".local/share"),
        config_dir=config_dir,
        database_url=env.get("THRESHER_DATABASE_URL", ""),
        master_key_file=Path(key_file).expanduser() if key_file else None,
        rate_scale=_rate_scale(env.get("THRESHER_RATE_SCALE", "1")),
        price_sources=of("price_sources", _price_sources),
        price_max_age_minutes=of("price_max_age_minutes", _count),
        price_import_max_age_hours=of("price_import_max_age_hours", _count),
        price_max_spread=of("price_max_spread", _share),
        sync_every_minutes=of("sync_every_minutes", _count),
        evaluate_every_minutes=of("evaluate_every_minutes", _count),
        http_host=of("http_host", _word),
        http_port=of("http_port", _port),
        transfer_window_hours=of("transfer_window_hours", _count),
    )


def _folder(env: Mapping[str, str], ours: str, xdg: str, under_home: str) -> Path:
    if env.get(ours):
        return Path(env[ours]).expanduser().absolute()
    base = Path(env.get(xdg, ""))
    if not base.is_absolute():  # the XDG specification: a relative path is to be ignored
        base = (Path(env["HOME"]) if env.get("HOME") else Path.home()) / under_home
    return base / "thresher"


def read_toml(path: Path) -> dict[str, Any]:
    """Raises ValueError naming the file: no TOML, not to be read, or with a number that only a float could hold."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=_no_float)
    except _FloatError as wrong:
        raise ValueError(f"{path}: write {wrong} in quotes, amounts are exact") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{path} is not TOML: {wrong}") from None
    except OSError as wrong:
        raise ValueError(f"{path} cannot be read: {wrong.strerror}") from None


class _FloatError(Exception):
    """A number with a point, which a float would bend."""


def _no_float(text: str) -> Any:
    raise _FloatError(text)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("give a whole number above zero")
    return value


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ValueError("give a port from 0 to 65535")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("give a text in quotes")
    return value


def _share(value: object) -> str:
    """Kept as text; a share from 0 to 1."""
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not 0 <= number <= 1:
        raise ValueError('give a share from 0 to 1 in quotes, such as "0.01"')
    return str(value)


def _rate_scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = -1.0
    if not 0 <= scale <= 1000:
        raise ValueError("THRESHER_RATE_SCALE must be a number from 0 to 1000")
    return scale


def _price_sources(value: object) -> tuple[tuple[str, str], ...]:
    """["kraken", {id = "binance", base_url = "…"}] → (id, base URL or "")."""
    if not isinstance(value, list):
        raise ValueError('give a list such as ["kraken", "coinbase"]')  # noqa: TRY004 - callers catch one kind
    found = []
    for item in value:
        row = {"id": item} if isinstance(item, str) else item
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row["id"] or set(row) - {"id", "base_url"}:
            raise ValueError('each is "id" or {id = "…", base_url = "…"}')
        found.append((row["id"], _word(row["base_url"]) if "base_url" in row else ""))
    if len({row[0] for row in found}) < len(found):
        raise ValueError("names an exchange twice")
    return tuple(found)


# ------------------------------------------------------------------ chains, assets


def chains(settings: Settings) -> dict[str, Mapping[str, str]]:
    """A chain's name → its settings as text; a chain of the user's file is laid over the packaged one of that name, key by key."""
    found: dict[str, Mapping[str, str]] = {}
    for path in _both(settings, "chains.toml"):
        for name, row in read_toml(path).items():
            if not isinstance(row, dict) or not all(isinstance(v, str | int) for v in row.values()):
                raise ValueError(f"{path}: [{name}] must hold texts and whole numbers only")
            words = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in row.items()}
            found[name] = {**found.get(name, {}), **words}
    return found


def asset_table(settings: Settings) -> AssetTable:
    """The dated table of config/assets.toml, the user's own rows first. Its version is the hash of all that was read."""
    paths = list(reversed(list(_both(settings, "assets.toml"))))
    version = sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]
    return AssetTable([naming for path in paths for naming in _namings(path)], version)


def _both(settings: Settings, name: str) -> Iterator[Path]:
    """The packaged file, then the user's where there is one."""
    yield packaged("config") / name
    own = settings.config_dir / name
    if own.is_file():
        yield own


_ROW = {"id": str, "symbol": str, "name": str, "peg": str, "at": list, "codes": dict, "since": date, "until": date}


def _namings(path: Path) -> Iterator[Naming]:
    rows = read_toml(path).get("asset", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path}: assets are tables that begin with [[asset]]")
    for number, row in enumerate(rows, 1):
        what = f"{path}, [[asset]] {number} ({row.get('id', 'without id')})"
        for key, value in row.items():
            if key not in _ROW or not isinstance(value, _ROW[key]):
                raise ValueError(f"{what}: {key} is unknown or of the wrong kind; there are: {', '.join(_ROW)}")
        if not row.get("id") or not row.get("symbol"):
            raise ValueError(f"{what}: id and symbol are needed")
        coin = Coin(id=row["id"], symbol=row["symbol"], kind="coin", peg=row.get("peg", ""))
        since, until = (_instant(row[key]) if key in row else None for key in ("since", "until"))
        named = [*(a.lower() if a.startswith("eip155:") else a for a in row.get("at", []))]
        named += [f"{source}:{code}" for source, codes in row.get("codes", {}).items() for code in codes]
        for asset in named:
            yield Naming(Asset(asset), coin, since, until)


def _instant(value: date) -> datetime:
    """A day begins at midnight UTC."""
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

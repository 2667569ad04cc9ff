"""config/*.toml and the environment → one frozen Settings, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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

"""All that is kept, and all SQL. `open_store(settings, now)` and `leases_for(settings, store)` are the way in."""

from service.store.leases import AdvisoryLeases, FileLeases, leases_for
from service.store.repository import SqlStore, open_store
from service.store.tables import OPERATIONAL

__all__ = ["OPERATIONAL", "AdvisoryLeases", "FileLeases", "SqlStore", "leases_for", "open_store"]

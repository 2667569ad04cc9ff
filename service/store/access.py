"""Channels, the owner, sessions and tokens, claimed slots, and the wrapped data key of the vault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select

from service.app.ports import Channel, Session
from service.store.engine import insert_rows, upsert
from service.store.rows import row_of, value_of
from service.store.tables import ChannelRow, DeliveryRow, OwnerRow, SealedRow, SessionRow, SlotRow, VaultKeyRow, tables
from service.store.truth import Room

CHANNELS, DELIVERIES, OWNERS, SEALED, SESSIONS, SLOTS, VAULT_KEYS = tables(
    ChannelRow, DeliveryRow, OwnerRow, SealedRow, SessionRow, SlotRow, VaultKeyRow
)

SLOTS_KEPT = timedelta(days=30)
"""Long past every late trigger; the job that delivers claims 1,440 slots a day."""


class Access(Room):
    # ------------------------------------------------------------------ channels

    async def channels(self, portfolio: str = "main") -> list[Channel]:
        """In the order of their adding."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(CHANNELS).where(CHANNELS.c.portfolio == portfolio))).mappings().all()
        return sorted((value_of(Channel, row, CHANNELS) for row in rows), key=lambda c: (c.added_at, c.id))

    async def add_channel(self, channel: Channel, sealed: Mapping[str, bytes]) -> None:
        """Both or neither; one whose id exists is replaced."""
        async with self.database.writing(channel.id) as connection:
            await upsert(connection, CHANNELS, [row_of(channel, CHANNELS)])
            await connection.execute(delete(SEALED).where(SEALED.c.kind == "channel", SEALED.c.owner == channel.id))
            at = self._now()
            rows = [{"kind": "channel", "owner": channel.id, "name": n, "blob": b, "sealed_at": at} for n, b in sorted(sealed.items())]
            await insert_rows(connection, SEALED, rows)

    async def save_channel(self, channel: Channel) -> None:
        """What is sealed of it stays."""
        async with self.database.writing(channel.id) as connection:
            await upsert(connection, CHANNELS, [row_of(channel, CHANNELS)])

    async def remove_channel(self, channel: str) -> None:
        """With its secret and what still waited for it; what was delivered stays on record."""
        async with self.database.writing(channel) as connection:
            await connection.execute(delete(SEALED).where(SEALED.c.kind == "channel", SEALED.c.owner == channel))
            await connection.execute(
                delete(DELIVERIES).where(DELIVERIES.c.channel == channel, DELIVERIES.c.state.in_(("waiting", "collected")))
            )
            await connection.execute(delete(CHANNELS).where(CHANNELS.c.id == channel))

    # ------------------------------------------------------------------ owner, sessions and tokens

    async def owner_hash(self) -> str | None:
        async with self.database.reading() as connection:
            return (await connection.execute(select(OWNERS.c.encoded))).scalar_one_or_none()

    async def set_owner_hash(self, encoded: str) -> None:
        async with self.database.writing("owner") as connection:
            await upsert(connection, OWNERS, [{"id": "owner", "encoded": encoded}])

    async def sessions(self, digest: str) -> Session | None:
        async with self.database.reading() as connection:
            row = (await connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest))).mappings().first()
        return None if row is None else value_of(Session, row, SESSIONS)

    async def list_sessions(self, kind: Literal["session", "token"]) -> list[Session]:
        """Oldest first."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(SESSIONS).where(SESSIONS.c.kind == kind))).mappings().all()
        return sorted((value_of(Session, row, SESSIONS) for row in rows), key=lambda s: (s.created_at, s.id))

    async def save_session(self, session: Session) -> None:
        async with self.database.writing(session.id) as connection:
            await upsert(connection, SESSIONS, [row_of(session, SESSIONS)])

    async def drop_session(self, id: str) -> None:
        async with self.database.writing(id) as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.id == id))

    # ------------------------------------------------------------------ schedule

    async def claim_slot(self, job: str, slot: str, now: datetime) -> bool:
        claimed = select(SLOTS.c.job).where(SLOTS.c.job == job, SLOTS.c.slot == slot)
        async with self.database.writing(job) as connection:
            if (await connection.execute(claimed)).first():
                return False
            await connection.execute(SLOTS.insert(), {"job": job, "slot": slot, "claimed_at": now})
            await connection.execute(delete(SLOTS).where(SLOTS.c.job == job, SLOTS.c.claimed_at < now - SLOTS_KEPT))
            return True

    async def last_slot(self, job: str) -> str | None:
        bytewise = SLOTS.c.slot.collate("BINARY" if self.database.is_sqlite else "C")  # a locale would pass over signs
        async with self.database.reading() as connection:
            return (await connection.execute(select(func.max(bytewise)).where(SLOTS.c.job == job))).scalar_one_or_none()

    # ------------------------------------------------------------------ vault key

    async def wrapped_key(self) -> bytes | None:
        """The vault's data key, wrapped by the master key."""
        async with self.database.reading() as connection:
            found = (await connection.execute(select(VAULT_KEYS.c.wrapped))).scalar_one_or_none()
        return None if found is None else bytes(found)

    async def save_wrapped_key(self, wrapped: bytes, replaces: bytes | None) -> bool:
        """Only if the stored one still is `replaces` (None: there is none); False when another process was first."""
        async with self.database.writing("vault_key") as connection:
            found = (await connection.execute(select(VAULT_KEYS.c.wrapped))).scalar_one_or_none()
            if (None if found is None else bytes(found)) != replaces:
                return False
            await upsert(connection, VAULT_KEYS, [{"id": "vault", "wrapped": wrapped, "made_at": self._now()}])
            return True

"""Opportunities, alerts and the outbox. An alert and its outbox rows are written together, so neither exists without the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.app.ports import Delivery
from service.domain.alerts import Alert, Message
from service.domain.harvest import Opportunity
from service.domain.issues import Issue
from service.store.derived import replace_issues
from service.store.engine import insert_rows, upsert
from service.store.rows import row_of, value_of
from service.store.tables import AlertRow, ChannelRow, DeliveryRow, OpportunityRow, tables
from service.store.truth import Room

OPPORTUNITIES, ALERTS, DELIVERIES, CHANNELS = tables(OpportunityRow, AlertRow, DeliveryRow, ChannelRow)


class Outbox(Room):
    async def save_evaluation(
        self,
        portfolio: str,
        opportunities: Sequence[Opportunity],
        issues: Sequence[Issue],
        alerts: Sequence[Alert],
        deliveries: Sequence[Delivery],
    ) -> None:
        async with self.database.writing(portfolio) as connection:
            await connection.execute(delete(OPPORTUNITIES).where(OPPORTUNITIES.c.portfolio == portfolio))
            rows = [row_of(o, OPPORTUNITIES, portfolio=portfolio, place=place) for place, o in enumerate(opportunities)]
            await insert_rows(connection, OPPORTUNITIES, rows)
            await replace_issues(connection, portfolio, "evaluation", issues)
            await upsert(connection, ALERTS, [row_of(alert, ALERTS, portfolio=portfolio) for alert in alerts])
            await upsert(connection, DELIVERIES, [_row(delivery, portfolio) for delivery in deliveries], keep=True)

    async def opportunities(self, portfolio: str = "main") -> list[Opportunity]:
        asked = select(OPPORTUNITIES).where(OPPORTUNITIES.c.portfolio == portfolio).order_by(OPPORTUNITIES.c.place)
        async with self.database.reading() as connection:
            return [value_of(Opportunity, row, OPPORTUNITIES) for row in (await connection.execute(asked)).mappings()]

    async def alerts(self, portfolio: str = "main") -> list[Alert]:
        """Oldest first."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(ALERTS).where(ALERTS.c.portfolio == portfolio))).mappings().all()
        return sorted((value_of(Alert, row, ALERTS) for row in rows), key=lambda a: (a.created_at, a.id))

    async def save_alert(self, alert: Alert, portfolio: str = "main") -> None:
        async with self.database.writing(portfolio) as connection:
            await upsert(connection, ALERTS, [row_of(alert, ALERTS, portfolio=portfolio)])

    async def deliveries(self, alert: str | None = None) -> list[Delivery]:
        """All of them, or those of one alert."""
        asked = select(DELIVERIES) if alert is None else select(DELIVERIES).where(DELIVERIES.c.alert == alert)
        async with self.database.reading() as connection:
            return _ordered(_value(row) for row in (await connection.execute(asked)).mappings())

    async def due(self, now: datetime, limit: int = 100) -> list[Delivery]:
        waiting = DELIVERIES.c.state == "waiting"
        asked = select(DELIVERIES).where(waiting, DELIVERIES.c.next_try <= now).order_by(DELIVERIES.c.next_try).limit(limit)
        async with self.database.reading() as connection:
            return _ordered(_value(row) for row in (await connection.execute(asked)).mappings())

    async def collected(self, channel: str) -> list[Delivery]:
        """What waits for the digest of a channel, in the order of saying."""
        asked = select(DELIVERIES).where(DELIVERIES.c.channel == channel, DELIVERIES.c.state == "collected")
        async with self.database.reading() as connection:
            return _ordered(_value(row) for row in (await connection.execute(asked)).mappings())

    async def save_deliveries(self, portfolio: str, deliveries: Sequence[Delivery]) -> None:
        """All or none."""
        async with self.database.writing(portfolio) as connection:
            await upsert(connection, DELIVERIES, [_row(delivery, portfolio) for delivery in deliveries])

    async def save_delivery(self, delivery: Delivery) -> None:
        async with self.database.writing(delivery.message.id) as connection:
            await upsert(connection, DELIVERIES, [_row(delivery, await _portfolio_of(connection, delivery))])


def _row(delivery: Delivery, portfolio: str) -> dict[str, Any]:
    said = delivery.message
    return {
        "message": said.id,
        "channel": delivery.channel,
        "portfolio": portfolio,
        "alert": said.alert,
        "kind": said.kind,
        "title": said.title,
        "body": said.body,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_try": delivery.next_try,
        "says": delivery.says,
        "delivered_at": delivery.delivered_at,
    }


def _value(row: RowMapping) -> Delivery:
    message = Message(row["message"], row["alert"], row["kind"], row["title"], row["body"])
    return Delivery(message, row["channel"], row["state"], row["attempts"], row["next_try"], row["says"], row["delivered_at"])


def _ordered(found: Iterable[Delivery]) -> list[Delivery]:
    return sorted(found, key=lambda d: (d.next_try, d.message.id, d.channel))


async def _portfolio_of(connection: AsyncConnection, delivery: Delivery) -> str:
    """That of its channel; a channel that was removed meanwhile leaves the row's own."""
    channel = select(CHANNELS.c.portfolio).where(CHANNELS.c.id == delivery.channel)
    row = select(DELIVERIES.c.portfolio).where(DELIVERIES.c.message == delivery.message.id, DELIVERIES.c.channel == delivery.channel)
    for asked in (channel, row):
        if found := (await connection.execute(asked)).scalar_one_or_none():
            return str(found)
    return "main"

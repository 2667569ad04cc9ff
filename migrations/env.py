"""Alembic's way in. The store hands over its connection (service/store/schema.py), inside a transaction and behind a lock."""

from alembic import context

from service.store.tables import Row

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Row.metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's door: runs on the connection that bot.store.db.schema hands over."""

from alembic import context

from bot.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    if context.get_context().get_current_revision() in ("0004", "0005"):
        # 0006 drops it, and a 0004 of the first days did not make it.
        made = "ON touches (priority, due_at) WHERE state = 'planned'"
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_touches_most_urgent {made}")
    context.run_migrations()

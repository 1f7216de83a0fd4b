"""Runs inside the transaction that the caller opened."""

from alembic import context

from nbcase.store.tables import desk_metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=desk_metadata, transactional_ddl=True)
context.run_migrations()

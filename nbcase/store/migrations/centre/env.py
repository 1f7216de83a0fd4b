"""Runs inside the transaction that the caller opened."""

from alembic import context

from nbcase.store.tables import centre_metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=centre_metadata, transactional_ddl=True)
context.run_migrations()

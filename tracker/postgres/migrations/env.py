"""Run by Alembic for each command: on the connection, and within the transaction, of who gave it."""

from alembic import context

from tracker.postgres.migrate import REVISIONS

context.configure(connection=context.config.attributes["connection"], version_table=REVISIONS)
context.run_migrations()

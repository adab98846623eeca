"""When those who listen were last told of a run: they are at most a few times a second, whoever adds to it."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes it; it outlasts no crash, and need not."""
    op.execute(
        "CREATE UNLOGGED TABLE tellings (place text PRIMARY KEY, at timestamptz NOT NULL) WITH (fillfactor = 50)"
    )


def downgrade() -> None:
    """Takes it away."""
    op.execute("DROP TABLE tellings")

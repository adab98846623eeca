"""Files of models and recordings: each content once, in pieces, and which runs have it under what name."""

from alembic import op

revision = "0003"
down_revision = "0002"

PARTS = 64

_TABLES = (
    "CREATE TABLE bodies (body bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hash text NOT NULL, "
    "size bigint NOT NULL, arrived bigint NOT NULL, is_whole boolean NOT NULL)",
    "CREATE UNIQUE INDEX bodies_by_hash ON bodies (hash) WHERE is_whole",
    "CREATE TABLE pieces (body bigint NOT NULL, at bigint NOT NULL, data bytea NOT NULL, PRIMARY KEY (body, at)) "
    "PARTITION BY HASH (body)",
    "CREATE TABLE files (place text NOT NULL, name text NOT NULL, body bigint NOT NULL REFERENCES bodies, "
    "PRIMARY KEY (place, name))",
)


def upgrade() -> None:
    """Makes them."""
    for statement in _TABLES:
        op.execute(statement)
    for part in range(PARTS):
        share = f"FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
        op.execute(f"CREATE TABLE pieces_{part:02} PARTITION OF pieces {share}")
    op.execute("ALTER TABLE pieces ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Takes them away, with all that is in them."""
    op.execute("DROP TABLE files, pieces, bodies")

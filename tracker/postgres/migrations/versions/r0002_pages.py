"""What is said on the page can be changed: each change has a number, and runs can be put into a trash."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = (
    "CREATE SEQUENCE page_versions",
    "CREATE TABLE pages (place text PRIMARY KEY, version bigint NOT NULL)",
    "INSERT INTO pages (place, version) SELECT place, nextval('page_versions') "
    "FROM (SELECT place FROM properties UNION SELECT place FROM commands) AS said",
    "CREATE TABLE discarded (run text PRIMARY KEY, wall_time double precision NOT NULL)",
)


def upgrade() -> None:
    """Makes them."""
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Takes them away."""
    op.execute("DROP TABLE discarded, pages")
    op.execute("DROP SEQUENCE page_versions")

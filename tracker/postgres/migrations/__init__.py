"""How the tables of a database came to be, by Alembic: `env.py` is what it asks for, `versions` the steps."""

"""Runs Alembic's migrations on the database that `bot.store.migrate` names."""

from alembic import context
from sqlalchemy import create_engine, pool

from bot.tables import Base

url = context.config.get_main_option("sqlalchemy.url") or "sqlite://"
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()

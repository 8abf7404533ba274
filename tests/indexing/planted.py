"""A shop whose statements are slow in every way there is, and whose tables lack what they need: what the judges must find.

The ids in them belong to nobody: a judge is right only if it asks about others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from broadsheet import sqlcomments
from broadsheet.database import Database
from broadsheet.ids import new_id
from tests.indexing.volumes import Volume

SCHEMA = "shop"
metadata = sa.MetaData(schema=SCHEMA)
_id = sa.Uuid(as_uuid=False)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", _id, primary_key=True),
    sa.Column("organization_id", _id, nullable=False),
    sa.Column("customer_id", sa.ForeignKey(customers.c.id), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("placed_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Index("orders_of_organization", "organization_id", "id"),
    sa.Index("orders_by_note", "note"),
    sa.Index("orders_open", "placed_at", postgresql_where=sa.text("note = 'open'")),
)
#: Nobody says how many rows it will have.
baskets = sa.Table("baskets", metadata, sa.Column("id", _id, primary_key=True))

VOLUMES = {
    "shop.customers": Volume(20_000, "id, organization_id, name", "volume.id(1, n), volume.organization(1), 'Customer ' || n"),
    "shop.orders": Volume(
        40_000,
        "id, organization_id, customer_id, note, placed_at",
        """volume.id(2, n), volume.organization(greatest(1, n - 14999)), volume.id(1, 1 + n % 20000),
           case when n % 100 = 0 then 'open' else repeat('done ', 60) end, volume.time(n)""",
    ),
}


def ask(database: Database) -> None:
    """Issue every statement, each as a method of its own."""
    of_organization = sa.select(orders.c.id).where(orders.c.organization_id == new_id())
    with _method(database, "page") as session:
        session.execute(of_organization.order_by(orders.c.id).limit(51))
    with _method(database, "open_orders") as session:
        query = sa.select(orders.c.id).where(orders.c.note == "open", orders.c.placed_at < sa.func.now())
        session.execute(query.order_by(orders.c.placed_at).limit(100).with_for_update())
    with _method(database, "backwards") as session:
        session.execute(sa.select(orders.c.organization_id, orders.c.id).order_by(orders.c.organization_id.desc()))
    with _method(database, "all_since") as session:
        session.execute(sa.select(orders.c.id).where(orders.c.placed_at < sa.func.now()))
    with _method(database, "latest") as session:
        session.execute(of_organization.order_by(orders.c.placed_at.desc()).limit(51))
    with _method(database, "all_of_organization") as session:
        session.execute(of_organization)
    with _method(database, "report") as session:
        said = "/* exempt full-scan: the yearly report reads everything */"
        session.execute(sa.select(sa.func.count(orders.c.customer_id)).suffix_with(said))
    with _method(database, "silent") as session:
        session.execute(sa.select(sa.func.max(orders.c.placed_at)).suffix_with("/* exempt full-scan */"))
    with _method(database, "needless") as session:
        session.execute(of_organization.where(orders.c.id == new_id()).suffix_with("/* exempt sort: it was slow once */"))
    with _method(database, "names_one_by_one") as session:
        for _ in range(6):
            _ask_name(session)
    for _ in range(2):
        with _method(database, "names_of_a_few") as session:
            for _ in range(5):
                _ask_name(session)


def _ask_name(session: Session) -> Any:
    return session.execute(sa.select(customers.c.name).where(customers.c.id == new_id())).all()


@contextmanager
def _method(database: Database, name: str) -> Iterator[Session]:
    sqlcomments.bind(method=f"{SCHEMA}.{name}", call=new_id())
    try:
        with database.write() as session:
            yield session
    finally:
        sqlcomments.bind()

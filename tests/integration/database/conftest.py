"""A database of this folder's own with one table, on the suite's primary and its replica."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from broadsheet.database import Database
from broadsheet.local.servers.postgres import Primary, Replica
from broadsheet.local.stack import Stack
from tests.support.cluster import Cluster, MakeDatabase

_NAME = "replicated"


@pytest.fixture(scope="session")
def cluster(stack: Stack) -> Cluster:
    primary, replica = stack.server("postgres"), stack.server("postgres-replica")
    assert isinstance(primary, Primary)
    assert isinstance(replica, Replica)
    primary.query(f"create role {_NAME} login password '{_NAME}'")
    primary.query(f"create database {_NAME} owner {_NAME}")
    at = stack.endpoints
    cluster = Cluster(primary, replica, at.primary_url(_NAME, _NAME, _NAME), at.replica_url(_NAME, _NAME, _NAME))
    engine = sa.create_engine(cluster.primary_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema app"))
        connection.execute(sa.text("create table app.notes (id text primary key)"))
    engine.dispose()
    cluster.position_reached()
    return cluster


@pytest.fixture
def database(cluster: Cluster) -> Iterator[MakeDatabase]:
    """Makes database objects; each is what one process of a service has. All are disposed at the end."""
    made: list[Database] = []

    def make(**options: Any) -> Database:
        urls = options.pop("replica_urls", [cluster.replica_url])
        made.append(Database(cluster.primary_url, urls, schema="app", **options))
        return made[-1]

    yield make
    for one in made:
        one.dispose()

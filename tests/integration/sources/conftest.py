"""A data source on the suite's own PostgreSQL."""

from collections.abc import Iterator

import psycopg2
import pytest

from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres import PostgresSource


@pytest.fixture(scope="session")
def source_url(stack) -> str:
    url = stack.endpoints.primary_url().replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create database numbers")
    connection.close()
    url = stack.endpoints.primary_url("numbers").replace("+psycopg2", "")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("create table series as select n, 'row ' || n as name from generate_series(1, 50000) as n")
        cursor.execute("create sequence tickets")
        cursor.execute("create type mood as enum ('good', 'bad')")
    connection.close()
    return url


@pytest.fixture
def source(source_url) -> Iterator[PostgresSource]:
    source = PostgresSource(SourceUrl(source_url, statement_timeout_seconds=30))
    yield source
    source.close()

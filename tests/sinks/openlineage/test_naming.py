"""Names of datasets: exactly those that other producers of OpenLineage give, without user, password or query."""

from __future__ import annotations

import pytest

from govai.core.errors import ConfigError
from govai.sinks.openlineage.naming import dataset, read_names

GOLDEN = [
    ("postgresql+psycopg://ana:pw@DB.example/crm/public.contacts?sslmode=require", "postgres://db.example:5432", "crm.public.contacts"),
    ("postgres://db.example:6432/crm/contacts", "postgres://db.example:6432", "crm.public.contacts"),
    ("mysql://root@db/shop/orders", "mysql://db:3306", "shop.orders"),
    ("mssql+pyodbc://db/shop/orders", "mssql://db:1433", "shop.dbo.orders"),
    ("bigquery://project-1/marts/customers", "bigquery", "project-1.marts.customers"),
    ("snowflake://user:pw@org-account/DB/SCHEMA/TABLE?warehouse=w", "snowflake://org-account", "DB.SCHEMA.TABLE"),
    ("unitycatalog://dbc.example/main/crm/contacts", "unitycatalog://dbc.example", "main.crm.contacts"),
    ("s3://Bucket/exports/2026/contacts.parquet", "s3://Bucket", "exports/2026/contacts.parquet"),
    ("gs://bucket/a/b.csv?generation=1", "gs://bucket", "a/b.csv"),
    ("file:///data/rows%20of%20may.csv", "file", "/data/rows of may.csv"),
    ("file://nas/data/rows.csv", "file://nas", "/data/rows.csv"),
    ("kafka://broker/crm.contacts", "kafka://broker:9092", "crm.contacts"),
    ("milvus://vectors/default/notes", "milvus://vectors:19530", "default.notes"),
    ("redshift://cluster.eu-west-1:5439/dev/public/users", "redshift://cluster.eu-west-1:5439", "dev.public.users"),
    ("abfss://raw@lake.dfs.core.windows.net/crm/contacts", "abfss://raw@lake.dfs.core.windows.net", "/crm/contacts"),
    ("postgresql://[::1]/crm/public.contacts", "postgres://[::1]:5432", "crm.public.contacts"),
]


@pytest.mark.parametrize(("place", "namespace", "name"), GOLDEN)
def test_the_names_of_the_naming_page(place: str, namespace: str, name: str) -> None:
    assert dataset(place) == (namespace, name)


@pytest.mark.parametrize("place", ["", "contacts", "postgresql://", "postgresql://db", "s3://bucket", "ftp://host/x", "postgresql://db:port/crm/t", "https://crm.example/contacts"])
def test_what_names_no_dataset_is_refused_without_repeating_it(place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_names("n", "app", {"crm.contacts": place.replace("://", "://ana:hunter2@", 1)}, "")
    assert "hunter2" not in str(caught.value) and "crm.contacts" in str(caught.value)


def test_sources_are_mapped_by_name_then_by_what_stands_above() -> None:
    names = read_names("govai://acme", "app", {"crm.contacts": "s3://b/k", "crm.*": "postgresql://db/crm/public.*", "glue": ("arn:aws:glue:eu:1", "table/d/t")}, "file:///answers")
    assert names.source("crm.contacts") == ("s3://b", "k")
    assert names.source("crm.notes") == ("postgres://db:5432", "crm.public.notes")
    assert names.source("glue") == ("arn:aws:glue:eu:1", "table/d/t")
    assert names.source("dmp.segments") == ("govai://acme", "dmp.segments")
    assert names.prompt("r") == ("inmemory://", "r/prompt") and names.answer("r") == ("file", "/answers")

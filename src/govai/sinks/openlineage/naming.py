"""Name datasets and jobs as the OpenLineage naming page says. It knows no record and opens no connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {  # explicit in every namespace, so that two tools name one database alike
    "cassandra": 9042,
    "crate": 5432,
    "db2": 50000,
    "hdfs": 8020,
    "hive": 10000,
    "kafka": 9092,
    "milvus": 19530,
    "mssql": 1433,
    "mysql": 3306,
    "oceanbase": 2881,
    "oracle": 1521,
    "postgres": 5432,
    "redshift": 5439,
    "sqlserver": 1433,
    "teradata": 1025,
    "trino": 8080,
}
_ALIASES = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "gcs": "gs",
    "s3a": "s3",
    "s3n": "s3",
    "databricks": "unitycatalog",
}
_SCHEMAS = {"postgres": "public", "redshift": "public", "mssql": "dbo"}  # where a table of that system is otherwise
_AS_PATH = frozenset({"hdfs", "dbfs", "abfss"})  # named by their whole path, with its first slash
_AS_KEY = frozenset({"s3", "gs", "wasbs"})  # by an object key, without
_HOSTED = frozenset({"snowflake", "unitycatalog"})  # no port of their own


class Dataset(NamedTuple):
    """A dataset's identity: `namespace` and `name`, exactly as other OpenLineage producers spell them."""

    namespace: str
    name: str


def dataset(place: str) -> Dataset:
    """Return the OpenLineage name of a place; user, password and query string never become part of it.

    Args:
        place: a URL whose path names the table, topic, object or file: `postgresql://db.example/crm/public.contacts`,
            `bigquery://project/dataset/table`, `s3://bucket/key`, `kafka://broker/topic`, `file:///data/rows.csv`.

    Raises:
        ConfigError: it names no dataset, or a system whose names have another form (give namespace and name then).
    """
    parts = urlsplit(place)
    system = parts.scheme.partition("+")[0].lower()
    system = _ALIASES.get(system, system)
    path = unquote(parts.path)
    words = [word for word in path.replace("/", ".").split(".") if word]
    try:
        host = _host(parts, system)
    except ValueError:
        host = ""
    if system == "file" and path.strip("/"):
        return Dataset(f"file://{host}" if host and host != "localhost" else "file", path)
    if system == "inmemory":
        return Dataset("inmemory://", (parts.netloc + path).strip("/"))
    if system == "bigquery" and host and words:
        return Dataset("bigquery", ".".join([parts.netloc, *words]))
    if host and path.strip("/"):
        if system in _AS_PATH:
            return Dataset(f"{system}://{host}", path)
        if system in _AS_KEY:
            return Dataset(f"{system}://{host}", path.lstrip("/"))
        if system == "kafka":
            return Dataset(f"{system}://{host}", path.strip("/"))
        if system in _PORTS or system in _HOSTED:
            if len(words) == 2 and system in _SCHEMAS:  # noqa: PLR2004 -- database and table
                words.insert(1, _SCHEMAS[system])
            return Dataset(f"{system}://{host}", ".".join(words))
    raise ConfigError(
        say(f"'{system}:' names no dataset here", f"« {system}: » ne nomme aucun jeu de données ici"),
        where="datasets=",
        todo=say(
            "give postgresql://host/database/schema.table, s3://bucket/key, … or a pair (namespace, name)",
            "donnez postgresql://hôte/base/schéma.table, s3://bucket/clé, … ou un couple (namespace, name)",
        ),
    )


def _host(parts: SplitResult, system: str) -> str:
    if system in ("abfss", "wasbs"):  # container@account is no user: both are its name
        return parts.netloc.lower()
    if system in (*_AS_KEY, "bigquery", "dbfs"):
        return parts.netloc.rpartition("@")[2]
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS.get(system)
    return f"{host}:{port}" if host and port else host


@dataclass(frozen=True, slots=True)
class Names:
    """How what govai records is called in OpenLineage.

    Args:
        namespace: of jobs, and of sources that nothing maps. app: stands before the purpose where a record has no job.
        datasets: for a source (`crm.contacts`), or all sources below one (`crm.*`), its dataset. answers: where answers are
            kept, None when they are kept nowhere that has a name.
    """

    namespace: str
    app: str = "govai"
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    answers: Dataset | None = None

    def source(self, name: str) -> Dataset:
        """Return the dataset of a declared source."""
        if name in self.datasets:
            return self.datasets[name]
        above = name.rpartition(".")[0]
        while above:
            if (mapped := self.datasets.get(f"{above}.*")) is not None:
                return Dataset(mapped.namespace, mapped.name.replace("*", name.removeprefix(f"{above}.")))
            above = above.rpartition(".")[0]
        return Dataset(self.namespace, name)

    def prompt(self, run_id: str) -> Dataset:
        """Return the dataset of what was found in a prompt without any declared source."""
        return Dataset("inmemory://", f"{run_id}/prompt")

    def answer(self, run_id: str) -> Dataset:
        """Return the dataset of an answer."""
        return self.answers or Dataset("inmemory://", f"{run_id}/answer")

    def call(self, job: str, purpose: str) -> str:
        """Return the name of the job that a call is a run of: `<app>.<use>`."""
        return f"{job or self.app}.{purpose or 'undeclared'}"

    def attempt(self, job: str, purpose: str) -> str:
        """Return the name of the job that one HTTP attempt of a call is a run of."""
        return f"{self.call(job, purpose)}.attempt"


def read_names(
    namespace: str, app: str, datasets: Mapping[str, str | tuple[str, str]], answers: str | tuple[str, str]
) -> Names:
    """Return the names that a sink's settings say.

    Raises:
        ConfigError: one of them names no dataset.
    """
    mapped = {source: _read(place, f"datasets[{source}]") for source, place in datasets.items()}
    return Names(namespace, app, mapped, _read(answers, "answers=") if answers else None)


def _read(place: str | tuple[str, str], where: str) -> Dataset:
    if isinstance(place, str):
        try:
            return dataset(place)
        except ConfigError as error:
            error.where = where
            raise
    namespace, name = place
    return Dataset(namespace, name)

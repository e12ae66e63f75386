"""Where a governor's settings come from: arguments, else `$GOVAI_CONFIG`, the nearest `govai.yaml` upwards, `[tool.govai]`."""

from __future__ import annotations

import getpass
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean

KEYS = ("policy", "ledger", "sinks", "anchors", "detectors", "review", "mode", "keys", "actor")
DEFAULT_LEDGER = "sqlite:///.govai/ledger.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """What was discovered. `found` names the file, "" when there is none; paths in it are relative to its folder."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    found: str = ""


def discover(start: Path | None = None) -> Settings:
    """Return the settings that hold in a folder.

    Raises:
        ConfigError: the file is missing, broken, or has a key that is not one of the Governor's arguments.
    """
    named = os.environ.get("GOVAI_CONFIG")
    if named:
        path = Path(named)
        if not path.is_file():
            raise ConfigError(
                say("the configuration file does not exist", "le fichier de configuration n'existe pas"),
                where=f"$GOVAI_CONFIG={named}",
                todo=say("correct the variable, or unset it", "corrigez la variable, ou supprimez-la"),
            )
        return _read(path)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "govai.yaml").is_file():
            return _read(folder / "govai.yaml")
        if (folder / "pyproject.toml").is_file() and (settings := _read_pyproject(folder / "pyproject.toml")):
            return settings
    return Settings()


def claimed_actor() -> str:
    """Return who is logged in, as claimed by the machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _read(path: Path) -> Settings:
    from govai.policy.loading import read_mapping

    return _settings(read_mapping(path), path)


def _read_pyproject(path: Path) -> Settings | None:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("govai")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None  # not ours to judge: nothing says that this project configures govai
    return None if table is None else _settings(table, path)


def _settings(values: Any, path: Path) -> Settings:
    if not isinstance(values, dict):
        raise ConfigError(
            say("the configuration is not a mapping", "la configuration n'est pas un dictionnaire"), where=str(path)
        )
    for key in values:
        if key not in KEYS:
            raise ConfigError(
                say(f"unknown key '{key}'", f"clé inconnue « {key} »"),
                where=str(path),
                todo=did_you_mean(str(key), KEYS),
            )
    values = dict(values)
    if isinstance(values.get("policy"), str) and (path.parent / values["policy"]).is_file():
        values["policy"] = str(path.parent / values["policy"])
    ledger = values.get("ledger")
    if isinstance(ledger, str) and ledger.startswith("sqlite:///") and not ledger.startswith("sqlite:////"):
        values["ledger"] = "sqlite:///" + str(path.parent / ledger.removeprefix("sqlite:///"))
    return Settings(values, str(path))

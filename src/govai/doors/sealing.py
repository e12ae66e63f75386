"""`govai.seal` and `govai.prompt` as people call them: what nobody tagged is classified by header and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.data import sealing
from govai.data.template import fill_named
from govai.detect.columns import classify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.tags import Tag


def seal(value: Any, *, source: str = "", tags: Mapping[str, str | Tag] | None = None) -> Any:
    """Seal a row, a list of rows or a single value: text made of it holds references, never the values.

    Args:
        value: a dict, model, dataclass, named tuple or Series (attributes and items become sealed values), or a scalar.
        source: the data set it comes from. tags: categories or Tags for fields that have none; for a scalar under "".
    """
    return sealing.seal(value, source=source, tags=tags, classify=classify)


def prompt(template: str, **values: object) -> str:
    """Seal the values and fill the template: `govai.prompt("Dear {c.first_name}", c=customer)`.

    Raises:
        ConfigError: a name that was not given, a field its value does not have.
    """
    return fill_named(template, {name: seal(value) for name, value in values.items()})

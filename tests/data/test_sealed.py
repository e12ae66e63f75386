"""Sealed values: they answer questions and never show themselves. Rows, templates, tags, sources."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
import pickle
import re
from typing import Annotated, NamedTuple, Optional, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import govai
from govai.core.errors import PolicyError
from govai.data.annotations import parameter_tags, tags_of
from govai.data.references import REFERENCE, resolve
from govai.data.rows import declare
from govai.data.spellings import spellings
from govai.data.template import fill

SECRET = st.text(st.characters(categories=["L", "N"]), min_size=6, max_size=20).map(lambda t: "S" + t)


def opened(text: str) -> str:
    return re.sub(REFERENCE, lambda found: resolve(found.group())[0], text)


def one(value: object):
    return govai.seal({"f": value}).f


@given(SECRET)
def test_nothing_shows_the_value(value: str) -> None:
    sealed, row = one(value), govai.seal({"f": value})
    shown = [repr(sealed), str(sealed), f"{sealed}", f"{sealed!r}", "%s" % sealed, sealed.__html__(), "a" + sealed, sealed + "a", repr(row), str(row), repr(copy.copy(sealed)), repr(copy.deepcopy(row))]
    shown += [repr([sealed]), repr({"x": sealed}), pickle.dumps(sealed).decode("latin-1"), pickle.dumps(row).decode("latin-1"), str(vars(type(sealed)))]
    for wrong in (lambda: int(sealed), lambda: float(sealed), lambda: bytes(sealed), lambda: list(sealed), lambda: sealed * 2, lambda: json.dumps(sealed), lambda: open(sealed), lambda: sealed.nothing,
                  lambda: sealed < 3, lambda: format(sealed, "d"), lambda: sealed[99], lambda: sealed.index("zzzzzz"), lambda: govai.seal({"f": value}).g, lambda: "".join(sealed), lambda: round(sealed), lambda: sealed.encode()):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            wrong()
        shown += [str(caught.value), repr(caught.value), str(caught.value.args)]
    assert not any(value in text for text in shown)


@given(SECRET, SECRET)
def test_questions_answer_from_the_raw_value(a: str, b: str) -> None:
    x, y = one(a), one(b)
    assert ((x == y), (x == b), (x < y), (x >= b), hash(x), len(x), bool(x), (a[1:3] in x)) == ((a == b), (a == b), (a < b), (a >= b), hash(a), len(a), bool(a), True)
    assert (x.startswith("S"), x.isupper(), x.count("S")) == (a.startswith("S"), a.isupper(), a.count("S"))
    assert sorted([x, y]) == sorted([a, b])


@given(SECRET)
def test_references_stand_for_what_they_were_made_of(value: str) -> None:
    sealed = one(value)
    assert opened(f"{sealed}") == value
    assert opened(f"{sealed:>30}") == f"{value:>30}"
    assert opened(str(sealed.upper())) == value.upper()
    assert opened(str(sealed[1:4])) == value[1:4]
    assert [opened(str(part)) for part in sealed.split("S")] == value.split("S")
    assert opened("Dear " + sealed + "!") == f"Dear {value}!"
    assert govai.reveal(pickle.loads(pickle.dumps(sealed))) == govai.reveal(copy.deepcopy(sealed)) == value


def test_a_pickle_is_of_no_use_elsewhere() -> None:
    from govai.data import pickling

    raw = pickle.dumps(one("Renée"))
    pickling._lock.cache_clear()
    with pytest.raises(PolicyError, match="does not leave its process"):
        pickle.loads(raw)


@given(st.dictionaries(st.sampled_from(["a", "b b", "c"]), st.one_of(st.text(max_size=8), st.integers(), st.floats(allow_nan=False)), min_size=3, max_size=3))
def test_a_filled_template_reads_like_str_format(row: dict) -> None:
    (sealed,) = declare(row, lambda r: {}).rows
    template = "x {a} {{lit}} {b b:>12} {c!s}"
    assert opened(fill(template, sealed)) == template.format_map(row)


class Address(BaseModel):
    city: Annotated[str, govai.Tag("user.contact.address.city")]


class Model(BaseModel):
    name: Annotated[str, govai.Tag("user.name")]
    maybe: Annotated[Optional[str], govai.Tag("user.contact.email")] = None
    inner: Optional[Annotated[str, govai.Tag("user.behavior")]] = None
    address: Address | None = None


@dataclasses.dataclass
class Data:
    name: Annotated[str, govai.Tag("user.name")]


class Typed(TypedDict):
    name: Annotated[str, govai.Tag("user.name")]


class Named(NamedTuple):
    name: Annotated[str, govai.Tag("user.name")]


@govai.tag(note="user.behavior")
class Child(Model):
    note: str = ""


def test_tags_are_read_wherever_people_write_them() -> None:
    names = lambda c: {k: t.category for k, t in tags_of(c).items()}
    assert names(Model) == {"name": "user.name", "maybe": "user.contact.email", "inner": "user.behavior", "address.city": "user.contact.address.city"}
    assert names(Data) == names(Typed) == names(Named) == {"name": "user.name"}
    assert names(Child) == {**names(Model), "note": "user.behavior"}

    @govai.tag(b="user.name")
    def fn(a: Annotated[str, govai.Tag("user.behavior")], b: str) -> None: ...

    assert {k: t.category for k, t in parameter_tags(fn).items()} == {"a": "user.behavior", "b": "user.name"}


def test_a_lost_annotation_or_a_wrong_name_is_an_error() -> None:
    class Broken(BaseModel):
        model_config = {"defer_build": True}
        x: "Nowhere"  # noqa: F821

    with pytest.raises(govai.ConfigError, match="Nowhere"):
        tags_of(Broken)
    with pytest.raises(govai.ConfigError, match="'note'"):
        govai.tag(noot="user.behavior")(Child)


def test_declared_rows_know_their_values_and_subjects() -> None:
    found = declare([Model(name="Renée", maybe="r@x.fr", address=Address(city="Lyon")), {"plain": "x", "n": 1234.5, "none": None, "yes": True}], lambda row: {})
    assert {t.value for t in found.tracked} >= {"Renée", "r@x.fr", "Lyon", "x", "1234.5", "1 234,50"}
    assert found.subjects == (("user.contact.email", "r@x.fr"),)
    assert "Renée" not in repr(found) and "r@x.fr" not in repr(found)
    assert {t.datum.sensitivity.name for t in found.tracked if t.datum.field == "plain"} == {"RESTRICTED"}


def test_sources_mark_what_functions_return() -> None:
    import pandas as pd

    tags = {"email": "user.contact.email"}

    @govai.source("crm.contacts", tags=tags)
    def rows() -> list[dict]:
        return [{"email": "a@x.fr"}]

    @govai.source("crm.contacts", tags=tags)
    def table() -> pd.DataFrame:
        return pd.DataFrame([{"email": "a@x.fr"}])

    @govai.source("crm.contacts", tags=tags)
    def each():
        yield {"email": "a@x.fr"}

    for row in (rows()[0], table().iloc[0], next(each())):
        (tracked,) = declare(row, lambda r: {}).tracked
        assert (tracked.datum.source, tracked.datum.field, tracked.datum.category) == ("crm.contacts", "email", "user.contact.email")


def test_spellings() -> None:
    assert {"1990-03-01", "01/03/1990", "1er mars 1990", "March 1, 1990"} <= set(spellings(dt.date(1990, 3, 1)))
    assert {"1234.5", "1234,5", "1,234.50", "1 234,50"} <= set(spellings(1234.5))
    assert spellings(True) == spellings(None) == spellings(float("nan")) == spellings(7) == spellings("  ") == ()


def test_prompt_and_reveal() -> None:
    text = govai.prompt("Dear {c.name}", c=Model(name="Renée"))
    assert "Renée" not in text and opened(text) == "Dear Renée"
    assert govai.reveal(govai.seal({"a": "x"})) == {"a": "x"}
    with pytest.raises(govai.ConfigError, match="not sealed"):
        govai.reveal("x")
    with pytest.raises(govai.ConfigError, match="'c'"):
        govai.prompt("{cc.name}", c={"name": "x"})


def test_what_is_empty_stays_empty() -> None:
    row = govai.seal({"a": "", "b": None})
    assert (str(row.a), f"{row.b}", f"{row.a:>3}") == ("", "", "   ")


def test_a_tag_for_a_field_that_is_not_there_names_the_nearest() -> None:
    for rows in ({"note": "x", "nom": "y"}, [{"note": "x"}, {"nom": "y"}], Model(name="x")):
        with pytest.raises(govai.ConfigError, match=r"no field 'nte' \(tags=\)"):
            govai.seal(rows, tags={"nte": "user.content"})
    with pytest.raises(govai.ConfigError, match="did you mean 'note'"):
        govai.seal({"note": "x"}, tags={"nte": "user.content"})
    assert len(govai.seal([{"note": "x"}, {"nom": "y"}], tags={"note": "user.content"})) == 2

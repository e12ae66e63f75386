"""Check a policy document: each problem is one ConfigError that says where and names the nearest known word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, get_args

from pydantic import ValidationError

from govai.core.errors import ConfigError
from govai.core.exchange import OPAQUE, REFERENCES
from govai.core.lang import say
from govai.core.names import did_you_mean, nearest
from govai.core.taxonomy import CATEGORIES, Sensitivity
from govai.policy.model import LATER, PARTS, DataFile, PolicyFile, ReviewFile, RuleFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.policy.loading import Document, Place

_UNION_STEPS = ("str", "list[str]", "bool", "constrained-str")  # pydantic names the member of a union in its path
_FR = {"purpose": "finalité inconnue", "provider": "fournisseur inconnu"}
_LATER_ADVICE = ("leave it out for now", "retirez-la pour le moment")


def checked(document: Document) -> PolicyFile:
    """Return the document as a policy file.

    Raises:
        ConfigError: unknown key or word (naming the nearest), a key that is not built yet, a wrong type.
    """
    if not isinstance(document.value, dict):
        raise ConfigError(
            say("a policy is a mapping", "une politique est un dictionnaire"),
            where=document.name,
            todo="govai: 1\nname: …",
        )
    _refuse_later(document)
    _refuse_empty(document)
    try:
        return PolicyFile.model_validate(document.value)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    return _refuse(document, problem)


def check_roles(file: PolicyFile, document: Document) -> None:
    """Check that somebody holds the role of each review, where the policy says who holds roles.

    Raises:
        ConfigError: nobody does, naming the nearest role.
    """
    for index, review in enumerate(file.reviews):
        if file.people and review.role not in file.people:
            text = say(f"nobody holds the role '{review.role}'", f"personne n'a le rôle « {review.role} »")
            _unknown(document, ("reviews", index, "role"), text, file.people, review.role)


def check_self_review(file: PolicyFile, document: Document) -> None:
    """Check that people approve their own requests only in experiments.

    Raises:
        ConfigError: a review with `self_review: allowed` that does not name experiment purposes only.
    """
    for index, review in enumerate(file.reviews):
        named = words(review.purpose)
        zones = [file.purposes[name].zone for name in named if name in file.purposes]
        if review.self_review and (not named or any(zone != "experiment" for zone in zones)):
            raise ConfigError(
                say("self_review is for experiments only", "self_review est réservé aux expérimentations"),
                where=document.where(("reviews", index, "self_review")),
                todo=say("name purposes with zone: experiment", "nommez des finalités avec zone: experiment"),
            )


def check_words(file: PolicyFile, document: Document, purposes: Iterable[str], providers: Iterable[str]) -> None:
    """Check that every purpose, provider, category and sensitivity that rules name exists.

    Raises:
        ConfigError: one does not, naming the nearest; a rule's id stands twice.
    """
    known = {"purpose": list(purposes), "provider": list(providers)}
    seen: set[str] = set()
    parts: dict[str, Sequence[RuleFile | ReviewFile]] = {"rules": file.rules, "reviews": file.reviews}
    for part, entries in parts.items():
        for index, entry in enumerate(entries):
            place: Place = (part, index)
            if entry.id in seen:
                _unknown(
                    document,
                    (*place, "id"),
                    say(f"the id '{entry.id}' stands twice", f"l'id « {entry.id} » est répété"),
                    (),
                )
            seen.add(entry.id)
            for what, names in known.items():
                for name in words(getattr(entry, what, None)):
                    if name not in names:
                        _unknown(
                            document,
                            (*place, what),
                            say(f"unknown {what} '{name}'", f"{_FR[what]} « {name} »"),
                            names,
                            name,
                        )
            if entry.data is not None:
                _check_data(entry.data, document, (*place, "data"))
    for key, row in file.matrix.items():
        for name in row:
            if name not in known["purpose"]:
                _unknown(
                    document,
                    ("matrix", key, name),
                    say(f"unknown purpose '{name}'", f"finalité inconnue « {name} »"),
                    known["purpose"],
                    name,
                )


def check_allowed(file: PolicyFile, document: Document) -> None:
    """Check what the policy allows by name: a name that nothing bears would allow nothing, silently.

    Raises:
        ConfigError: no wire format gives that name to a reference; what is opaque has a name that is nearly it.
    """
    for name in words(file.allow.references):
        if name not in REFERENCES and name != "*":
            text = say(f"nothing is a reference called '{name}'", f"aucune référence ne s'appelle « {name} »")
            _unknown(document, ("allow", "references"), text, REFERENCES, name)
    for name in words(file.allow.opaque):
        if name not in OPAQUE and nearest(name, OPAQUE):
            text = say(f"nothing opaque is called '{name}'", f"rien d'opaque ne s'appelle « {name} »")
            _unknown(document, ("allow", "opaque"), text, OPAQUE, name)


def words(value: list[str] | str | None) -> list[str]:
    """Return a list of words that may be given as one."""
    return [value] if isinstance(value, str) else list(value or ())


def _check_data(data: DataFile, document: Document, place: Place) -> None:
    for category in words(data.category):
        if category not in CATEGORIES:
            text = say(f"unknown data category '{category}'", f"catégorie inconnue « {category} »")
            _unknown(document, (*place, "category"), text, CATEGORIES, category)
    if data.sensitivity is not None:
        known = [level.name.lower() for level in Sensitivity]
        if data.sensitivity.lower() not in known:
            text = say(f"unknown sensitivity '{data.sensitivity}'", f"sensibilité inconnue « {data.sensitivity} »")
            _unknown(document, (*place, "sensitivity"), text, known, data.sensitivity)


def _refuse_later(document: Document) -> None:
    places: list[tuple[str, Place, Any]] = [("", (), document.value)]
    for part in LATER:
        inner = document.value.get(part) if part else None
        items = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        places += [(part, (part, key), one) for key, one in items]
    for part, place, value in places:
        for key in value if isinstance(value, dict) else ():
            if key in LATER[part]:
                raise ConfigError(
                    say(
                        f"'{key}' is not built yet: it comes later",
                        f"« {key} » n'est pas encore construit : il viendra",
                    ),
                    where=document.where((*place, key)),
                    todo=say(*_LATER_ADVICE),
                )


def _refuse_empty(document: Document) -> None:
    """Refuse a key of a rule, review or term that is left empty: it would read as "no condition", and match everything."""
    for part in ("rules", "reviews", "retention"):
        entries = document.value.get(part)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                _refuse_empty_keys(document, (part, index), entry)
                if isinstance(entry.get("data"), dict):
                    _refuse_empty_keys(document, (part, index, "data"), entry["data"])


def _refuse_empty_keys(document: Document, place: Place, part: dict[str, Any]) -> None:
    for key, given in part.items():
        if given is None or given == []:
            raise ConfigError(
                say(f"'{key}' is empty", f"« {key} » est vide"),
                where=document.where((*place, key)),
                todo=say("give it a value, or leave the key out", "donnez une valeur, ou retirez la clé"),
            )


def _refuse(document: Document, problem: Any) -> NoReturn:
    place = tuple(step for step in problem["loc"] if step not in _UNION_STEPS)
    kind, last = problem["type"], str(problem["loc"][-1])
    if kind == "extra_forbidden":
        part = next((str(step) for step in reversed(place[:-1]) if step in PARTS), "")
        known = list(PARTS[part].model_fields)
        _unknown(document, place, say(f"unknown key '{last}'", f"clé inconnue « {last} »"), known, last)
    if place == ("govai",) and problem["input"] == "1":
        raise ConfigError(
            say("'govai' is a text", "« govai » est un texte"),
            where=document.where(place),
            todo=say("write 1 without quotes", "écrivez 1 sans guillemets"),
        )
    if kind == "literal_error":
        given, known = str(problem["input"]), _expected(place)
        if last == "sample":
            text = say("sampling is not built yet: it comes later", "l'échantillonnage viendra plus tard")
            raise ConfigError(text, where=document.where(place), todo=say(*_LATER_ADVICE))
        text = say(f"'{given}' is not a known {last}", f"« {given} » n'est pas un mot connu de « {last} »")
        if last == "extends":
            text = say(
                "extending a policy that is not built in is not built yet: it comes later",
                "étendre une autre politique que celle fournie viendra plus tard",
            )
        _unknown(document, place, text, known, given)
    if kind == "missing":
        raise ConfigError(
            say(f"'{last}' is missing", f"« {last} » manque"),
            where=document.where(place[:-1]),
            todo=say(f"add {last}: …", f"ajoutez {last} : …"),
        )
    said = problem["msg"].removeprefix("Value error, ")
    raise ConfigError(
        say(f"'{last}': {said}", f"« {last} » : {said}"),
        where=document.where(place),
        todo=say("see the policy reference", "voir la référence des politiques"),
    )


def _expected(place: Place) -> list[str]:
    part = next((str(step) for step in reversed(place[:-1]) if step in PARTS), "")
    note = PARTS[part].model_fields.get(str(place[-1]))
    if note is None:
        note = PARTS["rules"].model_fields["effect"]
    return [str(word) for word in get_args(note.annotation) if word != ""]


def _unknown(document: Document, place: Place, text: str, known: Iterable[str], name: str = "") -> NoReturn:
    raise ConfigError(
        text,
        where=document.where(place),
        todo=did_you_mean(name, known) if name else say("rename one", "renommez-en un"),
    )

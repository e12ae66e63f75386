"""Letter: the answer to a person who asks what was done with their data (GDPR art. 12 and 15(1)(a) to (h)), in French or English.

It says what the ledger knows, and leaves blanks, to be filled in by the controller, for what it cannot know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.access import coverage
from govai.ledger.exporting import replacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.ledger.access import Access

    Say = Callable[[str, str], str]

LANGUAGES = ("fr", "en")
_BASES = {
    "consent": ("consent (art. 6(1)(a))", "consentement (art. 6, § 1, a)"),
    "contract": ("contract (art. 6(1)(b))", "contrat (art. 6, § 1, b)"),
    "legal_obligation": ("legal obligation (art. 6(1)(c))", "obligation légale (art. 6, § 1, c)"),
    "vital_interests": ("vital interests (art. 6(1)(d))", "intérêts vitaux (art. 6, § 1, d)"),
    "public_task": ("public task (art. 6(1)(e))", "mission d'intérêt public (art. 6, § 1, e)"),
    "legitimate_interest": ("legitimate interest (art. 6(1)(f))", "intérêt légitime (art. 6, § 1, f)"),
}
_EFFECTS = {
    "allow": ("sent as it is", "envoyé tel quel"),
    "mask": ("masked", "masqué"),
    "generalise": ("made less precise", "rendu moins précis"),
    "pseudonymise": ("replaced by a pseudonym", "remplacé par un pseudonyme"),
    "remove": ("removed", "retiré"),
    "block": ("blocked: the call was not made", "bloqué : l'appel n'a pas eu lieu"),
}
_OUTCOMES = {
    "completed": ("answered", "répondu"),
    "failed": ("failed", "échoué"),
    "refused": ("not sent", "non envoyé"),
    "abandoned": ("not sent", "non envoyé"),
    "open": ("under way", "en cours"),
    "unknown": ("unknown", "inconnue"),
}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. `blank`: to be filled in by the controller."""

    text: str
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; widths are shares of the page's."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Paragraph | Table


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, before it has a form."""

    title: str
    lang: str
    blocks: tuple[Block, ...]


def write_letter(access: Access, path: str | Path, lang: Literal["fr", "en"]) -> Path:
    """Write the letter as its file's ending says, whole or not at all, for its owner only (0600); return where it is.

    Raises:
        ConfigError: another ending or language, fpdf2 is missing, or it cannot be written there.
    """
    place = Path(path)
    ending = place.suffix.lower()
    if ending not in (".pdf", ".html") or lang not in LANGUAGES:
        raise ConfigError(
            say(
                "a letter is a .pdf or .html file, in fr or en", "une lettre est un fichier .pdf ou .html, en fr ou en"
            ),
            where=f"report({place.name!r}, lang={lang!r})",
            todo='report("access.pdf", lang="fr")',
        )
    letter = compose(access, lang)
    if ending == ".pdf":
        from govai.ledger.letter_pdf import pdf

        made = pdf(letter)
    else:
        from govai.ledger.letter_html import html

        made = html(letter).encode()
    with replacing(place) as file:
        file.write(made)
    return place


def compose(access: Access, lang: str) -> Letter:
    """Return the letter's words."""

    def tell(en: str, fr: str) -> str:
        return fr if lang == "fr" else en

    title = tell("Answer to your request for access", "Réponse à votre demande d'accès")
    parts = (_opening, _purposes, _categories, _recipients, _retention, _rights, _origin, _decisions, _calls, _closing)
    return Letter(title, lang, tuple(block for part in parts for block in part(access, tell)))


def _opening(access: Access, tell: Say) -> list[Block]:
    count, left = len(access.calls), sum(call.left for call in access.calls)
    by = ", ".join(name for name, _category in access.asked)
    return [
        Paragraph(
            tell("Controller (name, address, contact):", "Responsable du traitement (nom, adresse, contact) :"),
            blank=True,
        ),
        Paragraph(
            tell("Data protection officer (contact):", "Délégué à la protection des données (contact) :"), blank=True
        ),
        Paragraph(
            tell(
                "Person concerned, reference of the request, date:",
                "Personne concernée, référence de la demande, date :",
            ),
            blank=True,
        ),
        Paragraph(
            tell(
                "You asked, under article 15 of the General Data Protection Regulation (GDPR), whether artificial intelligence "
                f"services are used with data about you. The record of these uses was searched by: {by}. It holds {count} "
                f"uses about you; in {left} of them something was sent to a provider.",
                "Vous avez demandé, au titre de l'article 15 du règlement général sur la protection des données (RGPD), si des "
                "services d'intelligence artificielle sont utilisés avec des données vous concernant. Le registre de ces usages "
                f"a été consulté par : {by}. Il contient {count} usages vous concernant ; dans {left} cas, des éléments ont été "
                "transmis à un fournisseur.",
            )
        ),
    ]


def _purposes(access: Access, tell: Say) -> list[Block]:
    counts = Counter((call.purpose, call.basis) for call in access.calls)
    rows = tuple(
        (purpose or "–", tell(*_BASES[basis]) if basis in _BASES else "–", str(count))
        for (purpose, basis), count in sorted(counts.items())
    )
    return [
        Heading(tell("Purposes and legal bases (art. 15(1)(a))", "Finalités et bases juridiques (art. 15, § 1, a)")),
        *_table(
            (tell("Purpose", "Finalité"), tell("Legal basis", "Base juridique"), tell("Uses", "Usages")),
            rows,
            (3, 5, 1),
            tell,
        ),
    ]


def _categories(access: Access, tell: Say) -> list[Block]:
    counts = Counter((one.category or "–", one.name, one.effect) for call in access.calls for one in call.fields)
    rows = tuple(
        (category, name, tell(*_EFFECTS[effect]) if effect in _EFFECTS else effect, str(count))
        for (category, name, effect), count in sorted(counts.items())
    )
    heads = (
        tell("Category", "Catégorie"),
        tell("Field", "Champ"),
        tell("What was done", "Traitement"),
        tell("Uses", "Usages"),
    )
    return [
        Heading(tell("Categories of data (art. 15(1)(b))", "Catégories de données (art. 15, § 1, b)")),
        *_table(heads, rows, (4, 3, 3, 1), tell),
    ]


def _recipients(access: Access, tell: Say) -> list[Block]:
    unsaid = tell("not stated", "non précisé")
    rows = tuple(
        (
            one.provider,
            one.region or unsaid,
            f"{one.first[:10]} – {one.last[:10]}",
            str(one.calls),
            unsaid if one.retention_days is None else tell(f"{one.retention_days} days", f"{one.retention_days} jours"),
        )
        for one in access.recipients
    )
    heads = (
        tell("Recipient", "Destinataire"),
        tell("Region", "Région"),
        tell("From – to", "Du – au"),
        tell("Uses", "Usages"),
        tell("Kept there", "Conservation"),
    )
    return [
        Heading(
            tell(
                "Recipients and transfers (art. 15(1)(c) and 15(2))",
                "Destinataires et transferts (art. 15, § 1, c et § 2)",
            )
        ),
        *_table(heads, rows, (3, 2, 4, 1, 2), tell),
        Paragraph(
            tell(
                "Safeguards of transfers outside the EEA (art. 46), if any:",
                "Garanties des transferts hors EEE (art. 46), le cas échéant :",
            ),
            blank=True,
        ),
    ]


def _retention(_access: Access, tell: Say) -> list[Block]:
    return [
        Heading(tell("How long data are kept (art. 15(1)(d))", "Durée de conservation (art. 15, § 1, d)")),
        Paragraph(
            tell(
                "The record of uses holds no value of yours: only what kind of data, when, why and where it went. Period, or "
                "the criteria for it, of your data themselves:",
                "Le registre des usages ne contient aucune de vos données en clair : seulement leur nature, la date, la "
                "finalité et la destination. Durée, ou critères, pour vos données elles-mêmes :",
            ),
            blank=True,
        ),
    ]


def _rights(access: Access, tell: Say) -> list[Block]:
    state = [
        Paragraph(
            tell(
                "The use of your data is restricted at present (art. 18).",
                "Le traitement de vos données est actuellement limité (art. 18).",
            )
        )
    ]
    return [
        Heading(tell("Your rights (art. 15(1)(e) and (f))", "Vos droits (art. 15, § 1, e et f)")),
        Paragraph(
            tell(
                "You may ask for rectification (art. 16), erasure (art. 17) or restriction (art. 18) of your data, and object "
                "to their use (art. 21). You may lodge a complaint with a supervisory authority (art. 77); in France, the "
                "CNIL, 3 place de Fontenoy, 75007 Paris, www.cnil.fr.",
                "Vous pouvez demander la rectification (art. 16), l'effacement (art. 17) ou la limitation (art. 18) de vos "
                "données, et vous opposer à leur utilisation (art. 21). Vous pouvez introduire une réclamation auprès d'une "
                "autorité de contrôle (art. 77) ; en France, la CNIL, 3 place de Fontenoy, 75007 Paris, www.cnil.fr.",
            )
        ),
        *(state if access.restricted else []),
    ]


def _origin(access: Access, tell: Say) -> list[Block]:
    sources = sorted({one.source for call in access.calls for one in call.fields if one.source})
    named = ", ".join(sources) or tell("the request itself", "la demande elle-même")
    return [
        Heading(tell("Where the data come from (art. 15(1)(g))", "Source des données (art. 15, § 1, g)")),
        Paragraph(tell(f"Data sets named in the record: {named}.", f"Jeux de données nommés au registre : {named}.")),
        Paragraph(
            tell("Where these were collected, if not from you:", "Origine de ceux-ci, s'ils ne viennent pas de vous :"),
            blank=True,
        ),
    ]


def _decisions(access: Access, tell: Say) -> list[Block]:
    reviewed = sum(bool(call.reviews) for call in access.calls)
    return [
        Heading(tell("Automated decisions (art. 15(1)(h))", "Décisions automatisées (art. 15, § 1, h)")),
        Paragraph(
            tell(
                f"A person reviewed {reviewed} of {len(access.calls)} uses. Whether decisions about you rest solely on automated "
                "processing (art. 22), their logic and consequences:",
                f"Une personne a relu {reviewed} usages sur {len(access.calls)}. Décisions vous concernant fondées exclusivement "
                "sur un traitement automatisé (art. 22), leur logique et leurs conséquences :",
            ),
            blank=True,
        ),
    ]


def _calls(access: Access, tell: Say) -> list[Block]:
    heads = (
        tell("Date (UTC)", "Date (UTC)"),
        tell("Purpose", "Finalité"),
        tell("Provider", "Fournisseur"),
        tell("Outcome", "Issue"),
        tell("Reference", "Référence"),
    )
    rows = tuple(
        (
            call.time[:19].replace("T", " "),
            call.purpose or "–",
            call.provider or "–",
            tell(*_OUTCOMES[call.outcome]) if call.outcome in _OUTCOMES else call.outcome,
            call.record_id,
        )
        for call in access.calls
    )
    return [Heading(tell("Each use", "Chaque usage")), *_table(heads, rows, (4, 3, 2, 2, 7), tell)]


def _closing(access: Access, tell: Say) -> list[Block]:
    lines: list[Block] = [Paragraph("– " + _capital(one)) for one in coverage(access, tell)]
    return [
        Heading(tell("What this answer covers", "Ce que couvre cette réponse")),
        *lines,
        Paragraph(tell("Place, date, signature:", "Lieu, date, signature :"), blank=True),
    ]


def _table(
    heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...], widths: tuple[int, ...], tell: Say
) -> list[Block]:
    return [Table(heads, rows, widths)] if rows else [Paragraph(tell("None.", "Aucun."))]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

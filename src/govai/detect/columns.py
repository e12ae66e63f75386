"""What a field that nobody tagged is: by its header (French and English) and its value. First form.

When in doubt the stricter reading counts; what nothing recognises is unknown, and unknown is restricted.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.tags import Tag
from govai.core.taxonomy import default_sensitivity
from govai.detect.card import CATEGORY as CARD
from govai.detect.card import Card
from govai.detect.email import CATEGORY as EMAIL
from govai.detect.email import Email
from govai.detect.iban import CATEGORY as IBAN
from govai.detect.iban import Iban
from govai.detect.phone import CATEGORY as PHONE
from govai.detect.phone import Phone

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENTENCE_WORDS = 5  # words from which a text reads as sentences
_LONGEST_LABEL = 60  # characters; longer texts are sentences too

_CHILDREN = r"(?:child|children|kids?|teens?|teenagers?|enfants?|adolescente?s?|ados?)"

# Words of a header (folded, split at capitals and separators) and what the field then holds; the first that fits wins.
_HEADERS: tuple[tuple[str, str], ...] = (
    (
        r"nir|ssn|social security|(?:numero|num|no|n) (?:de )?(?:securite sociale|secu)|securite sociale|national (?:id|identification)|insee",
        "user.government_id.national_identification_number",
    ),
    (r"passport|passeport", "user.government_id.passport_number"),
    (r"(?:driver|driving) licen[cs]e|permis(?: de conduire)?", "user.government_id.drivers_license_number"),
    (r"siret|siren|vat|tva|tax id|fiscal", "user.government_id"),
    (
        r"sante|health|medical|medicale?s?|maladie|disease|diagnos\w*|allerg\w*|handicap\w*|disab\w*|grossesse|pregnan\w*|blood|diabet\w*|enceintes?|groupe sanguin|bmi|imc|body mass index|regimes? alimentaires?|diet(?:s|ary|etique)?|cancer|asthm\w*|vih|hiv|patholog\w*|traitement|medication|ald",
        "user.health_and_medical",
    ),
    (r"religi\w*|confession|culte|faith", "user.demographic.religious_belief"),
    (r"ethni\w*|race|racial|origine ethnique", "user.demographic.race_ethnicity"),
    (r"politi\w*|parti politique|vote", "user.demographic.political_opinion"),
    (r"syndica\w*|trade union|union membership", "user.demographic.trade_union"),
    (r"sexual\w*|orientation(?: sexuelle)?", "user.demographic.sexual_orientation"),
    (r"criminal|casier|condamnation|conviction|offen[cs]e", "user.criminal_history"),
    (r"password|passwd|pwd|mot de passe|mdp", "user.authorization.password"),
    (
        r"(?:api|secret|access|auth|private) ?(?:key|token|secret)|token|jeton|secret|credentials?",
        "user.authorization.credentials",
    ),
    (rf"{_CHILDREN}|kidhome|teenhome|dependents?|mineure?s?|minors?|under ?age", "user.childrens"),
    (r"e ?mail|mail|courriel|email address|adresse (?:e ?mail|mail|electronique)", "user.contact.email"),
    (r"phone|telephone|tel|mobile|portable|gsm|cell|fax|msisdn", "user.contact.phone_number"),
    (r"iban|bic|rib|bank account|compte bancaire", "user.financial.bank_account"),
    (r"(?:credit |payment )?card (?:number|no|num)|(?:numero|num) (?:de )?carte|pan|cvv", "user.financial.credit_card"),
    (r"ip|ip address|adresse ip", "user.device.ip_address"),
    (r"cookie|device|user agent|imei|mac address|idfa|gaid|browser|operating systems?|os", "user.device"),
    (r"birth|dob|naissance|born|anniversaire|birthday|year birth", "user.demographic.date_of_birth"),
    (r"age|tranche d age|age (?:band|range|group)", "user.demographic.age_range"),
    (r"zip|postal|postcode|code postal|cp|zipcode", "user.contact.address.postal_code"),
    (r"latitude|longitude|lat|lon|lng|gps|geoloc\w*|geo", "user.location.precise"),
    (r"street|address|adresse|rue|voie|addr|shipping address|billing address", "user.contact.address.street"),
    (r"city|ville|town|commune", "user.contact.address.city"),
    (r"state|region|departement|province|county|etat", "user.contact.address.state"),
    (r"country|pays|nationality|nationalite", "user.contact.address.country"),
    (r"(?:first|given|fore) ?name|prenom|firstname|fname", "user.name.first"),
    (r"(?:last|family|sur) ?name|nom de famille|nom|lastname|lname|surname", "user.name.last"),
    (r"(?:user|login|screen) ?name|username|login|pseudo|identifiant|handle|nickname", "user.account.username"),
    (
        r"(?:company|organi[sz]ation|business|employer|brand|societe|entreprise) ?(?:name)?|raison sociale",
        "user.contact.organization",
    ),
    (
        r"(?:product|item|campaign|list|segment|plan|event|category|department|division|class|page|store|track|album|artist|metric|flow|form|deal|pipeline|subject|template|media type) ?(?:name|title|label)?",
        "user.behavior.purchase_history",
    ),
    (
        r"(?:full |customer |contact |client |display |middle |maiden )?names?|fullname|nom complet|civilite et nom|owner|author|sender|recipient|assignee|salutation name",
        "user.name",
    ),
    (r"website|url|homepage|site web|linkedin|twitter|facebook|instagram|social", "user.contact.url"),
    (r"job|title|fonction|poste|profession|metier|occupation|role", "user.job_title"),
    (r"gender|sexe?|genre|civilite|salutation", "user.demographic.gender"),
    (r"language|langue|locale|lang", "user.demographic.language"),
    (r"salary|salaire|income|revenus?|wage|credit score|solde|balance|debt|dette", "user.financial"),
    (
        r"marital\w*|marie|situation familiale|partner|education|etudes|diplome|household|senior citizen|senior",
        "user.demographic.profile",
    ),
    (
        r"(?:\w+ )*(?:id|ids|uuid|guid|uid|identifier|ref|reference|key|numero|num|number|no|code client)|customerid|userid|id client|matricule",
        "user.unique_id",
    ),
    (r"consent\w*|opt ?(?:in|out)|unsubscribed?|gdpr|rgpd|preferences?|optout|optin", "user.privacy_preferences"),
    (
        r"motifs?|reason|raison|churn|resili\w*|attrition|cancel\w*|canal|channel|segment|score|nps|rating|note moyenne|satisfaction|recommended ind|positive feedback count",
        "user.behavior",
    ),
    (
        (
            r"contract\w*|contrat|offre|offer|plan|forfait|formule|abonnement|subscription|tenure|anciennete|charges?|monthly charges|total charges|amount|montant|price|prix|total|revenue|"
            r"payment method|paiement|paperless billing|internet service|online \w+|tech support|streaming \w+|phone service|multiple lines|device protection|"
            r"product|produits?|item|article|order\w*|commandes?|quantity|quantite|achats?|purchase\w*|panier|basket|cart|spent|depenses?|mnt \w+|num \w+|recency|frequency|"
            r"recence|date (?:d )?achat|derniere? (?:commande|achat|visite)|last (?:order|purchase|visit|seen)|status|statut|stage|type|category|categorie|brand|marque|accepted cmp\d?|response|complain"
        ),
        "user.behavior.purchase_history",
    ),
    (
        r"visits?|visites?|clicks?|clics?|opens?|ouvertures?|sessions?|pages?|views?|vues|bounce rates?|exit rates?|browsing|navigation|duration|traffic type|campaigns?|weekend|special day|visitor type",
        "user.behavior.browsing_history",
    ),
    (
        r"created(?: at| date)?|updated(?: at| date)?|modified(?: at| date)?|date|timestamp|month|mois|year|annee|day|jour|time|heure|inscription|signup(?: date)?|dt customer|since|depuis",
        "user.behavior",
    ),
)
# How many children there are, or whether, is about a household; all else about children is about them (GDPR art. 8).
_HOUSEHOLD = re.compile(
    rf"(?:nb|nbr|nbre|num|nombre(?: d| de)?|count(?: of)?|number(?: of)?|total) {_CHILDREN}(?: (?:a charge|foyer|au foyer|home|at home))?"
    rf"|{_CHILDREN} (?:count|home)|kidhome|teenhome|(?:(?:has|have|avec|with|a des) )?(?:children|kids|enfants|dependents)"
)
_COUNT = re.compile(r"|\d{1,2}(?:\.0)?|yes|no|oui|non|true|false|none|aucun", re.IGNORECASE)
_COMMENTS = re.compile(
    r"(?:.* )?(?:notes?|comments?|commentaires?|message|body|subject|objet|details|signature|text|texte|description|avis|review|remarques?|feedback|verbatim|contenu|content)(?: .*)?"
)
_COMPILED = tuple((re.compile(rf"(?:{words})"), category) for words, category in _HEADERS)
_DETECTORS = ((Email(), EMAIL), (Iban(), IBAN), (Card(), CARD), (Phone(), PHONE))


def classify(row: Mapping[str, object]) -> dict[str, Tag]:
    """Return a tag for each field of a row, from its header and its value.

    A field that neither tells gets `Tag()`: no category, restricted.
    """
    return {name: _field(name, value) for name, value in row.items()}


def _field(name: str, value: object) -> Tag:
    text = value.strip() if isinstance(value, str) else ""
    said = _said(text) if text else None
    header = words_of(name)
    if said is not None:  # what the value proves counts more than what the header says, unless that is stricter
        header_says = by_header(header)
        return Tag(max(said, header_says or said, key=default_sensitivity))
    sentences = len(text.split()) >= _SENTENCE_WORDS or len(text) > _LONGEST_LABEL
    if _COMMENTS.fullmatch(header):
        return Tag("user.content", sensitivity="confidential", free_text=True)
    category = by_header(header)
    if category == "user.childrens" and _HOUSEHOLD.fullmatch(header) and _COUNT.fullmatch(str(value).strip()):
        return Tag("user.demographic")
    if category is not None:
        return Tag(category, free_text=sentences and category.startswith("user.behavior"))
    if sentences:
        return Tag("user.content", sensitivity="confidential", free_text=True)
    return Tag()


def _said(text: str) -> str | None:
    """Return what a value is beyond doubt: all of it is one detected thing."""
    for detector, category in _DETECTORS:
        if any(f.start == 0 and f.end == len(text) for f in detector.detect(text)):
            return category
    return None


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Return a header's words, folded, split at capitals and separators: `CodePostal` → `code postal`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", bare)
    return " ".join(re.findall(r"[a-z]+|\d+", split.casefold().replace("n°", "numero ")))


@lru_cache(maxsize=4096)
def by_header(header: str) -> str | None:
    """Return the category that a header's words name, None when they name none."""
    for pattern, category in _COMPILED:
        if pattern.fullmatch(header):
            return category
    tokens = header.split()
    for size in range(len(tokens) - 1, 0, -1):  # the longest part of the header that says something
        parts = {" ".join(tokens[start : start + size]) for start in range(len(tokens) - size + 1)}
        said = [category for pattern, category in _COMPILED if any(map(pattern.fullmatch, parts))]
        if said:  # of several the most sensitive, then the first of the table: `birth date` is a birth before a date
            return max(said, key=default_sensitivity)
    return None

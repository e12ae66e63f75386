"""Data categories and sensitivities.

The category keys are those of Fideslang 3.1 (the IAB Tech Lab privacy taxonomy, by Ethyca and contributors, CC BY 4.0,
https://github.com/IABTechLab/fideslang), plus three that GDPR art. 9 names and Fideslang lacks. The default
sensitivities are govai's own.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache, lru_cache

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean


class Sensitivity(IntEnum):
    """How much harm a leak would do: `PUBLIC < INTERNAL < CONFIDENTIAL < RESTRICTED`."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    @classmethod
    def parse(cls, name: str) -> Sensitivity:
        """Return the member called `name` in any case; ConfigError names the nearest otherwise."""
        try:
            return cls[name.upper()]
        except KeyError:
            known = [member.name.lower() for member in cls]
            raise ConfigError(
                say(f"unknown sensitivity '{name}'", f"sensibilité inconnue « {name} »"), todo=did_you_mean(name, known)
            ) from None


_FIDESLANG = """
    system
    system.authentication
    system.operations
    user
    user.account
    user.account.settings
    user.account.username
    user.authorization
    user.authorization.biometric
    user.authorization.credentials
    user.authorization.password
    user.behavior
    user.behavior.browsing_history
    user.behavior.media_consumption
    user.behavior.purchase_history
    user.behavior.search_history
    user.biometric
    user.biometric.fingerprint
    user.biometric.health
    user.biometric.retinal
    user.biometric.voice
    user.childrens
    user.contact
    user.contact.address
    user.contact.address.city
    user.contact.address.country
    user.contact.address.postal_code
    user.contact.address.state
    user.contact.address.street
    user.contact.email
    user.contact.fax_number
    user.contact.organization
    user.contact.phone_number
    user.contact.url
    user.content
    user.content.private
    user.content.public
    user.content.self_image
    user.criminal_history
    user.demographic
    user.demographic.age_range
    user.demographic.date_of_birth
    user.demographic.gender
    user.demographic.language
    user.demographic.marital_status
    user.demographic.political_opinion
    user.demographic.profile
    user.demographic.race_ethnicity
    user.demographic.religious_belief
    user.demographic.sexual_orientation
    user.device
    user.device.cookie
    user.device.cookie_id
    user.device.device_id
    user.device.ip_address
    user.financial
    user.financial.bank_account
    user.financial.credit_card
    user.government_id
    user.government_id.birth_certificate
    user.government_id.drivers_license_number
    user.government_id.immigration
    user.government_id.national_identification_number
    user.government_id.passport_number
    user.government_id.vehicle_registration
    user.health_and_medical
    user.health_and_medical.genetic
    user.health_and_medical.insurance_beneficiary_id
    user.health_and_medical.record_id
    user.job_title
    user.location
    user.location.imprecise
    user.location.precise
    user.name
    user.name.first
    user.name.last
    user.payment
    user.privacy_preferences
    user.sensor
    user.social
    user.telemetry
    user.unique_id
    user.unique_id.pseudonymous
    user.user_sensor
    user.workplace
"""

OWN_CATEGORIES = frozenset(
    {"user.demographic.trade_union", "user.demographic.philosophical_belief", "user.demographic.sex_life"}
)
CATEGORIES = frozenset(_FIDESLANG.split()) | OWN_CATEGORIES

# GDPR art. 9(1): what a category and all its children reveal.
SPECIAL = (
    "user.health_and_medical",
    "user.biometric",
    "user.authorization.biometric",
    "user.demographic.race_ethnicity",
    "user.demographic.political_opinion",
    "user.demographic.religious_belief",
    "user.demographic.philosophical_belief",
    "user.demographic.trade_union",
    "user.demographic.sexual_orientation",
    "user.demographic.sex_life",
)
CRIMINAL = ("user.criminal_history",)  # GDPR art. 10
MINORS = ("user.childrens",)  # GDPR art. 8
SECRETS = ("system.authentication", "user.authorization.credentials", "user.authorization.password")
NATIONAL_ID = ("user.government_id.national_identification_number",)  # the French NIR among them

# A value of one of these, alone, says who it is about: each yields a keyed subject reference in the record.
IDENTIFYING = (
    "user.contact.email",
    "user.contact.phone_number",
    "user.unique_id",
    "user.account.username",
    "user.financial.bank_account",
    "user.financial.credit_card",
    "user.government_id",
    "user.device",
)

_DEFAULTS = {
    "system": Sensitivity.INTERNAL,
    "system.authentication": Sensitivity.RESTRICTED,
    "user": Sensitivity.CONFIDENTIAL,
    "user.account.settings": Sensitivity.INTERNAL,
    "user.authorization": Sensitivity.RESTRICTED,
    "user.behavior": Sensitivity.INTERNAL,
    "user.behavior.search_history": Sensitivity.CONFIDENTIAL,
    "user.childrens": Sensitivity.RESTRICTED,
    "user.contact.address.city": Sensitivity.INTERNAL,
    "user.contact.address.country": Sensitivity.INTERNAL,
    "user.contact.address.state": Sensitivity.INTERNAL,
    "user.contact.organization": Sensitivity.INTERNAL,
    "user.content.public": Sensitivity.PUBLIC,
    "user.demographic.age_range": Sensitivity.INTERNAL,
    "user.demographic.gender": Sensitivity.INTERNAL,
    "user.demographic.language": Sensitivity.INTERNAL,
    "user.demographic.profile": Sensitivity.INTERNAL,
    "user.financial": Sensitivity.RESTRICTED,
    "user.government_id": Sensitivity.RESTRICTED,
    "user.job_title": Sensitivity.INTERNAL,
    "user.location.imprecise": Sensitivity.INTERNAL,
    "user.payment": Sensitivity.RESTRICTED,
    "user.privacy_preferences": Sensitivity.INTERNAL,
    "user.telemetry": Sensitivity.INTERNAL,
    "user.workplace": Sensitivity.INTERNAL,
    **dict.fromkeys((*SPECIAL, *CRIMINAL), Sensitivity.RESTRICTED),
}


def covers(parent: str, category: str) -> bool:
    """Whether `parent` is `category` or one of its ancestors (`user.contact` covers `user.contact.email`)."""
    return category == parent or category.startswith(parent + ".")


@lru_cache(4096)
def in_any(category: str | None, parents: tuple[str, ...]) -> bool:
    """Whether one of `parents` covers `category`."""
    return category is not None and any(covers(parent, category) for parent in parents)


def is_personal(category: str) -> bool:
    """Whether data of this category is about a person (GDPR art. 4(1))."""
    return covers("user", category)


@cache
def default_sensitivity(category: str) -> Sensitivity:
    """Return the sensitivity of `category`: its own, else its nearest ancestor's, else RESTRICTED."""
    key = category
    while key:
        if key in _DEFAULTS:
            return _DEFAULTS[key]
        key = key.rpartition(".")[0]
    return Sensitivity.RESTRICTED

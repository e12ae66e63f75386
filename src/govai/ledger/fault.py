"""Faults: the names and the words of everything that can be wrong with a ledger. It finds none itself."""

from __future__ import annotations

from dataclasses import dataclass

from govai.core.lang import say

# code: (English, French); {0} is what the fault adds
_WORDS = {
    "edited": ("its bytes are not those that were hashed", "ses octets ne sont pas ceux qui ont été hachés"),
    "columns": ("its columns differ from its bytes ({0})", "ses colonnes diffèrent de ses octets ({0})"),
    "not_a_record": ("its bytes are not a record", "ses octets ne sont pas un enregistrement"),
    "rewritten": (
        "it was rewritten together with its digest ({0})",
        "il a été réécrit avec son empreinte ({0})",
    ),
    "deleted": ("record {0} of its chain is missing before it", "l'enregistrement {0} de sa chaîne manque avant lui"),
    "reordered": ("it stands in another's place ({0})", "il est à la place d'un autre ({0})"),
    "duplicated": ("it is there twice ({0})", "il est présent deux fois ({0})"),
    "cut_tail": ("its chain ends there, and went on to {0}", "sa chaîne s'arrête là et allait jusqu'à {0}"),
    "removed_chain": ("chain {0} is gone", "la chaîne {0} a disparu"),
    "head": ("its chain ends elsewhere than its head says", "sa chaîne finit ailleurs que ne dit sa tête"),
    "forged_checkpoint": (
        "checkpoint {0} is not the one that was signed",
        "le point de contrôle {0} n'est pas celui qui fut signé",
    ),
    "unknown_key": (
        "checkpoint {0} is signed by a key nobody vouches for",
        "le point de contrôle {0} est signé par une clé inconnue",
    ),
    "removed_checkpoint": ("checkpoint {0} is gone", "le point de contrôle {0} a disparu"),
    "clock": ("the clock runs backwards ({0})", "l'horloge recule ({0})"),
    "outcome_without_intent": ("this outcome has no intent", "cette issue n'a pas d'intention"),
    "outcome_twice": ("its intent has another outcome", "son intention a une autre issue"),
    "purged_silently": ("it was emptied and no purge says so", "il a été vidé et aucune purge ne le dit"),
    "purge_undone": ("a purge says it was emptied, and it is there", "une purge le dit vidé, et il est là"),
    "purge_mismatch": (
        "what it says was purged is not what was there",
        "ce qu'elle dit purgé n'est pas ce qui y était",
    ),
    "forged_purge": (
        "nobody who may signed this purge: what it names was emptied without leave",
        "personne d'habilité n'a signé cette purge : ce qu'elle nomme fut vidé sans droit",
    ),
    "damaged": ("the database is damaged ({0})", "la base est endommagée ({0})"),
}
CODES = frozenset(_WORDS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold.

    Attributes:
        code: its stable name (`CODES`). record: id of the record it shows at, or None. about: what it adds: a sequence, a
            chain, a column. chain, seq: where, "" and 0 where nowhere in particular.
    """

    code: str
    record: str | None = None
    about: str = ""
    chain: str = ""
    seq: int = 0

    @property
    def words(self) -> str:
        """What is wrong, in the reader's language."""
        english, french = _WORDS[self.code]
        return say(english, french).format(self.about)

    def to_json(self) -> dict[str, str | int | None]:
        """Return the fault as plain JSON data."""
        found = {"code": self.code, "record": self.record, "chain": self.chain, "seq": self.seq, "about": self.about}
        return {**found, "words": self.words}

"""Contents: prompts and outputs kept beside their records, so that destroying the key of any subject makes them unreadable.

A content has a fresh key. That key is wrapped by one derived (HKDF, RFC 5869) from the root's key for contents and the keys of
all its subjects, in the order of their references: without one of them, nobody can unwrap it. AES-256-GCM (NIST SP 800-38D),
bound to the record. A subject's key is random and stands in `subject_keys`, wrapped by the root. It knows no policy.
"""

from __future__ import annotations

import secrets
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError, LedgerUnavailable
from govai.core.keys import all_keys
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from govai.core.database import Connection
    from govai.core.protocols import KeyStore
    from govai.core.records import Draft
    from govai.ledger.subjects import Person

KEPT, UNKEPT = (
    "kept",
    "not kept",
)  # what a record says of its content: the latter where a subject's key is gone or unreadable
HOLDING = "content"  # in `holdings`
_KEY, _NONCE, _TAG = 32, 12, 16  # bytes
_HEAD = struct.Struct(">BI")  # version, how many subjects
_WRAPPED = _NONCE + _KEY + _TAG
_VERSION = 1
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Content:
    """What was kept of an attempt, in its protected form. Its repr shows nothing of it.

    Attributes:
        record_id: the intent's id, or a batch answer's. time: RFC 3339, of the record.
        prompt: the body as it was sent; output: the text as it came. None: not kept, purged, or made unreadable by an erasure.
    """

    record_id: str
    time: str
    purpose: str
    prompt: bytes | None = field(default=None, repr=False)
    output: bytes | None = field(default=None, repr=False)


class Contents:
    """Puts contents into a ledger and takes them out again.

    Args:
        keys: returns the store whose `contents` and `subject_keys` wrap; None where there is none: nothing is kept then.
    """

    def __init__(self, keys: Callable[[], KeyStore | None]) -> None:
        self._keys = keys
        self._derived: dict[str, tuple[KeyStore, tuple[bytes, ...]]] = {}

    def put(self, connection: Connection, drafts: Sequence[Draft], refs: Mapping[Person, str]) -> dict[str, str]:
        """Store what drafts bring, in the transaction of their records; return what each record is to say of it, by id.

        Args:
            refs: the reference of each person.
        """
        kept = [draft for draft in drafts if draft.content]
        said = dict.fromkeys((draft.id for draft in kept), UNKEPT)
        with suppress(ConfigError):  # there are no keys: the records say so
            boxes = self._made(
                connection, {refs[one] for draft in kept if not draft.kept_with for one in draft.subjects}
            )
            for draft in kept:
                subjects = {refs[one] for one in draft.subjects} if not draft.kept_with else None
                if self._put(connection, draft, subjects, boxes):
                    said[draft.id] = KEPT
        return said

    def take(self, connection: Connection, record_id: str) -> bytes | None:
        """Return what was kept with a record, None where nothing was or a subject's key is gone.

        Raises:
            LedgerUnavailable: it was changed, or kept under other keys. ConfigError: there are no keys.
        """
        found = connection.execute("SELECT box FROM contents WHERE record=?", (record_id,))
        if not found:
            return None
        box = bytes(found[0][0])
        subjects = _subjects_of(connection, record_id)
        if subjects is None:
            return None
        keys = self._opened(subjects, _keys_of(connection, subjects))
        if keys is None:
            return None
        return self._unlocked(box, record_id, keys)

    def page(self, connection: Connection, since: str, after: str) -> list[tuple[str, str, str, str]]:
        """Return (record, time, purpose, kind) of the contents from a time (RFC 3339) on; of that very time, those after a record."""
        rows = connection.execute(
            "SELECT c.record, c.time, c.purpose, r.kind FROM contents c JOIN records r ON r.id=c.record "
            "WHERE c.time>? OR (c.time=? AND c.record>?) ORDER BY c.time, c.record LIMIT ?",
            (since, since, after, _PAGE),
        )
        return [(str(record), str(time), str(purpose), str(kind)) for record, time, purpose, kind in rows]

    def _put(self, connection: Connection, draft: Draft, own: set[str] | None, boxes: Mapping[str, bytes]) -> bool:
        subjects = sorted(own) if own is not None else _subjects_of(connection, draft.kept_with)
        if subjects is None:
            return False
        try:
            keys = self._opened(subjects, boxes if own is not None else _keys_of(connection, subjects))
        except LedgerUnavailable:  # a subject's key is under another root: this copy is lost, the record is not
            return False
        if keys is None:
            return False
        box = self._locked(draft.content, draft.id, keys)
        connection.insert("contents", [(draft.id, draft.time, str(draft.body.get("purpose", "")), box)])
        connection.insert("holdings", [(one, HOLDING, draft.id) for one in subjects])
        return True

    def _made(self, connection: Connection, subjects: set[str]) -> dict[str, bytes]:
        """Return the wrapped key of each subject, made where there never was one; in order, so that writers do not cross."""
        ordered = sorted(subjects)
        found = _keys_of(connection, ordered)
        missing = [one for one in ordered if one not in found]
        if missing:
            fresh = [(one, self._wrapped(secrets.token_bytes(_KEY), one)) for one in missing]
            connection.insert("subject_keys", fresh, ignore=True)  # another writer may have been faster
            found |= _keys_of(connection, missing)
        return found

    def _opened(self, subjects: Sequence[str], boxes: Mapping[str, bytes]) -> list[bytes] | None:
        """Return the subjects' keys in their order, None where one is gone."""
        if any(one not in boxes for one in subjects):
            return None
        return [self._unwrapped(boxes[one], one) for one in subjects]

    def _roots(self, use: str) -> tuple[bytes, ...]:
        keys = self._keys()
        if keys is not None:
            found = self._derived.get(use)
            if found is None or found[0] is not keys:
                found = self._derived[use] = (keys, all_keys(keys, use))
            return found[1]
        raise ConfigError(
            say("content is kept encrypted, and there are no keys", "le contenu est chiffré, et il n'y a pas de clés"),
            where="keys=",
            todo="env:NAME, file:PATH, KeyStore",
        )

    def _wrapped(self, key: bytes, subject: str) -> bytes:
        return _sealed(self._roots("subject_keys")[0], key, f"subject:{subject}")

    def _unwrapped(self, box: bytes, subject: str) -> bytes:
        return _opened(self._roots("subject_keys"), box, f"subject:{subject}", subject)

    def _locked(self, content: bytes, record: str, subjects: Sequence[bytes]) -> bytes:
        key = secrets.token_bytes(_KEY)
        wrapping = _derived(self._roots("contents")[0], subjects, record)
        head = _HEAD.pack(_VERSION, len(subjects))
        return head + _sealed(wrapping, key, f"key:{record}") + _sealed(key, content, f"content:{record}")

    def _unlocked(self, box: bytes, record: str, subjects: Sequence[bytes]) -> bytes:
        wrapped, sealed = box[_HEAD.size : _HEAD.size + _WRAPPED], box[_HEAD.size + _WRAPPED :]
        wrapping = [_derived(root, subjects, record) for root in self._roots("contents")]
        return _opened([_opened(wrapping, wrapped, f"key:{record}", record)], sealed, f"content:{record}", record)


def _subjects_of(connection: Connection, record: str) -> list[str] | None:
    """Return whose keys a record's content is under, in order; None where nothing was kept or one of them is gone."""
    head = connection.execute(f"SELECT substr(box, 1, {_HEAD.size}) FROM contents WHERE record=?", (record,))  # noqa: S608 -- a number
    if not head:
        return None
    rows = connection.execute("SELECT subject FROM holdings WHERE what=? AND name=?", (HOLDING, record))
    subjects = sorted(str(one) for (one,) in rows)  # by code points, whatever the database's collation
    return subjects if len(subjects) == _HEAD.unpack(bytes(head[0][0]))[1] else None


def _keys_of(connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for at in range(0, len(subjects), 500):
        some = subjects[at : at + 500]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT subject, key FROM subject_keys WHERE subject IN ({marks})", some)  # noqa: S608 -- marks only
        found |= {str(subject): bytes(key) for subject, key in rows}
    return found


def _derived(root: bytes, subjects: Sequence[bytes], record: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), _KEY, salt=None, info=f"govai/content/1/{record}".encode()).derive(root + b"".join(subjects))


def _sealed(key: bytes, plain: bytes, bound_to: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _opened(keys: Sequence[bytes], box: bytes, bound_to: str, where: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    for key in keys:
        try:
            return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError):
            continue
    raise LedgerUnavailable(
        say("kept content cannot be opened", "le contenu gardé ne peut être ouvert"),
        where=where,
        todo=say(
            "it was changed, or its key is another or retired: check keys=",
            "il a été modifié, ou sa clé est autre ou retirée : vérifiez keys=",
        ),
    )

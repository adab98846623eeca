"""The owner's key: what tells rules that somebody armed here from those that came along with a logdir.

A logdir may be mailed, or lie where others write. A rule in it sends to addresses and may start programs, so that only
one that this user has armed is followed: it is signed with a key that lies in the user's cache folder and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from pathlib import Path

from tracker.foreign.folders import cache_folder
from tracker.store.read.alert_file import KeptRule

logger = logging.getLogger("dashboard")

LENGTH = 32


def key_of_user() -> bytes:
    """The key of who runs this, made when it is first asked for; one for this process alone where it cannot be kept."""
    file = cache_folder(Path("/")).parent.parent / "alerts.key"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as made:
                made.write(secrets.token_bytes(LENGTH))
        key = file.read_bytes()
        if len(key) == LENGTH:
            return key
        logger.warning("viz: %s is no key; rules that are armed now are not known at the next start", file)
    except OSError as error:
        logger.warning("viz: %s cannot be kept (%s); rules are not known at the next start", file, error)
    return secrets.token_bytes(LENGTH)


def signature(key: bytes, id: str, version: int, source: str, said: str) -> str:
    """What says that a rule was armed by who has the key."""
    text = "\0".join((id, str(version), source, said)).encode("utf-8", "surrogatepass")
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def is_ours(key: bytes, rule: KeptRule) -> bool:
    """Whether a rule was armed by who has the key, as it stands there."""
    wanted = signature(key, rule.id, rule.version, rule.source, rule.said)
    return hmac.compare_digest(wanted.encode(), rule.signature.encode("utf-8", "replace"))

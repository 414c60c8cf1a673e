"""The industries that this one knows: cross-certified, acquainted, refreshed and given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority.certificates import issue_cross
from omamori.authority.industry import line_of, new_serial, root_crl_url
from omamori.authority.recognition import CrossError, read_mapping, read_offer
from omamori.authority.records import Foreign, Revoked
from omamori.documents.bundle import MEMBERS_MAX
from omamori.documents.certificate import load_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omamori.authority.industry import AuthorityKeys
    from omamori.authority.ports import Entropy, RegistryStore
    from omamori.authority.publication import Publication

URL_CHARACTERS_MAX = 200


def _require(holds: bool, key: str) -> None:  # noqa: FBT001 - a rule is a truth value
    if not holds:
        raise CrossError(f"cross.{key}")


class Recognised:
    """Other industries; every method is called inside a transaction."""

    def __init__(
        self,
        store: RegistryStore,
        keys: AuthorityKeys,
        entropy: Entropy,
        publication: Publication,
    ) -> None:
        self._store = store
        self._keys = keys
        self._entropy = entropy
        self._publication = publication

    def known(self, industry: str) -> Foreign:
        """What is known of an industry; raises CrossError `cross.unknown`."""
        found = self._store.get(Foreign, industry)
        if found is None:
            raise CrossError("cross.unknown", {"industry": industry[:64]})
        return found

    def _offer(self, bundle: bytes, root: bytes, url: str, now: float) -> Foreign:
        """What another industry says, if nothing of it collides with what is known."""
        offer = read_offer(bundle, root, now)
        own = self._publication.identity
        _require(offer.ladder.industry != own.ladder.industry, "industry-taken")
        _require(offer.host != own.host and offer.ladder.base != own.ladder.base, "host-taken")
        _require(
            url == "" or (url.startswith("https://") and len(url) <= URL_CHARACTERS_MAX),
            "url-not-plain",
        )
        count = 0
        for other in self._store.every(Foreign):
            count += 1
            same = other.ladder.industry == offer.ladder.industry
            _require(same or (other.host != offer.host and other.root != offer.root), "host-taken")
            _require(not same or other.root == offer.root, "root-differs")
            _require(not same or other.seq <= offer.seq, "rolled-back")
        _require(count < MEMBERS_MAX - 1, "too-many")
        return msgspec.structs.replace(offer, url=url)

    def cross(
        self, bundle: bytes, root: bytes, rungs: Mapping[int, int], url: str, now: float
    ) -> Foreign:
        """Certify another industry's root with a level map; an older map ends at once."""
        offer = self._offer(bundle, root, url, now)
        identity = self._publication.identity
        mapping = read_mapping(rungs, offer.ladder, identity.ladder)
        before = self._store.get(Foreign, offer.key)
        if before:
            self._end(before, now)
        certificate = issue_cross(
            identity.ladder,
            load_certificate(offer.root),
            offer.host,
            mapping,
            load_certificate(identity.root),
            self._keys.root,
            new_serial(self._entropy),
            root_crl_url(identity.host),
            now,
        )
        self._store.append(line_of("cross", offer.key, certificate, now))
        crossed = msgspec.structs.replace(
            offer,
            mapping={theirs.rung: mine.rung for theirs, mine in mapping.items()},
            cross=certificate.public_bytes(Encoding.DER),
        )
        self._store.put(crossed)
        return crossed

    def acquaint(self, bundle: bytes, root: bytes, url: str, now: float) -> Foreign:
        """Know another industry without recognising its levels; a recognition ends."""
        offer = self._offer(bundle, root, url, now)
        before = self._store.get(Foreign, offer.key)
        if before:
            self._end(before, now)
        self._store.put(offer)
        return offer

    def forget(self, industry: str, now: float) -> None:
        """Know an industry no more; its cross-certificate is revoked."""
        self._end(self.known(industry), now)
        self._store.remove(Foreign, industry)

    def _end(self, foreign: Foreign, now: float) -> None:
        if not foreign.cross:
            return
        cross = load_certificate(foreign.cross)
        self._store.put(
            Revoked(
                ca="root",
                serial=f"{cross.serial_number:x}",
                at=now,
                why="superseded",
                not_after=cross.not_valid_after_utc.timestamp(),
            )
        )

    def refresh(self, industry: str, bundle: bytes, now: float) -> bool:
        """Take the newest lists of a known industry; whether anything that we publish changed.

        Raises:
            CrossError: when it does not hold together, goes back, or changed what it is.
        """
        known = self.known(industry)
        offer = read_offer(bundle, known.root, now)
        _require(offer.ladder == known.ladder and offer.host == known.host, "changed-what-it-is")
        _require(offer.seq >= known.seq, "rolled-back")
        after = msgspec.structs.replace(
            offer, url=known.url, mapping=known.mapping, cross=known.cross
        )
        if after == known:
            return False
        self._store.put(after)
        return msgspec.structs.replace(after, seq=0) != msgspec.structs.replace(known, seq=0)

"""Player: one thing of the sample home, with a real key and a real certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.adapters.transport import Bearer
from omamori.hub.links import End
from omamori.trust.standing import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.simulation.cast import Role
    from omamori.trust.book import Book
    from omamori.trust.standing import Caps


class Player:
    """One thing: what it shows, and the book it judges by.

    Attributes:
        industry: whose certificate it shows and whose ladder it judges in; for a thing that the hub
            vouches for, the hub's.
    """

    def __init__(
        self,
        role: Role,
        industry: str,
        certificate: bytes,
        key: ec.EllipticCurvePrivateKey,
        book: Book,
    ) -> None:
        self.role = role
        self.industry = industry
        self.certificate = certificate
        self.key = key
        self.book = book
        self.statement = b""
        self.vouch = b""

    def credentials(self) -> Credentials:
        """What it shows now."""
        return Credentials(self.certificate, self.statement, self.vouch)

    def end(self) -> End:
        """Its end of a link, as the hub keeps it."""
        return End(self.role.id, self.industry, self.credentials())

    def bearer(self, clock: Callable[[], float], caps: Caps) -> Bearer:
        """Itself, ready to go to a meeting."""
        certificate = x509.load_der_x509_certificate(self.certificate)
        return Bearer(certificate, self.key, self.credentials, self.book, clock, caps)


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)

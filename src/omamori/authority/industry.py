"""Creating an industry: its ladder, its keys' certificates, and who it is."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from omamori.authority.certificates import (
    issue_end_entity,
    issue_issuing_ca,
    issue_root,
    issue_server,
)
from omamori.authority.records import HOST_NAME, INDUSTRY_NAME, Identity, Issued, require
from omamori.documents.level import RUNGS_MAX, Ladder, ladder_of_uuid
from omamori.documents.limits import STATEMENT_VALIDITY_S_MAX

if TYPE_CHECKING:
    from omamori.authority.ports import Entropy, RegistryStore

STATEMENT_S = {"health": 3600, "mobility": 7 * 86400}
STATEMENT_S_DEFAULT = 86400
STATEMENT_S_MIN = 60
SERIAL_OCTETS = 19
"""RFC 5280, 4.1.2.2: at most 20 octets and positive; 152 bits are beyond guessing."""

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")
NAMES_MAX = 16


class AuthorityKeys(msgspec.Struct, frozen=True, gc=False):
    """The private keys of an authority, P-256: each for one use only."""

    root: ec.EllipticCurvePrivateKey
    issuing: ec.EllipticCurvePrivateKey
    registry: ec.EllipticCurvePrivateKey
    server: ec.EllipticCurvePrivateKey


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decides when an industry is created.

    Attributes:
        industry: short name, such as `energy`; host: exact host of its things' URIs.
        arc: dotted OID of the ladder with its policy version, or empty for one under 2.25.
        statement_s: how long its statements hold, seconds; 0 for the industry's usual.
        server_names: further names and addresses of its web server.
        contact: whom to ask, a URL or a phone number.
    """

    industry: str
    host: str
    arc: str = ""
    rungs: int = RUNGS_MAX
    statement_s: int = 0
    server_names: tuple[str, ...] = ()
    contact: str = ""


def new_serial(entropy: Entropy) -> int:
    """A certificate serial number, positive and unpredictable."""
    return int.from_bytes(entropy(SERIAL_OCTETS), "big") | 1


def root_crl_url(host: str) -> str:
    """Where certificates that the root signs say that its list is."""
    return f"https://{host}/v1/root.crl"


def issuing_crl_url(host: str) -> str:
    """Where certificates that the issuing CA signs say that its list is."""
    return f"https://{host}/v1/issuing.crl"


def create_industry(
    plan: Plan, keys: AuthorityKeys, store: RegistryStore, entropy: Entropy, now: float
) -> Identity:
    """Create an industry in an empty store.

    Raises:
        RequestError: `industry.exists`, or with the key of what is wrong in the plan.
    """
    check_plan(plan)
    require(store.get(Identity, "self") is None, "industry.exists")
    ladder = _ladder(plan, entropy)
    root = issue_root(plan.industry, keys.root, new_serial(entropy), now)
    issuing = issue_issuing_ca(
        ladder,
        keys.issuing.public_key(),
        root,
        keys.root,
        new_serial(entropy),
        root_crl_url(plan.host),
        now,
    )
    names = tuple(dict.fromkeys((*SERVER_NAMES, *plan.server_names)))
    registry = registry_certificate(plan.industry, plan.host, keys, issuing, entropy, now)
    server = server_certificate(plan.industry, plan.host, names, keys, root, entropy, now)
    identity = Identity(
        ladder=ladder,
        host=plan.host,
        root=_der(root),
        issuing=_der(issuing),
        registry=_der(registry),
        server=_der(server),
        statement_s=plan.statement_s or STATEMENT_S.get(plan.industry, STATEMENT_S_DEFAULT),
        server_names=names,
        contact=plan.contact,
    )
    with store.transaction():
        made = {"root": root, "issuing": issuing, "registry": registry, "server": server}
        for kind, certificate in made.items():
            store.append(line_of(kind, plan.industry, certificate, now))
        store.put(identity)
    return identity


def _ladder(plan: Plan, entropy: Entropy) -> Ladder:
    if plan.arc:
        return Ladder(plan.industry, plan.arc, plan.rungs)
    own = ladder_of_uuid(plan.industry, _uuid4(entropy(16)))
    return Ladder(own.industry, own.base, plan.rungs)


def _uuid4(octets: bytes) -> int:
    """A random UUID (RFC 9562, 5.4) as a number."""
    value = int.from_bytes(octets, "big")
    return value & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62


def check_plan(plan: Plan) -> None:
    """Refuse a plan that makes no industry; raises RequestError with the key of what is wrong."""
    require(INDUSTRY_NAME.fullmatch(plan.industry) is not None, "industry.name-not-plain")
    require(len(plan.host) <= 100, "industry.host-not-plain")  # noqa: PLR2004 - leaves room in a URI of 200 characters
    require(HOST_NAME.fullmatch(plan.host) is not None, "industry.host-not-plain")
    require(1 <= plan.rungs <= RUNGS_MAX, "industry.rungs-outside", rungs_max=RUNGS_MAX)
    if plan.arc:
        require(_is_oid(plan.arc), "industry.arc-not-an-oid")
    if plan.statement_s:
        require(
            STATEMENT_S_MIN <= plan.statement_s <= STATEMENT_VALIDITY_S_MAX,
            "industry.statement-lifetime-outside",
        )
    require(len(plan.server_names) <= NAMES_MAX, "industry.too-many-names", names_max=NAMES_MAX)
    require(all(_is_name(name) for name in plan.server_names), "industry.host-not-plain")
    require(len(plan.contact) <= 200 and plan.contact.isprintable(), "industry.contact-not-plain")  # noqa: PLR2004 - limits.TEXT_CHARACTERS_MAX


def _is_oid(arc: str) -> bool:
    try:
        x509.ObjectIdentifier(arc)
    except ValueError:
        return False
    return True


def _is_name(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return HOST_NAME.fullmatch(name) is not None or name.isalnum()
    return True


def registry_certificate(
    industry: str,
    host: str,
    keys: AuthorityKeys,
    issuing: x509.Certificate,
    entropy: Entropy,
    now: float,
) -> x509.Certificate:
    """A certificate for the registry's signing key, by the issuing CA."""
    return issue_end_entity(
        industry,
        "registry",
        f"https://{host}/registry",
        None,
        keys.registry.public_key(),
        issuing,
        keys.issuing,
        new_serial(entropy),
        issuing_crl_url(host),
        now,
    )


def server_certificate(
    industry: str,
    host: str,
    names: tuple[str, ...],
    keys: AuthorityKeys,
    root: x509.Certificate,
    entropy: Entropy,
    now: float,
) -> x509.Certificate:
    """A certificate for the authority's web server, by its own root."""
    return issue_server(
        industry,
        names,
        keys.server.public_key(),
        root,
        keys.root,
        serial=new_serial(entropy),
        crl_url=root_crl_url(host),
        now=now,
    )


def line_of(kind: str, subject: str, certificate: x509.Certificate, now: float) -> Issued:
    """A line for the append-only record of issuance."""
    return Issued(
        kind=kind,
        serial=f"{certificate.serial_number:x}",
        subject=subject,
        der=_der(certificate),
        at=now,
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)

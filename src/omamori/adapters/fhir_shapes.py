"""The parts of FHIR resources (R4, R5) that are read; all else in them is passed over."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.documents.reason import RefusedError

ENTRIES_MAX = 256
CODINGS_MAX = 32
COMPONENTS_MAX = 64


class FhirError(RefusedError):
    """Bytes that are no FHIR of the kind that is read here."""


class Coding(msgspec.Struct, frozen=True):
    """A code of a system."""

    system: str = ""
    code: str = ""


class Concept(msgspec.Struct, frozen=True):
    """CodeableConcept."""

    coding: Annotated[tuple[Coding, ...], Meta(max_length=CODINGS_MAX)] = ()


class Quantity(msgspec.Struct, frozen=True):
    """A value with its unit."""

    value: float | None = None
    comparator: str = ""
    system: str = ""
    code: str = ""
    unit: str = ""


class Component(msgspec.Struct, frozen=True, rename="camel"):
    """One part of a panel."""

    code: Concept = Concept()
    value_quantity: Quantity | None = None
    modifier_extension: tuple[object, ...] = ()


class Period(msgspec.Struct, frozen=True):
    """From when to when."""

    start: str = ""


class Observation(
    msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", tag="Observation"
):
    """The part of an Observation that is read."""

    status: str = ""
    code: Concept = Concept()
    effective_date_time: str = ""
    effective_instant: str = ""
    effective_period: Period = Period()
    value_quantity: Quantity | None = None
    component: Annotated[tuple[Component, ...], Meta(max_length=COMPONENTS_MAX)] = ()
    modifier_extension: tuple[object, ...] = ()
    implicit_rules: str = ""


class Signature(msgspec.Struct, frozen=True, rename="camel"):
    """A signature as FHIR carries it."""

    sig_format: str = ""
    data: str = ""


class Provenance(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a Provenance that is read."""

    signature: Annotated[tuple[Signature, ...], Meta(max_length=CODINGS_MAX)] = ()


class Kind(msgspec.Struct, frozen=True, rename="camel"):
    """Any resource, to see what it is."""

    resource_type: str


class Entry(msgspec.Struct, frozen=True):
    """One of a bundle."""

    resource: msgspec.Raw = msgspec.Raw(b"null")


class Bundle(msgspec.Struct, frozen=True):
    """Several resources."""

    entry: Annotated[tuple[Entry, ...], Meta(max_length=ENTRIES_MAX)] = ()

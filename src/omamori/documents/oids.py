"""Object identifiers of our own, under a UUID-derived arc (ITU-T X.667) so that none is squatted."""

ARC = "2.25.271499947855532359230884491432973933017"
REGISTRY_KEY = f"{ARC}.1.1"
"""Extended key usage of the key that signs statements, status lists and bundles."""

STATEMENT_PROFILE = "tag:omamori.example,2026:statement#1"
"""Our own EAT profile URI: EAR renamed its claims in March 2026, so we name ours."""

VOUCH_PROFILE = "tag:omamori.example,2026:vouch#1"

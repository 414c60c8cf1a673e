"""Every limit on what crosses a border: a name, a unit and an origin."""

CERTIFICATE_BYTES_MAX = 4096
"""A device certificate is about 500 B; a cross-certificate with 32 mappings about 2 KB."""

CHAIN_CERTIFICATES_MAX = 8
CREDENTIALS_BYTES_MAX = 16 * 1024
MAPPINGS_MAX = 32
MEMBER_LISTS_MAX = 16
"""Revocation and status lists of one industry: each status list may inflate to its full size."""

PATHS_MAX = 4
"""Explicit, published paths only: discovery in a mesh of six authorities does not end."""

DEVICE_VALIDITY_S_MAX = 731 * 86400
STATEMENT_BYTES_MAX = 4096
STATEMENT_VALIDITY_S_MAX = 7 * 86400
STATEMENT_REASONS_MAX = 8
CLOCK_SKEW_S_MAX = 120.0
"""How far two honest clocks may differ; RFC 7519 speaks of `a few minutes`."""

TEXT_CHARACTERS_MAX = 200
STATUS_LIST_BYTES_MAX = 4 * 1024 * 1024
"""Sixteen million devices at two bits; a million is 250 KB (about 29 KB compressed)."""

STATUS_TOKEN_BYTES_MAX = 4 * 1024 * 1024
BUNDLE_BYTES_MAX = 16 * 1024 * 1024
"""A thousand industries with their paths and lists are about 5 MB."""

CSR_BYTES_MAX = 4096
CRL_BYTES_MAX = 4 * 1024 * 1024

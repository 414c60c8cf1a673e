"""The built-in sentences that a rule's ``why`` may name."""

from __future__ import annotations

BUILT_IN = frozenset(
    f"ruling.{name}"
    for name in (
        "at-hand", "family", "own-safety", "own-plan", "own-looks",
        "level-suffices", "level-in-part", "level-for-operating",
        "stranger-looks", "stranger-adjusts", "warning", "update", "update-in-use",
        "firmware-purpose", "life-ask", "medical", "driving", "heat-unseen",
        "door-ask", "door-at-night", "meter", "way-out",
        "in-use", "sleeping", "cold-food", "saving-never", "not-its-place", "emergency-level",
        "suspect", "suspect-looks", "unknown-moves", "other-business", "eyes", "body-reading", "health-elsewhere", "guest", "guest-not",
    )
)  # fmt: skip

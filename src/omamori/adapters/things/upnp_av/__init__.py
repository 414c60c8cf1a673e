"""UPnP AV: what a television or speaker is doing now, as evidence that somebody uses it."""

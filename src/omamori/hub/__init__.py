"""What a home knows and decides: identities, links, verdicts and what to tell."""

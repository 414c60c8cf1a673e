"""Sentences: one table per room, reason key → plain words, English (SENTENCES) and Japanese (JA)."""

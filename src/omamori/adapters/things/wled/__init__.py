"""WLED: a lamp, and the smallest driver; copy this folder to begin your own."""

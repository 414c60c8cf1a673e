"""Web of Things: Thing Descriptions (W3C TD 1.1) read and written; nothing they point at is fetched."""

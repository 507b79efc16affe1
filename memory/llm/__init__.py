"""The language-model gateway: no ORM, no tenant, nothing of the project above it."""

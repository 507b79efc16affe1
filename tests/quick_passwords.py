"""Argon2 at the lowest cost, so that making a login takes a test no time."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """The product's own hasher; only its cost differs."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1

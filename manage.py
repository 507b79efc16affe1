#!/usr/bin/env python
"""Run a management command."""

import os
import sys

# Commands that touch neither PostgreSQL nor Redis: they do not start the embedded ones.
WITHOUT_SERVICES = {"check", "collectstatic", "help", "makemigrations", "version"}


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import embedded

    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SERVICES:
        embedded.ensure_if_used()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Django's command line, as django-admin startproject makes it."""
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""For servers with threads: gunicorn, manage.py runserver.

WSGI has no websockets, so a thread serves them, on a port of their own.
"""
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
application = get_wsgi_application()

from delivery import sockets  # noqa: E402

sockets.start()

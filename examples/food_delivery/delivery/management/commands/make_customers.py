# SPDX-License-Identifier: MIT
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction


class Command(BaseCommand):
    help = "Makes customers that are logged in; prints name and session of each."

    def add_arguments(self, parser):
        parser.add_argument("count", type=int)

    @transaction.atomic
    def handle(self, *args, count, **options):
        names = ["customer%d" % i for i in range(count)]
        # Without a password: they have a session, and need none.
        User.objects.bulk_create(
            [User(username=name, password=make_password(None))
             for name in names], ignore_conflicts=True)
        engine = import_module(settings.SESSION_ENGINE)
        users = User.objects.in_bulk(names, field_name="username")
        for name in names:
            user = users[name]
            session = engine.SessionStore()
            session[auth.SESSION_KEY] = str(user.pk)
            session[auth.BACKEND_SESSION_KEY] = \
                settings.AUTHENTICATION_BACKENDS[0]
            session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            self.stdout.write("%s %s" % (name, session.session_key))

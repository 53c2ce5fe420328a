# SPDX-License-Identifier: MIT
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes customers that are logged in; prints name and session of each."

    def add_arguments(self, parser):
        parser.add_argument("count", type=int)

    def handle(self, *args, count, **options):
        engine = import_module(settings.SESSION_ENGINE)
        for i in range(count):
            user, made = User.objects.get_or_create(username="customer%d" % i)
            if made:
                user.set_unusable_password()
                user.save()
            session = engine.SessionStore()
            session[auth.SESSION_KEY] = str(user.pk)
            session[auth.BACKEND_SESSION_KEY] = \
                settings.AUTHENTICATION_BACKENDS[0]
            session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            self.stdout.write("%s %s" % (user.username, session.session_key))

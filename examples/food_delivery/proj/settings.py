# SPDX-License-Identifier: MIT
"""Settings.  What one may want to change is read from the environment:

FOOD_DATABASE   sqlite:///PATH, or postgresql://USER:PASSWORD@HOST:PORT/NAME;
                postgresql+psycopg2:// for psycopg2 instead of psycopg (3)
FOOD_HTTP       what the views call the kitchen with: requests or httpx
FOOD_KITCHEN    URL of the kitchen: by default, this very process
FOOD_WS_PORT    the port of the websockets under WSGI (8001)
FOOD_ASYNC      1: async views, made by mixio.as_async
FOOD_OVEN       so many dishes are baked at once (1)
FOOD_SECRET     Django's SECRET_KEY
FOOD_DEBUG      1: Django's DEBUG
"""
import os
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def database(url: str) -> dict:
    """An entry of DATABASES out of a URL as SQLAlchemy has it, too."""
    parts = urlsplit(url)
    scheme, _, driver = parts.scheme.partition("+")
    if scheme == "sqlite" and not driver:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]),
            "OPTIONS": {
                # Writers take turns: they wait, instead of failing half-way.
                "transaction_mode": "IMMEDIATE", "timeout": 60,
                "init_command": "PRAGMA journal_mode=WAL;"
                                "PRAGMA synchronous=NORMAL;",
            },
        }
    if scheme != "postgresql" or driver not in ("", "psycopg", "psycopg2"):
        raise ImproperlyConfigured(
            "FOOD_DATABASE begins with sqlite:///, postgresql:// or "
            "postgresql+psycopg2://, not with %r" % parts.scheme)
    if driver == "psycopg2":
        # Django takes psycopg (3) where it can be imported.
        sys.modules["psycopg"] = None
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or query.get("host", ""),
        "PORT": str(parts.port or query.get("port", "")),
    }


DATABASE_URL = os.environ.get("FOOD_DATABASE",
                              "sqlite:///%s" % (BASE_DIR / "food.sqlite3"))
DATABASES = {"default": database(DATABASE_URL)}

HTTP_CLIENT = os.environ.get("FOOD_HTTP", "requests")
if HTTP_CLIENT not in ("requests", "httpx"):
    raise ImproperlyConfigured("FOOD_HTTP is requests or httpx")
KITCHEN_SERVICE = os.environ.get("FOOD_KITCHEN",
                                 "http://localhost:8000/kitchen/")
WEBSOCKET_PORT = int(os.environ.get("FOOD_WS_PORT", "8001"))
ASYNC_VIEWS = os.environ.get("FOOD_ASYNC", "") == "1"
OVEN = int(os.environ.get("FOOD_OVEN", "1"))
# How long anything here waits for anybody, in seconds.
PATIENCE = 120

# Sessions outlive the process only while this stays the same.
SECRET_KEY = os.environ.get("FOOD_SECRET", "django-insecure-food-delivery")
DEBUG = os.environ.get("FOOD_DEBUG", "") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "proj.urls"
WSGI_APPLICATION = "proj.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "delivery",
]
STATIC_URL = "static/"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

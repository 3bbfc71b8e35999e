"""Django's settings. What differs between two places comes from the environment:

DATABASE_URL, BROKER_URL, REDIS_URL   where the services are
DESIGN                                which file of designs/ hands the work to Celery
SECRET_KEY, ALLOWED_HOSTS, DEBUG      the usual; DEBUG is off unless it is 1
HTTPS                                 1 where a proxy in front of web speaks HTTPS
WORKER_CONCURRENCY                    how many children a worker has
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def required(name: str) -> str:
    """Give the value of an environment variable that has no sane default."""
    if value := os.environ.get(name):
        return value
    raise ImproperlyConfigured(
        f"Set {name} in the environment; compose.yaml shows how."
    )


DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = required("SECRET_KEY")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
DESIGN = os.environ.get("DESIGN", "tutorial")

INSTALLED_APPS = [
    "jobs",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = required("DATABASE_URL")
_database: dict[str, Any] = {
    **dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)
}
# A dead or slow database must end as an error, not as a process that waits for ever.
# libpq and Postgres have no limit to any of these by default. Who waits for a lock
# keeps a thread of web; who comes when all are kept waits for a thread and then for the
# lock, and both waits must fit into the ten seconds that a client has. So must, where
# packets vanish, the end of an old connection and the try to make a new one.
_database.setdefault("OPTIONS", {}).update(
    connect_timeout=3,
    tcp_user_timeout=3_000,  # ms
    keepalives_idle=10,
    keepalives_interval=5,
    keepalives_count=2,
    options="-c statement_timeout=15s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=30s",
)
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

REST_FRAMEWORK = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 10,
    # The login of api-auth/ and admin/. Not also a password in each request's header:
    # to check one costs a tenth of a second of CPU, which anybody could ask for.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "config.edge.JsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "config.edge.explain",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Jobs",
    "DESCRIPTION": "Create jobs, list them, look at them. Only workers change them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # The page's scripts and styles come from here, not from another site.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # What a client sends has no fields that only we write.
    "COMPONENT_SPLIT_REQUEST": True,
}

# Security. Django's defaults are kept: no sniffing of types, no frames, no referrer to
# others. `manage.py check --deploy` is content where HTTPS is 1 and SECRET_KEY is long;
# without HTTPS the warnings that it gives are the four that only HTTPS can answer.
if os.environ.get("HTTPS") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = ["^health/"]  # asked from inside, past the proxy
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000  # bytes; a job is a hundred
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # These have handlers of their own, which would say everything twice or oddly.
        "django": {"handlers": [], "propagate": True},
        "gunicorn.error": {"handlers": [], "propagate": True},
        "multiprocessing": {"handlers": [], "propagate": True},
        # A task's end is logged with its job; that it was received says little.
        "celery.worker.strategy": {"level": "WARNING"},
    },
}

# Celery: what all designs share. How a message is sent, acknowledged and retried is the
# design's, in its file. Names are Celery's, in capitals, with CELERY_ before them.
CELERY_BROKER_URL = required("BROKER_URL")
# A broker that went silent is noticed after two missed heartbeats, so after some 20 s;
# Celery's default is 120 s. RabbitMQ's guide warns of false alarms below 5 s.
CELERY_BROKER_HEARTBEAT = 10
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # else a worker gives up after 46 minutes
CELERY_RESULT_BACKEND = required("REDIS_URL")
CELERY_RESULT_EXPIRES = 600
# The job's row holds the result. A task whose result is wanted too says so itself.
CELERY_TASK_IGNORE_RESULT = True
# JSON only: whoever can publish a pickle can run code in the worker.
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_CONCURRENCY = int(os.environ.get("WORKER_CONCURRENCY", "2"))
# Each child takes one message at a time, so a long job holds back no short one.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
# A child that is not up after this many seconds is killed and forked again, for ever;
# the default of 4 s is short for a busy machine.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False

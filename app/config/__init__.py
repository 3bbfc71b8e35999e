"""The project: settings, URLs, WSGI, and the Celery app, loaded whenever Django is."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

"""Break a Django/Celery system on purpose, and account for every job."""

__version__ = "0.1.0"

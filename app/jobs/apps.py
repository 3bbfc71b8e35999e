"""The jobs app: loads the design and gives its settings to Celery and to Postgres."""

from django.apps import AppConfig
from django.conf import settings


class JobsConfig(AppConfig):
    """All of this project's own tables, views and tasks."""

    name = "jobs"

    def ready(self) -> None:
        """Lay the design's own settings over the shared ones.

        Here and not in settings.py, because a design imports the models. A worker reads
        its settings after this: Celery calls django.setup() before it starts. And no
        connection to the database is open yet.
        """
        import designs
        from config.celery import app

        design = designs.current()
        app.conf.update(design.CELERY)
        options = settings.DATABASES["default"]["OPTIONS"]
        for name, value in getattr(design, "POSTGRES", {}).items():
            options["options"] += f" -c {name}={value}"

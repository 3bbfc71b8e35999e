"""The jobs app: loads the design and gives its settings to Celery."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """All of this project's own tables, views and tasks."""

    name = "jobs"

    def ready(self) -> None:
        """Lay the design's Celery settings over the shared ones.

        Here and not in settings.py, because a design imports the models. A worker reads
        its settings after this: Celery calls django.setup() before it starts.
        """
        import designs
        from config.celery import app

        app.conf.update(designs.current().CELERY)

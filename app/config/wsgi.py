"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django = get_wsgi_application()

from config.edge import refuse_odd_requests  # noqa: E402 - settings must be loaded

application = refuse_odd_requests(django)

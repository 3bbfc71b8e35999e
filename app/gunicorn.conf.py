"""gunicorn's settings; `gunicorn config.wsgi` reads this file by its name."""

import os

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_PROCESSES", "1"))
threads = int(os.environ.get("WEB_THREADS", "16"))
# Clients keep connections; the default of 2 s closes them just as they are used again.
keepalive = 75
# Its workers touch a file all the time: in memory, so that a slow disk kills none.
worker_tmp_dir = "/dev/shm"
# Nobody here talks to a running gunicorn but by signals.
control_socket_disable = True

#!/bin/sh
# As the official image: rabbitmq-server runs as user rabbitmq; its tools, run as root
# by a health check, find the same cookie because HOME is the same.
set -eu

if [ "$1" = "rabbitmq-server" ] && [ "$(id -u)" = "0" ]; then
    chown rabbitmq:rabbitmq /var/lib/rabbitmq
    exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$@"
fi
exec "$@"

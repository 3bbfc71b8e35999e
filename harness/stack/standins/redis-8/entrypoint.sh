#!/bin/sh
# As the official image: options alone mean redis-server; run as user redis; listen to
# other containers without a password.
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" != "redis-server" ]; then exec "$@"; fi

set -- "$@" --protected-mode no
if [ "$(id -u)" = "0" ]; then
    chown redis:redis .
    exec setpriv --reuid=redis --regid=redis --init-groups "$@"
fi
exec "$@"

#!/bin/bash
# What the official image's entrypoint does with POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_ARGS and PGDATA.
set -eu

if [ "${1:0:1}" = "-" ]; then set -- postgres "$@"; fi
if [ "$1" != "postgres" ]; then exec "$@"; fi

if [ "$(id -u)" = "0" ]; then
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    install -d -o postgres -g postgres -m 2775 /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups \
        /bin/bash "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user="${POSTGRES_USER:-postgres}"
    database="${POSTGRES_DB:-$user}"
    host_auth="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$host_auth" != "trust" ]; then
        echo "Set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust." >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # POSTGRES_INITDB_ARGS is a list of words
    initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-none}") \
        --auth-local=trust --auth-host=trust --locale=C.UTF-8 --encoding=UTF8 \
        --no-sync ${POSTGRES_INITDB_ARGS:-}
    printf '\nhost all all all %s\n' "$host_auth" >> "$PGDATA/pg_hba.conf"
    if [ "$database" != "postgres" ]; then
        # Single-user mode: no first server that a health check could mistake
        # for the real one.
        echo "CREATE DATABASE \"$database\"" | postgres --single -j postgres
    fi
fi

exec "$@" -c listen_addresses='*'

#!/bin/sh
# First start: make the cluster, with the password of the environment. Every start: run the server as the user postgres.
set -e
if [ "$1" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown postgres:postgres "$PGDATA" && chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "$POSTGRES_PASSWORD" ]; then
    echo "Set POSTGRES_PASSWORD, for example: wharf run -e POSTGRES_PASSWORD=secret postgres" >&2
    exit 1
  fi
  secret=$(mktemp)
  printf '%s' "$POSTGRES_PASSWORD" > "$secret"
  initdb --username="${POSTGRES_USER:-postgres}" --pwfile="$secret" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 >&2
  rm -f "$secret"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
unset POSTGRES_PASSWORD
shift
exec postgres -c listen_addresses='*' -c unix_socket_directories=/run/postgresql "$@"

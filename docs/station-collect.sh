#!/bin/sh
# esimd's hook.command: puts the event on stdin into PostgreSQL. Exit status 0 says that it is committed; anything else, and esimd keeps it and
# comes again. Where the database is stands in the service "esimd" of this file (libpq, "The Connection Service File"), with the password, mode 0600:
export PGSERVICEFILE="${PGSERVICEFILE:-/etc/esimd/pg_service.conf}"
export PGSERVICE="${PGSERVICE:-esimd}"
export PGCONNECT_TIMEOUT=10
# By the environment, which other users cannot see as they can an argument; and as a value of SQL, never as a part of it.
EVENT=$(cat) && export EVENT
exec psql -X -q -t -v ON_ERROR_STOP=1 <<'SQL'
\getenv event EVENT
select take_event(:'event'::jsonb);
SQL

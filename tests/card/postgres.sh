# shellcheck shell=bash
# A PostgreSQL server of our own for tests, with a data directory of its own.
#   . tests/card/postgres.sh
#   postgres_find || skip ...   # sets POSTGRES_BIN
#   postgres_start [PORT]       # sets POSTGRES_DIR and POSTGRES_URL; a socket, or loopback's PORT
#   postgres_kill               # kill -9, as a power cut
#   postgres_again              # starts it again after that
#   postgres_stop               # and removes it

postgres_find() {
	POSTGRES_BIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	[ -x "$POSTGRES_BIN/initdb" ]
}

# The server refuses to run as root.
postgres_as() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

postgres_start() {
	local port=${1:-}
	POSTGRES_DIR=$(mktemp -d /tmp/sojourn-pg-XXXXXX) && chmod 755 "$POSTGRES_DIR" || return 1
	[ "$(id -u)" != 0 ] || chown postgres "$POSTGRES_DIR" || return 1
	(cd "$POSTGRES_DIR" && postgres_as "$POSTGRES_BIN/initdb" -D data -U sojourn -A trust -E UTF8 --no-locale -N) \
		>"$POSTGRES_DIR/initdb" 2>&1 || { cat "$POSTGRES_DIR/initdb" >&2; return 1; }
	{
		echo "unix_socket_directories = '$POSTGRES_DIR'"
		echo "listen_addresses = '${port:+127.0.0.1}'"
		echo "port = ${port:-5432}"
		echo "max_connections = 40"
		echo "fsync = ${POSTGRES_FSYNC:-off}" # a killed process loses nothing; a measurement wants on
	} >>"$POSTGRES_DIR/data/postgresql.conf"
	POSTGRES_URL="host=${port:+127.0.0.1} port=${port:-5432} user=sojourn dbname=postgres"
	[ -n "$port" ] || POSTGRES_URL="host=$POSTGRES_DIR user=sojourn dbname=postgres"
	export POSTGRES_DIR POSTGRES_URL
	postgres_again
}

# Nothing of ours stays open in the server: a runner waits for descriptors to close.
postgres_again() {
	(cd "$POSTGRES_DIR" && postgres_as "$POSTGRES_BIN/pg_ctl" -D data -l log -w -t 30 start) \
		>"$POSTGRES_DIR/start" 2>&1 3>&- 4>&- || { cat "$POSTGRES_DIR/start" >&2; return 1; }
}

# The postmaster first: it must not mend what its children leave.
postgres_kill() {
	local pid children
	pid=$(head -n 1 "$POSTGRES_DIR/data/postmaster.pid") || return 1
	children=$(pgrep -P "$pid")
	# shellcheck disable=SC2086 # several
	kill -9 "$pid" $children
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}

postgres_stop() {
	[ -n "${POSTGRES_DIR:-}" ] || return 0
	[ ! -e "$POSTGRES_DIR/data/postmaster.pid" ] ||
		(cd "$POSTGRES_DIR" && postgres_as "$POSTGRES_BIN/pg_ctl" -D data -m immediate -w stop) >/dev/null 2>&1
	rm -rf "$POSTGRES_DIR"
}

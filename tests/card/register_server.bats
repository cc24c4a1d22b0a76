#!/usr/bin/env bats
# The register on a PostgreSQL server that this file starts: the cases of test_register*.c, the
# verbs, a server that dies.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null SHARE=$BUILD_DIR/share/sojourn
	. tests/card/postgres.sh
	export HELPER=$PWD/tests/card/postgres.sh
	postgres_find || skip "PostgreSQL is not installed (apt-get install postgresql)"
	postgres_start
	export POSTGRES_BIN
}

teardown_file() {
	. tests/card/postgres.sh
	postgres_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	. "$HELPER"
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# place NAME: an authority with a database of its own.
place() {
	"$POSTGRES_BIN/createdb" -h "$POSTGRES_DIR" -U sojourn "$1"
	sojourn authority init ut
	sojourn register init ut --database "host=$POSTGRES_DIR user=sojourn dbname=$1"
}

register() { local verb=$1; shift; sojourn register "$verb" ut "$@"; }

issue() {
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$1\"/" "$SHARE/holder.json" >holder.json
	sojourn card new "$1.card"
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l "$1.letter" --exec -- sojourn card run "$1.card" --link stdio
}

@test "the same cases as over SQLite" {
	SOJOURN_TEST_REGISTER=$POSTGRES_URL "$BUILD_DIR/tests/card/test_register"
	SOJOURN_TEST_REGISTER=$POSTGRES_URL "$BUILD_DIR/tests/card/test_register_history"
}

@test "issued, revoked, listed, erased; nothing personal is in the server's files" {
	place verbs
	issue SJ4711
	register revoke -d SJ4711 --reason stolen
	sojourn authority status build ut 2>&1 | grep -q '58 revoked'
	register verify
	"$POSTGRES_BIN/psql" -h "$POSTGRES_DIR" -U sojourn verbs -qc checkpoint
	grep -raq 'card issued' "$POSTGRES_DIR/data"
	! grep -raq -e SJ4711 -e Lovisa "$POSTGRES_DIR/data"
	register erase -d SJ4711
	register list --json | grep -qE '"number": ?null'
	[ ! -e ut/register.db ]
}

@test "a register with documents stays where it is" {
	place stays
	issue SJ1
	run -13 sojourn register init ut --database "host=$POSTGRES_DIR user=sojourn dbname=verbs"
	[[ $output == *"has 1 documents"* ]]
}

@test "a killed server: who waits goes on when it is there again, who does not is told its name" {
	place killed
	issue SJ1
	postgres_kill
	printf '[sojourn]\ntimeout = 1\n' >one.conf
	SOJOURN_CONFIG=one.conf run -13 register revoke -d SJ1
	[[ $output == *"postgresql at $POSTGRES_DIR"*SJ-1308* ]]
	register revoke -d SJ1 2>waited &
	sleep 0.5
	postgres_again
	wait $!
	grep -q 'SJ1: revoked' waited
	register verify
}

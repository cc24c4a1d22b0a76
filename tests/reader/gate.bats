#!/usr/bin/env bats
# `sojourn gate`: from enrolment to taps of real cards through pcscd, and what may happen meanwhile.

load ../reader/pcscd.sh

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null SHARE=$BUILD_DIR/share/sojourn
	export ROOT=$PWD BASE=$BATS_FILE_TMPDIR
	cd "$BASE" || exit 1
	sojourn authority init ut
	sojourn gate enrol --state state --request gate.req
	sojourn authority gate sign ut --request gate.req --service 'metro gate' --operator 00004711 --out gate.cwt
	sojourn gate enrol --state state --install gate.cwt
	issue A000001
	issue A000002
	sojourn authority status build ut
	sojourn trust import --trust trust --gate-ca ut/gate-ca-1.cwt --gate-token ut/status-signer-1.cwt \
		--status ut/status.list
}

# issue NUMBER: a card of that document number.
issue() {
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$1\"/" "$SHARE/holder.json" >holder.json
	rm -f letter
	sojourn card new "$1.card"
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter \
		--exec -- sojourn card run "$1.card" --link stdio
}

# Each test has a gate of its own, with the keys of all.
setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	cp -r "$BASE/state" "$BASE/trust" .
	GATE_PID= CARD_PID= PCSCD_DIR=
}

teardown() {
	[ -z "$CARD_PID" ] || kill "$CARD_PID" 2>/dev/null || true
	[ -z "$GATE_PID" ] || kill "$GATE_PID" 2>/dev/null || true
	[ -z "$PCSCD_DIR" ] || pcscd_stop
}

# gate [OPTION...]: starts it, and waits until it serves.
gate() {
	: >lines # what a run before this one wrote must not pass for its own
	sojourn gate run --state state --trust trust --open-file opened --fire-file fire "$@" \
		>lines 2>talk 3>&- &
	GATE_PID=$!
	wait_for '"event":"trust"' lines
}

gate_stop() {
	kill "$GATE_PID"
	wait "$GATE_PID"
	GATE_PID=
}

# wait_for TEXT FILE [TIMES]
wait_for() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(grep -cF -- "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ] && return 0
		sleep 0.05
	done
	echo "waited for $1 in $2:"
	cat "$2" talk
	return 1
}

card_in() { # FILE [OPTION...]
	sojourn card run "$@" --port "$PCSCD_PORT" >/dev/null 2>&1 3>&- &
	CARD_PID=$!
}

card_out() {
	kill "$CARD_PID"
	wait "$CARD_PID" || true
	CARD_PID=
	sleep 0.9 # pcscd looks every 400 ms
}

# tap FILE TIMES: lays a card down until that many taps were decided, and takes it away.
tap() {
	card_in "$1"
	wait_for '"event":"tap"' lines "$2"
	card_out
}

# of LINE KEY: a value of a line.
of() {
	/usr/bin/python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$1" "$2"
}

taps() {
	grep '"event":"tap"' lines
}

@test "a first tap opens, a repeated one by ticket, and the journal holds" {
	sojourn gate ticket-key new --state state
	pcscd_start
	gate
	cp "$BASE/A000001.card" .
	tap A000001.card 1
	tap A000001.card 2
	gate_stop
	cat lines talk
	[ "$(of "$(taps | sed -n 1p)" decision)" = open ]
	[ "$(of "$(taps | sed -n 1p)" resumed)" = False ]
	[ "$(of "$(taps | sed -n 2p)" decision)" = open ]
	[ "$(of "$(taps | sed -n 2p)" resumed)" = True ]
	[ "$(of "$(taps | sed -n 1p)" pseudonym)" = "$(of "$(taps | sed -n 2p)" pseudonym)" ]
	[ "$(of "$(taps | sed -n 1p)" pseudonym)" != None ]
	[ "$(cut -d' ' -f2 opened | uniq -c | tr -s ' \n' ' ')" = ' 1 open 1 signal 1 open 1 signal ' ]
	sojourn gate journal verify --state state
	sojourn gate stats --state state --json >stats
	/usr/bin/python3 -c 'import json; s = json.load(open("stats")); assert s["taps"] == s["decisions"]["open"] == 2 and s["resumed"] == 1 and s["milliseconds"]["decision"]["p50"] > 0'
}

# lies STATE: waits until the first reader is what `reader list` calls so.
lies() {
	local i
	for ((i = 0; i < 200; i++)); do
		sojourn reader list --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["readers"][0]["state"])' >seen
		[ "$(cat seen)" = "$1" ] && return 0
		sleep 0.05
	done
	return 1
}

@test "a card that comes back before the gate has looked has been away" {
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	card_in A000001.card
	wait_for '"event":"tap"' lines
	kill -STOP "$GATE_PID"
	card_out
	lies empty
	card_in A000001.card
	lies card
	kill -CONT "$GATE_PID"
	wait_for '"event":"tap"' lines 2
}

@test "a slow card: opened at the decision, the holder is told after 150 ms" {
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	card_in A000001.card --rf 106 --chip sle78
	wait_for '"event":"tap"' lines
	card_out
	cat lines opened
	/usr/bin/python3 -c '
import json
open_, signal = [float(line.split()[0]) for line in open("opened")]
tap = [json.loads(line) for line in open("lines") if "\"tap\"" in line][0]["microseconds"]
assert tap["complete"] - tap["decision"] > 170000, tap
assert 0.14 < signal - open_ < 0.17 + 0.1, signal - open_
assert tap["select"] + tap["card"] + tap["gate"] == tap["decision"]'
}

@test "two readers, each with a lane of its own" {
	pcscd_start
	cp "$BASE/A000001.card" "$BASE/A000002.card" .
	gate --reader 'Test PCD 00 00' --reader 'Test PCD 00 01'
	card_in A000001.card
	wait_for '"reader":"Test PCD 00 00","decision":"open"' lines
	local first=$CARD_PID
	sojourn card run A000002.card --port $((PCSCD_PORT + 1)) >/dev/null 2>&1 3>&- &
	CARD_PID=$!
	wait_for '"reader":"Test PCD 00 01","decision":"open"' lines
	kill "$first"
	[ "$(of "$(taps | sed -n 1p)" pseudonym)" != "$(of "$(taps | sed -n 2p)" pseudonym)" ]
}

@test "tickets survive a restart of the gate" {
	sojourn gate ticket-key new --state state
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	tap A000001.card 1
	gate_stop
	gate
	tap A000001.card 1
	[ "$(of "$(taps)" resumed)" = True ]
	[ "$(of "$(taps)" decision)" = open ]
}

@test "a revoked card is refused as soon as the list is there, without a restart" {
	pcscd_start
	cp -r "$BASE/ut" "$BASE/A000001.card" "$BASE/A000002.card" .
	gate
	tap A000002.card 1
	sojourn authority status revoke ut --document A000002
	sojourn authority status build ut
	sojourn trust import --trust trust --status ut/status.list
	wait_for '"event":"trust"' lines 2
	tap A000002.card 2
	tap A000001.card 3
	[ "$(taps | sed 's/.*"decision":"\([a-z]*\)".*/\1/' | tr '\n' ' ')" = 'open refuse open ' ]
	[ "$(grep -c ' open ' opened)" -ge 2 ]
	! grep ' open .* refuse' opened
}

@test "bad trust leaves the old in use" {
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	rm -r trust/gate
	wait_for '"failure"' lines
	grep -q 'What was in use before, if anything, stays in use' talk
	tap A000001.card 1
	[ "$(of "$(taps)" decision)" = open ]
}

@test "a gate whose credential expires gets another one while it runs" {
	cp -r "$BASE/ut" "$BASE/A000001.card" "$BASE/gate.req" .
	sojourn authority gate sign ut --request gate.req --service 'metro gate' --operator 00000815 --out next.cwt
	pcscd_start
	gate
	sojourn gate enrol --state state --install next.cwt
	wait_for 'the new credential is in use' talk
	tap A000001.card 1
	[ "$(of "$(taps)" decision)" = open ]
}

@test "a new credential brings no older list back" {
	cp -r "$BASE/ut" "$BASE/A000002.card" "$BASE/gate.req" .
	cp -r trust/status before
	sojourn authority gate sign ut --request gate.req --service 'metro gate' --operator 00000815 --out next.cwt
	sojourn authority status revoke ut --document A000002
	sojourn authority status build ut
	sojourn trust import --trust trust --status ut/status.list
	cp -r trust/status after
	pcscd_start
	gate
	rm -r trust/status && mv before trust/status
	wait_for '"failure"' lines
	sojourn gate enrol --state state --install next.cwt
	wait_for 'credential waits' talk
	tap A000002.card 1
	[ "$(of "$(taps)" decision)" = refuse ]
	rm -r trust/status && mv after trust/status
	wait_for 'the new credential is in use' talk
}

@test "a credential for another gate's key is not installed" {
	sojourn gate enrol --state other --request other.req
	run -13 sojourn gate enrol --state other --install "$BASE/gate.cwt"
	[[ $output == *"another gate's key"*SJ-1303* ]]
	[ ! -e other/credential.cwt ]
	[ "$(stat -c %a other/gate.key other/journal.key | sort -u)" = 600 ]
}

@test "a policy from a file: nobody but residents, and doubt opens an exit" {
	printf '[gate]\nclasses = resident\n' >strict.conf
	pcscd_start
	cp "$BASE/A000001.card" .
	gate --config strict.conf
	tap A000001.card 1
	gate_stop
	[ "$(of "$(taps)" decision)" != open ]
	[ ! -s opened ] || ! grep -q ' open .* open$' opened
}

@test "the service restarts, the reader goes and comes: the gate goes on" {
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	tap A000001.card 1
	local port=$PCSCD_PORT socket=$PCSCLITE_CSOCK_NAME old=$PCSCD_DIR
	kill "$PCSCD_PID"
	wait "$PCSCD_PID" || true
	wait_for reader-lost lines
	rm -f "$socket"
	restart_pcscd "$old"
	wait_for '"event":"reader"' lines
	tap A000001.card 2
	[ "$(of "$(taps | tail -1)" decision)" = open ]
}

# The same service again, on its socket and ports.
restart_pcscd() {
	/usr/bin/python3 - "$1" >>"$1/log" 2>&1 3>&- <<-'PY' &
		import os, socket, sys
		os.setsid()
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1] + "/pcscd.comm")
		listener.listen(16)
		os.dup2(listener.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.environ["PATH"] += ":/usr/sbin"
		os.execvp("pcscd", ["pcscd", "--foreground", "-c", sys.argv[1] + "/conf"])
	PY
	PCSCD_PID=$!
}

@test "fire opens within half a second, without a reader and with a full disk" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	(
		ulimit -f 40
		exec sojourn gate run --state state --trust trust --open-file opened --fire-file fire
	) >lines 2>talk 3>&- &
	GATE_PID=$!
	wait_for reader-lost lines
	touch fire
	local at=${EPOCHREALTIME/./}
	wait_for ' fire - open' opened
	/usr/bin/python3 -c 'import sys; t = float(open("opened").read().split()[0]) * 1e6; assert t - int(sys.argv[1]) < 500000' "$at"
	wait_for '"event":"fire"' lines
	rm fire
	wait_for ' fire-end ' opened
	gate_stop
}

@test "kill -9 at random moments: the journal opens and verifies, and says that it was cut off" {
	sojourn gate ticket-key new --state state
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	local i
	for i in $(seq 12); do
		sojourn gate run --state state --trust trust --fire-file fire >lines 2>talk 3>&- &
		GATE_PID=$!
		touch fire
		sleep "0.$((RANDOM % 40 + 10))"
		rm fire
		sleep "0.0$((RANDOM % 10))"
		kill -9 "$GATE_PID"
		wait "$GATE_PID" || true
		GATE_PID=
		[ ! -e state/journal.db ] || sojourn gate journal verify --state state >holds
	done
	gate
	gate_stop
	sojourn gate journal verify --state state --json >report
	/usr/bin/python3 -c 'import json; r = json.load(open("report")); assert r["holds"] and r["gaps"] > 5 and r["covered"] == r["last"]'
}

@test "a clock that was set back: the journal's time counts, and nothing expired passes" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	gate
	gate_stop
	/usr/bin/python3 - <<-'PY'
		import sqlite3
		db = sqlite3.connect("state/journal.db")
		db.execute("DELETE FROM head")
		body = bytearray(db.execute("SELECT body FROM record ORDER BY number DESC LIMIT 1").fetchone()[0])
		body[10:18] = (int.from_bytes(body[10:18], "big") + 30 * 86400).to_bytes(8, "big")
		db.execute("UPDATE record SET body = ? WHERE number = (SELECT MAX(number) FROM record)", (bytes(body),))
		db.commit()
	PY
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	grep -q 'SJ-1104' talk
	tap A000001.card 1
	[ "$(of "$(taps)" decision)" != open ] # the gate's own credential is past its week
	[[ "$(taps)" == *SJ-0810* ]]
}

@test "a clock that was set back brings no ticket key back that was too old" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	sojourn gate ticket-key new --state state
	printf '[gate]\nstale_after = 30d\n' >gate.conf
	gate --config gate.conf
	gate_stop
	/usr/bin/python3 - <<-'PY'
		import sqlite3
		db = sqlite3.connect("state/journal.db")
		db.execute("DELETE FROM head")
		body = bytearray(db.execute("SELECT body FROM record ORDER BY number DESC LIMIT 1").fetchone()[0])
		body[10:18] = (int.from_bytes(body[10:18], "big") + 8 * 86400).to_bytes(8, "big")
		db.execute("UPDATE record SET body = ? WHERE number = (SELECT MAX(number) FROM record)", (bytes(body),))
		db.commit()
	PY
	pcscd_start
	cp "$BASE/A000001.card" .
	gate --config gate.conf
	tap A000001.card 1
	tap A000001.card 2
	cat lines talk
	[ "$(of "$(taps | sed -n 2p)" decision)" = open ]
	[ "$(of "$(taps | sed -n 2p)" resumed)" = False ]
}

@test "what cannot be started with is named, with what to do" {
	run -13 sojourn gate run --state nowhere --trust trust
	[[ $output == *"sojourn gate enrol --request"*"nowhere: No such file"*SJ-1301* ]]
	run -1 sojourn gate run --state state --trust trust --open-file /
	[[ $output == *"/: Is a directory"*SJ-0105* ]]
	run -13 sojourn gate run --state state --trust trust --open-exec /tmp
	[[ $output == *"/tmp: Is a directory"*SJ-1301* ]]
	run -13 timeout 60 sojourn gate run --state state --trust trust --config /tmp
	[[ $output == *"/tmp: Is a directory"*SJ-1301* ]]
}

@test "the journal is for its owner alone" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	printf '[gate]\njournal = %s\n' "$PWD/taps.db" >gate.conf
	(umask 022; exec sojourn gate run --state state --trust trust -c gate.conf >lines 2>talk 3>&-) &
	GATE_PID=$!
	wait_for '"event":"trust"' lines
	[ "$(stat -c %a taps.db taps.db-wal taps.db-shm | sort -u)" = 600 ]
}

@test "two gates do not share a state directory" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	gate
	run -9 sojourn gate run --state state --trust trust
	[[ $output == *"a gate runs there already"* ]]
	gate_stop
}

@test "a changed journal is found, erasing leaves it whole, trimming leaves a checkpoint" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	gate
	gate_stop
	sojourn gate journal verify --state state
	sojourn gate journal erase --older-than 0 --state state
	sojourn gate journal trim --older-than 0 --state state
	sojourn gate journal verify --state state
	sojourn gate journal export --state state | grep -q '"event":"stop"'
	/usr/bin/python3 -c '
import sqlite3
db = sqlite3.connect("state/journal.db")
body = bytearray(db.execute("SELECT body FROM record ORDER BY number DESC LIMIT 1").fetchone()[0])
body[12] ^= 1
db.execute("UPDATE record SET body = ? WHERE number = (SELECT MAX(number) FROM record)", (bytes(body),))
db.commit()'
	run -7 sojourn gate journal verify --state state
	[[ $output == *SJ-0720* ]]
}

@test "once it runs every thread has given up what it does not need" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	printf '#!/bin/sh\necho "$1" >>%s/told\n' "$PWD" >opener
	chmod +x opener
	gate --open-exec "$PWD/opener"
	for ((i = 0; i < 600; i++)); do # its threads come after its trust; those that ask for readers go, too
		[ "$(ls "/proc/$GATE_PID/task" | wc -l)" -lt 3 ] || break
		sleep 0.05
	done
	[ "$i" -lt 600 ]
	run bash -c "grep -Ls 'Seccomp:.2' /proc/$GATE_PID/task/*/status; grep -Ls 'NoNewPrivs:.1' /proc/$GATE_PID/task/*/status"
	[ -z "$output" ]
	touch fire # what it may not start its helper starts, unconfined
	wait_for fire told
	gate_stop
}

@test "a trust folder that is turned elsewhere is not followed by a gate that runs" {
	[ "$(/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)')" = True ] || {
		echo "# SKIPPED: this kernel has no Landlock" >&3
		skip "no Landlock"
	}
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	local away=$BASE/away.$BATS_TEST_NUMBER # not below what it has: its state, and where its files are
	mv trust store
	cp -r store "$away"
	ln -s store trust
	gate
	ln -sfn "$away" trust
	touch "$away"
	wait_for '"event":"trust"' lines 2
	cat lines talk
	grep 'event":"trust"' lines | tail -n1 | grep -q '"id":"SJ-1'
	gate_stop
}

@test "around a trust store that is not there, behind a link or not, nothing may be written" {
	[ "$(/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)')" = True ] || {
		echo "# SKIPPED: this kernel has no Landlock" >&3
		skip "no Landlock"
	}
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing ASAN_OPTIONS=detect_leaks=0
	rm -r trust
	ln -s nowhere trust
	strace -D -f -qq -y -e trace=landlock_add_rule -o trace \
		sojourn gate run --state state --trust trust >lines 2>talk 3>&- &
	GATE_PID=$!
	wait_for '"event":"trust"' lines
	wait_for '</dev/null>' trace # comes after all that is its own
	cat trace
	grep -q "WRITE_FILE.*<$(pwd -P)/state>" trace
	run ! grep "WRITE_FILE.*<$(pwd -P)>" trace
	gate_stop
}

@test "a gate whose helper is killed ends, for its manager to start anew" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	gate --open-exec /bin/true
	kill -9 "$(pgrep -P "$GATE_PID")"
	local status=0
	wait "$GATE_PID" || status=$?
	GATE_PID=
	[ "$status" -eq 1 ]
	grep -q 'a process that starts programs has ended.*SJ-0101' talk
}

@test "a service manager hears that it is ready, lives and stops" {
	export PCSCLITE_CSOCK_NAME=$BATS_TEST_TMPDIR/nothing
	/usr/bin/python3 - >heard 3>&- <<-'PY' &
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		while True:
		    text = s.recv(100).decode()
		    print(text, flush=True)
		    if text == "STOPPING=1":
		        break
	PY
	for _ in $(seq 100); do [ -S notify ] && break; sleep 0.05; done
	export NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=400000
	gate
	wait_for READY=1 heard
	wait_for WATCHDOG=1 heard 4
	gate_stop
	wait_for STOPPING=1 heard
}

@test "a running gate opens no network socket" {
	export ASAN_OPTIONS=detect_leaks=0 # the leak check does not work under strace
	pcscd_start
	cp "$BASE/A000001.card" .
	strace -f -qq -e trace=network -o trace sojourn gate run --state state --trust trust >lines 2>talk 3>&- &
	GATE_PID=$!
	tap A000001.card 1
	pkill -TERM -P "$GATE_PID"
	wait "$GATE_PID" || true
	GATE_PID=
	grep -q AF_UNIX trace
	! grep -E 'AF_INET|AF_NETLINK|AF_PACKET' trace
}

@test "doctor looks at the gate" {
	printf '[sojourn]\ngate = state\ntrust = trust\n' >doctor.conf
	sojourn gate ticket-key new --state state
	SOJOURN_CONFIG=$PWD/doctor.conf run sojourn doctor
	echo "$output"
	[[ $output == *"gate credential: of UTO, operator 00004711, "*"days left"* ]]
	[[ $output == *"status list: epoch 1, 0.0 days old"* ]]
	[[ $output == *"ticket keys: 1, "* ]]
	[[ $output != *SJ-1101* ]] # a gate needs no CSCA
	rm -r trust
	SOJOURN_CONFIG=$PWD/doctor.conf run sojourn doctor
	[[ $output == *"gate trust: trust: "*SJ-1101* ]]
}

# valid KIND <JSON
valid() {
	/usr/bin/python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
text, decoder, n = sys.stdin.read().strip(), json.JSONDecoder(), 0
while text:
    value, end = decoder.raw_decode(text)
    text, n = text[end:].strip(), n + 1
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    jsonschema.validate(value, {"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]},
                        jsonschema.Draft202012Validator)
assert n > 0' "$SHARE/gate.schema.json" "$1"
}

@test "everything printed is as its schema says" {
	sojourn gate ticket-key new --state state
	pcscd_start
	cp "$BASE/A000001.card" .
	gate
	tap A000001.card 1
	touch fire
	wait_for '"event":"fire"' lines
	rm fire
	gate_stop
	valid line <lines
	valid tap < <(taps)
	sojourn gate journal export --state state --json | valid line
	sojourn gate journal export --state state --json | grep '"event":"head"' | valid head
	sojourn gate journal verify --state state --json | valid journal
	sojourn gate stats --state state --json | valid stats
	sojourn gate ticket-key list --state state --json | valid ticketKeys
	sojourn gate enrol --state state --install "$BASE/gate.cwt" --json | valid credential
	sojourn gate journal erase --older-than 0 --state state --json | valid erased
	sojourn gate journal trim --older-than 0 --state state --json | valid trimmed
	run -13 --separate-stderr sojourn gate stats --state nowhere --json
	valid failure <<<"$output"
}

#!/usr/bin/env bats
# `sojourn reader` and `sojourn doctor` over a pcscd of their own.

setup() {
	bats_require_minimum_version 1.5.0
	source "$BATS_TEST_DIRNAME/pcscd.sh"
	PATH="${SOJOURN_BUILD:-build}/bin:$PATH"
	PCSCD_DIR=
}

teardown() {
	[ -z "$PCSCD_DIR" ] || pcscd_stop
}

# Runs until the reader shows the card, at most ten seconds.
until_card() {
	for _ in $(seq 100); do
		sojourn reader list | grep -q '3B80800101' && return 0
		sleep 0.1
	done
	return 1
}

@test "no service: SJ-0301, exit 3" {
	PCSCLITE_CSOCK_NAME=/nonexistent/socket run -3 sojourn reader list
	[[ "$output" == *SJ-0301* ]]
}

@test "no reader: SJ-0302, exit 3" {
	pcscd_start none
	run -3 sojourn reader list
	[[ "$output" == *SJ-0302* ]]
}

@test "list names both readers" {
	pcscd_start
	run -0 sojourn reader list
	[[ "$output" == *"empty"*"Test PCD 00 00"* ]]
	[[ "$output" == *"Test PCD 00 01"* ]]
}

@test "list --json is one object with the schema's number and the ATR" {
	pcscd_start
	pcscd_card_start 1
	until_card
	sojourn reader list --json > "$BATS_TEST_TMPDIR/out"
	python3 - "$BATS_TEST_TMPDIR/out" <<-'PY'
		import json, sys
		got = json.load(open(sys.argv[1]))
		assert got["schema"] == 1
		assert [r["state"] for r in got["readers"]] == ["empty", "card"]
		assert got["readers"][1]["atr"] == "3B80800101"
	PY
}

until_events() { # N
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(wc -l < "$BATS_TEST_TMPDIR/out")" -ge "$1" ] && return
		sleep 0.05
	done
	false
}

@test "watch --json tells a card in and out, one object a line" {
	pcscd_start
	sojourn reader watch --json --timeout 60 > "$BATS_TEST_TMPDIR/out" 3>&- &
	watch=$!
	until_events 2
	pcscd_card_start
	until_events 3
	pcscd_card_stop
	until_events 4
	kill -TERM $watch
	wait $watch || true
	python3 - "$BATS_TEST_TMPDIR/out" <<-'PY'
		import json, sys
		got = [json.loads(line) for line in open(sys.argv[1])]
		assert [g["event"] for g in got] == ["reader", "reader", "card-in", "card-out"], got
		assert got[2]["name"] == "Test PCD 00 00"
	PY
}

@test "watch ends quietly at SIGINT" {
	pcscd_start
	python3 - <<-'PY'
		import signal, subprocess
		watch = subprocess.Popen(["sojourn", "reader", "watch"], stdout=subprocess.PIPE)
		assert watch.stdout.readline()  # it watches
		watch.send_signal(signal.SIGINT)
		assert watch.wait(10) == 0, watch.returncode
	PY
}

@test "doctor: the service is missing" {
	PCSCLITE_CSOCK_NAME=/nonexistent/socket run -3 sojourn doctor
	[[ "$output" == *"fail"*"service: /nonexistent/socket"*SJ-0301* ]]
}

@test "doctor: readers are there, the trust store is not" {
	pcscd_start
	pcscd_card_start
	until_card
	run -11 sojourn doctor --trust "$BATS_TEST_TMPDIR/none"
	[[ "$output" == *"ok"*"permission"* ]]
	[[ "$output" == *"Test PCD 00 00: a card"* ]]
	[[ "$output" == *"fail"*"trust store"*SJ-1101* ]]
}

@test "doctor: a bundle for support, and --json" {
	pcscd_start
	run sojourn doctor --json --trust "$BATS_TEST_TMPDIR/none" --bundle "$BATS_TEST_TMPDIR/b"
	[ "$status" -eq 11 ]
	python3 - "$BATS_TEST_TMPDIR/b" <<-PY
		import json
		assert json.loads('''$output''')["healthy"] is False
		assert json.load(open("$BATS_TEST_TMPDIR/b"))["checks"][1]["what"] == "service"
	PY
}

@test "doctor: names the program that holds a card" {
	pcscd_start
	pcscd_card_start
	until_card
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/held" 3>&- <<-'PY' &
		import sys, time
		from smartcard.System import readers
		c = readers()[0].createConnection()
		c.connect()
		open(sys.argv[1], "w").close()
		time.sleep(300)
	PY
	holder=$!
	for _ in $(seq 600); do
		[ ! -e "$BATS_TEST_TMPDIR/held" ] || break
		sleep 0.1
	done
	run sojourn doctor --trust "$BATS_TEST_TMPDIR/none"
	kill $holder
	[[ "$output" == *"in use by:"*"python3 ($holder)"* ]]
}

#!/usr/bin/env bats
# The counter without a card: the door, the API, the outbox, its configuration.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	cd "$BATS_TEST_DIRNAME" || exit 1
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# wrong LINES MESSAGE: the configuration is refused, by file and line.
wrong() {
	printf '%b' "$1" > c.conf
	run sojourn counter run -c c.conf --state state
	echo "$output"
	[ "$status" -eq 13 ]
	[[ $output == *"$2"* ]]
}

@test "door and API: every case" {
	run timeout 240 /usr/bin/python3 "$BATS_TEST_DIRNAME/api.py"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a mistake in the configuration is told with file and line" {
	wrong '[counter]\nprot = 1\n' "c.conf, line 2: unknown key 'prot'"
	wrong '[counter]\nport = 70000\n' 'line 2: port = 70000: must be a number from 1 to 65535'
	wrong '[counter]\naddress = 0.0.0.0\n' 'must be 127.0.0.1 or ::1'
	wrong '[counter]\nretention = soon\n' 'must be a duration'
	wrong '[shop]\nport = 1\n' "'port' is not in [counter] or [target NAME]"
	wrong '[target a]\nmap = x\n' '[target a] needs a folder or a url, not both'
	wrong '[target a]\nurl = http://x\nurll = 1\n' "unknown key 'urll'"
	wrong '[target a]\nurl = http://desk.example/\n' "people's data unencrypted: use https"
	wrong '[target a]\nurl = http://127.0.0.1@desk.example/\n' 'use token_file'
	wrong '[target a]\nurl = https://me:word@desk.example/\n' 'use token_file'
	wrong '[target a]\nurl = file:///etc/passwd\n' 'no http or https address'
	printf '{"fields": {"surname": "x"}}' > map
	wrong '[target a]\nfolder = .\nmap = map\n' "map: 'fields' must be an object of field names and pointers"
}

@test "a database that is none is told and left alone" {
	mkdir state && printf 'no database at all, but longer than a header of one hundred bytes, %100s\n' . > state/counter.db
	cp state/counter.db before
	mkfifo script
	run timeout 60 sojourn counter run --state state --script script
	echo "$output"
	[ "$status" -eq 13 ]
	[[ $output == *state/counter.db*SJ-13* ]]
	cmp before state/counter.db
}

@test "who may not read the state directory gets no address" {
	run sojourn counter url --state nowhere
	[ "$status" -eq 13 ]
	[[ $output == *'nowhere/address: '*'does the counter run?'*SJ-1301* ]]
}

@test "outbox: every case" {
	run timeout 120 /usr/bin/python3 "$BATS_TEST_DIRNAME/outbox.py"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "real cards: every case" {
	run timeout 200 /usr/bin/python3 "$BATS_TEST_DIRNAME/cards.py"
	echo "$output"
	[ "$status" -eq 0 ]
}

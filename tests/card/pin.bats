#!/usr/bin/env bats
# `sojourn pin` on an eID card, through pcscd.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SCHEMAS=$BUILD_DIR/share/sojourn
	export SOJOURN_CONFIG=/dev/null LC_ALL=C.UTF-8 LAB=$BATS_FILE_TMPDIR/lab
	cd "$BATS_FILE_TMPDIR" || exit 1
	umask 077
	eval "$(sojourn lab --eid --dir "$LAB" 3>&-)"
	export PCSCLITE_CSOCK_NAME
	cp "$LAB/card-01.pin" pin
	cp "$LAB/card-01.can" can
	sed -n 's/^PUK of the card.*: //p' "$LAB/card-01.letter" >puk
	echo 135790 >new
	tr 0-9 1-90 <pin >wrong
}

teardown_file() {
	sojourn lab down --dir "$LAB"
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# fails ID COMMAND...: it says ID and ends with 12.
fails() {
	local id=$1
	shift
	run -12 "$@"
	[[ $output == *"[$id]"* ]] || { echo "$output"; false; }
}

# state WORD TRIES: as shown, and as JSON.
state() {
	sojourn pin show | grep -q "$1"
	sojourn pin show --json >out
	/usr/bin/python3 -c '
import json, sys, jsonschema
schema, out = json.load(open(sys.argv[1])), json.load(open("out"))
jsonschema.validate(out, schema, jsonschema.Draft202012Validator)
assert out["tries"] == int(sys.argv[2])' "$SCHEMAS/pin.schema.json" "$2"
}

@test "show costs no try" {
	state 'ready.*tries left: 3' 3
	state 'ready.*tries left: 3' 3
}

@test "change: the old one is none any more" {
	sojourn pin change --pin-file pin --new-pin-file new
	fails SJ-1205 sojourn pin change --pin-file pin --new-pin-file new
	[[ $output == *"tries left: 2"* ]]
	sojourn pin change --pin-file new --new-pin-file pin
	state ready 3
}

@test "a new PIN of five digits is none, and costs no try" {
	echo 12345 >five
	fails SJ-1204 sojourn pin change --pin-file pin --new-pin-file five
	state ready 3
}

@test "suspended: the CAN comes first" {
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	state 'suspended' 1
	fails SJ-1201 sojourn pin change --pin-file pin --new-pin-file new --can-file wrong
	state 'suspended' 1
	sojourn pin change --pin-file pin --new-pin-file new --can-file can
	sojourn pin change --pin-file new --new-pin-file pin
	state ready 3
}

@test "resume: the PIN stays, and has its tries back" {
	sojourn pin resume </dev/null | grep ready
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	fails SJ-1201 sojourn pin resume --pin-file pin --can-file wrong
	state 'suspended.*sojourn pin resume' 1
	sojourn pin resume --pin-file pin --can-file can
	state ready 3
}

@test "blocked: the PUK brings it back, as it was" {
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	fails SJ-1205 sojourn pin change --pin-file wrong --new-pin-file new
	fails SJ-1206 sojourn pin change --pin-file wrong --new-pin-file new --can-file can
	state 'blocked' 0
	fails SJ-1206 sojourn pin change --pin-file pin --new-pin-file new
	tr 0-9 1-90 <puk >no-puk
	fails SJ-1207 sojourn pin unblock --puk-file no-puk
	sojourn pin unblock --puk-file puk
	state ready 3
	sojourn pin change --pin-file pin --new-pin-file new
	sojourn pin change --pin-file new --new-pin-file pin
}

@test "secrets are asked for, never taken from the command line" {
	run -2 sojourn pin change 123456
	run -12 sojourn pin unblock </dev/null
	[[ $output == *SJ-1203* ]]
}

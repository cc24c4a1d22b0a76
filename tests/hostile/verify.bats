#!/usr/bin/env bats
# sojourn verify and sojourn trust over a private pcscd: output, exit codes, no network.

setup_file() {
	export SOJOURN="${SOJOURN_BUILD:-build}/bin/sojourn"
	export LAB="$BATS_FILE_TMPDIR/lab"
	eval "$("$SOJOURN" lab --dir "$LAB" | grep '^export')"
	export PCSCLITE_CSOCK_NAME
	echo 000000 >"$BATS_FILE_TMPDIR/zeros.can"
	chmod 600 "$BATS_FILE_TMPDIR/zeros.can"
}

teardown_file() {
	"$SOJOURN" lab down --dir "$LAB"
}

verify() {
	"$SOJOURN" verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" "$@"
}

valid() { # SCHEMA, JSON on standard input
	/usr/bin/python3 -c '
import json, sys, jsonschema
jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))' "tools/schema/$1.schema.json"
}

@test "verify says genuine, with holder, portrait and few APDUs" {
	verify --json --portrait-out "$BATS_TEST_TMPDIR/face" >"$BATS_TEST_TMPDIR/v.json"
	valid verify <"$BATS_TEST_TMPDIR/v.json"
	grep -q '"verdict": "genuine"' "$BATS_TEST_TMPDIR/v.json"
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/face")" = 600 ]
	[ "$(head -c 3 "$BATS_TEST_TMPDIR/face" | od -An -tx1 | tr -d ' \n')" = ffd8ff ]
}

@test "what a card shows as signed is taken apart by another process, or not at all" {
	mkdir -p "$BATS_TEST_TMPDIR/libexec/sojourn"
	cp "${SOJOURN_BUILD:-build}/libexec/sojourn/sojourn-verify" "$BATS_TEST_TMPDIR/libexec/sojourn"
	ln -s "$(realpath "${SOJOURN_BUILD:-build}/lib")" "$BATS_TEST_TMPDIR/lib"
	run "$BATS_TEST_TMPDIR/libexec/sojourn/sojourn-verify" verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" --json
	[ "$status" -eq 6 ]
	[[ "$output" == *SJ-0612* && "$output" != *surname* ]]
}

@test "verify for people shows verdict, checks and figures" {
	run verify
	[ "$status" -eq 0 ]
	[[ "$output" == *GENUINE* && "$output" == *"access-file"* && "$output" == *APDUs* ]]
}

@test "a CAN from a descriptor" {
	run "$SOJOURN" verify --trust "$LAB/trust" --can-fd 3 3<"$LAB/card-01.can"
	[ "$status" -eq 0 ]
}

@test "a wrong CAN: 12, and nothing of the data" {
	run "$SOJOURN" verify --json --trust "$LAB/trust" --can-file "$BATS_FILE_TMPDIR/zeros.can"
	[ "$status" -eq 12 ]
	[[ "$output" == *SJ-1201* && "$output" != *surname* ]]
}

@test "verify opens no socket but the one to pcscd" {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=socket,connect -o "$BATS_TEST_TMPDIR/trace" \
		"$SOJOURN" verify --trust "$LAB/trust" --can-file "$LAB/card-01.can"
	grep -q 'socket(AF_UNIX' "$BATS_TEST_TMPDIR/trace"
	[ "$(grep 'socket(' "$BATS_TEST_TMPDIR/trace" | grep -vc AF_UNIX)" -eq 0 ]
}

@test "an empty trust store: 11" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	run "$SOJOURN" verify --trust "$BATS_TEST_TMPDIR/empty" --can-file "$LAB/card-01.can"
	[ "$status" -eq 11 ]
	[[ "$output" == *SJ-1101* ]]
}

@test "no secret and no terminal: 12" {
	run setsid -w "$SOJOURN" verify --trust "$LAB/trust" </dev/null
	[ "$status" -eq 12 ]
	[[ "$output" == *SJ-1203* ]]
}

@test "the trace shows neither CAN nor data" {
	verify --trace >/dev/null 2>"$BATS_TEST_TMPDIR/trace"
	grep -q 'READ BINARY' "$BATS_TEST_TMPDIR/trace"
	[ "$(grep -c "$(head -c 6 "$LAB/card-01.can")" "$BATS_TEST_TMPDIR/trace")" -eq 0 ]
	[ "$(grep -ci bergstr "$BATS_TEST_TMPDIR/trace")" -eq 0 ]
}

@test "trust import and list" {
	"$SOJOURN" trust import --json --trust "$BATS_TEST_TMPDIR/t/u" --csca "$LAB/authority/csca-1.cer" \
		>"$BATS_TEST_TMPDIR/i.json"
	valid trust <"$BATS_TEST_TMPDIR/i.json"
	grep -q '"added": 1' "$BATS_TEST_TMPDIR/i.json"
	"$SOJOURN" trust list --json --trust "$BATS_TEST_TMPDIR/t/u" | valid trust
	run "$SOJOURN" trust list --trust "$BATS_TEST_TMPDIR/t/u"
	[[ "$output" == *csca* && "$output" == *"1 certificates"* ]]
}

@test "trust import: usage, refusal, not a certificate" {
	run "$SOJOURN" trust import --trust "$BATS_TEST_TMPDIR/t"
	[ "$status" -eq 2 ]
	run "$SOJOURN" trust import --trust "$BATS_TEST_TMPDIR/t" --masterlist x
	[ "$status" -eq 2 ]
	run "$SOJOURN" trust import --json --trust "$BATS_TEST_TMPDIR/t" --link "$LAB/authority/csca-1.cer"
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1303* ]]
	run "$SOJOURN" trust import --trust "$BATS_TEST_TMPDIR/t" --crl "$LAB/card-01.can"
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1302* ]]
}

# status_row: of a report on standard input.
status_row() {
	/usr/bin/python3 -c '
import json, sys
print(*next((c["state"], c["reason"]) for c in json.load(sys.stdin)["checks"] if c["check"] == "status"))'
}

@test "a document that its authority revokes: 0 before the new list, 8 with it" {
	local t=$BATS_TEST_TMPDIR number
	cp -r "$LAB/trust" "$LAB/authority" "$t"
	rm -r "$t/trust/gate" "$t/trust/status"
	number=$(sed -n 's/.*"documentNumber": "\([^"]*\)".*/\1/p' "$LAB/holder-01.json")
	check() { "$SOJOURN" verify --trust "$t/trust" --can-file "$LAB/card-01.can" --json >"$t/v.json"; }
	check
	[ "$(status_row <"$t/v.json")" = "not possible SJ-1106" ]
	"$SOJOURN" authority status build "$t/authority" --out "$t/1.list"
	"$SOJOURN" trust import --trust "$t/trust" --gate-ca "$t/authority/gate-ca-1.cwt" \
		--gate-token "$t/authority/status-signer-1.cwt" --status "$t/1.list"
	check
	[ "$(status_row <"$t/v.json")" = "passed None" ]
	"$SOJOURN" authority status revoke "$t/authority" --document "$number"
	"$SOJOURN" authority status build "$t/authority" --out "$t/2.list"
	check
	"$SOJOURN" trust import --trust "$t/trust" --status "$t/2.list"
	run check
	[ "$status" -eq 8 ]
	[ "$(status_row <"$t/v.json")" = "failed SJ-0811" ]
	valid verify <"$t/v.json"
	grep -q '"verdict": "expired"' "$t/v.json"
	run "$SOJOURN" verify --trust "$t/trust" --can-file "$LAB/card-01.can"
	[ "$status" -eq 8 ]
	[[ "$output" == *"EXPIRED"*"The document was revoked. [SJ-0811]"* ]]
}

@test "files that were read before: a copy is not excluded" {
	"$SOJOURN" card new "$BATS_TEST_TMPDIR/card"
	"$SOJOURN" issue --again --authority "$LAB/authority" --holder "$LAB/holder-01.json" \
		--portrait tools/demo/face.jpg --can-file "$LAB/card-01.can" --letter-out "$BATS_TEST_TMPDIR/letter" \
		--files-out "$BATS_TEST_TMPDIR/files" --exec -- "$SOJOURN" card run --link stdio "$BATS_TEST_TMPDIR/card"
	run "$SOJOURN" verify --trust "$LAB/trust" --files "$BATS_TEST_TMPDIR/files"
	[ "$status" -eq 14 ]
	[[ "$output" == *SJ-1401* ]]
	"$SOJOURN" verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" --files-out "$BATS_TEST_TMPDIR/out"
	run "$SOJOURN" verify --trust "$LAB/trust" --files "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 14 ]
	run "$SOJOURN" verify --trust "$LAB/trust" --files "$LAB/trust"
	[ "$status" -eq 13 ]
}

@test "a signed portrait of 65535 by 65535 pixels is handed over, and not drawn" {
	local t=$BATS_TEST_TMPDIR
	/usr/bin/python3 -c '
import sys
face = bytearray(open("tools/demo/face.jpg", "rb").read())
at = min(i for i in (face.find(b"\xff\xc0"), face.find(b"\xff\xc2")) if i > 0)
face[at + 5 : at + 9] = b"\xff" * 4  # height and width of its frame
open(sys.argv[1], "wb").write(face)' "$t/bomb.jpg"
	"$SOJOURN" card new "$t/card"
	"$SOJOURN" issue --again --authority "$LAB/authority" --holder "$LAB/holder-01.json" --no-keys --no-gate \
		--portrait "$t/bomb.jpg" --can-file "$LAB/card-01.can" --letter-out "$t/letter" --files-out "$t/files" \
		--exec -- "$SOJOURN" card run --link stdio "$t/card"
	bats_require_minimum_version 1.5.0
	run -14 --separate-stderr "$SOJOURN" verify --trust "$LAB/trust" --files "$t/files" --draw --color always \
		--portrait-out "$t/face"
	cmp "$t/face" "$t/bomb.jpg"
	[[ "$output" != *"38;2;"* && "$stderr" == *"not drawn: the picture is damaged or too large"* ]]
}

@test "a face or files of an earlier run do not pass for this document's" {
	mkdir "$BATS_TEST_TMPDIR/out"
	echo old >"$BATS_TEST_TMPDIR/face"
	echo old >"$BATS_TEST_TMPDIR/out/DG7.bin"
	run "$SOJOURN" verify --trust "$LAB/trust" --can-file "$BATS_FILE_TMPDIR/zeros.can" \
		--portrait-out "$BATS_TEST_TMPDIR/face"
	[ "$status" -eq 12 ]
	[ ! -e "$BATS_TEST_TMPDIR/face" ]
	run verify --files-out "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 0 ]
	[[ "$output" == *"DG7.bin was there before"* ]]
}

@test "the clock can be vouched for" {
	"$SOJOURN" trust import --trust "$BATS_TEST_TMPDIR/c" --clock --csca "$LAB/authority/csca-1.cer"
	[ "$(cat "$BATS_TEST_TMPDIR/c/time")" -gt 1700000000 ]
}

@test "a bad CAN names its file, a card's option with --files is a usage error" {
	echo 12345 > "$BATS_TEST_TMPDIR/short can"
	run "$SOJOURN" verify --trust "$LAB/trust" --can-file "$BATS_TEST_TMPDIR/short can"
	[ "$status" -eq 12 ]
	[[ "$output" == *"short can: "*SJ-1204* ]]
	run "$SOJOURN" verify --trust "$LAB/trust" --files "$BATS_TEST_TMPDIR" --short
	[ "$status" -eq 2 ]
	[[ "$output" == *"--short is for a card"* ]]
}

@test "nobody is asked for a CAN where there is no reader" {
	run env PCSCLITE_CSOCK_NAME="$BATS_TEST_TMPDIR/none" "$SOJOURN" verify --trust "$LAB/trust"
	[ "$status" -eq 3 ]
	[[ "$output" == *SJ-0301* ]]
}

@test "a store that cannot be written is what trust import names" {
	run "$SOJOURN" trust import --trust /dev/null --csca "$LAB/authority/csca-1.cer"
	[ "$status" -ne 0 ]
	[[ "$output" == *"/dev/null"* ]]
}

@test "a card pulled at any moment is lost, never an odd answer" {
	local keep=$BATS_TEST_TMPDIR card killer round status
	source "$BATS_TEST_DIRNAME/../reader/pcscd.sh"
	pcscd_start
	cp "$LAB/card-01.card" "$keep/card"
	for round in 05 12 18 25 32; do # milliseconds into the reading
		"$SOJOURN" card run "$keep/card" --port "$PCSCD_PORT" 2> "$keep/log" 3>&- &
		card=$!
		for _ in $(seq 60); do
			"$SOJOURN" reader list | grep -q '· card' && break
			sleep 0.05
		done
		status=0
		(sleep "0.0$round"; kill -9 $card) 3>&- &
		killer=$!
		"$SOJOURN" verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" --json \
			--timeout 30 > "$keep/out" 2> "$keep/err" || status=$?
		wait $card $killer || true
		echo "round $round: exit $status: $(cat "$keep/err")"
		case $status in 0 | 4 | 5) ;; *) break ;; esac
		sleep 0.9 # pcscd looks every 400 ms
	done 2> /dev/null
	pcscd_stop
	case $status in 0 | 4 | 5) ;; *) false ;; esac
	grep -q SJ-0501 "$keep/err" || [ "$status" -ne 5 ] || grep -q SJ-0503 "$keep/err"
}

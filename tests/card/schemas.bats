#!/usr/bin/env bats
# Every --json output against the JSON Schema that ships for it.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR SCHEMAS=$BUILD_DIR/share/sojourn PATH="$BUILD_DIR/bin:$PATH"
	export SOJOURN_CONFIG=/dev/null LAB=$BATS_FILE_TMPDIR/lab
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init authority
	eval "$(sojourn lab --dir "$LAB" 3>&-)"
	export PCSCLITE_CSOCK_NAME
}

teardown_file() {
	sojourn lab down --dir "$LAB"
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# valid SCHEMA KIND <JSON: each line (watch) or the whole is valid, and of that kind alone.
valid() {
	/usr/bin/python3 -c '
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
kind = {"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]}
text, decoder, n = sys.stdin.read().strip(), json.JSONDecoder(), 0
while text:
    value, end = decoder.raw_decode(text)
    text, n = text[end:].strip(), n + 1
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    jsonschema.validate(value, kind, jsonschema.Draft202012Validator)
assert n > 0' "$SCHEMAS/$1.schema.json" "$2"
}

@test "every command with --json is held against a schema, here, in verify.bats, pin.bats or service.bats" {
	for program in "$BUILD_DIR"/libexec/sojourn/sojourn-*; do
		"$program" --cli-dump
	done | /usr/bin/python3 -c '
import json, sys
text, decoder = sys.stdin.read().strip(), json.JSONDecoder()
while text:
    dump, end = decoder.raw_decode(text)
    text = text[end:].strip()
    for c in dump["commands"]:
        if any(o["name"] == "json" for o in c["options"]):
            print(c["noun"], c["verb"] or "", sep=" " if c["verb"] else "")' | sort >have
	printf '%s\n' 'authority card-show' 'authority keys-list' 'authority publish' 'authority sector-list' 'authority show' 'authority signatures' 'authority status-list' 'authority terminal-show' 'bench rf' 'card show' doctor 'evidence check' 'evidence erase' 'evidence keep' 'evidence list' 'evidence show' 'evidence verify' 'gate enrol' \
		'gate journal' 'gate stats' 'gate ticket-key' issue 'key list' 'lab status' 'pin show' 'reader list' 'reader watch' \
		'register history' 'register list' 'register show' 'register verify' 'service list' 'service show' 'terminal install' 'terminal new' 'terminal show' 'trust import' 'trust list' \
		'trust show' 'trust status' 'trust sync' verify | sort | diff - have
}

@test "reader list" {
	sojourn reader list --json | valid reader list
}

@test "reader watch, a line an event" {
	sojourn reader watch --json --timeout 1 >events
	[ "$(wc -l <events)" -ge 2 ]
	valid reader event <events
}

@test "doctor: findings good and bad, and the bundle" {
	sojourn doctor --json --trust "$LAB/trust" --bundle bundle | valid doctor findings
	valid doctor bundle <bundle
	sojourn doctor --json --trust nowhere >out || [ $? -eq 11 ]
	valid doctor findings <out
	grep -q '"healthy": false' out
}

@test "authority card show" {
	sojourn authority card show "$LAB/authority" --can-file "$LAB/card-01.can" --json | valid authority card
	fails authority 7 sojourn authority card show authority --can-file "$LAB/card-01.can"
}

@test "authority terminal show, and show with a PKI of terminals" {
	sojourn authority init terminals
	sojourn authority cvca init terminals
	sojourn authority dv init terminals
	sojourn authority cvca renew terminals
	sojourn authority show terminals --json >out
	valid authority authority <out
	grep -q '"kind": "cvca-link"' out
	sojourn authority terminal request --holder UTHOTEL00001 --key-out t.key --out t.cvreq
	sojourn authority terminal sign terminals t.cvreq --service 8 --out t.cvcert
	sojourn authority terminal show --json t.cvcert | valid authority terminal
	sojourn authority terminal show --json t.cvreq | valid authority terminal
	fails authority 13 sojourn authority terminal show t.key
}

@test "authority show, with a revoked signer" {
	sojourn authority show authority --json | valid authority authority
	cp -r authority revoked
	serial=$(sojourn authority show revoked | sed -n '/^signer-1/{n;s/.*serial \([0-9a-f]*\),.*/\1/p}')
	sojourn authority crl revoked --revoke "$serial" --out revoked.crl
	sojourn authority show revoked --json >out
	valid authority authority <out
	grep -q '"revoked": "20' out
}

@test "authority publish, when something changed and when not" {
	sojourn authority publish authority --out site --json | valid authority published
	sojourn authority publish authority --out site --if-needed --json | valid authority unchanged
}

@test "authority keys list and signatures" {
	sojourn authority keys list authority --json | valid authority keys
	sojourn authority signatures authority --json | valid authority signatures
}

@test "issue and card show" {
	sojourn card new a.card
	sojourn card show --json a.card | valid card card
	sojourn issue --again --json -a authority --holder "$SCHEMAS/holder.json" -p "$SCHEMAS/face.jpg" \
		-l letter --exec -- sojourn card run a.card --link stdio | valid issue issued
	sojourn card show --json a.card | valid card card
}

@test "bench rf, and what a card logs for it" {
	sojourn bench rf --json | valid bench table
	sojourn card new log.card
	echo on 00A4040C07A0000001510000 | tr ' ' '\n' |
		sojourn card run log.card --link stdio --rf-log log
	valid card step <log
}

@test "service list, and what an authority has issued" {
	sojourn service list --json | valid service services
	sojourn service show 26 --json | valid service shown
	sojourn authority status list authority --json | valid authority status
	sojourn card new s.card
	sojourn issue --again -a authority --holder "$SCHEMAS/holder.json" -p "$SCHEMAS/face.jpg" -l s.letter \
		--exec -- sojourn card run s.card --link stdio
	sojourn authority status list authority --json >out
	valid authority status <out
	grep -q '"issued": ' out
	sojourn card new t.card
	sojourn issue --again --json --no-gate --no-keys -a authority --holder "$SCHEMAS/holder.json" -p "$SCHEMAS/face.jpg" -l t.letter \
		--exec -- sojourn card run t.card --link stdio | valid issue issued
}

@test "the register: documents, one of them whole, the history" {
	sojourn register list --json "$LAB/authority" >out
	valid register listed <out
	number=$(sed -n 's/^Document number: //p' "$LAB/card-01.letter")
	sojourn register show --json "$LAB/authority" --document "$number" --person | valid register shown
	sojourn register history --json "$LAB/authority" >out
	valid register record <out
	sojourn register verify --json "$LAB/authority" | valid register verified
}

@test "lab status, running and not" {
	sojourn lab status --json --dir "$LAB" >out
	valid lab status <out
	grep -q canFile out
	sojourn lab status --json --dir "$BATS_TEST_TMPDIR/none" | valid lab status
}

@test "verify and trust list" {
	sojourn verify --json --trust "$LAB/trust" --can-file "$LAB/card-01.can" | valid verify report
	sojourn trust list --json --trust "$LAB/trust" >out
	/usr/bin/python3 -m jsonschema -i out "$SCHEMAS/trust.schema.json"
}

@test "pin show, on a card that has none" {
	fails pin 6 sojourn pin show
}

@test "key list, of a key without a certificate too" {
	sojourn key list --json --trust "$LAB/trust" --can-file "$LAB/card-01.can" >out
	valid key list <out
	grep -q '"channel": "pace"' out
	sojourn register key "$LAB/authority" --document "$(sed -n 's/^Document number: //p' "$LAB/card-01.letter")" --out line
	sed 's/.* //' line >admin
	chmod 600 admin
	sojourn key generate 95 --can-file "$LAB/card-01.can" --admin-key-file admin --out key.pem
	sojourn key list --json --can-file "$LAB/card-01.can" >out
	valid key list <out
	grep -q '"certificate": null' out
}

# fails SCHEMA CODE COMMAND...: its --json is the failure object, with that exit code.
fails() {
	local schema=$1 code=$2
	shift 2
	run "-$code" --separate-stderr "$@" --json
	valid "$schema" failure <<<"$output"
}

@test "failures are the same object everywhere" {
	export PCSCLITE_CSOCK_NAME=/nonexistent/socket
	fails reader 3 sojourn reader list
	fails reader 3 sojourn reader watch
	fails reader 2 sojourn reader list --timeout 0
	fails authority 13 sojourn authority show nowhere
	fails bench 2 sojourn bench rf --host soon
	fails authority 13 sojourn authority status list nowhere
	fails service 13 sojourn service list nowhere
	fails card 13 sojourn card show nowhere
	fails issue 2 sojourn issue -a authority
	fails issue 3 sojourn issue --again -a authority --holder "$SCHEMAS/holder.json" -p "$SCHEMAS/face.jpg" -l l2
	fails verify 3 sojourn verify --trust "$LAB/trust" --can-file "$LAB/card-01.can"
	fails key 3 sojourn key list
	fails lab 2 sojourn lab status --dir "a b"
}

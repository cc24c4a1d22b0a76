#!/usr/bin/env bats
# What cards carry between gates, with real programs and a real pcscd: tickets
# that are one operator's alone, news of revocation, pseudonyms.

source "$BATS_TEST_DIRNAME/../reader/pcscd.sh"

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	export SHARE=$BUILD_DIR/share/sojourn
	pcscd_start
	export PCSCD_DIR PCSCD_PORT PCSCD_PID
}

teardown_file() {
	pcscd_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	sojourn authority init ut
	issue X1
	sojourn authority status build ut
}

teardown() {
	take_card
	stop_gate
}

# issue NUMBER: a card of that document number.
issue() {
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$1\"/" "$SHARE/holder.json" >holder.json
	sojourn card new "$1.card"
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l "$1.letter" \
		--exec -- sojourn card run "$1.card" --link stdio
}

# gate NAME OPERATOR SERVICE: one that is enrolled, with a trust store and a ticket key of its own.
gate() {
	sojourn gate enrol --state "$1" --request gate.req
	sojourn authority gate sign ut --request gate.req --service "$3" --operator "$2" --out "$1.cwt"
	sojourn gate enrol --state "$1" --install "$1.cwt"
	sojourn gate ticket-key new --state "$1"
	sojourn trust import --trust "$1.trust" --gate-ca ut/gate-ca-1.cwt --gate-token ut/status-signer-1.cwt \
		--status ut/status.list
	printf '[gate]\nask_when_behind = yes\n' >"$1.conf"
}

put_card() {
	sojourn card run "$1.card" --port "$PCSCD_PORT" 2>card.log 3>&- &
	CARD_PID=$!
}

# pcscd looks every 400 ms whether the card is still there.
take_card() {
	[ -n "${CARD_PID:-}" ] || return 0
	kill "$CARD_PID" 2>/dev/null || true
	wait "$CARD_PID" 2>/dev/null || true
	CARD_PID=
	sleep 0.9
}

stop_gate() {
	[ -n "${GATE_PID:-}" ] || return 0
	kill "$GATE_PID" 2>/dev/null || true
	wait "$GATE_PID" 2>/dev/null || true
	GATE_PID=
}

# tap CARD GATE: lays the card down there; the gate's line about it is in the file `said`.
tap() {
	sojourn gate run --config "$2.conf" --state "$2" --trust "$2.trust" >lines 2>gate.log 3>&- &
	GATE_PID=$!
	put_card "$1"
	for _ in $(seq 200); do
		grep '"event":"tap"' lines >said && break
		sleep 0.05
	done
	take_card
	stop_gate
	cat said gate.log
}

# says EXPRESSION: of the last tap, as o; `why` are the ids of its reasons.
says() {
	/usr/bin/python3 -c '
import json, sys
o = json.load(open("said"))
why = [r["id"] for r in o["reasons"]]
sys.exit(0 if eval(sys.argv[1]) else f"not {sys.argv[1]}: {o}")' "$1"
}

pseudonym() {
	/usr/bin/python3 -c 'import json; print(json.load(open("said"))["pseudonym"])'
}

@test "a ticket and a pseudonym are one operator's alone" {
	gate a 0000000a 1
	gate b 0000000b 1
	tap X1 a
	says 'o["decision"] == "open" and not o["resumed"]'
	first=$(pseudonym)
	tap X1 b
	says 'o["decision"] == "open" and not o["resumed"]'
	[ "$(pseudonym)" != "$first" ]
	tap X1 a # its ticket was not spent at b
	says 'o["decision"] == "open" and o["resumed"]'
	[ "$(pseudonym)" = "$first" ]
}

@test "a revoked card is refused by its ticket, and then without one" {
	gate a 0000000a 1
	tap X1 a
	sojourn authority status revoke ut --document X1
	sojourn authority status build ut
	sojourn trust import --trust a.trust --status ut/status.list
	tap X1 a
	says 'o["decision"] == "refuse" and o["resumed"] and why == ["SJ-0805"]'
	tap X1 a
	says 'o["decision"] == "refuse" and not o["resumed"] and why == ["SJ-0805"]'
}

@test "a card brings news of a newer list to a gate that has none" {
	gate a 0000000a 1
	gate b 0000000b 1
	sojourn authority status build ut
	sojourn trust import --trust a.trust --status ut/status.list
	tap X1 a # the card takes the new list's head along
	says 'o["decision"] == "open"'
	tap X1 b # a first tap: by ticket a card says nothing of that
	says 'o["decision"] == "ask" and why != []'
	sojourn trust import --trust b.trust --status ut/status.list
	tap X1 b
	says 'o["decision"] == "open" and why == []'
}

#!/usr/bin/env bats
# Every key of the authority is rolled over, while cards, counters and gates from before go on.

source "$BATS_TEST_DIRNAME/terminals.sh"

# Card 0 is from before, card 1 from after; gate g and the store `old` are from before, too.
setup_file() {
	lab_start 2
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	sojourn authority cvca-init ut
	sojourn authority dv-init ut
	publish
	sojourn trust sync --trust old --anchor ut/bundle-signer-1.cwt site
	issue 0 X1
	gate g
	cp -r old gate-store # the tap before the roll-over leaves a ticket
	tap g gate-store 0
	for verb in link signer 'signer --list' key-renew gate-renew bundle-signer card-master cvca-renew dv-renew; do
		# shellcheck disable=SC2086
		sojourn authority $verb ut
	done
	issue 1 X2
	publish
	cp -r old new
	sojourn trust sync --trust new site
}

teardown_file() {
	lab_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

@test "no key is the one from before" {
	for role in csca signer list_signer key_ca content_signer gate_ca status_signer bundle_signer; do
		grep "\"$role\": \".*-2\"" ut/registry.json
	done
	[ -e ut/card-master-2.secret ]
	[ -e ut/cvca-at-2.cvcert ]
	[ -e ut/dv-at-2.cvcert ]
}

@test "a terminal with the old bundle goes on with old cards, and says of new ones that it knows no issuer" {
	counter old 0
	[ "$(tap g old 0)" = open ]
	run -14 counter old 1
	[[ "$output" == *SJ-1402* ]]
	[[ "$(tap g old 1)" == refuse* ]]
	sojourn key attest 9A --check --trust old --can-file can --reader "$(reader 0)"
	run ! sojourn key attest 9A --check --trust old --can-file can --reader "$(reader 1)"
}

@test "after a sync old and new cards pass: counter, gate, keys" {
	for card in 0 1; do
		counter new $card
		[ "$(tap g new $card)" = open ]
		sojourn key attest 9A --check --trust new --can-file can --reader "$(reader $card)"
		sojourn key list --trust new --can-file can --reader "$(reader $card)"
	done
}

@test "an old card learns the next gate CA at a gate of the old one, and then takes gates of the new" {
	gate h 0000000b
	[ "$(tap h new 1)" = open ]
	[[ "$(tap h new 0)" == "refuse SJ-0609" ]] # the card knows not whom it is
	gate i 0000000c 1
	[ "$(tap i new 0)" = open ]
	[ "$(tap h new 0)" = open ]
}

@test "the CVCA's certificates and its link come with the bundle" {
	slot=new/bundle/$(cut -c1 new/bundle/current)
	for name in cvca-at-1 cvca-link-at-2 cvca-at-2; do
		hash=$(sha256sum <"ut/$name.cvcert" | cut -c1-16)
		cmp "ut/$name.cvcert" "$(echo "$slot/cv/$hash"*)"
	done
}

@test "an old card gets keys of the new master, and is the same to everybody else" {
	sojourn authority card-rotate ut --reader "$(reader 0)" --can-file can 2>&1 | grep 'version 32 of card-master-2'
	sojourn authority card-show ut --reader "$(reader 0)" --can-file can --json | grep '"master": "card-master-2"'
	counter new 0
	[ "$(tap g new 0)" = open ]
}

@test "an old card is revoked under the new signers; terminals that slept through two bundle signers hear it" {
	sojourn register revoke ut --document X1 --reason lost
	publish
	sojourn authority bundle-signer ut
	sojourn authority bundle-signer ut
	publish
	for store in new old; do
		sojourn trust sync --trust $store site
		run -8 counter $store 0
		[[ "$output" == *SJ-0811* ]]
		[ "$(tap g $store 0)" = "refuse SJ-0805" ]
		counter $store 1
		[ "$(tap g $store 1)" = open ]
	done
}

@test "who has handed over signs for nobody any more" {
	cp -r ut thief
	/usr/bin/python3 - <<-'PY'
		import json
		state = json.load(open("thief/registry.json"))
		state["bundle_signer"] = "bundle-signer-1"
		state["tokens"] = [t for t in state["tokens"]
		                   if t["kind"] != "bundle-signer" or t["name"] == "bundle-signer-1"]
		state["bundle"]["version"] = 100
		json.dump(state, open("thief/registry.json", "w"))
	PY
	sojourn authority publish thief --out stolen
	run -11 sojourn trust sync --trust new stolen
	[[ "$output" == *SJ-1110* ]]
}

#!/usr/bin/env bats
# A file that could not be looked for is not absent: the look fails once, and nothing is changed or left out for it.

setup_file() {
	bats_require_minimum_version 1.5.0
	BUILD=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD PATH="$BUILD/bin:$PATH" SOJOURN_CONFIG=/dev/null
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	cp "$BUILD/share/sojourn/services.json" .
}

setup() {
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# The first call that names a file ending in $1 fails.
unseen() {
	SOJOURN_FAIL="2 0 1 0" SOJOURN_FAIL_ONLY=$1 LD_PRELOAD=$BUILD/tests/failures/fail.so run -13 sojourn "${@:2}"
	[[ "$output" == *"$1"*SJ-1301* ]]
}

@test "a change of passphrase that was decided is not undone by a look that fails" {
	cp -r ut decided
	cp ut/registry.json decided/registry.json.new
	touch decided/passphrase.decided
	unseen passphrase.decided authority signer decided
	[ ! -e decided/signer-2.cer ]
	[ -e decided/registry.json.new ]
	sojourn authority signer decided
	[ ! -e decided/passphrase.decided ]
	run -0 sojourn authority show decided
	[[ "$output" == *signer-2* ]]
}

@test "a status list is not signed over a previous one that could not be read" {
	sojourn authority status build ut
	cp ut/status.list before.list
	cp ut/registry.json before.json
	unseen ut/status.list authority status build ut
	SOJOURN_FAIL="2 0 2 0" SOJOURN_FAIL_ONLY=ut/status.list LD_PRELOAD=$BUILD/tests/failures/fail.so run -13 sojourn authority status build ut
	cmp before.list ut/status.list
	cmp before.json ut/registry.json
}

@test "an authority's own services are not passed over" {
	cp services.json ut/services.json
	unseen ut/services.json authority publish ut --out site
	[ ! -e site/latest ]
	rm ut/services.json
}

@test "keys are not made over those that could not be seen" {
	sojourn gate enrol --state g --request gate.req
	sojourn terminal new desk --holder UTHOTEL00001
	sojourn evidence operator-key --plain --out o.key --public o.pub
	mkdir before
	cp -r g desk o.key before
	unseen g/gate.key gate enrol --state g --request gate.req
	unseen g/journal.key gate enrol --state g --request gate.req
	unseen desk/next.key terminal new desk --holder UTHOTEL00002
	unseen o.key evidence operator-key --plain --out o.key --public o.pub
	diff -r before/g g
	diff -r before/desk desk
	cmp before/o.key o.key
}

@test "codes that could not be looked for are not said to be forgotten" {
	HOME=$PWD/home unseen sojourn/codes key forget
}

@test "what is in the way of a file to be written is not replaced unseen" {
	mkfifo pipe
	SOJOURN_FAIL="2 0 1 0" SOJOURN_FAIL_ONLY=pipe LD_PRELOAD=$BUILD/tests/failures/fail.so \
		run -1 sojourn authority key export ut --out pipe
	[[ "$output" == *pipe*SJ-0105* ]]
	[ -p pipe ]
}

@test "a record of signatures that cannot be read is not said to hold" {
	cp -r ut unread
	rm unread/signatures.log
	mkdir unread/signatures.log # opens, but does not read
	run -13 sojourn authority signatures unread
	[[ "$output" == *unread/signatures.log*SJ-1301* ]]
}

@test "sources that cannot be read are not taken for none" {
	mkdir -p store/bundle/source
	run -13 sojourn trust sync --trust store
	[[ "$output" == *store/bundle/source*SJ-1301* ]]
}

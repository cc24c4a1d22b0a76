#!/usr/bin/env bats
# Whole programs with failures inside: two points a way of one of them, `tests/failures/tools` takes them all; and
# what that found.

setup() {
	bats_require_minimum_version 1.5.0
	BUILD=$(realpath "${SOJOURN_BUILD:-build}")
	TOOLS=$BATS_TEST_DIRNAME/tools
	export PATH="$BUILD/bin:$PATH" SOJOURN_CONFIG=/dev/null
	cd "$BATS_TEST_TMPDIR" || exit 1
}

@test "ticket keys are the old ones or the new ones, whatever fails" {
	SOJOURN_BUILD=$BUILD "$TOOLS" --points 2 'gate ticket-key'
}

@test "a terminal's key whose request could not be written waits for no certificate" {
	mkdir -p desk/next.cvreq
	run -1 sojourn terminal new desk --holder UTHOTEL00001
	[[ "$output" == *desk/next.cvreq*SJ-0105* ]]
	[ ! -e desk/next.key ]
	rmdir desk/next.cvreq
	sojourn terminal new desk --holder UTHOTEL00001
}

@test "a request that waits for its certificate is not lost by another that could not be written" {
	sojourn terminal new desk --holder UTHOTEL00001
	cp -r desk before
	local at seen=
	for at in 1 2 3 4 5 6; do # no room from this call on
		SOJOURN_FAIL="4 1 $at 1" LD_PRELOAD=$BUILD/tests/failures/fail.so run -1 sojourn terminal new desk --again --holder UTHOTEL00002
		[[ "$output" == *desk/next.key*SJ-0105* ]] || continue
		diff -r before desk
		seen=1
	done
	[ -n "$seen" ]
}

@test "an operator's key whose public half could not be written is not there" {
	mkdir o.pub
	run -1 sojourn evidence operator-key --plain --out o.key --public o.pub
	[[ "$output" == *o.pub*SJ-0105* ]]
	[ ! -e o.key ]
}

@test "a key for another authority's request that could not be written is not there" {
	mkdir h.cvreq
	run -1 sojourn authority terminal request --holder UTHOTEL00003 --key-out h.key --out h.cvreq
	[[ "$output" == *h.cvreq*SJ-0105* ]]
	[ ! -e h.key ]
	run -2 sojourn authority terminal request --holder UTHOTEL00003 --key-out h.key --out h.key
	[[ "$output" == *"name one file"* ]]
}

@test "each command has its row, or is known to write nothing" {
	SOJOURN_BUILD=$BUILD "$TOOLS" --check
}

#!/usr/bin/env bats
# A few of the operations with secrets that valgrind follows; `tests/side/run` takes them all.

setup() {
	bats_require_minimum_version 1.5.0
	BUILD=$(realpath "${SOJOURN_BUILD:-build}")
	command -v valgrind >/dev/null || skip 'valgrind is not here'
	[ -e "$BUILD/tests/side/side" ] || skip 'tests/side/side was built without the headers of valgrind'
}

@test "no branch and no address by a secret: comparing, unpadding, a card that verifies a PIN; one that is planted is found" {
	run -1 "$BATS_TEST_DIRNAME/run" "$BUILD" comparing unpadding 'a card verifies a PIN' 'a branch by a secret' 'P-384 as if it were P-256'
	echo "$output"
	[ "$(grep -cE '^# (comparing|unpadding|a card verifies a PIN) +nothing$' <<< "$output")" = 3 ]
	[[ "$output" == *'depends on uninitialised value'*branch_by_a_secret*'sidechannel.findings '* ]]
	grep -qE '^# P-384 as if it were P-256 +FOUND$' <<< "$output"
}

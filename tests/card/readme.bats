#!/usr/bin/env bats
# The README is run as it stands, and what it points to is there.

setup() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	ROOT=$(realpath "$BATS_TEST_DIRNAME/../..")
	README=$ROOT/README.md
	export SOJOURN_CONFIG=/dev/null XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR TMPDIR=$BATS_TEST_TMPDIR
	unset PCSCLITE_CSOCK_NAME
	cd "$BATS_TEST_TMPDIR" || exit 1
}

teardown() {
	"$BUILD_DIR/bin/sojourn" lab down 2>/dev/null
}

# The commands of the walk-through; the build is there already.
walk() {
	echo 'set -eu; make() { :; }'
	sed -n '/^## A card of your own/,/^## Verdicts/p' "$README" | sed -n '/^```sh$/,/^```$/{/^```/!p}'
	echo 'ls; cat report.json'
}

@test "the walk-through works as it is written" {
	ln -s "$BUILD_DIR" build
	walk >walk.sh
	[ "$(grep -c '^sojourn\|^eval' walk.sh)" -ge 8 ]
	run bash walk.sh 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"Sojourn Lab 1 00 00"*issued*GENUINE*face.jpg*'"verdict": "genuine"'* ]]
	[ ! -e "$XDG_RUNTIME_DIR/sojourn-lab" ]
}

@test "every file and folder that the README names is there" {
	for path in $(grep -o '](\([^)]*\))' "$README" | tr -d ']()') \
		$(grep -o '`\(middleware\|card-sim\|pkcs11\|tools\|tests\)/[a-z/-]*`' "$README" | tr -d '`'); do
		[ -e "$ROOT/$path" ] || { echo "$path"; false; }
	done
}

@test "every command that the README names has its help" {
	for noun in $(grep -o '`sojourn [a-z]*' "$README" | cut -d' ' -f2 | sort -u); do
		"$BUILD_DIR/bin/sojourn" "$noun" --help >/dev/null
	done
}

@test "every manual page that the README names is there" {
	for page in $(grep -o '`sojourn[a-z-]*([157])`' "$README" | tr -d '`'); do
		name=${page%(*} section=${page//[^0-9]/}
		[ -e "$ROOT/tools/man/$name.$section" ] || { echo "$page"; false; }
	done
}

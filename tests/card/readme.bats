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

# walk TITLE: the commands of a walk-through; the build is there already.
walk() {
	echo 'set -eu; make() { :; }'
	awk -v title="## $1" '/^## /{on = $0 == title} on' "$README" | sed -n '/^```sh$/,/^```$/{/^```/!p}'
}

@test "the walk-through works as it is written" {
	ln -s "$BUILD_DIR" build
	walk 'A card of your own in five minutes' >walk.sh
	echo 'ls; cat report.json' >>walk.sh
	[ "$(grep -c '^sojourn\|^eval' walk.sh)" -ge 8 ]
	run bash walk.sh 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"Sojourn Lab 1 00 00"*issued*GENUINE*face.jpg*'"verdict": "genuine"'* ]]
	[ ! -e "$XDG_RUNTIME_DIR/sojourn-lab" ]
}

@test "the walk-through of a gate works as it is written" {
	walk 'A gate in five minutes' >walk.sh
	[ "$(grep -c '^sojourn\|^eval' walk.sh)" -ge 15 ]
	PATH=$BUILD_DIR/bin:$PATH run bash walk.sh 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'"decision":"open"'*'"resumed":false'*'"decision":"open"'*'"resumed":true'* ]]
	[[ $output == *'"decision":"refuse"'*SJ-0805* ]]
	[ "$(grep -c '"event":"tap"' taps.jsonl)" -eq 3 ]
	[ "$(grep -c ' open ' opened)" -eq 2 ]
	[ ! -e "$XDG_RUNTIME_DIR/sojourn-lab" ]
}

@test "the walk-through of a service works as it is written" {
	walk 'A service at a counter in five minutes' >walk.sh
	[ "$(grep -c '^sojourn\|^eval\|^ask' walk.sh)" -ge 11 ]
	PATH=$BUILD_DIR/bin:$PATH run bash walk.sh 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"kept by the card"*"age over 18        yes"*'"name": "age-over-18"'*"bank account opening"*"hotel check-in"*"home passport number"*operator-attested* ]]
	[[ $output == *"evidence           record 1"*"surname: "*"The record stands in its journal's chain"*"erased       1 records"* ]]
	[ ! -e "$XDG_RUNTIME_DIR/sojourn-lab" ]
}

@test "the walk-through of the keys works as it is written" {
	walk 'Keys in five minutes' >walk.sh
	[ "$(grep -c '^sojourn\|^eval' walk.sh)" -ge 8 ]
	echo report >report.json
	# A module with a sanitiser wants it loaded before all else.
	sanitiser=$(ldd "$BUILD_DIR/lib/pkcs11/sojourn-pkcs11.so" | sed -n 's/^[^=]*=> *\([^ ]*lib[at]san[^ ]*\) .*/\1/p')
	LD_PRELOAD=$sanitiser ASAN_OPTIONS=detect_leaks=0 \
		PATH=$BUILD_DIR/bin:$PATH SHARE=$BUILD_DIR/share/sojourn run bash walk.sh 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"9C  Digital Signature"*"Verified OK"*"attested     82 was made on a card"*"PIV Authentication"* ]]
	openssl req -in 82.csr -verify -noout
	[ ! -e "$XDG_RUNTIME_DIR/sojourn-lab" ]
}

@test "who learns what is the same in the README and in the design note" {
	table() { awk -v title="$2" '/^## /{on = $0 == "## Who learns what" title} on && /^\|/' "$1" | cut -d'|' -f2; }
	[ "$(table "$README" ' at a gate' | wc -l)" -eq 8 ]
	diff <(table "$README" ' at a gate') <(table "$ROOT/middleware/secure/GATE.md")
	[ "$(table "$README" ' from an eID card' | wc -l)" -eq 9 ]
	diff <(table "$README" ' from an eID card') <(table "$ROOT/card-sim/applets/eid/EID.md" ' from an eID card')
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

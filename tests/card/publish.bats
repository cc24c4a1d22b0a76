#!/usr/bin/env bats
# What an authority publishes, and that terminals which fetch it refuse what was revoked.

source "$BATS_TEST_DIRNAME/terminals.sh"

setup_file() {
	lab_start 2
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	cp -r ut fresh # before any card: for the tests of the folder
	publish
	sojourn trust sync --trust store --anchor ut/bundle-signer-1.cwt site
	issue 0 X1
	issue 1 X2
}

teardown_file() {
	lab_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# own: an authority and a folder of this test's own.
own() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	cp -r "$BATS_FILE_TMPDIR/fresh" ut
	sojourn register init ut
}

# refused: no terminal takes card 0. taken: all do.
refused() {
	run -8 counter store 0
	[[ "$output" == *SJ-0811* ]]
	[ "$(tap g store 0)" = "refuse SJ-0805" ]
}

taken() {
	counter store 0
	[ "$(tap g store 0)" = open ]
}

@test "suspended: refused after the next bundle, not before; reinstated: taken again after the next" {
	gate g
	taken
	sojourn register suspend ut --document X1 --reason lost
	publish
	taken # offline
	sojourn trust sync --trust store site
	refused
	counter store 1
	sojourn register reinstate ut --document X1
	publish
	refused
	sojourn trust sync --trust store site
	taken
}

@test "revoked: refused after the next bundle, for good; its reason is in the history" {
	[ -d g ] || gate g
	sojourn register revoke ut --document X1 --reason stolen
	publish
	sojourn trust sync --trust store site
	refused
	run ! sojourn register reinstate ut --document X1
	sojourn register history ut --document X1 | grep stolen
	counter store 1
	[ "$(tap g store 1)" = open ]
}

@test "files are named by their hashes, latest is a manifest that is there under its own, and the history has it" {
	own
	publish
	(cd site/files && find . -type f -printf '%f  %p\n' | sha256sum --check --quiet)
	hash=$(sha256sum <site/latest | cut -c1-64)
	cmp site/latest "site/files/${hash:0:2}/$hash"
	sojourn register history ut | grep "$hash"
	grep -q ' bundle-signer-1 bundle ' ut/signatures.log
	[ "$(find site -type f -perm 644 | wc -l)" -eq "$(find site -type f | wc -l)" ]
}

# field NAME: a number of the JSON at the input.
field() {
	/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# revoke_more N: so many indices of the register, as if their cards had been.
revoke_more() {
	/usr/bin/python3 - "$1" <<-'PY'
		import random, sqlite3, sys, time
		now = time.gmtime()
		part = (now.tm_year - 2020) * 12 + now.tm_mon
		db = sqlite3.connect("ut/register.db")
		for i in random.sample(range(1 << 20), int(sys.argv[1])):
		    db.execute("INSERT INTO credentials (card, part, expires, status, indices, points)"
		               " SELECT COALESCE(MAX(card), 0) + 1, ?, 0, 2, ?, zeroblob(32) FROM credentials",
		               (part, b"\0" + i.to_bytes(4, "big")))
		db.commit()
	PY
}

@test "each bundle has a greater version; --if-needed makes none when nothing changed" {
	own
	[ "$(publish --json | field version)" -eq 1 ]
	publish --if-needed
	[ "$(publish --json | field version)" -eq 2 ]
	sojourn authority signer ut # comes with what it signs
	[ "$(publish --if-needed --json | field published)" = False ]
	sojourn authority link ut
	[ "$(publish --if-needed --json | field version)" -eq 3 ]
	revoke_more 1
	[ "$(publish --if-needed --json | field version)" -eq 4 ]
	[ "$(publish --if-needed --json | field published)" = False ]
	(cat "$SHARE/services.json"; echo) >ut/services.json
	[ "$(publish --if-needed --json | field version)" -eq 5 ]
}

@test "deltas lead from the lists before, --keep says from how many; who slept longer fetches the whole" {
	own
	revoke_more 20000
	whole=$(publish --json | field listBytes)
	sojourn trust sync --trust one --anchor ut/bundle-signer-1.cwt site
	cp -r one two
	revoke_more 20
	publish
	revoke_more 20
	[ "$(publish --keep 2 --json | field deltas)" -eq 2 ]
	[ "$(sojourn trust sync --trust one --json site | field bytesFetched)" -lt $((whole / 2)) ]
	revoke_more 20
	[ "$(publish --keep 2 --json | field deltas)" -eq 2 ]
	[ "$(sojourn trust sync --trust two --json site | field bytesFetched)" -gt "$whole" ]
	[ "$(sojourn trust sync --trust one --json site | field bytesFetched)" -lt $((whole / 2)) ]
	cmp "$(echo one/bundle/"$(cut -c1 one/bundle/current)"/status/*/a)" \
		"$(echo two/bundle/"$(cut -c1 two/bundle/current)"/status/*/a)"
}

@test "killed at any moment, the folder has the bundle before or the new one, whole" {
	own
	publish
	for i in $(seq 9); do
		timeout -s KILL "0.0$((i * 7 % 60))" sojourn authority publish ut --out site 2>/dev/null || true
		sojourn trust sync --trust "s$i" --anchor ut/bundle-signer-1.cwt site
	done
	publish
	sojourn trust sync --trust s1 site
}

@test "whoever fetches while it is published gets one bundle or the other" {
	own
	publish
	(for i in 1 2 3 4; do publish; done) 3>&- 2>/dev/null &
	for i in 1 2 3 4; do
		sojourn trust sync --trust "s$i" --anchor ut/bundle-signer-1.cwt site
	done
	wait
	sojourn trust sync --trust s1 site
}

@test "files that no bundle of the last 14 days names are deleted, others stay" {
	own
	publish
	old=$(cat site/latest | sha256sum | cut -c1-64)
	publish
	find site -type f -exec touch -d '20 days ago' {} +
	publish --keep 0
	[ -e "site/files/${old:0:2}/$old" ] # its bundle is of today
	/usr/bin/python3 - <<-'PY'
		import json
		state = json.load(open("ut/registry.json"))
		for row in state["bundle"]["published"]:
		    row["created"] -= 20 * 86400
		json.dump(state, open("ut/registry.json", "w"))
	PY
	publish --keep 0
	[ ! -e "site/files/${old:0:2}/$old" ]
	sojourn trust sync --trust s --anchor ut/bundle-signer-1.cwt site
}

@test "without --out, without an authority, with a folder that cannot be written: told" {
	own
	run -2 sojourn authority publish ut
	run -13 sojourn authority publish nowhere --out site
	: >site
	run ! publish
	[[ "$output" == *site* ]]
}

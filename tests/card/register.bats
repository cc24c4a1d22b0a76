#!/usr/bin/env bats
# sojourn register: a document's life at a desk. test_register.c has the tables.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null SHARE=$BUILD_DIR/share/sojourn
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init new
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	cp -r "$BATS_FILE_TMPDIR/new" ut
	sed 's/"documentNumber": "[^"]*"/"documentNumber": "SJ1"/' "$SHARE/holder.json" >holder.json
}

register() { local verb=$1; shift; sojourn register "$verb" ut "$@"; }
add() { register add --holder holder.json --portrait "$SHARE/face.jpg"; }
state() { register show -d "$1" --json | sed -n 's/.*"state": "\([a-z]*\)",$/\1/p' | head -1; }

# issue NUMBER [OPTION...]: to a new card.
issue() {
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$1\"/" "$SHARE/holder.json" >holder.json
	rm -f letter
	sojourn card new "$1.card"
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter "${@:2}" --exec -- sojourn card run "$1.card" --link stdio
}

@test "from the application to the holder's hand, with who did it" {
	add
	[ "$(state SJ1)" = applied ]
	register approve -d SJ1 --actor anna@desk-3
	issue SJ1
	[ "$(state SJ1)" = personalised ]
	register deliver -d SJ1
	register activate -d SJ1
	[ "$(state SJ1)" = active ]
	register history -d SJ1 --json | grep '"approved"' | grep -q anna@desk-3
	register verify
}

@test "what the table lacks is refused and names the state" {
	add
	run -13 register deliver -d SJ1
	[[ $output == *"SJ1: the document is applied, which cannot become delivered"*SJ-1303* ]]
	run -13 register approve -d SJ2
	[[ $output == *"SJ2: not in the register"* ]]
	run -2 register approve
	run -2 register suspend -d SJ1 --reason boredom
}

@test "suspended, reinstated, revoked: the status list follows" {
	revoked() { sojourn authority status build ut 2>&1 | grep -o '[0-9]* revoked'; }
	issue SJ1
	register suspend -d SJ1 --reason lost
	[ "$(revoked)" = "58 revoked" ]
	register reinstate -d SJ1
	[ "$(revoked)" = "0 revoked" ]
	register revoke -d SJ1 --reason stolen
	[ "$(revoked)" = "58 revoked" ]
	run -13 register reinstate -d SJ1
}

@test "lost, damaged, changed passport: one command each, the old one revoked" {
	issue SJ1
	register lost -d SJ1 -n SJ2
	[ "$(state SJ1)" = revoked ]
	[ "$(state SJ2)" = approved ]
	register replace -d SJ2 -n SJ3
	echo '{"surname": "Ng", "nationality": "UTO"}' >part.json
	register rebind -d SJ3 -n SJ4 --holder part.json --expires 2033-01-02
	register show -d SJ4 --person --json >shown
	grep -q '"surname": "Ng"' shown
	grep -q '"givenNames": "Ida Lovisa"' shown
	grep -q '"expiryDate": "2033-01-02"' shown
	register history -d SJ4 | grep -q 'person shown'
	echo '{"sex": "?"}' >part.json
	run -13 register rebind -d SJ4 -n SJ5 --holder part.json
	[[ $output == */sex* ]]
	echo '{"sex": "F", "sex": "M"}' >part.json
	run -13 register rebind -d SJ4 -n SJ5 --holder part.json
	[[ $output == *"part.json:1: is not JSON (or has a member twice)"* ]]
	echo '["F"]' >part.json
	run -13 register rebind -d SJ4 -n SJ5 --holder part.json
	[[ $output == *"part.json:1: must be an object"* ]]
	[ "$(state SJ4)" = approved ]
	run -13 register lost -d SJ4 -n 'S J'
	register list --state revoked | grep -c SJ | grep -qx 3
}

@test "the management key is handed out to a file, and the history tells" {
	issue SJ1
	register key -d SJ1 --out key
	[ "$(stat -c %a key)" = 600 ]
	grep -qE '^AES-192 [0-9a-f]{48}$' key
	register history -d SJ1 --json | grep -q '"secret shown"'
	run -13 register key -d SJ1 --out key
	[[ $output == *"key exists and is left alone"* ]]
	run -13 register key -d SJ1 --out letter2 --which letter
	[[ $output == *"keeps no letter"* ]]
}

@test "a number that has a card is issued again only if that is asked for; the first card is void" {
	issue SJ1
	run -13 issue SJ1b --holder holder.json
	sojourn card new other.card
	run -13 sojourn issue -a ut --holder <(sed 's/SJ1b/SJ1/' holder.json) -p "$SHARE/face.jpg" -l l2 --exec -- sojourn card run other.card --link stdio
	[[ $output == *"SJ1: the document is personalised"*--again* ]]
	sojourn issue --again -a ut --holder <(sed 's/SJ1b/SJ1/' holder.json) -p "$SHARE/face.jpg" -l l2 --exec -- sojourn card run other.card --link stdio
	[ "$(register show -d SJ1 --json | grep -c '"state": "scrapped"')" -eq 1 ]
	[ "$(register show -d SJ1 --json | grep -c '"good": false')" -eq 58 ]
	[ "$(register show -d SJ1 --json | grep -c '"good": true')" -eq 58 ]
}

@test "a holder is forgotten once nothing of theirs is good" {
	issue SJ1
	run -13 register erase -d SJ1
	register revoke -d SJ1
	register erase -d SJ1
	run -13 register show -d SJ1 --person
	[[ $output == *"this holder was erased"* ]]
	register list | grep -q '(erased) *revoked'
	register verify
	! grep -aq SJ1 ut/register.db*
}

@test "every day: what ran out has expired" {
	sed 's/SJ1/SJ9/' "$SHARE/holder-expired.json" >holder.json
	number=$(sed -n 's/.*"documentNumber": "\([^"]*\)".*/\1/p' holder.json)
	sojourn card new a.card
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter --exec -- sojourn card run a.card --link stdio
	register expire 2>&1 | grep -q '^1 documents'
	[ "$(state "$number")" = expired ]
}

@test "a changed history is named with the record" {
	add
	sqlite3 ut/register.db "DROP TRIGGER history_update; UPDATE history SET actor = 'nobody' WHERE number = 2"
	run -13 register verify
	[[ $output == *"record 2 of the history does not hold"*SJ-1309* ]]
}

@test "an authority of before: register init makes its register; cards of a ledger are not forgotten" {
	/usr/bin/python3 -c '
import json
o = json.load(open("ut/registry.json"))
o["keys"] = [k for k in o["keys"] if k["name"] != "register-1"]
json.dump(o, open("ut/registry.json", "w"))'
	rm ut/register-1.*
	run -13 add
	[[ $output == *"register init"* ]]
	register init
	add
	echo 'AA1 1 0 00a0 00000001 2000000000 00' >ut/issued.txt
	run -13 register list
	[[ $output == *"issued.txt: cards of before the holder register"* ]]
}

# SQLite does not wait by itself when a new file's journal is chosen.
@test "who comes while another writes the new register's first page waits for it" {
	/usr/bin/python3 - 3>&- <<-'PYTHON' &
	import os, sqlite3, time
	db = sqlite3.connect("ut/register.db", isolation_level=None)
	db.execute("CREATE TABLE t (x)")
	db.execute("DROP TABLE t")
	db.execute("BEGIN IMMEDIATE")
	open("ready", "w").close()
	time.sleep(0.3)
	db.execute("COMMIT")
	PYTHON
	while [ ! -e ready ]; do sleep 0.01; done
	register list
	wait
}

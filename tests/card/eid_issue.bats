#!/usr/bin/env bats
# Issuing eID cards, and Terminal Authentication on plain ones: what goes in and what is refused.
# What the cards then show to whom: tests/card/test_eid*.c.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null SHARE=$BUILD_DIR/share/sojourn
	cp tests/card/holder/good/eid.json "$BATS_FILE_TMPDIR/holder.json"
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init bare
	cp -r bare ut
	sojourn authority cvca init ut
	sojourn authority cvca init ut --type is
	printf '\x63\x04\x02\x02\x00\x00' >dg3
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	cp -r "$BATS_FILE_TMPDIR"/* .
	sojourn register init ut
	sojourn register init bare
	sojourn card new card
}

# issue AUTHORITY [OPTION...]: onto `card`.
issue() {
	sojourn issue -a "$1" --holder holder.json -p "$SHARE/face.jpg" -l letter "${@:2}" \
		--exec -- sojourn card run card --link stdio
}

json() {
	/usr/bin/python3 -c 'import json, sys; o = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# infos FILE: the OIDs and numbers of a SecurityInfos file.
infos() {
	openssl asn1parse -inform DER -in "$1" | grep -oE '(OBJECT|INTEGER) *:.*' | tr -s ' ' | tr '\n' ' '
}

@test "an eID card: groups, status values, PIN and PUK, applications" {
	issue ut --eid --json --files-out files >issued
	json '(o["eid"]["groups"], o["bac"], o["terminalAuthentication"])' <issued |
		grep -qxF '([1, 2, 3, 5, 6, 8, 10, 11, 13, 15, 18, 22, 23, 24, 25, 26, 27, 28, 29, 30], False, True)'
	grep -Eqx 'PIN of the card: [0-9]{6}' letter
	grep -Eqx 'PUK of the card, when its PIN is blocked: [0-9]{10}' letter
	sojourn register show ut --document U24SJ0117 --json >shown
	[ "$(json '[sum(c["slot"] == s for c in o["credentials"]) for s in (0, 8)]' <shown)" = '[8, 7]' ]
	/usr/bin/python3 -c 'import sqlite3
db = sqlite3.connect("ut/register.db")
print(*(r[0] for r in db.execute("SELECT name FROM keys ORDER BY name")))
print(*db.execute("SELECT COUNT(*) FROM pseudonyms").fetchone())' >keys
	grep -q 'CA2.0 CA2.1 CA2.2 CA2.3 CA2.4 CA2.5 CA2.6 CA2.7' keys
	grep -qx 1 keys
	# LDS, eID, keys, gates.
	[ "$(openssl asn1parse -inform DER -in files/EF.DIR.bin 2>/dev/null | grep -c 'appl \[ 15 \]')" -ge 1 ]
	for aid in a0000002471001 e80704007f00070302 a000000308 f0534f4a4f55524e01; do
		od -An -v -tx1 files/EF.DIR.bin | tr -d ' \n' | grep -q "$aid"
	done
}

@test "EF.CardAccess of an eID card says PACE, Chip Authentication 2 and Terminal Authentication 2" {
	issue ut --eid --files-out files
	infos files/EF.CardAccess.bin >said
	grep -q 'OBJECT :0.4.0.127.0.7.2.2.4.2.2 INTEGER :02 INTEGER :0C' said
	grep -q 'OBJECT :0.4.0.127.0.7.2.2.3.2.2 INTEGER :02 INTEGER :01' said
	grep -q 'OBJECT :0.4.0.127.0.7.2.2.3.2 OBJECT :0.4.0.127.0.7.1.2 INTEGER :0C INTEGER :01' said
	grep -q 'OBJECT :0.4.0.127.0.7.2.2.2 INTEGER :02' said
	[ ! -e files/EF.CardSecurity.bin ] # one a sector instead
}

@test "without CVCAs there is no eID card, and the command that makes them is named" {
	run -13 issue bare --eid
	[[ $output == *"authority cvca init --type at"* ]]
	sojourn authority cvca init bare
	run -13 issue bare --eid
	[[ $output == *"authority cvca init --type is"* ]]
	[ ! -e letter ]
}

@test "what an eID card must not have, and secrets that are none" {
	for options in '--access bac' '--access both' '--no-ca' '--pace CAM:aes128:P-256 --pace GM:aes128:P-256' \
		'--ca P-256:3des' '--defect alter-dg1'; do
		# shellcheck disable=SC2086
		run -2 issue ut --eid $options
		[[ $output == *--eid* ]]
	done
	(umask 077 && echo 12345 >short && echo 135790 >pin && echo 0246813579 >puk)
	run -12 issue ut --eid --eid-pin-file short
	[[ $output == *"a PIN has 6 digits"* ]]
	run -12 issue ut --eid --eid-puk-file pin
	issue ut --eid --eid-pin-file pin --eid-puk-file puk
	grep -qx 'PIN of the card: 135790' letter
	grep -q ': 0246813579$' letter
}

@test "what no data group can hold is refused before the card is touched" {
	sed -i 's/"surname"/"telephone": "+999_55",\n "surname"/' holder.json
	run -13 issue ut --eid
	[[ $output == *"/telephone: data group 21"* ]]
	sed -i '/telephone/d' holder.json
	cat "$SHARE/face.jpg" >big.jpg
	/usr/bin/python3 - <<-'PYTHON'
	b = open("big.jpg", "rb").read()
	comment = b"\xff\xfe\xff\xff" + bytes(65533)
	open("big.jpg", "wb").write(b[:2] + comment + b[2:])
	PYTHON
	run -13 sojourn issue -a ut --holder holder.json -p big.jpg -l letter --eid --exec -- sojourn card run card --link stdio
	[[ $output == *"the portrait: data group 26"* ]]
	sojourn card show card | grep -q blank
}

@test "a plain card: Terminal Authentication where there is a CVCA of inspection systems" {
	issue bare --files-out plain --json | json '(o["eid"], o["terminalAuthentication"])' | grep -qxF '(None, False)'
	! infos plain/DG14.bin | grep -q '0.4.0.127.0.7.2.2.2 '
	rm letter
	sojourn card new card2
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter --files-out files --dg3 dg3 --json \
		--exec -- sojourn card run card2 --link stdio | json '(o["files"]["DG3"], o["terminalAuthentication"])' |
		grep -qxF '(6, True)'
	tail -c +5 files/DG14.bin >dg14
	infos dg14 | grep -q 'OBJECT :0.4.0.127.0.7.2.2.2 INTEGER :01'
	cmp files/DG3.bin dg3
}

@test "fingerprints that nobody could read, or that are none, are not written" {
	run -13 issue bare --dg3 dg3
	[[ $output == *"authority cvca init --type is"* ]]
	head -c 5 dg3 >cut
	run -13 issue ut --dg3 cut
	[[ $output == *"not a whole DG3"* ]]
}

@test "a card that was begun as an eID card can become a plain one" {
	# After 30 lines, of 39 commands, the card is gone: it has answered all that it was sent.
	run -5 sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter --eid --exec -- \
		sh -c 'sed -u 30q | sojourn card run card --link stdio'
	sojourn card show card | grep -qi eid
	rm -f letter
	issue ut --no-gate
}

@test "a batch of eID cards" {
	/usr/bin/python3 - "$SHARE" <<-'PYTHON'
	import json, sys
	o = json.load(open("holder.json"))
	with open("batch", "w") as out:
	    for i in range(2):
	        out.write(json.dumps(dict(o, documentNumber="B%d" % i, portrait=sys.argv[1] + "/face.jpg")) + "\n")
	PYTHON
	run -2 sojourn issue -a ut --batch batch --letters letters --eid --eid-pin-file pin
	[[ $output == *"--eid-pin-file is for one card"* ]]
	mkdir cards
	sojourn issue -a ut --batch batch --letters letters --eid --exec -- sojourn card feed cards
	grep -hEx 'PIN of the card: [0-9]{6}' letters/B0.txt letters/B1.txt | sort -u | wc -l | grep -qx 2
	sojourn register show ut --document B1 --json | json 'len(o["credentials"])' | grep -qx 65
}

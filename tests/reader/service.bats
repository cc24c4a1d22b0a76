#!/usr/bin/env bats
# `sojourn verify --service` and `sojourn terminal`: an eID card and a plain one, asked by who may and who may not.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	export EID=$BATS_FILE_TMPDIR/eid PLAIN=$BATS_FILE_TMPDIR/plain
	sojourn lab --eid --dir "$EID" 3>&-
	sojourn lab --dir "$PLAIN" 3>&-
}

teardown_file() {
	sojourn lab down --dir "$EID"
	sojourn lab down --dir "$PLAIN"
}

setup() {
	bats_require_minimum_version 1.5.0
	export PCSCLITE_CSOCK_NAME=$EID/pcscd.comm
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# ask SERVICE TERMINAL [OPTION...]: the eID card, by its CAN.
ask() {
	sojourn verify --trust "$EID/trust" --can-file "$EID/card-01.can" --service "$1" --terminal "$EID/$2" "${@:3}"
}

# plain SERVICE [OPTION...]: the plain document, without a terminal.
plain() {
	plain_document --service "$@"
}

# plain_document [OPTION...]: the plain document, all of it.
plain_document() {
	PCSCLITE_CSOCK_NAME=$PLAIN/pcscd.comm sojourn verify --trust "$PLAIN/trust" --can-file "$PLAIN/card-01.can" "$@"
}

# names <ANSWER: of all data, in one line, and where the limit was kept.
names() {
	/usr/bin/python3 -c 'import json, sys; o = json.load(sys.stdin); print(*[d["name"] for d in o["data"]], o["portrait"] and "face", o["limit"])'
}

# value NAME <ANSWER
value() {
	/usr/bin/python3 -c 'import json, sys; print(*[d["value"] for d in json.load(sys.stdin)["data"] if d["name"] == sys.argv[1]])' "$1"
}

# valid SCHEMA KIND <OBJECT
valid() {
	/usr/bin/python3 -c '
import json, sys, jsonschema
value, schema = json.load(sys.stdin), json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
jsonschema.validate(value, {"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]}, jsonschema.Draft202012Validator)
' "$BUILD_DIR/share/sojourn/$1.schema.json" "$2"
}

@test "a hotel is told its row, and the card keeps the rest" {
	ask hotel-check-in hotel-check-in --json >said
	[ "$(names <said)" = "surname given-names birth-date nationality document-number expiry home-passport-state home-passport-number entry-record face card" ]
	valid verify answer <said
}

@test "a pharmacy is told an age, not a birth date" {
	ask pharmacy pharmacy --json >said
	[ "$(names <said)" = "age-over-18 surname given-names insurance-number None card" ]
	[ "$(value age-over-18 <said)" = yes ]
}

@test "text for people names the service, the limit and what is not there" {
	run -0 plain 'hotel check-in'
	[[ $output == *GENUINE*"hotel check-in (accommodation)"*"kept by this terminal"*"not on card  entry-records, home-passport"*"given names"*ALINE* ]]
	run -0 ask 26 hotel-check-in
	[[ $output == *GENUINE*"kept by the card"*"Terminal Authentication 2 as UTHOTEL00001"* ]]
}

@test "a plain document: the row's data, no birth date for a pharmacy, nothing for the terminal to show" {
	plain pharmacy --json >said
	[ "$(names <said)" = "age-over-18 surname given-names None terminal" ]
	valid verify answer <said
	/usr/bin/python3 -c 'import json, sys; o = json.load(sys.stdin); print(o["rights"]["absent"], o["proof"])' <said |
		grep -qxF "['insurance-number'] signed"
}

@test "the portrait is drawn in a terminal with colours, never among JSON" {
	for who in "ask hotel-check-in hotel-check-in" "plain hotel-check-in" "plain_document"; do
		$who --draw --color always >said
		[ "$(grep -c '38;2;[0-9;]*48;2;' said)" -eq 28 ]
		grep -q '^.\[38;2;[0-9;]*m▀.*.\[0m$' said
		NO_COLOR=1 run -0 --separate-stderr $who --draw
		[[ $output == *GENUINE* && $output != *$'\e['* && $stderr == *"not drawn: colours are off"* ]]
		run -0 --separate-stderr $who --draw --json
		[[ $output != *$'\e['* && $stderr == *"not drawn: --json"* ]]
		/usr/bin/python3 -m json.tool <<<"$output" >/dev/null
	done
	run -0 ask pharmacy pharmacy --draw --color always
	[[ $output == *"no authentic portrait for this service: it is not drawn"* && $output != *"38;2;"* ]]
}

@test "a pseudonym is the same each time" {
	ask 'rail ticket and gate' rail --json >first
	ask 'rail ticket and gate' rail --json >second
	[[ $(value pseudonym <first) =~ ^[0-9a-f]{64}$ ]]
	[ "$(value pseudonym <first)" = "$(value pseudonym <second)" ]
}

@test "less than the row: by option, by configuration" {
	[ "$(ask pharmacy pharmacy --only age-over-18 --json | names)" = "age-over-18 None card" ]
	printf '[sojourn]\nonly = name\nterminal = %s\n' "$EID/pharmacy" >own.conf
	[ "$(SOJOURN_CONFIG=own.conf sojourn verify --trust "$EID/trust" --can-file "$EID/card-01.can" --service pharmacy --json |
		names)" = "surname given-names None card" ]
	run -2 ask pharmacy pharmacy --only nose
	[[ $output == *"'nose' is no right"* ]]
	run -2 ask pharmacy pharmacy --only portrait
	[[ $output == *"pharmacy has none of these rights"* ]]
}

@test "a row with PIN: the PIN and nothing else; wrong ones are counted by the card" {
	run -2 ask bank-account-opening bank
	[[ $output == *"holder's PIN"* ]]
	echo 000000 >wrong
	cmp -s wrong "$EID/card-01.pin" && echo 000001 >wrong
	chmod 600 wrong
	run -12 sojourn verify --trust "$EID/trust" --service 8 --terminal "$EID/bank" --pin-file wrong
	[[ $output == *SJ-1205* ]]
	sojourn verify --trust "$EID/trust" --service 8 --terminal "$EID/bank" --pin-file "$EID/card-01.pin" --json >said
	[ "$(names <said)" = "surname given-names birth-date nationality document-number expiry address face card" ]
	run -6 env PCSCLITE_CSOCK_NAME="$PLAIN/pcscd.comm" sojourn verify --trust "$PLAIN/trust" --service 8 --pin-file wrong
	[[ $output == *"this document has none"* ]]
	run -2 sojourn verify --trust "$EID/trust" --service pharmacy --terminal "$EID/pharmacy" --pin-file wrong
}

@test "without a terminal, or with that of another service, an eID card tells nothing" {
	run -13 sojourn verify --trust "$EID/trust" --can-file "$EID/card-01.can" --service pharmacy --json
	[[ $output == *"eID card"*SJ-1311* && $output != *Bergstr* ]]
	run -14 sojourn verify --trust "$EID/trust" --can-file "$EID/card-01.can"
	[[ $output == *UNDECIDED*SJ-1406*--service* && $output != *Bergstr* ]]
	run -10 ask pharmacy hotel-check-in --json
	[[ $output == *UTHOTEL00001*SJ-1005* && $output != *Bergstr* ]]
}

@test "services that are not there, that belong to gates, and options that do not go together" {
	run -13 ask pharmancy pharmacy
	[[ $output == *"did you mean 'pharmacy'"*SJ-1312* ]]
	run -13 ask 'metro gate' pharmacy
	[[ $output == *"sojourn gate run"* ]]
	run -2 ask pharmacy pharmacy --files-out files
	run -2 sojourn verify --trust "$EID/trust" --only name
	run -12 sojourn verify --trust "$EID/trust" --service 23 --terminal "$EID/pharmacy" --can-fd 4 4<<<000000
}

@test "a terminal's folder: request, certificate, renewal with the key in use as voucher" {
	sojourn terminal new desk --holder UTHOTEL00007
	[ "$(stat -c %a desk desk/next.key | tr '\n' ' ')" = "700 600 " ]
	run -13 sojourn terminal new desk --holder UTHOTEL00007
	run -13 sojourn terminal show desk
	sojourn authority terminal sign "$EID/authority" desk/next.cvreq --service 26 --folder came
	sojourn terminal install desk came
	[ ! -e desk/next.key ] && [ ! -e desk/next.cvreq ]
	sojourn terminal show desk --trust "$EID/trust" | grep -q 'service 26 hotel check-in, sector accommodation'
	sojourn terminal new desk --json >said
	valid terminal new <said
	grep -q '"holder": "UTHOTEL00008"' said
	run -13 sojourn authority terminal sign "$EID/authority" desk/next.cvreq --service 26 --folder next
	sojourn authority terminal sign "$EID/authority" desk/next.cvreq --service 26 --folder next --previous desk/terminal.cvcert
	sojourn terminal install desk next --json | valid terminal install
	sojourn terminal show desk --trust "$EID/trust" --json >said
	valid terminal show <said
	grep -q '"holder": "UTHOTEL00008"' said
	sojourn verify --trust "$EID/trust" --can-file "$EID/card-01.can" --service 26 --terminal desk | grep -q 'as UTHOTEL00008'
}

@test "parts of two terminals are refused, and what is in use stays in use" {
	cp -r "$EID/hotel-check-in" desk
	mkdir came && cp "$EID/pharmacy/terminal.cvcert" "$EID/pharmacy/dv.cvcert" came
	find desk -type f -exec sha256sum {} + >before
	run -13 sojourn terminal install desk came
	[[ $output == *"do not belong together"*SJ-1311* ]]
	sha256sum --check --quiet before
	[ "$(find desk -type f | wc -l)" -eq "$(wc -l <before)" ]
	for f in terminal.key terminal.cvcert dv.cvcert; do
		cp -r "$EID/rail" broken
		head -c -1 "broken/$f" >cut && cat cut >"broken/$f"
		run -13 sojourn terminal show broken
		[[ $output == *SJ-1311* ]]
		rm -r broken
	done
	cp "$EID/authority"/sector-*.cvkey came/sector.cvkey
	run -13 sojourn terminal install desk came
}

@test "the registry of the trust bundle goes before a file" {
	echo '{"schema": 1, "services": [{"id": 23, "sector": "health", "name": "pharmacy", "access": "can",
		"stale": 86400, "rights": ["age-over-18"]}]}' >own.json
	[ "$(ask pharmacy pharmacy --services own.json --json | names)" = "age-over-18 None card" ]
	cp own.json "$EID/authority/services.json"
	sojourn authority publish "$EID/authority" --out site
	sojourn trust sync --trust trust --anchor "$EID/authority/bundle-signer-1.cwt" site
	rm "$EID/authority/services.json"
	run -0 --separate-stderr sojourn verify --trust trust --can-file "$EID/card-01.can" --service pharmacy \
		--terminal "$EID/pharmacy" --json
	[ "$(names <<<"$output")" = "age-over-18 None card" ]
	run -0 --separate-stderr sojourn verify --trust trust --can-file "$EID/card-01.can" --service pharmacy \
		--terminal "$EID/pharmacy" --services "$BUILD_DIR/share/sojourn/services.json" --json
	[ "$(names <<<"$output")" = "age-over-18 None card" ]
	[[ $stderr == *"is not used"* ]]
}

@test "what was told is on record: an eID card is the operator's word, a plain document's chip signed" {
	echo words >words && chmod 600 words
	sojourn evidence operator-key --out office --public operator.pub --passphrase-file words
	run -13 ask hotel-check-in hotel-check-in --journal desk
	[[ $output == *"has to keep data"*SJ-1310* && $output != *Bergstr* ]]
	cp operator.pub desk/
	ask hotel-check-in hotel-check-in --journal desk --json >said
	grep -q '"record": 1' said
	PCSCLITE_CSOCK_NAME=$PLAIN/pcscd.comm sojourn verify --trust "$PLAIN/trust" --can-file "$PLAIN/card-01.can" \
		--service hotel-check-in --terminal "$EID/hotel-check-in" --journal desk >/dev/null
	run -10 ask pharmacy hotel-check-in --journal desk
	sojourn evidence list --journal desk >list
	[[ $(<list) == *operator-attested*card-signed*"no answer"* ]]
	for n in 1 2 3; do
		key=(--operator-key office --passphrase-file words --data)
		[ $n != 3 ] || key=()
		sojourn evidence export $n --journal desk --out $n "${key[@]}"
	done
	cvca=(--cvca "$EID/authority/cvca-at-1.cvcert")
	sojourn evidence verify 1 --trust "$EID/trust" "${cvca[@]}" >one
	[[ $(<one) == *operator-attested*"the card"*Bergstr* && $(<one) != *card-signed* ]]
	run -7 sojourn evidence verify 2 --trust "$PLAIN/trust"
	[[ $output == *SJ-0722* ]]
	sojourn evidence verify 2 --trust "$PLAIN/trust" "${cvca[@]}" >two
	[[ $(<two) == *card-signed*ALINE* ]]
	sojourn evidence verify 3 --trust "$EID/trust" --journal-key desk/journal.pub >three
	sojourn evidence erase 2 --journal desk
	sojourn evidence check --journal desk
	run -13 sojourn evidence show 2 --journal desk --operator-key office --passphrase-file words
}

#!/usr/bin/env bats
# Where an authority's keys lie: under a passphrase, in a token; and what they leave behind.

load ../reader/pcscd.sh

setup_file() {
	PATH=$(realpath "${SOJOURN_BUILD:-build}")/bin:$PATH
	export PATH ROOT=$PWD SOJOURN_CONFIG=/dev/null HERE=$BATS_FILE_TMPDIR
	cd "$HERE" || exit 1
	umask 077
	printf 'correct horse' >one
	printf 'battery staple' >two
	printf '87654321' >pin
	printf '00000000' >wrong
	sojourn authority init sealed --passphrase-file one --passphrase-file two --custodians 2 \
		--witness 'Anna Muster' --witness 'Bert Beispiel' >spoken
	[ -x /usr/bin/softhsm2-util ] || return 0
	export SOFTHSM2_CONF=$HERE/softhsm.conf
	mkdir tokens
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$HERE/tokens" >softhsm.conf
	softhsm2-util --init-token --free --label utopia --so-pin 1234 --pin 87654321 >&2
	sojourn authority init token --keys 'pkcs11:token=utopia' --hsm-pin-file pin
}

setup() {
	bats_require_minimum_version 1.5.0
	mkdir "$HERE/$BATS_TEST_NUMBER" && cd "$HERE/$BATS_TEST_NUMBER" || exit 1
}

teardown() {
	[ -z "${CARD_PID:-}" ] || kill "$CARD_PID" || true
	[ -z "${PCSCD_PID:-}" ] || pcscd_stop
}

softhsm() {
	[ -x /usr/bin/softhsm2-util ] || skip "softhsm2 is not installed: keys in tokens are not tested"
}

json() { /usr/bin/python3 -c "import json, sys; o = json.load(sys.stdin); print($1)"; }

valid() { # KIND <JSON
	/usr/bin/python3 -c '
import json, sys, jsonschema
s = json.load(open(sys.argv[1])); o = json.load(sys.stdin)
jsonschema.validate(o, {"$ref": "#/$defs/" + sys.argv[2], "$defs": s["$defs"]})' \
		"$ROOT/tools/schema/authority.schema.json" "$1"
}

both=(--passphrase-file ../one --passphrase-file ../two)

@test "under a passphrase: openssl reads the keys with both parts, in their order" {
	openssl pkcs8 -inform DER -in ../sealed/csca-1.key -passin 'pass:correct horsebattery staple' -out csca.pem
	openssl pkey -in csca.pem -pubout -outform DER -out key
	openssl x509 -inform DER -in ../sealed/csca-1.cer -noout
	run ! openssl pkey -inform DER -in ../sealed/signer-1.key -passin pass: -noout
	[ "$(stat -c %a ../sealed/*.key ../sealed/passphrase.check | sort -u)" = 600 ]
}

@test "under a passphrase: both custodians are needed, and neither is another" {
	cp -r ../sealed ut
	sojourn authority signer ut --passphrase-fd 7 --passphrase-fd 8 7<../one 8<../two
	[ "$(sojourn authority show --json ut | json 'o["signer"]')" = signer-2 ]
	run -13 sojourn authority signer ut --passphrase-file ../two --passphrase-file ../one
	[[ $output == *"the passphrase is wrong"*SJ-1310* ]]
	[[ $output != *horse* && $output != *staple* ]]
	run -12 sojourn authority signer ut --passphrase-file ../one
	[[ $output == *"custodian 2 of 2"* ]]
	run -2 sojourn authority signer ut "${both[@]}" --passphrase-file ../one
	[ ! -e ut/signer-3.cer ]
	run -12 setsid sojourn authority signer ut </dev/null
	[[ $output == *"--passphrase-file"* ]]
}

# typed TEXT... -- COMMAND...: runs it on a terminal where each TEXT answers a question.
typed() {
	/usr/bin/python3 - "$@" <<-'PY'
		import os, pty, sys
		at = sys.argv.index("--")
		answers = sys.argv[1:at]
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
		seen = b""
		while True:
		    try:
		        more = os.read(fd, 1024)
		    except OSError:
		        break
		    if not more:
		        break
		    seen += more
		    if answers and more.rstrip().endswith(b":"):
		        os.write(fd, answers.pop(0).encode() + b"\n")
		sys.stdout.buffer.write(seen)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
}

@test "under a passphrase: asked for, a new one twice, and never shown" {
	run -0 typed 'correct horse' 'correct horse' -- sojourn authority init ut --encrypt
	[[ $output == *"New passphrase of the keys: "*"Again: "* && $output != *horse* ]]
	run -0 typed 'correct horse' -- sojourn authority signer ut
	[[ $output == *"Passphrase of the keys: "* && $output != *horse* ]]
	run -12 typed 'correct horse' 'incorrect horse' -- sojourn authority init other --encrypt
	[[ $output == *"not the same"* ]]
	[ ! -e other ]
}

@test "under a passphrase: a short one is refused, and nothing is left" {
	printf 'seven.7' >short
	chmod 600 short
	run -12 sojourn authority init ut --passphrase-file short
	[[ $output == *"8 characters"* ]]
	[ ! -e ut ] && [ -z "$(echo ut.new*)" -o "$(echo ut.new*)" = 'ut.new*' ]
}

@test "a key file that may not be read is not said to be missing" {
	local allowed=
	[ "$(id -u)" -ne 0 ] || allowed="setpriv --bounding-set=-dac_override,-dac_read_search"
	cp -r ../sealed ut
	chmod 0 ut/csca-1.key
	rm ut/signer-1.key
	$allowed sojourn authority keys list ut >out
	cat out
	grep -q '^csca-1 .* unreadable ' out
	grep -q '^signer-1 .* missing ' out
	$allowed sojourn authority keys list --json ut | valid keys
}

@test "protect: plain files are sealed, then sealed anew, all of them" {
	sojourn authority init ut
	sojourn authority keys list ut | grep -q '^csca-1 .* file '
	sojourn authority keys protect ut --new-passphrase-file ../one
	[ "$(sojourn authority keys list --json ut | json '{k["place"] for k in o["keys"]}')" = "{'sealed'}" ]
	sojourn authority signer ut --passphrase-file ../one
	sojourn authority keys protect ut --passphrase-file ../one --custodians 2 \
		--new-passphrase-file ../two --new-passphrase-file ../one
	run -13 sojourn authority signer ut --passphrase-file ../one --passphrase-file ../two
	sojourn authority signer ut --passphrase-file ../two --passphrase-file ../one
	openssl pkcs8 -inform DER -in ut/gate-ca-1.key -passin 'pass:battery staplecorrect horse' -out /dev/null
	run ! ls ut/*.new
}

@test "protect: interrupted before its decision nothing has happened, after it everything" {
	cp -r ../sealed old
	cp -r ../sealed new
	sojourn authority keys protect new "${both[@]}" --new-passphrase-file ../two
	for file in new/*.key new/passphrase.check new/registry.json; do
		cp -p "$file" "old/${file#new/}.new"
	done
	sojourn authority signer old "${both[@]}"
	cp -r old cut
	: >cut/passphrase.decided
	# The power went again, in the middle.
	mv cut/csca-1.key.new cut/csca-1.key
	sojourn authority signer cut --passphrase-file ../two
	run ! ls cut/*.new cut/passphrase.decided
	sojourn authority keys list --json cut | json 'o["custodians"]' | grep -qx 1
}

@test "the protocol: what sha256sum says, read by everybody" {
	cd ../sealed
	[ "$(stat -c %a ceremony-1.txt)" = 644 ]
	cmp ceremony-1.txt ../spoken
	grep -q 'Anna Muster' ceremony-1.txt
	grep -q 'csca-1 .*file, under a passphrase of 2 custodians' ceremony-1.txt
	tr -d ' \n' <ceremony-1.txt >flat
	for file in *.cer *.cwt; do
		grep -q "$(sha256sum <"$file" | cut -c1-64)" flat
	done
	grep -q "$(sha256sum -- *.cer *.cwt | LC_ALL=C sort -k 2 | sha256sum | cut -c1-64)" flat
	rm flat
	sojourn authority show . | grep -q 'protocol .*ceremony-1.txt'
}

@test "the record: every key, counted; an altered line is named" {
	cp -r ../sealed ut
	sojourn authority crl ut "${both[@]}" --out crl
	sojourn authority signatures --json ut >out
	valid signatures <out
	[ "$(json 'sorted((k["key"], k["purpose"], k["count"]) for k in o["keys"])' <out)" = \
		"[('bundle-signer-1', 'token', 1), ('csca-1', 'CRL', 1), ('csca-1', 'certificate', 2), ('gate-ca-1', 'token', 2), ('key-ca-1', 'certificate', 2)]" ]
	sed -i '2s/csca-1/csca-2/' ut/signatures.log
	run -13 sojourn authority signatures ut
	[[ $output == *"signatures.log:2:"*SJ-1303* ]]
}

@test "the record: what was signed for a card that failed" {
	sojourn authority init ut
	before=$(wc -l <ut/signatures.log)
	sojourn card new a.card
	touch file
	run -1 sojourn issue -a ut --holder "$ROOT/tools/demo/holder.json" -p "$ROOT/tools/demo/face.jpg" \
		-l a.letter --files-out file --exec -- sojourn card run a.card --link stdio
	tail -n +$((before + 1)) ut/signatures.log >more
	grep -q ' gate-ca-1 credential 56 ' more
	grep -q ' signer-1 SOD 1 ' more
}

@test "in a token: no key file, and the keys do not come out" {
	softhsm
	run ! ls ../token/*.key
	sojourn authority keys list --json ../token >out
	valid keys <out
	[ "$(json '{k["place"] for k in o["keys"]}' <out)" = "{'token'}" ]
	pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label utopia --login --pin 87654321 \
		--list-objects --type privkey >objects
	[ "$(grep -c 'label: *UTO csca-1' objects)" = 1 ]
	[ "$(grep -c 'sensitive, always sensitive, never extractable' objects)" = "$(grep -c '^Private Key' objects)" ]
	grep -q 'csca-1 .*token pkcs11:token=utopia' ../token/ceremony-1.txt
}

@test "in a token: two authorities do not clash, and a failed one leaves nothing" {
	softhsm
	objects() {
		pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label utopia --login \
			--pin 87654321 --list-objects 2>/dev/null | grep -c '^P'
	}
	sojourn authority init ut --keys 'pkcs11:token=utopia' --hsm-pin-file ../pin
	sojourn authority signer ut --hsm-pin-file ../pin
	cp -r ../token other
	sojourn authority signer other --hsm-pin-file ../pin
	before=$(objects)
	run -2 sojourn authority init bad --keys 'pkcs11:token=utopia' --hsm-pin-file ../pin --content-key P-521
	run -13 sojourn authority init bad --keys 'pkcs11:token=utopia' --hsm-pin-file ../pin --organization ''
	[ "$(objects)" = "$before" ]
}

@test "in a token: what is wrong is said, with token and key" {
	softhsm
	cp -r ../token ut
	run -13 sojourn authority signer ut --hsm-pin-file ../wrong
	[[ $output == *"pkcs11:token=utopia: login: the PIN is wrong"*SJ-1310* && $output != *00000000* ]]
	sed -i 's/token=utopia/token=elsewhere/' ut/registry.json
	run -13 sojourn authority signer ut --hsm-pin-file ../pin
	[[ $output == *"token=elsewhere: no such token"*SJ-1310* ]]
	run -2 sojourn authority init bad --keys 'pkcs11:token=utopia?pin-value=87654321'
	cp -r ../token gone
	/usr/bin/python3 - <<-'PY'
		import json
		o = json.load(open("gone/registry.json"))
		next(k for k in o["keys"] if k["name"] == "csca-1")["id"] = "00" * 16
		json.dump(o, open("gone/registry.json", "w"))
	PY
	run -13 sojourn authority signer gone --hsm-pin-file ../pin
	[[ $output == *"csca-1: the key is not in it"*SJ-1310* ]]
}

@test "in a token: an authority of files goes on there, role by role" {
	softhsm
	sojourn authority init ut
	sojourn authority keys store ut --keys 'pkcs11:token=utopia'
	sojourn authority link ut --hsm-pin-file ../pin
	sojourn authority signer ut --hsm-pin-file ../pin
	sojourn authority key renew ut --hsm-pin-file ../pin
	sojourn authority gate renew ut --hsm-pin-file ../pin
	sojourn authority bundle-signer ut --hsm-pin-file ../pin
	[ "$(sojourn authority keys list --json ut | json '{k["place"] for k in o["keys"] if k["present"]}')" = "{'token'}" ]
	for name in csca-1 link-2; do openssl x509 -inform DER -in ut/$name.cer -out $name.pem; done
	[ -e ut/csca-1.key ] && [ ! -e ut/csca-2.key ]
}

@test "in a token: a card is issued with it, verified, and every signature is on record" {
	softhsm
	cp -r ../token ut
	pcscd_start
	sojourn card new card
	sojourn card run card --port "$PCSCD_PORT" 2>card.log 3>&- &
	CARD_PID=$!
	sojourn issue --authority ut --hsm-pin-file ../pin --holder "$ROOT/tools/demo/holder.json" \
		--portrait "$ROOT/tools/demo/face.jpg" --letter-out letter --reader 'Test PCD 00 00'
	sojourn authority status build ut --hsm-pin-file ../pin --out list
	sojourn trust import --trust trust --csca ut/csca-1.cer --gate-ca ut/gate-ca-1.cwt \
		--gate-token ut/status-signer-1.cwt --status list
	sed -n 's/^Card access number.*: //p' letter >can
	chmod 600 can
	sojourn verify --trust trust --can-file can --json >verdict || { cat verdict; false; }
	grep -q '"verdict": "genuine"' verdict
	sojourn authority signatures --json ut >out
	[ "$(json '{k["key"]: k["count"] for k in o["keys"] if k["purpose"] == "credential"}' <out)" = "{'gate-ca-1': 56}" ]
	[ "$(json '[k["purpose"] for k in o["keys"] if k["key"] == "signer-1"]' <out)" = "['SOD']" ]
	[ "$(json '[k["purpose"] for k in o["keys"] if k["key"] == "status-signer-1"]' <out)" = "['status-head']" ]
}

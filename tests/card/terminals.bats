#!/usr/bin/env bats
# The PKI of terminals: CVCAs, document verifiers, terminals' certificates. What others'
# programs say of them: tests/peers/cvc.bats.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	export SERVICES=$PWD/tools/authority/services.json
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init made
	sojourn authority cvca init made
	sojourn authority dv init made
	request UTHOTEL 1
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	cp -r "$BATS_FILE_TMPDIR"/* . # made, UTHOTEL1.*
}

# json EXPRESSION <OBJECT: evaluates it with the object as o.
json() {
	/usr/bin/python3 -c 'import json, sys; o = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# request NAME N [OPTION...]: NAMEN.cvreq and NAMEN.key.
request() {
	sojourn authority terminal request --holder "$1$(printf %05d "$2")" --key-out "$1$2.key" --out "$1$2.cvreq" "${@:3}"
}

# sign NAME SERVICE [OPTION...]: NAME.cvcert.
sign() {
	sojourn authority terminal sign made "$1.cvreq" --service "$2" --out "$1.cvcert" "${@:3}"
}

# show FILE [ABOVE...]: what it says, verified.
show() {
	local file=$1 under=() above
	shift
	for above; do under+=(--under "$above"); done
	sojourn authority terminal show --json "$file" "${under[@]}"
}

# change NAME KEY SECONDS: in the registry's row of that certificate.
change() {
	/usr/bin/python3 -c '
import json, sys, time
o = json.load(open("made/registry.json"))
for row in o["cv"]:
    if row["name"] == sys.argv[1]: row[sys.argv[2]] = int(time.time()) + int(sys.argv[3])
json.dump(o, open("made/registry.json", "w"))' "$@"
}

@test "a chain from the CVCA to a hotel's terminal" {
	[ "$(stat -c %a made/cvca-at-1.key made/dv-at-1.key UTHOTEL1.key | sort -u)" = 600 ]
	sign UTHOTEL1 'hotel check-in'
	show UTHOTEL1.cvcert made/cvca-at-1.cvcert made/dv-at-1.cvcert >said
	[ "$(json '(o["role"], o["holder"], o["issuer"], o["template"], o["extension"])' <said)" = \
		"('terminal', 'UTHOTEL00001', 'UTDVAT00001', '0000029C10', '00008941')" ]
	[ "$(date -d "$(json 'o["firstDay"]' <said) +6 days" +%F)" = "$(json 'o["lastDay"]' <said)" ]
	show made/dv-at-1.cvcert made/cvca-at-1.cvcert | json 'o["role"]' | grep -qx dv
	sojourn authority show made | grep -q '^dv-at-1 .*current$'
	sojourn authority show made --json | json '[c["name"] for c in o["cvCertificates"]]' | grep -qxF "['cvca-at-1', 'dv-at-1']"
}

@test "a terminal's certificate gives exactly its row, for all rows" {
	for id in $(seq 35); do
		sign UTHOTEL1 "$id" 2>>talk
		sojourn authority terminal show --json UTHOTEL1.cvcert >>signed
	done
	/usr/bin/python3 - "$SERVICES" <<-'PYTHON'
	import json, sys
	text, decoder, signed = open("signed").read().strip(), json.JSONDecoder(), []
	while text:
	    value, end = decoder.raw_decode(text)
	    signed.append(value)
	    text = text[end:].strip()
	rows = json.load(open(sys.argv[1]))["services"]
	assert len(rows) == len(signed) == 35
	groups = {"expiry": 1 << 10, "name": 3 << 11, "birth-date": 1 << 15, "nationality": 1 << 17,
	    "address": 1 << 24, "phone": 1 << 28, "pseudonym": 4, "age-over-18": 1}
	bits = {"valid": 0, "class": 1, "document-number": 6, "portrait": 8, "entry-records": 11, "emergency": 12,
	    "insurance-number": 13, "home-passport": 15, "age-over-18": 19}
	for row, said in zip(rows, signed):
	    rights = set(row["rights"]) | {"valid"}
	    assert set(said["rights"]) == rights - {"fingerprint"}, (row, said)
	    template = sum(groups.get(r, 0) for r in rights) | (0x10 if row["access"] == "can" else 0)
	    assert int(said["template"], 16) == template, (row, said)
	    assert int(said["extension"], 16) == sum(1 << bits[r] for r in rights if r in bits), (row, said)
	PYTHON
}

@test "a certificate says which service it is of, whose, and which key pseudonyms come from" {
	run -13 sign UTHOTEL1 'rail ticket and gate' --operator 00004711
	[[ $output == *"authority sector new --operator 00004711"* ]]
	[ ! -e UTHOTEL1.cvcert ]
	sojourn authority sector new made --operator 00004711
	run -13 sojourn authority sector new made --operator 00004711
	run -2 sojourn authority sector new made --operator 4711
	sojourn authority sector new made --operator 00004712
	[ "$(sojourn authority sector list made | cut -d' ' -f2 | sort -u | wc -l)" -eq 2 ]
	key=$(sha256sum <made/sector-00004711.cvkey | cut -d' ' -f1)
	sojourn authority sector list made --json | json 'o["sectors"][0]["keyHash"]' | grep -qx "$key"
	sign UTHOTEL1 'rail ticket and gate' --operator 00004711
	show UTHOTEL1.cvcert made/cvca-at-1.cvcert made/dv-at-1.cvcert |
		json '(o["sector"], o["service"], o["operator"], o["sectorKey"])' | grep -qxF "('transport', 3, '00004711', '$key')"
	# A row without pseudonyms gets none, whoever runs it.
	sign UTHOTEL1 'hotel check-in' --operator 00004711
	show UTHOTEL1.cvcert | json '(o["sector"], o["service"], o["sectorKey"])' | grep -qxF "('accommodation', 26, None)"
	sign UTHOTEL1 'rail ticket and gate'
	show UTHOTEL1.cvcert | json '(o["operator"], o["sectorKey"])' | grep -qxF '(None, None)'
	show made/dv-at-1.cvcert | json '(o["sector"], o["service"])' | grep -qxF '(None, 0)'
}

@test "terminal sign --folder: all that a terminal shows" {
	mkdir desk
	run -2 sojourn authority terminal sign made UTHOTEL1.cvreq --service 3
	sojourn authority cvca renew made
	sojourn authority sector new made --operator 00004711
	sojourn authority terminal sign made UTHOTEL1.cvreq --service 3 --operator 00004711 --folder desk
	[ "$(ls desk | xargs)" = 'cvca-link-at-2.cvcert dv.cvcert sector.cvkey terminal.cvcert' ]
	show desk/terminal.cvcert made/cvca-at-1.cvcert desk/dv.cvcert
	cmp desk/cvca-link-at-2.cvcert made/cvca-link-at-2.cvcert
	cmp desk/sector.cvkey made/sector-00004711.cvkey
}

@test "sector keys outlive their authority's passphrase, and lie nowhere in the clear" {
	sojourn authority sector new made --operator 00000001
	(umask 077 && echo 'a long passphrase' >pass)
	sojourn authority keys protect made --new-passphrase-file pass
	sojourn authority sector new made --operator 00000002 --passphrase-file pass
	sojourn authority sector list made | grep -c . | grep -qx 2
	[ -z "$(find made -name 'sector-*.key')" ]
}

@test "an inspection system is for the row that may have the whole LDS" {
	sojourn authority cvca init made --type is
	sojourn authority dv init made --type is
	run -13 sign UTHOTEL1 'hotel check-in' --type is
	[[ $output == *"could do more"* ]]
	sign UTHOTEL1 'border e-gate' --type is
	show UTHOTEL1.cvcert made/cvca-is-1.cvcert made/dv-is-1.cvcert | json '(o["terminals"], o["template"], o["rights"])' |
		grep -qxF "('is', '0000000001', ['fingerprint'])"
	sed 's/"class", "pseudonym", "name", "nationality"/"class", "pseudonym", "name"/' "$SERVICES" >bad.json
	sojourn service check bad.json 2>&1 | grep -q 'border e-gate: fingerprint needs an inspection system'
	run -0 sojourn service check "$SERVICES"
	[[ $output != *warning* ]]
}

@test "cvca renew: a link under the old key; what the old one signed goes on" {
	sign UTHOTEL1 8
	sojourn authority cvca renew made --key brainpoolP384r1
	show made/cvca-link-at-2.cvcert made/cvca-at-1.cvcert | json '(o["role"], o["holder"], o["key"])' |
		grep -qxF "('cvca', 'UTCVCAAT00002', 'brainpoolP384r1')"
	run -13 show made/cvca-at-2.cvcert made/cvca-at-1.cvcert
	show made/cvca-at-2.cvcert made/cvca-at-1.cvcert made/cvca-link-at-2.cvcert
	show UTHOTEL1.cvcert made/cvca-at-1.cvcert made/dv-at-1.cvcert
	sign UTHOTEL1 8 # the DV of before goes on, too
	sojourn authority dv renew made
	run -13 sign UTHOTEL1 8
	[[ $output == *"must be on brainpoolP384r1"*"--key brainpoolP384r1"* ]]
	request UTBANK 1 --key brainpoolP384r1
	sign UTBANK1 8
	show UTBANK1.cvcert made/cvca-at-1.cvcert made/cvca-link-at-2.cvcert made/dv-at-2.cvcert
	show UTBANK1.cvcert made/cvca-at-2.cvcert made/dv-at-2.cvcert
	run -13 show UTBANK1.cvcert made/cvca-at-1.cvcert made/dv-at-2.cvcert
	[[ $output == *"dv-at-2.cvcert: names another issuer"* ]]
	# The sector's key by the hash that the chain is signed with.
	sojourn authority sector new made --operator 00004711
	sign UTBANK1 'rail ticket and gate' --operator 00004711
	show UTBANK1.cvcert | json 'o["sectorKey"]' | grep -qx "$(sha384sum <made/sector-00004711.cvkey | cut -d' ' -f1)"
}

@test "first and next in their order; keys that are over sign nothing" {
	run -13 sojourn authority cvca init made
	[[ $output == *"authority cvca renew"* ]]
	run -13 sojourn authority dv init made
	run -13 sojourn authority cvca renew made --type st
	[[ $output == *"authority cvca init"* ]]
	run -13 sojourn authority dv init made --type st
	[[ $output == *"authority cvca init --type st"* ]]
	change dv-at-1 private_until -10
	run -13 sign UTHOTEL1 8
	[[ $output == *"dv-at-1: its time to sign is over"*"authority dv renew"* ]]
	change cvca-at-1 private_until -10
	run -13 sojourn authority dv renew made
	sojourn authority cvca renew made # its certificate still holds: a link can be made
	sojourn authority dv renew made
	sign UTHOTEL1 8
	change cvca-at-2 not_after -10
	sojourn authority cvca init made # begun anew, without a link
	[ ! -e made/cvca-link-at-3.cvcert ]
	[ "$(show made/cvca-at-3.cvcert | json 'o["holder"]')" = UTCVCAAT00003 ]
}

@test "another document verifier gets what it was told to give" {
	request XODV 1
	run -2 sojourn authority cvca sign made XODV1.cvreq --rights all --out dv.cvcert
	run -2 sojourn authority cvca sign made XODV1.cvreq --official --rights name,nose --out dv.cvcert
	[[ $output == *"none that terminals of type at have: nose"* ]]
	run -2 sojourn authority cvca sign made XODV1.cvreq --official --rights name,fingerprint --out dv.cvcert
	[ ! -e dv.cvcert ]
	sojourn authority cvca sign made XODV1.cvreq --non-official --rights name,portrait --out dv.cvcert
	show dv.cvcert made/cvca-at-1.cvcert | json '(o["role"], o["template"], o["extension"], o["rights"])' |
		grep -qxF "('foreign-dv', '4000001800', '00000100', ['name', 'portrait'])"
	cmp dv.cvcert made/foreign-dv-at-1.cvcert
	sojourn authority cvca sign made XODV1.cvreq --official --rights all --out dv.cvcert --days 1
	show dv.cvcert made/cvca-at-1.cvcert | json '(o["role"], o["firstDay"] == o["lastDay"], o["template"])' |
		grep -qxF "('dv', True, '8011029C15')"
	sojourn authority show made | grep -q '^foreign-dv-at-2 '
	sign UTHOTEL1 8 # our own goes on
}

@test "an outer signature is checked, and never passed over" {
	sign UTHOTEL1 'hotel check-in'
	request UTHOTEL 2 --previous UTHOTEL1.cvcert --previous-key UTHOTEL1.key
	run -13 sign UTHOTEL2 'hotel check-in'
	[[ $output == *"--previous"* ]]
	sign UTHOTEL2 'hotel check-in' --previous UTHOTEL1.cvcert
	run -13 sign UTHOTEL1 'hotel check-in' --previous UTHOTEL1.cvcert
	[[ $output == *"no outer signature"* ]]
	request UTHOTEL 3 --previous UTHOTEL1.cvcert --previous-key UTHOTEL2.key
	run -13 sign UTHOTEL3 'hotel check-in' --previous UTHOTEL1.cvcert
	[[ $output == *"its outer signature is not that of UTHOTEL1.cvcert"* ]]
	request UTBANK 1 --previous UTHOTEL1.cvcert --previous-key UTHOTEL1.key
	run -13 sign UTBANK1 8 --previous UTHOTEL1.cvcert
	[[ $output == *"another holder's"* ]]
	# A CVCA of somebody's own vouches for document verifiers, not for terminals.
	sojourn authority init xo --country XOO --alpha2 XO
	sojourn authority cvca init xo
	request XODV 1 --previous xo/cvca-at-1.cvcert --previous-key xo/cvca-at-1.key
	run -13 sign XODV1 8 --previous xo/cvca-at-1.cvcert
	sojourn authority cvca sign made XODV1.cvreq --non-official --rights name --out dv.cvcert --previous xo/cvca-at-1.cvcert
	run -13 sojourn authority cvca sign made XODV1.cvreq --non-official --rights name --out dv.cvcert --previous made/cvca-at-1.cvcert
}

@test "requests that are none, or prove nothing" {
	local size
	size=$(stat -c %s UTHOTEL1.cvreq)
	for n in 0 1 100 $((size - 1)); do
		head -c "$n" UTHOTEL1.cvreq >cut.cvreq
		run -13 sign cut 8
		[[ $output == *"cut.cvreq: not a request"* ]]
	done
	/usr/bin/python3 -c '
b = bytearray(open("UTHOTEL1.cvreq", "rb").read())
b[-1] ^= 1
open("bad.cvreq", "wb").write(b)'
	run -13 sign bad 8
	[[ $output == *"does not prove"* ]]
	run -13 sojourn authority terminal show bad.cvreq
	sojourn authority terminal show UTHOTEL1.cvreq | grep -qx 'request of UTHOTEL00001, key P-256'
	request UTDVAT 1
	run -13 sign UTDVAT1 8
	[[ $output == *"in the name of dv-at-1"* ]]
	run -2 sign UTHOTEL1 nowhere
	run -2 sign UTHOTEL1 8 --days 32
	run -2 request hotel 1
	run -13 request UTHOTEL 1 # the key that is there is left alone
	run -13 sign UTHOTEL1 8 --type st
	[ ! -e cut.cvcert ]
}

@test "a key that is not its certificate's signs nothing" {
	cp UTHOTEL1.key made/dv-at-1.key
	run -13 sign UTHOTEL1 8
	[[ $output == *"dv-at-1.cvcert: not a certificate of dv-at-1.key"* ]]
	[ ! -e UTHOTEL1.cvcert ]
}

@test "keys in a token: a chain whose private keys never were files" {
	command -v softhsm2-util >/dev/null || skip "SKIPPED: no SoftHSM (package softhsm2)"
	mkdir tokens
	printf 'directories.tokendir = %s/tokens\nlog.level = ERROR\n' "$PWD" >softhsm.conf
	export SOFTHSM2_CONF=$PWD/softhsm.conf
	softhsm2-util --init-token --free --label cv --so-pin 1234 --pin 12345678 >talk
	(umask 077 && echo 12345678 >pin)
	rm -r made
	sojourn authority init made --keys 'pkcs11:token=cv?module-path=/usr/lib/softhsm/libsofthsm2.so' --hsm-pin-file pin
	sojourn authority cvca init made --hsm-pin-file pin --witness Anna >said
	grep -qx '  cvca-at-1.cvcert' said
	sojourn authority cvca renew made --hsm-pin-file pin
	sojourn authority dv init made --hsm-pin-file pin
	sign UTHOTEL1 8 --hsm-pin-file pin
	show UTHOTEL1.cvcert made/cvca-at-1.cvcert made/cvca-link-at-2.cvcert made/dv-at-1.cvcert
	[ -z "$(ls made/*.key 2>/dev/null)" ]
	sojourn authority keys list made | grep -q '^dv-at-1 .*token .*present$'
	sojourn authority signatures made | grep -q '^dv-at-1 .* 1 '
}

#!/usr/bin/env bats
# The key application as `sojourn issue` makes it, judged by openssl and Python (keycard.py).

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	TESTS=$(realpath tests/card)
	export BUILD_DIR TESTS SOJOURN_CONFIG=/dev/null PATH="$BUILD_DIR/bin:$PATH"
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	issue first ut
	"$TESTS/keycard.py" dump first/card ut
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# issue NAME AUTHORITY [OPTION...]: NAME/card and NAME/letter.
issue() {
	local name=$1 authority=$2
	shift 2
	mkdir -p "$name"
	[ -e "$name/card" ] || sojourn card new "$name/card"
	rm -f "$name/letter" letter
	sojourn issue --again -a "$authority" --holder "$BUILD_DIR/share/sojourn/holder.json" \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l "$name/letter" "$@" \
		--exec -- sojourn card run "$name/card" --link stdio
}

# check COMMAND NAME AUTHORITY [ARGUMENT...]
check() {
	local command=$1 name=$2
	shift 2
	ln -sf "$name/letter" letter
	"$TESTS/keycard.py" "$command" "$name/card" "$@"
}

@test "openssl verifies every certificate for its purpose" {
	sojourn authority key export ut --out ca.pem
	cmp ca.pem key-ca-1.pem
	for key in 9a 9c 9d 9e f9 content-signer-1; do
		openssl verify -x509_strict -CAfile ca.pem $key.pem
	done
	openssl verify -x509_strict -CAfile ca.pem -purpose sslclient 9a.pem
	openssl verify -x509_strict -CAfile ca.pem -purpose smimesign 9c.pem
	run ! openssl verify -CAfile ca.pem -purpose sslclient 9e.pem
	run ! openssl verify -CAfile ca.pem -purpose sslclient 9c.pem
}

@test "python finds names, usages, UUID and status in them, and their keys on the card" {
	check profile first ut
}

@test "an attestation leads to the authority and signs in nowhere" {
	openssl verify -CAfile key-ca-1.pem -untrusted f9.pem attestation.pem
	run ! openssl verify -CAfile key-ca-1.pem -untrusted f9.pem -purpose sslclient attestation.pem
}

@test "CHUID, security object, capability container and CVC are the content signer's" {
	check signed first ut
}

@test "PIN, PUK and pairing code are in the letter, the management key in the record" {
	issue secrets ut
	check secrets secrets ut
	sojourn register key ut --document U24SJ0117 --out secrets/admin
	[ "$(stat -c %a secrets/admin)" = 600 ]
	! grep -qf <(cut -d' ' -f2 secrets/admin) secrets/letter
	issue given ut --pin-file <(echo 12345678) --puk-file <(echo 'puk-8chr')
	grep -qx 'PIN of the keys: 12345678' given/letter
	check secrets given ut
}

@test "two cards have nothing in common" {
	issue second ut
	check dump second ut
	grep -h -e PIN -e PUK -e Pairing first/letter second/letter | sort | uniq -d | diff /dev/null -
	openssl x509 -in 9a.pem -noout -serial -ext subjectAltName >two
	check dump first ut
	openssl x509 -in 9a.pem -noout -serial -ext subjectAltName | grep -v Subject | grep -vf - two
}

@test "algorithms are chosen for each key" {
	issue rsa ut --key-algorithm 9a:rsa-2048 --key-algorithm 9D:RSA-2048 --key-algorithm 9B:AES-256
	check profile rsa ut
	check dump rsa ut
	openssl verify -x509_strict -CAfile key-ca-1.pem -purpose smimeencrypt 9d.pem
	check secrets rsa ut
	issue mixed ut --key-algorithm 9A:P-384 --key-algorithm 9C:Ed25519 --key-algorithm 9D:X25519 \
		--key-algorithm 9B:3DES --json | grep -q '"9D": "X25519"'
	check dump mixed ut
	openssl verify -CAfile key-ca-1.pem 9a.pem 9c.pem 9d.pem
	check secrets mixed ut
	check dump first ut
}

@test "what is no algorithm of a key, no PIN or no PUK touches no card" {
	for choice in 9A:X25519 9D:Ed25519 82:P-256 9A:P-521 9A 9A:; do
		run -2 issue none ut --key-algorithm "$choice"
	done
	run -12 issue none ut --pin-file <(echo 12345)
	run -12 issue none ut --pin-file <(echo 12345a)
	run -12 issue none ut --puk-file <(echo 1234567)
	run -13 issue none ut --key-algorithm 04:CS7
	[[ "$output" == *"authority key renew --signer --key P-384"* ]]
	check absent none ut
}

@test "CS7 with a content signer on P-384, and no other" {
	sojourn authority init p384
	sojourn authority key renew p384 --signer --key P-384
	issue cs7 p384 --key-algorithm 04:CS7
	check signed cs7 p384 content-signer-2 04:CS7
	issue follows p384 --key-algorithm 9C:P-384
	check signed follows p384 content-signer-2 04:CS7
	run -13 issue none p384 --key-algorithm 04:CS2
	[[ "$output" == *"authority key renew --signer --key P-256"* ]]
	check absent none p384
}

@test "a suite that the standard has not for these keys, or not with this signer" {
	run -13 issue none ut --key-algorithm 9C:P-384
	[[ "$output" == *"authority key renew --signer --key P-384"* ]]
	run -13 issue none ut --key-algorithm 9D:P-384 --key-algorithm 04:CS2
	[[ "$output" == *"04:CS7"* ]]
	run -2 sojourn authority key renew ut --signer --key RSA-2048
	check absent none ut
}

@test "an RSA authority" {
	sojourn authority init rsa-ca --key RSA
	issue rsa-issued rsa-ca
	check signed rsa-issued rsa-ca
	check profile rsa-issued rsa-ca
}

@test "without keys there is no key application, nor for a document that has expired" {
	issue plain ut --no-keys --json | grep -q '"keys": null'
	check absent plain ut
	run ! grep -e PIN -e PUK -e Pairing plain/letter
	issue late ut --holder "$BUILD_DIR/share/sojourn/holder-expired.json"
	check absent late ut
}

@test "a first attempt with keys leaves nothing to a second one without" {
	mkdir twice
	sojourn card new twice/card
	run -5 sojourn issue --again -a ut --holder "$BUILD_DIR/share/sojourn/holder.json" \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l twice/letter \
		--exec -- sh -c 'sed -u 20q | sojourn card run twice/card --link stdio'
	issue twice ut --no-keys
	check absent twice ut
}

@test "an issue that was interrupted at any command can be done again" {
	mkdir cut
	sojourn card new cut/card
	n=1
	while ! sojourn issue --again -a ut --holder "$BUILD_DIR/share/sojourn/holder.json" \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l cut/letter \
		--exec -- sh -c "sed -u ${n}q | sojourn card run cut/card --link stdio"; do
		n=$((n + 1))
		[ "$n" -lt 100 ]
		rm -f cut/letter
	done
	[ "$n" -gt 20 ]
	check profile cut ut
	check signed cut ut
}

@test "a card of short commands is refused with keys, and taken without" {
	mkdir short
	sojourn card new short/card
	run -6 sojourn issue --again -a ut --holder "$BUILD_DIR/share/sojourn/holder.json" \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l short/letter \
		--exec -- sh -c 'sojourn card run short/card --link stdio | sed -u s/9f6502ffff/9f650200ff/I'
	[[ "$output" == *--no-keys* ]]
}

@test "revoking a document revokes its keys, in the status list and for openssl" {
	sojourn authority init rev
	issue revoked rev
	check dump revoked rev
	sojourn authority key crl rev --out good.crl
	openssl crl -inform der -in good.crl -out good.pem
	openssl verify -crl_check -CAfile key-ca-1.pem -CRLfile good.pem 9a.pem
	sojourn authority status revoke rev --document U24SJ0117
	sojourn authority key crl rev --out bad.crl
	openssl crl -inform der -in bad.crl -out bad.pem
	for key in 9a 9c 9d 9e f9; do
		run ! openssl verify -crl_check -CAfile key-ca-1.pem -CRLfile bad.pem $key.pem
		[[ "$output" == *"certificate revoked"* ]]
	done
	openssl verify -crl_check -CAfile key-ca-1.pem -CRLfile bad.pem content-signer-1.pem
	sojourn authority crl rev --out csca.crl
	openssl crl -inform der -in csca.crl -noout -text | grep -q 'No Revoked'
	sojourn trust import --trust rev-trust --csca rev/csca-1.cer --key-ca rev/key-ca-1.cer --crl bad.crl
	sojourn trust list --trust rev-trust | grep -q '^. key  .*CRL'
	check dump first ut
}

@test "a content signer is revoked on the key CA's list, a document signer on the CSCA's" {
	sojourn authority init signers
	serial() { openssl x509 -inform der -in "signers/$1.cer" -noout -serial | cut -d= -f2; }
	run -13 sojourn authority crl signers --revoke "$(serial content-signer-1)" --out x.crl
	run -13 sojourn authority key crl signers --revoke "$(serial signer-1)" --out x.crl
	run -13 sojourn authority key crl signers --revoke "$(serial key-ca-1)" --out x.crl
	sojourn authority key crl signers --revoke "$(serial content-signer-1)" --out x.crl
	openssl crl -inform der -in x.crl -noout -text | grep -q "$(serial content-signer-1)"
}

@test "an older authority gets its key CA, and a present one the next" {
	cp -r ut old
	/usr/bin/python3 - <<-END
		import json
		state = json.load(open("old/registry.json"))
		del state["key_ca"], state["content_signer"]
		state["certificates"] = [c for c in state["certificates"] if "key" not in c["name"] and "content" not in c["name"]]
		json.dump(state, open("old/registry.json", "w"))
	END
	run -13 issue older old
	[[ "$output" == *"authority key init"* ]]
	run -13 sojourn authority key crl old --out x.crl
	issue older old --no-keys
	sojourn authority key init old
	run -13 sojourn authority key init old
	sojourn authority key renew old
	sojourn authority show old | grep -q '^key-ca-2 .*current$'
	sojourn authority show old | grep -q '^content-signer-2 .*current$'
	issue renewed old
	check profile renewed old key-ca-2
	check signed renewed old content-signer-2
	sojourn authority key export old --all --out both.pem
	[ "$(grep -c BEGIN both.pem)" = 2 ]
	sojourn authority key crl old --ca 1 --out old-1.crl
	openssl crl -inform der -in old-1.crl -noout -issuer | grep -q 'Card Key CA UTO 1'
	run -13 sojourn authority key crl old --ca 3 --out x.crl
}

# over NAME KEY: in the registry of "times", that time of NAME ends early.
over() {
	/usr/bin/python3 - "$@" <<-END
		import json, sys
		state = json.load(open("times/registry.json"))
		for c in state["certificates"]:
		    if c["name"] == sys.argv[1]:
		        c[sys.argv[2]] = 1700000000 if sys.argv[2] == "private_until" else 1900000000
		json.dump(state, open("times/registry.json", "w"))
	END
}

@test "keys that are over sign nothing, and none outlives who signed it" {
	cp -r ut times
	over content-signer-1 not_after
	run -13 issue outlived times
	[[ "$output" == *"/expiryDate lies after key-ca-1 and content-signer-1"* ]]
	over content-signer-1 private_until
	run -13 issue outlived times
	[[ "$output" == *"content-signer-1: its time to sign is over"*"authority key renew --signer"* ]]
	sojourn authority key renew times --signer
	issue inside times
	check signed inside times content-signer-2
	over key-ca-1 private_until
	run -13 issue outlived times
	[[ "$output" == *"key-ca-1: its time to sign is over"*"authority key renew"* ]]
	run -13 sojourn authority key renew times --signer
	sojourn authority key crl times --out over.crl
	sojourn authority key renew times
}

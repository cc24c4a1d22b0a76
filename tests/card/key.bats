#!/usr/bin/env bats
# `sojourn key` on issued cards, through pcscd; OpenSSL judges what comes out.

load ../reader/pcscd.sh

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" LC_ALL=C.UTF-8 SOJOURN_CONFIG=/dev/null
	export XDG_STATE_HOME=$BATS_FILE_TMPDIR/state SHARE=$BUILD_DIR/share/sojourn
	cd "$BATS_FILE_TMPDIR" || exit 1
	umask 077
	echo 123456 >pin
	echo 12345678 >puk
	echo 111111 >wrong
	sojourn authority init authority
	sojourn card new key.card
	sojourn issue -a authority --holder "$SHARE/holder.json" -p "$SHARE/face.jpg" -l letter \
		--pin-file pin --puk-file puk --exec -- sojourn card run key.card --link stdio
	sojourn register key authority --document "$(sed -n 's/^Document number: //p' letter)" --out line
	sed 's/.* //' line >admin
	sed -n 's/^Card access.*: //p' letter >can
	sojourn trust import --trust trust --key-ca authority/key-ca-1.cer
	openssl x509 -inform DER -in authority/key-ca-1.cer -out ca.pem
	pcscd_start
	export PCSCD_PORT PCSCD_DIR PCSCD_PID
	card_in contact
}

teardown_file() {
	[ ! -d "$BATS_FILE_TMPDIR/closed" ] || chmod 700 "$BATS_FILE_TMPDIR/closed" # to be deleted
	card_out
	pcscd_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# card_in contact|contactless [CARD]: the issued card is laid on the reader.
card_in() {
	sojourn card run "${2:-key.card}" --interface "$1" --port "$PCSCD_PORT" 2>log 3>&- &
	echo $! >card.pid
	for _ in $(seq 100); do
		grep -q "in reader" log && return 0
		sleep 0.05
	done
	return 1
}

card_out() {
	kill "$(cat card.pid)"
	while kill -0 "$(cat card.pid)" 2>/dev/null; do sleep 0.05; done
}

# fails CODE ID COMMAND...: it says ID and ends with CODE.
fails() {
	local code=$1 id=$2
	shift 2
	run "-$code" "$@"
	[[ $output == *"[$id]"* ]] || { echo "$output"; false; }
}

# With the management key.
admin() {
	sojourn key "$@" --admin-key-file admin
}

@test "list: the card, its PINs, its keys; no try is spent" {
	sojourn key list >out
	grep -q '^9A  PIV Authentication: P-256, PIN once, made on this card$' out
	grep -q '^9C .* PIN always' out
	grep -q '^9E .* PIN never' out
	grep -q 'until 20.*, by C=UT,CN=Card Key CA UTO 1' out
	grep -q 'PIN        3 of 3 tries left' out
	sojourn key list --json | grep -q '"triesLeft": 3'
}

@test "pin: a wrong one costs a try and says what is left; a short one costs none" {
	echo 123 >short
	fails 12 SJ-1205 sojourn key pin --pin-file wrong --new-pin-file pin
	[[ $output == *"tries left: 2"* ]]
	fails 12 SJ-1204 sojourn key pin --pin-file short --new-pin-file pin
	sojourn key list | grep -q 'PIN        2 of 3 tries left'
	echo 246810 >new
	sojourn key pin --pin-file pin --new-pin-file new
	sojourn key pin --pin-file new --new-pin-file pin
	sojourn key list | grep -q 'PIN        3 of 3 tries left'
}

@test "a trust store that is named must be there" {
	fails 11 SJ-1101 sojourn key list --trust nowhere
}

# like_others COMMAND...: with no more rights to files than a user who is not root.
like_others() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

# A trust store of the configuration, behind a closed door.
closed_store() {
	mkdir -p closed
	chmod 700 closed
	cp -r trust closed/
	printf "[sojourn]\ntrust = %s\n" "$PWD/closed/trust" >closed.conf
	chmod 0 closed
	export SOJOURN_CONFIG=$PWD/closed.conf
}

@test "a trust store that nobody named and that may not be looked at: a warning" {
	closed_store
	like_others sojourn key list >out 2>talk || { cat talk; ls -ld . closed closed.conf; false; }
	grep -q "warning: $PWD/closed/trust: Permission denied" talk
	grep -q 'PIN        3 of 3 tries left' out
	fails 13 SJ-1301 like_others sojourn key list --trust closed/trust
}

@test "output to a device leaves the device" {
	ln -s /proc/self/fd/1 out.link
	sojourn key certificate 9A --out out.link | openssl x509 -noout
	[ -L out.link ]
}

@test "a PIN is never seen in a trace" {
	sojourn key pin --pin-file pin --new-pin-file pin --trace 2>trace
	grep -q '(00 24 00 80), 21 bytes' trace
	! grep -q -i '31 \?32 \?33 \?34 \?35 \?36' trace
}

@test "unblock: a blocked PIN comes back with the PUK alone" {
	fails 12 SJ-1205 sojourn key pin --pin-file wrong --new-pin-file pin
	fails 12 SJ-1205 sojourn key pin --pin-file wrong --new-pin-file pin
	run -12 sojourn key pin --pin-file wrong --new-pin-file pin
	fails 12 SJ-1206 sojourn key pin --pin-file pin --new-pin-file pin
	run sojourn key list
	[[ $output == *"blocked"*"PIN "* ]]
	echo 99999999 >wrong8
	fails 12 SJ-1207 sojourn key unblock --puk-file wrong8 --new-pin-file pin
	sojourn key unblock --puk-file puk --new-pin-file pin
	sojourn key list | grep -q 'PIN        3 of 3 tries left'
}

@test "pin --which puk" {
	echo 87654321 >new
	sojourn key pin --which puk --puk-file puk --new-puk-file new
	sojourn key pin --which puk --puk-file new --new-puk-file puk
	fails 12 SJ-1207 sojourn key pin --which puk --puk-file new --new-puk-file puk
}

@test "certificate: what is exported is the key CA's" {
	for key in 9A 9c management 9E attestation; do
		sojourn key certificate "$key" --out cert.pem
		openssl verify -CAfile ca.pem cert.pem
	done
	sojourn key certificate 9A --der | openssl x509 -inform DER -noout
	fails 6 SJ-0611 sojourn key certificate 82
	fails 2 SJ-0201 sojourn key certificate 81
}

# signs KEY FILE DIGEST: the signature holds under the public key in FILE.
signs() {
	head -c 5000 /dev/urandom >message
	sojourn key sign "$1" message --pin-file pin --out signature
	openssl dgst "$3" -verify "$2" -signature signature message
}

@test "generate, request, self-signed certificate, write, sign: P-384" {
	admin generate 82 --algorithm P-384 --out pub
	signs 82 pub -sha384
	run sojourn key sign 82 message --pin-file pin --out signature
	[[ $output == "signed with P-384 and SHA-384" ]]
	sojourn key request 82 --subject 'C=UT,O=A\, B,CN=Ida' --pin-file pin --out csr
	openssl req -in csr -verify -noout -subject | grep -q 'C = UT, O = "A, B", CN = Ida'
	openssl req -in csr -noout -pubkey | diff - pub
	sojourn key request 82 --subject CN=Ida --self-signed --days 10 --pin-file pin --out cert
	openssl verify -check_ss_sig -CAfile cert cert
	openssl x509 -in cert -noout -checkend 777600
	! openssl x509 -in cert -noout -checkend 950400
	admin certificate 82 --write cert
	sojourn key certificate retired-1 | diff - <(openssl x509 -in cert)
	sojourn key list | grep -A1 '^82 ' | grep -q 'CN=Ida, until 20.*, by itself'
	admin certificate 82 --remove
	fails 6 SJ-0611 sojourn key certificate 82
}

@test "generate and sign: RSA-2048, Ed25519; X25519 does not sign" {
	admin generate 83 --algorithm RSA-2048 --out pub
	signs 83 pub -sha256
	sojourn key request 83 --subject CN=Ida --pin-file pin | openssl req -verify -noout
	admin generate 84 --algorithm Ed25519 --pin-policy never --out pub
	head -c 900 /dev/urandom >message
	sojourn key sign 84 message --out signature
	openssl pkeyutl -verify -pubin -inkey pub -rawin -in message -sigfile signature
	sojourn key request 84 --subject CN=Ida | openssl req -verify -noout
	admin generate 85 --algorithm X25519 --out pub
	openssl pkey -pubin -in pub -noout
	fails 2 SJ-0201 sojourn key sign 85 message --pin-file pin
}

@test "no login is left on the card" {
	sojourn key sign 9A can --pin-file pin >/dev/null
	sojourn key list --json >out
	! grep -q '"verified": true' out
}

@test "sign with the key that wants its PIN each time, and with a wrong PIN" {
	sojourn key certificate 9C | openssl x509 -noout -pubkey >pub
	signs 9C pub -sha256
	signs signature pub -sha256
	fails 12 SJ-1205 sojourn key sign 9C message --pin-file wrong
	[[ $output == *"9C: tries left: 2"* ]]
	signs 9C pub -sha256
}

@test "request: what is no subject" {
	for subject in Ida CN= C=UTO X=1 'CN=Ida,' ''; do
		fails 2 SJ-0201 sojourn key request 9A --subject "$subject" --pin-file pin
	done
	fails 2 SJ-0201 sojourn key request 9A --pin-file pin
}

@test "import: PKCS#8; what is not is told" {
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
	openssl pkey -in rsa.key -pubout -out pub
	admin import 86 rsa.key
	signs 86 pub -sha256
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
	openssl pkcs8 -topk8 -nocrypt -in ec.pem -outform DER -out ec.der
	openssl pkey -inform DER -in ec.der -pubout -out pub
	admin import 87 ec.der --pin-policy always
	signs 87 pub -sha256
	sojourn key list | grep -q '^87  Retired Key Management 6: P-256, PIN always$'
	openssl pkey -inform DER -in ec.der -traditional -out sec1.key
	fails 13 SJ-1302 admin import 87 sec1.key
	[[ $output == *"BEGIN PRIVATE KEY"* ]]
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out other.key
	fails 13 SJ-1302 admin import 87 other.key
	[[ $output == *other.key* ]]
}

@test "delete" {
	admin generate 88 --out pub
	admin delete 88
	fails 6 SJ-0611 sojourn key sign 88 pub --pin-file pin
}

@test "object: read, write, empty; the holder's own want the PIN" {
	sojourn key object chuid --out chuid
	sojourn key object 5FC102 | cmp - chuid
	sojourn key object discovery >discovery
	[ "$(od -An -tx1 -N1 discovery)" = " 7e" ]
	head -c 2500 /dev/urandom >note
	admin object 5FFF10 --write note
	sojourn key object 5fff10 | cmp - note
	admin object 5FFF10 --remove
	fails 6 SJ-0611 sojourn key object 5FFF10
	admin object printed --write note
	sojourn key object printed --pin-file pin | cmp - note
	fails 12 SJ-1205 sojourn key object printed --pin-file wrong
	sojourn key object printed --pin-file pin >/dev/null
	fails 2 SJ-0201 sojourn key object nothing
	fails 2 SJ-0201 sojourn key object chuid --out a --write b
}

@test "attest: by whom the card was issued, offline" {
	sojourn key attest 9A --check --trust trust >out
	grep -q '9A was made on a card with serial number [1-9]' out
	sojourn key attest 9A --out statement.pem
	sojourn key certificate F9 --out f9.pem
	openssl verify -CAfile ca.pem -untrusted f9.pem statement.pem
	mkdir -p other
	sojourn authority init other/authority
	sojourn trust import --trust other/trust --key-ca other/authority/key-ca-1.cer
	fails 14 SJ-1402 sojourn key attest 9A --check --trust other/trust
	run ! sojourn key attest 86
}

@test "attest: a revoked card is told as one" {
	sojourn trust import --trust revoked --key-ca authority/key-ca-1.cer \
		--gate-ca authority/gate-ca-1.cwt --gate-token authority/status-signer-1.cwt
	sojourn authority status build authority
	sojourn trust import --trust revoked --status authority/status.list
	sojourn key attest 9A --check --trust revoked
	cp -r authority revoking
	sojourn authority status revoke revoking --document "$(sed -n 's/^Document number: //p' letter)"
	sojourn authority status build revoking
	sojourn trust import --trust revoked --status revoking/status.list
	fails 8 SJ-0805 sojourn key attest 9A --check --trust revoked
}

@test "admin-key: wrong, ill-formed, changed and back" {
	printf '%048d' 1 >bad
	fails 12 SJ-1210 sojourn key generate 88 --admin-key-file bad
	echo 0102 >short
	fails 12 SJ-1204 sojourn key generate 88 --admin-key-file short
	openssl rand -hex 32 >new
	sojourn key admin-key --admin-key-file admin --new-admin-key-file new --algorithm AES-256
	fails 12 SJ-1204 sojourn key generate 88 --admin-key-file admin
	sojourn key admin-key --admin-key-file new --new-admin-key-file admin --algorithm AES-192
	admin generate 88 --out pub
}

@test "contactless, a card that hides: its CAN opens it, remembered only when asked" {
	card_out
	card_in contactless
	sleep 0.5
	fails 12 SJ-1203 setsid sojourn key list
	echo 000000 >nocan
	fails 12 SJ-1201 sojourn key list --can-file nocan
	sojourn key list --can-file can | grep -q 'over pace'
	sojourn key list --can-file can | grep 'tries left' >tries
	fails 6 SJ-0606 sojourn key reset --yes --can-file can # it would only spend tries
	sojourn key list --can-file can | grep 'tries left' | diff tries -
	sojourn trust import --trust trust --csca authority/csca-1.cer
	sojourn verify --trust trust --can-file can >/dev/null # leaves another application selected
	signs9a_over_air
	[ ! -e "$XDG_STATE_HOME/sojourn/codes" ]
	sojourn key list --can-file can --remember >/dev/null
	[ "$(stat -c %a "$XDG_STATE_HOME/sojourn/codes")" = 700 ]
	setsid sojourn key list | grep -q 'over pace'
	sojourn key forget
	fails 12 SJ-1203 setsid sojourn key list
	card_out
	card_in contact
	sleep 0.5
}

signs9a_over_air() {
	sojourn key certificate 9A --can-file can | openssl x509 -noout -pubkey >pub
	head -c 500 /dev/urandom >message
	sojourn key sign 9A message --pin-file pin --can-file can --out signature
	openssl dgst -sha256 -verify pub -signature signature message
}

@test "contactless, by NIST SP 800-73: the pairing code opens it, and the CVC is the authority's" {
	sojourn card new open.card
	sojourn issue --again -a authority --holder "$SHARE/holder.json" -p "$SHARE/face.jpg" -l open.letter --profile open \
		--pin-file pin --puk-file puk --exec -- sojourn card run open.card --link stdio
	sed -n 's/^Pairing code: //p' open.letter >pairing
	card_out
	card_in contactless open.card
	sleep 0.5
	echo 00000000 >nopairing
	fails 12 SJ-1209 sojourn key list --pairing-code-file nopairing
	(closed_store && fails 10 SJ-1002 like_others sojourn key list --pairing-code-file pairing) # judged by no store: told no secret
	sojourn key list --json --pairing-code-file pairing --remember --trust trust >out
	grep -q '"channel": "virtual-contact"' out
	grep -q '"cvc": null' out
	sojourn key certificate 9A | openssl x509 -noout -pubkey >pub
	signs 9A pub -sha256
	sojourn key forget "$(sed -n 's/.*"guid": "\(.*\)",/\1/p' out)"
	fails 12 SJ-1203 setsid sojourn key sign 9A message --pin-file pin
	card_out
	card_in contact
	sleep 0.5
}

@test "forget: a GUID that is none" {
	fails 2 SJ-0201 sojourn key forget 0102
}

@test "reset: everything is gone, but only with --yes" {
	fails 2 SJ-0201 sojourn key reset
	sojourn key list | grep -q '^9A '
	sojourn key reset --yes
	sojourn key list >out
	! grep -q '^9A ' out
	grep -q 'PIN        3 of 3 tries left (as delivered' out
}

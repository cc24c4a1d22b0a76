#!/usr/bin/env bats
# yubico-piv-tool 2.2.0, ykman 4.0.9 and ykcs11 2.2.0 manage a key card as they are. They find
# it by its reader's name.
bats_require_minimum_version 1.5.0

load stage.sh

DEFAULT=010203040506070801020304050607080102030405060708
YKCS11=/usr/lib/$(uname -m)-linux-gnu/libykcs11.so

setup_file() {
	export STAGE=$BATS_FILE_TMPDIR/stage SOJOURN_CONFIG=/dev/null PATH=$SOJOURN_BUILD/bin:$PATH
	export PIN=123456 PUK=12345678 MGM
	mkdir "$STAGE"
	stage_issue "$SOJOURN_BUILD/share/sojourn"
	MGM=$ADMIN
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	cp "$STAGE/visitor.card" .
	PCSCD_READER="Yubico YubiKey CCID" pcscd_start
	sojourn card run visitor.card --interface contact --port "$PCSCD_PORT" > /dev/null 2>&1 3>&- &
	echo $! > "$PCSCD_DIR/card.0"
	for _ in $(seq 100); do
		yubico-piv-tool -a version > /dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

teardown() {
	pcscd_stop
}

piv() {
	yubico-piv-tool -k"$MGM" "$@"
}

# ykman takes the second slot of the virtual reader for a second YubiKey: so the first by its name.
man() {
	ykman --reader "CCID 00 00" piv "$@"
}

p11() {
	pkcs11-tool --module "$YKCS11" "$@"
}

# imported KIND...: a key and a certificate of it, made outside: k.pem, c.pem.
imported() {
	openssl req -x509 -newkey "$@" -nodes -subj /CN=imported -days 9 -keyout k.pem -out c.pem 2> /dev/null
}

# The PIN and the PUK, wrong until there are no tries left.
block() {
	until [[ "$(yubico-piv-tool -a verify-pin -P 000000 2>&1)" == *blocked,* ]]; do :; done
	until [[ "$(yubico-piv-tool -a unblock-pin -P 00000000 -N $PIN 2>&1)" == *"is blocked,"* ]]; do :; done
}

# --- yubico-piv-tool ----------------------------------------------------------------------

@test "yubico-piv-tool: list-readers, version, status" {
	piv -a list-readers | grep -qx 'Yubico YubiKey CCID 00 00'
	piv -a version | grep -qx 'Application version 5.7.0 found.'
	run -0 piv -a status
	[[ "$output" == *"Serial Number:	"*"CHUID:"*"CCC:"* ]]
	[[ "$output" == *"Slot 9a:"*"Vera Visitor"*"Slot 9c:"*"Slot 9d:"*"Slot 9e:"*"PIN tries left:	3"* ]]
}

@test "yubico-piv-tool: generate, with each algorithm that the card has, in each kind of place" {
	echo hello > data
	for place in 9a:RSA2048 9a:ECCP256 9d:ECCP384 82:RSA2048 95:ECCP256; do
		slot=${place%:*} algorithm=${place#*:}
		piv -a generate -s "$slot" -A "$algorithm" -o key.pub
		piv -a verify-pin -P $PIN --sign -s "$slot" -A "$algorithm" -H SHA256 -i data -o sig
		openssl dgst -sha256 -verify key.pub -signature sig data
	done
	piv -a generate -s 9c -A ECCP256 -o key.pub
	piv -a verify-pin -P $PIN --sign -s 9c -A ECCP256 -H SHA256 -i data -o sig
	openssl dgst -sha256 -verify key.pub -signature sig data
	piv -a generate -s 9e -A ECCP384 --pin-policy never --touch-policy never -o key.pub
	piv -a version --sign -s 9e -A ECCP384 -H SHA384 -i data -o sig
	openssl dgst -sha384 -verify key.pub -signature sig data
}

@test "yubico-piv-tool: what the card refuses: RSA-1024, touch, a key without the management key" {
	run -1 piv -a generate -s 9a -A RSA1024
	[[ "$output" == *"Key generation failed"* ]]
	run -1 piv -a generate -s 9a -A ECCP256 --touch-policy always
	MGM=01020304050607080102030405060708010203040506070a
	run -1 piv -a generate -s 9a -A ECCP256
	[[ "$output" == *"Failed authentication"* ]]
}

# value ARC: of an extension of a.pem, as hexadecimal.
value() {
	openssl asn1parse -in a.pem | grep -A1 ":1.3.6.1.4.1.41482.3.$1\$" | sed -n 's/.*DUMP.://p'
}

@test "yubico-piv-tool: attest; the chain ends at the authority, and says what the key is" {
	piv -a generate -s 9a -A RSA2048 --pin-policy always -o key.pub
	piv -a attest -s 9a -o a.pem
	piv -a read-certificate -s f9 -o f9.pem
	openssl verify -CAfile "$CA" -untrusted f9.pem a.pem
	openssl x509 -in a.pem -noout -pubkey | cmp - key.pub
	openssl x509 -in a.pem -noout -subject | grep -qx 'subject=CN = Sojourn PIV Attestation 9a'
	issuer=$(openssl x509 -in a.pem -noout -issuer)
	[ "${issuer#issuer=}" = "$(openssl x509 -in f9.pem -noout -subject | sed 's/^subject=//')" ]
	serial=$(p11 -L | sed -n 's/.*YubiKey PIV #//p')
	[ "$(value 3) $(value 8) $(value 9)" = '050700 0301 00' ]
	number=$(value 7)
	[ $((16#${number:4})) -eq "$serial" ]
}

@test "yubico-piv-tool: keys that came from outside, and places without a key, are not attested" {
	imported ec -pkeyopt ec_paramgen_curve:P-384
	piv -a import-key -s 9d -i k.pem
	run -1 piv -a attest -s 9d
	[[ "$output" == *"Failed to attest data"* ]]
	run -1 piv -a attest -s 90
	run -1 piv -a attest -s f9
}

@test "yubico-piv-tool: import-key, import-certificate, test-signature, test-decipher" {
	imported rsa:2048
	piv -a import-key -s 9d -i k.pem --pin-policy once
	piv -a import-certificate -s 9d -i c.pem
	run -0 piv -a verify-pin -P $PIN -a test-signature -s 9d -i c.pem
	[[ "$output" == *"Successful RSA verification"* ]]
	run -0 piv -a verify-pin -P $PIN -a test-decipher -s 9d -i c.pem
	[[ "$output" == *"Successfully performed RSA decryption"* ]]
	for curve in P-256 P-384; do
		imported ec -pkeyopt ec_paramgen_curve:$curve
		piv -a import-key -s 83 -i k.pem
		run -0 piv -a verify-pin -P $PIN -a test-signature -s 83 -i c.pem
		[[ "$output" == *"Successful ECDSA verification"* ]]
		run -0 piv -a verify-pin -P $PIN -a test-decipher -s 83 -i c.pem
		[[ "$output" == *"Successfully performed ECDH exchange"* ]]
	done
	imported rsa:1024
	run -1 piv -a import-key -s 9d -i k.pem
}

@test "yubico-piv-tool: read-certificate, delete-certificate, DER and gzip" {
	imported rsa:2048
	openssl x509 -in c.pem -outform DER -out c.der
	gzip -9nk c.der
	piv -a import-certificate -s 84 -K DER -i c.der
	piv -a read-certificate -s 84 | cmp - c.pem
	piv -a import-certificate -s 84 -K GZIP -i c.der.gz
	piv -a read-object --id 0x5fc10f -f binary -o object
	grep -qaF "$(printf '\x71\x01\x01')" object
	piv -a delete-certificate -s 84
	run -1 piv -a read-certificate -s 84
	[[ "$output" == *"Failed fetching certificate"* ]]
}

@test "yubico-piv-tool: set-chuid, set-ccc, write-object, read-object" {
	piv -a read-object --id 0x5fc102 -o before
	piv -a set-chuid
	piv -a set-ccc
	piv -a read-object --id 0x5fc102 -o after
	run -1 cmp before after
	head -c 3000 /dev/urandom > data
	piv -a write-object --id 0x5fff10 -f binary -i data
	piv -a read-object --id 0x5fff10 -f binary | cmp - data
	run -1 piv -a write-object --id 0x5fff50 -f binary -i data
}

@test "yubico-piv-tool: set-mgm-key" {
	other=0102030405060708090a0b0c0d0e0f101112131415161718
	piv -a set-mgm-key -n $other
	run -1 piv -a set-chuid
	MGM=$other
	piv -a set-chuid
	run -1 piv -a set-mgm-key -n $DEFAULT --touch-policy always
	piv -a set-mgm-key -n $DEFAULT
	MGM=$DEFAULT
	piv -a set-chuid
}

@test "yubico-piv-tool: verify-pin, change-pin, change-puk, unblock-pin, pin-retries" {
	run -1 piv -a verify-pin -P 654321
	[[ "$output" == *"2 tries left"* ]]
	piv -a change-pin -P $PIN -N 654321
	piv -a verify-pin -P 654321
	piv -a change-puk -P $PUK -N 87654321
	run -1 piv -a change-puk -P $PUK -N 87654321
	for _ in 1 2 3; do
		run -1 piv -a verify-pin -P 000000
	done
	[[ "$output" == *"blocked"* ]]
	piv -a unblock-pin -P 87654321 -N 222222
	piv -a verify-pin -P 222222 -a pin-retries --pin-retries 9 --puk-retries 2
	piv -a status | grep -q 'PIN tries left:	9'
	piv -a verify-pin -P $PIN
	piv -a change-puk -P $PUK -N 87654321
}

@test "yubico-piv-tool: pin-retries wants the PIN" {
	run -1 piv -a pin-retries --pin-retries 9 --puk-retries 2
	piv -a status | grep -q 'PIN tries left:	3'
}

@test "yubico-piv-tool: reset, when PIN and PUK are blocked; the attestation key stays" {
	run -1 piv -a reset
	[[ "$output" == *"Reset failed"* ]]
	block
	piv -a reset
	MGM=$DEFAULT
	run -0 piv -a status
	[[ "$output" == *"Serial Number:	"*"CHUID:	No data available"*"PIN tries left:	3"* ]]
	[[ "$output" != *"Slot 9a"* ]]
	piv -a generate -s 9a -A ECCP256 -o key.pub
	piv -a attest -s 9a -o a.pem
	piv -a read-certificate -s f9 -o f9.pem
	openssl verify -CAfile "$CA" -untrusted f9.pem a.pem
}

# With OpenSSL 3 it hands its private key operation to an object that X509_sign() and
# X509_REQ_sign() do not ask: both fail after VERIFY, and no GENERAL AUTHENTICATE has left.
@test "yubico-piv-tool: selfsign-certificate and request-certificate fail by themselves" {
	for algorithm in RSA2048 ECCP256; do
		piv -a generate -s 9a -A $algorithm -o key.pub
		for action in selfsign-certificate request-certificate; do
			run -1 piv -v2 -a verify-pin -P $PIN -a $action -s 9a -S /CN=self/ -i key.pub
			[[ "$output" == *"> 00 20 00 80 08 "*"< 90 00"*"$action"*"Failed signing"* ]]
			[[ "$output" != *"> 00 87"* ]]
		done
	done
}

# --- ykman ------------------------------------------------------------------------------------

@test "ykman: list, info" {
	ykman list | grep -q 'YubiKey'
	run -0 man info
	[[ "$output" == *"PIV version: 5.7.0"*"Using default PIN"*"PIN tries remaining: 3/3"* ]]
	[[ "$output" == *"algorithm: TDES"*"Slot 9a"*"Vera Visitor"*"Slot 9e"* ]]
	[[ "$output" != *"default Management key"* ]]
}

@test "ykman: keys and certificates, with each algorithm" {
	for algorithm in RSA2048 ECCP256 ECCP384; do
		man keys generate -m $MGM -P $PIN -a $algorithm 9a key.pub
		man keys attest 9a a.pem
		man certificates export f9 f9.pem
		openssl verify -CAfile "$CA" -untrusted f9.pem a.pem
		man keys export 9a again.pub
		cmp key.pub again.pub
		man certificates generate -m $MGM -P $PIN -s CN=self 9a key.pub
		man certificates export 9a c.pem
		openssl verify -CAfile c.pem c.pem
		man certificates request -P $PIN -s CN=self 9a key.pub csr.pem
		openssl req -in csr.pem -verify -noout
	done
	run -1 man keys generate -m $MGM -P $PIN -a ECCP256 --touch-policy ALWAYS 9a key.pub
}

@test "ykman: a key whose PIN is asked for every time" {
	man keys generate -m $MGM -P $PIN -a ECCP256 --pin-policy ALWAYS 9c key.pub
	man certificates generate -m $MGM -P $PIN -s CN=self 9c key.pub
	man certificates export 9c c.pem
	openssl verify -CAfile c.pem c.pem
}

@test "ykman: keys and certificates from outside" {
	for kind in rsa:2048 'ec -pkeyopt ec_paramgen_curve:P-384'; do
		imported $kind
		man keys import -m $MGM -P $PIN 9d k.pem
		man certificates import -m $MGM -P $PIN --verify 9d c.pem
		man certificates export 9d again.pem
		cmp c.pem again.pem
		man certificates delete -m $MGM -P $PIN 9d
		run -1 man certificates export 9d again.pem
		run -1 man keys attest 9d a.pem
	done
}

@test "ykman: objects" {
	man objects generate -m $MGM -P $PIN chuid
	man objects generate -m $MGM -P $PIN ccc
	head -c 3000 /dev/urandom > data
	man objects import -m $MGM -P $PIN 0x5fff10 data
	man objects export 0x5fff10 - | cmp - data
}

@test "ykman: access" {
	man access change-pin -P $PIN -n 654321
	man access change-puk -p $PUK -n 87654321
	man access unblock-pin -p 87654321 -n 222222
	for algorithm in AES128 AES192 AES256; do
		man access change-management-key -m $MGM -a $algorithm -g -p -P 222222
		man info | grep -qx "Management key algorithm: $algorithm"
		man keys generate -P 222222 -a ECCP256 9a key.pub
		man access change-management-key -P 222222 -a TDES -n $MGM
	done
	man access set-retries -m $MGM -P 222222 -f 4 5
	run -0 man info
	[[ "$output" == *"Using default PIN"*"PIN tries remaining: 4/4"* ]]
}

@test "ykman: reset, which blocks PIN and PUK by itself" {
	man reset -f
	run -0 man info
	[[ "$output" == *"PIN tries remaining: 3/3"*"default Management key"*"CHUID:	No data available"* ]]
	[[ "$output" != *Slot* ]]
}

# --- ykcs11 ---------------------------------------------------------------------------------------

@test "ykcs11: the token and its objects" {
	run -0 p11 -L
	[[ "$output" == *"YubiKey PIV #"*"firmware version   : 5.70"* ]]
	run -0 p11 -O
	for label in 'PIV Authentication' 'Digital Signature' 'Key Management' 'Card Authentication'; do
		[[ "$output" == *"Public key for $label"* ]]
		[[ "$output" == *"X.509 Certificate for $label"* ]]
	done
	[[ "$output" == *"X.509 Certificate for PIV Attestation 9a"* ]]
}

@test "ykcs11: the tests of pkcs11-tool" {
	piv -a generate -s 9d -A RSA2048 -o key.pub
	run -0 p11 --test --login --pin $PIN
	[[ "$output" == *"No errors"* ]]
	[[ "$output" == *"SHA256-RSA-PKCS: OK"*"RSA-PKCS-OAEP"* ]]
}

@test "ykcs11: key pairs and certificates are written by the security officer" {
	p11 --login --login-type so --so-pin $MGM --keypairgen --key-type EC:secp384r1 --id 1
	p11 --login --login-type so --so-pin $MGM --keypairgen --key-type rsa:2048 --id 3
	imported rsa:2048
	openssl x509 -in c.pem -outform DER -out c.der
	p11 --login --login-type so --so-pin $MGM --write-object c.der --type cert --id 3
	p11 --read-object --type cert --id 3 | cmp - c.der
	echo hello > data
	piv -a attest -s 9d | openssl x509 -noout -pubkey > key.pem
	p11 --login --pin $PIN --sign -m SHA256-RSA-PKCS --id 3 -i data -o sig
	openssl dgst -sha256 -verify key.pem -signature sig data
	piv -a attest -s 9a | openssl x509 -noout -pubkey > key.pem
	openssl dgst -sha384 -binary data > digest
	p11 --login --pin $PIN --sign -m ECDSA --signature-format openssl --id 1 -i digest -o sig
	openssl dgst -sha384 -verify key.pem -signature sig data
}

# It knows not all attributes that pkcs11-tool gives with a private key: nothing reaches the card.
@test "ykcs11: private keys from outside are refused by itself" {
	imported rsa:2048
	openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER -out k.der
	run -1 p11 --login --login-type so --so-pin $MGM --write-object k.der --type privkey --id 3
	[[ "$output" == *CKR_ATTRIBUTE_TYPE_INVALID* ]]
}

@test "ykcs11: a key agreement" {
	man keys generate -m $MGM -P $PIN -a ECCP256 9d key.pub
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.pem
	openssl pkey -in peer.pem -pubout -outform DER -out peer.der
	openssl pkeyutl -derive -inkey peer.pem -peerkey key.pub -out ours
	p11 --login --pin $PIN --derive -m ECDH1-DERIVE --id 3 -i peer.der -o theirs
	cmp ours theirs
}

@test "ykcs11: PIN, PUK and management key are changed" {
	p11 --login --pin $PIN --change-pin --new-pin 654321
	run ! p11 --login --pin $PIN --test
	p11 --login --pin 654321 -O > /dev/null
}

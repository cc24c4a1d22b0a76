#!/usr/bin/env bats
# Each mechanism of the module on a card behind pcscd; OpenSSL alone says what a signature, a
# decrypted text and an agreed secret are worth. Keys: 9A, 9C P-256 as issued; made here: 9D RSA-2048, 82
# Ed25519, 83 X25519, 84 P-384, 85 RSA-3072; imported: 86 RSA-2048.
bats_require_minimum_version 1.5.0

load ../programs/stage.sh

HASHES="1 224 256 384 512"

setup_file() {
	export STAGE=$BATS_FILE_TMPDIR SOJOURN_CONFIG=/dev/null PATH=$SOJOURN_BUILD/bin:$PATH
	export PIN=123456 PUK=12345678 XDG_CACHE_HOME=$STAGE/cache ASAN_OPTIONS=detect_leaks=0
	export MODULE=$SOJOURN_BUILD/lib/pkcs11/sojourn-pkcs11.so
	cd "$STAGE"
	stage_issue "$SOJOURN_BUILD/share/sojourn"
	pcscd_start
	export PCSCD_DIR PCSCD_PID PCSCD_PORT
	stage_card
	admin --keypairgen --key-type rsa:2048 --id 9D
	admin --keypairgen --key-type EC:edwards25519 --id 82
	admin --keypairgen --key-type EC:curve25519 --id 83
	admin --keypairgen --key-type EC:secp384r1 --id 84
	admin --keypairgen --key-type rsa:3072 --id 85
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=imported -keyout 86.key -out 86.crt 2> /dev/null
	openssl rsa -in 86.key -outform DER -out 86.der 2> /dev/null
	admin --write-object 86.der --type privkey --id 86
	openssl x509 -in 86.crt -outform DER -out 86.cer
	admin --write-object 86.cer --type cert --id 86
	for id in 9A 9C 9D 82 84 85 86; do
		LD_PRELOAD=$(stage_preload) p11tool --provider "$MODULE" --login --set-pin "$PIN" --export-pubkey \
			"pkcs11:id=%$id;type=public" --outfile $id.pem > /dev/null 2>&1
	done
	echo -n "what is to be signed" > data
}

teardown_file() {
	stage_down
}

setup() {
	cd "$BATS_FILE_TMPDIR"
}

p11() {
	LD_PRELOAD=$(stage_preload) pkcs11-tool --module "$MODULE" "$@"
}

admin() {
	p11 --login --login-type so --so-pin "$ADMIN" "$@"
}

user() {
	p11 --login --pin "$PIN" "$@"
}

# holds ID MECHANISM HASH [OPTION OF openssl...]: what the card signs, OpenSSL verifies.
holds() {
	local id=$1 mechanism=$2 hash=$3
	shift 3
	user --sign -m "$mechanism" --id "$id" -i data -o sig --signature-format openssl
	openssl dgst -"sha$hash" "$@" -verify "$id.pem" -signature sig data
}

name() {
	[ "$1" = 1 ] && echo SHA1 || echo "SHA$1"
}

@test "RSA PKCS #1 with every hash" {
	for h in $HASHES; do
		holds 9D "$(name "$h")-RSA-PKCS" "$h"
	done
	holds 85 SHA256-RSA-PKCS 256
}

@test "RSA PSS with every hash" {
	for h in $HASHES; do
		holds 9D "$(name "$h")-RSA-PKCS-PSS" "$h" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
	done
	holds 85 SHA512-RSA-PKCS-PSS 512 -sigopt rsa_padding_mode:pss
}

@test "RSA with a digest that the program made" {
	openssl dgst -sha256 -binary data > hash
	user --sign -m RSA-PKCS-PSS --hash-algorithm SHA256 --id 9D -i hash -o sig
	openssl dgst -sha256 -sigopt rsa_padding_mode:pss -verify 9D.pem -signature sig data
	{ printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20'; cat hash; } > info
	user --sign -m RSA-PKCS --id 9D -i info -o sig
	openssl dgst -sha256 -verify 9D.pem -signature sig data
}

@test "ECDSA with every hash, on both curves" {
	for h in $HASHES; do
		holds 9A "ECDSA-$(name "$h")" "$h"
		holds 84 "ECDSA-$(name "$h")" "$h"
	done
	openssl dgst -sha256 -binary data > hash
	user --sign -m ECDSA --id 9A -i hash -o sig --signature-format openssl
	openssl dgst -sha256 -verify 9A.pem -signature sig data
}

@test "EdDSA" {
	user --sign -m EDDSA --id 82 -i data -o sig
	openssl pkeyutl -verify -pubin -inkey 82.pem -rawin -in data -sigfile sig
}

@test "the key for signatures takes the PIN each time" {
	holds 9C ECDSA-SHA256 256
}

@test "an imported key is the one outside" {
	holds 86 SHA256-RSA-PKCS 256
	openssl x509 -in 86.crt -pubkey -noout | openssl dgst -sha256 -verify /dev/stdin -signature sig data
	p11 --read-object --type cert --id 86 -o back.cer
	cmp 86.cer back.cer
}

@test "what OpenSSL encrypts, the card decrypts" {
	openssl pkeyutl -encrypt -pubin -inkey 9D.pem -in data -out sealed
	user --decrypt -m RSA-PKCS --id 9D -i sealed -o opened
	cmp data opened
	for h in SHA1 SHA256 SHA512; do
		[ $h = SHA1 ] && h=SHA-1
		openssl pkeyutl -encrypt -pubin -inkey 9D.pem -in data -out sealed -pkeyopt rsa_padding_mode:oaep \
			-pkeyopt rsa_oaep_md:"${h/-/}" -pkeyopt rsa_mgf1_md:"${h/-/}"
		user --decrypt -m RSA-PKCS-OAEP --hash-algorithm $h --mgf "MGF1-${h/-/}" --id 9D -i sealed -o opened
		cmp data opened
	done
	run ! user --decrypt -m RSA-PKCS --id 9D -i sealed -o opened
}

@test "OpenSSL and the card agree on a secret" {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out mine.pem
	openssl pkey -in mine.pem -pubout -outform DER -out mine.der
	user --derive -m ECDH1-DERIVE --id 84 -i mine.der -o theirs
	openssl pkeyutl -derive -inkey mine.pem -peerkey 84.pem -out ours
	cmp ours theirs
}

@test "pkcs11-tool's own tests find no error" {
	run user --test
	[[ "$output" == *"No errors"* ]]
}

@test "certificates and keys of the card are deleted by the SO alone" {
	run ! user --delete-object --type cert --id 86
	admin --delete-object --type cert --id 86
	run p11 -O --type cert
	[[ "$output" != *imported* && "$output" == *"Key Management"* ]]
}

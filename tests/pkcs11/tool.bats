#!/usr/bin/env bats
# pkcs11-tool 0.23 with our module, through pcscd: its own tests, and each mechanism judged by OpenSSL.

load ../programs/stage.sh

setup_file() {
	stage_up
	export ASAN_OPTIONS=detect_leaks=0 # of programs that are not ours
	export TSAN_OPTIONS="die_after_fork=0 suppressions=$BATS_TEST_DIRNAME/tsan.supp"
}

teardown_file() {
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
	echo 'A statement to sign.' > text
}

p11() {
	LD_PRELOAD=$(stage_preload) timeout 120 pkcs11-tool --module "$MODULE" "$@"
}

# public ID FILE: a key's public half, by the card's own statement that it made it: the tool
# itself reads no more than P-256 and RSA.
public() {
	yubico-piv-tool -r '' -a attest -s "$1" | openssl x509 -noout -pubkey > "$2"
}

# sign ID MECHANISM [OPTION...]: of `input` into `signature`.
sign() {
	local id=$1 mechanism=$2
	shift 2
	p11 -l -p "$PIN" --sign --id "$id" -m "$mechanism" -i input -o signature "$@"
}

# The hash of a mechanism's name: SHA256, or what OpenSSL calls it.
hash_of() {
	sed -n 's/.*\(SHA[0-9]*\).*/\1/p' <<< "$1" | sed 's/^SHA224$/sha224/; s/^SHA1$/sha1/'
}

tested() {
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'No errors'* ]]
	! grep -i 'failed\|ERR:' <<< "$output"
}

@test "pkcs11-tool --test --login, contact" {
	run p11 --test --login --pin "$PIN"
	tested
}

# OpenSSL takes longer to be ready for its first digest than all that this asks of the card.
@test "a key of a curve is found and used without any algorithm of OpenSSL" {
	local signer=${MODULE%/lib/pkcs11/*}/tests/bench/signer
	stage_needs "$signer"
	printf '%s\n' 'openssl_conf = none' '[none]' 'providers = some' '[some]' 'base = base' \
		'[base]' 'activate = 1' > none.cnf
	OPENSSL_CONF=$PWD/none.cnf run ! openssl dgst -sha256 text
	for _ in new known; do
		XDG_CACHE_HOME=$PWD/none OPENSSL_CONF=$PWD/none.cnf "$signer" first "$MODULE" 9A "$PIN" ec
	done
	[ -n "$(ls none/sojourn/pkcs11)" ]
}

@test "pkcs11-tool --test-threads" {
	# No pauses: the tool waits half a minute for a thread that has not ended before it looks.
	run p11 --test-threads ILGISLT0SLT0GI --test-threads INSLT0GIT0SL --test-threads ILSLT0T0T0 \
		--test-threads INSLT0SLT0 --test --login --pin "$PIN"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'No errors'* ]]
	! grep -E 'returned CKR_' <<< "$output" | grep -vE 'CKR_OK|CKR_CRYPTOKI_ALREADY_INITIALIZED'
}

@test "pkcs11-tool --test-hotplug" {
	stage_take
	mkfifo hotplug
	p11 --test-hotplug < hotplug > hotplug.log 2>&1 3>&- &
	local program=$!
	exec 9> hotplug
	printf '\n' >&9
	sleep 0.5
	stage_card
	printf '\n' >&9
	sleep 0.5
	printf 'x\n\n' >&9
	sleep 0.5
	stage_take
	sleep 1
	printf 'x\n' >&9
	exec 9>&-
	stage_card
	cat hotplug.log
	wait "$program" || true # it wants a token in the end
	grep -q 'event on slot 0x0' hotplug.log
	grep -q '(empty)' hotplug.log
	grep -q 'token label' hotplug.log
}

@test "pkcs11-tool --test-fork" {
	run p11 --test-fork
	echo "$output"
	[ "$status" -eq 0 ]
	! grep -E 'CKR_|failed' <<< "$output"
}

@test "keys of each algorithm made by the SO, their certificates written, used and deleted" {
	local kind id=86
	for kind in EC:prime256v1 EC:secp384r1 rsa:2048 EC:edwards25519 EC:curve25519; do
		p11 --login --login-type so --so-pin "$ADMIN" --keypairgen --key-type $kind --id $id
		public $id $id.pub
		openssl x509 -new -force_pubkey $id.pub -CA "$CA" -CAkey ut/key-ca-1.key -subj "/CN=$HOLDER" \
			-days 9 -outform DER -out $id.der
		p11 --login --login-type so --so-pin "$ADMIN" -w $id.der -y cert --id $id
		p11 --read-object --type cert --id $id -o read.der
		cmp read.der $id.der
		p11 -l -p "$PIN" -O | grep -A3 '^Private Key' | grep -q "ID: *$id"
		p11 --login --login-type so --so-pin "$ADMIN" --delete-object --type cert --id $id
		id=$((id + 1))
	done
}

@test "ECDSA, with and without a hash, verifies" {
	local mechanism hash
	public 9a 9a.pub
	for mechanism in ECDSA-SHA1 ECDSA-SHA224 ECDSA-SHA256 ECDSA-SHA384 ECDSA-SHA512; do
		cp text input
		sign 9a $mechanism --signature-format openssl
		openssl dgst -"$(hash_of $mechanism)" -verify 9a.pub -signature signature text
	done
	openssl dgst -sha256 -binary -out input text
	sign 9a ECDSA --signature-format openssl
	openssl dgst -sha256 -verify 9a.pub -signature signature text
	sign 9a ECDSA --signature-format openssl --login-type user
	public 9c 9c.pub
	sign 9c ECDSA --signature-format openssl
	openssl dgst -sha256 -verify 9c.pub -signature signature text
}

@test "RSA PKCS#1 and raw, with and without a hash, verifies" {
	local mechanism
	public 82 82.pub
	cp text input
	for mechanism in SHA1-RSA-PKCS SHA224-RSA-PKCS SHA256-RSA-PKCS SHA384-RSA-PKCS SHA512-RSA-PKCS; do
		sign 82 $mechanism
		openssl dgst -"$(hash_of $mechanism)" -verify 82.pub -signature signature text
	done
	sign 82 RSA-PKCS
	openssl pkeyutl -verifyrecover -pubin -inkey 82.pub -in signature | cmp - text
	head -c 255 /dev/urandom | cat <(printf '\0') - > input
	sign 82 RSA-X-509
	openssl pkeyutl -verifyrecover -pubin -inkey 82.pub -pkeyopt rsa_padding_mode:none -in signature |
		cmp - input
}

@test "RSA PSS with each hash verifies" {
	local hash
	public 82 82.pub
	cp text input
	for hash in SHA1 SHA224 SHA256 SHA384 SHA512; do
		sign 82 $hash-RSA-PKCS-PSS
		openssl dgst -"$(hash_of $hash)" -sigopt rsa_padding_mode:pss -verify 82.pub -signature signature text
	done
	openssl dgst -sha256 -binary -out input text
	sign 82 RSA-PKCS-PSS --hash-algorithm SHA256
	openssl dgst -sha256 -sigopt rsa_padding_mode:pss -verify 82.pub -signature signature text
}

@test "what OpenSSL encrypts the card decrypts: PKCS#1, OAEP, raw" {
	local hash
	public 82 82.pub
	openssl pkeyutl -encrypt -pubin -inkey 82.pub -in text -out sealed
	p11 -l -p "$PIN" --decrypt --id 82 -m RSA-PKCS -i sealed -o opened
	cmp opened text
	for hash in SHA1 SHA256 SHA384 SHA512; do
		openssl pkeyutl -encrypt -pubin -inkey 82.pub -pkeyopt rsa_padding_mode:oaep \
			-pkeyopt rsa_oaep_md:$hash -pkeyopt rsa_mgf1_md:$hash -in text -out sealed
		p11 -l -p "$PIN" --decrypt --id 82 -m RSA-PKCS-OAEP --hash-algorithm ${hash/SHA1/SHA-1} \
			--mgf MGF1-$hash -i sealed -o opened
		cmp opened text
	done
}

@test "a secret agreed with the card is OpenSSL's" {
	public 9d 9d.pub
	openssl ecparam -name prime256v1 -genkey -noout -out other.key
	openssl pkey -in other.key -pubout -outform DER -out other.der
	p11 -l -p "$PIN" --derive -m ECDH1-DERIVE --id 9d -i other.der -o agreed
	openssl pkeyutl -derive -inkey other.key -peerkey 9d.pub | cmp - agreed
}

@test "PINs: changed, wrong, blocked, given anew by the SO" {
	p11 --change-pin --pin "$PIN" --new-pin 654321
	run ! p11 -l -p "$PIN" -O
	p11 -l -p 654321 -O
	run ! p11 -l -p 111111 -O
	p11 -L | grep -q 'user PIN count low'
	p11 --change-pin --pin 654321 --new-pin "$PIN"
	p11 -L | grep -q 'token flags' && run ! grep -q 'count low' <(p11 -L)
}

@test "random bytes come from the card" {
	[ "$(p11 --generate-random 1000 | wc -c)" -eq 1000 ]
}

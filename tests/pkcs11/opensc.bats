#!/usr/bin/env bats
# OpenSC 0.23 and its own PKCS#11 module on our card, as on any PIV card.

load ../programs/stage.sh

setup_file() {
	export MODULE=/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so
	stage_up
}

teardown_file() {
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
}

@test "opensc-tool knows a PIV card" {
	run opensc-tool -n
	echo "$output"
	[[ $output == *PIV* || $output == *Personal\ Identity* ]]
}

@test "pkcs15-tool shows certificates and keys" {
	run pkcs15-tool -D
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^X.509 Certificate' <<< "$output")" -ge 4 ]
	pkcs15-tool --read-certificate 01 > 9A.pem
	openssl verify -CAfile "$CA" 9A.pem
}

@test "piv-tool reads objects, makes a key and writes a certificate" {
	local key=$ADMIN
	piv-tool --serial
	piv-tool --name
	printf '%s' "$key" | sed 's/../&:/g; s/:$//' > admin
	# 0.23 with OpenSSL 3 fails in its own gen_key() once the card has answered: the key is there.
	yubico-piv-tool -r '' -a attest -s 9d | openssl x509 -noout -pubkey > before.pub
	PIV_EXT_AUTH_KEY=$PWD/admin OPENSC_DEBUG=9 run piv-tool -A M:9B:03 -G 9D:11
	[[ $output == *'piv_generate_key: returning with: 0 (Success)'* ]]
	yubico-piv-tool -r '' -a attest -s 9d | openssl x509 -noout -pubkey > 9D.pub
	run ! cmp before.pub 9D.pub
	openssl x509 -new -force_pubkey 9D.pub -CA "$CA" -CAkey ut/key-ca-1.key -subj "/CN=$HOLDER" \
		-days 30 -out 9D.pem
	PIV_EXT_AUTH_KEY="$PWD/admin" run piv-tool -A M:9B:03 -C 9D -i 9D.pem # ends with the number of bytes
	pkcs15-tool --read-certificate 03 | openssl x509 -noout -pubkey | cmp - 9D.pub
}

@test "pkcs11-tool --test through opensc-pkcs11" {
	run timeout 120 pkcs11-tool --module "$MODULE" --test --login --pin "$PIN"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'No errors'* ]]
}

@test "a wrong PIN costs a try, and the right one gives it back" {
	run pkcs11-tool --module "$MODULE" --login --pin 99999999 -O
	[ "$status" -ne 0 ]
	run pkcs11-tool --module "$MODULE" --login --pin "$PIN" -O
	[ "$status" -eq 0 ]
}

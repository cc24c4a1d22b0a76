#!/usr/bin/env bats
# pkcs11-tool with our module and cards on a contactless reader: a private one, opened by its
# CAN, and one that tells all but wants secure messaging and its pairing code for private keys.

load ../programs/stage.sh

setup() {
	BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
	export ASAN_OPTIONS=detect_leaks=0 # of programs that are not ours
	export TSAN_OPTIONS="die_after_fork=0 suppressions=$BATS_TEST_DIRNAME/tsan.supp"
}

teardown() {
	stage_down
}

# On a contact reader the card was prepared; now it is laid on another.
on_air() {
	stage_up "$@"
	cd "$STAGE"
	stage_take
	stage_card --interface contactless
}

p11() {
	LD_PRELOAD=$(stage_preload) timeout 120 pkcs11-tool --module "$MODULE" "$@"
}

# What the module is told: conf KEY VALUE
conf() {
	printf '[pkcs11]\n%s = %s\n' "$1" "$2" > module.conf
	export SOJOURN_PKCS11_CONF=$STAGE/module.conf
}

# tested ERRORS: as pkcs11-tool counts them.
tested() {
	run p11 --test --login --pin "$PIN"
	echo "$output"
	[[ $output == *"$1" ]]
	p11 -l -p "$PIN" --sign --id 9a -m ECDSA-SHA256 --signature-format openssl -i holder.json -o signature
	p11 --read-object --type cert --id 9a -o 9a.der
	openssl x509 -inform DER -in 9a.der -noout -pubkey > 9a.pub
	openssl dgst -sha256 -verify 9a.pub -signature signature holder.json
}

@test "pkcs11-tool --test --login, a private card by its CAN" {
	on_air
	run ! p11 --read-object --type cert --id 9a
	conf can-file "$STAGE/can"
	tested 'No errors'
}

@test "pkcs11-tool --test --login, an open card by secure messaging and its pairing code" {
	on_air --profile open
	conf pairing-code-file "$STAGE/pairing"
	# The one error: no random bytes, which are the management key's challenges, and that is for contact.
	tested '1 errors'
	[[ $output == *CKR_RANDOM_NO_RNG* ]]
	run ! grep rng <(p11 -L)
}

@test "with a trust directory, a card of another issuer gets no pairing code" {
	on_air --profile open
	conf pairing-code-file "$STAGE/pairing"
	p11 --read-object --type cert --id 9a -o 9a.der
	sojourn authority init other
	sojourn trust import --trust others --key-ca other/key-ca-1.cer
	echo "trust = $STAGE/others" >> module.conf
	run ! p11 -l -p "$PIN" --sign --id 9a -m ECDSA-SHA256 -i holder.json -o refused
	sojourn trust import --trust others --key-ca ut/key-ca-1.cer
	p11 -l -p "$PIN" --sign --id 9a -m ECDSA-SHA256 -i holder.json -o signature
}

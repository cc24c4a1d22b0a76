#!/usr/bin/env bats
# The card through a real pcscd, seen by programs that share no code with it.

source "$BATS_TEST_DIRNAME/../reader/pcscd.sh"

setup_file() {
	export SOJOURN_BUILD=${SOJOURN_BUILD:-build}
	PATH=$(realpath "$SOJOURN_BUILD")/bin:$PATH
	export PATH
	export ROOT=$PWD
	sojourn authority init "$BATS_FILE_TMPDIR/utopia" --named-curves
	pcscd_start
	export PCSCD_DIR PCSCD_PORT PCSCD_PID
}

teardown_file() {
	pcscd_stop
}

teardown() {
	[ -z "${CARD_PID:-}" ] || kill "$CARD_PID" 2> /dev/null || true
	[ -z "${CARD_PID:-}" ] || wait "$CARD_PID" 2> /dev/null || true
	for _ in $(seq 40); do # pcscd looks every 400 ms whether the card is still there
		sojourn reader list --json | grep -q '"state": "card"' || break
		sleep 0.05
	done
}

# issued ISSUE-OPTIONS...: a card of this profile is in the reader; MRZ and CAN are set.
issued() {
	cd "$BATS_TEST_TMPDIR"
	sojourn card new card
	sojourn card run card --port "$PCSCD_PORT" 2> card.log 3>&- &
	CARD_PID=$!
	sojourn issue --again --authority "$BATS_FILE_TMPDIR/utopia" --holder "$ROOT/tools/demo/holder.json" \
		--portrait "$ROOT/tools/demo/face.jpg" --letter-out letter --reader "Test PCD 00 00" "$@"
	CAN=$(sed -n 's/^Card access number.*: //p' letter)
	# number and its check digit, birth and expiry with theirs, of a TD1 document
	MRZ=$(sed -n '/^Machine/,$p' letter | sed -n '2,3p' | tr -d '\n' |
		sed -E 's/^.{5}(.{10}).{15}(.{7}).(.{7}).*/\1\2\3/')
}

# Output that a failed test shows.
icao_reader() {
	/usr/bin/python3 "$ROOT/tests/peers/icao_reader.py" --reader "Test PCD 00 00" "$@"
}

# has JSON KEY PATTERN: the value that the reader reported.
has() {
	/usr/bin/python3 -c 'import json, re, sys
value = json.loads(sys.argv[1])[sys.argv[2]]
sys.exit(0 if re.search(sys.argv[3], str(value)) else f"{sys.argv[2]}: {value}")' "$1" "$2" "$3"
}

@test "opensc-tool sees the card, its ATR, and selects the LDS application" {
	issued
	run opensc-tool --reader 0 --atr
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ "$output" == 3b:* ]]
	run opensc-tool --reader 0 -s 00:A4:04:0C:07:A0:00:00:02:47:10:01 -s 00:B0:9E:00:00
	[[ "$output" == *"SW1=0x90, SW2=0x00"* ]]
	[[ "$output" == *"SW1=0x69, SW2=0x82"* ]]
}

@test "pyscard: BAC with 3DES, Chip Authentication 3DES, Active Authentication RSA-2048" {
	issued --access bac --ca P-256:3des --aa rsa-2048
	run icao_reader --access bac --mrz "$MRZ" --dump files
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has "$output" access '^BAC$'
	has "$output" chip 'secp256r1 3des'
	has "$output" active '^RSA-2048'
	openssl cms -verify -inform DER -noverify -in <(tail -c +5 files/EF.SOD) -out /dev/null
}

@test "pyscard: PACE-GM with the CAN, AES-128, Chip and Active Authentication by ECDSA" {
	issued
	run icao_reader --access pace --can "$CAN" --dump files
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has "$output" access 'PACE GM prime256v1 aes-128'
	has "$output" chip 'secp256r1 aes-128'
	has "$output" active '^ECDSA secp256r1'
}

@test "pyscard: PACE-GM with the MRZ, 3DES on brainpoolP256r1, RSA-3072" {
	issued --access pace --pace GM:3des:brainpoolP256r1 --ca brainpoolP256r1:3des --aa rsa-3072
	run icao_reader --access pace --mrz "$MRZ"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has "$output" access 'PACE GM brainpoolP256r1 3des'
	has "$output" active '^RSA-3072'
}

@test "pyscard: AES-192 on P-384, AES-256 on brainpoolP512r1, extended length" {
	issued --pace GM:aes192:P-384 --ca P-384:aes192 --aa ec:P-384
	run icao_reader --access pace --can "$CAN"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has "$output" access 'secp384r1 aes-192'
	teardown
	issued_dir=$BATS_TEST_TMPDIR/second && mkdir "$issued_dir" && BATS_TEST_TMPDIR=$issued_dir
	issued --pace GM:aes256:brainpoolP512r1 --ca brainpoolP512r1:aes256 --aa ec:brainpoolP512r1
	run icao_reader --access pace --can "$CAN" --extended
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has "$output" access 'brainpoolP512r1 aes-256'
	has "$output" chip 'brainpoolP512r1 aes-256'
}

@test "pyscard: a wrong CAN and a wrong MRZ are refused" {
	issued
	wrong=$(printf '%06d' $(((10#$CAN + 1) % 1000000)))
	run icao_reader --access pace --can "$wrong" --expect-refused
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	run icao_reader --access bac --mrz "${MRZ/0/1}" --expect-refused
	[ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "openssl cms -verify accepts the SOD up to the CSCA" {
	issued --sod-version 1
	run icao_reader --access pace --can "$CAN" --dump files
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	openssl x509 -inform DER -in "$BATS_FILE_TMPDIR"/utopia/csca-1.cer -out csca.pem
	# what EF.SOD holds inside its tag 77: the header has 4 bytes
	tail -c +5 files/EF.SOD > sod.cms
	openssl cms -verify -inform DER -in sod.cms -CAfile csca.pem -purpose any -out lds
	openssl asn1parse -inform DER -in lds | grep -q 'OCTET STRING'
}

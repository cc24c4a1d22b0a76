#!/usr/bin/env bats
# OpenPACE's cvc-print reads and verifies our CV certificates and requests; what its cvc-create
# makes, we read and verify.

setup_file() {
	PATH=$(realpath "${SOJOURN_BUILD:-build}")/bin:$PATH
	export PATH SOJOURN_CONFIG=/dev/null
}

setup() {
	bats_require_minimum_version 1.5.0
	command -v cvc-print cvc-create >/dev/null || skip "SKIPPED: no OpenPACE (package openpace)"
	cd "$BATS_TEST_TMPDIR" || exit 1
	mkdir anchors
}

# verified FILE: by cvc-print, with those of anchors/, named by their holders.
verified() {
	cvc-print --cvc "$1" --cvc-dir anchors >said 2>&1
	grep -qx 'certificate verified' said
}

# ours CURVE: an authority with its whole chain, and a terminal.
ours() {
	sojourn authority init ut
	sojourn authority cvca init ut --key "$1"
	sojourn authority cvca renew ut
	sojourn authority dv init ut
	sojourn authority terminal request --holder UTHOTEL00001 --key "$1" --key-out t.key --out t.cvreq
	sojourn authority terminal sign ut t.cvreq --service 'bank account opening' --out t.cvcert
	cp ut/cvca-at-1.cvcert anchors/UTCVCAAT00001
	cp ut/cvca-link-at-2.cvcert anchors/UTCVCAAT00002
	cp ut/dv-at-1.cvcert anchors/UTDVAT00001
}

check_ours() {
	ours "$1"
	cvc-print --csr t.cvreq | grep -qx '  certificate request verified'
	verified ut/cvca-at-1.cvcert
	verified ut/cvca-link-at-2.cvcert
	grep -qx '  CHR: UTCVCAAT00002' said
	verified ut/cvca-at-2.cvcert # under the key that the link brought
	verified ut/dv-at-1.cvcert
	grep -qx '      DV certificate' said
	verified t.cvcert
	grep -qx '      Terminal certificate' said
	grep -qx "  Expiration Date: $(sojourn authority terminal show --json t.cvcert | sed -n 's/.*"lastDay": "\(.*\)".*/\1/p')" said
	sed -n '/Authentication terminal/,/Terminal cert/p' said | sed 's/ (.*//; s/^ *//' | sed '1d;$d' | paste -sd, >rights
	[ "$(cat rights)" = 'Read DG 3,Read DG 4,Read DG 5,Read DG 8,Read DG 10,Read DG 17' ]
}

@test "cvc-print verifies CVCA, link, DV, terminal and request on P-256" { check_ours P-256; }
@test "cvc-print verifies CVCA, link, DV, terminal and request on P-384" { check_ours P-384; }
@test "cvc-print verifies CVCA, link, DV, terminal and request on P-521" { check_ours P-521; }
@test "cvc-print verifies CVCA, link, DV, terminal and request on brainpoolP256r1" { check_ours brainpoolP256r1; }
@test "cvc-print verifies CVCA, link, DV, terminal and request on brainpoolP384r1" { check_ours brainpoolP384r1; }
@test "cvc-print verifies CVCA, link, DV, terminal and request on brainpoolP512r1" { check_ours brainpoolP512r1; }

@test "cvc-print refuses a byte that we did not sign" {
	ours P-256
	/usr/bin/python3 -c '
b = bytearray(open("t.cvcert", "rb").read())
b[-1] ^= 1
open("t.cvcert", "wb").write(b)'
	run ! verified t.cvcert
	run -13 sojourn authority terminal show t.cvcert --under ut/cvca-at-2.cvcert --under ut/dv-at-1.cvcert
}

# create NAME ROLE [OPTION...]: NAME.cvcert and NAME.key by cvc-create.
create() {
	cvc-create --role="$2" --out-cert "$1.cvcert" --expires="$(date -u -d '+30 days' +%y%m%d)" "${@:3}" >talk 2>&1
}

# theirs KEY-OPTIONS SCHEME: CVCA, DV and terminal of OpenPACE, which we verify.
check_theirs() {
	local scheme=$1 under
	shift
	openssl genpkey -outform DER -out ca.key "$@" 2>/dev/null
	openssl genpkey -outform DER -out dv.key "$@" 2>/dev/null
	create ca cvca --type=at --chr=XOCVCA00001 --sign-with=ca.key --scheme="$scheme" --read-dg4 --read-dg8 --rid
	create dv dv_foreign --chr=XODV00001 --key=dv.key --sign-with=ca.key --sign-as=ca.cvcert --scheme="$scheme" --read-dg4 --read-dg8
	create t terminal --chr=XOTERM00001 --key=dv.key --sign-with=dv.key --sign-as=dv.cvcert --scheme="$scheme" --read-dg4
	under=(--under ca.cvcert --under dv.cvcert)
	sojourn authority terminal show --json t.cvcert "${under[@]}" | grep -q '"template": "0000000800"'
	sojourn authority terminal show dv.cvcert --under ca.cvcert | grep -q '^foreign-dv XODV00001'
	run -13 sojourn authority terminal show t.cvcert --under ca.cvcert
	/usr/bin/python3 -c '
b = bytearray(open("t.cvcert", "rb").read())
b[-1] ^= 1
open("t.cvcert", "wb").write(b)'
	run -13 sojourn authority terminal show t.cvcert "${under[@]}"
	[[ $output == *"signature does not hold"* ]]
}

ec() { check_theirs "$1" -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -pkeyopt ec_param_enc:explicit; }

@test "we verify cvc-create's chain: ECDSA with SHA-256 on brainpoolP256r1" { ec ECDSA_SHA_256 brainpoolP256r1; }
@test "we verify cvc-create's chain: ECDSA with SHA-384 on P-384" { ec ECDSA_SHA_384 P-384; }
@test "we verify cvc-create's chain: ECDSA with SHA-512 on brainpoolP512r1" { ec ECDSA_SHA_512 brainpoolP512r1; }
@test "we verify cvc-create's chain: ECDSA with SHA-1 on P-256" { ec ECDSA_SHA_1 P-256; }

rsa() { check_theirs "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:2048; }

@test "we verify cvc-create's chain: RSA v1.5 with SHA-256" { rsa RSA_v1_5_SHA_256; }
@test "we verify cvc-create's chain: RSA PSS with SHA-256" { rsa RSA_PSS_SHA_256; }
@test "we verify cvc-create's chain: RSA PSS with SHA-1" { rsa RSA_PSS_SHA_1; }

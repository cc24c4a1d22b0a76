# The authority's commands, its directory, and what foreign tools say to its files.

setup() {
	sojourn="${SOJOURN_BUILD:-build}/bin/sojourn"
	dir="$BATS_TEST_TMPDIR/ut"
}

init() { "$sojourn" authority init "$dir" "$@"; }

# The PEM forms of two certificates of $dir.
pems() {
	for name; do
		openssl x509 -inform DER -in "$dir/$name.cer" -out "$BATS_TEST_TMPDIR/$name.pem"
	done
}

@test "init makes keys for their owner only, and leaves an existing directory alone" {
	init
	[ "$(stat -c %a "$dir")" = 700 ]
	[ "$(stat -c %a "$dir/csca-1.key" "$dir/signer-1.key" "$dir/registry.json" | sort -u)" = 600 ]
	before=$(sha256sum "$dir"/*)
	run init
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1303* ]]
	[ "$(sha256sum "$dir"/*)" = "$before" ]
	[ "$(ls "$BATS_TEST_TMPDIR")" = ut ]
}

@test "init leaves nothing behind when it fails" {
	run init --organization ""
	[ "$status" -eq 13 ]
	[ -z "$(ls "$BATS_TEST_TMPDIR")" ]
	run "$sojourn" authority init "$BATS_TEST_TMPDIR/missing/ut"
	[ "$status" -eq 1 ]
	[[ "$output" == *SJ-0105* ]]
}

@test "init interrupted leaves no keys behind" {
	for signal in INT TERM HUP; do
		"$sojourn" authority init "$dir" --key RSA 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		for _ in $(seq 200); do [ -n "$(ls -d "$dir".new-* 2>/dev/null)" ] && break; sleep 0.01; done
		kill -$signal $!
		status=0
		wait $! || status=$?
		[ "$status" -eq 1 ]
		grep -q SJ-0104 "$BATS_TEST_TMPDIR/err"
		[ "$(ls "$BATS_TEST_TMPDIR")" = err ]
	done
}

@test "init asks for two capital letters where it cannot know them" {
	run init --country FRA
	[ "$status" -eq 2 ]
	[[ "$output" == *SJ-0201* ]]
	run init --country fra --alpha2 FR
	[ "$status" -eq 2 ]
	init --country D --alpha2 DE
	openssl x509 -inform DER -in "$dir/signer-1.cer" -noout -issuer | grep -q 'C = DE'
}

@test "a key that is not its certificate's, and a certificate that is none, touch no card" {
	init
	share="${SOJOURN_BUILD:-build}/share/sojourn"
	issue() {
		run "$sojourn" issue -a "$dir" --holder "$share/holder.json" -p "$share/face.jpg" \
			-l "$BATS_TEST_TMPDIR/letter" --exec -- touch "$BATS_TEST_TMPDIR/card"
		[ "$status" -eq 13 ]
		[[ "$output" == *"signer-1.cer: not a certificate of signer-1.key"*SJ-1302* ]]
		[ ! -e "$BATS_TEST_TMPDIR/card" ]
	}
	cp "$dir/signer-1.cer" "$BATS_TEST_TMPDIR/kept"
	: >"$dir/signer-1.cer"
	issue
	cp "$BATS_TEST_TMPDIR/kept" "$dir/signer-1.cer"
	cp "$dir/csca-1.key" "$dir/signer-1.key"
	issue
}

@test "stock openssl verifies an authority with named curves" {
	init --named-curves
	pems csca-1 signer-1
	openssl verify -x509_strict -CAfile "$BATS_TEST_TMPDIR/csca-1.pem" \
		"$BATS_TEST_TMPDIR/signer-1.pem"
}

@test "stock openssl verifies an RSA authority" {
	init --key RSA
	pems csca-1 signer-1
	openssl verify -x509_strict -CAfile "$BATS_TEST_TMPDIR/csca-1.pem" \
		"$BATS_TEST_TMPDIR/signer-1.pem"
	openssl rsa -inform DER -in "$dir/signer-1.key" -noout -check | grep -q ok
}

@test "python finds the profile of Doc 9303-12 in the certificates" {
	init
	tests/card/certificates.py "$dir/csca-1.cer" "$dir/signer-1.cer"
}

@test "explicit parameters are the default: openssl says why it stops there" {
	init
	pems csca-1 signer-1
	run openssl verify -CAfile "$BATS_TEST_TMPDIR/csca-1.pem" "$BATS_TEST_TMPDIR/signer-1.pem"
	[ "$status" -ne 0 ]
	[[ "$output" == *"explicit ECC parameters"* ]]
}

@test "show lists what there is, as JSON too" {
	init
	"$sojourn" authority show "$dir" | grep -q '^signer-1 .*current$'
	"$sojourn" authority show "$dir" --json |
		/usr/bin/python3 -c 'import json,sys; o=json.load(sys.stdin); assert o["schema"]==1 and [c["name"] for c in o["certificates"]]==["csca-1","signer-1","key-ca-1","content-signer-1"], o'
}

@test "signer makes the next signer under the same CSCA" {
	init --named-curves
	"$sojourn" authority signer "$dir" --key brainpoolP256r1
	pems csca-1 signer-2
	openssl verify -CAfile "$BATS_TEST_TMPDIR/csca-1.pem" "$BATS_TEST_TMPDIR/signer-2.pem"
	"$sojourn" authority show "$dir" | grep -q '^signer-2 .*brainpoolP256r1.*current$'
}

@test "link rolls the CSCA over: old key, link certificate, new signer" {
	init --named-curves
	"$sojourn" authority link "$dir"
	"$sojourn" authority signer "$dir"
	pems csca-1 csca-2 link-2 signer-2
	cd "$BATS_TEST_TMPDIR"
	openssl verify -CAfile csca-2.pem signer-2.pem
	openssl verify -partial_chain -trusted csca-1.pem link-2.pem
	run openssl verify -CAfile csca-1.pem signer-2.pem
	[ "$status" -ne 0 ]
	[ "$(openssl x509 -in link-2.pem -noout -pubkey)" = "$(openssl x509 -in csca-2.pem -noout -pubkey)" ]
}

@test "crl lists what was revoked, with a number that grows" {
	init --named-curves
	pems csca-1 signer-1
	serial=$(openssl x509 -in "$BATS_TEST_TMPDIR/signer-1.pem" -noout -serial | cut -d= -f2)
	"$sojourn" authority crl "$dir" --out "$BATS_TEST_TMPDIR/1.crl"
	"$sojourn" authority crl "$dir" --revoke "$serial" --out "$BATS_TEST_TMPDIR/2.crl"
	"$sojourn" authority crl "$dir" --out "$BATS_TEST_TMPDIR/3.crl" --days 5
	cd "$BATS_TEST_TMPDIR"
	for n in 1 2 3; do
		openssl crl -inform DER -in $n.crl -CAfile csca-1.pem -text -out $n.txt
		grep -A1 'CRL Number' $n.txt | grep -qw $n
	done
	grep -q 'No Revoked Certificates' 1.txt
	grep -q "$serial" 2.txt
	grep -q "$serial" 3.txt
	openssl crl -in 2.crl -inform DER -out 2.pem
	run openssl verify -crl_check -CAfile csca-1.pem -CRLfile 2.pem signer-1.pem
	[ "$status" -ne 0 ]
	[[ "$output" == *revoked* ]]
}

@test "crl refuses serials that are not the authority's, and CSCAs" {
	init
	run "$sojourn" authority crl "$dir" --revoke 00ff --out "$BATS_TEST_TMPDIR/x"
	[ "$status" -eq 13 ]
	csca=$(openssl x509 -inform DER -in "$dir/csca-1.cer" -noout -serial | cut -d= -f2)
	run "$sojourn" authority crl "$dir" --revoke "$csca" --out "$BATS_TEST_TMPDIR/x"
	[ "$status" -eq 13 ]
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
	"$sojourn" authority show "$dir" | grep -q 'CRL number 0$'
}

@test "masterlist is CMS that openssl verifies, with other countries' certificates" {
	init --named-curves
	"$sojourn" authority init "$BATS_TEST_TMPDIR/fr" --country FRA --alpha2 FR
	"$sojourn" authority link "$dir"
	"$sojourn" authority masterlist "$dir" --add "$BATS_TEST_TMPDIR/fr/csca-1.cer" \
		--out "$BATS_TEST_TMPDIR/list.ml"
	pems csca-2
	cd "$BATS_TEST_TMPDIR"
	openssl cms -verify -inform DER -in list.ml -CAfile csca-2.pem -purpose any -binary -out content
	/usr/bin/python3 - <<-'PYTHON'
	from asn1crypto import core, x509
	class List(core.SetOf): _child_spec = x509.Certificate
	class Master(core.Sequence): _fields = [("version", core.Integer), ("list", List)]
	master = Master.load(open("content", "rb").read(), strict=True)
	assert master["version"].native == 0
	assert sorted(c.subject.native["country_name"] for c in master["list"]) == ["FR", "UT", "UT", "UT"]
	PYTHON
	# A second list needs no second list signer.
	"$sojourn" authority masterlist "$dir" --out again.ml
	[ ! -e "$dir/list-signer-2.cer" ]
}

@test "a registry that is not one is refused by name" {
	init
	echo '{' > "$dir/registry.json"
	run "$sojourn" authority show "$dir"
	[ "$status" -eq 13 ]
	[[ "$output" == *registry.json:*SJ-1302* ]]
	run "$sojourn" authority show "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1301* ]]
}

@test "two processes do not change an authority at once" {
	init
	exec 9<"$dir"
	flock -x 9
	run "$sojourn" authority signer "$dir"
	[ "$status" -eq 13 ]
	[[ "$output" == *"another process"* ]]
	[ ! -e "$dir/signer-2.cer" ]
}

@test "a signer whose time is over signs nothing" {
	init
	/usr/bin/python3 - "$dir/registry.json" <<-'PYTHON'
	import json, sys
	o = json.load(open(sys.argv[1]))
	o["certificates"][0]["private_until"] = 1
	json.dump(o, open(sys.argv[1], "w"))
	PYTHON
	run "$sojourn" authority signer "$dir"
	[ "$status" -eq 13 ]
	[[ "$output" == *"time to sign is over"* ]]
}

@test "the schema and the program agree on good and bad holder files" {
	schema=tools/schema/holder.schema.json
	for kind in good refused bad; do
		expected=accept
		[ $kind = bad ] && expected=reject
		tests/card/holder/check.py $schema tests/card/holder/$kind/*.json > "$BATS_TEST_TMPDIR/out"
		run grep -v "^$expected" "$BATS_TEST_TMPDIR/out"
		[ -z "$output" ]
	done
	for file in tests/card/holder/good/*.json tools/demo/holder*.json; do
		"$sojourn" issue --check --holder "$file"
	done
	for file in tests/card/holder/bad/*.json; do
		run "$sojourn" issue --check --holder "$file"
		[ "$status" -eq 13 ]
		[[ "$output" =~ $file:[0-9]+:.*SJ-1302 ]]
	done
	for file in tests/card/holder/refused/*.json; do
		run "$sojourn" issue --check --holder "$file"
		[ "$status" -eq 13 ]
		[[ "$output" =~ $file:[0-9]+:.*SJ-1303 ]]
	done
}

#!/usr/bin/env bats
# Pseudonyms of an eID card: one an operator, and lists of revoked ones in the trust bundle.

source "$BATS_TEST_DIRNAME/terminals.sh"

setup_file() {
	lab_start 1
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	for type in at is; do sojourn authority cvca init ut --type $type; done
	sojourn authority dv init ut
	for operator in 00004711 00004712; do
		sojourn authority sector new ut --operator $operator
		sojourn terminal new --holder "UTRAIL0${operator:4}" "$operator"
		sojourn authority terminal sign ut "$operator/next.cvreq" --service 'rail ticket and gate' \
			--operator "$operator" --folder "signed-$operator"
		sojourn terminal install "$operator" "signed-$operator"
	done
	echo 424242 >can
	chmod 600 can
	sojourn issue -a ut --eid --holder "$SHARE/holder.json" -p "$SHARE/face.jpg" -l letter --can-file can \
		--reader "$(reader 0)"
	publish
	sojourn trust sync --trust store --anchor ut/bundle-signer-1.cwt site
}

teardown_file() {
	lab_stop
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# pseudonym OPERATOR: what its terminal is told; the exit code is the verdict's.
pseudonym() {
	sojourn verify --trust store --can-file can --service 'rail ticket and gate' --terminal "$1" --json >said || return
	/usr/bin/python3 -c 'import json; o = json.load(open("said"))
print(*[d["value"] for d in o["data"] if d["name"] == "pseudonym"])'
}

# listed OPERATOR PSEUDONYM: is it among the revoked in the store's list of that operator, and how many are.
listed() {
	/usr/bin/python3 - "$@" <<-'PYTHON'
	import hashlib, sys
	key = hashlib.sha256(open("ut/sector-%s.cvkey" % sys.argv[1], "rb").read()).hexdigest()
	slot = open("store/bundle/current").read()[0]
	b = open("store/bundle/%s/pseudonyms/%s" % (slot, key[:16]), "rb").read()
	assert b[:8] == b"SJPSEUD1"
	body = b[10 + int.from_bytes(b[8:10], "big"):]
	entries = [body[i:i + 8] for i in range(0, len(body), 8)]
	print(hashlib.sha256(bytes.fromhex(sys.argv[2])).digest()[:8] in entries, len(entries))
	PYTHON
}

@test "two operators have two pseudonyms of one card; each of them keeps its own" {
	first=$(pseudonym 00004711)
	second=$(pseudonym 00004712)
	[[ $first =~ ^[0-9a-f]{64}$ && $second =~ ^[0-9a-f]{64}$ ]]
	[ "$first" != "$second" ]
	[ "$first" = "$(pseudonym 00004711)" ]
}

@test "revoked: each operator's list has its own pseudonym; reinstated: none" {
	first=$(pseudonym 00004711)
	second=$(pseudonym 00004712)
	[ "$(listed 00004711 "$first")" = 'False 0' ]
	number=$(/usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["documentNumber"])' "$SHARE/holder.json")
	sojourn register suspend ut --document "$number" --reason lost
	publish
	sojourn trust sync --trust store site
	[ "$(listed 00004711 "$first")" = 'True 1' ]
	[ "$(listed 00004711 "$second")" = 'False 1' ]
	[ "$(listed 00004712 "$second")" = 'True 1' ]
	run -8 pseudonym 00004711
	grep -q SJ-0811 said
	sojourn register reinstate ut --document "$number"
	# A newer status list by hand clears the card; the list of pseudonyms does not, until the next bundle.
	sojourn authority status build ut
	sojourn trust import --trust store --status ut/status.list
	run -8 pseudonym 00004711
	grep -q SJ-0812 said
	publish
	sojourn trust sync --trust store site
	[ "$(listed 00004711 "$first")" = 'False 0' ]
	pseudonym 00004711
}

@test "publish --if-needed: a new operator is a change" {
	publish --if-needed --json | grep -q '"published": false'
	sojourn authority sector new ut --operator 00004713
	publish --if-needed --json | grep -q '"published": true'
}

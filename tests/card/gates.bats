#!/usr/bin/env bats
# The authority's side of gates: service registry, gate CA, readers' credentials,
# what is recorded of cards, status lists. Tokens are checked by tokens.py.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	export SHARE=$BUILD_DIR/share/sojourn TOKENS=$PWD/tests/card/tokens.py
	export SERVICES=$PWD/tools/authority/services.json
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# json EXPRESSION <OBJECT: evaluates it with the object as o.
json() {
	/usr/bin/python3 -c 'import json, sys; o = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

sign() { sojourn authority gate sign ut --request gate.req --operator 00004711 --out gate.cwt "$@"; }

# recorded NUMBER...: what the register has, a line each: number, sector, slot, partition, index, expiry, key.
recorded() {
	local number
	for number; do
		sojourn register show ut --document "$number" --json | /usr/bin/python3 -c '
import json, sys
for c in json.load(sys.stdin)["credentials"]:
    print(sys.argv[1], c["sector"], c["slot"], "%04x" % c["partition"], "%08x" % c["index"], c["expires"], c["key"])' "$number"
	done
}

# issue NUMBER [OPTION...]: a card of that document number.
issue() {
	local number=$1
	shift
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$number\"/" "$SHARE/holder.json" >holder.json
	rm -f letter
	sojourn card new "$number.card"
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l letter "$@" \
		--exec -- sojourn card run "$number.card" --link stdio
}

@test "init makes a gate CA that signs itself, and a status signer under it" {
	sojourn authority init ut
	[ "$(stat -c %a ut/gate-ca-1.key ut/status-signer-1.key | sort -u)" = 600 ]
	"$TOKENS" verify ut/gate-ca-1.cwt ut/gate-ca-1.cwt
	"$TOKENS" verify ut/status-signer-1.cwt ut/gate-ca-1.cwt
	"$TOKENS" show ut/gate-ca-1.cwt | json '(o["iss"], o["signer"], o["size"] < 257)' | grep -qF "('UTO', 1, True)"
	"$TOKENS" show ut/status-signer-1.cwt | json 'o["signer"]' | grep -qx 2
	openssl pkey -inform DER -in ut/gate-ca-1.key -noout -text | grep -q prime256v1
	sojourn authority show ut | grep -q '^status-signer-1 .*current$'
}

# An authority from before there were gates.
make_old() {
	sojourn authority init ut
	rm ut/gate-ca-1.* ut/status-signer-1.*
	/usr/bin/python3 -c '
import json
o = json.load(open("ut/registry.json"))
for key in ("gate_ca", "status_signer", "tokens", "status"): o.pop(key)
json.dump(o, open("ut/registry.json", "w"))'
}

@test "an older authority gets them by gate init, once" {
	make_old
	"$TOKENS" request gate.req
	run -13 sign --service 1
	[[ $output == *"authority gate init"*SJ-1303* ]]
	run -13 sojourn authority status build ut
	run -13 sojourn authority gate renew ut
	sojourn authority gate init ut
	"$TOKENS" verify ut/gate-ca-1.cwt ut/gate-ca-1.cwt
	sign --service 1
	run -13 sojourn authority gate init ut
	[[ $output == *"gate renew"* ]]
}

@test "gate renew: a link under the old key, a new status signer under the new one" {
	sojourn authority init ut
	sojourn authority gate renew ut
	"$TOKENS" verify ut/gate-ca-2.cwt ut/gate-ca-2.cwt
	"$TOKENS" verify ut/gate-link-2.cwt ut/gate-ca-1.cwt
	"$TOKENS" verify ut/status-signer-2.cwt ut/gate-ca-2.cwt
	[ "$("$TOKENS" show ut/gate-link-2.cwt | json 'o["x"]')" = "$("$TOKENS" show ut/gate-ca-2.cwt | json 'o["x"]')" ]
	[ "$("$TOKENS" show ut/gate-ca-2.cwt | json 'o["nbf"]')" -gt "$("$TOKENS" show ut/gate-ca-1.cwt | json 'o["nbf"]')" ]
	"$TOKENS" request gate.req
	sign --service 1
	"$TOKENS" verify gate.cwt ut/gate-ca-2.cwt
	# For cards that have not learnt the new key yet.
	sign --service 1 --ca 1 --out old.cwt
	"$TOKENS" verify old.cwt ut/gate-ca-1.cwt
	run -13 sign --service 1 --ca 9
	[[ $output == *"has no gate-ca-9"* ]]
	sojourn authority gate renew ut --signer
	"$TOKENS" verify ut/status-signer-3.cwt ut/gate-ca-2.cwt
	[ ! -e ut/gate-ca-3.cwt ]
}

@test "bundle-signer: the first signs itself, the next is signed by the one before" {
	sojourn authority init ut
	"$TOKENS" verify ut/bundle-signer-1.cwt ut/bundle-signer-1.cwt
	sojourn authority bundle-signer ut
	"$TOKENS" verify ut/bundle-signer-2.cwt ut/bundle-signer-1.cwt
	[ "$("$TOKENS" show ut/bundle-signer-2.cwt | json 'o["nbf"]')" -gt "$("$TOKENS" show ut/bundle-signer-1.cwt | json 'o["nbf"]')" ]
	[ "$(sojourn authority show --json ut | json 'o["bundleSigner"]')" = bundle-signer-2 ]
	run ! sojourn trust import --trust trust --gate-ca ut/bundle-signer-1.cwt
}

@test "a key that is not its token's signs nothing" {
	sojourn authority init ut
	cp ut/status-signer-1.key ut/gate-ca-1.key
	"$TOKENS" request gate.req
	run -13 sign --service 1
	[[ $output == *"gate-ca-1.cwt: not a token of gate-ca-1.key"* ]]
	[ ! -e gate.cwt ]
}

@test "a reader's credential gives no more than its row and the gate applet, for every row" {
	sojourn authority init ut
	"$TOKENS" request gate.req
	for id in $(seq 35); do
		rm -f gate.cwt
		sign --service "$id" 2>>talk || echo "$id" >>refused
		[ -e gate.cwt ] || continue
		"$TOKENS" verify gate.cwt ut/gate-ca-1.cwt
		"$TOKENS" show gate.cwt >>signed
	done
	/usr/bin/python3 - "$SERVICES" <<-'PYTHON'
	import json, sys
	names = ["valid", "class", "pseudonym", "name", "nationality", "birth-date", "document-number", "expiry",
	    "portrait", "address", "phone", "entry-records", "emergency", "insurance-number", "fingerprint", "home-passport",
	    "age-over-12", "age-over-14", "age-over-16", "age-over-18", "age-over-21", "age-over-60", "age-over-65", "", "ticket"]
	gate = {"valid", "class", "pseudonym", "ticket"} | {n for n in names if n.startswith("age-")}
	sectors = ["transport", "finance", "education", "telecom", "health", "accommodation", "government"]
rows = {r["id"]: r for r in json.load(open(sys.argv[1]))["services"]}
	signed = [json.loads(line) for line in open("signed")]
	refused = [int(line) for line in open("refused")]
	for t in signed:
	    row = rows.pop(t["service"])
	    rights = {n for i, n in enumerate(names) if t["rights"] >> i & 1}
	    assert rights == (set(row["rights"]) | {"valid"}) & gate, (row, rights)
	    assert t["sector"] == sectors.index(row["sector"]) + 1
	    assert (t["operator"], t["iss"], t["exp"] - t["nbf"]) == ("00004711", "UTO", 7 * 86400)
	assert sorted(rows) == refused and len(signed) == 9, (len(signed), refused)
	for row in rows.values():
	    assert row["access"] == "pin" or row["access"] == "can" and not set(row["rights"]) & gate, row
	PYTHON
	grep -q "online account: needs the holder's PIN" talk
	grep -q 'hospital registration: its rights need the CAN' talk
}

@test "a credential holds for seven days at most" {
	sojourn authority init ut
	"$TOKENS" request gate.req
	sign --service 'hotel door' --days 1
	"$TOKENS" show gate.cwt | json 'o["exp"] - o["nbf"]' | grep -qx 86400
	run -2 sign --service 1 --days 8
	run -2 sign --service 1 --days 0
}

@test "bad requests are named and nothing is signed" {
	sojourn authority init ut
	"$TOKENS" request gate.req
	head -c 128 gate.req >short
	run -13 sign --service 1 --request short
	[[ $output == *"short: not a gate's request (128 bytes, not 129)"*SJ-1302* ]]
	cat gate.req <(printf x) >long
	run -13 sign --service 1 --request long
	for fault in wrong point; do
		"$TOKENS" request "$fault" "$fault"
		run -13 sign --service 1 --request "$fault"
		[[ $output == *"$fault: does not prove"*SJ-1303* ]]
	done
	run -13 sign --service 1 --request nowhere
	[ ! -e gate.cwt ]
}

@test "gate sign asks for what it needs" {
	sojourn authority init ut
	"$TOKENS" request gate.req
	run -2 sign
	run -2 sign --service 36
	[[ $output == *"no such service"* ]]
	run -2 sign --service Metro
	for operator in 4711 0000471g 0000047111; do
		run -2 sign --service 1 --operator "$operator"
	done
	run -2 sojourn authority gate sign ut --request gate.req --service 1 --operator 00004711
	[ ! -e gate.cwt ]
}

@test "an authority's own registry counts instead of the one that ships" {
	sojourn authority init ut
	"$TOKENS" request gate.req
	echo '{"schema": 1, "services": [{"id": 200, "sector": "health", "name": "ward door", "access": "none",
		"stale": 3600, "rights": []}]}' >ut/services.json
	sojourn service check ut/services.json
	sign --service 'ward door'
	"$TOKENS" show gate.cwt | json '(o["sector"], o["service"], o["rights"])' | grep -qF '(5, 200, 1)'
	run -2 sign --service 1
}

@test "two words are a verb with a dash; help and suggestions know the verb" {
	sojourn authority gate init --help | grep -q '^Usage: sojourn authority gate-init'
	sojourn authority gate-init --help | cmp - <(sojourn authority gate init --help)
	run -2 sojourn authority gate
	[[ $output == *"did you mean authority gate-"* ]]
	run -2 sojourn authority gate open ut
}

@test "service list: the registry that ships, or another" {
	[ "$(sojourn service list | grep -c '^ *[0-9]')" -eq 35 ]
	sojourn service list | grep -A1 'real-name online account' | grep -q 'valid, pseudonym, age-over-18'
	sojourn service list --json >listed
	/usr/bin/python3 -c 'import json, sys
rows = [[{k: sorted(v) if isinstance(v, list) else v for k, v in row.items()} for row in json.load(open(f))["services"]]
        for f in sys.argv[1:]]
assert rows[0] == rows[1]' "$SERVICES" listed
	run -13 sojourn service list nowhere
}

@test "service show: each right with its data group, CHAT bit and extension" {
	sojourn service show 'hotel check-in' >shown
	grep -q 'name  *data group 4, CHAT bit 11; data group 5, CHAT bit 12$' shown
	grep -q 'portrait  *data group 26, our extension$' shown
	sojourn service show 23 | grep -q 'age-over-18  *CHAT bit 0, our extension$'
	sojourn service show 'border e-gate' | grep -q 'fingerprint  *inspection systems'
	run -2 sojourn service show 36
	[[ $output == *"service list"* ]]
}

@test "the schema and the program agree on good and bad registries" {
	/usr/bin/python3 - "$SERVICES" "$SHARE/service.schema.json" <<-'PYTHON'
	import copy, json, subprocess, sys
	import jsonschema
	whole, schema = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
	jsonschema.Draft202012Validator.check_schema(schema)
	check = jsonschema.Draft202012Validator({"$ref": "#/$defs/services", "$defs": schema["$defs"]})
	def verdict(o, expected, what):
	    open("f.json", "w").write(json.dumps(o, indent=1))
	    run = subprocess.run(["sojourn", "service", "check", "f.json"], stderr=subprocess.PIPE, text=True)
	    assert (run.returncode == 0) == expected, (what, run.stderr)
	    if what not in ("order", "twice"): # what no schema can say
	        assert check.is_valid(o) == expected, what
	    if not expected:
	        assert run.returncode == 13 and "SJ-1302" in run.stderr and "f.json:" in run.stderr, run.stderr
	verdict(whole, True, "whole")
	one = {"schema": 1, "services": [copy.deepcopy(whole["services"][0])]}
	verdict(one, True, "one")
	changes = {"id": [0, 256, "1", None], "sector": ["space", 1], "name": ["", "1x", "a" * 49, "ä", 5],
	    "access": ["CAN", 1], "stale": [59, 7776001, 60.5], "rights": ["pseudonym", ["walk"], ["valid"],
	        ["pseudonym", "pseudonym"], [1], ["name"], ["document-number"], ["address"]]}
	for key, values in changes.items():
	    for value in values:
	        bad = copy.deepcopy(one)
	        bad["services"][0][key] = value
	        verdict(bad, False, (key, value))
	    bad = copy.deepcopy(one)
	    del bad["services"][0][key]
	    verdict(bad, False, key)
	for keep in ({"keep": ["valid"]}, {"retention": 3600}, {"keep": ["pseudonym"], "retention": 3599},
	    {"keep": [], "retention": 3600}, {"keep": ["walk"], "retention": 3600}):
	    verdict({"schema": 1, "services": [dict(one["services"][0], **keep)]}, False, keep)
	foreign = dict(one["services"][0], keep=["class"], retention=86400)
	verdict({"schema": 1, "services": [foreign]}, False, "twice") # not one of its rights: no schema can say
	verdict({"schema": 1, "services": [dict(foreign, keep=["pseudonym"])]}, True, "keep")
	for name in ("class", "pseudonym", "age-over-12", "age-over-65", "ticket"):
	    good = copy.deepcopy(one)
	    good["services"][0]["rights"] = [name]
	    verdict(good, True, name)
	for bad in ({}, [], {"schema": 2, "services": one["services"]}, {"schema": 1, "services": []},
	    {"schema": 1, "services": {}}, {"schema": 1, "services": [[]]}, dict(one, more=1)):
	    verdict(bad, False, "form")
	verdict({"schema": 1, "services": [dict(one["services"][0], more=1)]}, False, "more")
	verdict({"schema": 1, "services": one["services"] * 2}, False, "order")
	verdict({"schema": 1, "services": [one["services"][0], dict(one["services"][0], id=2)]}, False, "twice")
	PYTHON
	echo '{' >f.json
	run -13 sojourn service check f.json
	[[ $output == *f.json:*SJ-1302* ]]
}

@test "issue: 56 credentials, a document's place and its keys', each index once, all recorded" {
	sojourn authority init ut
	issue AA1 --json >issued.json
	json '(o["gate"]["credentials"], o["gate"]["class"], o["files"]["DG13"], o["profile"])' <issued.json |
		grep -qF "(56, 'visitor', 10, 'private')"
	issue AA2
	[ "$(stat -c %a ut/register.db)" = 600 ]
	recorded AA1 AA2 >issued.txt
	[ "$(wc -l <issued.txt)" -eq 116 ]
	[ "$(cut -d' ' -f4,5 issued.txt | sort -u | wc -l)" -eq 116 ]
	[ "$(grep '^AA1 [1-7] ' issued.txt | cut -d' ' -f2,3 | sort -u | wc -l)" -eq 56 ]
	[ "$(grep -E '^AA. [1-7] ' issued.txt | cut -d' ' -f7 | sort -u | wc -l)" -eq 112 ]
	partition=$(json 'o["gate"]["partition"]' <issued.json)
	[ "$(cut -d' ' -f4 issued.txt | sort -u)" = "$(printf %04x "$partition")" ]
	expiry=$(json 'o["expiryDate"]' <holder.json)
	[ "$(cut -d' ' -f6 issued.txt | sort -u)" = "${expiry}T23:59:59Z" ]
	sojourn authority status list ut | grep -q '116 issued, 0 revoked'
}

@test "two stations that issue at once give no index twice" {
	sojourn authority init ut
	for n in 1 2; do
		mkdir "station$n"
		(cd "station$n" && ln -s ../ut && for k in 1 2 3; do issue "B$n$k"; done) 3>&- &
	done
	wait
	recorded B11 B12 B13 B21 B22 B23 >issued.txt
	[ "$(wc -l <issued.txt)" -eq 348 ]
	[ "$(cut -d' ' -f4,5 issued.txt | sort -u | wc -l)" -eq 348 ]
}

@test "issue --no-gate --no-keys: a plain document, nothing recorded; an expired holder likewise" {
	sojourn authority init ut
	issue AA1 --no-gate --no-keys --json >issued.json
	json '(o["gate"], "DG13" in o["files"])' <issued.json | grep -qF '(None, False)'
	sojourn card new b.card
	sojourn issue -a ut --holder "$SHARE/holder-expired.json" -p "$SHARE/face.jpg" -l letter2 --json \
		--exec -- sojourn card run b.card --link stdio 2>talk | json 'o["gate"]' | grep -qx None
	grep -q 'expired already' talk
	[ -z "$(recorded AA1)" ]
	sojourn authority status list ut | grep -c issued | grep -qx 0
}

@test "an authority without a gate CA issues plain documents only" {
	make_old
	run -13 issue AA1
	[[ $output == *"authority gate init"* ]]
	rm AA1.card
	issue AA1 --no-gate
}

@test "issue over short commands: a credential each" {
	sojourn authority init ut
	sojourn card new a.card
	sojourn issue -a ut --holder "$SHARE/holder.json" -p "$SHARE/face.jpg" -l letter --json --no-keys --exec -- sh -c \
		'sojourn card run a.card --link stdio | sed -u s/9f6502ffff/9f650200ff/I' >issued.json
	json 'o["gate"]["credentials"], o["apdus"] > 140' <issued.json | grep -qF '(56, True)'
	[ "$(recorded U24SJ0117 | wc -l)" -eq 57 ]
}

@test "holder classes" {
	sojourn authority init ut
	for class in resident permanent return; do
		sed "s/^{/{\"class\": \"$class\",/" "$SHARE/holder.json" >holder-$class.json
		sojourn card new $class.card
		sojourn issue --again -a ut --holder holder-$class.json -p "$SHARE/face.jpg" -l $class.letter --json --profile open \
			--exec -- sojourn card run $class.card --link stdio |
			json '(o["gate"]["class"], o["profile"])' | grep -qF "('$class', 'open')"
	done
}

# indices DOCUMENT: those of the record, in decimal.
indices() { recorded "$1" | cut -d' ' -f5 | while read -r i; do echo $((16#$i)); done; }

# answers DOCUMENT: what the exported list says of them, each answer once.
answers() {
	local month
	month=$(json 'o["expiryDate"][:7]' <holder.json)
	sojourn authority status export ut --month "$month" --out tsl.json
	# shellcheck disable=SC2046
	"$TOKENS" bits tsl.json $(indices "$1") | sort | uniq -c | tr -s ' \n' ' '
}

@test "revoke and build: all of that document and nothing else is revoked" {
	sojourn authority init ut
	issue AA1
	issue AA2
	sojourn authority status build ut
	[ "$(answers AA1)" = " 58 0 " ]
	sojourn authority status revoke ut --document AA1
	[ "$(answers AA1)" = " 58 0 " ]
	sojourn authority status build ut
	[ "$(answers AA1)" = " 58 1 " ]
	[ "$(answers AA2)" = " 58 0 " ]
	sojourn authority status list ut --json | json '(o["epoch"], o["partitions"][0]["revoked"])' | grep -qF '(2, 58)'
	run -13 sojourn authority status revoke ut --document AA3
	[[ $output == *"AA3: nothing was issued"*SJ-1303* ]]
	run -2 sojourn authority status revoke ut
}

@test "status build: the epoch grows, the head is the status signer's, the delta is small" {
	sojourn authority init ut
	issue AA1
	sojourn authority status build ut --out 1.list
	cmp 1.list ut/status.list
	# The head stands behind the magic and its length.
	/usr/bin/python3 -c 'b = open("1.list", "rb").read(); open("head.cwt", "wb").write(b[10:10 + int.from_bytes(b[8:10], "big")])'
	"$TOKENS" verify head.cwt ut/status-signer-1.cwt
	"$TOKENS" show head.cwt | json '(o["iss"], o["exp"] - o["nbf"])' | grep -qF "('UTO', 86400)"
	sojourn authority status revoke ut --document AA1
	sojourn authority status build ut --delta 1.list --out 2.delta --days 3
	[ "$(stat -c %s 2.delta)" -lt 2000 ]
	sojourn authority status list ut --json | json 'o["epoch"]' | grep -qx 2
	run -2 sojourn authority status build ut --delta 1.list
	run -13 sojourn authority status build ut --delta 2.delta --out 3.delta
	[[ $output == *"2.delta: not a status list"* ]]
}

@test "a partition that was enlarged keeps what was revoked" {
	sojourn authority init ut --indices 65536
	issue AA1
	sojourn authority status revoke ut --document AA1
	sojourn authority status build ut --indices 131072
	[ "$(answers AA1)" = " 58 1 " ]
	issue AA2
	sojourn authority status build ut
	[ "$(answers AA1)" = " 58 1 " ]
	[ "$(answers AA2)" = " 58 0 " ]
	run -2 sojourn authority status build ut --indices 65536
}

@test "a full partition is told, and no card is issued from it" {
	sojourn authority init ut --indices 65536
	issue AA1
	partition=$(recorded AA1 | cut -d' ' -f4 | head -1)
	sqlite3 ut/register.db 'UPDATE extents SET next = size - 57'
	run -13 issue AA2
	[[ $output == *"partition $partition of the status list is full"*SJ-1303* ]]
	run -13 sojourn register show ut --document AA2
	sqlite3 ut/register.db 'SELECT next FROM extents' | grep -qx 65479
	sojourn authority status build ut --indices 65537
	issue AA3
	recorded AA3 | cut -d' ' -f5 | sort -u | wc -l | grep -qx 58
}

@test "staples: the credentials again, signed now; none for what is revoked" {
	sojourn authority init ut
	issue AA1
	sojourn authority status staple ut --document AA1 --out-dir staples
	[ "$(ls staples | wc -l)" -eq 56 ]
	while read -r _ _ _ partition index expires key; do
		"$TOKENS" verify "staples/$partition-$index.cwt" ut/gate-ca-1.cwt
		[ "$("$TOKENS" show "staples/$partition-$index.cwt" |
			json '"%s %08x %d" % (o["x"], o["index"], o["exp"])')" = "$key $index $(date -u -d "$expires" +%s)" ]
	done < <(recorded AA1 | grep '^AA1 [1-3] ')
	sojourn authority status revoke ut --document AA1
	run -13 sojourn authority status staple ut --document AA1 --out-dir more
	[[ $output == *"AA1: revoked, or expired"* ]]
	run -13 sojourn authority status staple ut --document AA2 --out-dir more
	run -2 sojourn authority status staple ut --document AA1
}

@test "staples of one card do not share a second that others lack: they begin with the hour" {
	sojourn authority init ut
	issue AA1
	ca=$("$TOKENS" show ut/gate-ca-1.cwt | json '"%d" % o["nbf"]')
	sleep 1.1
	sojourn authority status staple ut --document AA1 --out-dir staples
	hour=$(($(date +%s) / 3600 * 3600))
	begin=$((hour > ca ? hour : ca)) # nor before the key that signs
	for f in $(ls staples | head -8); do "$TOKENS" show "staples/$f" | json '"%d" % o["nbf"]'; done | sort -u >begins
	[ "$(cat begins)" = "$begin" ]
}

@test "status export: a month, two forms" {
	sojourn authority init ut
	run -13 sojourn authority status export ut --month 2031-11 --out x
	sojourn authority status build ut
	sojourn authority status export ut --month "$(date -u +%Y-%m)" --format tsl-cbor --out x.cbor
	[ -s x.cbor ]
	for month in 2019-12 2031-13 2031 nov; do
		run -2 sojourn authority status export ut --month $month --out x
	done
	run -13 sojourn authority status export ut --month 2070-01 --out x
	[[ $output == *"no such partition"* ]]
	[ ! -e x ]
}

#!/usr/bin/env bats
# The timing model as a user meets it: the table, and a card that is as slow as a chip.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" LC_ALL=C.UTF-8
	export SOJOURN_CONFIG=/dev/null
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
}

@test "every cell is that of the design note's model" {
	[ -n "$SOJOURN_SHARED" ] || skip 'SOJOURN_SHARED is not set: rf_model.py lies there'
	for host in 0.5 3; do
		sojourn bench rf --peers --json --host "$host" >table
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$SOJOURN_SHARED/design /usr/bin/python3 -c '
import json, sys
import rf_model as m
host = float(sys.argv[1])
rows = {r["name"]: r for r in json.load(open("table"))["rows"]}
assert list(rows) == list(m.PROTO), set(rows) ^ set(m.PROTO)
chips = {"jcop4-p71": "P71 JCOP4", "jcop3-p60": "P60 JCOP3", "sle78": "SLE78 CJTOP", "native": "native SE*"}
cells = 0
for name, (steps, _, properties, source, _) in m.PROTO.items():
    row = rows[name]
    assert (row["apdus"], row["commandBytes"], row["responseBytes"], row["source"], row["properties"]) == (
        len(steps), sum(s[0] for s in steps), sum(s[1] for s in steps), source, properties), name
    for chip, theirs in chips.items():
        for rate in (106, 848):
            ours, value = row["ms"][chip][str(rate)], m.total(name, theirs, rate, host, 256)
            assert abs(ours - value) < 1e-6, (name, chip, rate, ours, value)
            cells += 1
assert cells == 8 * len(m.PROTO)' "$host"
	done
}

@test "the rates between are those of the model too" {
	[ -n "$SOJOURN_SHARED" ] || skip 'SOJOURN_SHARED is not set: rf_model.py lies there'
	for rate in 212 424; do
		sojourn bench rf --peers --json --rate "$rate" --chip sle78 >table
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$SOJOURN_SHARED/design /usr/bin/python3 -c '
import json, sys
import rf_model as m
for row in json.load(open("table"))["rows"]:
    assert list(row["ms"]) == ["sle78"] and list(row["ms"]["sle78"]) == [sys.argv[1]]
    value = m.total(row["name"], "SLE78 CJTOP", int(sys.argv[1]), 0.5, 256)
    assert abs(row["ms"]["sle78"][sys.argv[1]] - value) < 1e-6, row["name"]' "$rate"
	done
}

# shows NAME MS848 MS106: as the table prints them.
shows() {
	grep -F -- "$1" table | grep -Eq " +$3 +$2\$" || { grep -F -- "$1" table; false; }
}

@test "the figures of the design note, as they are printed" {
	sojourn bench rf --peers --chip jcop4-p71 >table
	shows 'DESFire EV3 AES' 37 52
	shows 'PIV SM-AUTH' 86 118
	shows 'PIV PKI-CAK P-256' 103 191
	shows 'Aliro 1.0 expedited FAST' 131 154
	shows 'OPACITY-FS' 179 233
	shows 'Aliro 1.0 expedited STANDARD' 246 281
	shows 'Aliro STANDARD + LOAD CERT' 351 466
	shows 'mdoc 18013-5' 365 572
	shows 'TR-03110 PACE+TA' 524 805
}

@test "our rows come from a real exchange, and nothing is left" {
	before=$(ls -d /tmp/sojourn-bench-* 2>/dev/null | wc -l)
	sojourn bench rf --json >table
	/usr/bin/python3 -c '
import json
ours = [r for r in json.load(open("table"))["rows"] if r["ours"]]
assert len(ours) == 5 and all(r["source"] == "c" for r in ours)
short, whole, new, known, repeated = ours
assert short["apdus"] > 10 and whole["apdus"] > 10
assert whole["responseBytes"] > short["responseBytes"] + 19000
for chip, ms in whole["ms"].items():
    assert 100 < short["ms"][chip]["848"] < ms["848"] < ms["106"], chip
assert new["apdus"] == known["apdus"] == repeated["apdus"] == 2
for chip, ms in known["ms"].items():
    assert repeated["ms"][chip]["848"] < ms["848"] < new["ms"][chip]["848"], chip
assert known["ms"]["jcop4-p71"]["848"] <= 250 and repeated["ms"]["jcop4-p71"]["848"] <= 155
assert known["ms"]["native"]["848"] <= 90 and repeated["ms"]["native"]["848"] <= 60'
	[ "$(ls -d /tmp/sojourn-bench-* 2>/dev/null | wc -l)" -eq "$before" ]
}

@test "wherever a figure is shown it is called a lower bound" {
	run sojourn bench rf --peers
	[[ $output == *"LOWER"*"BOUND"*"1.5 to 2 times"* ]]
	sojourn bench rf --peers --json | grep -q '"lowerBound": true'
	run sojourn bench rf --help
	[[ $output == *"LOWER BOUND"* ]]
	run sojourn card run --help
	[[ $(echo $output) == *"lower bound"* && $output == *"assumption"* ]]
}

@test "bad values are named" {
	run sojourn bench rf --host soon
	[ "$status" -eq 2 ]
	[[ $output == *"--host soon: not milliseconds"* ]]
	for host in -1 1001 nan ''; do
		run sojourn bench rf --host "$host"
		[ "$status" -eq 2 ]
	done
	run sojourn bench rf --chip p72
	[ "$status" -eq 2 ]
	[[ $output == *"--chip p72: must be one of: jcop4-p71"* ]]
	run sojourn bench rf --rate 847
	[ "$status" -eq 2 ]
}

@test "bad values of card run are named" {
	sojourn card new a.card
	run sojourn card run a.card --rf 107
	[ "$status" -eq 2 ]
	[[ $output == *"--rf 107: must be one of: 106 212 424 848"* ]]
	run sojourn card run a.card --rf 106 --chip p72
	[ "$status" -eq 2 ]
	[[ $output == *"--chip p72: must be one of"* ]]
	run sojourn card run a.card --chip native
	[ "$status" -eq 2 ]
	[[ $output == *"--chip goes with --rf"* ]]
	run sojourn card run a.card --rf 106 --interface contact
	[ "$status" -eq 2 ]
	[[ $output == *"--rf: there is no air"* ]]
	run sojourn card run a.card --link stdio --rf-log /nonexistent/log </dev/null
	[ "$status" -ne 0 ]
	[[ $output == *"/nonexistent/log: No such file"* ]]
}

# Milliseconds that N commands take with these options.
time_of() {
	local n=$1 start
	shift
	{ echo on; yes 00A4040C07A0000001510000 | head -n "$n"; } >in
	start=$(date +%s%N)
	sojourn card run a.card --link stdio "$@" <in >out
	echo $((($(date +%s%N) - start) / 1000000))
}

@test "a card with --rf takes that long, one without does not" {
	sojourn card new a.card
	# 40 selections on sle78: 5 ms of OS, 15 of selection, 1.9 on the air each, and 12.4 once.
	slow=$(time_of 40 --rf 106 --chip sle78)
	[ "$(wc -l <out)" -eq 41 ]
	fast=$(time_of 40)
	echo "slow $slow ms, fast $fast ms"
	[ "$slow" -ge 880 ] && [ "$slow" -lt 3000 ]
	[ "$fast" -lt 600 ]
}

@test "the log of a card: sizes and counts" {
	sojourn card new a.card
	time_of 2 --rf-log log >/dev/null
	run -0 cat log
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[0]}" = '{"schema":1,"command":12,"response":2,"work":{"select":1.0}}' ]
}

#!/usr/bin/env bats
# tests/campaign.py: what the table of tests/README.md says of campaigns that went well, ill, or not at all.

setup() {
	bats_require_minimum_version 1.5.0
	TESTS=$BATS_TEST_DIRNAME/..
	cd "$BATS_TEST_TMPDIR" && mkdir tests && cp "$TESTS/campaign.py" tests
	printf '%s\n' before '<!-- campaign: made by `make campaign` -->' \
		'| campaign | figure | goal | measured | on | check |' \
		'| last year | `old` | o: >= 1 | 12,345 | 2025-01-02 | |' '<!-- end -->' after > tests/README.md
	cat > tests/campaign.json <<'END'
[{"campaign": "last year", "command": "true", "check": "", "figures": {"old": {"what": "o", "goal": ">= 1"}}},
 {"campaign": "ill", "command": ["echo figure: bad 8; exit 3", "echo '# figure: good 1.5'"], "check": "",
  "figures": {"bad": {"what": "b", "goal": "== 0"}, "good": {"what": "g", "goal": ">= 1"}}},
 {"campaign": "never", "command": "echo figure: never 1", "check": "", "figures": {"never": {"what": "n", "goal": ">= 1"}}}]
END
}

# told FIGURE ROW: what the table says of it, on whatever day.
told() {
	local row
	row=$(grep -F "\`$1\` |" tests/README.md | sed -E 's/ 20[0-9]{2}-[0-9]{2}-[0-9]{2} / DAY /')
	[ "$row" = "$2" ] || { echo "$row"; return 1; }
}

@test "what a campaign printed that fails is recorded, and the failure, and the next command is run" {
	run -1 /usr/bin/python3 tests/campaign.py ill
	[[ "$output" == *'ill: exit status 3: echo figure: bad 8; exit 3'*'bad: 8 and not == 0'* ]]
	told bad "| ill **(failed)** | \`bad\` | b: == 0 | 8 | **no** | DAY |  |"
	told good "|  | \`good\` | g: >= 1 | 1.5 | yes | DAY |  |"
}

@test "what was not run keeps its figure and its day, and a failure stays until it is run again" {
	run -1 /usr/bin/python3 tests/campaign.py ill
	run -0 /usr/bin/python3 tests/campaign.py never
	told old '| last year | `old` | o: >= 1 | 12,345 | yes | DAY |  |'
	grep -F '| 2025-01-02 |' tests/README.md
	told bad "| ill **(failed)** | \`bad\` | b: == 0 | 8 | **no** | DAY |  |"
	sed -i 's/8; exit 3/0/' tests/campaign.json
	run -0 /usr/bin/python3 tests/campaign.py ill
	told bad "| ill | \`bad\` | b: == 0 | 0 | yes | DAY |  |"
}

@test "a figure that is told no more is not what it was" {
	run -1 /usr/bin/python3 tests/campaign.py 'last year'
	[[ "$output" == *'old: no figure and not >= 1'* ]]
	told old "| last year | \`old\` | o: >= 1 | no figure | **no figure** | DAY |  |"
}

@test "a campaign that is interrupted tells what it has, and none comes after it" {
	sed -i 's/echo figure: bad 8; exit 3/kill -INT $PPID; echo figure: bad 0/' tests/campaign.json
	run -1 /usr/bin/python3 tests/campaign.py ill never
	[[ "$output" == *'interrupted: what comes after it was not run' ]]
	told bad "| ill | \`bad\` | b: == 0 | 0 | yes | DAY |  |"
	told never "| never | \`never\` | n: >= 1 | not run | **not run** |  |  |"
}

@test "what is red stands above the table" {
	run -1 /usr/bin/python3 tests/campaign.py ill
	grep -Fx '**Not reached: 1 of 4 figures (`bad`). Not run: 1 (`never`). Campaigns that ended with an error: ill.**' tests/README.md
	[ "$(head -n 1 tests/README.md)$(tail -n 1 tests/README.md)" = beforeafter ]
	sed -i 's/8; exit 3/0/' tests/campaign.json
	run -0 /usr/bin/python3 tests/campaign.py ill never
	grep -Fx 'All 4 figures reach their goals.' tests/README.md
}

@test "the table has the rows of campaign.json (else: tests/campaign.py --table)" {
	cp "$TESTS/campaign.json" "$TESTS/README.md" tests
	/usr/bin/python3 tests/campaign.py --table
	diff -u "$TESTS/README.md" tests/README.md
	! grep -F ' && ' tests/campaign.json # the second would not be run if the first fails: a list
}

# A libFuzzer that runs 20,000 inputs and reaches as many edges more as the file says that is named as the parser.
fuzzer() {
	mkdir -p build/tests/fuzz
	cat > build/tests/fuzz/mutate <<'MUTATE'
#!/bin/sh
if [ "$1" = --list ]; then
	for p in grew-*; do echo "${p#grew-} parser room"; done
else
	for p in grew-*; do mkdir -p "$2/${p#grew-}" && echo x >"$2/${p#grew-}/1"; done
fi
MUTATE
	cat > build/tests/fuzz/libfuzzer <<'FUZZER'
#!/bin/sh
grew=$(cat "grew-$SOJOURN_FUZZ")
printf '#%s cov: %s ft: 9\n' '4096	pulse ' 1759 '11713	INITED' 1948 '20000	DONE  ' $((1948 + grew)) >&2
echo stat::number_of_executed_units: 20000 >&2
FUZZER
	chmod +x build/tests/fuzz/*
}

run_fuzzer() { # SECONDS [OPTION...]
	"$TESTS/fuzz/campaign.py" --build build --jobs 1 --executions 20000 --quiet 0.0001 --budget "$@"
}

@test "a fuzzer that only reads its corpus again, slowly, has found nothing new" {
	fuzzer
	echo 0 >grew-slow
	[[ "$(run_fuzzer 60)" == *'slow: 20000 executions, 1948 edges'*'figure: fuzz.quiet.percent 100.0'* ]]
	rm -r build/campaign
	echo 1 >grew-slow
	[[ "$(run_fuzzer 0.1)" == *'figure: fuzz.quiet.percent 0.0'* ]]
}

@test "what one parser finds begins the quiet time of its room anew" {
	fuzzer
	echo 0 | tee grew-a grew-b
	[[ "$(run_fuzzer 60)" == *'figure: fuzz.rooms 1'*'figure: fuzz.quiet.percent 100.0'* ]]
	sed -i '/^"a"/s/"quiet": [0-9.]*/"quiet": 0.0/' build/campaign/state.json
	run ! grep '^"b".*"quiet": 0.0,' build/campaign/state.json
	[[ "$(run_fuzzer 0)" == *'figure: fuzz.quiet.percent 0.0'* ]]
	echo 1 >grew-a
	[[ "$(run_fuzzer 0.2)" == *'figure: fuzz.quiet.percent 0.0'* ]]
	grep '^"b".*"quiet": 0.0,' build/campaign/state.json
	rm -r build/campaign
	[[ "$(run_fuzzer 0.2 a)" == *'a: '* ]]
}

@test "a parser whose inputs reach something else in another order is told" {
	fuzzer
	echo 0 | tee grew-a grew-b
	[[ "$(run_fuzzer 60)" == *$'figure: fuzz.unsteady 0\n'* ]]
	sed -i 's/^grew=/case "$SOJOURN_FUZZ$*" in b-runs=0*-seed=3?-prefer_small=0*) exec echo "#1 INITED cov: 1947" >\&2 ;; esac\n&/' build/tests/fuzz/libfuzzer
	[[ "$(run_fuzzer 0)" == *$'figure: fuzz.unsteady 1 b\n'* ]]
}

@test "counts of another machine are gone on from, if they are named" {
	fuzzer
	echo 0 >grew-cms
	sed -i 's/^grew=/[ -s build\/campaign\/corpus\/cms\/packed-0 ] || exit 9\n&/' build/tests/fuzz/libfuzzer
	echo '{"cms": {"executions": 15000, "afl": 0, "coverage": 3, "quiet": 0.0}}' >counts
	[[ "$(run_fuzzer 60 --counts counts)" == *'cms: 35000 executions'*'figure: fuzz.executions.least 35000'*'figure: fuzz.crashes 0'* ]]
	rm -r build/campaign
	[[ "$(run_fuzzer 60)" == *'cms: 20000 executions'* ]]
	run -1 run_fuzzer 0 --counts counts
	[[ "$output" == *'was begun without --counts'* ]]
}

@test "three turns of four run the room's program, without sanitisers; the last has them" {
	fuzzer
	echo 0 >grew-cms
	mkdir -p fast/tests/fuzz
	sed 's/units: 20000/units: 10000/' build/tests/fuzz/libfuzzer >fast/tests/fuzz/libfuzzer-room
	chmod +x fast/tests/fuzz/libfuzzer-room
	run run_fuzzer 60 --fast fast --executions 60000
	[ "$(grep -o '^cms: [0-9]*' <<<"$output" | tr -d '\n')" = "cms: 20000cms: 30000cms: 40000cms: 50000cms: 70000" ]
	[[ "$output" == *'figure: fuzz.sanitised.least 40000'* ]]
}

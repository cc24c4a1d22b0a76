#!/usr/bin/env bats
# sojourn issue --batch: a file of holders to cards, by one worker and by several.

bats_require_minimum_version 1.5.0

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR ROOT=$PWD PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	sojourn authority init ut
	cp "$ROOT/tools/demo/face.jpg" .
	mkdir cards
}

# holders COUNT [LETTER]: a line each.
holders() {
	/usr/bin/python3 - "$ROOT/tools/demo/holder.json" "$1" "${2:-K}" <<-'END'
		import json, sys
		holder = json.load(open(sys.argv[1]))
		for i in range(int(sys.argv[2])):
		    print(json.dumps({**holder, "documentNumber": f"{sys.argv[3]}{i:06d}", "portrait": "face.jpg"}))
	END
}

batch() {
	sojourn issue --authority ut --batch "$@" --letters letters --exec -- \
		sojourn card feed cards --interface contact
}

# valid SCHEMA KIND <JSON: every object is of that kind.
valid() {
	/usr/bin/python3 -c '
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
kind = {"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]}
text, decoder = sys.stdin.read().strip(), json.JSONDecoder()
assert text
while text:
    value, end = decoder.raw_decode(text)
    text = text[end:].strip()
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    jsonschema.validate(value, kind, jsonschema.Draft202012Validator)' \
		"$BUILD_DIR/share/sojourn/$1.schema.json" "$2"
}

count() {
	sqlite3 ut/register.db "SELECT count(*) FROM $1"
}

# Each letter opens a card of its own, and the register knows each card as it is.
check_cards() {
	local files
	files=$(for f in cards/*.card; do echo "$f -"; done | "$BUILD_DIR/tests/power/asker" -)
	[ "$(grep -c ' issued ' <<<"$files")" = "$1" ]
	[ "$(count 'cards WHERE state = 2')" = "$1" ]
	[ "$(awk '$2 == "issued" { print $3 }' <<<"$files" | sort)" = \
		"$(sqlite3 ut/register.db 'SELECT lower(hex(serial)) FROM cards WHERE state = 2 ORDER BY 1')" ]
	[ "$(find letters -name '*.txt' -perm 600 | wc -l)" = "$1" ]
}

@test "every line becomes a card, and a bad one is told with its number and stops nothing" {
	holders 6 >h.jsonl
	sed -i -e '1s/^/\xef\xbb\xbf/' -e '2s/"birthDate": "[^"]*"/"birthDate": "19"/' -e '4s/face.jpg/none.jpg/' -e '5s/.*/{/' h.jsonl
	echo >>h.jsonl
	run --separate-stderr batch h.jsonl --report report
	[ "$status" -eq 13 ]
	[[ "$stderr" == *"h.jsonl:2: /birthDate must be"*"[SJ-1302]"* ]]
	[[ "$stderr" == *"h.jsonl:4: /portrait No such file"*"[SJ-1301]"* ]]
	[[ "$stderr" == *"h.jsonl:5: is not JSON"* ]]
	[ "$(wc -l <report)" = 3 ]
	[ "$(jq -c '[.line, .failure]' report | tr -d '\n')" = '[2,"SJ-1302"][4,"SJ-1301"][5,"SJ-1302"]' ]
	check_cards 3
}

@test "what a desk approves waits for a worker; what was revoked meanwhile does not, and stops nothing" {
	for number in D1 D2 D3; do
		jq --arg n $number '.documentNumber = $n' "$ROOT/tools/demo/holder.json" >$number.json
		sojourn register add ut --holder $number.json --portrait face.jpg
		sojourn register approve ut --document $number
	done
	sojourn register revoke ut --document D1
	sojourn register lost ut --document D2 --number D4
	run -13 sojourn issue --authority ut --worker --letters letters --exec -- sojourn card feed cards --interface contact
	[ "$(echo letters/*)" = "letters/D3.txt letters/D4.txt" ]
	check_cards 2
}

@test "several workers open keys that are under a passphrase of two" {
	echo first-part >one && echo second-part >two && chmod 600 one two && rm -r ut
	sojourn authority init ut --encrypt --custodians 2 --passphrase-file one --passphrase-file two
	holders 3 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --workers 2 --letters letters \
		--passphrase-file one --passphrase-file two --exec -- sojourn card feed cards --interface contact
	check_cards 3
}

@test "the file again goes on: who has a card gets no second, other data for a number are refused" {
	holders 3 >h.jsonl
	batch h.jsonl
	holders 5 >h.jsonl
	sed -i '2s/"sex": "."/"sex": "X"/' h.jsonl
	run --separate-stderr batch h.jsonl --json
	[ "$status" -eq 13 ]
	[[ "$stderr" == *"h.jsonl:2: /documentNumber is in the register with other data"* ]]
	[ "$(jq -c '[.lines, .added, .known, .bad, .issued]' <<<"$output")" = '[5,2,2,1,2]' ]
	check_cards 5
	echo "$output" >summary.json
	valid issue batch <summary.json
	batch h.jsonl --report report || true
	valid batch report <report
	head -1 h.jsonl | valid batch line
}

@test "a portrait can stand in the line" {
	holders 1 | jq -c --arg p "$(base64 -w0 face.jpg)" 'del(.portrait) + {portraitData: $p}' >h.jsonl
	rm face.jpg
	batch h.jsonl
	check_cards 1
	holders 1 L | jq -c 'del(.portrait) + {portraitData: "####"}' >l.jsonl
	run --separate-stderr batch l.jsonl
	[ "$status" -eq 13 ]
	[[ "$stderr" == *"l.jsonl:1: /portraitData is not base64"* ]]
}

@test "30 cards by two workers, from a pipe" {
	holders 30 | batch - --workers 2
	check_cards 30
}

@test "--workers 0 only fills the queue, which a worker empties; --check fills nothing" {
	holders 2 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --check
	[ ! -e ut/register.db ] || [ "$(count documents)" = 0 ]
	sojourn issue --authority ut --batch h.jsonl --workers 0
	[ "$(count 'job WHERE state = 0')" = 2 ]
	sojourn issue --authority ut --worker --letters letters --exec -- sojourn card feed cards --interface contact
	check_cards 2
}

@test "a program that has one card only is started anew for each" {
	holders 3 >h.jsonl
	# shellcheck disable=SC2016 # for the shell that is started
	sojourn issue --authority ut --batch h.jsonl --letters letters --exec -- sh -c \
		'f=cards/$$.card; sojourn card new $f 2>/dev/null; exec sojourn card run $f --link stdio --interface contact'
	check_cards 3
}

@test "options for a single card are none for a batch" {
	holders 1 >h.jsonl
	echo 123456 >can
	run batch h.jsonl --can-file can
	[ "$status" -eq 2 ]
	[[ "$output" == *"--can-file is for one card"* ]]
}

@test "a worker that is interrupted finishes its card; the rest waits" {
	holders 200 >h.jsonl
	setsid sojourn issue --authority ut --batch h.jsonl --letters letters --exec -- \
		sojourn card feed cards --interface contact >out 2>&1 3>&- &
	worker=$!
	while [ "$(find letters -name '*.txt' 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.02; done
	kill -INT -$worker
	code=0
	wait $worker || code=$?
	[ $code -eq 1 ]
	grep 'stopped; the rest waits in the queue' out
	[ "$(count 'cards WHERE state <> 2')" = 0 ]
	[ "$(count 'job WHERE state = 0')" -gt 0 ]
	check_cards "$(count 'job WHERE state = 2')"
}

@test "data that no card can have fail alone, and are in the report" {
	holders 3 >h.jsonl
	sed -i '2s/"expiryDate": "[^"]*"/"expiryDate": "2099-01-01"/' h.jsonl
	run --separate-stderr batch h.jsonl --report report
	[ "$status" -eq 13 ]
	[[ "$stderr" == *"/expiryDate lies after the signer's certificate"* ]]
	[ "$(jq -c '[.line, .document]' report)" = '[2,2]' ]
	check_cards 2
}

@test "a worker that is killed: its card is finished or void, and its job is done by the next" {
	holders 8 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --workers 0
	for _ in 1 2 3 4; do
		sojourn issue --authority ut --worker --letters letters --exec -- sojourn card feed cards \
			--interface contact 3>&- &
		worker=$!
		sleep "0.0$((RANDOM % 9 + 1))"
		kill -9 $worker
		wait $worker || true
	done
	sojourn issue --authority ut --worker --letters letters --exec -- sojourn card feed cards --interface contact
	[ "$(count 'job WHERE state = 2')" = 8 ]
	[ "$(count 'cards WHERE state = 2')" = 8 ]
	[ "$(count 'cards WHERE state IN (0, 1)')" = 0 ]
}

@test "a document that was revoked while it waited fails alone" {
	holders 3 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --workers 0
	sojourn register revoke ut -d K000000 --reason withdrawn
	run -13 --separate-stderr batch h.jsonl --report report
	[[ "$stderr" == *"K000000: the document is revoked"* ]]
	[ "$(jq -c '[.line, .document]' report)" = '[1,1]' ]
	[ "$(count 'job WHERE state = 2')" = 2 ]
	check_cards 2
}

@test "a document that got its card alone while it waited gets no second" {
	holders 1 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --workers 0
	jq 'del(.portrait)' h.jsonl >one.json
	sojourn card new cards/one.card
	sojourn issue -a ut --holder one.json -p face.jpg -l one.letter --exec -- \
		sojourn card run cards/one.card --link stdio --interface contact
	batch h.jsonl
	[ "$(count 'job WHERE state = 2')" = 1 ]
	[ "$(count cards)" = 1 ]
}

@test "a worker that was too slow leaves the letter of the one that took its job" {
	holders 1 >h.jsonl
	sojourn issue --authority ut --batch h.jsonl --workers 0
	mkdir slow
	sojourn issue --authority ut --worker --letters letters --key-algorithm 9D:RSA-2048 --exec -- \
		sojourn card feed slow --interface contact >out 2>&1 3>&- &
	worker=$!
	for _ in {1..500}; do
		[ "$(count 'job WHERE state = 1')" = 0 ] || break
		sleep 0.01
	done
	pkill -STOP -P $worker
	sqlite3 ut/register.db 'UPDATE job SET lease = 0'
	code=0
	timeout 120 sojourn issue --authority ut --worker --letters letters --exec -- \
		sojourn card feed cards --interface contact || code=$?
	pkill -CONT -P $worker
	[ $code -eq 0 ]
	wait $worker || true
	grep 'the job was given to another worker' out
	[ "$(count 'cards WHERE state = 3')" = 1 ]
	check_cards 1
}

@test "two workers at PostgreSQL, killed as their cards and the server are: a good card each" {
	ls /usr/lib/postgresql/*/bin/initdb || skip 'PostgreSQL is not installed'
	cd "$ROOT"
	run tests/power/batch_kills.py --cards 40 --kills 8 --seed 1
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"40 good cards, each verified"* ]]
}

@test "the only card of a reader is not waited for once more when the queue is empty" {
	holders 1 >h.jsonl
	eval "$(sojourn lab --blank --dir "$BATS_TEST_TMPDIR/lab" 3>&-)"
	run -0 timeout 120 sojourn issue --authority ut --batch h.jsonl --letters letters
	sojourn lab down --dir "$BATS_TEST_TMPDIR/lab"
	[[ $output == *"1 cards in"*"0 failed"* ]]
}

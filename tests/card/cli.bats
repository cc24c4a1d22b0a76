#!/usr/bin/env bats
# The command line as a user meets it: every program, its help, its errors, its
# manual and completion; the lab and the demo as wholes.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" LC_ALL=C.UTF-8
	export SOJOURN_CONFIG=/dev/null
	unset PCSCLITE_CSOCK_NAME NO_COLOR SOJOURN_LOG
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	LAB=$(mktemp -d -u /tmp/sojourn-bats-XXXXXX)
}

teardown() {
	sojourn lab down --dir "$LAB" 2>/dev/null || true
}

nouns() {
	sojourn --help | sed -n '/^Nouns:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# "noun verb" of every command of every program that is built.
commands() {
	local program
	for program in "$BUILD_DIR"/libexec/sojourn/sojourn-*; do
		"$program" --cli-dump |
			python3 -c 'import json,sys
for c in json.load(sys.stdin)["commands"]: print(c["noun"], c["verb"] or "")'
	done
}

@test "the dispatcher's help lists every noun, with examples last" {
	run sojourn --help
	[ "$status" -eq 0 ]
	[[ $output == *"  verify "* && $output == *"  demo "* ]]
	[[ ${lines[-1]} == "  sojourn verify --help" ]]
}

@test "no noun at all prints the help" {
	run sojourn
	[ "$status" -eq 0 ]
	[[ $output == "Usage: sojourn"* ]]
}

@test "version" {
	run sojourn --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^sojourn\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$(sojourn verify --version)" = "$output" ]
}

@test "a mistyped noun is a usage error with a suggestion" {
	run sojourn verfy
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean verify?"*"[SJ-0201]"* ]]
}

@test "a mistyped verb and option too" {
	run sojourn reader lits
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean reader list?"* ]]
	run sojourn reader list --jsno
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean --json?"* ]]
}

@test "a word too many is an argument where there are no verbs" {
	run sojourn doctor please
	[ "$status" -eq 2 ]
	[[ $output != *"unknown verb"* && $output == *please*"sojourn doctor --help"* ]]
	run sojourn lab pu
	[[ $output == *"unknown verb"* ]]
}

@test "a bare noun with verbs prints its help" {
	run sojourn authority
	[ "$status" -eq 0 ]
	[[ $output == *"init"* ]]
}

@test "every noun is served by a program that is there" {
	for noun in $(nouns); do
		run sojourn "$noun" --help
		[ "$status" -eq 0 ] || { echo "$noun: $output"; false; }
	done
}

@test "every command has a help with a summary, an option table and an example" {
	while read -r noun verb; do
		run sojourn "$noun" $verb --help
		[ "$status" -eq 0 ]
		[[ $output == "Usage: sojourn $noun"*"Options:"*"--help"*"Examples:"* ]] ||
			{ echo "$noun $verb: $output"; false; }
	done < <(commands)
}

@test "a noun that is a command too lists its verbs" {
	run sojourn lab --help
	[[ $output == *"Verbs:"*"down "*"status "*"Options:"* ]]
}

@test "help stays within 85 columns" {
	while read -r noun verb; do
		run sojourn "$noun" $verb --help
		for line in "${lines[@]}"; do
			[ "${#line}" -le 85 ] || [[ $line == "    sojourn"* ]] || { echo "$noun $verb: $line"; false; }
		done
	done < <(commands)
}

@test "no option takes a secret on the command line" {
	for program in "$BUILD_DIR"/libexec/sojourn/sojourn-*; do
		"$program" --cli-dump
	done | python3 -c 'import json,re,sys
text, decoder, bad = sys.stdin.read().strip(), json.JSONDecoder(), []
while text:
    dump, end = decoder.raw_decode(text)
    text = text[end:].strip()
    bad += [o["name"] for c in dump["commands"] for o in c["options"]
            if re.fullmatch("can|mrz|pin|puk|password|secret", o["name"]) and o["argument"]]
sys.exit(repr(bad) if bad else 0)'
}

@test "the manual is what the tables say" {
	run "$BATS_TEST_DIRNAME/../../tools/man/generate" "$BUILD_DIR" --check
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *"left out"* ]]
}

@test "every option of every table stands in the manual" {
	for program in "$BUILD_DIR"/libexec/sojourn/sojourn-*; do
		"$program" --cli-dump | python3 -c 'import json,sys
for c in json.load(sys.stdin)["commands"]:
    for o in c["options"]: print(c["noun"], o["name"])'
	done | while read -r noun option; do
		grep -q -- "Fl -$option\b" "$BATS_TEST_DIRNAME/../../tools/man/sojourn-$noun.1" ||
			{ echo "sojourn-$noun.1: --$option"; exit 1; }
	done
}

@test "every noun and setting stands in the manual written by hand" {
	for noun in $(nouns); do
		grep -q "^\.Xr sojourn-$noun 1" "$BATS_TEST_DIRNAME/../../tools/man/sojourn.1"
	done
	for key in trust reader timeout color gate terminal services only; do
		grep -q "^\.It Cm $key" "$BATS_TEST_DIRNAME/../../tools/man/sojourn.conf.5"
	done
}

@test "the manual is clean mdoc" {
	run mandoc -T lint -W warning "$BATS_TEST_DIRNAME"/../../tools/man/*.[157]
	echo "$output"
	[ "$status" -eq 0 ]
}

# Completes the words in bash; the last one may be empty.
complete_words() {
	bash --norc -c 'source /dev/stdin; COMP_WORDS=("$@") COMP_CWORD=$(($#-1)); compopt() { :; }
		_sojourn; printf "%s\n" "${COMPREPLY[@]}"' bash "$@" < <(sojourn --completion bash)
}

@test "bash completes nouns, verbs, options and words" {
	[ "$(complete_words sojourn ver)" = verify ]
	[[ $(complete_words sojourn card '') == *new*run* ]]
	[[ $(complete_words sojourn verify --can) == *--can-fd* ]]
	[[ $(complete_words sojourn verify --color n) == never ]]
	[[ $(complete_words sojourn card run --link '') == *stdio* ]]
}

@test "bash completes files where a file is due" {
	touch some.card
	[ "$(complete_words sojourn verify --can-file som)" = some.card ]
	[ "$(complete_words sojourn card run som)" = some.card ]
}

@test "the scripts for zsh and fish hold every noun and option" {
	for shell in zsh fish; do
		run sojourn --completion "$shell"
		[ "$status" -eq 0 ]
		[[ $output == *verify* && $output == *portrait-out* && $output == *authority* ]]
	done
	run sojourn --completion tcsh
	[ "$status" -eq 2 ]
}

@test "a failure is one line with thing, cause, action and id" {
	run sojourn issue --check --holder nowhere
	[ "$status" -eq 13 ]
	[[ ${lines[-1]} =~ ^sojourn:\ nowhere:\ .*\[SJ-1301\]$ ]]
}

@test "a service that does not answer: the variable that leads there is named" {
	PCSCLITE_CSOCK_NAME=/nonexistent/socket run sojourn reader list
	[ "$status" -eq 3 ]
	[[ $output == *"[SJ-0301]"*"PCSCLITE_CSOCK_NAME is /nonexistent/socket"* ]]
}

@test "a letter that cannot be written is refused before the card is touched" {
	sojourn authority init authority
	sojourn card new a.card
	share=$BUILD_DIR/share/sojourn
	run sojourn issue -a authority --holder "$share/holder.json" -p "$share/face.jpg" -l nowhere/letter \
		--exec -- sojourn card run a.card --link stdio
	[ "$status" -eq 1 ]
	[[ $output == *"nowhere/letter: No such file"*"[SJ-0105]"* && $output != *personalised* ]]
}

@test "issue --aa-key: what is no RSA key, or too weak, is refused before the card is touched" {
	sojourn authority init authority
	sojourn card new a.card
	share=$BUILD_DIR/share/sojourn
	issue() {
		run sojourn issue -a authority --holder "$share/holder.json" -p "$share/face.jpg" -l letter "$@" \
			--exec -- sojourn card run a.card --link stdio
	}
	make_key() { # NAME ALGORITHM OPTION
		openssl genpkey -quiet -algorithm $2 -pkeyopt $3 | openssl pkcs8 -topk8 -nocrypt -outform DER -out $1.key
	}
	make_key ec EC ec_paramgen_curve:P-256
	make_key weak RSA rsa_keygen_bits:1024
	make_key good RSA rsa_keygen_bits:3072
	openssl pkey -in good.key -inform DER -out pem.key
	for key in ec weak pem; do
		issue --aa-key $key.key
		[ "$status" -eq 13 ]
		[[ $output == *"$key.key: not an RSA key of 2048 or 3072 bits"*"[SJ-1302]"* && $output != *personalised* ]]
	done
	issue --aa-key ec.key --aa rsa-2048
	[ "$status" -eq 2 ]
	issue --json --aa-key good.key
	[[ $output == *'"activeAuthentication": "RSA-3072"'* ]]
}

@test "doctor sees a trust store that is not as it was imported" {
	sojourn authority init authority
	sojourn trust import --trust trust --csca authority/csca-1.cer
	run sojourn doctor --trust trust
	[[ $output == *"ok           trust store"* ]]
	: >trust/csca/*.cer
	run sojourn doctor --trust trust
	[[ $output == *"fail         trust store: trust: csca/"*".cer is not as it was imported (files: 1;"*"SJ-1102"* ]]
}

@test "doctor: whether p11-kit knows the module, and its library is there" {
	export XDG_CONFIG_HOME=$PWD/config
	mkdir -p config/pkcs11/modules
	printf '# ours\nmodule: %s/module.so\n' "$PWD" >config/pkcs11/modules/sojourn.module
	run sojourn doctor --trust nowhere
	[[ $output == *"warn"*"PKCS#11: "*"names $PWD/module.so, which is not there"* ]]
	touch module.so
	run sojourn doctor --trust nowhere
	[[ $output == *"ok"*"PKCS#11: p11-kit knows the module: $PWD/module.so"* ]]
	echo 'priority: 5' >config/pkcs11/modules/sojourn.module
	run sojourn doctor --trust nowhere
	[[ $output == *"PKCS#11: "*"names no module"* ]]
}

@test "doctor: browsers that the module does not reach" {
	export XDG_DATA_HOME=$PWD/data
	run sojourn doctor --trust nowhere
	[[ $output != *"flatpak"* ]]
	mkdir -p data/flatpak/app/org.mozilla.firefox
	run sojourn doctor --trust nowhere
	[[ $output == *"warn"*"browser: Firefox is a flatpak"* ]]
}

@test "trust list and doctor name a damaged revocation list" {
	cd "$BATS_TEST_TMPDIR"
	sojourn authority init authority
	sojourn authority crl authority --out list.crl
	sojourn trust import --trust trust --csca authority/csca-1.cer --crl list.crl
	run sojourn trust list --trust trust
	[[ $output == *", CRL"* && $output != *"crl/"* ]]
	echo >>trust/crl/*.crl
	run sojourn trust list --trust trust
	[[ $output == *"$(cd trust && echo crl/*.crl): It is not the file that was imported."* ]]
	run sojourn doctor --trust trust
	[[ $output == *"fail         trust store: trust: $(cd trust && echo crl/*.crl)"*"SJ-1102"* ]]
	sojourn trust import --trust trust --crl list.crl
	run sojourn trust list --trust trust
	[[ $output != *"crl/"* ]]
}

@test "with --json standard output is one JSON object, in failure too" {
	sojourn trust list --json --trust nowhere >out 2>/dev/null || status=$?
	[ "$status" -eq 11 ]
	python3 -c 'import json; e=json.load(open("out")); assert e["schema"]==1 and e["error"]["id"]=="SJ-1101"'
}

@test "a full disk is an error" {
	run bash -c 'sojourn --help >/dev/full'
	[ "$status" -eq 1 ]
	run bash -c 'sojourn lab status --json >/dev/full'
	[ "$status" -eq 1 ]
	[[ $output == *"SJ-0105"* ]]
}

@test "no terminal and no file: the secret is asked for nowhere" {
	sojourn lab --blank --dir "$LAB" >/dev/null
	PCSCLITE_CSOCK_NAME=$LAB/pcscd.comm run setsid -w sojourn verify --trust "$LAB" </dev/null
	[[ $output == *"SJ-1203"* || $output == *"SJ-1101"* ]]
}

@test "a mistake in the configuration names file and line" {
	printf '[sojourn]\nraeder = x\n' >sojourn.conf
	SOJOURN_CONFIG=$PWD/sojourn.conf run sojourn lab status
	[ "$status" -eq 13 ]
	[[ $output == *"sojourn.conf, line 2: unknown key 'raeder'"*"[SJ-1302]"* ]]
}

@test "a folder is no configuration" {
	SOJOURN_CONFIG=/tmp run -13 sojourn lab status
	[[ $output == *"/tmp: Is a directory"*SJ-1301* ]]
}

@test "NO_COLOR, --color and a pipe decide about colour" {
	esc=$(printf '\033')
	[[ $(sojourn lab status --dir "$LAB") != *"$esc"* ]]
	sojourn lab --blank --dir "$LAB" >/dev/null
	[[ $(sojourn lab status --dir "$LAB" --color always) == *"$esc"* ]]
	[[ $(sojourn lab status --dir "$LAB") != *"$esc"* ]]
}

@test "a program leaves no core file" {
	sojourn lab -f --blank --dir "$LAB" >out &
	for _ in $(seq 100); do grep -q export out && break; sleep 0.05; done
	limit=$(grep 'Max core' /proc/$!/limits)
	kill $!
	wait $!
	[[ $limit =~ core\ file\ size\ +0\ +0 ]]
}

@test "lab: readers and cards come, and nothing is left" {
	eval "$(sojourn lab --blank --cards 3 --dir "$LAB")"
	[ "$PCSCLITE_CSOCK_NAME" = "$LAB/pcscd.comm" ]
	[ "$SOJOURN_LAB" = "$LAB" ]
	[ "$(opensc-tool -l | grep -c 'Yes.*Sojourn Lab')" -eq 3 ]
	run sojourn lab status --dir "$LAB"
	[[ $output == *running*"Sojourn Lab 2 00 00"* ]]
	sojourn lab down --dir "$LAB"
	[ ! -e "$LAB" ]
	run pgrep -f "$LAB"
	[ "$status" -ne 0 ]
}

@test "lab: a second one in the same place is refused, elsewhere not" {
	sojourn lab --blank --dir "$LAB" >/dev/null
	run sojourn lab --blank --dir "$LAB"
	[ "$status" -eq 13 ]
	[[ $output == *"SJ-1303"* ]]
	sojourn lab --blank --dir "$LAB-b" >/dev/null
	sojourn lab down --dir "$LAB-b"
	run sojourn lab status --dir "$LAB"
	[[ $output == *running* ]]
}

@test "lab: what a killed one left behind is cleared away" {
	sojourn lab --blank --dir "$LAB" >/dev/null
	keeper=$(sojourn lab status --json --dir "$LAB" | python3 -c 'import json,sys; print(json.load(sys.stdin)["pid"])')
	kill -9 "$keeper"
	for _ in $(seq 100); do pgrep -f "$LAB" >/dev/null || break; sleep 0.05; done
	run pgrep -f "$LAB"
	[ "$status" -ne 0 ]
	sojourn lab --blank --dir "$LAB" >/dev/null
	sojourn lab down --dir "$LAB"
	[ ! -e "$LAB" ]
}

@test "lab: a directory that is not a lab is left alone" {
	mkdir mine
	touch mine/precious
	run sojourn lab --blank --dir mine
	[ "$status" -eq 13 ]
	sojourn lab down --dir mine
	[ -e mine/precious ]
}

@test "lab: a card that is killed comes back" {
	eval "$(sojourn lab --blank --dir "$LAB")"
	kill -9 "$(pgrep -f "card run $LAB")"
	sleep 1
	for _ in $(seq 100); do opensc-tool -l | grep -q 'Yes.*Sojourn Lab' && break; sleep 0.1; done
	opensc-tool -l | grep -q 'Yes.*Sojourn Lab'
}

@test "lab: a card is taken away and put back" {
	eval "$(sojourn lab --blank --cards 2 --dir "$LAB")"
	sojourn lab take 2 --dir "$LAB"
	sleep 1.5 # it does not come back by itself
	opensc-tool -l | grep 'Lab 1 00 01' | grep -q No
	opensc-tool -l | grep 'Lab 1 00 00' | grep -q Yes
	sojourn lab take 2 --dir "$LAB"
	sojourn lab put 2 --dir "$LAB"
	[ "$(opensc-tool -l | grep -c 'Yes.*Sojourn Lab')" -eq 2 ]
	run -13 sojourn lab take 3 --dir "$LAB"
	[[ $output == *"has no card 3"* ]]
	run -2 sojourn lab put 0 --dir "$LAB"
	run -13 sojourn lab put --dir "$LAB-b"
	[[ $output == *"no lab runs in $LAB-b"* ]]
}

@test "lab: without a network of its own too" {
	eval "$(sojourn lab --blank --open-ports --dir "$LAB")"
	[ "$(opensc-tool -l | grep -c 'Yes.*Sojourn Lab')" -eq 1 ]
}

@test "lab: as an ordinary user" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become another user"
	runuser -u nobody -- test -x "$BUILD_DIR/bin/sojourn" || skip "the build folder is closed to other users"
	runuser -u nobody -- "$BUILD_DIR/bin/sojourn" lab --blank --dir "$LAB" >out
	PCSCLITE_CSOCK_NAME=$LAB/pcscd.comm runuser -u nobody -- opensc-tool -l | grep 'Yes.*Sojourn Lab'
	runuser -u nobody -- "$BUILD_DIR/bin/sojourn" lab down --dir "$LAB"
	[ ! -e "$LAB" ]
}

@test "lab: its cards are genuine by its own trust store" {
	eval "$(sojourn lab --dir "$LAB")"
	run sojourn verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" --reader 'Sojourn Lab 1 00 00'
	[ "$status" -eq 0 ]
	[[ $output == *GENUINE* ]]
}

@test "trace and capture of a verification, read by tshark" {
	eval "$(sojourn lab --dir "$LAB")"
	sojourn verify --trust "$LAB/trust" --can-file "$LAB/card-01.can" --trace --pcap x.pcap >/dev/null 2>trace
	grep -q '^> GENERAL AUTHENTICATE' trace
	grep -q '^< secured 9000' trace
	! grep -q "$(cat "$LAB/card-01.can")" trace
	tshark -r x.pcap -d iso14443.subdissector,iso7816 2>/dev/null >frames
	grep -q 'Field on' frames
	grep -q 'ISO 7816 .* Select file' frames
	grep -q 'Response APDU (to Read binary)' frames
}

# OpenSSL's programs load our module: one with a sanitiser wants it before all else.
sanitised() {
	local library
	library=$(ldd "$BUILD_DIR/lib/pkcs11/sojourn-pkcs11.so" | sed -n 's/^[^=]*=> *\([^ ]*lib[at]san[^ ]*\) .*/\1/p')
	[ -z "$library" ] || export LD_PRELOAD=$library ASAN_OPTIONS=detect_leaks=0
	"$@"
}

@test "demo: every scene ends as it should, and nothing is left" { # how long it takes: make bench
	before=$(ls -d /tmp/sojourn-demo-* 2>/dev/null || true)
	run sanitised timeout 120 sojourn demo
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^. as expected' <<<"$output")" -eq 19 ]
	[[ $output == *"at a hotel"*home-passport-number*"at a pharmacy"*age-over-18*yes*"metro's gate"*pseudonym* ]]
	[ "$(grep -c 'jcop4-p71 at 848 kbit/s: [1-9][0-9]* ms' <<<"$output")" -eq 2 ]
	for id in SJ-0705 SJ-0703 SJ-0702 SJ-1402 SJ-0801 SJ-1201 SJ-0805; do
		[[ $output == *"$id"* ]]
	done
	[ "$(ls -d /tmp/sojourn-demo-* 2>/dev/null || true)" = "$before" ]
}

# with_program NAME SCRIPT: the same programs, but that one is a script of ours.
with_program() {
	mkdir -p tree/libexec/sojourn
	cp "$BUILD_DIR"/libexec/sojourn/sojourn-* tree/libexec/sojourn/
	ln -s "$BUILD_DIR/lib" "$BUILD_DIR/share" tree/
	rm -f "tree/libexec/sojourn/sojourn-$1"
	printf '#!/bin/sh\n%s\n' "$2" >"tree/libexec/sojourn/sojourn-$1"
	chmod +x "tree/libexec/sojourn/sojourn-$1"
}

@test "demo: a verifier that believes everything makes it fail" {
	with_program verify "echo '{\"schema\":1,\"verdict\":\"genuine\",\"reason\":null}'"
	run sanitised tree/libexec/sojourn/sojourn-demo demo
	[ "$status" -eq 1 ]
	[ "$(grep -c '^. UNEXPECTED' <<<"$output")" -eq 9 ]
	[[ $output == *"SJ-0101"* ]]
}

@test "demo: a verifier that believes nothing makes it fail" {
	with_program verify 'exit 7'
	run tree/libexec/sojourn/sojourn-demo demo
	[ "$status" -eq 1 ]
}

@test "demo: a gate that opens to everybody makes it fail" {
	with_program gate "[ \$2 != run ] || echo '{\"decision\":\"open\",\"reasons\":[],\"resumed\":true}'
		: >gate.req; [ \$2 != enrol ] || exec $BUILD_DIR/libexec/sojourn/sojourn-gate \"\$@\""
	run sanitised tree/libexec/sojourn/sojourn-demo demo
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(grep -c '^. UNEXPECTED  *\(10\|13\|14\)\.' <<<"$output")" -eq 3 ]
	[[ $output == *"3 of 19 scenes"* ]]
}

@test "demo: interrupted, it leaves nothing" {
	before=$(ls -d /tmp/sojourn-demo-* 2>/dev/null || true)
	setsid sojourn demo >out 2>&1 &
	sleep 0.7
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 1 ]
	grep -q 'SJ-0104' out
	[ "$(ls -d /tmp/sojourn-demo-* 2>/dev/null || true)" = "$before" ]
}

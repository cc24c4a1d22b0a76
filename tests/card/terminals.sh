# terminals.sh -- cards in a lab of their own, counters and gates, for bats files that `source` it.
#
#	lab_start N		a lab with N blank cards, in $LAB; the authority is `ut`
#	lab_stop
#	issue I NUMBER		card I (from 0) becomes that document of `ut`
#	publish [OPTION]...	the next bundle of `ut`, into `site`
#	counter STORE I		`sojourn verify` of card I by that trust store
#	gate NAME [OPERATOR [CA]]	a gate enrolled by gate CA number CA (default: the present one)
#	tap NAME STORE I	puts card I before that gate; its decision and reasons to the output

lab_start() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	LAB=$(mktemp -d /tmp/sojourn-bats-XXXXXX)
	export BUILD_DIR LAB PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null SHARE=$BUILD_DIR/share/sojourn
	eval "$(sojourn lab --dir "$LAB/lab" --blank --cards "$1" 3>&-)"
	export PCSCLITE_CSOCK_NAME
}

lab_stop() {
	sojourn lab down --dir "$LAB/lab"
	rm -rf "$LAB"
}

reader() {
	printf 'Sojourn Lab %u 00 %02u' $(($1 / 2 + 1)) $(($1 % 2))
}

issue() {
	echo 424242 >can
	chmod 600 can
	sed "s/\"documentNumber\": \"[^\"]*\"/\"documentNumber\": \"$2\"/" "$SHARE/holder.json" >holder.json
	sojourn issue -a ut --holder holder.json -p "$SHARE/face.jpg" -l "$2.letter" --can-file can \
		--reader "$(reader "$1")"
}

publish() {
	sojourn authority publish ut --out site "$@"
}

counter() {
	sojourn verify --trust "$1" --can-file can --reader "$(reader "$2")"
}

gate() {
	sojourn gate enrol --state "$1" --request gate.req
	sojourn authority gate sign ut --request gate.req --service 1 --operator "${2:-0000000a}" --out gate.cwt \
		${3:+--ca "$3"}
	sojourn gate enrol --state "$1" --install gate.cwt
	sojourn gate ticket-key new --state "$1"
}

tap() {
	local pid
	: >lines
	sojourn gate run --state "$1" --trust "$2" --reader "$(reader "$3")" >lines 2>gate.log 3>&- &
	pid=$!
	for _ in $(seq 200); do
		grep -q '"event":"tap"' lines && break
		kill -0 "$pid" || break
		sleep 0.05
	done
	kill "$pid" || true
	wait "$pid" || true
	grep '"event":"tap"' lines | /usr/bin/python3 -c '
import json, sys
o = json.loads(sys.stdin.readline() or "{}")
print(o.get("decision", "nothing"), *(r["id"] for r in o.get("reasons", [])))'
}

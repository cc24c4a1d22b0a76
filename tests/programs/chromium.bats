#!/usr/bin/env bats
# Chromium logs in to a web server with the card: its own dialog takes the PIN, on a screen
# that nobody sees; with a key that wants no PIN it needs no screen at all.

load stage.sh

setup_file() {
	stage_needs chromium certutil modutil Xvfb xdotool
	stage_up
	stage_free
	stage_server
	stage_nss
	cd "$STAGE" || exit 1
	mkdir -p home/.pki
	cp -r nss home/.pki/nssdb
	export HOME=$PWD/home POLICY=/etc/chromium/policies/managed/sojourn-test.json
	mkdir -p "${POLICY%/*}"
}

teardown_file() {
	rm -f "$POLICY"
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
	rm -rf chromium
	: > server.log
}

# A key that wants no PIN, in 83, of a holder of another name.
stage_free() (
	cd "$STAGE" || return 1
	yubico-piv-tool -r '' -k"$ADMIN" -a generate -s 83 -A ECCP256 --pin-policy never -o 83.pub
	openssl x509 -new -force_pubkey 83.pub -CA "$CA" -CAkey ut/key-ca-1.key -subj '/CN=Anybody' \
		-days 30 -extfile 82.ext -out 83.pem
	yubico-piv-tool -r '' -k"$ADMIN" -a import-certificate -s 83 -i 83.pem
	stage_history 2
)

# Of the card's certificates, Chromium is to take the one of this name without asking.
take() {
	printf '{ "AutoSelectCertificateForUrls":
		["{\\"pattern\\":\\"https://localhost:%s\\",\\"filter\\":{\\"SUBJECT\\":{\\"CN\\":\\"%s\\"}}}"] }\n' \
		"$PORT" "$1" > "$POLICY"
}

# Takes the place of its shell.
browse() {
	exec timeout -k 5 60 chromium --no-sandbox --disable-gpu --no-first-run --user-data-dir="$STAGE/chromium" \
		"$@" "https://localhost:$PORT/" 2> chromium.log 3>&-
}

# Types the PIN when the dialog is there, and waits for the server to see the holder.
type_pin() {
	local i
	for ((i = 0; i < 5; i++)); do # a window that closes while they are gone through ends the search
		! timeout 30 xdotool search --sync --onlyvisible --name 'Unlock Security Device' > /dev/null || break
	done
	sleep 0.5
	xdotool type "$1"
	xdotool key Return
	for ((i = 0; i < 100; i++)); do
		grep -q "^came: $HOLDER" server.log && return 0
		sleep 0.1
	done
	return 1
}

@test "Chromium asks for the PIN and logs in" {
	take "$HOLDER"
	export DISPLAY=:$((100 + $$ % 10000))
	Xvfb "$DISPLAY" -screen 0 1000x800x24 > /dev/null 2>&1 3>&- &
	echo $! > xvfb.pid
	for _ in $(seq 100); do
		! xdotool getdisplaygeometry > /dev/null 2>&1 || break
		sleep 0.1
	done
	(browse > /dev/null) &
	local browser=$!
	run type_pin "$PIN"
	kill "$browser"
	wait "$browser" || true
	echo "$output"
	cat server.log
	[ "$status" -eq 0 ]
	grep -q '"GET / HTTP/1.1" 200' server.log
}

@test "headless Chromium logs in with a key that wants no PIN" {
	take Anybody
	run browse --headless --dump-dom
	echo "$output"
	cat server.log chromium.log
	[ "$status" -eq 0 ]
	[[ $output == *'in: Anybody'* ]]
}

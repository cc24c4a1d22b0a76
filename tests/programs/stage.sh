# stage.sh -- a card of ours for programs of others: `load stage.sh`.
#
#	stage_up [OPTION OF issue...]	an issued card on the contact interface of a private pcscd
#	stage_card	puts it in; stage_take takes it out
#	stage_down	ends all that
#
#	$STAGE		a folder of its own; visitor.card, ut (the authority), key-ca.pem
#	$MODULE		the PKCS#11 module
#	$HOLDER		whom the certificates name
#	$PIN $PUK $ADMIN	of the card; the last is its management key, the module's SO PIN
#	$CA		PEM file of who certified the keys
#
# Keys: as issued, P-256; and 82, RSA-2048, made by yubico-piv-tool, whose 2.2 knows 3DES alone (9B).

source "${BASH_SOURCE%/*}/../reader/pcscd.sh"

# stage_needs PROGRAM OR FILE...: without one of them the file's tests are skipped, which is said.
stage_needs() {
	local what
	for what; do
		command -v "$what" > /dev/null || [ -e "$what" ] && continue
		echo "# SKIPPED: no $what" >&3
		skip "no $what"
	done
}

stage_up() {
	bats_require_minimum_version 1.5.0
	local build
	build=$(realpath "${SOJOURN_BUILD:-build}")
	export STAGE=$BATS_FILE_TMPDIR/stage SOJOURN_CONFIG=/dev/null PATH=$build/bin:$PATH
	export MODULE=${MODULE:-$build/lib/pkcs11/sojourn-pkcs11.so}
	export XDG_CACHE_HOME=$STAGE/cache PIN=123456 PUK=12345678 HOLDER='Vera Visitor'
	mkdir "$STAGE"
	stage_issue "$build/share/sojourn" "$@"
	pcscd_start
	export PCSCD_DIR PCSCD_PID PCSCD_PORT
	stage_card
	stage_rsa
}

# visitor.card, by an authority in ut: stage_issue SHARE [OPTION OF issue...].
stage_issue() {
	cd "$STAGE" || return 1
	umask 077
	echo "$PIN" > pin
	echo "$PUK" > puk
	local share=$1
	shift
	sed 's/"surname": "[^"]*"/"surname": "Visitor"/; s/"givenNames": "[^"]*"/"givenNames": "Vera"/' \
		"$share/holder.json" > holder.json
	sojourn authority init ut
	sojourn card new visitor.card
	sojourn issue -a ut --holder holder.json -p "$share/face.jpg" -l letter --no-gate \
		--pin-file pin --puk-file puk --key-algorithm 9B:3DES "$@" --exec -- sojourn card run visitor.card --link stdio
	export CA=$STAGE/key-ca.pem ADMIN
	sojourn register key ut --document "$(sed -n 's/^Document number: //p' letter)" --out admin
	ADMIN=$(cut -d' ' -f2 admin)
	openssl x509 -inform DER -in ut/key-ca-1.cer -out "$CA"
	sed -n 's/^Card access number.*: //p' letter > can
	sed -n 's/^Pairing code: //p' letter > pairing
	cd "$OLDPWD" || return 1
}

# A key for those who want RSA, with a certificate of the same CA.
stage_rsa() (
	cd "$STAGE" || return 1
	yubico-piv-tool -r '' -k"$ADMIN" -a generate -s 82 -A RSA2048 -o 82.pub
	printf '%s\n' 'keyUsage = digitalSignature, keyEncipherment' \
		'extendedKeyUsage = clientAuth, emailProtection, codeSigning' > 82.ext
	openssl x509 -new -force_pubkey 82.pub -CA "$CA" -CAkey ut/key-ca-1.key -subj "/CN=$HOLDER" \
		-days 30 -extfile 82.ext -out 82.pem
	yubico-piv-tool -r '' -k"$ADMIN" -a import-certificate -s 82 -i 82.pem
	stage_history 1
)

# How many retired keys (up to 9) the card is to speak of (SP 800-73-5 part 1, 3.3.3).
stage_history() {
	printf "\\xC1\\x01\\x0$1\\xC2\\x01\\x00\\xFE\\x00" > history
	yubico-piv-tool -r '' -k"$ADMIN" -a write-object --id 0x5FC10C -f binary -i history
}

stage_card() { # [OPTION OF card run...]
	sojourn card run "$STAGE/visitor.card" --interface contact --port "$PCSCD_PORT" "$@" \
		> /dev/null 2>> "$STAGE/card.log" 3>&- &
	echo $! > "$STAGE/card.pid"
	local i
	for ((i = 0; i < 100; i++)); do
		opensc-tool -a > /dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

stage_take() {
	kill "$(cat "$STAGE/card.pid")"
	rm "$STAGE/card.pid"
	sleep 0.9 # pcscd looks every 400 ms
}

stage_down() {
	local pid
	for pid in "$STAGE"/*.pid; do
		[ ! -e "$pid" ] || kill "$(cat "$pid")" || true
	done
	[ -z "$PCSCD_DIR" ] || pcscd_stop
}

# A free port of the loopback.
stage_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until somebody listens on a port.
stage_listens() {
	local i
	for ((i = 0; i < 100; i++)); do
		(exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null && return 0
		sleep 0.05
	done
	return 1
}

# A web server at $PORT whose clients need a certificate of $CA; its own is server.pem.
stage_server() {
	export PORT
	PORT=$(stage_port)
	(cd "$STAGE" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout server.key -out server.pem 2> /dev/null &&
		cat server.pem server.key > server.both)
	/usr/bin/python3 "${BASH_SOURCE%/*}/server.py" "$PORT" "$STAGE/server.both" "$CA" \
		> "$STAGE/server.log" 2>&1 3>&- &
	echo $! > "$STAGE/server.pid"
	stage_listens "$PORT"
}

# NSS databases in nss/, with the module as "sojourn" and whom to trust.
stage_nss() {
	(cd "$STAGE" && mkdir nss && certutil -N -d sql:nss --empty-password &&
		modutil -dbdir sql:nss -add sojourn -libfile "$MODULE" -force &&
		certutil -A -d sql:nss -n clients -t CT,C,C -i "$CA" &&
		certutil -A -d sql:nss -n server -t P,, -i server.pem)
}

# Where Debian has libp11's engine.
stage_engine() {
	echo /usr/lib/*/engines-3/pkcs11.so
}

# What a program that is not ours preloads for a sanitised module: the sanitiser.
stage_preload() {
	local want
	want=$(ldd "$MODULE" | sed -n 's/^[^=]*=> *\([^ ]*lib[at]san[^ ]*\) .*/\1/p')
	echo "$want"
}

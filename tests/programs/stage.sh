# stage.sh -- a card of ours for programs of others: `load stage.sh`.
#
#	stage_up	a private pcscd, an issued card in it; what the keys need
#	stage_down	ends all that
#
#	$STAGE		a folder of its own
#	$MODULE		the PKCS#11 module
#	$PIN $SO	of the card; the second is the management key
#	$CA		PEM file of who certified the keys
#
# Keys: 9A P-256, 9D RSA-2048, each with a certificate for "Visitor".

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

STAND_IN=/work/peer/standin/stage.sh
stage_up() {
	bats_require_minimum_version 1.5.0
	export STAGE=$BATS_FILE_TMPDIR/stage
	mkdir "$STAGE"
	pushd "$STAGE" >/dev/null
	. $STAND_IN
	standin_up
	export CA
	popd >/dev/null
}

# The engine of libp11.
stage_engine() {
	local engine
	for engine in /usr/lib/*/engines-3/pkcs11.so; do
		echo "$engine"
	done
}

# A web server at $PORT whose clients need a certificate of $CA; its own is server.pem.
stage_server() {
	export PORT=$(stage_port)
	(cd "$STAGE" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout server.key -out server.pem 2> /dev/null &&
		cat server.pem server.key > server.both)
	/usr/bin/python3 "${BASH_SOURCE%/*}/server.py" "$PORT" "$STAGE/server.both" "$CA" > "$STAGE/server.log" 2>&1 3>&- &
	echo $! > "$STAGE/server.pid"
	stage_listens "$PORT"
}
stage_down() {
	local pid
	for pid in "$STAGE"/*.pid; do
		[ -e "$pid" ] && kill "$(cat "$pid")"
	done
	return 0
}

# NSS databases in nss/, with the module as "sojourn" and whom to trust; the PIN in a file.
stage_nss() {
	(cd "$STAGE" && mkdir -p nss && certutil -N -d sql:nss --empty-password &&
		modutil -dbdir sql:nss -add sojourn -libfile "$MODULE" -mechanisms FRIENDLY -force &&
		certutil -A -d sql:nss -n clients -t CT,C,C -i "$CA" &&
		certutil -A -d sql:nss -n server -t P,, -i server.pem)
	echo "$PIN" > "$STAGE/pin"
}

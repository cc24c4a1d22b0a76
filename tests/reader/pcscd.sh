# pcscd.sh -- a private pcscd with the virtual reader, for bats files: `load ../reader/pcscd`.
#
#	pcscd_start [none]	starts it (none: without readers); exports PCSCLITE_CSOCK_NAME
#	pcscd_stop		ends it and removes its folder
#	$PCSCD_PORT		slot 0 of the virtual reader; slot 1 is one more: cards dial it
#	pcscd_card_start [SLOT]	a card that answers 9000 to everything
#	pcscd_card_stop [SLOT]
#
# $PCSCD_PRELOAD		a library for pcscd alone
# $PCSCD_SECOND			its name: a second device, with slots at the next two ports
#
# Readers are called "Test PCD 00 00" and "Test PCD 00 01"; PCSCD_READER is another name.

pcscd_start() {
	PCSCD_DIR=$(mktemp -d "${TMPDIR:-/tmp}/sojourn-pcscd-XXXXXX")
	PCSCD_PORT=$(python3 - <<-'PY'
		import random, socket
		def free(port):
		    with socket.socket() as s:
		        try:
		            s.bind(("", port))
		        except OSError:
		            return False
		        return True
		while True:
		    port = random.randrange(20000, 32000)
		    if all(free(port + i) for i in range(4)):
		        print(port)
		        break
	PY
	)
	export PCSCLITE_CSOCK_NAME=$PCSCD_DIR/pcscd.comm
	mkdir "$PCSCD_DIR/conf"
	[ "${1:-}" = none ] || cat > "$PCSCD_DIR/conf/vpcd" <<-CONF
		FRIENDLYNAME "${PCSCD_READER:-Test PCD}"
		DEVICENAME /dev/null:$PCSCD_PORT
		LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so
		CHANNELID $PCSCD_PORT
	CONF
	if [ -n "${PCSCD_SECOND:-}" ]; then # the driver keeps its slots in variables of its own
		cp /usr/lib/pcsc/drivers/serial/libifdvpcd.so "$PCSCD_DIR/second.so"
		cat > "$PCSCD_DIR/conf/vpcd2" <<-CONF
			FRIENDLYNAME "$PCSCD_SECOND"
			DEVICENAME /dev/null:$((PCSCD_PORT + 2))
			LIBPATH $PCSCD_DIR/second.so
			CHANNELID $((PCSCD_PORT + 2))
		CONF
	fi
	python3 - "$PCSCD_DIR" > "$PCSCD_DIR/log" 2>&1 3>&- <<-'PY' &
		import os, socket, sys
		os.setsid()
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1] + "/pcscd.comm")
		listener.listen(16)
		os.dup2(listener.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.environ["PATH"] += ":/usr/sbin"
		if "PCSCD_PRELOAD" in os.environ:
		    os.environ["LD_PRELOAD"] = os.environ["PCSCD_PRELOAD"]
		os.execvp("pcscd", ["pcscd", "--foreground", "-c", sys.argv[1] + "/conf"])
	PY
	PCSCD_PID=$!
	for _ in $(seq 100); do
		[ -S "$PCSCLITE_CSOCK_NAME" ] && return 0
		sleep 0.05
	done
	return 1
}

pcscd_stop() {
	local pid
	for pid in "$PCSCD_DIR"/card.*; do
		[ -e "$pid" ] && kill "$(cat "$pid")" 2> /dev/null
	done
	kill "$PCSCD_PID" 2> /dev/null
	wait "$PCSCD_PID" 2> /dev/null
	rm -rf "$PCSCD_DIR"
}

pcscd_card_start() {
	local slot=${1:-0}
	python3 - $((PCSCD_PORT + slot)) > /dev/null 2>&1 3>&- <<-'PY' &
		import socket, sys, time
		ATR = bytes.fromhex("3B80800101")
		def serve(s):
		    f = s.makefile("rb")
		    while head := f.read(2):
		        message = f.read(int.from_bytes(head, "big"))
		        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
		        reply = ATR if message == b"\x04" else b"\x90\x00" if len(message) > 1 else None
		        if reply:
		            s.sendall(len(reply).to_bytes(2, "big") + reply)
		while True:
		    try:
		        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
		            serve(s)
		    except OSError:
		        pass
		    time.sleep(0.05)
	PY
	echo $! > "$PCSCD_DIR/card.$slot"
}

pcscd_card_stop() {
	local file="$PCSCD_DIR/card.${1:-0}"
	kill "$(cat "$file")"
	rm "$file"
}

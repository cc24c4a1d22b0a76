#!/usr/bin/env bats
# sojourn card new, run and show.
bats_require_minimum_version 1.5.0

setup() {
	card="$SOJOURN_BUILD/bin/sojourn card"
	[ -x "$SOJOURN_BUILD/bin/sojourn" ]
	cd "$BATS_TEST_TMPDIR"
}

lines() {
	printf '%s\n' "$@"
}

@test "a new card is blank and its owner's alone" {
	$card new a.card
	[ "$(stat -c %a a.card)" = 600 ]
	$card show a.card | grep -qx 'state   blank'
}

@test "a new card has a serial number of its own and the transport key that it is given" {
	$card new a.card
	$card show a.card | grep -qx 'keys    30                 AES-128'
	$card show a.card | grep -qx 'life    OP_READY'
	(umask 077 && echo 000102030405060708090A0B0C0D0E0F1011121314151617 > key)
	$card new b.card --transport-key-file key --scp-i 10
	$card show b.card | grep -qx 'keys    30                 AES-192'
	[ "$($card show a.card | grep serial)" != "$($card show b.card | grep serial)" ]
	echo 0001 > key
	run -13 $card new c.card --transport-key-file key
	[ ! -e c.card ]
	run -2 $card new c.card --scp-i 20
}

@test "in the clear a card is not personalised" {
	$card new a.card
	run -0 sh -c "lines() { printf '%s\\n' \"\$@\"; }; lines on 00A4040C08A000000151000000 \
		80E620000D000007A000000247100100000000 80E2080001FF 80F0800F 84F0800F | $card run a.card --link stdio"
	[ "$(tail -n 4 <<< "$output" | sort -u)" = 6982 ]
}

@test "an existing file is never touched (SJ-1303)" {
	echo precious > a.card
	run $card new a.card
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1303* ]]
	[ "$(cat a.card)" = precious ]
}

@test "a folder that may not be written is a matter of permission (SJ-1002)" {
	[ "$(id -u)" -ne 0 ] || dropped="setpriv --bounding-set=-dac_override"
	mkdir --mode 555 closed
	run ${dropped:-} $card new closed/a.card
	[ "$status" -eq 10 ] || { echo "$output"; false; }
	[[ "$output" == *SJ-1002* ]]
	[ ! -e closed/a.card ]
	$card new a.card
	chmod 0 a.card
	run ${dropped:-} $card show a.card
	[ "$status" -eq 10 ]
	run $card new /dev/full/a.card
	[ "$status" -eq 1 ]
	[[ "$output" == *SJ-0105* ]]
}

@test "hex lines: on, command, off, rubbish" {
	$card new a.card
	run --separate-stderr $card run a.card --link stdio < <(lines on '00 A4 04 0C 07 A0000002471001' '# nothing' off 00A40000 xyz)
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" == 3B87* ]]
	[[ "${lines[1]}" =~ ^[0-9A-F]{4}$ ]]
	[ "${lines[2]}" = off ]
	[ "${lines[3]}" = off ]
	[ "${lines[4]}" = error ]
	[ "${#lines[@]}" -eq 5 ]
}

# left KIND WHEN: the card's exit code and words when its reader dies. KIND: pipe or socket, at
# the default of SIGPIPE; WHEN: before the answer to "on" or with one that it never read.
left() {
	/usr/bin/python3 - "$1" "$2" $card run a.card --link stdio << 'END'
import os, signal, socket, subprocess, sys, time
kind, when, command = sys.argv[1], sys.argv[2], sys.argv[3:]
if kind == "pipe":
    (stdin, to), (answers, stdout) = os.pipe(), os.pipe()
else:
    ours, theirs = socket.socketpair()
    to = answers = ours.detach()
    stdin = stdout = theirs.detach()
card = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
for fd in {stdin, stdout}:
    os.close(fd)
if when == "unread":
    os.write(to, b"on\n")
    time.sleep(0.5)
    os.close(answers)
else:
    os.write(to, b"on\n" * 3)
    os.close(answers)
if kind == "pipe":
    if when == "unread":
        os.write(to, b"00A40000\n")
    time.sleep(0.2)
    os.close(to)
words = card.communicate(timeout=10)[1]
print(card.returncode, words.decode(), end="")
END
}

@test "a reader that goes away ends the card as the end of input does" {
	$card new a.card
	for kind in pipe socket; do
		for when in before unread; do
			run left $kind $when
			[ "$output" = "0 " ] || { echo "$kind $when: $output"; false; }
		done
	done
	run bash -c "$card run a.card --link stdio <<< on > /dev/full"
	[ "$status" -eq 1 ]
	[[ "$output" == *SJ-0105* ]]
}

@test "contact and contactless differ in the ATR, and only one has a UID" {
	$card new a.card
	run $card run a.card --link stdio --interface contact < <(lines on FFCA000000)
	[ "${lines[1]}" = 6E00 ]
	contact=${lines[0]}
	run $card run a.card --link stdio < <(lines on FFCA000000)
	[[ "${lines[1]}" =~ ^08[0-9A-F]{6}9000$ ]]
	[ "${lines[0]}" != "$contact" ]
}

@test "a running card is busy (SJ-1306)" {
	$card new a.card
	mkfifo in
	$card run a.card --link stdio < in > out &
	exec 9> in
	echo on >&9
	for i in $(seq 100); do [ -s out ] && break; sleep 0.05; done
	run $card show a.card
	exec 9>&-
	wait $!
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1306* ]]
}

@test "a damaged card is refused and left alone (SJ-1305)" {
	$card new a.card
	printf 'X' | dd of=a.card bs=1 seek=12 conv=notrunc status=none
	before=$(sha256sum a.card)
	run $card run a.card --link stdio < /dev/null
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1305* ]]
	[ "$(sha256sum a.card)" = "$before" ]
}

@test "what is no card says so (SJ-1302), what is not there, too (SJ-1301)" {
	echo hello > a.card
	run $card show a.card
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1302* ]]
	run $card show b.card
	[ "$status" -eq 13 ]
	[[ "$output" == *SJ-1301* ]]
}

@test "show --json names state and applets" {
	$card new a.card
	$card show --json a.card | python3 -c '
import json, sys
card = json.load(sys.stdin)
assert card["schema"] == 1 and card["state"] == "blank"
assert "A0000002471001" in [a["aid"] for a in card["applets"]]'
}

@test "a dialling card waits for its reader and ends when asked" {
	$card new a.card
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	$card run a.card --port "$port" 2> err &
	pid=$!
	python3 - "$port" << 'END'
import socket, sys, time
time.sleep(0.3)
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
s.settimeout(10)
c, _ = s.accept()
c.sendall(b"\0\1\1\0\1\4")
assert c.recv(64)[2] == 0x3B
END
	grep -qx "card: in reader, port $port" err
	kill -TERM $pid
	wait $pid
	$card show a.card
}

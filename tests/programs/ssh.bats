#!/usr/bin/env bats
# OpenSSH: the card's key opens a shell on a local sshd, which knows its public half alone.

load stage.sh

setup_file() {
	stage_needs ssh /usr/sbin/sshd
	stage_up
	cd "$STAGE" || exit 1
	export PORT=$(stage_port)
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -D "$MODULE" > keys
	chmod 700 . # sshd trusts no key file that others could write
	mkdir -p /run/sshd
	cat > sshd.conf <<-CONF
		Port $PORT
		ListenAddress 127.0.0.1
		HostKey $PWD/host
		PidFile none
		AuthorizedKeysFile $PWD/authorized
		AuthenticationMethods publickey
		PermitRootLogin yes
		MaxAuthTries 20
		UsePAM no
		StrictModes no
	CONF
	echo "[127.0.0.1]:$PORT $(cut -d' ' -f1-2 host.pub)" > hosts
	/usr/sbin/sshd -D -e -f sshd.conf 2> sshd.log 3>&- &
	echo $! > sshd.pid
	stage_listens "$PORT"
}

teardown_file() {
	stage_down
}

# Runs ssh with a PIN for whoever asks.
by_card() {
	cd "$STAGE" || return 1
	printf '#!/bin/sh\necho %s\n' "${PIN_NOW:-$PIN}" > askpass
	chmod 700 askpass
	SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force timeout 60 ssh -F none -p "$PORT" \
		-o PKCS11Provider="$MODULE" -o UserKnownHostsFile="$PWD/hosts" \
		-o IdentityFile=none -o PreferredAuthentications=publickey "$@" 127.0.0.1 echo in
}

@test "the card's keys are listed" {
	cat "$STAGE/keys"
	grep -q '^ecdsa-sha2-nistp256 ' "$STAGE/keys"
	grep -q '^ssh-rsa ' "$STAGE/keys"
}

@test "an EC key logs in" {
	grep '^ecdsa-sha2-nistp256 ' "$STAGE/keys" | head -1 > "$STAGE/authorized"
	run by_card
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = in ]
	grep -q 'Accepted publickey .* ECDSA' "$STAGE/sshd.log"
}

@test "an RSA key logs in" {
	grep '^ssh-rsa ' "$STAGE/keys" | head -1 > "$STAGE/authorized"
	run by_card
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = in ]
	grep -q 'Accepted publickey .* RSA' "$STAGE/sshd.log"
}

@test "a key that sshd does not know is refused" {
	ssh-keygen -y -f "$STAGE/host" > "$STAGE/authorized"
	run by_card
	echo "$output"
	[ "$status" -eq 255 ]
	[[ $output == *'Permission denied'* ]]
}

@test "an agent signs with the card" {
	cd "$STAGE"
	grep '^ecdsa-sha2-nistp256 ' keys | head -1 > authorized
	printf '#!/bin/sh\necho %s\n' "$PIN" > askpass
	chmod 700 askpass
	eval "$(ssh-agent -P "$MODULE,$(realpath "$MODULE")" 3>&-)"
	run env SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force ssh-add -s "$MODULE"
	echo "$output"
	[ "$status" -eq 0 ]
	run timeout 60 ssh -F none -p "$PORT" -o UserKnownHostsFile="$PWD/hosts" 127.0.0.1 echo in
	kill "$SSH_AGENT_PID"
	echo "$output"
	[ "${lines[-1]}" = in ]
}

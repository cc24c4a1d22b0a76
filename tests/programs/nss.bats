#!/usr/bin/env bats
# NSS: its tools list the card's certificates and keys, sign, decrypt, and log in to a web server.

load stage.sh

setup_file() {
	stage_needs certutil modutil cmsutil signtool strsclnt p11tool
	stage_up
	stage_server
	stage_nss
}

teardown_file() {
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
	TOKEN=$(modutil -dbdir sql:nss -list sojourn | sed -n 's/^ *Token Name: *\(.*[^ ]\) *$/\1/p' | head -1)
}

# The nickname of a key's certificate.
nick() {
	echo "$TOKEN:$(p11tool --provider "$MODULE" --list-all-certs "pkcs11:id=%$1" | sed -n 's/^.*Label: //p')"
}

@test "modutil lists the module and its token" {
	run modutil -dbdir sql:nss -list
	echo "$output"
	[[ $output == *"library name: $MODULE"*"status: loaded"* ]]
	[ -n "$TOKEN" ]
	run modutil -dbdir sql:nss -list sojourn
	echo "$output"
	[[ $output == *'Login Type: Login required'* || $output == *'Login required'* ]]
}

@test "certutil lists certificates and keys" {
	run certutil -L -d sql:nss -h "$TOKEN" -f pin
	echo "$output"
	[ "$(grep -c "$TOKEN:" <<< "$output")" -ge 2 ]
	run certutil -K -d sql:nss -h "$TOKEN" -f pin
	echo "$output"
	[ "$status" -eq 0 ]
	grep -iq '> ec  *9a ' <<< "$output"
	grep -iq '> rsa  *82 ' <<< "$output"
	certutil -L -d sql:nss -f pin -n "$(nick 9A)" -a > 9A.pem
	certutil -L -d sql:nss -f pin -n "$(nick 82)" -a > 82.pem
	openssl x509 -in 9A.pem -noout -subject | grep -q "$HOLDER"
}

@test "certutil takes the chain as good" {
	run certutil -V -d sql:nss -n "$(nick 9A)" -u C -f pin
	echo "$output"
	[[ $output == *'certificate is valid'* ]]
}

@test "certutil asks for a certificate with the card's key" {
	run certutil -R -d sql:nss -h "$TOKEN" -k 9a -s CN=Visitor -f pin -a -o 9A.csr
	echo "$output"
	[ "$status" -eq 0 ]
	openssl req -in 9A.csr -noout -verify
}

@test "cmsutil signs, and decrypts with the RSA key" {
	local key
	echo 'A statement.' > text
	for key in 9C 82; do
		cmsutil -S -d sql:nss -f pin -N "$(nick $key)" -i text -o signed -G
		openssl cms -verify -in signed -inform DER -CAfile "$CA" -binary | cmp - text
		cmsutil -D -d sql:nss -f pin -i signed | cmp - text
	done
	openssl cms -encrypt -aes256 -in text -binary -outform DER -out sealed 82.pem
	cmsutil -D -d sql:nss -f pin -i sealed | cmp - text
}

@test "signtool signs an archive" {
	mkdir -p archive
	echo text > archive/text
	run signtool -d sql:nss -k "$(nick 82)" -p "$PIN" -Z archive.jar archive
	echo "$output"
	[ "$status" -eq 0 ]
	run signtool -d sql:nss -v archive.jar
	echo "$output"
	[[ $output == *verified* ]]
}

@test "strsclnt logs in to a web server, EC and RSA" {
	local key
	for key in 9A 82; do
		: > server.log
		timeout 20 strsclnt -q -n "$(nick $key)" -d sql:nss -W pin -p "$PORT" -c 1 -N localhost || true
		cat server.log
		grep -q "^came: $HOLDER" server.log
	done
}

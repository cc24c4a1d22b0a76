#!/usr/bin/env bats
# TLS client certificates and CMS: curl and OpenSSL through libp11's engine, GnuTLS, p11tool.

load stage.sh

setup_file() {
	stage_needs curl p11tool gnutls-cli certtool "$(stage_engine)"
	stage_up
	stage_server
	cd "$STAGE" || exit 1
	cat > engine.cnf <<-CONF
		openssl_conf = init
		[init]
		engines = engines
		[engines]
		pkcs11 = pkcs11
		[pkcs11]
		engine_id = pkcs11
		dynamic_path = $(stage_engine)
		MODULE_PATH = $MODULE
		PIN = $PIN
		init = 0
	CONF
}

teardown_file() {
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
}

# The object of a key: `of 9A private`.
of() {
	echo "pkcs11:id=%$1;type=$2"
}

# The engine's program: OpenSSL's own, with the engine in its configuration.
with_engine() {
	OPENSSL_CONF=$STAGE/engine.cnf timeout 60 "$@"
}

@test "curl logs in with an EC key" {
	run with_engine curl -sS --cacert server.pem --engine pkcs11 --cert-type ENG --key-type ENG \
		--cert "$(of 9A cert)" --key "$(of 9A private)" "https://localhost:$PORT/"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "in: $HOLDER" ]
}

@test "curl logs in with an RSA key, TLS 1.2 and 1.3" {
	local version
	for version in 1.2 1.3; do
		run with_engine curl -sS --cacert server.pem --engine pkcs11 --cert-type ENG --key-type ENG \
			--tlsv$version --tls-max $version \
			--cert "$(of 82 cert)" --key "$(of 82 private)" "https://localhost:$PORT/"
		echo "$output"
		[ "$output" = "in: $HOLDER" ]
	done
}

@test "without the card nobody gets in" {
	run curl -sS --cacert server.pem "https://localhost:$PORT/"
	[ "$status" -ne 0 ]
}

@test "openssl s_client logs in" {
	p11tool --provider "$MODULE" --export "$(of 9A cert)" > 9A.pem
	run with_engine openssl s_client -quiet -connect "localhost:$PORT" -CAfile server.pem \
		-engine pkcs11 -keyform engine -key "$(of 9A private)" -cert 9A.pem \
		<<< $'GET / HTTP/1.0\r\n\r\n'
	echo "$output"
	[[ $output == *"in: $HOLDER"* ]]
}

@test "gnutls-cli logs in" {
	local key
	for key in 9A 82; do
		run timeout 60 env GNUTLS_PIN="$PIN" gnutls-cli --provider "$MODULE" --x509cafile server.pem \
			--x509certfile "$(of $key cert)" --x509keyfile "$(of $key private)" \
			--port "$PORT" localhost <<< $'GET / HTTP/1.0\r\n\r'
		echo "$output"
		[[ $output == *"in: $HOLDER"* ]]
	done
}

@test "p11tool lists, exports, tests signatures" {
	run p11tool --provider "$MODULE" --list-all-certs
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^\s*URL: pkcs11:' <<< "$output")" -ge 2 ]
	local key
	for key in 9A 82; do
		GNUTLS_PIN=$PIN p11tool --provider "$MODULE" --login --test-sign "$(of $key private)"
		GNUTLS_PIN=$PIN p11tool --provider "$MODULE" --login --export-pubkey "$(of $key public)" > pub.pem
		p11tool --provider "$MODULE" --export "$(of $key cert)" |
			openssl x509 -noout -pubkey | cmp - <(openssl pkey -pubin -in pub.pem)
	done
	GNUTLS_PIN=$PIN p11tool --provider "$MODULE" --generate-random=32 --outfile random
	[ "$(stat -c %s random)" -eq 32 ]
}

@test "certtool signs a request with the card's key" {
	printf 'cn = Visitor\nsigning_key\n' > template
	GNUTLS_PIN=$PIN certtool --provider "$MODULE" --generate-request --template template \
		--load-privkey "$(of 82 private)" --load-pubkey "$(of 82 public)" --outfile 82.csr
	openssl req -in 82.csr -noout -verify
}

@test "openssl signs CMS, and decrypts it with the card's RSA key" {
	local key
	echo 'A statement.' > text
	for key in 9C 82; do
		p11tool --provider "$MODULE" --export "$(of $key cert)" > $key.pem
		with_engine openssl cms -sign -engine pkcs11 -keyform engine -inkey "$(of $key private)" \
			-signer $key.pem -in text -binary -outform PEM -out signed <<< "$PIN" # again: 9C
		openssl cms -verify -in signed -inform PEM -CAfile "$CA" -content text -binary |
			cmp - text
		sed s/statement/lie/ text > lie
		run ! openssl cms -verify -in signed -inform PEM -CAfile "$CA" -content lie -binary
	done
	openssl cms -encrypt -aes256 -in text -binary -outform PEM -out sealed 82.pem
	with_engine openssl cms -decrypt -engine pkcs11 -keyform engine -inkey "$(of 82 private)" \
		-recip 82.pem -in sealed -inform PEM | cmp - text
	openssl cms -encrypt -aes256 -in text -binary -outform PEM -out sealed -recip 82.pem \
		-keyopt rsa_padding_mode:oaep
	with_engine openssl cms -decrypt -engine pkcs11 -keyform engine -inkey "$(of 82 private)" \
		-recip 82.pem -in sealed -inform PEM | cmp - text
}

@test "openssl signs a request and a certificate with the card's key" {
	with_engine openssl req -new -engine pkcs11 -keyform engine -key "$(of 9A private)" \
		-subj /CN=Visitor -out 9A.csr
	openssl req -in 9A.csr -noout -verify
	with_engine openssl pkeyutl -sign -engine pkcs11 -keyform engine -inkey "$(of 82 private)" \
		-rawin -digest sha384 -pkeyopt rsa_padding_mode:pss -in 9A.csr -out signature
	openssl x509 -in 82.pem -noout -pubkey > 82.pub
	openssl pkeyutl -verify -pubin -inkey 82.pub -rawin -digest sha384 \
		-pkeyopt rsa_padding_mode:pss -in 9A.csr -sigfile signature
}

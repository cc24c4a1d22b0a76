#!/usr/bin/env bats
# The module as it is installed: found by p11-kit, its objects by their URIs (RFC 7512).

load ../programs/stage.sh

setup_file() {
	bats_require_minimum_version 1.5.0
	ROOT=$(realpath "$BATS_TEST_DIRNAME/../..")
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export ROOT BUILD_DIR STAGE=$BATS_FILE_TMPDIR/stage SOJOURN_CONFIG=/dev/null PATH=$BUILD_DIR/bin:$PATH
	export PIN=123456 PUK=12345678 HOME=$BATS_FILE_TMPDIR/home GNUTLS_PIN=123456 ASAN_OPTIONS=detect_leaks=0
	export MODULE=$HOME/opt/lib/pkcs11/sojourn-pkcs11.so
	mkdir -p "$STAGE" "$HOME/opt/lib/pkcs11" "$HOME/.config/pkcs11/modules"
	unset XDG_CONFIG_HOME XDG_CACHE_HOME
	cp "$BUILD_DIR/lib/pkcs11/sojourn-pkcs11.so" "$MODULE"
	sed "s|@PREFIX@|$HOME/opt|" "$ROOT/pkcs11/sojourn.module.in" > "$HOME/.config/pkcs11/modules/sojourn.module"
	echo 'user-config: only' > "$HOME/.config/pkcs11/pkcs11.conf"
	stage_issue "$BUILD_DIR/share/sojourn"
	pcscd_start
	export PCSCD_DIR PCSCD_PID PCSCD_PORT
	stage_card
	# p11-kit reads no user's configuration for root: another user then, who may get there.
	chmod -R a+rwX "$HOME" "$PCSCD_DIR"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" 2> /dev/null || true
}

teardown_file() {
	stage_down
}

# tool.bats runs the module with a sanitiser.
setup() {
	[ -z "$(stage_preload)" ] || skip "libp11-kit hangs at its own end (freelocale) with a sanitiser loaded"
}

as_user() {
	local user=()
	[ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	LD_PRELOAD=$(stage_preload) timeout 60 "${user[@]}" "$@"
}

token() {
	as_user p11tool --list-token-urls | grep 'manufacturer=Sojourn'
}

@test "p11-kit finds the module and its token" {
	run as_user p11-kit list-modules
	echo "$output"
	[[ $output == *"sojourn: $MODULE"*'token: Sojourn card'* ]]
}

@test "a certificate is found by its URI" {
	run as_user p11tool --list-all-certs "$(token);id=%9A"
	echo "$output"
	[[ $output == *'id=%9A;object=PIV%20Authentication;type=cert'* ]]
	[ "$(grep -c '^Object' <<< "$output")" -eq 1 ]
}

@test "a private key signs by its URI" {
	run as_user p11tool --login --test-sign "$(token);id=%9A;type=private"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'Verifying against public key in the token... ok'* ]]
}

@test "a file that limits what is seen limits it" {
	printf '[pkcs11]\nkeys = 9E\nobjects = certificates\n' > "$HOME/limits.conf"
	chmod a+r "$HOME/limits.conf"
	run as_user env SOJOURN_PKCS11_CONF="$HOME/limits.conf" p11tool --list-all "$(token)"
	echo "$output"
	[[ $output == *'id=%9E'* && $output != *'id=%9A'* && $output != *type=public* ]]
}

@test "a file with a mistake is named with its line, and nothing is shown" {
	printf '[pkcs11]\n\ncolour = red\n' > "$HOME/wrong.conf"
	chmod a+r "$HOME/wrong.conf"
	run as_user env SOJOURN_PKCS11_CONF="$HOME/wrong.conf" p11tool --provider "$MODULE" --list-tokens
	echo "$output"
	[[ $output == *"wrong.conf, line 3: unknown key 'colour'"* && $output != *'Sojourn card'* ]]
}

@test "the manual names every key of the configuration" {
	for key in $(grep -o '^	*if (strcmp(key, "[a-z-]*")' "$ROOT/pkcs11/config.c" | grep -o '"[a-z-]*"' | tr -d '"') \
		$(grep -o '{ "[a-z-]*", &c->' "$ROOT/pkcs11/config.c" | grep -o '"[a-z-]*"' | tr -d '"'); do
		grep -q "^\.It Cm $key" "$ROOT/tools/man/sojourn-pkcs11.7" || { echo "$key"; false; }
	done
}

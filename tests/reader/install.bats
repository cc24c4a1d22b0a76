#!/usr/bin/env bats
# What `make install` gives an integrator and an operator.

setup_file() {
	export ROOT=$PWD SOJOURN_BUILD=${SOJOURN_BUILD:-build}
	export DEST=$BATS_FILE_TMPDIR/root
	make -s install BUILD="$SOJOURN_BUILD" DESTDIR="$DEST" PREFIX=/opt/sojourn $(asan_flags) > /dev/null
	export PATH=$DEST/opt/sojourn/bin:$PATH LAB=$BATS_FILE_TMPDIR/lab
	eval "$(sojourn lab --dir "$LAB" 3>&-)"
	export PCSCLITE_CSOCK_NAME
}

teardown_file() {
	sojourn lab down --dir "$LAB"
}

# The flags that this build was made with, so that make sees nothing to do again.
asan_flags() {
	[[ $SOJOURN_BUILD != */asan ]] || echo 'SANITIZE=-fsanitize=address,undefined'
}

@test "a program builds out of tree with pkg-config and verifies a card" {
	cd "$BATS_TEST_TMPDIR"
	export PKG_CONFIG_PATH=$DEST/opt/sojourn/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$DEST
	cp "$ROOT/tests/reader/example/example.c" .
	gcc -Wall -Wextra -Werror $(asan_flags | cut -d= -f2-) example.c \
		$(pkg-config --cflags --libs sojourn) -o example
	export LD_LIBRARY_PATH=$DEST/opt/sojourn/lib
	run ./example "$LAB/trust" "$LAB/card-01.can"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = genuine ]
	[[ "${lines[1]}" == "Welcome, "* ]]
	run ./example "$LAB/nowhere" "$LAB/card-01.can"
	[ "$status" -eq 11 ]
	[[ "$output" == SJ-1101:* ]]
}

@test "a gate's program builds out of tree too" {
	cd "$BATS_TEST_TMPDIR"
	export PKG_CONFIG_PATH=$DEST/opt/sojourn/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$DEST
	gcc -Wall -Wextra -Werror $(asan_flags | cut -d= -f2-) "$ROOT/tests/reader/example/gate.c" \
		$(pkg-config --cflags --libs sojourn) -o gate
	export LD_LIBRARY_PATH=$DEST/opt/sojourn/lib
	run ./gate "$LAB/trust" /dev/null /dev/null
	[ "$status" -eq 13 ]
	[[ "$output" == SJ-1302:* ]]
}

@test "a program for a card's keys builds out of tree too" {
	cd "$BATS_TEST_TMPDIR"
	export PKG_CONFIG_PATH=$DEST/opt/sojourn/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$DEST
	gcc -Wall -Wextra -Werror $(asan_flags | cut -d= -f2-) "$ROOT/tests/reader/example/key.c" \
		$(pkg-config --cflags --libs sojourn) -o key
	export LD_LIBRARY_PATH=$DEST/opt/sojourn/lib
	run ./key /nowhere
	[ "$status" -eq 13 ]
	[[ "$output" == SJ-1301:* ]]
}

@test "verify opens no network socket" {
	export ASAN_OPTIONS=detect_leaks=0 # the leak check does not work under strace
	run strace -f -e trace=network -o "$BATS_TEST_TMPDIR/trace" \
		sojourn verify --trust "$LAB/trust" --can-file "$LAB/card-01.can"
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q AF_UNIX "$BATS_TEST_TMPDIR/trace"
	! grep -E 'AF_INET|AF_NETLINK|AF_PACKET' "$BATS_TEST_TMPDIR/trace"
}

@test "manual pages, completions, schemas and headers are installed" {
	for file in share/man/man1/sojourn-verify.1 share/man/man7/sojourn-failures.7 \
		share/bash-completion/completions/sojourn share/sojourn/holder.schema.json \
		include/sojourn/document.h lib/libsojourn.so lib/pkgconfig/sojourn.pc \
		share/man/man5/sojourn-gate.conf.5 lib/systemd/system/sojourn-gate.service \
		share/man/man7/sojourn-pkcs11.7 lib/pkcs11/sojourn-pkcs11.so; do
		[ -e "$DEST/opt/sojourn/$file" ] || { echo "$file"; false; }
	done
	[ "$(sed -n 's/^module: //p' "$DEST/opt/sojourn/share/p11-kit/modules/sojourn.module")" = \
		/opt/sojourn/lib/pkcs11/sojourn-pkcs11.so ]
}

@test "the programs run from where they are installed, the library from beside them" {
	run ldd "$DEST/opt/sojourn/libexec/sojourn/sojourn-verify"
	[[ "$output" == *"$DEST/opt/sojourn/"*libsojourn.so* ]]
	run sojourn --version
	[ "$status" -eq 0 ]
}

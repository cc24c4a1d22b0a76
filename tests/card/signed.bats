#!/usr/bin/env bats
# sojourn-signed: what a card shows as signed, taken apart where it can do no harm.

setup() {
	bats_require_minimum_version 1.5.0
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	SIGNED=$BUILD_DIR/libexec/sojourn/sojourn-signed
	export SIGNED
	cd "$BATS_TEST_TMPDIR" || exit 1
}

@test "once confined it opens no file and no socket: the kernel ends it" {
	for what in file socket; do
		run "$SIGNED" "--try-$what" <<<'none'
		[ "$status" -eq 159 ] # SIGSYS
		[ -z "$output" ]
	done
}

@test "nothing, and too much, is refused; anything else has its answer" {
	run -13 "$SIGNED" </dev/null
	run -13 "$SIGNED" < <(head -c $(((64 << 20) + 1)) /dev/zero)
	[ "$(head -c $((1 << 20)) /dev/zero | "$SIGNED" | wc -c)" -eq 136 ]
	run -2 "$SIGNED" --unknown
}

@test "what its parent left open is closed before a byte is read" {
	/usr/bin/python3 <<-'PYTHON'
	import os, select, subprocess
	mine, its = os.pipe()
	child = subprocess.Popen([os.environ["SIGNED"]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=(its,))
	os.close(its)
	assert select.select([mine], [], [], 30)[0] and os.read(mine, 1) == b"" and child.poll() is None  # it waits for its input still
	child.communicate(b"none")
	PYTHON
}

@test "no library of cryptography or of files is in it" {
	readelf -d "$SIGNED" | grep NEEDED >needed
	cat needed
	! grep -vE 'libseccomp|libc\.so|libasan|libubsan|libm\.so|ld-linux' needed
}

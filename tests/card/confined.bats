#!/usr/bin/env bats
# What programs give up when they begin, as the kernel is told it.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR PATH="$BUILD_DIR/bin:$PATH" SOJOURN_CONFIG=/dev/null
	export ASAN_OPTIONS=detect_leaks=0 # the leak check does not work under strace
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_TEST_TMPDIR" || exit 1
	SANITIZED=$(readelf -d "$BUILD_DIR/bin/sojourn" | grep -c asan || true)
}

not_sanitized() {
	[ "$SANITIZED" -eq 0 ] || {
		echo "# SKIPPED: a sanitizer attaches to the process, and maps terabytes" >&3
		skip "sanitizers do not go with it"
	}
}

@test "every program with secrets cannot be dumped" {
	not_sanitized
	for program in "$BUILD_DIR"/libexec/sojourn/sojourn-*; do
		case $program in *-portrait | *-signed) continue ;; esac # confine themselves further: portrait.bats, signed.bats
		strace -qq -e trace=prctl,prlimit64,setrlimit -o trace "$program" --cli-dump >/dev/null
		echo "$program"
		cat trace
		grep -q 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE' trace
		grep -q 'RLIMIT_CORE, {rlim_cur=0, rlim_max=0}' trace
	done
}

# The limit is what the kernel seems to say: few may raise it.
@test "memory is locked where the limit is none" {
	not_sanitized
	none=$(printf 'ff%.0s' {1..16})
	strace -qq -e trace=prlimit64,mlockall -e inject=prlimit64:poke_exit=@arg4="$none":when=3 -o trace \
		"$BUILD_DIR/libexec/sojourn/sojourn-card" --cli-dump >/dev/null
	cat trace
	grep -q 'RLIMIT_MEMLOCK, NULL, {rlim_cur=RLIM64_INFINITY' trace
	grep -q 'mlockall(MCL_CURRENT|MCL_FUTURE|MCL_ONFAULT)' trace
}

@test "under a limit what a person gives is locked before it is read" {
	not_sanitized
	(umask 077 && printf '123456\n' >can)
	prlimit --memlock=65536:65536 strace -qq -e trace=mlock,read -o trace \
		"$BUILD_DIR/libexec/sojourn/sojourn-card" card new some.card --transport-key-file can || true
	cat trace
	locked=$(grep -n '^mlock(.* = 0' trace | head -n1 | cut -d: -f1)
	looked=$(grep -n '^read(.*"123456' trace | head -n1 | cut -d: -f1)
	[ "$locked" -lt "$looked" ]
}

@test "under a limit the rest of it is not locked, and debugging says so" {
	not_sanitized
	SOJOURN_LOG=debug prlimit --memlock=65536:65536 strace -qq -e trace=mlockall -o trace \
		"$BUILD_DIR/libexec/sojourn/sojourn-card" --cli-dump 2>talk >/dev/null
	cat talk trace
	! grep -q mlockall trace
	grep -q 'memory is not locked (limit: 64 KiB)' talk
}

@test "trust sync shuts its doors before it looks at what a source has" {
	mkdir source trust
	strace -f -qq -e trace=openat,seccomp,landlock_restrict_self,prctl -o trace sojourn trust sync --trust trust "$PWD/source" || true
	cat trace
	confined=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER, .*TSYNC.* = 0' trace | tail -n1 | cut -d: -f1)
	looked=$(grep -n "$PWD/source/latest" trace | head -n1 | cut -d: -f1)
	[ "$confined" -lt "$looked" ]
}

@test "trust import shuts its doors before it looks at a file" {
	printf 'no certificate' >file
	strace -f -qq -e trace=openat,seccomp -o trace sojourn trust import --trust trust --csca file || true
	cat trace
	confined=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER, .*TSYNC.* = 0' trace | tail -n1 | cut -d: -f1)
	looked=$(grep -n '"file"' trace | grep -v PATH | head -n1 | cut -d: -f1)
	[ "$confined" -lt "$looked" ]
}

@test "trust import starts one program, which takes a master list apart" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /C=UT/CN=none -outform DER -out csca 2>/dev/null
	printf 'no list' >list
	strace -f -qq -e trace=execve,seccomp -o trace sojourn trust import --trust trust --masterlist list --signer csca 2>talk || true
	cat trace talk
	confined=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER, .*TSYNC.* = 0' trace | tail -n1 | cut -d: -f1)
	[ "$(tail -n "+$confined" trace | grep -c execve)" -eq 1 ]
	tail -n "+$confined" trace | grep 'execve(.*/sojourn-signed".* = 0'
	grep SJ-1302 talk
}

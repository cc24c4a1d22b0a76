#!/usr/bin/env bats
# sojourn-portrait: pictures that nobody vouches for, decoded where they can do no harm.

setup() {
	bats_require_minimum_version 1.5.0
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	PORTRAIT=$BUILD_DIR/libexec/sojourn/sojourn-portrait
	SHARE=$BUILD_DIR/share/sojourn
	export PORTRAIT SHARE
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# python: standard input is a program, after run(bytes, option...) -> (exit code, output), picture() and near().
python() {
	cat >rest.py
	cat >whole.py <<-'HEAD'
	import io, os, random, subprocess, time
	from PIL import Image
	def run(data, *options):
	    done = subprocess.run([os.environ["PORTRAIT"], *options], input=data, capture_output=True, timeout=10)
	    return done.returncode, done.stdout
	def picture(kind, mode="RGB", size=(60, 80), **options):
	    out = io.BytesIO()
	    Image.linear_gradient("L").resize(size).convert(mode).save(out, kind, **options)
	    return out.getvalue()
	def near(data, png, most):
	    a, b = Image.open(io.BytesIO(data)).convert("RGB"), Image.open(io.BytesIO(png))
	    assert b.mode == "RGB" and a.size == b.size, (a.size, b.size)
	    assert max(abs(x - y) for p, q in zip(a.getdata(), b.getdata()) for x, y in zip(p, q)) <= most
	HEAD
	cat rest.py >>whole.py
	/usr/bin/python3 whole.py
}

@test "JPEG and JPEG 2000 become the picture that others see" {
	python <<-'PYTHON'
	share = os.environ["SHARE"]
	pictures = [(open(share + "/face.jpg", "rb").read(), 2), (open(share + "/face.jp2", "rb").read(), 2)]
	pictures += [(picture("JPEG"), 2), (picture("JPEG", "L"), 2), (picture("JPEG", progressive=True), 2)]
	pictures += [(picture("JPEG2000", m), 2) for m in ("RGB", "L", "RGBA")]
	pictures += [(picture("JPEG2000", no_jp2=True), 2)]
	for data, most in pictures:
	    code, png = run(data)
	    assert code == 0, code
	    near(data, png, most)
	PYTHON
}

@test "too large, too many passes, of other kinds: refused before it costs anything" {
	python <<-'PYTHON'
	wide, large = picture("JPEG", size=(8193, 1)), picture("JPEG", size=(2049, 2049))
	plain = picture("JPEG", "L", size=(300, 300), progressive=True)
	at = plain.rindex(b"\xff\xda")
	scans = plain[:-2] + plain[at:-2] * 40 + plain[-2:]
	assert len(scans) < 1 << 20 and run(plain[:-2] + plain[at:-2] * 20 + plain[-2:])[0] == 0
	head = bytearray(picture("JPEG2000", no_jp2=True))
	head[8:16] = b"\x00\x00\x1f\x00" * 2  # width and height in SIZ
	cases = [wide, large, scans, bytes(head), picture("JPEG", "CMYK"), picture("PNG"), b"", b"\xff\xd8\xff",
	    b"\xff\xd8\xff" + b"\0" * (1 << 20)]
	for i, data in enumerate(cases):
	    began = time.monotonic()
	    assert run(data)[0] == 13, i
	    assert time.monotonic() - began < 5, i
	assert run(picture("JPEG", size=(11, 10)), "--max-pixels", "109")[0] == 13
	assert run(picture("JPEG", size=(11, 10)), "--max-pixels", "110")[0] == 0
	PYTHON
}

@test "cut off or altered: a picture, a refusal or a stop, never a hang" {
	python <<-'PYTHON'
	rnd = random.Random(6)
	ends = {}
	for data in (picture("JPEG", progressive=True), picture("JPEG2000"), picture("JPEG2000", no_jp2=True)):
	    for i in range(60):
	        bad = bytearray(data[:rnd.randrange(1, len(data))] if i % 3 == 0 else data)
	        for _ in range(0 if i % 3 == 0 else 1 + i // 10):
	            bad[rnd.randrange(len(bad))] = rnd.randrange(256)
	        code = run(bytes(bad))[0]
	        assert code in (0, 13, -9, -24), code  # -9, -24: time or memory was up
	        ends[code] = ends.get(code, 0) + 1
	assert ends[0] > 10 and ends[13] > 10, ends
	PYTHON
}

@test "once confined it opens no file: the kernel ends it" {
	run "$PORTRAIT" --try-file <"$SHARE/face.jpg"
	[ "$status" -eq 159 ] # SIGSYS
	[ -z "$output" ]
}

@test "for a terminal: fewer pixels, never more, in the same shape" {
	python <<-'PYTHON'
	code, out = run(picture("JPEG", size=(60, 80)), "--rgb", "40x20")
	size, pixels = out.split(b"\n", 1)
	assert code == 0 and size == b"15 20" and len(pixels) == 15 * 20 * 3, size
	assert run(picture("JPEG", size=(6, 8)), "--rgb", "40x40")[1].startswith(b"6 8\n")
	PYTHON
	run -2 "$PORTRAIT" --rgb 0x7
	run -2 "$PORTRAIT" --unknown
}

@test "what its parent left open is closed before a byte is read" {
	python <<-'PYTHON'
	import select
	mine, its = os.pipe()
	child = subprocess.Popen([os.environ["PORTRAIT"]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(its,))
	os.close(its)
	assert select.select([mine], [], [], 3)[0] and os.read(mine, 1) == b"" and child.poll() is None  # it waits for its picture still
	child.communicate()
	PYTHON
}

#!/usr/bin/python3
"""Which lines and branches the test programs and the fuzzing corpus reach (clang's source-based coverage).

usage: coverage.py --build DIR [--bats] [--gaps N] [PROGRAM...]

DIR is a build by clang with -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation:
counts stand in files from the start, so that a program that is killed, or may open nothing, has its own.
Runs PROGRAM (default: every test program there that needs no other) and mutate with the corpus, with --bats
the bats files too, and prints a table: parsers (what takes bytes from outside apart), the library with
card and module, with --bats the tools and all of these, and the files with most left out. A branch is
one way of one condition.
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARSERS = ["middleware/wire/*.c", "middleware/crypt/x509*.c", "middleware/crypt/pbes2.c", "middleware/crypt/public.c",
           *(f"middleware/secure/{n}.c" for n in ("bac", "cose", "cvc", "cvc_key", "cvc_rights", "cvc_service", "cwt", "edhoc_message",
             "piv_cvc", "piv_sm", "piv_spki", "scp03", "sm", "sm_objects")),
           *(f"middleware/trust/{n}.c" for n in ("certificate", "manifest", "masterlist", "pseudonyms", "signed", "signers", "status_block",
             "status_delta", "status_file", "status_list", "status_token", "time")),
           *(f"middleware/journal/{n}.c" for n in ("export", "kept", "read", "record", "seal", "statement")),
           "middleware/document/holder.c", "middleware/piv/gzip.c", "middleware/piv/import.c",
           "card-sim/host/store_format.c", "card-sim/host/class.c", "card-sim/link/vpcd_stream.c", "pkcs11/config.c", "tools/*/config.c",
           *(f"tools/authority/{n}.c" for n in ("batch", "cardstatus", "holder", "portrait")),
           *(f"tools/portrait/{n}.c" for n in ("jpeg", "jpeg2000", "picture")), "tools/key/pem.c",
           *(f"tools/counter/{n}.c" for n in ("api", "map"))]
LIBRARY = ["middleware/*.c", "middleware/*/*.c", "card-sim/*/*.c", "card-sim/*/*/*.c", "pkcs11/*.c"]
TOOLS = ["tools/*.c", "tools/*/*.c"]
# Wait for a reader, a database server or another's program that may not be there.
APART = ["test_pcsc*", "test_stage", "test_threads", "test_fake_*", "test_register*"]
# Other people's programs, and a full disk, which has no room for counts.
BATS_APART = ["tests/programs/*", "tests/failures/*"]


def run(program, raw):
    env = dict(os.environ, LLVM_PROFILE_FILE=f"{raw}/%c%4m.profraw", SOJOURN_BUILD=str(raw.parent))
    done = subprocess.run(program, shell=True, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        print(f"failed: {program}\n{done.stdout[-1000:]}", file=sys.stderr)
    return done.returncode == 0


def measure(build, programs):
    """Summaries by file, relative to the project, and how many programs failed."""
    raw = build / "raw"
    raw.mkdir(exist_ok=True)
    for old in raw.glob("*"):
        old.unlink()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        good = list(pool.map(lambda p: run(p, raw), programs))
    return summaries(build), sum(not g for g in good)


def summaries(build):
    merged, inputs = build / "all.profdata", build / "raw/list"
    inputs.write_text("".join(f"{f}\n" for f in sorted((build / "raw").glob("*.profraw"))))
    # A program that a test kills while it writes leaves half a file.
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-failure-mode=all", "-o", merged, "-f", inputs], check=True)
    objects = [build / "tests/fuzz/mutate", *(build / "libexec/sojourn").glob("sojourn-*"), *(build / "lib").glob("libsojourn.so.0"),
               *(build / "lib/pkcs11").glob("*.so"), *(build / "tests").glob("*/test_*")]
    command = ["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", objects[0], *(f"-object={o}" for o in objects[1:])]
    exported = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {os.path.relpath(f["filename"], ROOT): f["summary"] for f in exported["data"][0]["files"]}


def part(files, patterns):
    return {n: s for n, s in files.items() if any(fnmatch.fnmatch(n, p) for p in patterns)}


def share(files, what):
    count = sum(s[what]["count"] for s in files.values())
    return 100 * sum(s[what]["covered"] for s in files.values()) / count if count else 0.0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, required=True)
    p.add_argument("--bats", action="store_true")
    p.add_argument("--again", action="store_true", help="print what was measured last")
    p.add_argument("--gaps", type=int, default=25)
    p.add_argument("programs", nargs="*", metavar="PROGRAM")
    args = p.parse_args()
    build = args.build.resolve()
    programs = args.programs or [f"{build}/tests/fuzz/mutate -n 200 -s 1 " + (" -c tests/fuzz/corpus" if (ROOT / "tests/fuzz/corpus").exists() else "")] + [
        str(t) for t in sorted((build / "tests").glob("*/test_*")) if not any(fnmatch.fnmatch(t.name, a) for a in APART)]
    if args.bats:
        bats = sorted(str(b.relative_to(ROOT)) for b in (ROOT / "tests").glob("*/*.bats"))
        programs += [f"bats --tap {b}" for b in bats if not any(fnmatch.fnmatch(b, a) for a in BATS_APART)]
    files, failed = (summaries(build), 0) if args.again else measure(build, programs)
    patterns = {"parsers": PARSERS, "library": LIBRARY, **({"tools": TOOLS, "overall": LIBRARY + TOOLS} if args.bats else {})}
    parts = {name: part(files, some) for name, some in patterns.items()}
    print("| | files | lines | branches |\n|---|---|---|---|")
    for name, some in parts.items():
        print(f"| {name} | {len(some)} | {share(some, 'lines'):.1f} % | {share(some, 'branches'):.1f} % |")
    for name in ("parsers", "library", *(["tools"] if args.bats else [])):
        print(f"\nMost left out, {name}:")
        gaps = sorted(parts[name].items(), key=lambda f: f[1]["branches"]["covered"] - f[1]["branches"]["count"])
        for n, s in gaps[:args.gaps]:
            left = {w: s[w]["count"] - s[w]["covered"] for w in ("lines", "branches")}
            print(f"  {n}: {left['lines']} lines, {left['branches']} branches ({s['lines']['percent']:.0f} %, {s['branches']['percent']:.0f} %)")
    for name, some in parts.items():
        for what in ("lines", "branches"):
            print(f"figure: coverage.{name}.{what} {share(some, what):.1f}")
    if failed:
        print(f"{failed} programs failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

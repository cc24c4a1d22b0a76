#!/usr/bin/python3
"""`trust sync` from a stick that is pulled out at each of its opens and reads (unplug.c): what is believed is the old bundle
or the new one, the failure names the stick, the same again succeeds; and with a mirror behind the stick nothing is missed.

usage: unplug.py [--every N]
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.realpath(os.environ.get("SOJOURN_BUILD", "build"))
UNREADABLE = 13  # exit code


class Desk:
    def __init__(self, root):
        self.root, self.cuts, self.wrong, self.most_ms = root, 0, 0, 0.0
        self.env = {"PATH": f"{BUILD}/bin:/usr/bin:/bin", "SOJOURN_CONFIG": "/dev/null", "HOME": root, "LC_ALL": "C"}
        self.must("authority init ut")
        self.must("authority publish ut --out stick")
        self.must("trust sync --trust before --anchor ut/bundle-signer-1.cwt stick")
        self.must("authority publish ut --out stick")
        shutil.copytree(f"{root}/stick", f"{root}/mirror")

    def run(self, line):
        return subprocess.run(["sojourn"] + line.split(), cwd=self.root, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def sync(self, sources, at):
        """The exit code, what was said, and the ms from its removal to the last of it; None: it was not pulled."""
        more = {"LD_PRELOAD": f"{BUILD}/tests/world/unplug.so", "SOJOURN_STICK": "stick", "SOJOURN_PULLED": str(at)}
        said, pulled, now = [], None, 0
        with subprocess.Popen(["sojourn", "trust", "sync", "--trust", "store"] + sources.split(), cwd=self.root, env=self.env | more,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as desk:
            for line in desk.stderr:
                now = time.monotonic()
                if line == "unplugged\n":
                    pulled = now
                said.append(line)
        return desk.returncode, "".join(said), None if pulled is None else (now - pulled) * 1000

    def must(self, line):
        done = self.run(line)
        if done.returncode != 0:
            sys.exit(f"sojourn {line}: {done.returncode}: {done.stderr}")
        return done.stdout

    def version(self):
        return json.loads(self.must("trust show --json --trust store"))["version"]

    def pull(self, sources, at):
        """False: it was through before."""
        shutil.rmtree(f"{self.root}/store", ignore_errors=True)
        shutil.copytree(f"{self.root}/before", f"{self.root}/store")
        old = self.version()
        code, text, ms = self.sync(sources, at)
        if ms is None:
            return False
        self.cuts += 1
        now, said = self.version(), text.strip().rsplit("\n", 1)[-1]
        if code == 0:
            good = now == old + 1
        else:
            self.most_ms = max(self.most_ms, ms)
            good = code == UNREADABLE and sources == "stick" and now == old and "stick" in said and "[SJ-" in said
        self.must(f"trust sync --trust store {sources}")
        if not good or self.version() != old + 1:
            self.wrong += 1
            print(f"{sources}, pulled at {at}: {code}, bundle {now} after {old}: {said}")
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    every = parser.parse_args().every
    root = tempfile.mkdtemp(prefix="sojourn-unplug-")
    try:
        desk = Desk(root)
        for sources in ("stick", "stick mirror"):
            at = 1
            while desk.pull(sources, at):
                at += every
    finally:
        shutil.rmtree(root)
    print(f"figure: removal.sync.cuts {desk.cuts}\nfigure: removal.sync.wrong {desk.wrong}\nfigure: removal.sync.ms {desk.most_ms:.0f}")
    return desk.wrong != 0 or desk.cuts == 0


if __name__ == "__main__":
    sys.exit(main())

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

BUILD = os.path.realpath(os.environ.get("SOJOURN_BUILD", "build"))
UNREADABLE = 13  # exit code


class Desk:
    def __init__(self, root):
        self.root, self.cuts, self.wrong = root, 0, 0
        self.env = {"PATH": f"{BUILD}/bin:/usr/bin:/bin", "SOJOURN_CONFIG": "/dev/null", "HOME": root, "LC_ALL": "C"}
        self.must("authority init ut")
        self.must("authority publish ut --out stick")
        self.must("trust sync --trust before --anchor ut/bundle-signer-1.cwt stick")
        self.must("authority publish ut --out stick")
        shutil.copytree(f"{root}/stick", f"{root}/mirror")

    def run(self, line, more=None):
        return subprocess.run(["sojourn"] + line.split(), cwd=self.root, env=self.env | (more or {}), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

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
        done = self.run(f"trust sync --trust store {sources}", {
            "LD_PRELOAD": f"{BUILD}/tests/world/unplug.so", "SOJOURN_STICK": "stick", "SOJOURN_PULLED": str(at)})
        if "unplugged" not in done.stderr:
            return False
        self.cuts += 1
        now, said = self.version(), done.stderr.strip().rsplit("\n", 1)[-1]
        if done.returncode == 0:
            good = now == old + 1
        else:
            good = done.returncode == UNREADABLE and sources == "stick" and now == old and "stick" in said and "[SJ-" in said
        self.must(f"trust sync --trust store {sources}")
        if not good or self.version() != old + 1:
            self.wrong += 1
            print(f"{sources}, pulled at {at}: {done.returncode}, bundle {now} after {old}: {said}")
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
    print(f"figure: removal.sync.cuts {desk.cuts}\nfigure: removal.sync.wrong {desk.wrong}")
    return desk.wrong != 0 or desk.cuts == 0


if __name__ == "__main__":
    sys.exit(main())

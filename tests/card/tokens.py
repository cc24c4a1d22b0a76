#!/usr/bin/python3
"""Requests, tokens and records of gates, read and checked by other code than ours.

usage: tokens.py request OUT [wrong|point]     a request; with a wrong proof, or no point of the curve
       tokens.py show TOKEN                    its claims as JSON
       tokens.py verify TOKEN SIGNER           signed by the key in the signer's token?
       tokens.py bits LIST INDEX...            of a Token Status List (JSON): a line 0 or 1 each
"""
import base64
import json
import os
import sys
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

P256, ES256 = ec.SECP256R1(), ec.ECDSA(hashes.SHA256())


def cbor(data, at=0):
    """One item; returns it and where it ends."""
    kind, info = data[at] >> 5, data[at] & 31
    at += 1
    if info >= 24:
        width = 1 << info - 24
        info, at = int.from_bytes(data[at:at + width], "big"), at + width
    if kind < 2:
        return (info if kind == 0 else -1 - info), at
    if kind < 4:
        text = data[at:at + info]
        return (text if kind == 2 else text.decode()), at + info
    items = []
    for _ in range(info * (kind - 3)):
        item, at = cbor(data, at)
        items.append(item)
    return (items if kind == 4 else dict(zip(items[::2], items[1::2]))), at


def token(path):
    data = open(path, "rb").read()
    (protected, unprotected, payload, signature), end = cbor(data)
    assert end == len(data) and protected == b"\xa1\x01\x26" and unprotected == {}, path
    claims, end = cbor(payload)
    assert end == len(payload)
    return claims, payload, signature


def show(path):
    claims, _, _ = token(path)
    key = claims.get(8, {}).get(1, {})
    out = {"iss": claims[1], "exp": claims[4], "nbf": claims[5], "size": os.path.getsize(path)}
    out.update({name: key[i].hex() for name, i in (("x", -2), ("y", -3)) if i in key})
    if -65537 in claims:
        out["partition"], out["index"] = int.from_bytes(claims[-65537][:2], "big"), int.from_bytes(claims[-65537][2:], "big")
    if -65538 in claims:
        r = claims[-65538]
        out.update(operator=r[:4].hex(), sector=r[4], service=r[5], rights=int.from_bytes(r[6:], "big"))
    if -65539 in claims:
        out["signer"] = claims[-65539]
    print(json.dumps(out))


def verify(path, signer):
    _, payload, signature = token(path)
    key = token(signer)[0][8][1]
    public = ec.EllipticCurvePublicNumbers(int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big"), P256).public_key()
    head = b"\x84\x6aSignature1\x43\xa1\x01\x26\x40" + (b"\x58" + bytes([len(payload)]) if len(payload) > 23 else bytes([0x40 + len(payload)]))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public.verify(encode_dss_signature(r, s), head + payload, ES256)
    except InvalidSignature:
        return 1
    return 0


def request(out, fault=None):
    key = ec.generate_private_key(P256)
    n = key.public_key().public_numbers()
    point = b"\x04" + n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big")
    r, s = decode_dss_signature(key.sign(b"sojourn gate request" + point, ES256))
    if fault == "wrong":
        s ^= 1
    if fault == "point":
        point = point[:-1] + bytes([point[-1] ^ 1])
    with open(out, "wb") as f:
        f.write(point + r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def bits(path, indices):
    lst = zlib.decompress(base64.urlsafe_b64decode(json.load(open(path))["lst"] + "=="))
    for i in map(int, indices):
        print(lst[i // 8] >> i % 8 & 1)


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    return {"show": show, "verify": verify, "request": request,
            "bits": lambda path, *indices: bits(path, indices)}[verb](*arguments)


sys.exit(main())

#!/usr/bin/python3
"""A second, independent reader for identity cards, over pyscard.

Written from ICAO Doc 9303-11 alone; shares no code with the C side. All
primitives are python3-cryptography's; the curve arithmetic that PACE's mapping
needs stands here, its parameters are asked from the openssl command.

usage: icao_reader.py --reader NAME [--mrz INFO | --can CAN] [--access bac|pace]
                      [--expect-refused] [--extended] [--dump DIR]

Opens the card by BAC or PACE, reads the LDS files, checks every hash in the
security object, does Chip Authentication and Active Authentication where the
card offers them, and prints one JSON object of what it did.
"""
import argparse
import hashlib
import json
import os
import secrets
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
from asn1crypto import cms, core, keys  # noqa: E402
from cryptography.hazmat.primitives import cmac, hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: E402
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: E402
from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: E402
from smartcard.System import readers  # noqa: E402

LDS = bytes.fromhex("A0000002471001")
CURVES = {10: "secp224r1", 11: "brainpoolP224r1", 12: "prime256v1", 13: "brainpoolP256r1",
          14: "brainpoolP320r1", 15: "secp384r1", 16: "brainpoolP384r1", 17: "brainpoolP512r1",
          18: "secp521r1"}
PACE_GM = "0.4.0.127.0.7.2.2.4.2."
PACE_CAM = "0.4.0.127.0.7.2.2.4.6."
CA_ECDH = "0.4.0.127.0.7.2.2.3.2."
PK_ECDH = "0.4.0.127.0.7.2.2.1.2"
AA_INFO = "2.23.136.1.1.5"
CIPHERS = {"1": ("3des", 16), "2": ("aes", 16), "3": ("aes", 24), "4": ("aes", 32)}
PLAIN_ECDSA = {"0.4.0.127.0.7.1.1.4.1.1": hashes.SHA1(), "0.4.0.127.0.7.1.1.4.1.2": hashes.SHA224(),
               "0.4.0.127.0.7.1.1.4.1.3": hashes.SHA256(), "0.4.0.127.0.7.1.1.4.1.4": hashes.SHA384(),
               "0.4.0.127.0.7.1.1.4.1.5": hashes.SHA512()}


class Refused(Exception):
    """The card answered with another status word than 9000."""

    def __init__(self, what, sw):
        super().__init__(f"{what}: {sw:04X}")
        self.sw = sw


# --- TLV ---------------------------------------------------------------------

def tlv(tag, value):
    head = bytes.fromhex(f"{tag:X}" if len(f"{tag:X}") % 2 == 0 else f"0{tag:X}")
    n = len(value)
    if n < 0x80:
        return head + bytes([n]) + value
    size = (n.bit_length() + 7) // 8
    return head + bytes([0x80 | size]) + n.to_bytes(size, "big") + value


def parse(data):
    """Yields (tag, value, whole) of each data object."""
    at = 0
    while at < len(data):
        start, tag = at, data[at]
        at += 1
        if tag & 0x1F == 0x1F:
            while True:
                tag = tag << 8 | data[at]
                at += 1
                if not data[at - 1] & 0x80:
                    break
        n = data[at]
        at += 1
        if n & 0x80:
            size = n & 0x7F
            n = int.from_bytes(data[at:at + size], "big")
            at += size
        yield tag, data[at:at + n], data[start:at + n]
        at += n


def child(data, tag):
    for seen, value, _ in parse(data):
        if seen == tag:
            return value
    raise KeyError(f"{tag:X}")


# --- ciphers -----------------------------------------------------------------

def block_cipher(kind, key):
    return algorithms.TripleDES(key) if kind == "3des" else algorithms.AES(key)


def cbc(kind, key, iv, data, encrypt):
    c = Cipher(block_cipher(kind, key), modes.CBC(iv))
    step = c.encryptor() if encrypt else c.decryptor()
    return step.update(data) + step.finalize()


def pad(data, block):
    data += b"\x80"
    return data + bytes(-len(data) % block)


def unpad(data):
    data = data.rstrip(b"\x00")
    assert data.endswith(b"\x80"), "padding"
    return data[:-1]


def des_block(key, data, encrypt):
    return cbc("3des", key, bytes(8), data, encrypt)


def retail_mac(key, data):
    """ISO/IEC 9797-1, MAC algorithm 3, over whole blocks."""
    mac = bytes(8)
    for i in range(0, len(data), 8):
        mac = des_block(key[:8], bytes(a ^ b for a, b in zip(mac, data[i:i + 8])), True)
    return des_block(key[:8], des_block(key[8:], mac, False), True)


def mac(kind, key, data, block):
    """The 8-byte MAC; 3DES input is padded here, CMAC pads by itself."""
    if kind == "3des":
        return retail_mac(key, pad(data, block))
    c = cmac.CMAC(algorithms.AES(key))
    c.update(data)
    return c.finalize()[:8]


def kdf(secret, counter, kind, size):
    digest = hashlib.sha256 if size > 16 else hashlib.sha1
    key = digest(secret + counter.to_bytes(4, "big")).digest()[:size]
    if kind == "3des":
        key = bytes(b & 0xFE | (bin(b >> 1).count("1") + 1) % 2 for b in key)
    return key


# --- curves ------------------------------------------------------------------

class Curve:
    def __init__(self, name):
        der = subprocess.run(["openssl", "ecparam", "-name", name, "-param_enc", "explicit", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        spec = keys.SpecifiedECDomain.load(der)
        self.p = spec["field_id"]["parameters"].native
        self.a = int.from_bytes(spec["curve"]["a"].native, "big")
        self.b = int.from_bytes(spec["curve"]["b"].native, "big")
        self.n = spec["order"].native
        self.size = (self.p.bit_length() + 7) // 8
        self.g = self.read(spec["base"].native)

    def read(self, data):
        assert data[0] == 4 and len(data) == 1 + 2 * self.size, "point"
        x, y = (int.from_bytes(data[1 + i * self.size:1 + (i + 1) * self.size], "big") for i in (0, 1))
        assert (y * y - x * x * x - self.a * x - self.b) % self.p == 0, "not on the curve"
        return x, y

    def write(self, point):
        return b"\x04" + b"".join(v.to_bytes(self.size, "big") for v in point)

    def add(self, one, two):
        if one is None:
            return two
        if two is None:
            return one
        (x1, y1), (x2, y2) = one, two
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        slope = ((3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p) if one == two
                 else (y2 - y1) * pow(x2 - x1, -1, self.p))
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def multiply(self, k, point):
        result = None
        while k:
            if k & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            k >>= 1
        return result

    def scalar(self):
        return 1 + secrets.randbelow(self.n - 1)


# --- the card ----------------------------------------------------------------

class Card:
    def __init__(self, name, extended):
        found = [r for r in readers() if name in str(r)]
        assert len(found) == 1, f"readers: {readers()}"
        self.connection = found[0].createConnection()
        self.connection.connect()
        self.atr = bytes(self.connection.getATR())
        self.session = None
        self.extended = extended
        self.apdus = 0

    def exchange(self, apdu):
        self.apdus += 1
        data, sw1, sw2 = self.connection.transmit(list(apdu))
        data = bytes(data)
        while sw1 == 0x61:
            self.apdus += 1
            more, sw1, sw2 = self.connection.transmit([0x00, 0xC0, 0x00, 0x00, sw2])
            data += bytes(more)
        return data, sw1 << 8 | sw2

    def command(self, what, ins, p1, p2, data=b"", ne=0, cla=0):
        if self.session:
            answer, sw = self.session.exchange(self, cla, ins, p1, p2, data, ne)
        else:
            apdu = bytes([cla, ins, p1, p2]) + (bytes([len(data)]) + data if data else b"")
            answer, sw = self.exchange(apdu + (bytes([ne & 0xFF]) if ne else b""))
        if sw != 0x9000:
            raise Refused(what, sw)
        return answer

    def read_file(self, fid, announce=True):
        self.command(f"SELECT {fid:04X}", 0xA4, 2, 0x0C, fid.to_bytes(2, "big"))
        data = self.command("READ BINARY", 0xB0, 0, 0, ne=8)
        head = next_size(data)
        while len(data) < head:
            step = min(head - len(data), 2000 if self.extended and self.session else 0xDF)
            if len(data) < 0x8000:
                more = self.command("READ BINARY", 0xB0, len(data) >> 8, len(data) & 0xFF, ne=step)
            else:
                more = child(self.command("READ BINARY", 0xB1, 0, 0, tlv(0x54, len(data).to_bytes(3, "big")),
                                          ne=step), 0x53)
            assert more, "empty read"
            data += more
        return data[:head]


def next_size(prefix):
    """Header and value size of the object that begins with this prefix."""
    at = 1 if prefix[0] & 0x1F != 0x1F else 2
    n = prefix[at]
    if n < 0x80:
        return at + 1 + n
    return at + 1 + (n & 0x7F) + int.from_bytes(prefix[at + 1:at + 1 + (n & 0x7F)], "big")


class Session:
    """Secure messaging, ICAO Doc 9303-11, 9.8."""

    def __init__(self, kind, enc, mac_key, ssc=0):
        self.kind, self.enc, self.mac_key = kind, enc, mac_key
        self.block = 8 if kind == "3des" else 16
        self.ssc = ssc

    def count(self):
        self.ssc = (self.ssc + 1) % (1 << 8 * self.block)
        return self.ssc.to_bytes(self.block, "big")

    def iv(self, ssc):
        if self.kind == "3des":
            return bytes(8)
        return cbc("aes", self.enc, bytes(16), ssc, True)

    def seal(self, text):
        """The MAC over whole blocks: padding is done before, so CMAC must not add its own."""
        return retail_mac(self.mac_key, text) if self.kind == "3des" else mac(self.kind, self.mac_key, text, self.block)

    def exchange(self, card, cla, ins, p1, p2, data, ne):
        ssc = self.count()
        header = bytes([cla | 0x0C, ins, p1, p2])
        body = b""
        if data:
            sealed = cbc(self.kind, self.enc, self.iv(ssc), pad(data, self.block), True)
            body += tlv(0x85, sealed) if ins & 1 else tlv(0x87, b"\x01" + sealed)
        if ne:
            body += tlv(0x97, bytes([ne & 0xFF]) if ne <= 256 else ne.to_bytes(2, "big"))
        text = ssc + pad(header, self.block)
        if body:
            text = ssc + pad(header, self.block) + pad(body, self.block)
        body += tlv(0x8E, self.seal(text))
        if card.extended:
            apdu = header + b"\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"
        else:
            apdu = header + bytes([len(body)]) + body + b"\x00"
        answer, sw = card.exchange(apdu)
        return self.open(answer, sw)

    def open(self, answer, sw):
        ssc = self.count()
        objects = list(parse(answer))
        if not objects:
            raise Refused("secure messaging", sw)
        *covered, last = objects
        assert last[0] == 0x8E, "no MAC"
        text = ssc + pad(b"".join(whole for _, _, whole in covered), self.block)
        assert self.seal(text) == last[1], "wrong MAC in the answer"
        data, inner = b"", None
        for tag, value, _ in covered:
            if tag == 0x87:
                assert value[0] == 1
                data = unpad(cbc(self.kind, self.enc, self.iv(ssc), value[1:], False))
            elif tag == 0x85:
                data = unpad(cbc(self.kind, self.enc, self.iv(ssc), value, False))
            elif tag == 0x99:
                inner = int.from_bytes(value, "big")
        assert inner is not None and inner == sw, "status word"
        return data, inner


# --- access ------------------------------------------------------------------

def bac(card, mrz):
    card.command("SELECT LDS", 0xA4, 4, 0x0C, LDS)
    seed = hashlib.sha1(mrz.encode()).digest()[:16]
    k_enc, k_mac = (kdf(seed, i, "3des", 16) for i in (1, 2))
    rnd_ic = card.command("GET CHALLENGE", 0x84, 0, 0, ne=8)
    rnd_ifd, k_ifd = secrets.token_bytes(8), secrets.token_bytes(16)
    sealed = cbc("3des", k_enc, bytes(8), rnd_ifd + rnd_ic + k_ifd, True)
    token = sealed + mac("3des", k_mac, sealed, 8)
    answer = card.command("EXTERNAL AUTHENTICATE", 0x82, 0, 0, token, ne=40)
    assert mac("3des", k_mac, answer[:32], 8) == answer[32:], "BAC MAC"
    plain = cbc("3des", k_enc, bytes(8), answer[:32], False)
    assert plain[:8] == rnd_ic and plain[8:16] == rnd_ifd, "BAC nonces"
    secret = bytes(a ^ b for a, b in zip(k_ifd, plain[16:]))
    card.session = Session("3des", kdf(secret, 1, "3des", 16), kdf(secret, 2, "3des", 16),
                           int.from_bytes(rnd_ic[4:] + rnd_ifd[4:], "big"))
    return "BAC"


def pace(card, secret, reference, want=None):
    card.command("SELECT MF", 0xA4, 0, 0x0C, b"\x3F\x00")
    card_access = card.read_file(0x011C)
    offered = []
    for info in core.SetOf.load(card_access, spec=core.Any):
        fields = core.Sequence.load(info.dump())
        oid = fields[0].native
        if oid.startswith((PACE_GM, PACE_CAM)):
            offered.append((oid, fields[2].native, fields[0].dump()[2:]))
    usable = [o for o in offered if o[0].startswith(PACE_GM)]
    assert usable, f"no generic mapping in {offered}"
    oid, parameter, oid_bytes = usable[0]
    kind, size = CIPHERS[oid.rsplit(".", 1)[1]]
    curve = Curve(CURVES[parameter])
    k_pi = kdf(secret, 3, kind, size)
    card.command("MSE:Set AT", 0x22, 0xC1, 0xA4,
                 tlv(0x80, oid_bytes) + tlv(0x83, bytes([reference])) + tlv(0x84, bytes([parameter])))

    def step(tag, value, answer_tag, last=False):
        answer = card.command(f"GENERAL AUTHENTICATE {tag:02X}", 0x86, 0, 0,
                              tlv(0x7C, tlv(tag, value) if tag else b""), ne=256, cla=0 if last else 0x10)
        return child(child(answer, 0x7C), answer_tag)

    z = step(0, b"", 0x80)
    nonce = int.from_bytes(cbc(kind, k_pi, bytes(8 if kind == "3des" else 16), z, False), "big")
    own = curve.scalar()
    peer = curve.read(step(0x81, curve.write(curve.multiply(own, curve.g)), 0x82))
    g = curve.add(curve.multiply(nonce, curve.g), curve.multiply(own, peer))
    own = curve.scalar()
    own_public = curve.write(curve.multiply(own, g))
    peer_public = step(0x83, own_public, 0x84)
    assert peer_public != own_public
    shared = curve.multiply(own, curve.read(peer_public))[0].to_bytes(curve.size, "big")
    enc, mac_key = (kdf(shared, i, kind, size) for i in (1, 2))

    def token(public):
        return mac(kind, mac_key, tlv(0x7F49, tlv(6, oid_bytes) + tlv(0x86, public)), 8)

    assert step(0x85, token(peer_public), 0x86, last=True) == token(own_public), "PACE token"
    card.session = Session(kind, enc, mac_key)
    card.command("SELECT LDS", 0xA4, 4, 0x0C, LDS)
    return f"PACE GM {CURVES[parameter]} {kind}-{size * 8}"


# --- authenticity ------------------------------------------------------------

def security_infos(dg14):
    inner = next(parse(dg14))[1]
    return [core.Sequence.load(i.dump()) for i in core.SetOf.load(inner, spec=core.Any)]


def chip_authentication(card, dg14):
    infos = security_infos(dg14)
    key = next((i for i in infos if i[0].native == PK_ECDH), None)
    info = next((i for i in infos if i[0].native.startswith(CA_ECDH)), None)
    if key is None or info is None:
        return None
    public = load_public(key[1].dump())
    kind, size = CIPHERS[info[0].native.rsplit(".", 1)[1]]
    own = ec.generate_private_key(public.curve)
    numbers = own.public_key().public_numbers()
    width = (public.curve.key_size + 7) // 8
    point = b"\x04" + numbers.x.to_bytes(width, "big") + numbers.y.to_bytes(width, "big")
    key_id = tlv(0x84, bytes([key[2].native])) if len(key) > 2 else b""
    if kind == "3des":
        card.command("MSE:Set KAT", 0x22, 0x41, 0xA6, tlv(0x91, point) + key_id)
    else:
        card.command("MSE:Set AT", 0x22, 0x41, 0xA4, tlv(0x80, info[0].dump()[2:]) + key_id)
        card.command("GENERAL AUTHENTICATE", 0x86, 0, 0, tlv(0x7C, tlv(0x80, point)), ne=256)
    shared = own.exchange(ec.ECDH(), public)
    card.session = Session(kind, kdf(shared, 1, kind, size), kdf(shared, 2, kind, size))
    card.read_file(0x0101)  # the new keys hold only if the chip has the private key
    return f"{public.curve.name} {kind}-{size * 8}"


def load_public(spki):
    """python3-cryptography takes named curves only: name an explicit one by its prime."""
    info = keys.PublicKeyInfo.load(spki)
    if info["algorithm"]["algorithm"].native != "ec" or info["algorithm"]["parameters"].name == "named":
        return load_der_public_key(spki)
    prime = info["algorithm"]["parameters"].chosen["field_id"]["parameters"].native
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1(),
                  ec.BrainpoolP384R1(), ec.BrainpoolP512R1()):
        name = {"secp256r1": "prime256v1"}.get(curve.name, curve.name)
        if Curve(name).p == prime:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, info["public_key"].native)
    raise ValueError("unknown explicit curve")


def active_authentication(card, dg15, dg14):
    public = load_public(next(parse(dg15))[1])
    challenge = secrets.token_bytes(8)
    signature = card.command("INTERNAL AUTHENTICATE", 0x88, 0, 0, challenge, ne=256)
    if isinstance(public, ec.EllipticCurvePublicKey):
        info = next(i for i in security_infos(dg14) if i[0].native == AA_INFO)
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        digest = PLAIN_ECDSA[info[2].native]
        public.verify(utils.encode_dss_signature(r, s), challenge, ec.ECDSA(digest))
        return f"ECDSA {public.curve.name} {digest.name}"
    numbers = public.public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    f = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n)
    if f & 0xF != 0xC:
        f = numbers.n - f
    f = f.to_bytes(size, "big")
    name, trailer = {0xBC: ("sha1", 1)}.get(f[-1]) or ({0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384",
                                                      0x38: "sha224"}[f[-2]], 2)
    digest = hashlib.new(name)
    assert f[0] == 0x6A, "ISO 9796-2 header"
    digest.update(f[1:size - trailer - digest.digest_size] + challenge)
    assert digest.digest() == f[size - trailer - digest.digest_size:size - trailer], "AA hash"
    return f"RSA-{size * 8} {name}"


def passive_authentication(sod, groups):
    signed = cms.ContentInfo.load(next(parse(sod))[1])["content"]
    lds = core.Sequence.load(bytes(signed["encap_content_info"]["content"]))
    algorithm = core.Sequence.load(lds[1].dump())[0].native
    name = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
            "2.16.840.1.101.3.4.2.3": "sha512", "2.16.840.1.101.3.4.2.4": "sha224"}[algorithm]
    listed = {}
    for entry in core.SequenceOf.load(lds[2].dump(), spec=core.Any):
        pair = core.Sequence.load(entry.dump())
        listed[pair[0].native] = pair[1].native
    for number, data in groups.items():
        assert hashlib.new(name, data).digest() == listed[number], f"DG{number}: hash"
    return sorted(listed)


# --- main --------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reader", required=True)
    parser.add_argument("--mrz")
    parser.add_argument("--can")
    parser.add_argument("--access", choices=("bac", "pace"), required=True)
    parser.add_argument("--extended", action="store_true")
    parser.add_argument("--expect-refused", action="store_true")
    parser.add_argument("--dump")
    args = parser.parse_args()
    card = Card(args.reader, args.extended)
    result = {"atr": card.atr.hex()}
    try:
        if args.access == "bac":
            result["access"] = bac(card, args.mrz)
        elif args.can:
            result["access"] = pace(card, args.can.encode(), 2)
        else:
            result["access"] = pace(card, hashlib.sha1(args.mrz.encode()).digest(), 1)
    except Refused as refusal:
        if args.expect_refused:
            print(json.dumps({"refused": str(refusal)}))
            return 0
        raise
    assert not args.expect_refused, "was not refused"
    sod = card.read_file(0x011D)
    com = card.read_file(0x011E)
    tags = {0x61: 1, 0x75: 2, 0x67: 7, 0x6B: 11, 0x6C: 12, 0x6D: 13, 0x6E: 14, 0x6F: 15, 0x70: 16}
    present = [tags[t] for t in child(next(parse(com))[1], 0x5C)]
    groups = {n: card.read_file(0x0100 + n) for n in present}
    result["groups"] = {n: len(d) for n, d in groups.items()}
    result["signed"] = passive_authentication(sod, groups)
    if 15 in groups:
        result["active"] = active_authentication(card, groups[15], groups.get(14))
    if 14 in groups:
        result["chip"] = chip_authentication(card, groups[14])
        result["after"] = len(card.read_file(0x0101))
    result["apdus"] = card.apdus
    if args.dump:
        os.makedirs(args.dump, exist_ok=True)
        for name, data in [("EF.SOD", sod), ("EF.COM", com)] + [(f"DG{n}", d) for n, d in groups.items()]:
            with open(os.path.join(args.dump, name), "wb") as out:
                out.write(data)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""keycard.py COMMAND CARD DIR [ARGUMENT...]: the key application of an issued card, read over
the contact interface and held against the authority's directory DIR, with cryptography,
asn1crypto and openssl; nothing of the project's own code takes part but the card.

dump       writes the certificates as 9a.pem, ... and attestation.pem (of 9A) here
profile    names, usages, UUID and status in the certificates; keys that fit
signed     CHUID, security object, capability container, card verifiable certificate
secrets    PIN, PUK, pairing code of the file `letter` and the management key of DIR
absent     there is no key application
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

from asn1crypto import cms, core, x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, ExtensionOID, NameOID

OBJECTS = {"9a": 0x5FC105, "9c": 0x5FC10A, "9d": 0x5FC10B, "9e": 0x5FC101, "f9": 0x5FFF01}
ARC = "1.2.840.113556.1.8000.2554.3117.718.31458.16442.33490.7549120.15607694"
STATUS = x509.ObjectIdentifier(ARC + ".1")
SMARTCARD_LOGON, CARD_AUTH, CONTENT = "1.3.6.1.4.1.311.20.2.2", "2.16.840.1.101.3.6.8", "2.16.840.1.101.3.6.7"


def tlv(data):
    """Objects of BER-TLV data, in order."""
    out = []
    while data:
        n = 1
        if data[0] & 0x1F == 0x1F:
            while data[n] & 0x80:
                n += 1
            n += 1
        tag, length, data = int.from_bytes(data[:n], "big"), data[n], data[n + 1:]
        if length >= 0x80:
            size = length & 0x7F
            length, data = int.from_bytes(data[:size], "big"), data[size:]
        assert len(data) >= length
        out.append((tag, data[:length]))
        data = data[length:]
    return out


def put(tag, value):
    n = len(value)
    head = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82]) + n.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + head + value


class Card:
    def __init__(self, path):
        sojourn = os.path.join(os.environ["BUILD_DIR"], "bin/sojourn")
        self.process = subprocess.Popen([sojourn, "card", "run", path, "--interface", "contact", "--link", "stdio"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.line("on")

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def apdu(self, head, data=None, le=True):
        lc = b"" if data is None else b"\0" + len(data).to_bytes(2, "big") + data
        tail = (b"\0\0" if data is not None else b"\0\0\0") if le else b""
        answer = bytes.fromhex(self.line((bytes.fromhex(head) + lc + tail).hex()))
        return answer[:-2], answer[-2:].hex()

    def select(self):
        return self.apdu("00A40400", bytes.fromhex("A00000030800001000"))[1]

    def get(self, tag):
        size = 1 if tag < 256 else 3
        data, sw = self.apdu("00CB3FFF", put(0x5C, tag.to_bytes(size, "big")))
        assert sw == "9000", (hex(tag), sw)
        return data if tag == 0x7E else tlv(data)[0][1]

    def certificate(self, key):
        found = dict(tlv(self.get(OBJECTS[key])))
        assert found[0x71] == b"\0" and found[0xFE] == b""
        return x509.load_der_x509_certificate(found[0x70])

    def verify(self, pin):
        return self.apdu("00200080", pin.encode().ljust(8, b"\xFF"), le=False)[1]

    def use(self, algorithm, key, tag, value):
        body = put(0x82, b"") + put(tag, value)
        data, sw = self.apdu("0087%02X%02X" % (algorithm, key), put(0x7C, body))
        return (dict(tlv(tlv(data)[0][1]))[0x82] if sw == "9000" else b""), sw


def letter(what):
    return re.search("^%s: (.*)$" % re.escape(what), open("letter").read(), re.M).group(1)


def authority_certificate(directory, name):
    return x509.load_der_x509_certificate(open(os.path.join(directory, name + ".cer"), "rb").read())


def pem(name, certificate):
    with open(name, "wb") as f:
        f.write(certificate.public_bytes(serialization.Encoding.PEM))


# --- certificates ---------------------------------------------------------------------------


def dump(card, directory):
    for key in OBJECTS:
        pem(key + ".pem", card.certificate(key))
    data, sw = card.apdu("00F99A00")
    assert sw == "9000", sw
    pem("attestation.pem", x509.load_der_x509_certificate(data))
    for name in os.listdir(directory):
        if re.match(r"(key-ca|content-signer)-\d+\.cer$", name):
            pem(name[:-4] + ".pem", authority_certificate(directory, name[:-4]))


def guid_of(card):
    return dict(tlv(card.get(0x5FC102)))[0x34]


def uuid_text(guid):
    h = guid.hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


def status_of(certificate):
    der = certificate.extensions.get_extension_for_oid(STATUS).value.value
    issuer, partition, index = tlv(tlv(der)[0][1])
    return issuer[1].decode(), int.from_bytes(partition[1], "big"), int.from_bytes(index[1], "big")


def check_usage(key, certificate):
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    public = certificate.public_key()
    agrees = not isinstance(public, rsa.RSAPublicKey)
    expected = {"9a": {"digital_signature"}, "9c": {"digital_signature", "content_commitment"},
                "9d": {"key_agreement" if agrees else "key_encipherment"}, "9e": {"digital_signature"},
                "f9": {"key_cert_sign"}}[key]
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign"]
    assert {n for n in names if getattr(usage.value, n)} == expected, (key, expected)
    assert usage.critical
    purposes = {"9a": {EKU.CLIENT_AUTH.dotted_string, SMARTCARD_LOGON}, "9c": {EKU.EMAIL_PROTECTION.dotted_string},
                "9d": {EKU.EMAIL_PROTECTION.dotted_string}, "9e": {CARD_AUTH}, "f9": {ARC + ".2"}}[key]
    assert {p.dotted_string for p in extended.value} == purposes, key
    assert extended.critical == (key == "9e")


def check_subject(key, certificate, guid):
    subject = {a.oid: a.value for a in certificate.subject}
    own = key in ("9e", "f9")
    assert subject[NameOID.COUNTRY_NAME] == "UT"
    assert subject[NameOID.SERIAL_NUMBER] == uuid_text(guid)
    assert (NameOID.COMMON_NAME in subject) != own
    assert own or subject[NameOID.COMMON_NAME] == "Ida Lovisa Håkansson"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [n.value for n in names] == ["urn:uuid:" + uuid_text(guid)]


def issued_status(directory, guid):
    shown = subprocess.run(["sojourn", "register", "show", directory, "--json", "--document", letter("Document number")],
                           check=True, capture_output=True).stdout
    for row in json.loads(shown)["credentials"]:
        if row["key"].startswith(guid.hex()):
            assert (row["sector"], row["slot"]) == (0, 1)
            return row["partition"], row["index"]
    raise AssertionError("not recorded")


def check_key(card, key, certificate):
    """The card has the private half: it signs, or agrees."""
    public, digest = certificate.public_key(), os.urandom(32)
    reference = int(key, 16)
    if isinstance(public, ec.EllipticCurvePublicKey):
        algorithm = {256: 0x11, 384: 0x14}[public.curve.key_size]
        if key == "9d":
            mine = ec.generate_private_key(public.curve)
            point = mine.public_key().public_bytes(serialization.Encoding.X962,
                                                   serialization.PublicFormat.UncompressedPoint)
            secret, sw = card.use(algorithm, reference, 0x85, point)
            assert sw == "9000" and secret == mine.exchange(ec.ECDH(), public)
            return
        signature, sw = card.use(algorithm, reference, 0x81, digest)
        assert sw == "9000", (key, sw)
        public.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    elif isinstance(public, rsa.RSAPublicKey):
        size = public.key_size // 8
        info = bytes.fromhex("3031300D060960864801650304020105000420") + digest
        block = b"\0\1" + b"\xFF" * (size - len(info) - 3) + b"\0" + info
        signature, sw = card.use({2048: 7, 3072: 5}[public.key_size], reference, 0x81, block)
        assert sw == "9000", (key, sw)
        public.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    elif isinstance(public, ed25519.Ed25519PublicKey):
        signature, sw = card.use(0xE0, reference, 0x81, digest)
        assert sw == "9000", (key, sw)
        public.verify(signature, digest)
    else:
        mine = x25519.X25519PrivateKey.generate()
        point = mine.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        secret, sw = card.use(0xE1, reference, 0x85, point)
        assert sw == "9000" and secret == mine.exchange(public)


def profile(card, directory, ca="key-ca-1"):
    guid = guid_of(card)
    issuer = authority_certificate(directory, ca)
    assert guid[6] >> 4 == 4 and guid[8] >> 6 == 2
    assert not issuer.public_key() is None
    for key in OBJECTS:
        certificate = card.certificate(key)
        assert certificate.issuer == issuer.subject
        assert certificate.not_valid_before.hour == 0 or certificate.not_valid_before == issuer.not_valid_before
        assert certificate.not_valid_after.isoformat() == "2034-05-05T23:59:59"
        assert certificate.serial_number & 0xFF == int(key, 16)
        check_usage(key, certificate)
        check_subject(key, certificate, guid)
        assert status_of(certificate) == ("UTO",) + issued_status(directory, guid)
        constraints = [e for e in certificate.extensions if e.oid == ExtensionOID.BASIC_CONSTRAINTS]
        assert bool(constraints) == (key == "f9")
        if constraints:
            assert constraints[0].critical and constraints[0].value.ca and constraints[0].value.path_length == 0
    for key in ("9e", "9a", "9d", "9c"):
        certificate = card.certificate(key)
        if key == "9a":
            try:
                check_key(card, key, certificate)
                raise SystemExit("9A works without a PIN")
            except AssertionError as e:
                assert e.args == (("9a", "6982"),)
        if key in ("9a", "9c"):
            assert card.verify(letter("PIN of the keys")) == "9000"
        check_key(card, key, certificate)


# --- signed objects --------------------------------------------------------------------------


def check_signature(public, signature, message, hash_):
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), hash_)
    else:
        public.verify(signature, message, ec.ECDSA(hash_))


HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}


def check_cms(data, content, signer, content_type):
    """Signed attributes over the content, and the signature over them."""
    signed = cms.ContentInfo.load(data, strict=True)["content"]
    info, = signed["signer_infos"]
    attributes = {a["type"].native: a["values"] for a in info["signed_attrs"]}
    algorithm = info["digest_algorithm"]["algorithm"].native
    assert signed["encap_content_info"]["content_type"].dotted == content_type
    assert attributes["content_type"][0].dotted == content_type
    assert attributes["message_digest"][0].native == hashlib.new(algorithm, content).digest()
    check_signature(signer.public_key(), info["signature"].native, info["signed_attrs"].untag().dump(),
                    HASHES[algorithm])
    return signed, attributes


def fasc_n(data):
    """Digits and separators: five bits each, lowest first, the last one odd parity."""
    bits = "".join("{:08b}".format(b) for b in data)
    out, check = "", [0, 0, 0, 0]
    for i in range(0, 200, 5):
        group = [int(b) for b in bits[i:i + 5]]
        assert sum(group) % 2 == 1
        value = sum(b << n for n, b in enumerate(group[:4]))
        if i < 195:
            check = [a ^ b for a, b in zip(check, group[:4])]
        else:
            assert group[:4] == check
        out += "0123456789_S_FE_"[value] if i < 195 else ""
    return out


def check_chuid(card, signer):
    value = card.get(0x5FC102)
    found = tlv(value)
    assert [t for t, _ in found] == [0x30, 0x34, 0x35, 0x3E, 0xFE]
    chuid = dict(found)
    assert re.sub("[SFE_]", "", fasc_n(chuid[0x30])) == "9999" "9999" "999999" "0" "1" "0000000000" "3" "0000" "1"
    assert chuid[0x35] == b"20340505"
    covered = b"".join(put(t, v) for t, v in found if t != 0x3E)
    signed, attributes = check_cms(chuid[0x3E], covered, signer, "2.16.840.1.101.3.6.1")
    assert signed["encap_content_info"]["content"].native is None
    assert [c.chosen.dump() for c in signed["certificates"]] == [signer.public_bytes(serialization.Encoding.DER)]
    assert attributes["2.16.840.1.101.3.6.5"][0].dump() == signer.subject.public_bytes()


def check_security(card, signer):
    found = tlv(card.get(0x5FC106))
    assert [t for t, _ in found] == [0xBA, 0xBB, 0xFE]
    mapping, security = found[0][1], found[1][1]
    assert mapping.hex() == "01db00" "023000"
    signed = cms.ContentInfo.load(security)["content"]
    content = bytes(signed["encap_content_info"]["content"])
    check_cms(security, content, signer, "2.23.136.1.1.1")
    assert not signed["certificates"].native
    body = tlv(tlv(content)[0][1])
    groups = {g[0][1][0]: g[1][1] for g in (tlv(v) for _, v in tlv(body[2][1]))}
    algorithm = core.ObjectIdentifier.load(body[1][1]).dotted
    assert algorithm in ("2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2")
    hash_ = hashlib.sha256 if algorithm.endswith(".1") else hashlib.sha384
    assert groups == {1: hash_(card.get(0x5FC107)).digest(), 2: hash_(card.get(0x5FC102)).digest()}


def check_cvc(card, signer):
    """GENERAL AUTHENTICATE with key 04 gives it (part 2, 4.1.3)."""
    curve, algorithm = (ec.SECP384R1(), 0x2E) if "04:CS7" in sys.argv else (ec.SECP256R1(), 0x27)
    point = ec.generate_private_key(curve).public_key().public_bytes(serialization.Encoding.X962,
                                                                     serialization.PublicFormat.UncompressedPoint)
    answer, sw = card.use(algorithm, 0x04, 0x81, b"\0" + os.urandom(8) + point)
    assert sw == "9000", sw
    cvc = answer[1 + (24 if algorithm == 0x2E else 16) + 16:]  # control, nonce, cryptogram
    body = tlv(tlv(cvc)[0][1])
    fields = dict(body)
    assert [t for t, _ in body] == [0x5F29, 0x42, 0x5F20, 0x7F49, 0x5F4C, 0x5F37]
    key_id = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert fields[0x5F29] == b"\x80" and fields[0x42] == key_id[:8] and fields[0x5F4C] == b"\0"
    assert fields[0x5F20] == guid_of(card)
    signature = tlv(tlv(fields[0x5F37])[0][1])[1][1][1:]
    message = b"".join(put(t, v) for t, v in body[:-1])
    check_signature(signer.public_key(), signature, message, hashes.SHA384() if algorithm == 0x2E else hashes.SHA256())
    beside = dict(tlv(card.get(0x5FC122)))
    assert beside[0x70] == signer.public_bytes(serialization.Encoding.DER)


def signed(card, directory, name="content-signer-1", *rest):
    signer = authority_certificate(directory, name)
    check_chuid(card, signer)
    check_security(card, signer)
    check_cvc(card, signer)
    ccc = dict(tlv(card.get(0x5FC107)))
    assert ccc[0xF0][:7].hex() == "a0000001" "16ff02" and len(ccc[0xF0]) == 21 and ccc[0xF5] == b"\x10"
    discovery = dict(tlv(tlv(card.get(0x7E))[0][1]))
    assert discovery[0x4F].hex() == "a000000308000010000100" and discovery[0x5F2F].hex() == "4800"


# --- secrets ---------------------------------------------------------------------------------


def manage(card, directory):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "key")
        subprocess.run(["sojourn", "register", "key", directory, "--out", out, "--document", letter("Document number")],
                       check=True)
        name, key = open(out).read().split()
    algorithm, cipher = {"AES-128": (0x08, algorithms.AES), "AES-192": (0x0A, algorithms.AES),
                         "AES-256": (0x0C, algorithms.AES), "3DES": (0x03, algorithms.TripleDES)}[name]
    data, sw = card.apdu("0087%02X9B" % algorithm, bytes.fromhex("7C028100"))
    assert sw == "9000", sw
    challenge = dict(tlv(tlv(data)[0][1]))[0x81]
    encryptor = Cipher(cipher(bytes.fromhex(key)), modes.ECB()).encryptor()
    response = put(0x7C, put(0x82, encryptor.update(challenge)))
    assert card.apdu("0087%02X9B" % algorithm, response, le=False)[1] == "9000"


def secrets(card, directory):
    pin, puk = letter("PIN of the keys"), letter("PUK, for a new PIN")
    assert re.fullmatch("[0-9]{6,8}", pin) and re.fullmatch("[!-~]{8}", puk)
    assert card.apdu("00200080", None, le=False)[1] == "63c3"
    wrong = "%06d" % ((int(pin) + 1) % 1000000)
    assert card.verify(wrong) == "63c2"
    assert card.verify(pin) == "9000"
    assert dict(tlv(card.get(0x5FC123)))[0x99].decode() == letter("Pairing code")
    new = b"87654321"
    assert card.apdu("002C0080", puk.encode() + new, le=False)[1] == "9000"
    assert card.verify("87654321") == "9000"
    manage(card, directory)


def absent(card, directory):
    pass


def main():
    card = Card(sys.argv[2])
    command = {f.__name__: f for f in (dump, profile, signed, secrets, absent)}[sys.argv[1]]
    assert card.select() == ("6a82" if command == absent else "9000")
    command(card, *sys.argv[3:])
    card.process.stdin.close()
    assert card.process.wait() == 0


main()

#!/usr/bin/python3
"""Makes an issued key card for foreign programs, by card-sim/applets/piv/PERSO.md.

	key_card.py SOJOURN FOLDER

FOLDER gets the card (key.card) and the certificates of its CA (ca.pem) and of its
attestation key (f9.pem). PIN 123456, PUK 12345678, management key 0102..08 three times
(3DES), serial 12648430; keys 9A and 9E (P-256), 9C and 9D (RSA-2048), F9 (P-256).
"""
import datetime
import os
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

AID = "A000000308000010000100"
P256, RSA2048, TDES = 0x11, 0x07, 0x03
OBJECTS = {0x9A: "5FC105", 0x9C: "5FC10A", 0x9D: "5FC10B", 0x9E: "5FC101", 0xF9: "5FFF01"}


def tlv(tag, value):
    n = len(value)
    length = [n] if n < 128 else [0x81, n] if n < 256 else [0x82, n >> 8, n & 255]
    return bytes.fromhex(tag) + bytes(length) + value


def take(data):
    """Tags (of one byte) and values."""
    found = {}
    while data:
        tag, n, data = data[0], data[1], data[2:]
        if n > 128:
            n, data = int.from_bytes(data[: n - 128], "big"), data[n - 128 :]
        found[tag], data = data[:n], data[n:]
    return found


class Card:
    def __init__(self, sojourn, path):
        subprocess.run([sojourn, "card", "new", path], check=True)
        command = [sojourn, "card", "run", path, "--interface", "contact", "--link", "stdio"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.line("on")
        self.block = 0

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def send(self, command):
        answer = self.line(command)
        if not answer.endswith("9000"):
            raise SystemExit(f"{command[:60]}: {answer}")
        return bytes.fromhex(answer[:-4])

    def give(self, dgi, value=b""):
        n = len(value)
        length = f"FF{n:04X}" if n >= 255 else f"{n:02X}"
        data = dgi + length + value.hex()
        answer = self.send(f"80E208{self.block:02X}00{len(data) // 2:04X}{data}0000")
        self.block += 1
        return answer

    def manager(self):
        self.send("00A4040008A00000015100000000")

    def install(self, aid):
        self.manager()
        n = len(aid) // 2
        self.send(f"80E62000{n + 6:02X}0000{n:02X}{aid}00000000")
        self.block = 0

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def public_key(answer):
    """Of GENERATE's answer."""
    assert answer[:2] == b"\x7f\x49"
    content = take(answer[3:] if answer[2] < 128 else answer[3 + answer[2] - 128 :])
    if 0x86 in content:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), content[0x86])
    n, e = (int.from_bytes(content[t], "big") for t in (0x81, 0x82))
    return rsa.RSAPublicNumbers(e, n).public_key()


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(key, subject, ca_key, path_length=None):
    now = datetime.datetime.utcnow()
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name("Test Key CA"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(path_length is not None, path_length), critical=True)
        .sign(ca_key, hashes.SHA256())
    )


def document(card):
    """The least that a card must have of a document."""
    card.install("A0000002471001")
    card.give("0001", tlv("80", b"\1") + tlv("82", b"L898902C<369080619406236"))
    card.give("0002", bytes.fromhex("0101011E000000" + "60135F0104303130365F36063034303030305C0161"))
    card.give("0002", bytes.fromhex("01010101000000" + "6100"))
    card.give("0002", bytes.fromhex("0101011D000000" + "7700"))


def personalise(card, ca_key):
    guid = os.urandom(16)
    certificates = {}
    card.install(AID)
    card.give("0000")
    card.give("0001", guid + (12648430).to_bytes(4, "big"))
    card.give("0005", b"\x40\x00")
    card.give("0002", b"\x80\x03123456\xff\xff")
    card.give("0002", b"\x81\x0312345678")
    card.give("0004", bytes([TDES]) + bytes(range(1, 9)) * 3)
    for ref, algorithm in ((0x9A, P256), (0x9C, RSA2048), (0x9D, RSA2048), (0x9E, P256), (0xF9, P256)):
        key = public_key(card.give("0020", bytes([ref, algorithm, 0, 0])))
        attests = 0 if ref == 0xF9 else None
        certificates[ref] = certify(key, "Attestation" if ref == 0xF9 else f"Visitor {ref:x}", ca_key, attests)
        der = certificates[ref].public_bytes(serialization.Encoding.DER)
        value = tlv("70", der) + tlv("71", b"\0") + tlv("FE", b"")
        card.give("0010", bytes.fromhex(OBJECTS[ref]) + value)
    chuid = tlv("30", bytes(25)) + tlv("34", guid) + tlv("35", b"20321231") + tlv("3E", b"") + tlv("FE", b"")
    ccc = tlv("F0", bytes.fromhex("A000000116FF02") + bytes(14)) + b"".join(
        tlv(tag, bytes.fromhex(value))
        for tag, value in (("F1", "21"), ("F2", "21"), ("F3", ""), ("F4", "00"), ("F5", "10"))
    )
    ccc += b"".join(tlv(tag, b"") for tag in ("F6", "F7", "FA", "FB", "FC", "FD", "FE"))
    card.give("0010", bytes.fromhex("5FC102") + chuid)
    card.give("0010", bytes.fromhex("5FC107") + ccc)
    card.give("0010", bytes.fromhex("5FC106") + tlv("BA", b"") + tlv("BB", b"") + tlv("FE", b""))
    document(card)
    card.manager()
    card.send("80F0800F")
    return certificates[0xF9]


def main():
    sojourn, folder = sys.argv[1:]
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = certify(ca_key.public_key(), "Test Key CA", ca_key, 1)
    card = Card(sojourn, f"{folder}/key.card")
    f9 = personalise(card, ca_key)
    card.close()
    for path, certificate in (("ca.pem", ca), ("f9.pem", f9)):
        with open(f"{folder}/{path}", "wb") as out:
            out.write(certificate.public_bytes(serialization.Encoding.PEM))


main()

"""A country's certificates, links, lists and CRLs, made by software that is not ours.

usage: trust_pki.py DIRECTORY

Keys and certificates by the openssl command line, the master list's signed
attributes and SET by asn1crypto and `cryptography`. Shares nothing with the C side.
"""
import hashlib
import os
import subprocess
import sys
from datetime import datetime, timezone

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

os.chdir(sys.argv[1])
START, END = "20250101000000Z", "20400101000000Z"
CONFIG = """
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
[csca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[self]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[list]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,2.23.136.1.1.3
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ds]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[odd]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.2.3.4.5.6 = critical,ASN1:NULL
[key-ca]
basicConstraints = critical,CA:TRUE,pathlen:1
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[card-key]
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[status]
keyUsage = critical,digitalSignature
1.2.840.113556.1.8000.2554.3117.718.31458.16442.33490.7549120.15607694.1 = DER:300B130355544F020150020105
[elsewhere]
keyUsage = critical,digitalSignature
1.2.840.113556.1.8000.2554.3117.718.31458.16442.33490.7549120.15607694.1 = DER:300B130355544F020151020105
[content]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,2.16.840.1.101.3.6.7
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
"""


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def key(name, curve="prime256v1", explicit=False):
    run("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", name + ".key",
        *(["-param_enc", "explicit"] if explicit else []))


def certify(name, subject, section, issuer=None, start=START, end=END):
    run("openssl", "req", "-new", "-config", "pki.cnf", "-key", name.split(".")[0] + ".key",
        "-subj", subject, "-out", "request.pem")
    command = ["openssl", "ca", "-batch", "-notext", "-config", "pki.cnf", "-extensions", section,
               "-startdate", start, "-enddate", end, "-in", "request.pem", "-out", name + ".pem"]
    if issuer:
        command += ["-cert", issuer + ".pem", "-keyfile", issuer.split(".")[0] + ".key"]
    else:
        command += ["-selfsign", "-keyfile", name.split(".")[0] + ".key"]
    run(*command)
    run("openssl", "x509", "-in", name + ".pem", "-outform", "DER", "-out", name + ".cer")


class Certificates(core.SetOf):
    _child_spec = x509.Certificate


class MasterList(core.Sequence):
    _fields = [("version", core.Integer), ("certificates", Certificates)]


def read(name):
    with open(name, "rb") as f:
        return f.read()


def master_list(out, names, signer="lister", content_type="2.23.136.1.1.2", when=None, spoil=False):
    content = MasterList({"version": 0, "certificates": [x509.Certificate.load(read(n + ".cer")) for n in names]}).dump()
    certificate = x509.Certificate.load(read(signer + ".cer"))
    when = when or datetime(2026, 5, 1, tzinfo=timezone.utc)
    attributes = cms.CMSAttributes([
        cms.CMSAttribute({"type": "content_type", "values": [cms.ContentType(content_type)]}),
        cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(when)})]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
    ])
    secret = serialization.load_pem_private_key(read(signer + ".key"), None)
    signature = secret.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
    if spoil:
        content = content[:-1] + bytes([content[-1] ^ 1])
    info = cms.SignerInfo({
        "version": "v3",
        "sid": cms.SignerIdentifier({"subject_key_identifier": certificate.key_identifier}),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": signature,
    })
    data = cms.SignedData({
        "version": "v3",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
        "certificates": [certificate],
        "signer_infos": [info],
    })
    with open(out, "wb") as f:
        f.write(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def element(tag, body):
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def indefinite(out, name):
    """The same list from an encoder that streams: lengths unknown, its content in pieces."""
    info = cms.ContentInfo.load(read(name))
    data = info["content"]
    content = data["encap_content_info"]["content"].contents
    pieces = b"".join(element(4, content[i:i + 1000]) for i in range(0, len(content), 1000))
    end = bytes(2)
    wrapped = (b"\x30\x80" + data["encap_content_info"]["content_type"].dump() + b"\xa0\x80\x24\x80" + pieces
               + 3 * end)
    rest = b"".join(data[part].dump() for part in ("certificates", "signer_infos"))
    with open(out, "wb") as f:
        f.write(b"\x30\x80" + info["content_type"].dump() + b"\xa0\x80\x30\x80" + data["version"].dump()
                + data["digest_algorithms"].dump() + wrapped + rest + 3 * end)


def crl(out, issuer, revoke=None, days=None, last=None, until=None):
    open("index.txt", "w").close()
    if revoke:
        run("openssl", "ca", "-config", "pki.cnf", "-cert", issuer + ".pem", "-keyfile",
            issuer + ".key", "-revoke", revoke + ".pem")
    run("openssl", "ca", "-gencrl", "-config", "pki.cnf", "-cert", issuer + ".pem", "-keyfile",
        issuer + ".key", "-crl_lastupdate", last, "-crl_nextupdate", until, "-out", "crl.pem")
    run("openssl", "crl", "-in", "crl.pem", "-outform", "DER", "-out", out)


def main():
    with open("pki.cnf", "w") as f:
        f.write(CONFIG)
    open("index.txt", "w").close()
    with open("serial", "w") as f:
        f.write("5001\n")
    name = "/C=UT/O=Registry/CN=CSCA"
    for k in ("old", "lister", "signer", "odd", "stranger", "faker"):
        key(k)
    key("new", "brainpoolP384r1", explicit=True)
    key("unknown", "secp160r1")
    certify("old", name, "csca")
    certify("new", name, "csca")
    certify("new.link", name, "csca", "old")
    certify("stranger", "/C=XX/O=Nobody/CN=CSCA", "csca")
    certify("stranger.link", "/C=XX/O=Nobody/CN=CSCA 2", "csca", "stranger")
    certify("unknown", "/C=UT/O=Registry/CN=Old curve", "csca")
    certify("lister", "/C=UT/O=Registry/CN=Lists", "list", "old")
    certify("faker", "/C=UT/O=Registry/CN=Lists", "list", "stranger")
    certify("signer", "/C=UT/O=Registry/CN=Signer", "ds", "old")
    certify("signer.new", "/C=UT/O=Registry/CN=Signer", "ds", "new")
    certify("signer.ended", "/C=UT/O=Registry/CN=Signer", "ds", "old", end="20260101000000Z")
    certify("odd", "/C=UT/O=Registry/CN=Odd", "odd", "old")
    everything = ["old", "new", "new.link", "unknown", "stranger"]
    master_list("list.ml", everything)
    master_list("spoiled.ml", everything, spoil=True)
    indefinite("indefinite.ml", "list.ml")
    master_list("type.ml", everything, content_type="2.23.136.1.1.1")
    master_list("ds.ml", everything, signer="signer")
    master_list("faker.ml", everything, signer="faker")
    master_list("early.ml", everything, when=datetime(2024, 1, 1, tzinfo=timezone.utc))
    certify("new.abroad", "/C=XX/O=Registry/CN=CSCA", "csca", "old")
    os.rename("new.abroad.cer", "abroad.link.cer")
    key("ended")
    certify("ended", "/C=UT/O=Registry/CN=Ended", "csca", end="20250201000000Z")
    certify("new.late", name, "csca", "ended")
    os.rename("new.late.cer", "late.link.cer")
    certify("signer.abroad", "/C=XX/O=Registry/CN=Signer", "ds", "old")
    os.rename("signer.abroad.cer", "abroad.cer")
    for k in ("keys", "card", "content", "attest"):
        key(k)
    keys = "/C=UT/O=Registry/CN=Keys"
    certify("keys", keys, "key-ca")
    certify("keys.as-csca", name, "key-ca")
    certify("old.as-keys", keys, "csca")
    certify("card", "/C=UT/CN=Anna", "card-key", "keys")
    certify("card.ended", "/C=UT/CN=Anna", "card-key", "keys", end="20260101000000Z")
    certify("card.odd", "/C=UT/CN=Anna", "odd", "keys")
    certify("card.status", "/C=UT/CN=Anna", "status", "keys")
    certify("card.elsewhere", "/C=UT/CN=Anna", "elsewhere", "keys")
    certify("card.csca", "/C=UT/CN=Anna", "card-key", "old")
    certify("signer.keys", "/C=UT/O=Registry/CN=Signer", "ds", "keys")
    certify("content", "/C=UT/CN=Content", "content", "keys")
    certify("attest", "/C=UT/CN=Attestation", "csca", "keys")
    crl("keys.crl", "keys", last="20260401000000Z", until="20260701000000Z")
    crl("keys.second.crl", "keys", revoke="card", last="20260501000000Z", until="20260801000000Z")
    crl("future.crl", "old", last="20390101000000Z", until="20390801000000Z")
    crl("first.crl", "old", last="20260401000000Z", until="20260701000000Z")
    crl("second.crl", "old", revoke="signer", last="20260501000000Z", until="20260801000000Z")
    crl("stranger.crl", "stranger", last="20260501000000Z", until="20260801000000Z")


main()

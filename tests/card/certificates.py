#!/usr/bin/python3
"""certificates.py CSCA SIGNER: holds two certificates against ICAO Doc 9303-12 (8th ed.), 7.1,
with asn1crypto and cryptography; nothing of the project's own code takes part."""
import sys

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

CRITICAL = {"key_usage", "basic_constraints"}
BOTH = {"authority_key_identifier", "key_identifier", "key_usage", "private_key_usage_period",
        "subject_alt_name", "issuer_alt_name"}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
CURVES = {32: ec.SECP256R1(), 48: ec.SECP384R1()}


def load(path):
    return x509.Certificate.load(open(path, "rb").read(), strict=True)


def extensions(cert):
    found = {}
    for e in cert["tbs_certificate"]["extensions"]:
        name = e["extn_id"].native
        assert name not in found
        assert e["critical"].native == (name in CRITICAL), name
        found[name] = e["extn_value"].parsed
    return found


def check_names(cert, found):
    assert list(cert.subject.chosen[0][0]["value"].native) == ["U", "T"]
    assert cert.subject.chosen[0][0]["value"].name == "printable_string"
    for name in ("subject_alt_name", "issuer_alt_name"):
        directory = found[name][0]
        assert directory.name == "directory_name"
        assert directory.native == {"locality_name": "UTO"}


def check_common(cert, found):
    tbs = cert["tbs_certificate"]
    assert tbs["version"].native == "v3"
    assert 0 < tbs["serial_number"].native < 1 << 159
    assert tbs["signature"].dump() == cert["signature_algorithm"].dump()
    algorithm = tbs["subject_public_key_info"]["algorithm"]
    assert algorithm["parameters"].name == "specified", "explicit parameters"
    period = found["private_key_usage_period"]
    assert cert.not_valid_before == period["not_before"].native
    assert period["not_after"].native < cert.not_valid_after
    check_names(cert, found)


def check_signature(cert, issuer):
    point = bytes(issuer["tbs_certificate"]["subject_public_key_info"]["public_key"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[len(point) // 2], point)
    hash_ = HASHES[cert["signature_algorithm"].hash_algo]
    key.verify(cert["signature_value"].native, cert["tbs_certificate"].dump(), ec.ECDSA(hash_))


def main():
    csca, signer = load(sys.argv[1]), load(sys.argv[2])
    found = extensions(csca)
    assert set(found) == BOTH | {"basic_constraints"}, set(found)
    assert found["key_usage"].native == {"key_cert_sign", "crl_sign"}
    assert found["basic_constraints"].native == {"ca": True, "path_len_constraint": 0}
    check_common(csca, found)
    check_signature(csca, csca)

    found = extensions(signer)
    assert set(found) == BOTH | {"2.23.136.1.1.6.2"}, set(found)
    assert found["key_usage"].native == {"digital_signature"}
    check_common(signer, found)
    check_signature(signer, csca)
    assert signer.issuer.dump() == csca.subject.dump()
    assert signer.authority_key_identifier == csca.key_identifier
    assert signer.not_valid_after <= csca.not_valid_after


main()

#!/usr/bin/python3
"""card_keys.py FOLDER MAPPING-KEYS: holds the card's public keys in a folder of card files against
ICAO Doc 9303-11 (8th ed.), 9.2.6 and 9.5.2, with asn1crypto; nothing of the project's own code
takes part. No key is on a named curve; the keys of PACE's mapping have ids of their own."""
import os
import sys

from asn1crypto import cms, core, keys, parser

ID_PK = "0.4.0.127.0.7.2.2.1."


class SecurityInfo(core.Sequence):
    _fields = [("protocol", core.ObjectIdentifier), ("required", core.Any),
               ("optional", core.Any, {"optional": True})]


class SecurityInfos(core.SetOf):
    _child_spec = SecurityInfo


def check_key(spki):
    key = keys.PublicKeyInfo.load(spki, strict=True)
    assert key["algorithm"]["algorithm"].native == "ec"
    assert key["algorithm"]["parameters"].name == "specified", key["algorithm"]["parameters"].name


def key_ids(infos):
    """Checks every ChipAuthenticationPublicKeyInfo and gives its id, None where there is none."""
    ids = []
    for info in SecurityInfos.load(infos, strict=True):
        if info["protocol"].dotted.startswith(ID_PK):
            check_key(info["required"].dump())
            ids.append(info["optional"].parse(core.Integer).native if info["optional"] else None)
    return ids


def content(folder, name):
    """What is inside the file's application tag."""
    with open(os.path.join(folder, name), "rb") as f:
        return parser.parse(f.read(), strict=True)[4]


def main():
    folder, mapping_keys = sys.argv[1], int(sys.argv[2])
    assert len(key_ids(content(folder, "DG14.bin"))) == 1
    check_key(content(folder, "DG15.bin"))
    with open(os.path.join(folder, "EF.CardSecurity.bin"), "rb") as f:
        signed = cms.ContentInfo.load(f.read(), strict=True)["content"]
    ids = key_ids(signed["encap_content_info"]["content"].native)
    assert len(set(ids)) == len(ids) == mapping_keys and None not in ids, ids


main()

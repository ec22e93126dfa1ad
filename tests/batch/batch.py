#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second writer and reader of batches, made from docs/formats/batch.md, outbox.md
and keys.md alone, with Python's hashlib and an Ed25519 of its own (RFC 8032; slow,
not for secrets). What `tally submit` writes is read here and checked to the last
bit; what is written here is admitted by a programme.

usage: batch.py TALLY"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ORIGIN = "inspections.city.example/grades"
NOW = "2026-03-20T09:00:00Z"
POLICY = """tallystick: 1
programme: inspections
title: Inspections of premises
purpose: Tell guests what the last inspection found.
contact: inspections@city.example
sponsor: public body
subjects: organisations
basis: the city's published inspection results
keeps-events: 24 months
sources:
  inspectorate: {events: [inspection], rate: 10000 per calendar day}
events:
  inspection:
    is: public inspection
    reference: id
    hygiene: one of 0, 5, 10
let:
  last: latest inspection
grade:
  not rated: no inspection
  good: last.hygiene <= 5
  poor: otherwise
"""

# ---- Ed25519, RFC 8032 section 5.1 ----
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(p, q):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def x_of(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P != 0:
        return None
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, -1, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def pack(p):
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def unpack(octets):
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = x_of(y, sign)
    return None if x is None or y >= P else (x, y, 1, x * y % P)


def sha512_number(octets):
    return int.from_bytes(hashlib.sha512(octets).digest(), "little")


def secrets_of(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return (scalar & ~7 & (1 << 254) - 1) | 1 << 254, digest[32:]


def public_of(seed):
    return pack(times(secrets_of(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = secrets_of(seed)
    public = public_of(seed)
    r = sha512_number(prefix + message) % ORDER
    packed = pack(times(r, BASE))
    k = sha512_number(packed + public + message) % ORDER
    return packed + ((r + k * scalar) % ORDER).to_bytes(32, "little")


def verifies(public, message, signature):
    a, r, s = unpack(public), unpack(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = sha512_number(signature[:32] + public + message) % ORDER
    return pack(times(s, BASE)) == pack(add(r, times(k, a)))


# ---- encodings ----
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def did_of(public):
    number, text = int.from_bytes(b"\xed\x01" + public, "big"), ""
    while number > 0:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "did:key:z" + text


def public_of_did(did):
    number = 0
    for character in did.removeprefix("did:key:z"):
        number = number * 58 + BASE58.index(character)
    octets = number.to_bytes(34, "big")
    assert octets[:2] == b"\xed\x01"
    return octets[2:]


def url64(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def url64_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value):
    """RFC 8785 of what our headers hold: ASCII texts and small integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# ---- batches, docs/formats/batch.md ----
def sha256(octets):
    return hashlib.sha256(octets).digest()


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:]))


def batch_root(salts, events):
    entries = [sha256(b"tally/event/v1\0\0" + salt + event) for salt, event in zip(salts, events)]
    return root_of([sha256(b"\0" + entry) for entry in entries])


def events_of(content, body):
    if content == "application/jsonl":
        return body.removesuffix(b"\n").split(b"\n")
    if content == "text/csv":
        rows = [row.removesuffix(b"\r") for row in body.removesuffix(b"\n").split(b"\n")]
        return [rows[0] + b"\n" + row for row in rows[1:]]
    text, decoder, at, found = body.decode(), json.JSONDecoder(), 0, []
    assert text.lstrip().startswith("[")
    at = text.index("[") + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return found
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = end


def read(message):
    first, header, salts, rest = message.split(b"\n", 3)
    assert first == b"tally-batch/v1" and rest.startswith(b"\n")
    protected, payload, signature = header.decode().removeprefix("header: ").split(".")
    fields = json.loads(url64_decode(payload))
    assert canonical(fields) == url64_decode(payload)
    did = fields["source"]
    assert url64_decode(protected) == canonical(
        {"alg": "EdDSA", "kid": did + "#" + did.removeprefix("did:key:"), "typ": "tally-batch+jws"})
    assert verifies(public_of_did(did), f"{protected}.{payload}".encode(), url64_decode(signature))
    salts = base64.b64decode(salts.removeprefix(b"salts: "), validate=True)
    salts = [salts[i:i + 32] for i in range(0, len(salts), 32)]
    events = events_of(fields["content"], rest[1:])
    assert len(salts) == len(events) == len(set(salts)) == fields["count"]
    assert url64(batch_root(salts, events)) == fields["root"]
    assert set(fields) == {"content", "count", "number", "programme", "root", "source", "v"}
    return fields, events


def write(seed, number, content, body):
    events = events_of(content, body)
    salts = [os.urandom(32) for _ in events]
    did = did_of(public_of(seed))
    protected = url64(canonical(
        {"alg": "EdDSA", "kid": did + "#" + did.removeprefix("did:key:"), "typ": "tally-batch+jws"}))
    payload = url64(canonical({
        "content": content, "count": len(events), "number": number, "programme": ORIGIN,
        "root": url64(batch_root(salts, events)), "source": did, "v": 1}))
    signature = url64(sign(seed, f"{protected}.{payload}".encode()))
    return b"tally-batch/v1\nheader: " + f"{protected}.{payload}.{signature}".encode() + \
        b"\nsalts: " + base64.b64encode(b"".join(salts)) + b"\n\n" + body


# ---- the test ----
def run(tally, *arguments):
    result = subprocess.run([tally, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"tally {' '.join(map(str, arguments))}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def event(i):
    return {"id": f"e-{i}", "at": f"2026-03-{i % 19 + 1:02}", "subject": f"org:r-{i % 3 + 1}",
            "reference": f"I/{i}", "hygiene": i % 3 * 5}


def jsonl(numbers):
    return b"".join(json.dumps({"type": "inspection", **event(i)}).encode() + b"\n" for i in numbers)


def cloudevents(numbers):
    return json.dumps([
        {"specversion": "1.0", "source": "urn:office", "type": "inspection", "id": e["id"],
         "time": e["at"] + "T10:00:00+01:00", "subject": e["subject"],
         "data": {"reference": e["reference"], "hygiene": e["hygiene"]}}
        for e in map(event, numbers)], indent=1).encode()


def csv(numbers):
    rows = (",".join(f'"{value}"' for value in event(i).values()) + ",inspection" for i in numbers)
    return ("id,at,subject,reference,hygiene,type\r\n" + "\r\n".join(rows) + "\r\n").encode()


FORMS = {"application/jsonl": (jsonl, "jsonl"), "text/csv": (csv, "csv"),
         "application/cloudevents-batch+json": (cloudevents, "json")}


def check_signing():
    """RFC 8032, section 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    assert public_of(seed).hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert sign(seed, b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540")
    assert verifies(public_of(seed), b"\x72", sign(seed, b"\x72"))
    assert not verifies(public_of(seed), b"\x73", sign(seed, b"\x72"))


def read_what_tally_writes(tally, work):
    run(tally, "source", "key", work / "office.key")
    number, total = 1, 0
    for content, (make, ending) in FORMS.items():
        for count in (1, 2, 7, 33):
            (work / f"{count}.{ending}").write_bytes(make(range(total, total + count)))
            run(tally, "submit", work / f"{count}.{ending}", "--origin", ORIGIN, "--source-key",
                work / "office.key", "--events-per-batch", 16)
            wanted = events_of(content, make(range(total, total + count)))
            while wanted:
                message = (work / f"office.key.outbox/{number}.batch").read_bytes()
                fields, events = read(message)
                assert fields["number"] == number and fields["content"] == content
                assert events == wanted[:len(events)]
                wanted, number = wanted[len(events):], number + 1
            total += count
    assert not (work / f"office.key.outbox/{number}.batch").exists()


def write_key(path, seed):
    """docs/formats/keys.md"""
    lines = f"tally-key/v1 source\n{base64.b64encode(seed).decode()}\n"
    path.write_text(lines + sha256(lines.encode()).hex()[:8] + "\n")
    path.chmod(0o600)


def send_what_is_written_here(tally, work):
    seed = os.urandom(32)
    did = did_of(public_of(seed))
    write_key(work / "own.key", seed)
    (work / "policy.yaml").write_text(POLICY)
    city = work / "city"
    run(tally, "init", city, "--origin", ORIGIN, "--policy", work / "policy.yaml",
        "--simulated-clock", "2026-03-01T00:00:00Z")
    run(tally, "source", "add", city, "inspectorate", did, "--now", NOW)
    (work / "places.csv").write_text("id,name,register,reference,day\n" + "".join(
        f"r-{i},Place {i},register,FB/{i},2026-01-01\n" for i in (1, 2, 3)))
    run(tally, "organisation", "add", city, work / "places.csv", "--now", NOW)
    outbox = work / "own.key.outbox"
    outbox.mkdir(mode=0o700)
    journal, number, total = [f"tally-outbox/v1 {ORIGIN} {did}"], 0, 0
    for content, (make, ending) in FORMS.items():
        body, number = make(range(total, total + 40)), number + 1
        message = write(seed, number, content, body)
        read(message)
        (outbox / f"{number}.batch").write_bytes(message)
        (outbox / f"{number}.batch").chmod(0o600)
        journal += [f"input {sha256(body).hex()} {content} by-hand.{ending}",
                    f"batch {number} {sha256(message).hex()} {len(body)} {body.count(10)}", "done"]
        total += 40
    (outbox / "journal").write_text("\n".join(journal) + "\n")
    said = run(tally, "submit", "--programme", city, "--source-key", work / "own.key", "--now", NOW)
    assert f"{total} events in 3 batches: {total} admitted, 0 refused." in said, said


def main():
    tally = os.path.abspath(sys.argv[1])
    check_signing()
    with tempfile.TemporaryDirectory() as folder:
        read_what_tally_writes(tally, Path(folder))
        send_what_is_written_here(tally, Path(folder))
    print("batch.py: all good")


main()

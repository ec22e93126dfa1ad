// SPDX-License-Identifier: Apache-2.0
//
// A second verifier of RRC-V01, written from docs/formats/rrc-v01.md over another
// curve library: no line of it and no choice in it comes from the C sources.
//
// usage: node verify.mjs KAT COUNT < cases
//
// KAT is the known-answer test; cases are JSON, one a line, with the verdict of the
// C verifier. Fails unless there are COUNT cases that hold, at least as many that do
// not, and both verifiers agree about each.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expand_message_xmd } from '@noble/curves/abstract/hash-to-curve';
import { hash_to_ristretto255, ristretto255 } from '@noble/curves/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2';
import { shake128 } from '@noble/hashes/sha3';

const { Point } = ristretto255;
const l = 2n ** 252n + 27742317777372353535851937790883648493n;
const G = Point.BASE;

// ---- bytes ----

const text = (string) => new TextEncoder().encode(string);
const hex = (string) => Uint8Array.from(Buffer.from(string, 'hex'));
const toHex = (bytes) => Buffer.from(bytes).toString('hex');
const join = (...parts) => Uint8Array.from(Buffer.concat(parts));

function le(number, width) {
  const out = new Uint8Array(width);
  for (let i = 0, rest = BigInt(number); i < width; i++, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

const fromLe = (bytes) => [...bytes].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const lp = (bytes) => join(le(bytes.length, 4), bytes);
const mod = (number) => ((number % l) + l) % l;

// ---- group ----

function element(bytes) {
  const point = Point.fromHex(bytes); // throws on what is no canonical encoding
  if (point.is0()) throw new Error('neutral element');
  return point;
}

function scalar(bytes) {
  const number = fromLe(bytes);
  if (number >= l) throw new Error('scalar of the order or more');
  return number;
}

const times = (point, number) => point.multiplyUnsafe(mod(number));

const hashToGroup = (message, info) =>
  hash_to_ristretto255(message, { DST: `RRC-V01-${info}-with-ristretto255_XMD:SHA-512_R255MAP_RO_` });

const hashToScalar = (message, info) =>
  mod(fromLe(expand_message_xmd(message, text(`RRC-V01-${info}-SCALAR-with-XMD:SHA-512`), 64, sha512)));

const H = hashToGroup(text('RRC-V01 generator H'), 'GENERATOR');

// ---- proofs ----

// A relation: elements (the first is G), and equations of an image and terms.
function serialise({ elements, equations }) {
  const parts = [le(equations.length, 4)];
  for (const { image, terms } of equations) {
    parts.push(le(image.length, 4));
    for (const [at, coefficient] of image) parts.push(le(at, 4), le(mod(coefficient), 32));
    parts.push(le(terms.length, 4));
    for (const [which, at, coefficient] of terms)
      parts.push(le(which, 4), le(at, 4), le(mod(coefficient), 32));
  }
  for (const point of elements.slice(1)) parts.push(point.toBytes());
  return join(...parts);
}

const zeros = new Uint8Array(136);

function challengeOf(tag, statement, commitments) {
  const session = shake128(join(text('irtf-cfrg-fiat-shamir/session-id'), zeros, text(tag)), { dkLen: 32 });
  const parts = commitments.map((point) => point.toBytes());
  return mod(fromLe(shake128(join(session, zeros, statement, ...parts), { dkLen: 48 })));
}

function checkProof(tag, relation, proof) {
  const challenge = scalar(proof.subarray(0, 32));
  const responses = [];
  for (let at = 32; at < proof.length; at += 32) responses.push(scalar(proof.subarray(at, at + 32)));
  const commitments = relation.equations.map(({ image, terms }) => {
    let whole = Point.ZERO;
    for (const [at, coefficient] of image) whole = whole.add(times(relation.elements[at], coefficient));
    if (whole.is0()) throw new Error('neutral image');
    let sum = times(whole, -challenge);
    for (const [which, at, coefficient] of terms)
      sum = sum.add(times(relation.elements[at], coefficient * responses[which]));
    if (sum.is0()) throw new Error('neutral commitment');
    return sum;
  });
  if (challengeOf(tag, serialise(relation), commitments) !== challenge) throw new Error('challenge differs');
}

// ---- the scheme ----

function contextBytes(given) {
  return join(lp(text('RRC-V01-CTX')), lp(text(given.issuer)), lp(text(given.programme)),
    le(given.epoch, 4), le(given.not_before, 8), le(given.not_after, 8), le(given.width, 1));
}

function scopeBytes(given) {
  return join(lp(text('RRC-V01-SCOPE')), lp(text(given.issuer)), lp(text(given.programme)),
    lp(text(given.provider)), lp(text(given.benefit)), lp(text(given.period)), le(given.slot, 4));
}

function keysetOf(given, key) {
  const keyset = { X0: times(H, key.x0), Xr: times(G, key.xr), Xk: times(G, key.xk),
    Xs: times(G, key.xs), Xc: times(G, key.xc) };
  keyset.id = sha256(join(lp(text('RRC-V01-KEYSET')), lp(text(given.issuer)), H.toBytes(),
    ...[keyset.X0, keyset.Xr, keyset.Xk, keyset.Xs, keyset.Xc].map((point) => point.toBytes())));
  return keyset;
}

function presentTag(given, keyset, context, scope) {
  const pctx = join(lp(text('PRESENT')), keyset.id, lp(context), lp(scope), le(given.threshold, 4),
    lp(text(given.audience)), lp(hex(given.nonce)), lp(hex(given.claim)));
  return `RRC-V01-PRESENT-CMPT-with-sigma-proofs_Shake128_Ristretto255-${toHex(sha256(pctx))}`;
}

function statePresentation(width, threshold, fixed, bits) {
  const elements = [...fixed, ...bits];
  const [g, h, xk, xs, t, u1, cv, ck, cs, n, z, d] = Array(12).keys();
  const [k, s, rk, rs, rv, zeta, b] = Array(7).keys();
  const equations = [
    { image: [[ck, 1n]], terms: [[k, u1, 1n], [rk, g, 1n]] },
    { image: [[cs, 1n]], terms: [[s, u1, 1n], [rs, g, 1n]] },
    { image: [[z, 1n], [cv, -1n]], terms: [[rk, xk, 1n], [rs, xs, 1n], [rv, h, -1n]] },
    { image: [[n, 1n]], terms: [[k, t, 1n]] },
  ];
  for (let i = 0; i < width; i++) {
    equations.push({ image: [[d + i, 1n]], terms: [[b + i, h, 1n], [b + width + i, g, 1n]] });
    equations.push({ image: [[d + i, 1n]], terms: [[b + i, d + i, 1n], [b + 2 * width + i, g, 1n]] });
  }
  equations.push({
    image: [...bits.map((_, i) => [d + i, 1n << BigInt(i)]), [h, BigInt(threshold)]],
    terms: [[s, h, 1n], [zeta, g, 1n]],
  });
  return { elements, equations };
}

// Throws unless the presentation holds for what stands beside it.
function verify(given) {
  const bytes = hex(given.presentation);
  const width = bytes[1];
  if (bytes[0] !== 1 || !(width >= 1 && width <= 16)) throw new Error('version or width');
  if (bytes.length !== 2 + 32 * (5 + width) + 32 * (7 + 3 * width)) throw new Error('length');
  if (width !== given.width || given.threshold >= 2 ** width) throw new Error('width');
  const at = (i) => bytes.subarray(2 + 32 * i, 34 + 32 * i);
  const [U1, CV, Ck, Cs, N] = [0, 1, 2, 3, 4].map((i) => element(at(i)));
  const bits = [...Array(width).keys()].map((i) => element(at(5 + i)));
  const key = Object.fromEntries(
    ['x0', 'xr', 'xk', 'xs', 'xc'].map((name, i) => [name, scalar(hex(given.key).subarray(32 * i, 32 * i + 32))]));
  const keyset = keysetOf(given, key);
  const context = contextBytes(given);
  const scope = scopeBytes(given);
  const attribute = hashToScalar(context, 'CTX');
  const T = hashToGroup(scope, 'NULLIFIER');
  const Z = times(U1, key.x0 + key.xr + key.xc * attribute).add(times(Ck, key.xk)).add(times(Cs, key.xs));
  if (Z.is0()) throw new Error('neutral Z');
  const relation = statePresentation(width, given.threshold,
    [G, H, keyset.Xk, keyset.Xs, T, U1, CV, Ck, Cs, N, Z], bits);
  checkProof(presentTag(given, keyset, context, scope), relation, bytes.subarray(2 + 32 * (5 + width)));
}

function holds(given) {
  try {
    verify(given);
    return true;
  } catch {
    return false;
  }
}

// ---- the known-answer test ----

function checkKnownAnswers(path) {
  const kat = JSON.parse(readFileSync(path, 'utf8'));
  const given = { ...kat, width: kat.n_bits, audience: kat.provider, nonce: kat.present_nonce,
    claim: toHex(text(kat.claim)), key: kat.x0 + kat.xr + kat.xk + kat.xs + kat.xc,
    presentation: `01${toHex(le(kat.n_bits, 1))}${kat.presentation}` };
  const equal = (name, bytes) => {
    if (toHex(bytes) !== kat[name]) throw new Error(`${name} differs from the known answer`);
  };
  equal('H', H.toBytes());
  equal('ctx', contextBytes(given));
  equal('scope', scopeBytes(given));
  equal('m_c', le(hashToScalar(contextBytes(given), 'CTX'), 32));
  equal('T_scope', hashToGroup(scopeBytes(given), 'NULLIFIER').toBytes());
  verify(given);
  if (holds({ ...given, threshold: kat.threshold + 1 })) throw new Error('the wrong threshold holds');
}

// ---- cases ----

async function main() {
  const [path, wanted] = process.argv.slice(2);
  const counts = { held: 0, refused: 0 };
  const started = process.hrtime.bigint();
  checkKnownAnswers(path);
  for await (const line of createInterface({ input: process.stdin })) {
    const given = JSON.parse(line);
    const verdict = holds(given);
    if (verdict !== given.holds) {
      console.log(`verdicts differ about "${given.what}": C ${given.holds}, here ${verdict}\n${line}`);
      process.exit(1);
    }
    counts[verdict ? 'held' : 'refused']++;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(`${counts.held} held, ${counts.refused} refused, alike in both, ${seconds.toFixed(1)} s`);
  if (counts.held !== Number(wanted) || counts.refused < counts.held) {
    console.log('not as many cases as were asked for');
    process.exit(1);
  }
}

await main();

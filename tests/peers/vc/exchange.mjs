// SPDX-License-Identifier: Apache-2.0
// Credentials of ours before other people's verifiers, theirs before ours, and altered
// ones before both.
//
// usage: node exchange.mjs CASES

import assert from 'node:assert';
import {spawnSync} from 'node:child_process';
import crypto from 'node:crypto';

import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {driver as didKeyDriver} from '@digitalbazaar/did-method-key';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createSignCryptosuite, createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {createHeaderAndPayload, getListFromStatusListJWT, StatusList} from '@sd-jwt/jwt-status-list';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import * as jose from 'jose';
import jsigs from 'jsonld-signatures';

const cases = process.argv[2];
const AUDIENCE = 'https://library.example', NONCE = 'n-0S6_WzA2Mj', NOW = 1795000000;
const LIST = 'https://green.example.org/status/1', VCT = 'https://green.example.org/tier';

function ours(...args) {
  const run = spawnSync(cases, args.slice(0, 1), {input: args[1], maxBuffer: 1 << 26});
  assert.equal(run.status, 0, String(run.stderr));
  return {lines: String(run.stdout).trim().split('\n'), said: String(run.stderr)};
}

const made = Object.fromEntries(ours('issue').lines.map(line => line.split('\t')));
let checks = 0;

async function expect(what, wanted, judge) {
  let is;
  let why = '';
  try {
    is = await judge() !== false;
  } catch (error) {
    is = false;
    why = error.message;
  }
  assert.equal(is, wanted, `${what}: ${is ? 'accepted' : 'refused'} ${why}`);
  checks++;
}

// ---- the same keys as cases.c ----

const seed = n => { const bytes = Buffer.alloc(32); bytes[0] = n; return bytes; };

function ed25519Jwk(n) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed(n)]);
  return crypto.createPrivateKey({key: der, format: 'der', type: 'pkcs8'}).export({format: 'jwk'});
}

function p256Jwk(n) {
  const ecdh = crypto.createECDH('prime256v1');
  ecdh.setPrivateKey(seed(n));
  const point = ecdh.getPublicKey();
  return {kty: 'EC', crv: 'P-256', d: seed(n).toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url')};
}

const publicPart = ({d, ...rest}) => rest;
const keys = {ed: {alg: 'EdDSA', jwk: ed25519Jwk(1)}, p256: {alg: 'ES256', jwk: p256Jwk(2)},
  holder: {alg: 'ES256', jwk: p256Jwk(3)}};

function signer({alg, jwk}) {
  const key = crypto.createPrivateKey({key: jwk, format: 'jwk'});
  return data => (alg === 'EdDSA' ? crypto.sign(null, Buffer.from(data), key)
    : crypto.sign('sha256', Buffer.from(data), {key, dsaEncoding: 'ieee-p1363'})).toString('base64url');
}

function verifier({alg, jwk}) {
  const key = crypto.createPublicKey({key: publicPart(jwk), format: 'jwk'});
  return (data, signature) => alg === 'EdDSA'
    ? crypto.verify(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'))
    : crypto.verify('sha256', Buffer.from(data), {key, dsaEncoding: 'ieee-p1363'},
      Buffer.from(signature, 'base64url'));
}

// ---- VC 2.0 with eddsa-jcs-2022 ----

const didKey = didKeyDriver();
didKey.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});
const {purposes: {AssertionProofPurpose}} = jsigs;
const documentLoader = async url => {
  assert(url.startsWith('did:key:'), `nothing is fetched: ${url}`);
  return {contextUrl: null, documentUrl: url, document: await didKey.get({url})};
};

async function verifyVc(document) {
  const suite = new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});
  const result = await jsigs.verify(document, {suite, purpose: new AssertionProofPurpose(), documentLoader});
  return result.verified;
}

const vc = JSON.parse(made.vc);
const alter = change => { const copy = structuredClone(vc); change(copy); return copy; };
await expect('our credential', true, () => verifyVc(vc));
const altered = [
  alter(it => { it.credentialSubject.tier = 501; }), alter(it => { it.issuer += 'x'; }),
  alter(it => { it.validFrom = '2025-01-01T00:00:00Z'; }), alter(it => { it.extra = 1; }),
  alter(it => { it.proof.created = '2026-11-22T10:00:01Z'; }),
  alter(it => { it.proof.proofValue = it.proof.proofValue.replace(/.$/, c => c === '2' ? '3' : '2'); }),
  alter(it => { delete it.credentialSubject.name; }),
];
for (const [i, document] of altered.entries()) {
  await expect(`our credential, altered (${i})`, false, () => verifyVc(document));
}

// Their lines for our verifier: [kind, text, wanted].
const theirs = [['vc', JSON.stringify(vc), true], ...altered.map(it => ['vc', JSON.stringify(it), false])];

const keyPair = await Ed25519Multikey.generate({seed: seed(1)});
const did = `did:key:${keyPair.publicKeyMultibase}`;
keyPair.controller = did;
keyPair.id = `${did}#${keyPair.publicKeyMultibase}`;
const theirVc = await jsigs.sign({'@context': ['https://www.w3.org/ns/credentials/v2',
  {tier: 'https://green.example.org/terms#tier'}], type: ['VerifiableCredential'], issuer: did,
credentialSubject: {id: 'did:example:m', tier: 500, ratio: 1e21, small: 1e-7, '\u20ac': '\u0007\ud83d\ude02'}},
{suite: new DataIntegrityProof({signer: keyPair.signer(), cryptosuite: createSignCryptosuite()}),
  purpose: new AssertionProofPurpose(), documentLoader});
theirs.push(['vc', JSON.stringify(theirVc), true]);
theirs.push(['vc', JSON.stringify({...theirVc, type: ['VerifiableCredential', 'X']}), false]);

// ---- SD-JWT VC ----

const hasher = (data, alg) => {
  assert.equal(alg, 'sha-256');
  return new Uint8Array(crypto.createHash('sha256').update(Buffer.from(data)).digest());
};

function instance(issuer) {
  return new SDJwtVcInstance({
    hasher, hashAlg: 'sha-256', saltGenerator: () => crypto.randomBytes(16).toString('base64url'),
    signer: signer(issuer), signAlg: issuer.alg, verifier: verifier(issuer),
    kbSigner: signer(keys.holder), kbSignAlg: 'ES256',
    kbVerifier: (data, signature, payload) => {
      assert.deepEqual(payload.cnf.jwk, publicPart(keys.holder.jwk));
      return verifier(keys.holder)(data, signature);
    },
    statusListFetcher: async uri => { assert.equal(uri, LIST); return made.status; },
    statusVerifier: verifier(keys.p256),
  });
}

const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
const options = {currentDate: NOW, keyBindingNonce: NONCE, requiredClaimKeys: ['tier_500']};

for (const [kind, issuer] of [['sd-jwt', keys.p256], ['sd-jwt-ed', keys.ed]]) {
  const them = instance(issuer);
  const shown = made[kind];
  await expect(`our ${kind}`, true, async () => {
    const {payload, kb} = await them.verify(shown, options);
    assert.equal(payload.tier_500, true);
    assert.equal(payload.tier_100, undefined);
    assert.deepEqual(payload.period, {from: '2026-01', until: '2026-12'});
    assert.equal(kb.payload.aud, AUDIENCE);
  });
  await expect(`our ${kind}, another nonce`, false, () => them.verify(shown, {...options, keyBindingNonce: 'x'}));
  await expect(`our ${kind}, without key binding`, false,
    () => them.verify(shown.slice(0, shown.lastIndexOf('~') + 1), options));
  const parts = shown.split('~');
  for (const part of parts.keys()) {
    const changed = parts.map((it, i) => i === part ? flip(it, it.length >> 1) : it).join('~');
    await expect(`our ${kind}, part ${part} altered`, false, () => them.verify(changed, options));
    theirs.push([kind, changed, false]);
  }
  const issued = await them.issue({iss: 'https://green.example.org', iat: NOW - 100, exp: NOW + 1000, vct: VCT,
    cnf: {jwk: publicPart(keys.holder.jwk)}, tier_100: true, tier_500: true,
    nested: {a: 1, b: [1, 2, 3]}}, {_sd: ['tier_100', 'tier_500', 'nested'], nested: {_sd: ['a'],
    b: {_sd: [0, 2]}}, _sd_decoy: 2});
  const bind = (frame, payload = {}) => them.present(issued, frame,
    {kb: {payload: {iat: NOW, aud: AUDIENCE, nonce: NONCE, ...payload}}});
  // Items of arrays stay withheld: with one in the frame this version binds to a hash that
  // its own verifier refuses.
  const frame = {tier_500: true, nested: {a: true}};
  theirs.push([kind, await bind(frame), true]);
  theirs.push([kind, await bind({tier_100: true}), false]);
  theirs.push([kind, await bind(frame, {nonce: 'x'}), false]);
  theirs.push([kind, await bind(frame, {aud: 'https://cafe.example'}), false]);
  theirs.push([kind, await bind(frame, {iat: NOW - 301}), false]);
  theirs.push([kind, issued, false]);
  theirs.push([kind === 'sd-jwt' ? 'sd-jwt-ed' : 'sd-jwt', await bind(frame), false]);
}

// ---- Token Status List ----

const p256Public = await jose.importJWK(publicPart(keys.p256.jwk), 'ES256');
await expect('our status list', true, async () => {
  await jose.jwtVerify(made.status, p256Public, {typ: 'statuslist+jwt', subject: LIST,
    currentDate: new Date(NOW * 1000)});
  const list = getListFromStatusListJWT(made.status);
  for (let i = 0; i < 1024; i++) {
    assert.equal(list.getStatus(i), i % 5 === 0 ? i % 3 + 1 : 0);
  }
});
await expect('our status list, altered', false,
  () => jose.jwtVerify(flip(made.status, 200), p256Public, {currentDate: new Date(NOW * 1000)}));
const p256Private = await jose.importJWK(keys.p256.jwk, 'ES256');
const {header, payload} = createHeaderAndPayload(new StatusList([0, 2, 0, 1, 3, 0, 0, 0], 2),
  {iss: 'https://green.example.org', sub: LIST, iat: NOW - 10, exp: NOW + 10, ttl: 60}, {alg: 'ES256'});
const theirList = await new jose.SignJWT(payload).setProtectedHeader(header).sign(p256Private);
theirs.push(['status', theirList, true], ['status', flip(theirList, 150), false]);
theirs.push(['status', await new jose.SignJWT({...payload, exp: NOW}).setProtectedHeader(header).sign(p256Private), false]);
theirs.push(['status', await new jose.SignJWT(payload).setProtectedHeader({...header, typ: 'JWT'}).sign(p256Private), false]);

// ---- did:web and issuer metadata ----

await expect('our did:web document', true, async () => {
  const document = JSON.parse(made['did-web']);
  const key = await Ed25519Multikey.from(document.verificationMethod[0]);
  assert.equal(key.publicKeyMultibase, keyPair.publicKeyMultibase);
  assert.deepEqual(document.assertionMethod, document.verificationMethod.map(it => it.id));
  for (const method of document.verificationMethod) {
    assert.equal(method.controller, document.id);
  }
});
await expect('our issuer metadata', true, () => {
  const {issuer, jwks} = JSON.parse(made.metadata);
  assert.equal(issuer, 'https://green.example.org');
  assert.deepEqual(jwks.keys.map(({kid, ...key}) => key), [publicPart(keys.ed.jwk), publicPart(keys.p256.jwk)]);
});

// ---- theirs before ours ----

const {lines, said} = ours('verify', theirs.map(([kind, text]) => `${kind}\t${text}\n`).join(''));
assert.equal(lines.length, theirs.length);
for (const [i, [kind, text, wanted]] of theirs.entries()) {
  assert.equal(lines[i], wanted ? 'accepted' : 'refused', `${kind} ${i}: ${text.slice(0, 300)}\n${said}`);
  checks++;
}
console.log(`${checks} credentials judged, by both sides as they should be`);

// SPDX-License-Identifier: Apache-2.0
//
// RRC-V01 beside two BBS implementations from npm, in one run: the same median of
// five runs, in processor time. BBS signs five messages and shows three; it proves
// possession only, no threshold and no nullifier.
//
// usage: node bench.mjs BENCH_RRC

import { execFileSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import * as draft from '@digitalbazaar/bbs-signatures';

globalThis.crypto ??= webcrypto; // Node 18 keeps it to itself
process.env.BBS_SIGNATURES_MODE = 'WASM';
const { default: plus } = await import('@mattrglobal/bbs-signatures');

const RUNS = 5;
const messages = ['one', 'two', 'three', 'four', 'five'].map((word) => new TextEncoder().encode(word));
const shown = [0, 2, 4];
const nonce = new TextEncoder().encode('nonce');

async function measure(work, count) {
  const runs = [];
  for (let i = 0; i < RUNS; i++) {
    const start = process.cpuUsage();
    for (let j = 0; j < count; j++) await work();
    const { user, system } = process.cpuUsage(start);
    runs.push((user + system) / 1e3 / count);
  }
  return runs.sort((a, b) => a - b)[RUNS >> 1];
}

function must(fact) {
  if (!fact) throw new Error('a proof does not verify');
}

async function measureDraft() {
  const ciphersuite = 'BLS12-381-SHA-256';
  const header = new Uint8Array();
  const { secretKey, publicKey } = await draft.generateKeyPair({ ciphersuite });
  const signature = await draft.sign({ secretKey, publicKey, header, messages, ciphersuite });
  const derive = () => draft.deriveProof({ publicKey, signature, header, messages,
    presentationHeader: nonce, disclosedMessageIndexes: shown, ciphersuite });
  const proof = await derive();
  const check = async () => must(await draft.verifyProof({ publicKey, proof, header,
    presentationHeader: nonce, disclosedMessages: shown.map((i) => messages[i]),
    disclosedMessageIndexes: shown, ciphersuite }));
  await check();
  return [await measure(derive, 3), await measure(check, 3)];
}

async function measurePlus() {
  const keyPair = await plus.generateBls12381G2KeyPair();
  const signature = await plus.blsSign({ keyPair, messages });
  const derive = () => plus.blsCreateProof({ signature, publicKey: keyPair.publicKey, messages, nonce,
    revealed: shown });
  const proof = await derive();
  const check = async () => must((await plus.blsVerifyProof({ proof, publicKey: keyPair.publicKey,
    messages: shown.map((i) => messages[i]), nonce })).verified);
  await check();
  return [await measure(derive, 5), await measure(check, 5)];
}

const own = JSON.parse(execFileSync(process.argv[2], ['json'], { encoding: 'utf8' }));
const rows = [
  ['@digitalbazaar/bbs-signatures 3.0.0', ...await measureDraft()],
  ['@mattrglobal/bbs-signatures 2.0.0', ...await measurePlus()],
];
const show = (name, present, verify) => console.log(
  `${name.padEnd(38)} ${present.toFixed(2).padStart(8)} ms ${verify.toFixed(2).padStart(8)} ms` +
  `   ${(present / own['present, 16 bits']).toFixed(1).padStart(5)} ${(verify / own['verify, 16 bits']).toFixed(1).padStart(5)}`);

for (const [name, ms] of Object.entries(own))
  console.log(`${name.padEnd(28)} ${ms.toFixed(3).padStart(8)} ms ${(1e3 / ms).toFixed(0).padStart(8)}/s`);
console.log(`\n${''.padEnd(38)} ${'present'.padStart(11)} ${'verify'.padStart(11)}   times RRC`);
show('RRC-V01, 16 bits', own['present, 16 bits'], own['verify, 16 bits']);
for (const row of rows) show(...row);

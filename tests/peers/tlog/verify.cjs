// SPDX-License-Identifier: Apache-2.0
//
// Verifies proof files of a published log with npm's @sigstore/verify: the signature
// of the checkpoint, and the inclusion of the entry. The functions are those that
// tool uses on entries of public logs.
//
// usage: node verify.cjs PACKAGES FOLDER VKEY PROOF INDEX...
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const nodeCrypto = require('node:crypto');

const [packages, folder, vkey, ...proofs] = process.argv.slice(2);
const dist = path.join(packages, 'node_modules', '@sigstore', 'verify', 'dist', 'timestamp');
const { verifyMerkleInclusion } = require(path.join(dist, 'merkle.js'));
const { verifyCheckpoint } = require(path.join(dist, 'checkpoint.js'));

// name+id+base64(type || key), as golang.org/x/mod/sumdb/note has it.
function readKey(text) {
  const [, id, encoded] = /^[^+]+\+([0-9a-f]{8})\+(.*)$/.exec(text);
  const key = Buffer.from(encoded, 'base64');
  if (key.length !== 33 || key[0] !== 1) throw new Error('not an Ed25519 key of a log');
  const prefix = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410
  return {
    logID: Buffer.from(id, 'hex'),
    publicKey: nodeCrypto.createPublicKey({
      key: Buffer.concat([prefix, key.subarray(1)]), format: 'der', type: 'spki' }),
    validFor: { start: new Date(0), end: new Date(8.64e15) },
  };
}

// Entries have 44 bytes, each after its length, 256 to a bundle.
function readEntry(index) {
  const number = String(Math.floor(index / 256)).padStart(3, '0');
  const base = path.join(folder, 'tile', 'entries', number);
  const candidates = fs.existsSync(base + '.p')
    ? fs.readdirSync(base + '.p').map((name) => path.join(base + '.p', name)) : [];
  const file = fs.existsSync(base) ? base
    : candidates.sort((a, b) => Number(path.basename(b)) - Number(path.basename(a)))[0];
  return fs.readFileSync(file).subarray((index % 256) * 46 + 2, (index % 256) * 46 + 46);
}

function check(file, index, tlogs) {
  const text = fs.readFileSync(file, 'utf8');
  const cut = text.indexOf('\n\n');
  const lines = text.slice(0, cut).split('\n');
  const envelope = text.slice(cut + 2);
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Error('not a proof file');
  if (lines[0].startsWith('extra ')) lines.shift();
  const logIndex = lines.shift().replace('index ', '');
  if (logIndex !== String(index)) throw new Error('the proof is of another entry');
  const head = envelope.split('\n');
  const entry = {
    canonicalizedBody: readEntry(index),
    integratedTime: '1700000000',
    inclusionProof: {
      logIndex,
      treeSize: head[1],
      rootHash: Buffer.from(head[2], 'base64'),
      hashes: lines.map((line) => Buffer.from(line, 'base64')),
      checkpoint: { envelope },
    },
  };
  verifyMerkleInclusion(entry);
  verifyCheckpoint(entry, tlogs);
}

try {
  const tlogs = [readKey(vkey)];
  if (proofs.length === 0 || proofs.length % 2 !== 0) throw new Error('no proofs are named');
  for (let i = 0; i < proofs.length; i += 2) check(proofs[i], Number(proofs[i + 1]), tlogs);
  console.log(`verified: ${proofs.length / 2} proofs`);
} catch (error) {
  console.log(`refused: ${error.message}`);
  process.exit(1);
}

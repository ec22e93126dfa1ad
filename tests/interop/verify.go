// SPDX-License-Identifier: Apache-2.0

// Verifies a published log with golang.org/x/mod/sumdb alone: the note package for
// signatures, the tlog package for tiles and proofs. It knows nothing of this
// project but where tlog-tiles puts files.
//
// usage: verify FOLDER VKEY [PROOF ENTRY-INDEX]...
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, arguments ...interface{}) {
	fmt.Printf("refused: "+format+"\n", arguments...)
	os.Exit(1)
}

type tree struct {
	n    int64
	hash tlog.Hash
}

// open reads a checkpoint: three lines, signed.
func open(bytes []byte, verifier note.Verifier) tree {
	signed, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("checkpoint: not three lines of this log: %q", signed.Text)
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	hash, err := tlog.ParseHash(lines[2])
	if err != nil {
		fail("checkpoint: %v", err)
	}
	return tree{n, hash}
}

// path is where tlog-tiles puts what sumdb calls tile/8/...
func path(tile tlog.Tile) string {
	p := strings.TrimPrefix(tile.Path(), "tile/8/")
	return "tile/" + strings.Replace(p, "data/", "entries/", 1)
}

type folder string

func (f folder) Height() int                     { return 8 }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entries cuts the bundles up.
func entries(f folder, n int64) [][]byte {
	var all [][]byte
	for int64(len(all)) < n {
		tile := tlog.Tile{H: 8, L: -1, N: int64(len(all)) / 256, W: 256}
		if rest := n - int64(len(all)); rest < 256 {
			tile.W = int(rest)
		}
		data, err := os.ReadFile(filepath.Join(string(f), path(tile)))
		if err != nil {
			fail("bundle: %v", err)
		}
		for i := 0; i < tile.W; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				fail("bundle %v is cut", tile)
			}
			count := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+count])
			data = data[2+count:]
		}
		if len(data) > 0 {
			fail("bundle %v has more than its entries", tile)
		}
	}
	return all
}

// checkProof checks a c2sp.org/tlog-proof@v1 file of an entry.
func checkProof(bytes []byte, entry []byte, verifier note.Verifier) {
	parts := strings.SplitN(string(bytes), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("proof: not a proof file")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		fail("proof: %v", err)
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			fail("proof: %v", err)
		}
		proof = append(proof, hash)
	}
	head := open([]byte(parts[1]), verifier)
	if err := tlog.CheckRecord(proof, head.n, head.hash, index, tlog.RecordHash(entry)); err != nil {
		fail("proof of %d: %v", index, err)
	}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify FOLDER VKEY [PROOF INDEX]...")
		os.Exit(2)
	}
	f := folder(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail("key: %v", err)
	}
	bytesOfCheckpoint, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	head := open(bytesOfCheckpoint, verifier)
	all := entries(f, head.n)

	// Every leaf, through tiles that TileHashReader checks against the root.
	reader := tlog.TileHashReader(tlog.Tree{N: head.n, Hash: head.hash}, f)
	var stored []int64
	for i := range all {
		stored = append(stored, tlog.StoredHashIndex(0, int64(i)))
	}
	hashes, err := reader.ReadHashes(stored)
	if err != nil {
		fail("tiles: %v", err)
	}
	for i, entry := range all {
		if tlog.RecordHash(entry) != hashes[i] {
			fail("entry %d is not the leaf in the tile", i)
		}
	}
	// Some proofs of each kind.
	for i := int64(0); i < head.n; i += 1 + head.n/50 {
		proof, err := tlog.ProveRecord(head.n, i, reader)
		if err != nil {
			fail("proof: %v", err)
		}
		if err := tlog.CheckRecord(proof, head.n, head.hash, i, tlog.RecordHash(all[i])); err != nil {
			fail("inclusion of %d: %v", i, err)
		}
		earlier, err := tlog.TreeHash(i+1, reader)
		if err != nil {
			fail("root: %v", err)
		}
		growth, err := tlog.ProveTree(head.n, i+1, reader)
		if err != nil {
			fail("proof: %v", err)
		}
		if err := tlog.CheckTree(growth, head.n, head.hash, i+1, earlier); err != nil {
			fail("consistency from %d: %v", i+1, err)
		}
	}
	for i := 3; i+1 < len(os.Args); i += 2 {
		data, err := os.ReadFile(os.Args[i])
		index, errIndex := strconv.Atoi(os.Args[i+1])
		if err != nil || errIndex != nil || index >= len(all) {
			fail("proof file: %v", err)
		}
		checkProof(data, all[index], verifier)
	}
	fmt.Printf("verified: size=%d root=%s\n", head.n, base64.StdEncoding.EncodeToString(head.hash[:]))
}

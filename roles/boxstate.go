package roles

import (
	"crypto/sha256"
	"encoding/hex"
)

// idKey stands for an id in sixteen bytes: a UUID by itself, any other by the beginning of its SHA-256.
type idKey [16]byte

func keyOf(id string) idKey {
	var k idKey
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		var digits [32]byte
		n, plain := 0, true
		for i := range len(id) {
			switch c := id[i]; {
			case i == 8 || i == 13 || i == 18 || i == 23:
			case '0' <= c && c <= '9' || 'a' <= c && c <= 'f':
				digits[n] = c
				n++
			default:
				plain = false
			}
		}
		if plain {
			_, _ = hex.Decode(k[:], digits[:]) // they are hexadecimal digits
			return k
		}
	}
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k
}

// letterList is the letters that are still in a box, in the order in which they came, in some fifty bytes each.
type letterList struct {
	seqs  map[idKey]uint32 // how many came before
	spots []spot           // of the letter of sequence base+i
	base  uint32
	gone  int            // how many of the spots are those of letters that have left
	reads int            // how many letters somebody has read
	taken map[idKey]bool // being taken out by somebody; still there, but nobody else's
}

// spot is where in the file of its box a letter begins; gone where it has left.
type spot struct {
	pos  int64
	read bool
}

const gone = -1

func (u *letterList) add(k idKey, pos int64) {
	u.remove(k) // an id that was used again when the conversation had forgotten the first
	if u.seqs == nil {
		u.seqs = map[idKey]uint32{}
	}
	u.seqs[k] = u.base + uint32(len(u.spots))
	u.spots = append(u.spots, spot{pos: pos})
}

// has reports whether a letter is there.
func (u *letterList) has(k idKey) bool {
	_, ok := u.seqs[k]
	return ok
}

// unread reports whether a letter is there that nobody has read.
func (u *letterList) unread(k idKey) bool {
	seq, ok := u.seqs[k]
	return ok && !u.spots[seq-u.base].read
}

// unreads returns how many those are.
func (u *letterList) unreads() int { return len(u.seqs) - u.reads }

// markRead notes that somebody has read a letter. It stays.
func (u *letterList) markRead(k idKey) {
	if u.unread(k) {
		u.spots[u.seqs[k]-u.base].read = true
		u.reads++
	}
}

// remove reports whether the letter was there.
func (u *letterList) remove(k idKey) bool {
	seq, ok := u.seqs[k]
	if !ok {
		return false
	}
	if !u.unread(k) {
		u.reads--
	}
	delete(u.seqs, k)
	u.spots[seq-u.base] = spot{pos: gone}
	u.gone++
	for len(u.spots) > 0 && u.spots[0].pos == gone {
		u.spots = u.spots[1:]
		u.base++
		u.gone--
	}
	switch {
	case len(u.spots) == 0:
		u.seqs, u.spots = nil, nil // maps keep what they have grown to
	case u.gone > 1000 && u.gone > len(u.spots)/2:
		u.squeeze()
	}
	return true
}

// take gives a letter to a caller that takes it out, unless it is another's already.
func (u *letterList) take(k idKey) bool {
	if !u.has(k) || u.taken[k] {
		return false
	}
	if u.taken == nil {
		u.taken = map[idKey]bool{}
	}
	u.taken[k] = true
	return true
}

// squeeze numbers anew what is left.
func (u *letterList) squeeze() {
	before := make([]uint32, len(u.spots)) // of each, how many are left before it
	var left []spot
	for i, p := range u.spots {
		before[i] = uint32(len(left))
		if p.pos != gone {
			left = append(left, p)
		}
	}
	seqs := make(map[idKey]uint32, len(left))
	for k, seq := range u.seqs {
		seqs[k] = u.base + before[seq-u.base]
	}
	u.seqs, u.spots, u.gone = seqs, left, 0
}

// newest returns the places of the newest limit unread letters, all of them where limit is 0, oldest first.
func (u *letterList) newest(limit int) []int64 {
	n := u.unreads()
	if limit > 0 {
		n = min(n, limit)
	}
	out := make([]int64, n)
	for i := len(u.spots) - 1; n > 0; i-- {
		if p := u.spots[i]; p.pos != gone && !p.read {
			n--
			out[n] = p.pos
		}
	}
	return out
}

// all returns the places of all letters, oldest first.
func (u *letterList) all() []int64 {
	out := make([]int64, 0, len(u.seqs))
	for _, p := range u.spots {
		if p.pos != gone {
			out = append(out, p.pos)
		}
	}
	return out
}

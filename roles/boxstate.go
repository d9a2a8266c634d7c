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

// unreadList is the letters of a box that nobody has read, in the order in which they came, in some forty bytes each.
type unreadList struct {
	seqs  map[idKey]uint32 // how many came before
	pos   []int64          // where in the file the letter of sequence base+i begins; gone where it was read
	base  uint32
	gone  int            // how many in pos are
	taken map[idKey]bool // being taken out by somebody; still unread, but nobody else's
}

const gone = -1

func (u *unreadList) add(k idKey, pos int64) {
	u.remove(k) // an id that was used again when the conversation had forgotten the first
	if u.seqs == nil {
		u.seqs = map[idKey]uint32{}
	}
	u.seqs[k] = u.base + uint32(len(u.pos))
	u.pos = append(u.pos, pos)
}

func (u *unreadList) has(k idKey) bool {
	_, ok := u.seqs[k]
	return ok
}

// remove reports whether the letter was there.
func (u *unreadList) remove(k idKey) bool {
	seq, ok := u.seqs[k]
	if !ok {
		return false
	}
	delete(u.seqs, k)
	u.pos[seq-u.base] = gone
	u.gone++
	for len(u.pos) > 0 && u.pos[0] == gone {
		u.pos = u.pos[1:]
		u.base++
		u.gone--
	}
	switch {
	case len(u.pos) == 0:
		u.seqs, u.pos = nil, nil // maps keep what they have grown to
	case u.gone > 1000 && u.gone > len(u.pos)/2:
		u.squeeze()
	}
	return true
}

// take gives an unread letter to a caller that takes it out, unless it is another's already.
func (u *unreadList) take(k idKey) bool {
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
func (u *unreadList) squeeze() {
	before := make([]uint32, len(u.pos)) // of each, how many are left before it
	var left []int64
	for i, p := range u.pos {
		before[i] = uint32(len(left))
		if p != gone {
			left = append(left, p)
		}
	}
	seqs := make(map[idKey]uint32, len(left))
	for k, seq := range u.seqs {
		seqs[k] = u.base + before[seq-u.base]
	}
	u.seqs, u.pos, u.gone = seqs, left, 0
}

// newest returns the places of the newest limit letters, all of them where limit is 0, oldest first.
func (u *unreadList) newest(limit int) []int64 {
	n := len(u.seqs)
	if limit > 0 {
		n = min(n, limit)
	}
	out := make([]int64, n)
	for i := len(u.pos) - 1; n > 0; i-- {
		if u.pos[i] != gone {
			n--
			out[n] = u.pos[i]
		}
	}
	return out
}

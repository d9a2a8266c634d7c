package roles

// Thread returns the conversation that a message belongs to: the message at its root, found by following InReplyTo, and all that answers it, directly
// or not, oldest first, each with what became of it. ErrNotFound when there is no such message.
func (r *Reader) Thread(id string) ([]Item, error) {
	rec, _, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	for seen := map[string]bool{}; rec.InReplyTo != "" && !seen[rec.ID]; {
		seen[rec.ID] = true
		up, _, err := r.Get(rec.InReplyTo)
		if err != nil {
			break
		}
		rec = up
	}
	all, err := r.TailItems(Filter{})
	in := map[string]bool{rec.ID: true}
	var items []Item
	for _, it := range all {
		if it.Kind != KindTurn && (in[it.ID] || in[it.InReplyTo]) {
			in[it.ID] = true
			items = append(items, it)
		}
	}
	return items, err
}

package layout

// TeamName decides a team's name: override when given, else the file's own name, else a valid name made from the base name of dir. A
// shipped layout's own name does not count, so that it can run in two projects at once. The error tells what is wrong with an override.
func TeamName(file *File, override string, shipped bool, dir string) (string, error) {
	return "", nil
}

// CheckName says what is wrong with the name of a role or team: it is lower-case letters, digits and dashes, at most 40, begins with a
// letter or digit, and is not one of the reserved words user, lead and all.
func CheckName(name string) error { return nil }

// Suggest returns the candidate nearest to word: at most two edits away, and fewer than half of word's letters ("" when there is none). A swap of
// neighbours is one edit. Of equals the first wins.
func Suggest(word string, candidates []string) string { return "" }

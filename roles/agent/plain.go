package agent

// Rows returns the rows of a screen as plain text: without escapes and trailing blanks.
func Rows(s Screen) []string {
	rows, _ := readRows(s.Text)
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.text
	}
	return out
}

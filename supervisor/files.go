package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"isesh/roles"
)

const (
	// fileAbove is how long a text may be, in bytes, to be typed as it is.
	fileAbove = 64 << 10
	// firstOfFile is how much of the first line stands in the pointer to a file, in characters.
	firstOfFile = 200
	// filesDir holds the texts that pointers lead to. They come from the conversation, and are written again when they are missing.
	filesDir = "files"
	// fileAgain is how soon a file that could not be written is tried again.
	fileAgain = 1 * time.Second
)

// asFile decides whether a message is typed as a pointer to a file. A command for the agent is what it is.
func (s *Supervisor) asFile(rec roles.Record) bool {
	above := s.cfg.FileAbove
	if above == 0 {
		above = fileAbove
	}
	return !rec.Raw && (rec.AsFile || above > 0 && len(rec.Text) > above)
}

// fileOf is the path of the file with a message's text, "" for one that is typed as it is.
func (s *Supervisor) fileOf(rec roles.Record) string {
	if !rec.AsFile {
		return ""
	}
	return filepath.Join(s.dir.Path(), filesDir, rec.ID+".txt")
}

// pointer is what is typed in place of a text that is in a file.
func pointer(text, path string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	first = strings.TrimSpace(first)
	if utf8.RuneCountInString(first) > firstOfFile {
		first = string([]rune(first)[:firstOfFile]) + " …"
	} else if rest != "" {
		first += " …"
	}
	return fmt.Sprintf("%s\n\nThis is only the beginning. The whole message, %d bytes in %d lines, is in the file %s - read that file now: what it says is meant as if it stood here.",
		first, len(text), strings.Count(strings.TrimSuffix(text, "\n"), "\n")+1, path)
}

// writeFile makes sure that the file which a message's pointer names has its text.
func (s *Supervisor) writeFile(rec roles.Record) error {
	path := s.fileOf(rec)
	if path == "" {
		return nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() == int64(len(rec.Text)) {
		return nil
	}
	if _, err := roles.OpenDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("writing the text of message %s: %w", rec.ID, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing the text of message %s: %w", rec.ID, err)
	}
	_, err = f.WriteString(rec.Text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the text of message %s: %w", rec.ID, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// keepText writes the file of a message that was accepted, so that it is there when its sender is told of it. One that cannot be written now is written
// before its pointer is typed.
func (s *Supervisor) keepText(rec roles.Record) {
	if err := s.writeFile(rec); err != nil {
		s.slog.Warn("accepting", "id", rec.ID, "err", err)
	}
}

// dropFile removes the file with a message's text, if there is one: the text was taken out of the conversation.
func (s *Supervisor) dropFile(id string) error {
	if roles.ValidID(id) != nil {
		return nil // no message has it
	}
	err := os.Remove(filepath.Join(s.dir.Path(), filesDir, id+".txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sweepFiles removes the files of messages that the conversation has dropped: those that are older than what it begins with.
func (s *Supervisor) sweepFiles() {
	dir := filepath.Join(s.dir.Path(), filesDir)
	entries, err := os.ReadDir(dir)
	if len(entries) == 0 {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.slog.Warn("looking for files of old messages", "err", err)
		}
		return
	}
	oldest := time.Now()
	err = s.log.Scan(func(rec roles.Record) bool {
		oldest = rec.Time
		return false
	})
	if err != nil {
		s.slog.Warn("looking for files of old messages", "err", err)
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(oldest) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			s.slog.Warn("removing the file of an old message", "err", err)
		}
	}
}

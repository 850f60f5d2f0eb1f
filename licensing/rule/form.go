package rule

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed forms/*.json
var forms embed.FS

//go:embed locale/*.json
var locale embed.FS

// Locale holds locale/{zh-CN,en}.json: the texts of the rules that a version
// or a package can break.
func Locale() fs.FS { return locale }

// Form returns a shipped form schema.
func Form(id string) ([]byte, bool) {
	text, err := forms.ReadFile("forms/" + id + ".json")
	return text, err == nil
}

// FormIDs lists the shipped forms.
func FormIDs() []string {
	files, _ := fs.Glob(forms, "forms/*.json") // the pattern is good
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return files
}

// FormSchema returns the schema of a version's application form: its own, or
// the shipped one it names.
func (v *Version) FormSchema() ([]byte, bool) {
	if len(v.Schema) > 0 {
		return v.Schema, true
	}
	return Form(v.Form)
}

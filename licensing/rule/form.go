package rule

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
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

// Print says which answers of a form stand on the result, as paths of the form
// ("chemicals.*.name" takes a column of a list) or, after "=", as the words
// themselves. It is the form's "x-result". What is empty the decision fills in,
// or a renewal, change or reissue keeps.
type Print struct {
	Holder         string   `json:"holder"`    // of a personal result; enterprises stand under their registered name
	IDNumber       string   `json:"id_number"` // of a personal result
	Address        string   `json:"address"`
	PersonInCharge string   `json:"person_in_charge"`
	Mode           string   `json:"mode"`  // 经营方式
	Scope          string   `json:"scope"` // 许可范围
	Phone          string   `json:"phone"`
	Project        string   `json:"project"` // of an opinion
	Lines          []string `json:"lines"`   // of a filing
}

// Print reads the version's form.
func (v *Version) Print() (Print, error) {
	var doc struct {
		Result Print `json:"x-result"`
	}
	schema, ok := v.FormSchema()
	if !ok {
		return Print{}, nil
	}
	if err := json.Unmarshal(schema, &doc); err != nil {
		return Print{}, fmt.Errorf("form %s: %w", v.Form, err)
	}
	return doc.Result, nil
}

// Paths lists the paths that the form must have.
func (p Print) Paths() []string {
	all := append([]string{p.Holder, p.IDNumber, p.Address, p.PersonInCharge, p.Mode, p.Scope, p.Phone, p.Project}, p.Lines...)
	return slices.DeleteFunc(all, func(path string) bool { return path == "" || strings.HasPrefix(path, "=") })
}

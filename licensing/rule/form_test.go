package rule

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

func parsed(t *testing.T, id string) *form.Form {
	t.Helper()
	text, ok := Form(id)
	if !ok {
		t.Fatalf("no form %s", id)
	}
	f, err := form.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return f
}

// filled is an honest answer to every field.
func filled(fields []*form.Field) map[string]any {
	data := map[string]any{}
	for _, f := range fields {
		data[f.Name] = answer(f)
	}
	return data
}

func answer(f *form.Field) any {
	switch f.Kind {
	case form.Boolean:
		return true
	case form.Date:
		return "2027-05-05"
	case form.Number, form.Integer:
		return json.Number("12")
	case form.Choice:
		return f.Options[0].Value
	case form.Choices:
		return []any{f.Options[0].Value}
	case form.Group:
		return filled(f.Fields)
	case form.List:
		return []any{filled(f.Fields)}
	}
	switch {
	case f.Check == "uscc":
		return "91350100M000100Y43"
	case f.Check == "idnumber":
		return "11010519491231002X"
	case f.Check == "mobile":
		return "13800138000"
	case f.Format == "email":
		return "office@example.cn"
	case f.Name == "cas":
		return "7647-01-0"
	}
	return "津港"
}

func TestEveryFormCanBeFilledIn(t *testing.T) {
	for _, id := range FormIDs() {
		f := parsed(t, id)
		if err := f.Validate(filled(f.Fields)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAnEmptyFormNamesWhatIsMissing(t *testing.T) {
	texts := i18n.MustLoad(form.Source())
	for _, id := range FormIDs() {
		err := parsed(t, id).Validate(map[string]any{})
		var e *kernel.Error
		if !errors.As(err, &e) || e.Kind != kernel.Invalid || len(e.Fields) < 3 {
			t.Errorf("%s: %v", id, err)
			continue
		}
		for _, f := range e.Fields {
			if !texts.Has("rule." + f.Rule) {
				t.Errorf("%s: no text for %s of %s", id, f.Rule, f.Field)
			}
		}
		if !slices.ContainsFunc(e.Fields, func(f kernel.FieldError) bool { return f.Field == "declaration" }) {
			t.Errorf("%s: goes without the declaration", id)
		}
	}
}

// The room fills these in for the applicant, and reads these back.
func TestFormsHaveTheFieldsTheRoomKnows(t *testing.T) {
	for _, it := range Shipped().Items() {
		for _, v := range it.Versions {
			f := parsed(t, v.Form)
			fields := map[string]*form.Field{}
			for _, x := range f.Fields {
				fields[x.Name] = x
			}
			if v.AllowsWho(Person) {
				if id := fields["id_number"]; id == nil || !id.Sensitive || fields["name"] == nil || fields["phone"] == nil {
					t.Errorf("%s: a person's form without name, phone and protected identity number", v.ID)
				}
				continue
			}
			a := fields["applicant"]
			if a == nil || a.Kind != form.Group {
				t.Errorf("%s: an enterprise's form without applicant", v.ID)
				continue
			}
			for _, name := range []string{"name", "uscc", "address", "legal_person", "contact", "phone"} {
				if !slices.ContainsFunc(a.Fields, func(x *form.Field) bool { return x.Name == name }) {
					t.Errorf("%s: applicant without %s", v.ID, name)
				}
			}
		}
	}
}

func TestFormsSpeakBothLanguages(t *testing.T) {
	var check func(id, path string, fields []*form.Field)
	check = func(id, path string, fields []*form.Field) {
		for _, f := range fields {
			if f.Title.EN == "" || f.Hint.ZH != "" && f.Hint.EN == "" {
				t.Errorf("%s: %s%s lacks English", id, path, f.Name)
			}
			for _, o := range f.Options {
				if o.Title.EN == "" {
					t.Errorf("%s: %s%s: %v lacks English", id, path, f.Name, o.Value)
				}
			}
			check(id, path+f.Name+".", f.Fields)
		}
	}
	for _, id := range FormIDs() {
		check(id, "", parsed(t, id).Fields)
	}
}

// Every field that names a person by number or telephone is protected.
func TestPersonalFieldsAreSensitive(t *testing.T) {
	for _, id := range FormIDs() {
		sensitive := parsed(t, id).Sensitive()
		var check func(path string, fields []*form.Field)
		check = func(path string, fields []*form.Field) {
			for _, f := range fields {
				if (f.Check == "idnumber" || f.Check == "mobile") && !slices.Contains(sensitive, path+f.Name) {
					t.Errorf("%s: %s%s is in clear; sensitive are %s", id, path, f.Name, strings.Join(sensitive, " "))
				}
				next := path + f.Name + "."
				if f.Kind == form.List {
					next += "*."
				}
				check(next, f.Fields)
			}
		}
		check("", parsed(t, id).Fields)
	}
}

func TestFormsSayWhatStandsOnTheResult(t *testing.T) {
	for _, id := range FormIDs() {
		f := parsed(t, id)
		v := &Version{Form: id}
		p, err := v.Print()
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Paths()) == 0 {
			t.Errorf("%s prints nothing", id)
		}
		data := filled(f.Fields)
		for _, path := range p.Paths() {
			if words, ok := f.Words(data, path); !ok || words == "" {
				t.Errorf("%s: %s gives %q", id, path, words)
			}
		}
	}
}

func TestEveryFirstCertificateSaysScopeAndHolder(t *testing.T) {
	for _, it := range Shipped().Items() {
		v := it.Versions[len(it.Versions)-1]
		if it.Kind != First || len(v.Results) == 0 {
			continue
		}
		p, err := v.Print()
		if err != nil {
			t.Fatal(err)
		}
		switch v.Results[0].Kind {
		case Certificate:
			if p.Scope == "" || p.Address == "" || v.AllowsWho(Person) && (p.Holder == "" || p.IDNumber == "") {
				t.Errorf("%s prints %+v", it.ID, p)
			}
		case Opinion:
			if p.Project == "" {
				t.Errorf("%s: the opinion names no project", it.ID)
			}
		case Filing:
			if len(p.Lines) == 0 {
				t.Errorf("%s: the filing says nothing", it.ID)
			}
		}
	}
}

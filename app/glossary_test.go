package app

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"anlan/licensing/rule"
)

var quoted = regexp.MustCompile("`([^`]+)`")

// TestGlossaryNamesWhatThereIs looks up every name of the glossary's column "in
// the code": package.Name and package.Type.Field among what is exported,
// anything else among the texts of the program and the ids of items.
func TestGlossaryNamesWhatThereIs(t *testing.T) {
	glossary, err := os.ReadFile("../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := readSources(t)
	exported, texts := namesOf(sources), map[string]bool{}
	for _, it := range rule.Shipped().Items() {
		texts[it.ID] = true
	}
	for _, s := range sources {
		if !s.test {
			collectTexts(s.file, texts)
		}
	}
	names := 0
	for line := range strings.Lines(string(glossary)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			names++
			if !exported[m[1]] && !texts[m[1]] {
				t.Errorf("%s: %s is not in the code", strings.TrimSpace(cells[1]), m[1])
			}
		}
	}
	if names < 200 {
		t.Errorf("only %d names found", names)
	}
}

// namesOf are the exported names of the module: "deadline.Compute",
// "licensing.Case.Submit", "deadline.State.Due".
func namesOf(sources []source) map[string]bool {
	names := map[string]bool{}
	for _, s := range sources {
		if s.test {
			continue
		}
		pkg := path.Base(s.dir) + "."
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[pkg+typeOf(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					collectSpec(spec, pkg, names)
				}
			}
		}
	}
	return names
}

func collectSpec(spec ast.Spec, pkg string, names map[string]bool) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			names[pkg+n.Name] = true
		}
	case *ast.TypeSpec:
		names[pkg+spec.Name.Name] = true
		if st, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					names[pkg+spec.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}

// typeOf is the name of a method's type and a dot, "" for a function.
func typeOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

func collectTexts(file *ast.File, texts map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				texts[text] = true
			}
		}
		return true
	})
}

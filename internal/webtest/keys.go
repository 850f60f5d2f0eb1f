package webtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"anlan/internal/i18n"
)

// CheckKeys reads the Go code below root and fails for every text key and
// every rule, given literally to kernel's errors, to Check.Add, to Flash or
// to T, that has no text: a misspelt key would show ⟦…⟧ to a person.
func CheckKeys(t *testing.T, root string, texts *i18n.Catalogues) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, key := range keysOf(n) {
				if !texts.Has(key) {
					t.Errorf("%s: there is no text %q", files.Position(n.Pos()), key)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keysOf returns the text keys that a node gives literally.
func keysOf(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		return keysOfCall(sel.Sel.Name, n.Args)
	case *ast.KeyValueExpr:
		if name, ok := n.Key.(*ast.Ident); ok && name.Name == "Key" {
			return dotted(n.Value)
		}
	}
	return nil
}

func keysOfCall(name string, args []ast.Expr) []string {
	switch {
	case (name == "Refused" || name == "Clash" || name == "Down" || name == "Flash" || name == "FlashNote" || name == "FlashWarn") && len(args) > 0:
		return dotted(args[0])
	case name == "T" && len(args) == 1:
		return dotted(args[0])
	case name == "Bad" && len(args) == 3, name == "Add" && len(args) >= 3:
		return ruleKey(args[1])
	}
	return nil
}

// dotted is a literal that looks like a text key.
func dotted(e ast.Expr) []string {
	s, ok := literal(e)
	if !ok || !strings.Contains(s, ".") || strings.ContainsAny(s, " /:") || strings.HasSuffix(s, ".") {
		return nil
	}
	return []string{s}
}

func ruleKey(e ast.Expr) []string {
	s, ok := literal(e)
	switch {
	case !ok || s == "" || strings.HasSuffix(s, "."):
		return nil
	case strings.Contains(s, "."):
		return []string{s}
	}
	return []string{"rule." + s}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

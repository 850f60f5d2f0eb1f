package app

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"anlan/internal/i18n"
)

// ranks is the order of the house: an import goes to a strictly lower rank.
// A package below one that is listed has its rank; rooms do not import each
// other, pure packages below them import nothing above kernel.
var ranks = map[string]int{
	"internal/kernel": 0,
	"internal/db":     1, "internal/i18n": 1, "internal/stream": 1, "ui": 1,
	"internal/audit": 2, "internal/event": 2, "internal/blob": 2,
	"internal/job": 3, "internal/deadline": 3, "internal/document": 3, "internal/search": 3, "internal/sheet": 3,
	"internal/form": 3, "internal/outward": 3, "internal/settings": 3, "internal/number": 3, "internal/personal": 3,
	"internal/auth": 4, "internal/notify": 4, "internal/worklist": 4, "internal/exchange": 4,
	"internal/web": 5,
	"registry":     6, "roads": 6,
	"licensing": 7, "monitor": 7, "video": 7, "inspection": 7, "advisory": 7, "rescue": 7, "relief": 7, "outreach": 7, "admin": 7,
	"command": 8,
	"sample":  9, "bench": 9, "app": 9,
	"cmd": 10,
}

// forTests may be imported by tests only.
var forTests = []string{"internal/dbtest", "internal/webtest"}

// pinned holds nothing but the versions of modules still to be used.
const pinned = "internal/deps"

// forbidden modules, each with the reason.
var forbidden = map[string]string{
	"github.com/mattn/go-sqlite3":   "binds $2, $1 in the wrong order and needs cgo",
	"github.com/ncruces/go-sqlite3": "binds $2, $1 in the wrong order",
	"github.com/google/uuid":        "kernel.NewID makes ids",
	"github.com/stretchr/testify":   "the standard library and go-cmp are enough",
	"gorm.io/gorm":                  "plain SQL next to its function",
	"math/rand":                     "math/rand/v2, or crypto/rand for secrets",
	"io/ioutil":                     "os and io",
	"log":                           "log/slog",
}

// packageOf returns the listed package that a directory belongs to.
func packageOf(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := ranks[d]; ok {
			return d
		}
		if slices.Contains(forTests, d) || d == pinned {
			return d
		}
	}
	return ""
}

// source is a Go file of the module.
type source struct {
	path   string // with slashes, below the module's root
	dir    string
	test   bool
	lines  int
	file   *ast.File
	fset   *token.FileSet
	header bool // generated
}

// readSources parses every Go file of the module.
func readSources(t *testing.T) []source {
	t.Helper()
	var out []source
	walk(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		out = append(out, source{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			lines: strings.Count(string(text), "\n"), file: file, fset: fset, header: ast.IsGenerated(file)})
	})
	if len(out) < 50 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

// walk calls fn for every file of the module.
func walk(t *testing.T, fn func(name string, text []byte)) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name != "." && (strings.HasPrefix(e.Name(), ".") || slices.Contains([]string{"testdata", "vendor", "node_modules", "data", "dist", "bin"}, e.Name())) {
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(name); ext != ".go" && ext != ".json" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err == nil {
			fn(name, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsGoToLowerRanks(t *testing.T) {
	for _, s := range readSources(t) {
		from := packageOf(s.dir)
		if from == "" {
			t.Errorf("%s: the package has no rank", s.path)
			continue
		}
		for _, spec := range s.file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			if why, bad := forbidden[imported]; bad {
				t.Errorf("%s imports %s: %s", s.path, imported, why)
			}
			if to, ours := strings.CutPrefix(imported, "anlan/"); ours {
				checkImport(t, s, from, to)
			}
		}
	}
}

func checkImport(t *testing.T, s source, from, to string) {
	t.Helper()
	target := packageOf(to)
	switch {
	case slices.Contains(forTests, target):
		if !s.test && !slices.Contains(forTests, from) {
			t.Errorf("%s imports %s, which is for tests", s.path, to)
		}
	case from == target, slices.Contains(forTests, from), from == pinned:
	case pure(s.dir):
		if !s.test && target != "internal/kernel" {
			t.Errorf("%s imports %s: a pure package imports the kernel only", s.path, to)
		}
	case target == "":
		t.Errorf("%s imports %s, which has no rank", s.path, to)
	case from == "app" && (target == "sample" || target == "bench"): // the root composes the demo
	case s.test: // a test may use its users
	case ranks[target] >= ranks[from]:
		t.Errorf("%s (rank %d) imports %s (rank %d)", s.path, ranks[from], to, ranks[target])
	}
}

// pure reports whether a directory is one of the packages that only compute.
func pure(dir string) bool {
	return slices.Contains([]string{"relief/plan", "monitor/gb18218", "video/mpegps"}, dir)
}

// The limits of conventions: split before a function has 80 lines and a file
// 700. The table of a test may be longer.
const (
	maxFunction = 80
	maxTest     = 120
	maxFile     = 700
)

func TestFunctionsAndFilesStaySmall(t *testing.T) {
	for _, s := range readSources(t) {
		if s.header {
			continue
		}
		if s.lines > maxFile {
			t.Errorf("%s has %d lines", s.path, s.lines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			limit := maxFunction
			if s.test {
				limit = maxTest
			}
			if lines > limit && !tableOnly(f) {
				t.Errorf("%s: %s has %d lines", s.path, f.Name.Name, lines)
			}
		}
	}
}

// tableOnly reports whether a function is one return of a literal: data that
// happens to need a function around it.
func tableOnly(f *ast.FuncDecl) bool {
	if len(f.Body.List) != 1 {
		return false
	}
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, literal := ret.Results[0].(*ast.CompositeLit)
	return literal
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range readSources(t) {
		if !s.test && s.dir != pinned {
			documented[s.dir] = documented[s.dir] || path.Base(s.path) == "doc.go" && s.file.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no doc.go with a package comment", dir)
		}
	}
}

func TestPackagesKeepNoStateThatChanges(t *testing.T) {
	for _, s := range readSources(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s has an init function", s.path)
			}
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if v.Names[0].Name != "_" && len(v.Values) == 0 && !embedded(g) && !slices.Contains(forTests, packageOf(s.dir)) {
					t.Errorf("%s: package variable %s starts empty, so somebody must change it", s.path, v.Names[0].Name)
				}
			}
		}
	}
}

// embedded reports whether a declaration is filled by the compiler.
func embedded(g *ast.GenDecl) bool {
	if g.Doc == nil {
		return false
	}
	return slices.ContainsFunc(g.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

var namedPlaceholder = regexp.MustCompile(`\{([a-z_A-Z0-9]+)`)

// TestCataloguesAreCompleteInBothLanguages reads every locale directory of the
// tree, so that a package whose texts nobody loads is checked as well.
func TestCataloguesAreCompleteInBothLanguages(t *testing.T) {
	texts := map[string]map[string]map[string]string{} // directory → language → key → text
	walk(t, func(name string, text []byte) {
		if path.Base(path.Dir(name)) != "locale" || path.Ext(name) != ".json" {
			return
		}
		var catalogue map[string]string
		if err := json.Unmarshal(text, &catalogue); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		dir := path.Dir(path.Dir(name))
		if texts[dir] == nil {
			texts[dir] = map[string]map[string]string{}
		}
		texts[dir][strings.TrimSuffix(path.Base(name), ".json")] = catalogue
	})
	if len(texts) < 5 {
		t.Fatalf("only %d catalogues found", len(texts))
	}
	for dir, languages := range texts {
		zh, en := languages[i18n.Chinese], languages[i18n.English]
		for key, text := range zh {
			checkText(t, dir, key, text, en)
		}
		for key := range en {
			if _, ok := zh[key]; !ok {
				t.Errorf("%s: %s has no Chinese text", dir, key)
			}
		}
	}
}

func checkText(t *testing.T, dir, key, zh string, texts map[string]string) {
	t.Helper()
	en, ok := texts[key]
	if !ok {
		t.Errorf("%s: %s has no English text", dir, key)
		return
	}
	if strings.TrimSpace(zh) == "" || strings.TrimSpace(en) == "" {
		t.Errorf("%s: %s is empty", dir, key)
	}
	if a, b := placeholders(zh), placeholders(en); !slices.Equal(a, b) {
		t.Errorf("%s: %s has the placeholders %v in Chinese and %v in English", dir, key, a, b)
	}
	if !ownKey(path.Base(dir), key) {
		t.Errorf("%s: the key %s does not start with the package's name", dir, key)
	}
}

// ownKey reports whether a package may have a key: its own, or one of a rule
// or error that it adds to the shared ones.
func ownKey(name, key string) bool {
	if name == "i18n" {
		return true
	}
	for _, start := range []string{name + ".", "rule." + name + "_", "error." + name + "_"} {
		if strings.HasPrefix(key, start) {
			return true
		}
	}
	return false
}

// placeholders are the names between braces, each once.
func placeholders(text string) []string {
	var names []string
	for _, m := range namedPlaceholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestCataloguesHaveNoKeyOfAnotherPackage(t *testing.T) {
	owners := map[string]string{}
	walk(t, func(name string, text []byte) {
		if path.Base(name) != i18n.Chinese+".json" || path.Base(path.Dir(name)) != "locale" {
			return
		}
		var catalogue map[string]string
		json.Unmarshal(text, &catalogue)
		for key := range catalogue {
			if other, taken := owners[key]; taken {
				t.Errorf("%s and %s both have the key %s", other, name, key)
			}
			owners[key] = name
		}
	})
}

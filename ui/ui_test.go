package ui_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"anlan/internal/kernel"
	"anlan/ui"
)

type vendored struct {
	Package, Version, Licence, Integrity string
	Files                                []struct{ Path, From, SHA256 string }
}

func TestVendoredFilesAreWhatTheyClaim(t *testing.T) {
	for _, dir := range []string{"vendor", "../internal/webtest/testdata/axe"} {
		text, err := os.ReadFile(filepath.Join(dir, "vendor.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list []vendored
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
		claimed := map[string]bool{"vendor.json": true}
		for _, v := range list {
			if v.Version == "" || v.Licence == "" || !strings.HasPrefix(v.Integrity, "sha512-") {
				t.Errorf("%s: version, licence or integrity is missing", v.Package)
			}
			for _, f := range v.Files {
				claimed[f.Path] = true
				b, err := os.ReadFile(filepath.Join(dir, f.Path))
				if err != nil {
					t.Error(err)
					continue
				}
				if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
					t.Errorf("%s differs from what %s %s shipped", f.Path, v.Package, v.Version)
				}
			}
		}
		noStrangers(t, dir, claimed)
	}
}

func noStrangers(t *testing.T, dir string, claimed map[string]bool) {
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !claimed[name] {
			t.Errorf("%s/%s stands in no vendor.json", dir, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTemplatesHoldNoTextStyleOrScript(t *testing.T) {
	hanzi := regexp.MustCompile(`\p{Han}`)
	for _, name := range must(fs.Glob(ui.Templates(), "*.html"))(t) {
		text := string(must(fs.ReadFile(ui.Templates(), name))(t))
		if left := hanzi.FindAllString(strings.ReplaceAll(text, "中文", ""), -1); left != nil {
			t.Errorf("%s holds text: %v", name, left)
		}
		for _, bad := range []string{" style=", " onclick=", "<style", "hx-on"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}

// newer holds what Chromium 86 does not know, or drops whole.
var newer = regexp.MustCompile(`@layer|@container|:is\(|:where\(|:has\(|\binset\s*:|aspect-ratio|color-mix|(margin|padding)-(inline|block)\s*:|\bdvh\b|oklch`)

func TestStylesSuitTheOldestBrowser(t *testing.T) {
	for _, name := range must(fs.Glob(ui.Static(), "css/*.css"))(t) {
		text := string(must(fs.ReadFile(ui.Static(), name))(t))
		for _, bad := range newer.FindAllString(text, -1) {
			t.Errorf("%s uses %s", name, bad)
		}
		if strings.Count(text, "{") != strings.Count(text, "}") {
			t.Errorf("%s: braces do not match", name)
		}
	}
}

func TestPicturesAreWellFormed(t *testing.T) {
	hostile := `"><script>`
	for name, svg := range map[string]string{
		"bars":  string(ui.Bars{Title: hostile, Rows: []ui.Bar{{Label: hostile, Value: 3}, {Label: "b", Value: math.NaN()}, {Value: -1}}}.SVG()),
		"spark": string(ui.Spark{Title: hostile, Values: []float64{1, math.NaN(), math.Inf(1), 2}, Limit: 9}.SVG()),
		"flat":  string(ui.Spark{Values: []float64{2, 2}}.SVG()),
		"map": string(ui.Map{Title: hostile, Points: []ui.Point{{At: kernel.LatLon{Lat: 39, Lon: 117}, Label: hostile, Link: "javascript:alert(1)", Mark: "<"},
			{At: kernel.LatLon{Lat: 99}}}}.SVG("en")),
	} {
		d := xml.NewDecoder(bytes.NewReader([]byte(svg)))
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, svg)
			}
			if el, ok := tok.(xml.StartElement); ok && el.Name.Local == "script" {
				t.Errorf("%s lets a script through", name)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "javascript:") {
			t.Errorf("%s: %s", name, svg)
		}
	}
}

func TestEverythingIsLicensed(t *testing.T) {
	text := string(must(fs.ReadFile(ui.Static(), "map/README.md"))(t))
	if !strings.Contains(text, "Apache") || !strings.Contains(text, "WGS-84") {
		t.Error("the origin of the boundaries is not told")
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

package ui

import (
	"embed"
	"io/fs"
	"regexp"
)

//go:embed components/*.html
var components embed.FS

//go:embed css js img map vendor icons.svg
var static embed.FS

//go:embed locale/*.json
var texts embed.FS

// Templates are the frames and components, *.html at the root.
func Templates() fs.FS { return sub(components, "components") }

// Static are the files that browsers fetch, at the root: css, js, img, vendor
// and icons.svg.
func Static() fs.FS { return static }

// Locale holds the components' texts in locale/.
func Locale() fs.FS { return texts }

func sub(from embed.FS, dir string) fs.FS {
	out, err := fs.Sub(from, dir)
	if err != nil {
		panic(err) // the directory is embedded
	}
	return out
}

var icons = readIcons()

var iconID = regexp.MustCompile(`<symbol id="([a-z0-9-]+)"`)

func readIcons() map[string]bool {
	sprite, err := static.ReadFile("icons.svg")
	if err != nil {
		panic(err) // the file is embedded
	}
	out := map[string]bool{}
	for _, m := range iconID.FindAllSubmatch(sprite, -1) {
		out[string(m[1])] = true
	}
	return out
}

// HasIcon reports whether the sprite has a picture of this name.
func HasIcon(name string) bool { return icons[name] }

// Icons lists the pictures of the sprite.
func Icons() []string {
	var out []string
	for name := range icons {
		out = append(out, name)
	}
	return out
}

package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"anlan/internal/i18n"
	"anlan/ui"
)

// Views are the pages of one room: FS holds views/*.html and locale/*.json,
// as the room embeds them.
//
// views/case.html is the view "licensing/case". The file's own text is the
// body of the page; {{define "title"}} is its title, {{define "head"}} goes
// into the head, every other {{define}} is a block that {{template}} uses and
// that a fragment request may ask for by the id of its target. Blocks of
// files that start with _ are shared by the views of the room. Components of
// ui come with all views: {{template "button" (args $ "text" (t "common.save"))}}.
//
// A view's dot is a *Page; what the handler gave stands in .Data.
type Views struct {
	Room string
	FS   fs.FS
}

// views holds every view, parsed once per language.
type views struct {
	sets  map[string]*template.Template // language → all templates
	names map[string]bool               // "licensing/case", "licensing/case#title"
}

// parseViews parses the components and all views. Faults are gathered: files
// that do not parse, templates, text keys, icons and component arguments that
// do not exist.
func parseViews(texts *i18n.Catalogues, assets *assets, rooms []Views) (*views, error) {
	v := &views{sets: map[string]*template.Template{}, names: map[string]bool{}}
	src, err := readTemplates(rooms, funcs(texts, assets, i18n.Chinese))
	if err != nil {
		return nil, err
	}
	if err := src.check(texts); err != nil {
		return nil, err
	}
	for _, lang := range i18n.Languages() {
		set := template.New("").Funcs(funcs(texts, assets, lang))
		for _, name := range slices.Sorted(maps.Keys(src.trees)) {
			if _, err := set.AddParseTree(name, src.trees[name].Copy()); err != nil {
				return nil, err
			}
			v.names[name] = true
		}
		v.sets[lang] = set
	}
	return v, v.escape()
}

// escape makes html/template work out the escaping of every template now, so
// that a view that cannot be escaped stops the start and not a visitor.
func (v *views) escape() error {
	var faults []error
	set := v.sets[i18n.Chinese]
	for name := range v.names {
		if strings.HasPrefix(name, "ui:") {
			continue
		}
		err := set.ExecuteTemplate(io.Discard, name, nil)
		var bad *template.Error
		if errors.As(err, &bad) {
			faults = append(faults, fmt.Errorf("view %s: %w", name, bad))
		}
	}
	return errors.Join(faults...)
}

func (v *views) has(view string) bool { return v.names[view] }

func (v *views) hasBlock(view, block string) bool { return v.names[view+"#"+block] }

// page renders a view inside its frame.
func (v *views) page(p *Page, view string) ([]byte, error) {
	if !v.has(view) {
		return nil, fmt.Errorf("web: no view %q", view)
	}
	var err error
	if p.r.problem != nil {
		// The error summary stands above the fields whose labels it needs.
		if _, err = v.run(p, view); err != nil {
			return nil, err
		}
		p.ids = nil
	}
	if p.body, err = v.run(p, view); err != nil {
		return nil, err
	}
	for block, into := range map[string]*template.HTML{"title": &p.title, "head": &p.head} {
		if v.hasBlock(view, block) {
			if *into, err = v.run(p, view+"#"+block); err != nil {
				return nil, err
			}
		}
	}
	html, err := v.run(p, "ui:frame-"+string(p.frame))
	return []byte(html), err
}

func (v *views) block(p *Page, view, block string) ([]byte, error) {
	if !v.hasBlock(view, block) {
		return nil, fmt.Errorf("web: view %q has no block %q", view, block)
	}
	html, err := v.run(p, view+"#"+block)
	return []byte(html), err
}

func (v *views) run(p *Page, name string) (template.HTML, error) {
	var b bytes.Buffer
	if err := v.sets[p.Lang].ExecuteTemplate(&b, name, p); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(b.String()), nil
}

// templates are the parsed sources, by full name: "ui:button" for a
// component, "licensing/case" for a view, "licensing/case#rows" for its
// block, "licensing#steps" for a block shared by the room.
type templates struct {
	trees map[string]*parse.Tree
	funcs template.FuncMap
}

func readTemplates(rooms []Views, fm template.FuncMap) (*templates, error) {
	src := &templates{trees: map[string]*parse.Tree{}, funcs: fm}
	faults := src.readDir("", ui.Templates())
	for _, room := range rooms {
		dir, err := fs.Sub(room.FS, "views")
		if err != nil {
			faults = append(faults, fmt.Errorf("views of %s: %w", room.Room, err))
			continue
		}
		faults = append(faults, src.readDir(room.Room, dir)...)
	}
	return src, errors.Join(faults...)
}

// readDir reads *.html of one room; room "" holds the components.
func (s *templates) readDir(room string, dir fs.FS) (faults []error) {
	files, err := fs.Glob(dir, "*.html")
	if err != nil {
		return []error{err}
	}
	for _, file := range files {
		text, err := fs.ReadFile(dir, file)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		faults = append(faults, s.readFile(room, strings.TrimSuffix(path.Base(file), ".html"), string(text))...)
	}
	return faults
}

func (s *templates) readFile(room, base, text string) (faults []error) {
	own := "."
	set, err := template.New(own).Funcs(s.funcs).Parse(text)
	if err != nil {
		return []error{fmt.Errorf("%s/%s.html: %w", room, base, err)}
	}
	for _, t := range set.Templates() {
		if t.Tree == nil {
			continue
		}
		name := fullName(room, base, t.Name())
		if t.Name() == own && (room == "" || strings.HasPrefix(base, "_")) {
			continue // such files only define blocks
		}
		if _, taken := s.trees[name]; taken {
			faults = append(faults, fmt.Errorf("%s/%s.html: %q is defined twice", room, base, t.Name()))
		}
		tree := t.Tree.Copy()
		tree.Name = name
		tree.ParseName = name
		s.trees[name] = tree
	}
	return faults
}

func fullName(room, base, name string) string {
	switch {
	case room == "":
		return "ui:" + name
	case name == ".":
		return room + "/" + base
	case strings.HasPrefix(base, "_"):
		return room + "#" + name
	}
	return room + "/" + base + "#" + name
}

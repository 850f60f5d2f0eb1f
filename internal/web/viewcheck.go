package web

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"

	"anlan/internal/i18n"
	"anlan/ui"
)

// check resolves the names that templates use and reports what does not
// exist: templates, text keys given literally, icons, and arguments that a
// component does not read (a misspelt name would silently show nothing).
func (s *templates) check(texts *i18n.Catalogues) error {
	reads := s.arguments()
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(s.trees)) {
		fail := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("view %s: "+format, append([]any{name}, args...)...))
		}
		walk(s.trees[name].Root, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.TemplateNode:
				s.checkCall(name, n, reads, fail)
			case *parse.CommandNode:
				checkFunction(n, texts, fail)
			}
		})
	}
	return errors.Join(faults...)
}

// checkCall gives a {{template}} call its full name and looks at its arguments.
func (s *templates) checkCall(caller string, n *parse.TemplateNode, reads map[string]map[string]bool, fail func(string, ...any)) {
	full, ok := s.resolve(caller, n.Name)
	if !ok {
		fail("there is no template %q", n.Name)
		return
	}
	n.Name = full
	if !strings.HasPrefix(full, "ui:") {
		return
	}
	for _, arg := range literalArgs(n.Pipe) {
		if !reads[full][arg] {
			fail("%s has no argument %q", full, arg)
		}
	}
}

func (s *templates) resolve(caller, name string) (string, bool) {
	view, _, _ := strings.Cut(caller, "#")
	room, _, _ := strings.Cut(view, "/")
	for _, full := range []string{view + "#" + name, room + "#" + name, "ui:" + name} {
		if _, ok := s.trees[full]; ok {
			return full, true
		}
	}
	return "", false
}

func checkFunction(n *parse.CommandNode, texts *i18n.Catalogues, fail func(string, ...any)) {
	if len(n.Args) < 2 {
		return
	}
	fn, ok := n.Args[0].(*parse.IdentifierNode)
	if !ok {
		return
	}
	lit, ok := n.Args[1].(*parse.StringNode)
	switch {
	case !ok:
	case fn.Ident == "t" && !texts.Has(lit.Text):
		fail("there is no text %q", lit.Text)
	case fn.Ident == "icon" && !ui.HasIcon(lit.Text):
		fail("there is no icon %q", lit.Text)
	}
}

// literalArgs returns the names given in a call of (args $ "name" value …).
func literalArgs(pipe *parse.PipeNode) (names []string) {
	if pipe == nil || len(pipe.Cmds) != 1 {
		return nil
	}
	words := pipe.Cmds[0].Args
	if len(words) == 1 {
		if inner, ok := words[0].(*parse.PipeNode); ok {
			return literalArgs(inner)
		}
	}
	if fn, ok := words[0].(*parse.IdentifierNode); !ok || fn.Ident != "args" {
		return nil
	}
	words = words[1:]
	if len(words)%2 == 1 {
		words = words[1:] // the page
	}
	for i := 0; i < len(words); i += 2 {
		if s, ok := words[i].(*parse.StringNode); ok {
			names = append(names, s.Text)
		}
	}
	return names
}

// arguments finds which names each component reads of its dot, those that it
// hands on whole included.
func (s *templates) arguments() map[string]map[string]bool {
	reads := map[string]map[string]bool{}
	hands := map[string][]string{}
	for name, tree := range s.trees {
		if !strings.HasPrefix(name, "ui:") {
			continue
		}
		reads[name] = map[string]bool{"page": true}
		walk(tree.Root, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.FieldNode:
				reads[name][n.Ident[0]] = true
			case *parse.VariableNode:
				if n.Ident[0] == "$" && len(n.Ident) > 1 {
					reads[name][n.Ident[1]] = true
				}
			case *parse.TemplateNode:
				if full, ok := s.resolve(name, n.Name); ok && n.Pipe != nil && handsOn(n.Pipe) {
					hands[name] = append(hands[name], full)
				}
			}
		})
	}
	for range len(hands) { // as long as the longest chain can be
		for from, to := range hands {
			for _, t := range to {
				maps.Copy(reads[from], reads[t])
			}
		}
	}
	return reads
}

// handsOn reports whether a pipe is the dot or $ itself.
func handsOn(pipe *parse.PipeNode) bool {
	text := pipe.String()
	return text == "." || text == "$"
}

// walk calls visit for every node below n.
func walk(n parse.Node, visit func(parse.Node)) {
	if n == nil {
		return
	}
	visit(n)
	list := func(l *parse.ListNode) {
		if l != nil {
			walk(l, visit)
		}
	}
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, visit)
		list(b.List)
		list(b.ElseList)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, visit)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			walk(a, visit)
		}
	case *parse.ChainNode:
		walk(n.Node, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}

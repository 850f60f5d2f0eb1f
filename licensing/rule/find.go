package rule

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Find lists the items that people mean by a text, the best first: what they
// call a thing (加油站, 烟花, 电工), part of its title or of its category.
// Where nothing holds all words, items that share pairs of characters with
// them are found, so that 安全员证书 finds 安全生产管理人员考核.
func (c *Catalogue) Find(text string) []*Item {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) == 0 {
		return nil
	}
	if exact := c.rank(func(it *Item) int { return c.holds(it, words) }); len(exact) > 0 {
		return exact
	}
	pairs := pairsOf(words)
	return c.rank(func(it *Item) int {
		n, points := 0, 0
		for _, p := range pairs {
			if held := c.holds(it, []string{p}); held > 0 {
				n, points = n+1, points+held
			}
		}
		if 2*n < len(pairs) { // less than half of what was typed
			return 0
		}
		return points
	})
}

// rank sorts the items by points, those of the guide's order first among
// equals; 0 points leave an item out.
func (c *Catalogue) rank(points func(it *Item) int) []*Item {
	score := map[*Item]int{}
	var out []*Item
	for _, it := range c.items {
		if n := points(it); n > 0 {
			score[it] = n
			out = append(out, it)
		}
	}
	slices.SortStableFunc(out, func(a, b *Item) int { return cmp.Compare(score[b], score[a]) })
	return out
}

// holds is how well an item fits when every word stands somewhere in what is
// said of it, 0 when one does not.
func (c *Catalogue) holds(it *Item, words []string) int {
	category, _ := c.Category(it.Category)
	places := []struct {
		text   string
		points int
	}{
		{strings.Join(it.Keywords, "\n"), 4}, {it.Title.ZH + "\n" + it.Title.EN, 3},
		{category.Title.ZH + "\n" + category.Title.EN + "\n" + category.Note.ZH + "\n" + category.Note.EN, 2}, {it.Summary.ZH + "\n" + it.Summary.EN, 1},
	}
	total := 0
	for _, w := range words {
		best := 0
		for _, p := range places {
			if strings.Contains(strings.ToLower(p.text), w) {
				best = max(best, p.points)
			}
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// pairsOf are the overlapping pairs of characters of words.
func pairsOf(words []string) []string {
	var out []string
	for _, w := range words {
		r := []rune(w)
		for i := 0; i+1 < len(r); i++ {
			out = append(out, string(r[i:i+2]))
		}
	}
	return out
}

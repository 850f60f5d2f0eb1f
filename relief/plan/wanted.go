package plan

import (
	"cmp"
	"math/bits"
	"slices"
)

// wanted is what can be brought of each need, and, where roads are missing,
// from where: per class, as much as stock and roads allow.
type wanted struct {
	m      *model
	cells  []cell          // one for each need, in the order in which a site's are filled
	usable [][]bool        // warehouse × item: has docks, and a truck for the item can come
	whole  bool            // every usable warehouse reaches every site
	flows  []map[int]int64 // by cell, from warehouse; nil when whole
}

func newWanted(m *model) *wanted {
	u := &wanted{m: m, whole: true}
	siteOf, itemOf := make(map[string]int, len(m.sites)), map[string]int{}
	for i, s := range m.p.Sites {
		siteOf[s.ID] = i
	}
	for i, it := range m.p.Items {
		itemOf[it.ID] = i
	}
	for _, n := range m.p.Needs {
		due := never
		if n.DueS != nil {
			due = *n.DueS
		}
		u.cells = append(u.cells, cell{siteOf[n.Site], itemOf[n.Item], n.Quantity, n.Class, due})
	}
	slices.SortStableFunc(u.cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.item, b.item), cmp.Compare(a.class, b.class), cmp.Compare(a.due, b.due))
	})
	u.findUsable()
	for i := range m.items {
		u.share(i)
	}
	u.cells = slices.DeleteFunc(u.cells, func(c cell) bool { return u.whole && c.n == 0 })
	return u
}

func (u *wanted) findUsable() {
	m := u.m
	for w := range m.houses {
		row := make([]bool, len(m.items))
		comes := make([]bool, len(m.types))
		for t := range m.trucks {
			if k := m.trucks[t].kind; !comes[k] {
				comes[k] = m.roads.matrix == nil || m.roads.start(t, w) < never
			}
		}
		some := false
		for i, it := range m.items {
			for k, kind := range m.types {
				row[i] = row[i] || comes[k] && kind.ml >= it.ml && kind.g >= it.g
			}
			row[i] = row[i] && m.houses[w].docks > 0
			some = some || row[i] && m.houses[w].stock[i] > 0
		}
		u.usable = append(u.usable, row)
		for s := 0; m.roads.matrix != nil && s < len(m.sites); s++ {
			u.whole = u.whole && (!some || m.roads.out(w, s) < never)
		}
	}
	if !u.whole {
		u.flows = make([]map[int]int64, len(u.cells))
	}
}

// share decides how much of an item each need gets: all of it, or, where
// stock is short, class by class, within a class in proportion.
func (u *wanted) share(item int) {
	classes := map[int64][]int{}
	for x := range u.cells {
		if u.cells[x].item == item {
			classes[u.cells[x].class] = append(classes[u.cells[x].class], x)
		}
	}
	order := make([]int64, 0, len(classes))
	for c := range classes {
		order = append(order, c)
	}
	slices.Sort(order)
	var stock int64
	left := make([]int64, len(u.m.houses))
	for w := range left {
		if u.usable[w][item] {
			left[w] = u.m.houses[w].stock[item]
			stock = addCeiled(stock, left[w])
		}
	}
	for _, c := range order {
		if u.whole {
			stock -= u.divide(classes[c], stock)
			continue
		}
		for _, x := range classes[c] {
			u.route(x, left)
		}
	}
}

// divide gives cells of one class what there is and returns how much went.
func (u *wanted) divide(cells []int, stock int64) int64 {
	var total int64
	for _, x := range cells {
		total = addCeiled(total, u.cells[x].n)
	}
	if total <= stock {
		return total
	}
	all := stock
	for _, x := range cells { // each its part of what is left for those that are left
		if u.cells[x].n == 0 {
			continue
		}
		high, low := bits.Mul64(uint64(u.cells[x].n), uint64(stock))
		part, _ := bits.Div64(high, low, uint64(total))
		total -= u.cells[x].n
		stock -= int64(part)
		u.cells[x].n = int64(part)
	}
	return all
}

// route sends a cell's goods along roads that exist, moving what others get
// from one warehouse to another where that makes room.
func (u *wanted) route(x int, left []int64) {
	want := u.cells[x].n
	u.cells[x].n = 0
	for want > 0 {
		n := u.augment(x, want, left)
		if n == 0 {
			return
		}
		u.cells[x].n += n
		want -= n
	}
}

func (u *wanted) reaches(w, x int) bool {
	c := &u.cells[x]
	return u.usable[w][c.item] && u.m.roads.out(w, c.site) < never
}

// augment finds a way from cell x over warehouses to stock that is left and
// moves as much as the way allows, at most want.
func (u *wanted) augment(x int, want int64, left []int64) int64 {
	item := u.cells[x].item
	via := make([]int, len(left)) // the cell that comes to this warehouse
	from := map[int]int{x: none}  // the warehouse that a cell leaves
	for w := range via {
		via[w] = none
	}
	for queue := []int{x}; len(queue) > 0; queue = queue[1:] {
		y := queue[0]
		for w := range left {
			if via[w] != none || !u.reaches(w, y) {
				continue
			}
			via[w] = y
			if left[w] > 0 {
				return u.move(w, via, from, want, left)
			}
			for z := range u.cells {
				if _, seen := from[z]; !seen && u.cells[z].item == item && u.flows[z][w] > 0 {
					from[z] = w
					queue = append(queue, z)
				}
			}
		}
	}
	return 0
}

// move shifts quantities along the way that ends at warehouse w.
func (u *wanted) move(w int, via []int, from map[int]int, want int64, left []int64) int64 {
	n := min(want, left[w])
	for v := w; from[via[v]] != none; v = from[via[v]] {
		n = min(n, u.flows[via[v]][from[via[v]]])
	}
	left[w] -= n
	for v := w; ; v = from[via[v]] {
		y := via[v]
		if u.flows[y] == nil {
			u.flows[y] = map[int]int64{}
		}
		u.flows[y][v] += n
		if from[y] == none {
			return n
		}
		u.flows[y][from[y]] -= n
	}
}

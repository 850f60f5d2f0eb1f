package worklist

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// For is whoever looks at the list: an account with its roles and its scope.
// The zero For sees nothing.
type For struct {
	Account     string
	StandInFor  []string // accounts whose own items are shown as well
	Roles       []string
	Units       []string // units whose items are shown
	Areas       []string // nil: all areas
	Enterprises []string // nil: items about any enterprise, but none addressed to one
}

// where adds who may see an item. Everybody's list is their own items, those
// of their roles inside their scope, those of their units without a role,
// those addressed to their enterprises, and those given to them.
func (f For) where(w *db.Where) {
	var any []string
	if own := f.accounts(); len(own) > 0 {
		any = append(any, "account IN "+list(w, own), "claimed_by IN "+list(w, own))
	}
	var shared []string
	if len(f.Roles) > 0 {
		shared = append(shared, "role IN "+list(w, f.Roles))
	}
	if len(f.Units) > 0 {
		shared = append(shared, "role = '' AND unit <> ''")
	}
	if len(f.Enterprises) > 0 {
		shared = append(shared, "role = '' AND unit = '' AND enterprise <> ''")
	}
	if len(shared) > 0 {
		any = append(any, "account = '' AND ("+strings.Join(shared, " OR ")+")"+f.scope(w))
	}
	if len(any) == 0 {
		w.And("1 = 0")
		return
	}
	w.And("(" + strings.Join(any, ") OR (") + ")")
}

func (f For) scope(w *db.Where) string {
	s := " AND " + within(w, "unit", f.Units)
	if f.Areas != nil {
		s += " AND " + within(w, "area", f.Areas)
	}
	if f.Enterprises != nil {
		s += " AND " + within(w, "enterprise", f.Enterprises)
	}
	return s
}

func within(w *db.Where, column string, values []string) string {
	return column + " IN " + list(w, append([]string{""}, values...))
}

func list(w *db.Where, values []string) string {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return w.Bind("("+strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")+")", args...)
}

// Filter narrows List; the zero value is the first page of everything.
type Filter struct {
	Room      string
	Kind      string
	DueBefore time.Time // only items due before then
	Mine      bool      // addressed to or claimed by the account itself
	Unclaimed bool      // nobody has taken it
	Search    string    // part of the Chinese or English title
	After     string    // Cursor of the last item of the page before
	Limit     int       // 0: 50
}

// Entry is an item on the list.
type Entry struct {
	Item
	ID        string
	OpenedAt  time.Time
	ClaimedBy string // account, "" nobody
	ClaimedAt time.Time
}

// Overdue reports whether the item should have been done.
func (e Entry) Overdue(now time.Time) bool { return !e.Due.IsZero() && !now.Before(e.Due) }

// Cursor is the place of the item in the list, for Filter.After.
func (e Entry) Cursor() string { return strconv.FormatInt(e.due(), 10) + "~" + e.ID }

const columns = `id, kind, subject, role, unit, account, area, enterprise, title_zh, title_en, link, room, due_at, opened_at, claimed_by, claimed_at`

func scanEntry(s db.Scanner) (Entry, error) {
	var e Entry
	var due, opened, claimed int64
	err := s.Scan(&e.ID, &e.Kind, &e.Subject, &e.Role, &e.Unit, &e.Account, &e.Area, &e.Enterprise, &e.Title.ZH, &e.Title.EN,
		&e.Link, &e.Room, &due, &opened, &e.ClaimedBy, &claimed)
	if due != noDue {
		e.Due = kernel.FromMicros(due)
	}
	e.OpenedAt, e.ClaimedAt = kernel.FromMicros(opened), kernel.FromMicros(claimed)
	return e, err
}

// List returns the open items that f sees, the earliest due first.
func List(ctx context.Context, q db.Q, f For, p Filter) ([]Entry, error) {
	var w db.Where
	if err := p.where(&w, f); err != nil {
		return nil, err
	}
	if p.Limit == 0 {
		p.Limit = 50
	}
	return db.All(ctx, q, scanEntry, `SELECT `+columns+` FROM worklist_items `+w.SQL()+w.Bind(` ORDER BY due_at, id LIMIT ?`, p.Limit), w.Args...)
}

func (p Filter) where(w *db.Where, f For) error {
	w.And("closed_at = 0")
	f.where(w)
	if p.Room != "" {
		w.And("room = ?", p.Room)
	}
	if p.Kind != "" {
		w.And("kind = ?", p.Kind)
	}
	if !p.DueBefore.IsZero() {
		w.And("due_at < ?", kernel.Micros(p.DueBefore))
	}
	if p.Mine {
		w.And(mine, f.Account, f.Account, f.Account)
	}
	if p.Unclaimed {
		w.And("claimed_by = ''")
	}
	if p.Search != "" {
		pattern := "%" + escapeLike.Replace(strings.ToLower(p.Search)) + "%"
		w.And(`lower(title_zh) LIKE ? ESCAPE '!' OR lower(title_en) LIKE ? ESCAPE '!'`, pattern, pattern)
	}
	if p.After != "" {
		due, id, _ := strings.Cut(p.After, "~")
		at, err := strconv.ParseInt(due, 10, 64)
		if err != nil {
			return kernel.Bad("after", "format", p.After)
		}
		w.And("(due_at, id) > (?, ?)", at, id)
	}
	return nil
}

// mine is what is addressed to or claimed by an account, which nobody is not.
const mine = `(account = ? OR claimed_by = ?) AND ? <> ''`

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Counts are the numbers above the list.
type Counts struct {
	Open    int64
	Overdue int64
	Soon    int64 // due within a day and not overdue
	Mine    int64 // addressed to or claimed by the account
}

// Count returns the numbers of everything that f sees.
func Count(ctx context.Context, q db.Q, f For, now time.Time) (Counts, error) {
	rooms, err := CountByRoom(ctx, q, f, now)
	var sum Counts
	for _, c := range rooms {
		sum.Open, sum.Overdue, sum.Soon, sum.Mine = sum.Open+c.Open, sum.Overdue+c.Overdue, sum.Soon+c.Soon, sum.Mine+c.Mine
	}
	return sum, err
}

// CountByRoom is Count for each room that has open items.
func CountByRoom(ctx context.Context, q db.Q, f For, now time.Time) (map[string]Counts, error) {
	var w db.Where
	w.And("closed_at = 0")
	f.where(&w)
	at := kernel.Micros(now)
	query := `SELECT room, COUNT(*), ` +
		w.Bind(`COUNT(*) FILTER (WHERE due_at <= ?), COUNT(*) FILTER (WHERE due_at > ? AND due_at <= ?), COUNT(*) FILTER (WHERE `+mine+`)`,
			at, at, at+(24*time.Hour).Microseconds(), f.Account, f.Account, f.Account) +
		` FROM worklist_items ` + w.SQL() + ` GROUP BY room`
	out := map[string]Counts{}
	_, err := db.All(ctx, q, func(s db.Scanner) (struct{}, error) {
		var room string
		var c Counts
		err := s.Scan(&room, &c.Open, &c.Overdue, &c.Soon, &c.Mine)
		out[room] = c
		return struct{}{}, err
	}, query, w.Args...)
	return out, err
}

// Most is how far Waiting counts.
const Most = 1000

// Waiting returns how many open items f sees, up to Most: the number beside
// the list's link on every page, which must cost the same however long the
// list is.
func Waiting(ctx context.Context, q db.Q, f For) (int, error) {
	var w db.Where
	w.And("closed_at = 0")
	f.where(&w)
	return db.Value[int](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM worklist_items `+w.SQL()+w.Bind(` LIMIT ?`, Most)+`) AS counted`, w.Args...)
}

// Get returns an open item that f sees; outside its scope it does not exist.
func Get(ctx context.Context, q db.Q, f For, id string) (Entry, error) {
	var w db.Where
	w.And("closed_at = 0")
	w.And("id = ?", id)
	f.where(&w)
	e, err := db.One(ctx, q, scanEntry, `SELECT `+columns+` FROM worklist_items `+w.SQL(), w.Args...)
	return e, db.Found(err, "worklist item", id)
}

// Of returns the open items about a subject, whoever they are for: the room
// itself shows who has to act next.
func Of(ctx context.Context, q db.Q, subject string) ([]Entry, error) {
	return db.All(ctx, q, scanEntry, `SELECT `+columns+` FROM worklist_items WHERE subject = $1 AND closed_at = 0 ORDER BY due_at, id`, subject)
}

// Overdue lists items of all rooms whose time has passed, the longest first,
// for escalation and for the command room.
func Overdue(ctx context.Context, q db.Q, now time.Time, limit int) ([]Entry, error) {
	return db.All(ctx, q, scanEntry, `SELECT `+columns+` FROM worklist_items WHERE closed_at = 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2`,
		kernel.Micros(now), limit)
}

func (f For) accounts() []string {
	if f.Account == "" {
		return nil
	}
	own := append([]string{f.Account}, f.StandInFor...)
	slices.Sort(own)
	return slices.Compact(own)
}

// String names the looker in logs.
func (f For) String() string { return fmt.Sprintf("%s %v", f.Account, f.Roles) }

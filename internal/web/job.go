package web

import (
	"context"
	"errors"
	"strings"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/job"
	"anlan/internal/kernel"
)

// JobView is a job as the component "job-progress" shows it.
type JobView struct {
	job.Status
	Path string   // of its page
	Why  []string // why it failed or waits to run again
	Rows []JobRow // rows of the input that could not be used
	Next int      // the row after which there are more of them, 0 none
}

// JobRow is a row of the input with what is wrong with it.
type JobRow struct {
	Row int
	Why []string
}

// jobRows is how many faulty rows a page shows.
const jobRows = 100

// Job makes the view of a job for its page, which is this one. Faulty rows
// begin after the row in the address. The caller has decided that the job may
// be seen.
func (r *Request) Job(ctx context.Context, q db.Q, s job.Status) (JobView, error) {
	v := JobView{Status: s, Path: r.URL.Path}
	room, _, _ := strings.Cut(s.Kind, ".")
	if s.Problem != nil {
		v.Why = r.Why(s.Problem.Err(), room)
	}
	after, err := ParseCursor(r.URL.Query().Get("after"), 1)
	if err != nil {
		return v, err
	}
	from := 0
	if after != nil {
		from = int(after.Int(0))
	}
	rows, err := job.RowErrors(ctx, q, s.ID, from, jobRows+1)
	if len(rows) > jobRows {
		rows = rows[:jobRows]
		v.Next = rows[jobRows-1].Row
	}
	for _, row := range rows {
		v.Rows = append(v.Rows, JobRow{row.Row, r.Why(row.Problem.Err(), room)})
	}
	return v, err
}

// After is the cursor of the faulty rows that follow.
func (v JobView) After() string { return CursorOf(v.Next).Encode() }

// Why says what is wrong, one line per broken rule, with the names that the
// room has for its fields: ROOM.column.FIELD or ROOM.field.FIELD.
func (r *Request) Why(err error, room string) []string {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return nil
	}
	if len(e.Fields) == 0 {
		return []string{r.Texts().Error(r.Lang, e)}
	}
	var out []string
	for _, f := range e.Fields {
		name := f.Field
		for _, key := range []string{room + ".column." + f.Field, room + ".field." + f.Field} {
			if r.Texts().Has(key) {
				name = r.T(key)
				break
			}
		}
		if cell, ok := f.Args["cell"].(string); ok {
			name = cell + " " + name
		}
		out = append(out, name+r.T("web.colon")+r.Texts().Rule(r.Lang, f))
	}
	return out
}

// JobResult answers with the file that a job has made.
func (r *Request) JobResult(files *blob.Store, s job.Status) error {
	if s.Result.Hash == "" {
		return kernel.Missing("file", s.ID)
	}
	content, err := files.Get(r.Context(), s.Result.Hash)
	if err != nil {
		return err
	}
	defer content.Close()
	return r.File(Download{Name: s.Result.Name, Type: s.Result.Type, Hash: s.Result.Hash, Modified: s.EndedAt}, content)
}

package sheet

import (
	"context"
	"io"
	"maps"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// Read reads the first sheet of a workbook and calls each for every row below
// the head that is not empty, in order. Faults of the file as a whole (type,
// size, head, number of rows) are returned as kernel.Invalid errors of field
// "file" or of a column; an error of each ends the reading and is returned.
func (t Table) Read(ctx context.Context, r io.Reader, each func(*Row) error) (Result, error) {
	w, err := openWorkbook(r)
	if err != nil {
		return Result{}, err
	}
	rd := reader{table: t, each: each, date1904: w.date1904}
	err = w.rows(w.sheets[0].file, func(row rawRow) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return rd.row(row)
	})
	if err != nil && rd.stopped == nil && ctx.Err() == nil {
		err = fileError(err)
	}
	if err == nil {
		err = rd.end()
	}
	return rd.result, err
}

// reader turns raw rows into rows of the table. The first is the head.
type reader struct {
	table    Table
	each     func(*Row) error
	columns  map[int]Column // by place; nil before the head
	date1904 bool
	result   Result
	stopped  error // what each returned
}

func (r *reader) row(raw rawRow) error {
	if r.columns == nil {
		return r.head(raw)
	}
	if r.result.Rows >= r.table.maxRows() {
		var c kernel.Check
		c.Add("file", "sheet_rows", "", "max", r.table.maxRows())
		return c.Err()
	}
	r.result.Rows++
	row := &Row{Line: raw.number, Values: map[string]any{}, cells: map[string]string{}}
	for place, c := range r.columns {
		row.cells[c.Name] = columnName(place) + strconv.Itoa(raw.number)
	}
	for place := range raw.cells {
		if _, known := r.columns[place]; !known {
			name := columnName(place)
			row.cells[name] = name + strconv.Itoa(raw.number)
			row.Add(name, "sheet_column", name)
		}
	}
	for _, place := range r.places() {
		c := r.columns[place]
		if v := c.convert(row, raw.cells[place], r.date1904); v != nil {
			row.Values[c.Name] = v
		}
	}
	if len(row.Errors.Fields) > 0 {
		r.result.Bad++
	}
	r.stopped = r.each(row)
	return r.stopped
}

// places lists the columns' places from the left.
func (r *reader) places() []int { return slices.Sorted(maps.Keys(r.columns)) }

// head finds the columns of the table by their titles.
func (r *reader) head(raw rawRow) error {
	byTitle := map[string]Column{}
	for _, c := range r.table.Columns {
		for _, title := range []string{c.Title.ZH, c.Title.EN, c.Name} {
			if title != "" {
				byTitle[heading(title)] = c
			}
		}
	}
	var check kernel.Check
	r.columns = map[int]Column{}
	found := map[string]bool{}
	for _, place := range slices.Sorted(maps.Keys(raw.cells)) {
		text := raw.cells[place].text
		c, known := byTitle[heading(text)]
		at := columnName(place) + strconv.Itoa(raw.number)
		switch {
		case !known:
			check.Add("file", "sheet_column", text, "cell", at)
		case found[c.Name]:
			check.Add(c.Name, "duplicate", text, "cell", at)
		default:
			found[c.Name] = true
			r.columns[place] = c
		}
	}
	for _, c := range r.table.Columns {
		if !found[c.Name] {
			check.Add(c.Name, "sheet_header", c.Title.ZH)
		}
	}
	return check.Err()
}

// end reports a sheet without rows.
func (r *reader) end() error {
	if r.columns == nil || r.result.Rows == 0 {
		return kernel.Bad("file", "sheet_empty", "")
	}
	return nil
}

package deadline

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// maxCSV bounds a calendar file; a year's notice is under 2 KB.
const maxCSV = 1 << 20

// RowFault is a broken row of a calendar file: the line it stands on, counted
// from 1, and the rule it breaks.
type RowFault struct {
	Line int `json:"line"`
	kernel.FieldError
}

// Error is "line 3: date: date: 2027-13-01".
func (f RowFault) Error() string {
	return fmt.Sprintf("line %d: %s: %s: %s", f.Line, f.Field, f.Rule, f.Value)
}

// ParseCSV reads a calendar file: UTF-8 with the header date,type,name or
// date,type,name,source; source fills in where the file has none. It returns
// the good rows in the order of the file and every fault; an administrator
// imports only a file without faults.
func ParseCSV(r io.Reader, source string) ([]Row, []RowFault) {
	text, err := io.ReadAll(io.LimitReader(r, maxCSV+1))
	if err != nil {
		return nil, []RowFault{fault(1, "file", "deadline_unreadable", "")}
	}
	if len(text) > maxCSV {
		return nil, []RowFault{fault(1, "file", "too_large", "", "max", "1 MB")}
	}
	return parse(text, source, embeddedOff)
}

func parse(text []byte, source string, offByNotice func(kernel.Date) bool) ([]Row, []RowFault) {
	p := csvParser{source: source, offByNotice: offByNotice, seen: map[kernel.Date]int{}}
	p.run(bytes.TrimPrefix(text, []byte("\ufeff")))
	return p.rows, p.faults
}

func fault(line int, field, rule, value string, args ...any) RowFault {
	var c kernel.Check
	c.Add(field, rule, value, args...)
	return RowFault{line, c.Fields[0]}
}

type csvParser struct {
	source      string
	offByNotice func(kernel.Date) bool // whether the embedded notice has a weekday off
	seen        map[kernel.Date]int
	rows        []Row
	faults      []RowFault
}

func (p *csvParser) run(text []byte) {
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil || !isHeader(header) {
		p.faults = append(p.faults, fault(1, "header", "deadline_header", strings.Join(header, ",")))
		return
	}
	columns := len(header)
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			p.faults = append(p.faults, fault(syntax.Line, "row", "csv", "", "line", syntax.Line))
			return // what follows a broken quote cannot be trusted
		}
		line, _ := in.FieldPos(0)
		p.row(line, columns, record)
	}
}

func isHeader(h []string) bool {
	return (len(h) == 3 || len(h) == 4 && h[3] == "source") && h[0] == "date" && h[1] == "type" && h[2] == "name"
}

func (p *csvParser) row(line, columns int, record []string) {
	if len(record) != columns {
		p.faults = append(p.faults, fault(line, "row", "deadline_columns", strconv.Itoa(len(record))))
		return
	}
	row := Row{Type: DayType(record[1]), Name: strings.TrimSpace(record[2]), Source: p.source}
	if columns == 4 && strings.TrimSpace(record[3]) != "" {
		row.Source = strings.TrimSpace(record[3])
	}
	var c kernel.Check
	date, err := kernel.ParseDate(record[0])
	if err != nil {
		c.Add("date", "date", record[0])
	}
	row.Date = date
	row.check(&c, p.offByNotice)
	if first, twice := p.seen[date]; twice && err == nil {
		c.Add("date", "duplicate", record[0], "line", first)
	}
	for _, f := range c.Fields {
		p.faults = append(p.faults, RowFault{line, f})
	}
	if len(c.Fields) == 0 {
		p.seen[date] = line
		p.rows = append(p.rows, row)
	}
}

// Check reports every broken rule of a row as fields "date", "type", "name",
// "source".
func (r Row) Check() error {
	var c kernel.Check
	if r.Date.IsZero() {
		c.Add("date", "required", "")
	}
	r.check(&c, embeddedOff)
	return c.Err()
}

func (r Row) check(c *kernel.Check, offByNotice func(kernel.Date) bool) {
	if !r.Date.IsZero() && (r.Date.Year() < firstYear || r.Date.Year() > lastYear) {
		c.Add("date", "range", r.Date.String(), "min", firstYear, "max", lastYear)
	}
	if r.Type != Off && r.Type != Work {
		c.Add("type", "choice", string(r.Type))
	}
	if r.Type == Work && !r.Date.IsZero() && !isWeekend(r.Date) && !offByNotice(r.Date) {
		c.Add("date", "deadline_not_weekend", r.Date.String()) // a slip: the day is worked anyway
	}
	c.Text("name", r.Name, 40)
	c.Text("source", r.Source, 120)
}

// embeddedOff reports whether the embedded notice has d off: only such a
// weekday can be made a working day.
func embeddedOff(d kernel.Date) bool {
	r, ok := embedded().base[d]
	return ok && r.Type == Off
}

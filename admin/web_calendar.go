package admin

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
	"anlan/internal/web"
)

// calendarRoutes are the working days that legal limits are counted by.
func (h *Pages) calendarRoutes() []web.Route {
	return []web.Route{
		operator(page("GET", "/admin/calendar", PermCalendar, h.calendar), "admin.calendar.title", "calendar", 11),
		page("GET", "/admin/calendar/template.xlsx", PermCalendar, h.calendarTemplate),
		uploads(page("POST", "/admin/calendar/check", PermCalendar, h.checkCalendar)),
		page("POST", "/admin/calendar/import", PermCalendar, h.importCalendar),
		page("POST", "/admin/calendar/add", PermCalendar, h.putDay),
		page("POST", "/admin/calendar/days/{date}/remove", PermCalendar, h.removeDay),
	}
}

// calendarPage is a year of the calendar.
type calendarPage struct {
	Years []calendarYear
	Year  int
	Known bool
	Days  []calendarDay
}

// calendarYear is a year in the row of years.
type calendarYear struct {
	Year    int
	Known   bool
	Current bool
	Off     int      // days off by notice
	Work    int      // days worked in exchange
	Sources []string // the notices
}

// calendarDay is a day that a notice or an administrator names.
type calendarDay struct {
	deadline.Row
	Own bool // an administrator's row, which may be taken away
}

// Years on the page: from the first of the embedded calendar to the next but
// one.
const firstYear = 2019

func (h *Pages) calendarView(r *web.Request) (calendarPage, error) {
	v := calendarPage{Year: r.Today().Year()}
	if text := r.URL.Query().Get("year"); text != "" {
		var err error
		if v.Year, err = strconv.Atoi(text); err != nil || v.Year < firstYear || v.Year > r.Today().Year()+5 {
			return v, kernel.Missing("page", text)
		}
	}
	err := h.DB.View(r.Context(), func(ctx context.Context, q db.Q) error {
		calendar, err := deadline.Load(ctx, q)
		if err != nil {
			return err
		}
		own, err := deadline.Rows(ctx, q, v.Year)
		if err != nil {
			return err
		}
		v.Known = calendar.Known(v.Year)
		for year := firstYear; year <= max(r.Today().Year()+1, v.Year); year++ {
			v.Years = append(v.Years, yearOf(calendar, year, v.Year))
		}
		for _, row := range rowsOf(calendar, v.Year) {
			day := calendarDay{Row: row}
			for _, o := range own {
				day.Own = day.Own || o.Date == row.Date
			}
			v.Days = append(v.Days, day)
		}
		return nil
	})
	return v, err
}

// rowsOf are the days of a year that a notice or an administrator names.
func rowsOf(c *deadline.Calendar, year int) []deadline.Row {
	var out []deadline.Row
	for d := kernel.NewDate(year, 1, 1); d.Year() == year; d = d.AddDays(1) {
		if row, ok := c.Row(d); ok {
			out = append(out, row)
		}
	}
	return out
}

func yearOf(c *deadline.Calendar, year, current int) calendarYear {
	y := calendarYear{Year: year, Known: c.Known(year), Current: year == current}
	seen := map[string]bool{}
	for _, row := range rowsOf(c, year) {
		if row.Type == deadline.Off {
			y.Off++
		} else {
			y.Work++
		}
		if !seen[row.Source] {
			seen[row.Source] = true
			y.Sources = append(y.Sources, row.Source)
		}
	}
	return y
}

func (h *Pages) calendar(r *web.Request) error {
	v, err := h.calendarView(r)
	if err != nil {
		return err
	}
	return r.Render("admin/calendar", v)
}

// dayTable is the workbook of a year's days.
func dayTable() sheet.Table {
	text := func(zh, en string) kernel.Text { return kernel.Text{ZH: zh, EN: en} }
	return sheet.Table{Title: text("放假安排", "Days off"), MaxRows: 1000, Columns: []sheet.Column{
		{Name: "date", Title: text("日期", "Date"), Kind: sheet.Date, Required: true},
		{Name: "type", Title: text("放假或上班", "Off or working"), Kind: sheet.Choice, Required: true, Options: []sheet.Option{
			{Value: string(deadline.Off), Title: text("放假", "Off")}, {Value: string(deadline.Work), Title: text("上班", "Working")}}},
		{Name: "name", Title: text("节日", "Holiday"), Required: true, Max: 40},
		{Name: "source", Title: text("通知文号", "Notice"), Max: 100},
	}}
}

func (h *Pages) calendarTemplate(r *web.Request) error {
	return r.Stream(web.Download{Name: r.T("admin.calendar.template") + ".xlsx", Type: xlsx},
		func(w io.Writer) error { return dayTable().Template(w, r.Texts(), r.Lang) })
}

// xlsx is the type of workbooks.
const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// calendarCheck is what loading a list of days would do.
type calendarCheck struct {
	deadline.ImportReport
	Text   string // as CSV, sent again to load it
	Source string
	Lines  []calendarFault
}

// calendarFault is a bad line in words.
type calendarFault struct {
	Line int
	Why  string
}

// checkCalendar is the dry run: the days of a workbook, a CSV file or what was
// pasted, with what loading them would change.
func (h *Pages) checkCalendar(r *web.Request) error {
	var text []byte
	for file, err := range r.Files() {
		if err == nil {
			text, err = calendarText(r.Context(), file)
		}
		if err != nil {
			return h.refillCalendar(r, err)
		}
	}
	if len(text) == 0 {
		text = []byte(r.Sent().Get("text"))
	}
	source := strings.TrimSpace(r.Sent().Get("notice"))
	var c kernel.Check
	c.Length("notice", source, 100)
	if len(bytes.TrimSpace(text)) == 0 {
		c.Add("text", "required", "")
	}
	if err := c.Err(); err != nil {
		return h.refillCalendar(r, err)
	}
	rows, faults := deadline.ParseCSV(bytes.NewReader(text), source)
	rep, err := view(r.Context(), h.DB, func(ctx context.Context, q db.Q) (deadline.ImportReport, error) {
		return deadline.Preview(ctx, q, rows)
	})
	if err != nil {
		return err
	}
	v := calendarCheck{ImportReport: rep, Text: string(text), Source: source}
	for _, f := range faults {
		v.Lines = append(v.Lines, calendarFault{f.Line, r.Texts().Rule(r.Lang, f.FieldError)})
	}
	return r.Render("admin/calendar_check", v)
}

func (h *Pages) refillCalendar(r *web.Request, err error) error {
	v, lerr := h.calendarView(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill("admin/calendar", v, err)
}

// calendarText reads a file of days as CSV; of a workbook, each row comes to
// stand on the line that Excel counts, so that faults name it.
func calendarText(ctx context.Context, file *web.File) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(file, sheet.MaxFile+1))
	if err != nil || !bytes.HasPrefix(raw, []byte("PK")) {
		return raw, err
	}
	var out bytes.Buffer
	out.WriteString("date,type,name,source\n")
	line := 2
	var faults kernel.Check
	_, err = dayTable().Read(ctx, bytes.NewReader(raw), func(row *sheet.Row) error {
		for _, f := range row.Errors.Fields {
			f.Field = "file"
			faults.Fields = append(faults.Fields, f)
		}
		for ; line < row.Line; line++ {
			out.WriteByte('\n')
		}
		line++
		w := csv.NewWriter(&out)
		w.Write([]string{row.Date("date").String(), row.Text("type"), row.Text("name"), row.Text("source")})
		w.Flush()
		return w.Error()
	})
	if err == nil {
		err = faults.Err()
	}
	return out.Bytes(), err
}

// importCalendar loads what the dry run has shown.
func (h *Pages) importCalendar(r *web.Request) error {
	var in struct {
		Text   string `json:"text"`
		Notice string `json:"notice"`
	}
	if err := r.Decode(&in); err != nil {
		return h.refillCalendar(r, err)
	}
	rows, faults := deadline.ParseCSV(strings.NewReader(in.Text), in.Notice)
	if len(faults) > 0 || len(rows) == 0 {
		return h.refillCalendar(r, kernel.Bad("text", "format", ""))
	}
	var rep deadline.ImportReport
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		rep, err = deadline.Import(ctx, tx, r.Now(), r.Actor(), rows)
		return err
	})
	if err != nil {
		return h.refillCalendar(r, err)
	}
	r.Flash("admin.calendar.loaded", "added", len(rep.Added), "changed", len(rep.Changed))
	return r.Redirect("/admin/calendar?year=" + strconv.Itoa(rows[0].Date.Year()))
}

// putDay adds or corrects one day.
func (h *Pages) putDay(r *web.Request) error {
	var in struct {
		Date   kernel.Date `json:"date"`
		Type   string      `json:"type"`
		Name   string      `json:"name"`
		Source string      `json:"source"`
	}
	if err := r.Decode(&in); err != nil {
		return h.refillCalendar(r, err)
	}
	err := h.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return deadline.Put(ctx, tx, r.Now(), r.Actor(), deadline.Row{Date: in.Date, Type: deadline.DayType(in.Type), Name: in.Name, Source: in.Source})
	})
	if err != nil {
		return h.refillCalendar(r, err)
	}
	r.Flash("admin.flash.done")
	return r.Redirect("/admin/calendar?year=" + strconv.Itoa(in.Date.Year()))
}

func (h *Pages) removeDay(r *web.Request) error {
	date, err := kernel.ParseDate(r.PathValue("date"))
	if err != nil {
		return kernel.Missing("day", r.PathValue("date"))
	}
	return h.change(r, "/admin/calendar?year="+strconv.Itoa(date.Year()), func(ctx context.Context, tx *db.Tx) error {
		return deadline.Remove(ctx, tx, r.Now(), r.Actor(), date)
	})
}

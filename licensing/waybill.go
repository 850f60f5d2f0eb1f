package licensing

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"anlan/internal/kernel"
)

// Posting is a row of a carrier's list: this case went out as this parcel.
type Posting struct {
	CaseNumber string    `json:"case_number"`
	Carrier    string    `json:"carrier"`
	Waybill    string    `json:"waybill"`
	PostedAt   time.Time `json:"posted_at,omitzero"` // zero: now
	line       int       // in the file, 0: not from a file
	fault      error     // what could not be read
}

// Tracking is a row of a carrier's news about a parcel.
type Tracking struct {
	Carrier string         `json:"carrier,omitempty"` // "" when the waybill alone is enough
	Waybill string         `json:"waybill"`
	Status  TrackingStatus `json:"status"`
	At      time.Time      `json:"at,omitzero"` // zero: now
	Note    string         `json:"note,omitempty"`
	line    int            // in the file, 0: not from a file
	fault   error          // what could not be read
}

// TrackingStatus is what a carrier says of a parcel.
type TrackingStatus string

// The statuses.
const (
	InTransit     TrackingStatus = "in_transit"
	ParcelSigned  TrackingStatus = "signed"
	ParcelReturns TrackingStatus = "returned"
)

var trackingWords = map[string]TrackingStatus{
	"in_transit": InTransit, "在途": InTransit, "运输中": InTransit, "派送中": InTransit,
	"signed": ParcelSigned, "签收": ParcelSigned, "已签收": ParcelSigned, "妥投": ParcelSigned,
	"returned": ParcelReturns, "退回": ParcelReturns, "退件": ParcelReturns, "已退回": ParcelReturns,
}

// RowOutcome is what came of one row of an import.
type RowOutcome struct {
	Row        int    `json:"row"` // line of the file, the head is 1; of an API call the place from 1
	CaseNumber string `json:"case_number,omitempty"`
	Waybill    string `json:"waybill,omitempty"`
	Outcome    string `json:"outcome"` // "done", "would_do" (dry run), "already", "failed"
	Err        error  `json:"-"`       // why it failed
}

// maxImportRows bounds one file or call.
const maxImportRows = 5000

// maxCSVBytes bounds an uploaded list.
const maxCSVBytes = 4 << 20

// columnNames are the heads under which a column may stand.
type columnNames map[string][]string

var postingColumns = columnNames{
	"case_number": {"办件号", "办件编号", "case_number"},
	"carrier":     {"快递公司", "承运商", "carrier"},
	"waybill":     {"运单号", "快递单号", "邮件号", "waybill"},
	"posted_at":   {"寄出时间", "寄件时间", "posted_at"},
}

var trackingColumns = columnNames{
	"carrier": {"快递公司", "承运商", "carrier"},
	"waybill": {"运单号", "快递单号", "邮件号", "waybill"},
	"status":  {"状态", "物流状态", "status"},
	"at":      {"时间", "状态时间", "at"},
	"note":    {"说明", "备注", "退回原因", "note"},
}

// ParsePostings reads a carrier's list of parcels as CSV, UTF-8 or GBK, with a
// head. Carriers' lists have many columns of their own: those are passed over.
// A row that cannot be read is returned with its fault and fails alone.
func ParsePostings(r io.Reader) ([]Posting, error) {
	var out []Posting
	err := readCSV(r, postingColumns, []string{"case_number", "carrier", "waybill"}, func(c *kernel.Check, line int, cell func(string) string) {
		p := Posting{line: line, CaseNumber: cell("case_number"), Carrier: cell("carrier"), Waybill: cell("waybill"), PostedAt: moment(c, "posted_at", cell("posted_at"))}
		p.fault = c.Err()
		out = append(out, p)
	})
	return out, err
}

// ParseTrackings reads a carrier's news as CSV, UTF-8 or GBK, with a head.
func ParseTrackings(r io.Reader) ([]Tracking, error) {
	var out []Tracking
	err := readCSV(r, trackingColumns, []string{"waybill", "status"}, func(c *kernel.Check, line int, cell func(string) string) {
		status, ok := trackingWords[cell("status")]
		if !ok {
			c.Add("status", "one_of", cell("status"))
		}
		t := Tracking{line: line, Carrier: cell("carrier"), Waybill: cell("waybill"), Status: status, At: moment(c, "at", cell("at")), Note: cell("note")}
		t.fault = c.Err()
		out = append(out, t)
	})
	return out, err
}

// readCSV hands each row that is not blank to fn, whose cell finds a column by
// its name.
func readCSV(r io.Reader, names columnNames, required []string, fn func(c *kernel.Check, line int, cell func(string) string)) error {
	text, err := readText(r)
	if err != nil {
		return err
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	head, err := in.Read()
	if err != nil {
		return kernel.Bad("file", "csv", "")
	}
	index, err := findColumns(head, names, required)
	if err != nil {
		return err
	}
	for rows := 0; ; {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var check kernel.Check
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			check.Add("file", "csv", "", "line", wrong.Line)
			return check.Err()
		}
		if err != nil {
			return err
		}
		if blank(record) {
			continue
		}
		if rows++; rows > maxImportRows {
			check.Add("file", "too_many_rows", fmt.Sprint(rows), "max", maxImportRows)
			return check.Err()
		}
		line, _ := in.FieldPos(0)
		fn(&check, line, func(name string) string {
			if i, ok := index[name]; ok && i < len(record) {
				return clean(record[i])
			}
			return ""
		})
	}
}

// clean takes off space and what spreadsheets put around long numbers.
func clean(cell string) string {
	cell = strings.TrimSpace(cell)
	if rest, ok := strings.CutPrefix(cell, `="`); ok {
		cell = strings.TrimSuffix(rest, `"`)
	}
	return strings.TrimSpace(strings.TrimPrefix(cell, "'"))
}

func blank(record []string) bool {
	for _, cell := range record {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// readText reads a text file of at most maxCSVBytes as UTF-8; what is not
// UTF-8 is taken for GBK, as Chinese spreadsheets save it.
func readText(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxCSVBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxCSVBytes {
		return nil, kernel.Bad("file", "too_large", fmt.Sprint(len(b)))
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if bytes.IndexByte(b, 0) >= 0 {
		return nil, kernel.Bad("file", "encoding", "")
	}
	if utf8.Valid(b) {
		return b, nil
	}
	b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(b, utf8.RuneError) {
		return nil, kernel.Bad("file", "encoding", "")
	}
	return b, nil
}

// findColumns maps our names to the places of their heads.
func findColumns(head []string, names columnNames, required []string) (map[string]int, error) {
	index := map[string]int{}
	for i, h := range head {
		for name, heads := range names {
			for _, x := range heads {
				if strings.EqualFold(clean(h), x) {
					index[name] = i
				}
			}
		}
	}
	var c kernel.Check
	for _, name := range required {
		if _, ok := index[name]; !ok {
			c.Add("columns."+name, "required", names[name][0])
		}
	}
	return index, c.Err()
}

var momentLayouts = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05Z07:00", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006-01-02", "2006/1/2"}

// moment reads a time as carriers write it, in Shanghai unless it names its
// zone; "" is the zero time.
func moment(c *kernel.Check, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, kernel.Shanghai); err == nil {
			return t.UTC()
		}
	}
	c.Add(field, "datetime", text)
	return time.Time{}
}

package sheet

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"anlan/internal/kernel"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ReadCSV is Read for comma-separated text in UTF-8 (with or without byte
// order mark) or, as Chinese Excel writes it, GB 18030.
func (t Table) ReadCSV(ctx context.Context, r io.Reader, each func(*Row) error) (Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return Result{}, fmt.Errorf("sheet: read: %w", err)
	}
	if len(data) > MaxFile {
		return Result{}, fileError(errLarge)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, 0) >= 0 {
		return Result{}, kernel.Bad("file", "encoding", "")
	}
	if !utf8.Valid(data) {
		if data, err = simplifiedchinese.GB18030.NewDecoder().Bytes(data); err != nil || bytes.ContainsRune(data, utf8.RuneError) {
			return Result{}, kernel.Bad("file", "encoding", "")
		}
	}
	lines := csv.NewReader(bytes.NewReader(data))
	lines.FieldsPerRecord = -1
	rd := reader{table: t, each: each}
	for {
		record, err := lines.Read()
		if err == io.EOF {
			return rd.result, rd.end()
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			var c kernel.Check
			c.Add("file", "csv", "", "line", wrong.Line)
			return rd.result, c.Err()
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return rd.result, err
		}
		number, _ := lines.FieldPos(0)
		raw := rawRow{number: number, cells: map[int]cell{}}
		for i, text := range record {
			if strings.TrimSpace(text) != "" {
				raw.cells[i] = cell{cellText, text}
			}
		}
		if len(raw.cells) == 0 {
			continue
		}
		if err := rd.row(raw); err != nil {
			return rd.result, err
		}
	}
}

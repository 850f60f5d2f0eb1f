package sheet

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// cellKind is what Excel says a cell holds.
type cellKind int

const (
	cellEmpty cellKind = iota
	cellText
	cellNumber
	cellDate // a number whose style shows a date or time
	cellBool
	cellError
	cellFormula // a formula without a result
)

// cell is a cell as the file holds it.
type cell struct {
	kind cellKind
	text string // a number with the digits of the file
}

// rawRow is a row with its cells by column, counted from 0.
type rawRow struct {
	number int
	cells  map[int]cell
}

// rows calls visit for each row of a sheet that has a cell with something in
// it.
func (w *workbook) rows(file string, visit func(rawRow) error) error {
	d, end, ok, err := w.part(file)
	if err != nil {
		return err
	}
	if !ok {
		return errType
	}
	defer end()
	number, seen, inData := 0, 0, false
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch {
			case t.Name.Local == "sheetData":
				inData = true
			case t.Name.Local == "row" && inData:
				if number, err = rowNumber(t, number); err != nil {
					return err
				}
				cells, err := w.cells(d, &seen)
				if err != nil {
					return err
				}
				if len(cells) > 0 {
					if err := visit(rawRow{number, cells}); err != nil {
						return err
					}
				}
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return nil // what follows is formatting
			}
		}
	}
}

// rowNumber reads the number of a row, which rises.
func rowNumber(e xml.StartElement, before int) (int, error) {
	r := attr(e, "r")
	if r == "" {
		return before + 1, nil
	}
	n, err := strconv.Atoi(r)
	if err != nil || n <= before || n > 1<<20 {
		return 0, errType
	}
	return n, nil
}

// cells reads the cells of a row to its end; only those with something in
// them are returned.
func (w *workbook) cells(d *xml.Decoder, seen *int) (map[int]cell, error) {
	out := map[int]cell{}
	column := -1
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return out, nil
		case xml.StartElement:
			if t.Name.Local != "c" {
				if err := d.Skip(); err != nil {
					return nil, err
				}
				continue
			}
			if *seen++; *seen > maxCells {
				return nil, errLarge
			}
			column++
			if r := attr(t, "r"); r != "" {
				if column = columnOf(r); column < 0 {
					return nil, errType
				}
			}
			c, err := w.cell(d, t)
			if err != nil {
				return nil, err
			}
			if c.kind == cellEmpty {
				continue
			}
			if column >= maxColumn {
				return nil, errLarge
			}
			out[column] = c
		}
	}
}

// columnOf reads the column of a place such as "AB12", -1 when it is none.
func columnOf(place string) int {
	n := 0
	for i, r := range place {
		if r < 'A' || r > 'Z' {
			if i == 0 {
				return -1
			}
			return n - 1
		}
		if n = n*26 + int(r-'A') + 1; n > 1<<14 {
			return -1
		}
	}
	return -1
}

// cell reads one cell to its end.
func (w *workbook) cell(d *xml.Decoder, e xml.StartElement) (cell, error) {
	var value, inline string
	formula, result := false, false
	for {
		t, err := d.Token()
		if err != nil {
			return cell{}, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			if formula && !result {
				return cell{kind: cellFormula}, nil
			}
			return w.meaning(e, value, inline)
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				result = true
				value, err = plainText(d)
			case "is":
				inline, err = richText(d)
			default:
				formula = formula || t.Name.Local == "f"
				err = d.Skip()
			}
			if err != nil {
				return cell{}, err
			}
		}
	}
}

// plainText reads the characters up to the end of the element.
func plainText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			return "", errType
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

// meaning tells what a cell holds (ECMA-376, 18.3.1.4 and 18.18.11).
func (w *workbook) meaning(e xml.StartElement, value, inline string) (cell, error) {
	text := cell{kind: cellText}
	switch attr(e, "t") {
	case "s":
		if value == "" {
			return cell{}, nil
		}
		i, err := strconv.Atoi(value)
		if err != nil || i < 0 || i >= len(w.texts) {
			return cell{}, errType
		}
		text.text = w.texts[i]
	case "inlineStr":
		text.text = inline
	case "str":
		text.text = unescape(value)
	case "d": // ISO 8601, by strict writers
		return cell{cellText, value}, nil
	case "b":
		return cell{cellBool, value}, nil
	case "e":
		return cell{cellError, value}, nil
	case "", "n":
		if value == "" {
			return cell{}, nil
		}
		style, _ := strconv.Atoi(attr(e, "s"))
		if style >= 0 && style < len(w.dates) && w.dates[style] {
			return cell{cellDate, value}, nil
		}
		return cell{cellNumber, value}, nil
	default:
		return cell{}, errType
	}
	if strings.TrimSpace(text.text) == "" {
		return cell{}, nil
	}
	return text, nil
}

// Package sheet reads and writes Excel workbooks (.xlsx). A Table says which
// columns there are; from it come the template people fill in (Template), the
// reading of what they filled in row by row with every wrong cell named
// (Table.Read, Table.ReadCSV), and exports (NewWriter).
//
// Reading streams: a workbook of 10,000 rows needs the file and its shared
// texts in memory, never the cells. It is our own reader because what a cell
// means must be known exactly: whether digits were kept as text or as a number
// that lost some, whether a number is a date, whether a formula has a result.
// Files are bounded in size, unpacked size, rows and columns before anything
// is believed; a dry run is a Read whose callback writes nothing.
//
// Writing uses excelize. All text is written as text in cells formatted as
// text, so nothing that begins with = + - @ ever becomes a formula.
package sheet

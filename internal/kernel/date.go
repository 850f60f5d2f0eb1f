package kernel

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Date is a legal date in Asia/Shanghai, without a time of day. It is stored
// and exchanged as YYYY-MM-DD; the zero Date is stored as the empty string.
// Dates compare with == and Before.
type Date struct {
	days int32 // since 1970-01-01, plus one, so that the zero value is "no date"
}

const dateLayout = "2006-01-02"

// NewDate returns the date of a year, month and day; overflowing days and
// months roll over as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return dateOfUTC(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the date that the wall calendar in Asia/Shanghai shows at t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Shanghai).Date()
	return NewDate(y, m, d)
}

func dateOfUTC(t time.Time) Date {
	secs := t.Unix()
	days := secs / 86400
	if secs%86400 < 0 {
		days--
	}
	return Date{int32(days) + 1}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return Date{}, Bad("date", "date", s)
	}
	return dateOfUTC(t), nil
}

// MustDate is ParseDate for constants in code and tests.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(fmt.Sprintf("kernel: not a date: %q", s))
	}
	return d
}

func (d Date) utc() time.Time { return time.Unix(int64(d.days-1)*86400, 0).UTC() }

// IsZero reports whether d is "no date".
func (d Date) IsZero() bool { return d.days == 0 }

// String returns YYYY-MM-DD, or "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(dateLayout)
}

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date { return Date{d.days + int32(n)} }

// AddYears returns the same day n years later; 29 February becomes 1 March
// where the year has none.
func (d Date) AddYears(n int) Date { return dateOfUTC(d.utc().AddDate(n, 0, 0)) }

// AddMonths returns the same day n months later, rolling over short months.
func (d Date) AddMonths(n int) Date { return dateOfUTC(d.utc().AddDate(0, n, 0)) }

// Sub returns the days from e to d.
func (d Date) Sub(e Date) int { return int(d.days - e.days) }

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool { return d.days < e.days }

// After reports whether d is later than e.
func (d Date) After(e Date) bool { return d.days > e.days }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Year returns the calendar year.
func (d Date) Year() int { return d.utc().Year() }

// Month returns the calendar month.
func (d Date) Month() time.Month { return d.utc().Month() }

// Day returns the day of the month.
func (d Date) Day() int { return d.utc().Day() }

// Start is the first instant of the date in Asia/Shanghai.
func (d Date) Start() time.Time {
	t := d.utc()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Shanghai).UTC()
}

// End is the first instant after the date in Asia/Shanghai: a limit that ends
// on d has passed from End on.
func (d Date) End() time.Time { return d.AddDays(1).Start() }

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Value implements driver.Valuer.
func (d Date) Value() (driver.Value, error) { return d.String(), nil }

// Scan implements sql.Scanner.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	}
	return fmt.Errorf("kernel: cannot scan %T into a Date", src)
}

package i18n

import (
	"math"
	"strconv"
	"strings"
	"time"

	"anlan/internal/kernel"
)

// Date returns a legal date in words: 2026年5月6日, 6 May 2026; "" for none.
func (c *Catalogues) Date(lang string, d kernel.Date) string {
	if d.IsZero() {
		return ""
	}
	return c.T(lang, "date.long", c.parts(lang, d)...)
}

// Weekday returns the day of the week of d: 星期三, Wednesday; "" for none.
func (c *Catalogues) Weekday(lang string, d kernel.Date) string {
	if d.IsZero() {
		return ""
	}
	return c.T(lang, "date.weekday."+strconv.Itoa(int(d.Weekday())))
}

func (c *Catalogues) parts(lang string, d kernel.Date) []any {
	return []any{"y", strconv.Itoa(d.Year()), "d", strconv.Itoa(d.Day()),
		"m", c.T(lang, "date.month."+strconv.Itoa(int(d.Month())))}
}

// DateTime returns an instant in Asia/Shanghai to the minute:
// 2026年5月6日 14:05, 6 May 2026, 14:05; "" for the zero time.
func (c *Catalogues) DateTime(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	args := append(c.parts(lang, kernel.DateOf(t)), "time", Clock(t))
	return c.T(lang, "date.datetime", args...)
}

// Clock returns the time of day in Asia/Shanghai, 14:05.
func Clock(t time.Time) string { return t.In(kernel.Shanghai).Format("15:04") }

// Stamp returns an instant for tables and logs, 2026-05-06 14:05 in
// Asia/Shanghai; "" for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(kernel.Shanghai).Format("2006-01-02 15:04")
}

// Duration returns a length of time in its two largest units of day, hour,
// minute and second: 2 天 3 小时, 2 days 3 hours.
func (c *Catalogues) Duration(lang string, d time.Duration) string {
	if d < 0 {
		d = -d
	}
	var words []string
	for _, u := range []struct {
		key  string
		size time.Duration
	}{{"date.days", 24 * time.Hour}, {"date.hours", time.Hour}, {"date.minutes", time.Minute}, {"date.seconds", time.Second}} {
		n := d / u.size
		d -= n * u.size
		if n > 0 {
			words = append(words, c.T(lang, u.key, "n", int64(n)))
		}
		if len(words) == 2 || len(words) == 1 && n == 0 {
			break
		}
	}
	if len(words) == 0 {
		return c.T(lang, "date.seconds", "n", 0)
	}
	return strings.Join(words, " ")
}

// Ago says how far t lies from now in its largest unit: 3 小时前, in 2 days.
func (c *Catalogues) Ago(lang string, t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t)
	if d.Abs() < time.Minute {
		return c.T(lang, "date.now")
	}
	unit := time.Minute
	switch {
	case d.Abs() >= 24*time.Hour:
		unit = 24 * time.Hour
	case d.Abs() >= time.Hour:
		unit = time.Hour
	}
	span := c.Duration(lang, d.Abs().Truncate(unit))
	if d > 0 {
		return c.T(lang, "date.ago", "span", span)
	}
	return c.T(lang, "date.ahead", "span", span)
}

// Number returns n with its digits grouped by three, 12,345.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	return sign + group(s)
}

func group(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Decimal returns f with digits decimals (-1: as many as it needs), its
// integer part grouped; a value that is not a number is "–".
func Decimal(f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, frac, found := strings.Cut(s, ".")
	out := group(whole)
	if found {
		out += "." + frac
	}
	if f < 0 {
		out = "−" + out
	}
	return out
}

// Bytes returns a size in the unit a person would choose, 3.2 MB.
func Bytes(n int64) string {
	const step = 1024
	f, units := float64(n), []string{"B", "KB", "MB", "GB", "TB"}
	i := 0
	for f >= step && i < len(units)-1 {
		f /= step
		i++
	}
	if i == 0 || f >= 100 {
		return Decimal(f, 0) + " " + units[i]
	}
	return Decimal(f, 1) + " " + units[i]
}

// Package deadline is legal time: which days are working days (Calendar) and
// when a limit ends (Compute).
//
// Working days follow the State Council's yearly notice: weekend days worked
// in exchange (调休) count, holidays do not (行政许可法 art. 82). The years
// 2019–2026 are embedded; administrators add later years and corrections in
// the table deadline_days, every change audited. A day of a year that is not
// loaded is judged by its weekday alone and what depends on it is marked
// provisional.
//
// A clock is a list of events. Time left is computed when it is read, never
// counted up by a job, so no failed job can lose a day.
//
// Table owned: deadline_days.
package deadline

// Package number gives out the numbers of papers, cases and certificates
// (文号, 办件号, 证号). A number is taken in a short transaction of its own
// before the use case, and used or voided in the use case's transaction: so
// the counter of a series is never a hot row inside a long transaction, no
// number is ever given to two holders, and each number that was not used says
// why. A series need not be free of gaps; every gap is explained.
//
// Tables: number_series (the last value given out), number_numbers (each
// number with its holder or the reason why it has none). Nothing is deleted.
package number

// Package form turns a JSON Schema (2020-12) into a page a person can fill in
// and into checked data.
//
// Parse reads a schema whose root is an object; properties become fields,
// objects become fieldsets, arrays of objects become repeating rows and arrays
// of enumerated texts become checkboxes. HTML writes the fields so that they
// work without JavaScript: rows are added and removed by submit buttons (see
// Edit). Decode reads what the browser posts, Validate reports every broken
// rule under the name of its input, Summary lists the answers for a "check
// your answers" page.
//
// Input names are paths: "applicant.name", "materials.0.title" (rows count
// from 0). kernel.FieldError.Field is the same path, and ID(path) the id of
// the element an error summary links to.
//
// Besides the standard keywords a property may carry
//
//	x-title-en, x-description-en   English for title and description
//	x-hint, x-hint-en              help under the label
//	x-order                        place among its siblings (a number; without it, after those with one, as written)
//	x-widget                       textarea | radio | select | checkbox | tel | month
//	x-sensitive                    true: personal data, see Sensitive
//	x-check                        uscc | idnumber | phone | mobile | postcode: an identifier whose characters are checked;
//	                               not_expired: a date that must not lie before the day given to ValidateOn
//	x-only                         the one kind of application the property is for, see Form.For
//	x-unit, x-unit-en              shown behind a number
//	x-autocomplete                 the autocomplete token of HTML
//	x-enum-titles, x-enum-titles-en  texts of the values in enum, in the same order
//
// What a person types is never dropped: a number that cannot be read stays in
// the data as text and Validate reports it.
package form

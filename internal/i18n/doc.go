// Package i18n holds every word that Anlan shows, in Chinese and English.
//
// Each package that shows text keeps locale/zh-CN.json and locale/en.json: a
// flat object of key → text. Keys start with the package's name
// ("licensing.case.title"); those every package shares (error.*, rule.*,
// common.*, date.*) live in this package's own locale directory.
//
// A text holds placeholders: {name} is replaced by the argument of that name,
// and {name|one|many} by the first text when the argument is 1 and by the
// second otherwise (English needs it, Chinese does not). "{{" stands for a
// brace. Both languages must have the same keys and the same placeholders;
// Load refuses catalogues that do not.
package i18n

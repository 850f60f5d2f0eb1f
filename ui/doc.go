// Package ui is the look of Anlan: page frames and components as templates,
// style sheets, small scripts, icons, the vendored browser libraries with
// their licences, and pictures drawn on the server (bars, sparklines, the
// map). It holds no logic of any room and knows nothing of HTTP.
//
// A component takes named arguments, all optional unless its comment says
// otherwise, and stands in components/*.html with a comment that lists them:
//
//	{{template "field" (args $ "name" "phone" "label" (t "common.phone") "required" true)}}
//
// Styles use custom properties and logical properties; the root element's
// attributes data-elder, data-contrast and data-theme change the look. The
// oldest browser that must work is Chromium 86.
package ui

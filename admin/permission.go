package admin

import "anlan/internal/auth"

// The permissions of the pages of the machinery. What a package has
// permissions of its own for (accounts, organisation, audit) needs those.
const (
	PermConsole  auth.Permission = "admin.console"         // an officer's to-do list over all rooms
	PermAssign   auth.Permission = "admin.worklist.assign" // give a to-do to somebody else
	PermOperate  auth.Permission = "admin.operate"         // jobs, events, deliveries, exchange, status
	PermSettings auth.Permission = "admin.settings"        // settings, each from a date on
	PermCalendar auth.Permission = "admin.calendar"        // working days of coming years
)

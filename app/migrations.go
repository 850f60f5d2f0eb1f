package app

import (
	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/job"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/search"
	"anlan/internal/settings"
	"anlan/internal/web"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/registry"
)

// Migrations is the schema of the business database, package by package.
func Migrations() []db.Migrations {
	return []db.Migrations{
		audit.Migrations(),
		event.Migrations(),
		deadline.Migrations(),
		job.Migrations(),
		number.Migrations(),
		personal.Migrations(),
		search.Migrations(),
		settings.Migrations(),
		auth.Migrations(),
		notify.Migrations(),
		worklist.Migrations(),
		exchange.Migrations(),
		web.Migrations(),
		registry.Migrations(),
		licensing.Migrations(),
	}
}

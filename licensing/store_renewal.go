package licensing

import (
	"context"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

func listContacts(ctx context.Context, q db.Q, licenceID string) ([]Contact, error) {
	return db.All(ctx, q, func(s db.Scanner) (c Contact, err error) {
		var at int64
		err = s.Scan(&c.ID, &c.LicenceID, &at, &c.Officer, &c.OfficerName, &c.Channel, &c.Reached, &c.Explained, &c.Confirmed, &c.Note, &c.PointID, &c.EndsOn, &c.DaysLeft)
		c.At = kernel.FromMicros(at)
		return c, err
	}, `SELECT id, licence_id, at, officer, officer_name, channel, reached, explained, confirmed, note, point_id, ends_on, days_left
		FROM licensing_contacts WHERE licence_id = $1 ORDER BY id`, licenceID)
}

func insertContact(ctx context.Context, tx *db.Tx, c Contact) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_contacts (id, licence_id, at, officer, officer_name, channel, reached, explained, confirmed, note, point_id, ends_on, days_left)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		c.ID, c.LicenceID, kernel.Micros(c.At), c.Officer, c.OfficerName, c.Channel, c.Reached, c.Explained, c.Confirmed, c.Note, c.PointID, c.EndsOn, c.DaysLeft)
	return err
}

const selectPoint = `SELECT id, holder, key_id, name, post, phone, dead_at, created_at FROM licensing_contact_points `

func scanPoint(s db.Scanner) (p ContactPoint, err error) {
	var dead, created int64
	err = s.Scan(&p.ID, &p.Holder, &p.KeyID, &p.Name, &p.Post, &p.Phone, &dead, &created)
	p.DeadAt, p.CreatedAt = kernel.FromMicros(dead), kernel.FromMicros(created)
	return p, err
}

func listPoints(ctx context.Context, q db.Q, holder string) ([]ContactPoint, error) {
	return db.All(ctx, q, scanPoint, selectPoint+`WHERE holder = $1 ORDER BY id`, holder)
}

func getPoint(ctx context.Context, q db.Q, holder, id string) (ContactPoint, error) {
	p, err := db.One(ctx, q, scanPoint, selectPoint+`WHERE holder = $1 AND id = $2`, holder, id)
	return p, db.Found(err, "contact point", id)
}

// putPoint stores a contact point; the same telephone of the same holder is
// the same point, alive again.
func putPoint(ctx context.Context, tx *db.Tx, p ContactPoint, phoneHash, by string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_contact_points (id, holder, key_id, name, post, phone, phone_hash, dead_at, created_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
		ON CONFLICT (holder, phone_hash) DO UPDATE SET name = excluded.name, post = excluded.post, dead_at = 0`,
		p.ID, p.Holder, p.KeyID, p.Name, p.Post, string(p.Phone), phoneHash, kernel.Micros(p.CreatedAt), by)
	return err
}

func killPoint(ctx context.Context, tx *db.Tx, id string, now time.Time) error {
	return db.Changed(tx.ExecContext(ctx, `UPDATE licensing_contact_points SET dead_at = $1 WHERE id = $2`, kernel.Micros(now), id))
}

func scanMaterial(s db.Scanner) (m LicenceMaterial, err error) {
	var at int64
	err = s.Scan(&m.LicenceID, &m.Material, &m.Name, &m.ValidTo, &at)
	m.At = kernel.FromMicros(at)
	return m, err
}

// listMaterials returns what a renewal needs, the first to lapse first.
func listMaterials(ctx context.Context, q db.Q, licenceID string) ([]LicenceMaterial, error) {
	return db.All(ctx, q, scanMaterial, `SELECT licence_id, material, name, valid_to, at FROM licensing_licence_materials WHERE licence_id = $1 ORDER BY valid_to, material`, licenceID)
}

func putMaterial(ctx context.Context, tx *db.Tx, m LicenceMaterial, by kernel.Actor) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO licensing_licence_materials (licence_id, material, name, valid_to, at, actor) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (licence_id, material) DO UPDATE SET name = excluded.name, valid_to = excluded.valid_to, at = excluded.at, actor = excluded.actor`,
		m.LicenceID, m.Material, m.Name, m.ValidTo, kernel.Micros(m.At), by.ID)
	return err
}

// live is the condition that a licence has not ended by an act.
const live = `l.state IN ('valid', 'changing', 'renewing', 'suspended')`

// expiring returns a page of licences about whose renewal nothing was filed
// and whose day lies in a span.
func expiring(ctx context.Context, q db.Q, from, to kernel.Date, after LicenceCursor, limit int) ([]*Licence, error) {
	return db.All(ctx, q, scanLicence, selectLicence+`WHERE `+live+` AND l.pending_case = '' AND l.watch_on >= $1 AND l.watch_on <= $2
		AND (l.watch_on, l.id) > ($3, $4) ORDER BY l.watch_on, l.id LIMIT $5`, from, to, after.EndsOn, after.ID, limit)
}

// licencesOfHolder returns a holder's licences that expiring would return.
func licencesOfHolder(ctx context.Context, q db.Q, l *Licence, from, to kernel.Date) ([]*Licence, error) {
	column, value := "l.id", l.ID
	switch {
	case l.EnterpriseID != "":
		column, value = "l.enterprise_id", l.EnterpriseID
	case l.Account != "":
		column, value = "l.enterprise_id = '' AND l.account", l.Account
	}
	return db.All(ctx, q, scanLicence, selectLicence+`WHERE `+column+` = $1 AND `+live+` AND l.pending_case = '' AND l.watch_on >= $2 AND l.watch_on <= $3
		ORDER BY l.watch_on, l.id LIMIT 200`, value, from, to)
}

// isReminded reports whether a window of a last day was already told.
func isReminded(ctx context.Context, q db.Q, l *Licence, days int) (bool, error) {
	n, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM licensing_reminders WHERE licence_id = $1 AND ends_on = $2 AND days = $3`, l.ID, l.Watch(), days)
	return n > 0, err
}

// markReminded records that a window was told and reports whether this call
// was the first.
func markReminded(ctx context.Context, tx *db.Tx, l *Licence, days int, message string, now time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO licensing_reminders (licence_id, ends_on, days, holder, message, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (licence_id, ends_on, days) DO NOTHING`, l.ID, l.Watch(), days, l.HolderKey(), message, kernel.Micros(now))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// dueForDeeming lists licences whose timely renewal is undecided although the
// last day has passed (art. 50).
func dueForDeeming(ctx context.Context, q db.Q, today kernel.Date, limit int) ([]string, error) {
	return db.Column[string](ctx, q, `SELECT l.id FROM licensing_licences l WHERE l.state = 'renewing' AND l.timely = TRUE AND l.deemed_on = ''
		AND l.ends_on <> '' AND l.ends_on < $1 ORDER BY l.ends_on, l.id LIMIT $2`, today, limit)
}

func (f DueFilter) where(scope auth.Scope, today kernel.Date) db.Where {
	var w db.Where
	w.And(live)
	w.And("l.watch_on <> '' AND l.watch_on >= ? AND l.watch_on <= ?", today.AddDays(-f.Lapsed), today.AddDays(f.Within))
	if !f.Filed {
		w.And("l.pending_case = ''")
	}
	if f.Area != "" {
		w.And("l.area = ?", f.Area)
	}
	if f.Item != "" {
		w.And("l.item = ?", f.Item)
	}
	const tried = `EXISTS (SELECT 1 FROM licensing_contacts k WHERE k.licence_id = l.id AND k.ends_on = l.watch_on`
	if f.Unreachable {
		w.And(tried + `) AND NOT ` + tried + ` AND k.reached = TRUE)`)
	}
	if f.Unconfirmed {
		w.And(`NOT ` + tried + ` AND k.confirmed = TRUE)`)
	}
	scope.Where(&w, licenceColumns)
	return w
}

func listDue(ctx context.Context, q db.Q, scope auth.Scope, f DueFilter, today kernel.Date) ([]DueRow, error) {
	w := f.where(scope, today)
	if f.After.ID != "" {
		w.And("(l.watch_on, l.id) > (?, ?)", f.After.EndsOn, f.After.ID)
	}
	const ofLicence = ` FROM licensing_contacts k WHERE k.licence_id = l.id AND k.ends_on = l.watch_on`
	return db.All(ctx, q, func(s db.Scanner) (DueRow, error) { return scanDueRow(s, today) },
		`SELECT l.id, l.number, l.issue, l.item, l.category, l.holder, l.area, l.authority, l.state, l.timely, l.deemed_on, l.ends_on, l.valid_to, l.extended_to,
			l.issued_on, l.imported, l.sample, l.enterprise_id, l.watch_on, l.pending_case,
			(SELECT COALESCE(MIN(r.days), 0) FROM licensing_reminders r WHERE r.licence_id = l.id AND r.ends_on = l.watch_on),
			(SELECT COUNT(*)`+ofLicence+`), (SELECT COUNT(*)`+ofLicence+` AND k.reached = TRUE), (SELECT COUNT(*)`+ofLicence+` AND k.confirmed = TRUE),
			(SELECT COALESCE(MAX(k.at), 0)`+ofLicence+`),
			COALESCE((SELECT m.valid_to FROM licensing_licence_materials m WHERE m.licence_id = l.id ORDER BY m.valid_to, m.material LIMIT 1), ''),
			COALESCE((SELECT m.name FROM licensing_licence_materials m WHERE m.licence_id = l.id ORDER BY m.valid_to, m.material LIMIT 1), '')
		FROM licensing_licences l `+w.SQL()+w.Bind(` ORDER BY l.watch_on, l.id LIMIT ?`, f.Limit), w.Args...)
}

func scanDueRow(s db.Scanner, today kernel.Date) (DueRow, error) {
	var r DueRow
	var l Licence
	var last int64
	err := s.Scan(&r.ID, &r.Number, &r.Issue, &r.Item, &r.Category, &r.Holder, &r.Area, &r.Authority, &l.State, &l.Timely, &l.DeemedOn, &r.EndsOn, &l.ValidTo,
		&l.ExtendedTo, &r.IssuedOn, &r.Imported, &r.Sample, &r.EnterpriseID, &r.WatchOn, &r.Pending, &r.Reminded, &r.Tries, &r.Reached, &r.Confirmed, &last,
		&r.FirstLapse, &r.FirstName)
	r.ValidTo, r.Extended, r.State = l.ValidTo, !l.ExtendedTo.IsZero(), l.StateOn(today)
	r.DaysLeft, r.LastContact = r.WatchOn.Sub(today), kernel.FromMicros(last)
	return r, err
}

func countDue(ctx context.Context, q db.Q, scope auth.Scope, f DueFilter, today kernel.Date) (int64, error) {
	w := f.where(scope, today)
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_licences l `+w.SQL()+w.Bind(` LIMIT ?`, TotalCap+1)+`) t`, w.Args...)
}

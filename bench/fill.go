package bench

import (
	"context"
	"fmt"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Filling says how large a sample city shall become.
type Filling struct {
	Cases int // made, at most 9,999,999
	Open  int // of those, not yet closed
}

// FilledPhone is the applicant's telephone of every case that Fill makes.
const FilledPhone = "13800138000"

// FilledNumber is the number of the n-th case that Fill makes, from 1.
func FilledNumber(n int) string { return fmt.Sprintf("120000-20200101-F%07d", n) }

// fillSlice is how many cases are made in one transaction.
const fillSlice = 500

// Fill multiplies the cases of a sample city. They are spread over all
// districts and zones, desks and items, with due days from two months ago to
// two months ahead for those that are open (but none that silence would
// accept) and in the past for the others; each has three lines in its story. They hold no personal data but the hash
// of one telephone number, and are marked as sample. It refuses a database
// that holds anything else.
func Fill(ctx context.Context, d *db.DB, f Filling, today kernel.Date, phoneHash string, report func(done int)) error {
	var check kernel.Check
	if f.Cases < 1 || f.Cases > 9_999_999 {
		check.Add("cases", "range", fmt.Sprint(f.Cases), "min", 1, "max", 9_999_999)
	}
	if f.Open < 0 || f.Open > f.Cases {
		check.Add("open", "range", fmt.Sprint(f.Open), "min", 0, "max", f.Cases)
	}
	if err := check.Err(); err != nil {
		return err
	}
	if err := d.View(ctx, onlySample); err != nil {
		return err
	}
	for from := 1; from <= f.Cases; from += fillSlice {
		to := min(from+fillSlice-1, f.Cases)
		err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return f.slice(ctx, tx, from, to, today, phoneHash)
		})
		if err != nil {
			return fmt.Errorf("cases %d to %d: %w", from, to, err)
		}
		report(to)
	}
	return nil
}

// onlySample looks at any case that is not sample.
func onlySample(ctx context.Context, q db.Q) error {
	real, err := db.Value[int64](ctx, q, `SELECT COUNT(*) FROM (SELECT 1 FROM licensing_cases WHERE sample = FALSE LIMIT 1) t`)
	if err == nil && real > 0 {
		err = kernel.Bad("data", "not_sample", "")
	}
	return err
}

// slice makes the cases from from up to to. Every fifth of a hundred cases
// has a handler; the whole part of n divided by something else chooses each
// column, so that no two columns go together.
func (f Filling) slice(ctx context.Context, tx *db.Tx, from, to int, today kernel.Date, phoneHash string) error {
	_, err := tx.ExecContext(ctx, `
		WITH RECURSIVE numbers (n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < $2),
		days (d, day) AS (`+fillDays(today)+`),
		areas (i, code) AS (SELECT ROW_NUMBER() OVER (ORDER BY code) - 1, code FROM registry_areas WHERE kind IN ('district', 'zone')),
		items (i, item, rule_version, applicant, form, delivery) AS (SELECT ROW_NUMBER() OVER (ORDER BY id) - 1, item, rule_version, applicant, form, delivery
			FROM licensing_cases WHERE id > '00000000-0000-8' AND number <> ''),
		made AS (SELECT n, n <= CAST($3 AS BIGINT) AS open, (n / 7) % 8 AS desk, SUBSTR(CAST(10000000 + n AS TEXT), 2) AS digits FROM numbers)
		INSERT INTO licensing_cases (id, number, item, rule_version, state, step, area, authority, supervisor,
			account, enterprise_id, applicant, applicant_kind, key_id, form, delivery, phone_hash, delivery_mode, licence_id,
			promise, handler, handler_name, receipt_on, accepted_on, decided_on, due, promised_due, paused,
			correction_sent, submitted_at, closed_at, created_at, updated_at, version, sample)
		SELECT '00000000-0000-7000-8000-00000' || digits, '120000-20200101-F' || digits, items.item, items.rule_version,
			CASE WHEN NOT open THEN CASE WHEN n % 10 = 0 THEN 'denied' ELSE 'granted' END
				WHEN desk < 2 THEN 'submitted' WHEN desk = 7 THEN 'granted' WHEN desk = 6 THEN 'correcting' ELSE 'accepted' END,
			CASE WHEN NOT open THEN 'done' WHEN desk < 2 THEN 'intake' WHEN desk = 2 THEN 'review' WHEN desk = 3 THEN 'check' WHEN desk = 4 THEN 'examine'
				WHEN desk = 5 THEN 'approve' WHEN desk = 6 THEN 'applicant' ELSE 'make' END,
			areas.code, '', '', 'bench', '', items.applicant, 'enterprise', '', items.form, items.delivery, $4, 'mail', '',
			'', CASE WHEN open AND n % 100 < 20 THEN 'officer-' || SUBSTR(CAST(1000 + n % 300 AS TEXT), 2) ELSE '' END, '', days.day, '', CASE WHEN open THEN '' ELSE days.day END,
			CASE WHEN open AND desk = 6 THEN '' ELSE days.day END, '', open AND n % 50 = 0,
			FALSE, n, CASE WHEN open THEN 0 ELSE n END, n, n, 1, TRUE
		FROM made JOIN days ON days.d = CASE WHEN NOT open THEN 120 + (n / 3) % 120 WHEN desk < 2 THEN 61 + (n / 3) % 59 ELSE (n / 3) % 120 END
			JOIN areas ON areas.i = n % (SELECT COUNT(*) FROM areas) JOIN items ON items.i = (n / 11) % (SELECT COUNT(*) FROM items)`,
		from, to, f.Open, phoneHash)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		WITH RECURSIVE numbers (n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < $2),
		lines (line, act) AS (VALUES (1, 'submit'), (2, 'accept'), (3, 'pass_on'))
		INSERT INTO licensing_case_log (id, case_id, at, actor, actor_name, act, note, open_to_applicant)
		SELECT '00000000-0000-7000-800' || line || '-00000' || SUBSTR(CAST(10000000 + n AS TEXT), 2), '00000000-0000-7000-8000-00000' || SUBSTR(CAST(10000000 + n AS TEXT), 2),
			n, 'bench', '', act, '', TRUE FROM numbers CROSS JOIN lines`, from, to)
	return err
}

// fillDays are the due days: 0 to 119 around today, 120 to 239 long ago.
func fillDays(today kernel.Date) string {
	text := ""
	for d := range 240 {
		day := today.AddDays(d - 60)
		if d >= 120 {
			day = today.AddDays(-600 + d)
		}
		if d > 0 {
			text += " UNION ALL "
		}
		text += fmt.Sprintf("SELECT %d, '%s'", d, day)
	}
	return text
}

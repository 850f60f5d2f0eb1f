package licensing

import (
	"context"
	"strconv"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/worklist"
)

// todoRating is the to-do about a bad rating: it must be answered.
const todoRating = "licensing.rating"

// answerRatingWithin is how soon a bad rating is answered, in natural days.
const answerRatingWithin = 5

// Rating is 好差评: what the applicant says of how a case was handled, once.
type Rating struct {
	CaseID     string
	Number     string
	Item       string
	Area       string
	Applicant  string
	Stars      int64 // 1 … 5; 1 and 2 are bad and must be answered
	Text       string
	At         time.Time
	Answer     string
	AnsweredAt time.Time
	AnsweredBy string
}

// Bad reports whether the rating must be answered.
func (r Rating) Bad() bool { return r.Stars <= 2 }

const selectRating = `SELECT r.case_id, c.number, r.item, r.area, c.applicant, r.stars, r.text, r.at, r.answer, r.answered_at, r.answered_by_name
	FROM licensing_ratings r JOIN licensing_cases c ON c.id = r.case_id `

func scanRating(s db.Scanner) (r Rating, err error) {
	var at, answered int64
	err = s.Scan(&r.CaseID, &r.Number, &r.Item, &r.Area, &r.Applicant, &r.Stars, &r.Text, &at, &r.Answer, &answered, &r.AnsweredBy)
	r.At, r.AnsweredAt = kernel.FromMicros(at), kernel.FromMicros(answered)
	return r, err
}

// Rate records the applicant's rating of a case that has ended; one per case.
func (s *Service) Rate(ctx context.Context, p *auth.Principal, caseID string, stars int, text string) error {
	var check kernel.Check
	if stars < 1 || stars > 5 {
		check.Add("stars", "range", strconv.Itoa(stars), "min", 1, "max", 5)
	}
	check.Length("text", text, 500)
	if err := check.Err(); err != nil {
		return err
	}
	if err := allow(p, PermApply); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.Clock.Now()
		c, err := getCase(ctx, tx, p.Scope, caseID)
		if err != nil {
			return err
		}
		if !c.Ended() || c.Number == "" {
			return c.wrongState("rate")
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO licensing_ratings (case_id, area, item, stars, text, at, answer, answered_at, answered_by, answered_by_name)
			VALUES ($1, $2, $3, $4, $5, $6, '', 0, '', '')`, c.ID, c.Area, c.Item, stars, text, kernel.Micros(now))
		if db.IsUnique(err) {
			return kernel.Clash("licensing.error.rated", nil)
		}
		if err != nil {
			return err
		}
		if stars <= 2 {
			err := worklist.Open(ctx, tx, now, worklist.Item{Kind: todoRating, Subject: "rating:" + c.ID, Role: RoleApprover, Area: c.Area, Room: "licensing",
				Title: kernel.Text{ZH: "差评回访：" + c.Applicant + " " + c.Number, EN: "Answer a bad rating: " + c.Applicant + " " + c.Number},
				Link:  "/licensing/ratings", Due: kernel.DateOf(now).AddDays(answerRatingWithin).End()})
			if err != nil {
				return err
			}
		}
		if err := s.sendRating(ctx, tx, c, stars, now, p.Actor); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: p.Actor, Action: "licensing.case.rate", Subject: c.Subject(), After: map[string]int{"stars": stars}})
	})
}

// AnswerRating records what was done about a rating; the applicant reads it.
func (s *Service) AnswerRating(ctx context.Context, p *auth.Principal, caseID, answer string) error {
	var check kernel.Check
	check.Text("answer", answer, 1000)
	if err := check.Err(); err != nil {
		return err
	}
	_, err := s.act(ctx, doing{by: p, needs: PermApprove, caseID: caseID, name: "answer_rating", note: answer}, func(ctx context.Context, sc *scene) error {
		err := db.Changed(sc.tx.ExecContext(ctx, `UPDATE licensing_ratings SET answer = $1, answered_at = $2, answered_by = $3, answered_by_name = $4 WHERE case_id = $5 AND answered_at = 0`,
			answer, kernel.Micros(sc.now), sc.by.ID, sc.by.Name, caseID))
		if err != nil {
			return err
		}
		return worklist.Close(ctx, sc.tx, sc.now, todoRating, "rating:"+caseID)
	})
	return err
}

// RatingOf returns the rating of a case, nil when there is none.
func (s *Service) RatingOf(ctx context.Context, p *auth.Principal, caseID string) (*Rating, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (*Rating, error) {
		if _, err := seenCase(ctx, q, p, caseID); err != nil {
			return nil, err
		}
		return ratingOf(ctx, q, caseID)
	})
}

// ratingOf is the rating of a case that the caller may see, nil for none.
func ratingOf(ctx context.Context, q db.Q, caseID string) (*Rating, error) {
	all, err := db.All(ctx, q, scanRating, selectRating+`WHERE r.case_id = $1`, caseID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Ratings lists ratings in scope, the newest first; open leaves only bad ones
// without an answer.
func (s *Service) Ratings(ctx context.Context, p *auth.Principal, open bool, limit int) ([]Rating, error) {
	if err := allow(p, PermRead); err != nil {
		return nil, err
	}
	var w db.Where
	if open {
		w.And("r.stars <= 2 AND r.answered_at = 0")
	}
	p.Scope.Where(&w, caseColumns)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Rating, error) {
		return db.All(ctx, q, scanRating, selectRating+w.SQL()+w.Bind(` ORDER BY r.at DESC, r.case_id LIMIT ?`, orInt(limit, 50)), w.Args...)
	})
}

// RatingTally is how cases were rated in a time.
type RatingTally struct {
	Count int64
	Sum   int64 // of stars
	Bad   int64
}

// RatingsBetween tallies the ratings given between two days, both included.
func (s *Service) RatingsBetween(ctx context.Context, scope auth.Scope, from, to kernel.Date) (RatingTally, error) {
	var w db.Where
	w.And("r.at >= ? AND r.at < ?", kernel.Micros(from.Start()), kernel.Micros(to.End()))
	scope.Where(&w, caseColumns)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (RatingTally, error) {
		return db.One(ctx, q, func(s db.Scanner) (t RatingTally, err error) { return t, s.Scan(&t.Count, &t.Sum, &t.Bad) },
			`SELECT COUNT(*), COALESCE(SUM(r.stars), 0), COUNT(CASE WHEN r.stars <= 2 THEN 1 END) FROM licensing_ratings r JOIN licensing_cases c ON c.id = r.case_id `+w.SQL(), w.Args...)
	})
}

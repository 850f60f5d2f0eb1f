package licensing

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Progress is what anyone may learn of a case by its number and the
// applicant's telephone number: nothing personal.
type Progress struct {
	Number      string      `json:"number"`
	Item        kernel.Text `json:"item"`
	State       State       `json:"state"`
	Step        Step        `json:"step"`
	SubmittedOn kernel.Date `json:"submitted_on"`
	Due         kernel.Date `json:"due"`
	Paused      bool        `json:"paused"`
	Log         []LogLine   `json:"log"`
}

// Progress answers the public query. A number that does not exist and a
// telephone that does not fit give the same answer.
func (s *Service) Progress(ctx context.Context, number, phone string) (Progress, error) {
	hash := s.Vault.Hash("phone", phone)
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) (Progress, error) {
		c, err := getCaseByNumber(ctx, q, number)
		if err != nil || c.PhoneHash == "" || c.PhoneHash != hash {
			return Progress{}, kernel.Missing("case", number)
		}
		log, err := listLog(ctx, q, c.ID, true)
		for i := range log {
			log[i].ActorName = ""
			if !wordOnly[log[i].Act] {
				log[i].Note = ""
			}
		}
		return Progress{Number: c.Number, Item: s.itemTitle(c.Item), State: c.State, Step: c.Step, SubmittedOn: kernel.DateOf(c.SubmittedAt),
			Due: c.Due, Paused: c.Paused, Log: log}, err
	})
}

// wordOnly are the acts whose note is a word of the program, never what
// somebody typed.
var wordOnly = map[string]bool{"decide": true, "pause": true}

// progressCode is what a code sent for this query proves.
const progressCode = "licensing.progress"

// ProgressQuery names a case as its applicant does.
type ProgressQuery struct {
	Number string
	Phone  string
}

func (p ProgressQuery) check() error {
	var c kernel.Check
	c.Text("number", p.Number, 60)
	if p.Phone == "" {
		c.Add("phone", "required", "")
	} else {
		c.Merge("", kernel.CheckMobile("phone", p.Phone))
	}
	return c.Err()
}

// AskProgress sends a code to the telephone of a case. The answer is the same
// whether or not there is such a case, so that nobody learns who applied.
func (s *Service) AskProgress(ctx context.Context, in ProgressQuery, addr, lang string) error {
	if err := in.check(); err != nil {
		return err
	}
	return s.Codes.Request(ctx, auth.CodeRequest{Purpose: progressCode, Phone: in.Phone, Addr: addr, Lang: lang,
		Decide: func(ctx context.Context, tx *db.Tx) (string, error) {
			c, err := getCaseByNumber(ctx, tx, in.Number)
			switch {
			case kernel.KindOf(err) == kernel.NotFound, err == nil && c.PhoneHash != s.Vault.Hash("phone", in.Phone):
				return "", nil
			case err != nil:
				return "", err
			}
			return auth.CodeTemplate, nil
		}})
}

// ProgressByCode shows a case to whoever holds its telephone.
func (s *Service) ProgressByCode(ctx context.Context, in ProgressQuery, code string) (Progress, error) {
	if err := in.check(); err != nil {
		return Progress{}, err
	}
	if _, err := s.Codes.Verify(ctx, progressCode, in.Phone, code); err != nil {
		return Progress{}, err
	}
	return s.Progress(ctx, in.Number, in.Phone)
}

package licensing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/document"
	"anlan/internal/kernel"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/registry"
)

// paperMark is the word of a kind in its 文号; kinds without one carry no
// number of their own.
var paperMark = map[PaperKind]string{
	PaperReceipt: "收", PaperCorrection: "补", PaperAcceptance: "受", PaperRefusal: "不受", PaperSpecial: "特告", PaperExtension: "延",
	PaperGrant: "准", PaperDenial: "不准", PaperOpinion: "审", PaperFiling: "备", PaperDeliveryReceipt: "送",
}

// paperNumber takes the next 文号 of an area, kind and year, in a short
// transaction of its own. A kind without numbers returns "".
func (s *Service) paperNumber(ctx context.Context, area string, kind PaperKind, actor kernel.Actor) (text string, n number.Number, err error) {
	mark, numbered := paperMark[kind]
	if !numbered {
		return "", n, nil
	}
	organ, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (string, error) { return organMark(ctx, q, area) })
	if err != nil {
		return "", n, err
	}
	year := kernel.DateOf(s.Clock.Now()).Year()
	n, err = s.Numbers.Take(ctx, fmt.Sprintf("licensing.paper/%s/%s/%d", area, kind, year), actor)
	if err != nil {
		return "", n, err
	}
	return fmt.Sprintf("%s%s〔%d〕%d号", organ, mark, year, n.Value), n, nil
}

// organMark begins the numbers of an area's papers: 津应急许 for the city,
// 津和平应急许 for a district. No two areas share one.
func organMark(ctx context.Context, q db.Q, area string) (string, error) {
	if area == "" || area == registry.CityCode {
		return "津应急许", nil
	}
	a, err := registry.GetArea(ctx, q, area)
	if err != nil {
		return "", err
	}
	return "津" + strings.TrimSuffix(a.Name.ZH, "区") + "应急许", nil
}

// preparePaper stores what will stand on a paper; a job sets, files and seals
// it after the commit. The print data are encrypted with the owner's key.
func (s *Service) preparePaper(ctx context.Context, tx *db.Tx, d PaperDraft, actor kernel.Actor, now time.Time) (id string, err error) {
	if !d.Kind.Known() {
		return "", fmt.Errorf("licensing: no paper of kind %q", d.Kind)
	}
	key, err := s.paperKey(ctx, tx, d)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(d.Data)
	if err != nil {
		return "", err
	}
	p := &Paper{ID: kernel.NewID(now), CaseID: d.CaseID, LicenceID: d.LicenceID, KeyID: key.Person(), Kind: d.Kind, Number: d.Number, Data: key.Seal("paper", string(body)),
		State: PaperPrepared, CreatedAt: now}
	if err := insertPaper(ctx, tx, p); err != nil {
		return "", err
	}
	return p.ID, audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "licensing.paper.prepare", Subject: p.Subject(),
		After: map[string]any{"case": d.CaseID, "licence": d.LicenceID, "kind": d.Kind, "number": d.Number}})
}

func (s *Service) paperKey(ctx context.Context, q db.Q, d PaperDraft) (personal.Key, error) {
	if d.key != nil {
		return *d.key, nil
	}
	if d.KeyID == "" {
		var err error
		if d.KeyID, err = ownersKey(ctx, q, d); err != nil {
			return personal.Key{}, err
		}
	}
	return s.Vault.Key(ctx, q, d.KeyID)
}

func ownersKey(ctx context.Context, q db.Q, d PaperDraft) (string, error) {
	if d.CaseID != "" {
		key, err := db.Value[string](ctx, q, `SELECT key_id FROM licensing_cases WHERE id = $1`, d.CaseID)
		return key, db.Found(err, "case", d.CaseID)
	}
	key, err := db.Value[string](ctx, q, `SELECT key_id FROM licensing_licences WHERE id = $1`, d.LicenceID)
	return key, db.Found(err, "licence", d.LicenceID)
}

// papersActor writes what the rendering job does.
var papersActor = kernel.System("licensing.papers")

// papersAtOnce bounds one round of the rendering job.
const papersAtOnce = 50

// RenderPapers sets, files and seals every paper that is due, and then sends
// the electronic deliveries that waited for them. A periodic job calls it; a
// paper that fails keeps its reason and is tried again later.
func (s *Service) RenderPapers(ctx context.Context) error {
	for {
		due, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Paper, error) {
			return duePapers(ctx, q, s.Clock.Now(), papersAtOnce)
		})
		if err != nil {
			return err
		}
		for i := range due {
			if err := s.advancePaper(ctx, &due[i]); err != nil {
				return fmt.Errorf("paper %s: %w", due[i].ID, err)
			}
		}
		if len(due) < papersAtOnce {
			return s.sendOnline(ctx)
		}
	}
}

// advancePaper takes a paper as far as it goes. Only failures of our own
// machinery are returned; those of the paper are recorded on it.
func (s *Service) advancePaper(ctx context.Context, p *Paper) error {
	err := s.printPaper(ctx, p)
	switch {
	case err == nil, kernel.KindOf(err) == kernel.Conflict: // another process was faster
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	key, args := paperFault(err)
	if key == "licensing.error.paper_failed" {
		s.Log.Error("paper not made", "paper", p.ID, "kind", p.Kind, "error", err)
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		failed := *p
		failed.Fail(key, args, s.Clock.Now())
		err := savePaper(ctx, tx, &failed, p.State)
		if kernel.KindOf(err) == kernel.Conflict {
			return nil
		}
		return err
	})
}

// printPaper renders a prepared paper and seals a rendered one.
func (s *Service) printPaper(ctx context.Context, p *Paper) error {
	if p.State == PaperPrepared {
		if err := s.renderPaper(ctx, p); err != nil {
			return err
		}
	}
	return s.sealPaper(ctx, p)
}

// paperProblem turns an error into what a person reads about the paper.
func paperProblem(err error) (key string, args map[string]any) {
	args = map[string]any{}
	var e *kernel.Error
	if !errors.As(err, &e) {
		return "licensing.error.paper_failed", args
	}
	maps.Copy(args, e.Args)
	key = e.Key
	for _, f := range e.Fields {
		args["field"], args["value"] = f.Field, f.Value
		key = "licensing.error.paper_invalid"
		if f.Rule == "glyph" {
			key = "licensing.error.paper_glyph"
		}
	}
	return key, args
}

// paperFault is paperProblem as it is kept with the paper.
func paperFault(err error) (key, args string) {
	key, values := paperProblem(err)
	b, merr := json.Marshal(values)
	if merr != nil {
		return key, "{}"
	}
	return key, string(b)
}

// renderPaper sets the stored print data and files the PDF.
func (s *Service) renderPaper(ctx context.Context, p *Paper) error {
	data, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (string, error) {
		return s.Vault.Open(ctx, q, p.KeyID, "paper", p.Data)
	})
	if err != nil {
		return err
	}
	pdf, err := s.setPaper(p, []byte(data))
	if err != nil {
		return err
	}
	file, err := s.Blobs.Put(ctx, bytes.NewReader(pdf), blob.Limit{Types: []string{"application/pdf"}})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next := *p
		if err := next.MarkRendered(file.Hash, file.Size, s.Clock.Now()); err != nil {
			return err
		}
		if err := savePaper(ctx, tx, &next, p.State); err != nil {
			return err
		}
		tx.AfterCommit(func() { *p = next })
		return nil
	})
}

// sealPaper signs the filed PDF.
func (s *Service) sealPaper(ctx context.Context, p *Paper) error {
	content, err := s.readBlob(ctx, p.Hash)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	seal, err := s.Sealer.Seal(ctx, content, document.SealMeta{Document: p.ID, Title: paperTitle[p.Kind], At: now})
	if err != nil {
		return kernel.Down("licensing.error.seal_failed", err)
	}
	text, err := json.Marshal(seal)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next := *p
		if err := next.MarkSealed(string(text)); err != nil {
			return err
		}
		if err := savePaper(ctx, tx, &next, p.State); err != nil {
			return err
		}
		tx.AfterCommit(func() { *p = next })
		return audit.Write(ctx, tx, audit.Entry{At: now, Actor: papersActor, Action: "licensing.paper.seal", Subject: p.Subject(),
			After: map[string]any{"kind": p.Kind, "number": p.Number, "hash": p.Hash, "seal": seal.SealID}})
	})
}

func (s *Service) readBlob(ctx context.Context, hash string) ([]byte, error) {
	r, err := s.Blobs.Get(ctx, hash)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Papers lists the papers of a case that p may see.
func (s *Service) Papers(ctx context.Context, p *auth.Principal, caseID string) ([]Paper, error) {
	return view(ctx, s.DB, func(ctx context.Context, q db.Q) ([]Paper, error) {
		if _, err := seenCase(ctx, q, p, caseID); err != nil {
			return nil, err
		}
		return listPapers(ctx, q, caseID)
	})
}

// seenCase loads a case for reading: officers need the permission to read,
// applicants only that it is theirs.
func seenCase(ctx context.Context, q db.Q, p *auth.Principal, caseID string) (*Case, error) {
	if err := mayRead(p); err != nil {
		return nil, err
	}
	return getCase(ctx, q, p.Scope, caseID)
}

func mayRead(p *auth.Principal) error {
	if p.Can(PermRead) || p.Can(PermApply) {
		return nil
	}
	return kernel.Refused("error.denied")
}

// OpenPaper returns a finished paper and its PDF, which the caller closes. A
// paper that is still being made is a Conflict.
func (s *Service) OpenPaper(ctx context.Context, p *auth.Principal, id string) (Paper, io.ReadSeekCloser, error) {
	if mayRead(p) != nil { // for them no paper exists
		return Paper{}, nil, kernel.Missing("paper", id)
	}
	paper, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (Paper, error) {
		paper, err := getPaper(ctx, q, id)
		if err != nil {
			return paper, err
		}
		return paper, paperSeen(ctx, q, p, paper)
	})
	if err != nil {
		return paper, nil, err
	}
	if !paper.Ready() {
		return paper, nil, kernel.Clash("licensing.error.paper_not_ready", nil)
	}
	r, err := s.Blobs.Get(ctx, paper.Hash)
	return paper, r, err
}

// paperSeen reports NotFound unless the paper's case or licence is in scope.
func paperSeen(ctx context.Context, q db.Q, p *auth.Principal, paper Paper) error {
	if err := mayRead(p); err != nil {
		return err
	}
	var err error
	if paper.CaseID != "" {
		_, err = getCase(ctx, q, p.Scope, paper.CaseID)
	} else {
		_, err = getLicence(ctx, q, p.Scope, paper.LicenceID)
	}
	if kernel.KindOf(err) == kernel.NotFound {
		return kernel.Missing("paper", paper.ID)
	}
	return err
}

// RetryPaper lets a failed paper be tried at once, after its cause was mended.
func (s *Service) RetryPaper(ctx context.Context, p *auth.Principal, id string) error {
	if err := allow(p, PermMake); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		paper, err := getPaper(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := paperSeen(ctx, tx, p, paper); err != nil {
			return err
		}
		if paper.Ready() {
			return kernel.Clash("licensing.error.paper_state", map[string]any{"state": string(paper.State)})
		}
		paper.NextAt = time.Time{}
		if err := savePaper(ctx, tx, &paper, paper.State); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: s.Clock.Now(), Actor: p.Actor, Action: "licensing.paper.retry", Subject: paper.Subject()})
	})
}

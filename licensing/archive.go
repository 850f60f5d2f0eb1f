package licensing

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// archiveFormat names the layout of the file, for whoever reads it in thirty
// years.
const archiveFormat = "anlan-licensing-case/1"

// archiveCase is case.json: everything the platform knows of a case.
type archiveCase struct {
	Format      string           `json:"format"`
	ExportedAt  time.Time        `json:"exported_at"`
	ExportedBy  string           `json:"exported_by"`
	ID          string           `json:"id"`
	Number      string           `json:"number"`
	Item        string           `json:"item"`
	ItemTitle   string           `json:"item_title"`
	RuleVersion string           `json:"rule_version"`
	State       State            `json:"state"`
	Area        string           `json:"area"`
	Authority   string           `json:"authority"`
	Applicant   string           `json:"applicant"`
	Enterprise  string           `json:"enterprise_id,omitempty"`
	ReceiptOn   kernel.Date      `json:"receipt_on"`
	AcceptedOn  kernel.Date      `json:"accepted_on"`
	DecidedOn   kernel.Date      `json:"decided_on"`
	Form        map[string]any   `json:"form"`
	Decision    *Decision        `json:"decision,omitempty"`
	Opinions    []Opinion        `json:"opinions"`
	Corrections []CorrectionItem `json:"corrections"`
	Promises    []Promise        `json:"promises"`
	Checks      []Check          `json:"checks"`
	Clock       []deadline.Event `json:"clock"`
	Log         []LogLine        `json:"log"`
	Delivery    *archiveDelivery `json:"delivery,omitempty"`
	Licence     *archiveLicence  `json:"licence,omitempty"`
	Papers      []archivePaper   `json:"papers"`
	Files       []archiveFile    `json:"files"`
}

type archiveDelivery struct {
	Mode    DeliveryMode   `json:"mode"`
	State   DeliveryState  `json:"state"`
	Address Address        `json:"address"`
	Carrier string         `json:"carrier,omitempty"`
	Waybill string         `json:"waybill,omitempty"`
	Due     kernel.Date    `json:"due"`
	Log     []DeliveryLine `json:"log"`
}

type archiveLicence struct {
	Number    string       `json:"number"`
	Issue     int64        `json:"issue"`
	State     LicenceState `json:"state"`
	ValidFrom kernel.Date  `json:"valid_from"`
	ValidTo   kernel.Date  `json:"valid_to"`
	Acts      []LicenceAct `json:"acts"`
}

// archivePaper and archiveFile point to the files in the archive.
type archivePaper struct {
	Path   string          `json:"path,omitempty"` // "" for one not made yet
	Kind   PaperKind       `json:"kind"`
	Number string          `json:"number,omitempty"`
	State  PaperState      `json:"state"`
	SHA256 string          `json:"sha256,omitempty"`
	Seal   json.RawMessage `json:"seal,omitempty"`
	hash   string
}

type archiveFile struct {
	Path     string    `json:"path"`
	Material string    `json:"material"`
	Name     string    `json:"name"`
	State    string    `json:"state"`
	SHA256   string    `json:"sha256"`
	At       time.Time `json:"uploaded_at"`
	hash     string
}

// ExportArchive writes the file of one case for the archive (归档): a zip with
// case.json (all facts, in clear), the papers with their seals, the uploaded
// material, and SHA256SUMS over all of them. The export is audited. It reads
// the stored files one by one and holds none in memory.
func (s *Service) ExportArchive(ctx context.Context, p *auth.Principal, caseID string, w io.Writer) error {
	if err := allow(p, PermArchive); err != nil {
		return err
	}
	a, err := view(ctx, s.DB, func(ctx context.Context, q db.Q) (*archiveCase, error) { return s.archiveCase(ctx, q, p, caseID) })
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{At: a.ExportedAt, Actor: p.Actor, Action: "licensing.case.export", Subject: "case:" + caseID,
			After: map[string]int{"papers": len(a.Papers), "files": len(a.Files)}})
	})
	if err != nil {
		return err
	}
	return s.writeArchive(ctx, w, a)
}

func (s *Service) archiveCase(ctx context.Context, q db.Q, p *auth.Principal, caseID string) (*archiveCase, error) {
	c, err := getCase(ctx, q, p.Scope, caseID)
	if err != nil {
		return nil, err
	}
	if !c.Ended() {
		return nil, c.wrongState("export")
	}
	a := &archiveCase{Format: archiveFormat, ExportedAt: s.Clock.Now(), ExportedBy: p.Actor.Name, ID: c.ID, Number: c.Number, Item: c.Item, ItemTitle: s.itemTitle(c.Item).ZH,
		RuleVersion: c.RuleVersion, State: c.State, Area: c.Area, Authority: unitName(ctx, q, c.Authority), Applicant: c.Applicant, Enterprise: c.EnterpriseID,
		ReceiptOn: c.ReceiptOn, AcceptedOn: c.AcceptedOn, DecidedOn: c.DecidedOn}
	load := func(step func() error) {
		if err == nil {
			err = step()
		}
	}
	load(func() error { a.Form, err = s.openForm(ctx, q, c); return err })
	load(func() error { a.Decision, err = getDecision(ctx, q, c.ID); return err })
	load(func() error { a.Opinions, err = listOpinions(ctx, q, c.ID); return err })
	load(func() error { a.Corrections, err = listCorrections(ctx, q, c.ID); return err })
	load(func() error { a.Promises, err = listPromises(ctx, q, c.ID); return err })
	load(func() error { a.Checks, err = listChecks(ctx, q, c.ID); return err })
	load(func() error { a.Clock, err = listClock(ctx, q, c.ID); return err })
	load(func() error { a.Log, err = listLog(ctx, q, c.ID, false); return err })
	load(func() error { return s.archiveDelivery(ctx, q, a) })
	load(func() error { return s.archiveLicence(ctx, q, a) })
	load(func() error { return archivePapers(ctx, q, a) })
	load(func() error { return archiveFiles(ctx, q, a) })
	return a, err
}

func (s *Service) archiveDelivery(ctx context.Context, q db.Q, a *archiveCase) error {
	d, err := deliveryOf(ctx, q, a.ID)
	if kernel.KindOf(err) == kernel.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	out := &archiveDelivery{Mode: d.Mode, State: d.State, Carrier: d.Carrier, Waybill: d.Waybill, Due: d.Due}
	if out.Address, err = s.openDeliveryAddress(ctx, q, d); err != nil {
		return err
	}
	out.Log, err = listDeliveryLog(ctx, q, d.ID)
	a.Delivery = out
	return err
}

func (s *Service) archiveLicence(ctx context.Context, q db.Q, a *archiveCase) error {
	l, err := licenceOfCase(ctx, q, a.ID)
	if err != nil || l == nil {
		return err
	}
	out := &archiveLicence{Issue: l.Issue, State: l.State, ValidFrom: l.ValidFrom, ValidTo: l.ValidTo}
	if out.Number, err = s.clearNumber(ctx, q, l); err != nil {
		return err
	}
	out.Acts, err = listActs(ctx, q, l.ID)
	a.Licence = out
	return err
}

func archivePapers(ctx context.Context, q db.Q, a *archiveCase) error {
	papers, err := listPapers(ctx, q, a.ID)
	for i, p := range papers {
		out := archivePaper{Kind: p.Kind, Number: p.Number, State: p.State, hash: p.Hash, SHA256: p.Hash}
		if p.Hash != "" {
			out.Path = fmt.Sprintf("papers/%02d-%s.pdf", i+1, p.Kind)
		}
		if p.Seal != "" {
			out.Seal = json.RawMessage(p.Seal)
		}
		a.Papers = append(a.Papers, out)
	}
	return err
}

func archiveFiles(ctx context.Context, q db.Q, a *archiveCase) error {
	files, err := listFiles(ctx, q, a.ID)
	for i, f := range files {
		a.Files = append(a.Files, archiveFile{Path: fmt.Sprintf("material/%02d-%s", i+1, safeName(f.Name)), Material: f.Material, Name: f.Name, State: f.State,
			SHA256: f.Hash, At: f.UploadedAt, hash: f.Hash})
	}
	return err
}

// safeName keeps a given name inside its directory on every system.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/|?*`, r) {
			return '_'
		}
		return r
	}, name)
}

// writeArchive streams the zip.
func (s *Service) writeArchive(ctx context.Context, w io.Writer, a *archiveCase) error {
	z := zip.NewWriter(w)
	body, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	var sums strings.Builder
	sum := sha256.Sum256(body)
	if err := addToZip(z, "case.json", a.ExportedAt, strings.NewReader(string(body))); err != nil {
		return err
	}
	fmt.Fprintf(&sums, "%s  case.json\n", hex.EncodeToString(sum[:]))
	add := func(name, hash string) error {
		if hash == "" {
			return nil
		}
		r, err := s.Blobs.Get(ctx, hash)
		if err != nil {
			return fmt.Errorf("archive of case %s: %s: %w", a.Number, name, err)
		}
		defer r.Close()
		fmt.Fprintf(&sums, "%s  %s\n", hash, name)
		return addToZip(z, name, a.ExportedAt, r)
	}
	for _, p := range a.Papers {
		if err := add(p.Path, p.hash); err != nil {
			return err
		}
	}
	for _, f := range a.Files {
		if err := add(f.Path, f.hash); err != nil {
			return err
		}
	}
	if err := addToZip(z, "SHA256SUMS", a.ExportedAt, strings.NewReader(sums.String())); err != nil {
		return err
	}
	return z.Close()
}

func addToZip(z *zip.Writer, name string, at time.Time, r io.Reader) error {
	f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return err
}

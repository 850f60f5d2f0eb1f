package licensing

import (
	"context"
	"net/netip"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Verification is all that the code in a licence's QR tells anyone: what it
// is, what it is worth now, whose it is, what it covers, and its dates.
type Verification struct {
	Title     kernel.Text  `json:"title"`
	State     LicenceState `json:"state"` // as it counts today
	Holder    string       `json:"holder"`
	Scope     string       `json:"scope"`
	IssuedOn  kernel.Date  `json:"issued_on"`
	ValidFrom kernel.Date  `json:"valid_from"`
	ValidTo   kernel.Date  `json:"valid_to"`
	Extended  kernel.Date  `json:"extended_to"`      // by the notice of a special time
	Notice    string       `json:"notice,omitempty"` // its number
	Deemed    bool         `json:"deemed,omitempty"` // renewed by silence (行政许可法 art. 50)
	Newer     bool         `json:"newer,omitempty"`  // a newer issue has replaced it
	Sample    bool         `json:"sample,omitempty"` // made by the sample city
	On        kernel.Date  `json:"on"`               // the day of this answer
}

// Verify answers a look at the code of a licence and keeps a record of it. A
// code that does not exist is NotFound; that look is kept too. addr is the
// client address, of which only the network is kept.
func (s *Service) Verify(ctx context.Context, code, addr string) (Verification, error) {
	var out Verification
	var missing error
	now := s.Clock.Now()
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, missing = Verification{}, nil
		licenceID := ""
		l, err := getLicenceByCode(ctx, tx, code)
		switch {
		case kernel.KindOf(err) == kernel.NotFound || code == "":
			missing = kernel.Missing("licence", "")
		case err != nil:
			return err
		default:
			licenceID = l.ID
			if out, err = s.verification(ctx, tx, l, kernel.DateOf(now)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO licensing_looks (id, licence_id, at, addr, found) VALUES ($1, $2, $3, $4, $5)`,
			kernel.NewID(now), licenceID, kernel.Micros(now), network(addr), missing == nil)
		return err
	})
	if err == nil {
		err = missing
	}
	return out, err
}

func (s *Service) verification(ctx context.Context, q db.Q, l *Licence, today kernel.Date) (Verification, error) {
	v := Verification{Title: s.licenceTitle(l.Item), State: l.StateOn(today), Holder: l.Holder, Scope: l.Scope, IssuedOn: l.IssuedOn, ValidFrom: l.ValidFrom,
		ValidTo: l.ValidTo, Deemed: !l.DeemedOn.IsZero(), Newer: l.State == Replaced, Sample: l.Sample, On: today}
	if l.HolderKind == holderPerson {
		v.Holder = personal.MaskName(l.Holder)
	}
	if l.ExtendedTo.IsZero() {
		return v, nil
	}
	v.Extended = l.ExtendedTo
	marks, err := specialMarks(ctx, q, l.ID)
	if len(marks) > 0 {
		v.Notice = marks[len(marks)-1].Notice
	}
	return v, err
}

// network keeps of an address only its network, so that the record of looks
// says how often and from how many places, not who.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return ""
	}
	bits := 48
	if ip = ip.Unmap(); ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// Looks counts how often a licence was looked at, and the last time.
func (s *Service) Looks(ctx context.Context, q db.Q, licenceID string) (n int64, err error) {
	return db.Value[int64](ctx, q, `SELECT COUNT(*) FROM licensing_looks WHERE licence_id = $1`, licenceID)
}

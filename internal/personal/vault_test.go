package personal

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var now = time.Date(2026, 5, 6, 1, 0, 0, 0, time.UTC)

func key(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), 32)) }

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, test, audit.Migrations(), Migrations(), db.Migrations{Owner: "test", Rank: 9, FS: testRows})
}

func inTx(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func newPerson(t *testing.T, d *db.DB, v *Vault) (id string) {
	t.Helper()
	inTx(t, d, func(ctx context.Context, tx *db.Tx) (err error) { id, err = v.NewPerson(ctx, tx, now); return err })
	return id
}

func TestErasingMakesEverySealedValueUnreadableWhileRowsRemain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		v := NewVault(key('k'))
		zhang, li := newPerson(t, d, v), newPerson(t, d, v)
		fields := map[string]string{"name": "张三丰", "phone": "13800138000", "id_number": "11010519491231002X", "address": "天津市和平区𠮷祥里 1 号"}
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
			for _, person := range []string{zhang, li} {
				for field, clear := range fields {
					s, err := v.Seal(ctx, tx, person, field, clear)
					if err != nil {
						return err
					}
					if strings.Contains(string(s), clear) {
						t.Fatalf("%s is sealed in clear", field)
					}
					if _, err := tx.ExecContext(ctx, `INSERT INTO test_rows (person_id, field, value) VALUES ($1, $2, $3)`, person, field, string(s)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return v.Erase(ctx, tx, zhang) })
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return v.Erase(ctx, tx, zhang) }) // twice is no error

		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			type row struct {
				person, field string
				value         Sealed
			}
			rows, err := db.All(ctx, q, func(s db.Scanner) (r row, err error) { return r, s.Scan(&r.person, &r.field, &r.value) },
				`SELECT person_id, field, value FROM test_rows`)
			if err != nil {
				return err
			}
			if len(rows) != 2*len(fields) {
				t.Errorf("%d rows, want %d", len(rows), 2*len(fields))
			}
			for _, r := range rows {
				clear, err := v.Open(ctx, q, r.person, r.field, r.value)
				switch {
				case r.person == zhang && (!IsErased(err) || kernel.KindOf(err) != kernel.NotFound || clear != ""):
					t.Errorf("%s of the erased person: %q, %v", r.field, clear, err)
				case r.person == li && (err != nil || clear != fields[r.field]):
					t.Errorf("%s of the other person: %q, %v", r.field, clear, err)
				}
			}
			wrapped, err := db.Value[[]byte](ctx, q, `SELECT wrapped FROM personal_keys WHERE person_id = $1`, zhang)
			if strings.Trim(string(wrapped), "\x00") != "" {
				t.Error("the key of the erased person is still in the row")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := v.Seal(ctx, tx, zhang, "phone", "13900139000")
			return err
		})
		if !IsErased(err) {
			t.Errorf("sealing for an erased person: %v", err)
		}
	})
}

func TestLegalHoldStopsErase(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		v := NewVault(key('k'))
		person := newPerson(t, d, v)
		hold := func(reason string) {
			inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return v.Hold(ctx, tx, person, reason) })
		}
		erase := func() error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return v.Erase(ctx, tx, person) })
		}
		hold("行政复议 2026-7")
		if err := erase(); kernel.KindOf(err) != kernel.Conflict {
			t.Fatalf("erase under hold: %v", err)
		}
		hold("")
		if err := erase(); err != nil {
			t.Fatal(err)
		}
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return v.Erase(ctx, tx, "nobody") })
		if kernel.KindOf(err) != kernel.NotFound {
			t.Errorf("erase of nobody: %v", err)
		}
	})
}

func TestSealedValueIsBoundToPersonFieldAndMasterKey(t *testing.T) {
	d := dbtest.SQLite(t, audit.Migrations(), Migrations())
	v := NewVault(key('k'))
	a, b := newPerson(t, d, v), newPerson(t, d, v)
	inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
		s, err := v.Seal(ctx, tx, a, "phone", "13800138000")
		if err != nil {
			return err
		}
		again, _ := v.Seal(ctx, tx, a, "phone", "13800138000")
		if s == again {
			t.Error("sealing twice gives the same text")
		}
		for name, open := range map[string]func() (string, error){
			"other person":     func() (string, error) { return v.Open(ctx, tx, b, "phone", s) },
			"other field":      func() (string, error) { return v.Open(ctx, tx, a, "address", s) },
			"other master key": func() (string, error) { return NewVault(key('x')).Open(ctx, tx, a, "phone", s) },
			"cut":              func() (string, error) { return v.Open(ctx, tx, a, "phone", s[:len(s)-2]) },
			"not sealed":       func() (string, error) { return v.Open(ctx, tx, a, "phone", "13800138000") },
			"too short":        func() (string, error) { return v.Open(ctx, tx, a, "phone", "p1.AAAA") },
		} {
			if clear, err := open(); err == nil {
				t.Errorf("%s: opened %q", name, clear)
			}
		}
		if clear, err := v.Open(ctx, tx, a, "phone", s); err != nil || clear != "13800138000" {
			t.Errorf("opened %q, %v", clear, err)
		}
		if s, err := v.Seal(ctx, tx, "nobody", "phone", ""); s != "" || err != nil {
			t.Errorf("an empty field: %q, %v", s, err)
		}
		return nil
	})
}

func TestRevealRecordsWhoLookedWithoutTheValue(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		v := NewVault(key('k'))
		person := newPerson(t, d, v)
		clerk := kernel.Actor{Kind: kernel.ActorAccount, ID: "A1", Name: "王办"}
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
			s, err := v.Seal(ctx, tx, person, "phone", "13800138000")
			if err != nil {
				return err
			}
			clear, err := v.Reveal(ctx, tx, Look{At: now, Actor: clerk, PersonID: person, Field: "phone", Value: s, Reason: "邮寄退回，电话联系"})
			if clear != "13800138000" {
				t.Errorf("revealed %q", clear)
			}
			return err
		})
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			rows, err := audit.List(ctx, q, audit.Filter{Subject: "person:" + person})
			if len(rows) != 1 || rows[0].Actor.ID != "A1" || rows[0].Action != "personal.reveal" || strings.Contains(rows[0].After, "138") {
				t.Errorf("audit rows %+v", rows)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestHashFindsTheSameValueHoweverTyped(t *testing.T) {
	v := NewVault(key('k'))
	for _, same := range [][2]string{{"11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ"}, {" 13800138000 ", "13800138000"}} {
		if v.Hash("id", same[0]) != v.Hash("id", same[1]) {
			t.Errorf("%q and %q differ", same[0], same[1])
		}
	}
	if v.Hash("id", "1") == v.Hash("phone", "1") || v.Hash("id", "1") == NewVault(key('x')).Hash("id", "1") {
		t.Error("the hash does not depend on field and key")
	}
	if v.Hash("id", "  ") != "" {
		t.Error("blank has a hash")
	}
}

func TestMasksHideAndKeepTheLength(t *testing.T) {
	for _, c := range []struct {
		mask     func(string) string
		in, want string
	}{
		{MaskPhone, "13800138000", "138****8000"}, {MaskPhone, "02287654321", "*******4321"}, {MaskPhone, "119", "***"}, {MaskPhone, "", ""},
		{MaskIDNumber, "11010519491231002X", "1****************X"}, {MaskIDNumber, "12", "**"}, {MaskIDNumber, "", ""},
		{MaskName, "张三丰", "张**"}, {MaskName, "欧阳娜", "欧阳*"}, {MaskName, "欧阳", "欧*"}, {MaskName, "𠮷田", "𠮷*"}, {MaskName, "王", "*"}, {MaskName, "", ""},
		{MaskAddress, "天津市和平区大沽北路 1 号", "天津市和平区****"}, {MaskAddress, "滨海新区泰达大街", "滨海新区****"}, {MaskAddress, "某处", "某****"}, {MaskAddress, "", ""},
	} {
		if got := c.mask(c.in); got != c.want {
			t.Errorf("mask of %q is %q, want %q", c.in, got, c.want)
		}
	}
}

func TestMasksNeverShowMoreThanHalfOfAPhoneOrIDNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9X]{1,20}`).Draw(t, "s")
		if hidden := strings.Count(MaskIDNumber(s), "*"); hidden*2 < len(s) {
			t.Fatalf("id %q shows %q", s, MaskIDNumber(s))
		}
		if hidden := strings.Count(MaskPhone(s), "*"); hidden*3 < len(s) {
			t.Fatalf("phone %q shows %q", s, MaskPhone(s))
		}
	})
}

func TestVaultRefusesAShortMasterKey(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a short master key was taken")
		}
	}()
	NewVault([]byte("short"))
}

func TestTextsAreComplete(t *testing.T) {
	if _, err := i18n.Load(Texts()); err != nil {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("p1.AAAA")
	f.Add("")
	f.Add("p1." + strings.Repeat("A", 64))
	k := Key{"someone", mustAEAD(key('k'))}
	f.Add(string(k.Seal("phone", "13800138000")))
	f.Fuzz(func(t *testing.T, s string) {
		clear, err := k.Open("phone", Sealed(s))
		if err == nil && clear != "" && clear != "13800138000" {
			t.Fatalf("opened %q as %q", s, clear)
		}
	})
}

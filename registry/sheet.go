package registry

import (
	"context"
	"strconv"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/sheet"
)

// MaxImport is how many enterprises one workbook may bring.
const MaxImport = 10_000

// enterpriseTable is the workbook in which enterprises come and go. Contacts
// other than the safety manager and the one for licences stay as they are.
func enterpriseTable(ctx context.Context, q db.Q) (sheet.Table, error) {
	areas, err := Areas(ctx, q, District, Zone)
	if err != nil {
		return sheet.Table{}, err
	}
	area := make([]sheet.Option, len(areas))
	for i, a := range areas {
		area[i] = sheet.Option{Value: a.Code, Title: a.Name}
	}
	var trade []sheet.Option
	for _, t := range Trades() {
		trade = append(trade, sheet.Option{Value: t.Code, Title: t.Name})
	}
	t := func(zh, en string) kernel.Text { return kernel.Text{ZH: zh, EN: en} }
	return sheet.Table{Title: t("企业", "Enterprises"), MaxRows: MaxImport, Columns: []sheet.Column{
		{Name: "uscc", Title: t("统一社会信用代码", "Unified social credit code"), Required: true, Check: kernel.CheckUSCC, Width: 24,
			Note: t("已登记的企业按此代码更新", "An enterprise with this code is updated")},
		{Name: "name", Title: t("企业名称", "Name"), Required: true, Max: 120, Width: 36},
		{Name: "area", Title: t("所属区域", "Area"), Kind: sheet.Choice, Options: area, Required: true},
		{Name: "address", Title: t("地址", "Address"), Required: true, Max: 200, Width: 40},
		{Name: "legal_person", Title: t("法定代表人（负责人）", "Legal representative"), Required: true, Max: 60},
		{Name: "trade", Title: t("行业类别", "Trade"), Kind: sheet.Choice, Options: trade, Required: true, Width: 24},
		{Name: "standardisation", Title: t("安全生产标准化等级", "Standardisation level"), Kind: sheet.Integer, Note: t("1、2、3，无则留空", "1, 2, 3 or empty")},
		{Name: "standardisation_until", Title: t("标准化有效期至", "Standardisation valid until"), Kind: sheet.Date},
		{Name: "major_hazard", Title: t("重大危险源最高级别", "Highest major hazard grade"), Kind: sheet.Integer, Note: t("1（最高）至4，无则留空", "1 (worst) to 4 or empty")},
		{Name: "employees", Title: t("从业人数", "Employees"), Kind: sheet.Integer},
		{Name: "key_supply", Title: t("保供名单", "Key supply list"), Kind: sheet.Boolean},
		{Name: "lon", Title: t("经度（WGS-84）", "Longitude (WGS-84)"), Kind: sheet.Number},
		{Name: "lat", Title: t("纬度（WGS-84）", "Latitude (WGS-84)"), Kind: sheet.Number},
		{Name: "safety_name", Title: t("安全管理负责人", "Safety manager"), Max: 60},
		{Name: "safety_phone", Title: t("安全管理负责人电话", "Safety manager's telephone"), Check: checkPhoneOrMask, Width: 18},
		{Name: "licence_name", Title: t("办证联系人", "Licence contact"), Max: 60},
		{Name: "licence_phone", Title: t("办证联系人电话", "Licence contact's telephone"), Check: checkPhoneOrMask, Width: 18},
	}}, nil
}

// columnOf names the column in which a field of an enterprise stands, for
// errors that the sheet could not know.
func columnOf(field string) string {
	switch field {
	case "attributes.standardisation", "attributes.major_hazard", "attributes.employees":
		return field[len("attributes."):]
	case "pos":
		return "lat"
	}
	return field
}

// overlay puts what a row says over what is stored; empty cells leave what is
// there.
func overlay(e Enterprise, r *sheet.Row) Enterprise {
	e.USCC, e.Name, e.Area, e.Address = r.Text("uscc"), r.Text("name"), r.Text("area"), r.Text("address")
	e.LegalPerson, e.Trade = r.Text("legal_person"), r.Text("trade")
	at := &e.Attributes
	setInt(&at.Standardisation, r, "standardisation")
	setInt(&at.MajorHazard, r, "major_hazard")
	setInt(&at.Employees, r, "employees")
	if d := r.Date("standardisation_until"); !d.IsZero() {
		at.StandardisationUntil = d
	}
	if _, given := r.Values["key_supply"]; given {
		at.KeySupply = r.Bool("key_supply")
	}
	e.Pos = positionOf(e.Pos, r)
	e.Contacts = withContact(e.Contacts, Contact{Role: SafetyManager, Name: r.Text("safety_name"), Phone: r.Text("safety_phone")})
	e.Contacts = withContact(e.Contacts, Contact{Role: LicenceContact, Name: r.Text("licence_name"), Phone: r.Text("licence_phone")})
	return e
}

func setInt(to *int, r *sheet.Row, column string) {
	if _, given := r.Values[column]; given {
		*to = int(r.Int(column))
	}
}

// positionOf reads the two numbers of a place; one without the other is a
// fault of the row.
func positionOf(was kernel.LatLon, r *sheet.Row) kernel.LatLon {
	lat, lon := r.Number("lat"), r.Number("lon")
	switch {
	case lat == "" && lon == "":
		return was
	case lat == "":
		r.Add("lat", "required", "")
	case lon == "":
		r.Add("lon", "required", "")
	}
	p := kernel.LatLon{}
	p.Lat, _ = strconv.ParseFloat(string(lat), 64)
	p.Lon, _ = strconv.ParseFloat(string(lon), 64)
	return p
}

// withContact puts c in place of the first contact of its role. A name or a
// number alone changes only that.
func withContact(contacts []Contact, c Contact) []Contact {
	if c.Name == "" && c.Phone == "" {
		return contacts
	}
	for i, have := range contacts {
		if have.Role != c.Role {
			continue
		}
		if c.Name != "" {
			contacts[i].Name = c.Name
		}
		if c.Phone != "" {
			contacts[i].Phone = c.Phone
		}
		return contacts
	}
	return append(contacts, c)
}

// checkPhoneOrMask lets the masked numbers of an export pass; whether one is
// the mask of what is stored is looked at later.
func checkPhoneOrMask(field, value string) error {
	if strings.Contains(value, "*") {
		return nil
	}
	return kernel.CheckPhone(field, value)
}

// maskKnown puts the mask in place of a number that is the stored one, so that
// a row that repeats it changes nothing.
func maskKnown(contacts []Contact, stored []sealedContact, clear []Contact) {
	for i := range contacts {
		for _, s := range stored {
			if s.ID == contacts[i].ID && contacts[i].Phone == contactOf(clear, s.ID).Phone && s.ID != "" {
				contacts[i].Phone = s.phoneMasked
			}
		}
	}
}

package app

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"

	"anlan/admin"
	"anlan/licensing"
)

// reportJSON is what the bureau said in public, in our own words, statement by
// statement, with the figures that prove it.
//
//go:embed report.json
var reportJSON []byte

// statements reads the statements in their order.
func statements() ([]admin.Statement, error) {
	var out []admin.Statement
	d := json.NewDecoder(bytes.NewReader(reportJSON))
	d.DisallowUnknownFields()
	return out, d.Decode(&out)
}

// figures returns the value of every figure of the report as the records give
// it now, by its id.
func figures(room *licensing.Service) func(context.Context) (map[string]int64, error) {
	return func(ctx context.Context) (map[string]int64, error) {
		f, err := room.Figures(ctx)
		return map[string]int64{"categories": f.Categories, "granted": f.Granted, "mailed": f.Mailed, "stations_granted": f.StationsGranted,
			"stations_due": f.StationsDue, "stations_contacted": f.StationsContacted}, err
	}
}

// toursJSON shows newcomers what each role does.
//
//go:embed tours.json
var toursJSON []byte

// tours reads the tours in their order.
func tours() ([]admin.Tour, error) {
	var out []admin.Tour
	d := json.NewDecoder(bytes.NewReader(toursJSON))
	d.DisallowUnknownFields()
	return out, d.Decode(&out)
}

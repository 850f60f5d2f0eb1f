package kernel

import "math"

// LatLon is a place in degrees, WGS-84. (GeoJSON writes longitude first.)
type LatLon struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// EarthRadius is the mean radius in metres that distances use.
const EarthRadius = 6371008.8

// Valid reports whether p lies on the globe.
func (p LatLon) Valid() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180
}

// Distance returns the great-circle distance to q in metres.
func (p LatLon) Distance(q LatLon) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (q.Lat-p.Lat)*rad, (q.Lon-p.Lon)*rad
	h := sq(math.Sin(dLat/2)) + math.Cos(p.Lat*rad)*math.Cos(q.Lat*rad)*sq(math.Sin(dLon/2))
	return 2 * EarthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

func sq(x float64) float64 { return x * x }

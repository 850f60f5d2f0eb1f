package ui

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"strings"

	"anlan/internal/kernel"
)

// Point is something with a place on a map.
type Point struct {
	At    kernel.LatLon
	Label string
	Link  string // the page a click leads to, a path of this site; "" nowhere
	Tone  string // "", "good", "warn", "bad", "calm"
	Mark  string // a letter or digit inside the dot, so that colour never stands alone; "" none
}

// Map is what the map component shows: districts, coloured or not, and
// points. The component draws it as SVG on the server; where WebGL2 exists
// the script puts a MapLibre map over it, with the same data. Points must
// stand in a table beside the map as well.
type Map struct {
	Title  string
	Points []Point
	Shades map[string]string // district code → tone
}

// district is one area of the boundary file, projected.
type district struct {
	code, name, nameEN string
	seat               kernel.LatLon
	rings              [][]kernel.LatLon
}

// The picture shows this part of the world; the factor squeezes degrees of
// longitude to the length they have at 39.4° north.
const (
	mapWest, mapEast   = 116.66, 118.10
	mapSouth, mapNorth = 38.53, 40.28
	mapSqueeze         = 0.7727
	mapHeight          = 640.0
)

var mapWidth = math.Round((mapEast - mapWest) * mapSqueeze / (mapNorth - mapSouth) * mapHeight)

var districts = readDistricts()

func readDistricts() []district {
	text, err := static.ReadFile("map/tianjin.geojson")
	if err != nil {
		panic(err) // the file is embedded
	}
	ds, err := parseDistricts(text)
	if err != nil {
		panic(err) // and tested
	}
	return ds
}

func parseDistricts(text []byte) ([]district, error) {
	var file struct {
		Features []struct {
			Properties struct {
				Code, Name string
				NameEN     string `json:"name_en"`
				Seat       [2]float64
			}
			Geometry struct{ Coordinates [][][2]float64 }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var out []district
	for _, f := range file.Features {
		p := f.Properties
		d := district{code: p.Code, name: p.Name, nameEN: p.NameEN, seat: kernel.LatLon{Lat: p.Seat[1], Lon: p.Seat[0]}}
		for _, ring := range f.Geometry.Coordinates {
			var r []kernel.LatLon
			for _, c := range ring {
				r = append(r, kernel.LatLon{Lat: c[1], Lon: c[0]})
			}
			d.rings = append(d.rings, r)
		}
		out = append(out, d)
	}
	return out, nil
}

func project(p kernel.LatLon) (x, y float64) {
	return (p.Lon - mapWest) / (mapEast - mapWest) * mapWidth, (mapNorth - p.Lat) / (mapNorth - mapSouth) * mapHeight
}

// SVG draws the map for a reader of lang.
func (m Map) SVG(lang string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="map-svg" viewBox="0 0 %s %s" role="group" aria-label="%s">`, num(mapWidth), num(mapHeight), template.HTMLEscapeString(m.Title))
	for _, d := range districts {
		fmt.Fprintf(&b, `<path class="district %s" d="%s"/>`, shadeClass(m.Shades[d.code]), d.path())
	}
	for _, d := range districts {
		if d.crowded() {
			continue // the six inner districts would lie on each other
		}
		x, y := project(d.seat)
		fmt.Fprintf(&b, `<text class="district-name" x="%s" y="%s" text-anchor="middle">%s</text>`, num(x), num(y), template.HTMLEscapeString(d.label(lang)))
	}
	for _, p := range m.Points {
		b.WriteString(p.svg())
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (d district) path() string {
	var b strings.Builder
	for _, ring := range d.rings {
		pen := "M"
		for _, p := range ring {
			x, y := project(p)
			b.WriteString(pen + num(x) + " " + num(y))
			pen = "L"
		}
		b.WriteString("Z")
	}
	return b.String()
}

// crowded reports whether d is one of the six inner districts.
func (d district) crowded() bool { return d.code >= "120101" && d.code <= "120106" }

func (d district) label(lang string) string {
	if lang == "en" {
		return strings.TrimSuffix(strings.TrimSuffix(d.nameEN, " District"), " New Area")
	}
	return d.name
}

func shadeClass(tone string) string {
	if tone == "" {
		return "shade-none"
	}
	return "shade-" + strings.TrimPrefix(toneClass(tone), "tone-")
}

func (p Point) svg() string {
	if !p.At.Valid() {
		return ""
	}
	x, y := project(p.At)
	dot := fmt.Sprintf(`<g class="point %s"><title>%s</title><circle cx="%s" cy="%s" r="9"/><text x="%s" y="%s" text-anchor="middle">%s</text></g>`,
		toneClass(p.Tone), template.HTMLEscapeString(p.Label), num(x), num(y), num(x), num(y+4), template.HTMLEscapeString(p.Mark))
	if !strings.HasPrefix(p.Link, "/") { // only our own pages
		return dot
	}
	return `<a href="` + template.HTMLEscapeString(p.Link) + `">` + dot + `</a>`
}

// JSON is what the script needs to draw the same map.
func (m Map) JSON() (string, error) {
	type point struct {
		Lon   float64 `json:"lon"`
		Lat   float64 `json:"lat"`
		Label string  `json:"label"`
		Link  string  `json:"link,omitempty"`
		Tone  string  `json:"tone"`
		Mark  string  `json:"mark,omitempty"`
	}
	pts := []point{}
	for _, p := range m.Points {
		if p.At.Valid() {
			if !strings.HasPrefix(p.Link, "/") {
				p.Link = ""
			}
			pts = append(pts, point{p.At.Lon, p.At.Lat, p.Label, p.Link, toneClass(p.Tone), p.Mark})
		}
	}
	text, err := json.Marshal(map[string]any{"points": pts, "shades": m.Shades})
	return string(text), err
}

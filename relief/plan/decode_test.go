package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"anlan/internal/kernel"
	"anlan/relief/plan"
	"anlan/relief/synthetic"
)

// small is a valid problem; the tests change one thing at a time.
const small = `{"schema":"anlan.relief.problem/1",
"items":[{"id":"Q","name":"棉被","volume_ml":20000,"mass_g":3000,"per_person_milli":1000}],
"warehouses":[{"id":"W1","lat":39.1,"lon":117.2,"docks":1,"dock_ml_per_s":10000,"setup_s":300,"opens_s":600,"stock":{"Q":500}}],
"sites":[{"id":"S1","lat":39.2,"lon":117.3,"unload_setup_s":60,"unload_ml_per_s":8000}],
"truck_types":[{"id":"K","volume_ml":16000000,"mass_g":1500000}],
"trucks":[{"id":"T1","type":"K","lat":39.1,"lon":117.1,"ready_s":0}],
"needs":[{"site":"S1","item":"Q","quantity":100,"due_s":null,"class":0}],
"areas":[{"id":"A1","lat":39.0,"lon":117.0,"unload_setup_s":60,"unload_ml_per_s":8000}],
"travel":{"speed_kmh":40,"detour_milli":1300}}`

// lines is an error as the command line shows it.
func lines(err error) string {
	var e *kernel.Error
	if err == nil {
		return "ok"
	}
	if !errors.As(err, &e) {
		return "internal: " + err.Error()
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, fmt.Sprintf("%s: %s: %s", f.Field, f.Rule, f.Value))
	}
	return strings.Join(out, "|")
}

const matrixOf = `{"nodes":["W1","S1","A1","T1"],"seconds":[[0,9,9,9],[9,0,9,9],[9,9,0,9],[9,9,9,0]]}`

func TestEveryWrongFieldHasOneClearError(t *testing.T) {
	estimate := `{"speed_kmh":40,"detour_milli":1300}`
	tests := []struct{ old, new, want string }{
		{`"schema":"anlan.relief.problem/1"`, `"schema":"anlan.relief.problem/2"`, "schema: unknown: anlan.relief.problem/2"},
		{`"schema":"anlan.relief.problem/1",`, ``, "schema: required: "},
		{`"schema":"anlan.relief.problem/1"`, `"schema":1`, "schema: text: 1"},
		{`"items":[`, `"extra":1,"items":[`, "extra: unknown: 1"},
		{`"id":"Q"`, `"id":""`, "items.0.id: required: "},
		{`"items":[`, `"items":[{"id":"Q","volume_ml":1,"mass_g":1,"per_person_milli":0},`, "items.1.id: repeated: Q"},
		{`"volume_ml":20000`, `"volume_ml":0`, "items.0.volume_ml: positive: 0"},
		{`"volume_ml":20000`, `"volume_ml":-1`, "items.0.volume_ml: range: -1"},
		{`"volume_ml":20000`, `"volume_ml":9007199254740993`, "items.0.volume_ml: range: 9007199254740993"},
		{`"volume_ml":20000`, `"volume_ml":99999999999999999999`, "items.0.volume_ml: range: 99999999999999999999"},
		{`"volume_ml":20000`, `"volume_ml":2e4`, "items.0.volume_ml: integer: 2e4"},
		{`"volume_ml":20000`, `"volume_ml":20000.0`, "items.0.volume_ml: integer: 20000.0"},
		{`"volume_ml":20000`, `"volume_ml":"20000"`, `items.0.volume_ml: integer: "20000"`},
		{`"volume_ml":20000`, `"volume_ml":20000,"volume_ml":1`, "items.0.volume_ml: repeated: volume_ml"},
		{`"mass_g":3000`, `"mass_g":-3`, "items.0.mass_g: range: -3"},
		{`"mass_g":3000,`, ``, "items.0.mass_g: required: "},
		{`"per_person_milli":1000`, `"per_person_milli":-1`, "items.0.per_person_milli: range: -1"},
		{`"lat":39.1,"lon":117.2`, `"lat":90.1,"lon":117.2`, "warehouses.0.lat: range: 90.1"},
		{`"lat":39.1,"lon":117.2`, `"lat":39.1,"lon":-180.5`, "warehouses.0.lon: range: -180.5"},
		{`"lat":39.1,"lon":117.2`, `"lat":1e999,"lon":117.2`, "warehouses.0.lat: range: 1e999"},
		{`"lat":39.1,"lon":117.2`, `"lat":null,"lon":117.2`, "warehouses.0.lat: number: null"},
		{`"docks":1`, `"docks":-1`, "warehouses.0.docks: range: -1"},
		{`"dock_ml_per_s":10000`, `"dock_ml_per_s":0`, "warehouses.0.dock_ml_per_s: positive: 0"},
		{`"setup_s":300`, `"setup_s":-300`, "warehouses.0.setup_s: range: -300"},
		{`"opens_s":600`, `"opens_s":true`, "warehouses.0.opens_s: integer: true"},
		{`"stock":{"Q":500}`, `"stock":{"Q":-5}`, "warehouses.0.stock.Q: range: -5"},
		{`"stock":{"Q":500}`, `"stock":{"X":5}`, "warehouses.0.stock.X: unknown: X"},
		{`"stock":{"Q":500}`, `"stock":[]`, "warehouses.0.stock: object: []"},
		{`"id":"S1"`, `"id":"W1"`, "sites.0.id: repeated: W1"},
		{`"unload_setup_s":60,"unload_ml_per_s":8000}],
"truck_types"`, `"unload_setup_s":60,"unload_ml_per_s":0}],
"truck_types"`, "sites.0.unload_ml_per_s: positive: 0"},
		{`"unload_setup_s":60,"unload_ml_per_s":8000}],
"truck_types"`, `"unload_setup_s":-1,"unload_ml_per_s":8000}],
"truck_types"`, "sites.0.unload_setup_s: range: -1"},
		{`"volume_ml":16000000`, `"volume_ml":0`, "truck_types.0.volume_ml: positive: 0"},
		{`"mass_g":1500000`, `"mass_g":-1`, "truck_types.0.mass_g: range: -1"},
		{`"type":"K"`, `"type":"L"`, "trucks.0.type: unknown: L"},
		{`"id":"T1"`, `"id":"S1"`, "trucks.0.id: repeated: S1"},
		{`"ready_s":0`, `"ready_s":-1`, "trucks.0.ready_s: range: -1"},
		{`"site":"S1"`, `"site":"S2"`, "needs.0.site: unknown: S2"},
		{`"site":"S1"`, `"site":"A1"`, "needs.0.site: unknown: A1"},
		{`"item":"Q"`, `"item":"R"`, "needs.0.item: unknown: R"},
		{`"quantity":100`, `"quantity":-100`, "needs.0.quantity: range: -100"},
		{`"due_s":null`, `"due_s":-1`, "needs.0.due_s: range: -1"},
		{`"due_s":null,`, ``, "needs.0.due_s: required: "},
		{`"class":0`, `"class":-1`, "needs.0.class: range: -1"},
		{`"needs":[`, `"needs":[{"site":"S1","item":"Q","quantity":9007199254740992,"due_s":null,"class":0},`, "needs.1.quantity: overflow: 100"},
		{`"areas":[{"id":"A1"`, `"areas":[{"id":"T1"`, "trucks.0.id: repeated: T1"},
		{`"areas":[`, `"areas":null,"x":[`, "areas: list: null|x: unknown: [{\"id\":\"A1\",\"lat\":39.0,\"lon\":117.0,\"unload_setup_s\":60,\"unlo…"},
		{`"speed_kmh":40`, `"speed_kmh":0`, "travel.speed_kmh: positive: 0"},
		{`"speed_kmh":40`, `"speed_kmh":-40`, "travel.speed_kmh: range: -40"},
		{`"speed_kmh":40,`, ``, "travel.speed_kmh: required: "},
		{`"detour_milli":1300`, `"detour_milli":0`, "travel.detour_milli: positive: 0"},
		{estimate, `{}`, "travel: required: nodes and seconds, or speed_kmh and detour_milli"},
		{estimate, `[]`, "travel: object: []"},
		{estimate, `{"speed_kmh":40,"detour_milli":1300,"nodes":[],"seconds":[]}`, "travel: both_forms: nodes and seconds, or speed_kmh and detour_milli"},
		{estimate, `{"nodes":[]}`, "travel.seconds: required: "},
		{estimate, matrixOf, "ok"},
		{estimate, strings.Replace(matrixOf, `[0,9,9,9]`, `[0,-1,9,9]`, 1), "ok"},
		{estimate, strings.Replace(matrixOf, `[0,9,9,9]`, `[0,-2,9,9]`, 1), "travel.seconds.0.1: range: -2"},
		{estimate, strings.Replace(matrixOf, `[0,9,9,9]`, `[1,9,9,9]`, 1), "travel.seconds.0.0: diagonal: 1"},
		{estimate, strings.Replace(matrixOf, `[0,9,9,9]`, `[0,9,9]`, 1), "travel.seconds.0: length: 3"},
		{estimate, strings.Replace(matrixOf, `[0,9,9,9],`, ``, 1), "travel.seconds: length: 3"},
		{estimate, strings.Replace(matrixOf, `"T1"]`, `"T2"]`, 1), "travel.nodes.3: unknown: T2|travel.nodes: missing: T1"},
		{estimate, strings.Replace(matrixOf, `"T1"]`, `"A1"]`, 1), "travel.nodes.3: repeated: A1|travel.nodes: missing: T1"},
	}
	for _, tt := range tests {
		text := strings.Replace(small, tt.old, tt.new, 1)
		if text == small {
			t.Errorf("%s does not stand in the problem", tt.old)
		}
		if _, err := plan.DecodeProblem([]byte(text)); lines(err) != tt.want {
			t.Errorf("%s → %s:\n got %s\nwant %s", tt.old, tt.new, lines(err), tt.want)
		}
	}
}

func TestSumsThatOverflowAreRefused(t *testing.T) {
	text := strings.NewReplacer(`"volume_ml":20000`, `"volume_ml":9007199254740992`, `"Q":500`, `"Q":9007199254740992`, `"quantity":100`, `"quantity":9007199254740992`).Replace(small)
	_, err := plan.DecodeProblem([]byte(text))
	if want := "items.0: overflow: 9007199254740992 units to move"; lines(err) != want {
		t.Errorf("got %s, want %s", lines(err), want)
	}
}

func TestTextThatIsNotJSONIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":          "json: syntax: byte 0: unexpected end of JSON input",
		"{":         "json: syntax: byte 1: unexpected end of JSON input",
		`{"a":1}}`:  "json: syntax: byte 8: invalid character '}' after top-level value",
		"\xff":      "json: utf8: ",
		`[]`:        "json: object: []",
		`{"a\u0062`: "json: syntax: byte 9: unexpected end of JSON input",
	} {
		if _, err := plan.DecodeProblem([]byte(text)); lines(err) != want {
			t.Errorf("%q: got %s, want %s", text, lines(err), want)
		}
	}
}

// Each golden file holds a problem and, behind a line of dashes, what decoding
// says. ANLAN_UPDATE=golden writes them anew.
func TestDecodeGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.golden")
	if len(files) < 3 {
		t.Fatal("no golden files")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		input, _, _ := strings.Cut(string(text), "\n---\n")
		_, err = plan.DecodeProblem([]byte(input))
		got := input + "\n---\n" + strings.ReplaceAll(lines(err), "|", "\n") + "\n"
		if os.Getenv("ANLAN_UPDATE") == "golden" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(text), got); diff != "" {
			t.Errorf("%s (-file +now):\n%s", file, diff)
		}
	}
}

// Whatever the text, decoding answers; what it accepts is solved and checked.
func FuzzProblem(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `{"speed_kmh":40,"detour_milli":1300}`, matrixOf, 1)))
	files, _ := filepath.Glob("testdata/*.golden")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		input, _, _ := strings.Cut(string(text), "\n---\n")
		f.Add([]byte(input))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.DecodeProblem(text)
		if err != nil {
			if got := lines(err); strings.HasPrefix(got, "internal") || !strings.Contains(got, ": ") {
				t.Fatal(got)
			}
			return
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.DecodeProblem(again); err != nil {
			t.Fatalf("%s\nis refused when written again: %s", again, lines(err))
		}
		if len(p.Trucks)*len(p.Warehouses)*len(p.Needs) > 1000 {
			return
		}
		found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 3, Digest: plan.Digest(text)})
		if err != nil {
			return // refused as too large
		}
		for _, v := range plan.Check(p, plan.Digest(text), found) {
			t.Errorf("%s: %s: %s", v.Field, v.Rule, v.Value)
		}
	})
}

func FuzzPlan(f *testing.F) {
	p, err := plan.DecodeProblem([]byte(small))
	if err != nil {
		f.Fatal(err)
	}
	found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 10, Digest: plan.Digest([]byte(small))})
	if err != nil {
		f.Fatal(err)
	}
	text, _ := found.Encode()
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if given, err := plan.DecodePlan(text); err == nil {
			plan.Check(p, plan.Digest([]byte(small)), given)
		}
	})
}

// schema compiles one of the published schemas.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for _, file := range []string{"problem", "plan", "certificate", "guarantee"} {
		file = "relief-" + file + ".schema.json"
		text, err := os.Open("../../docs/formats/" + file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(text)
		text.Close()
		if err == nil {
			err = c.AddResource(file, doc)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("relief-" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsWrittenFollowsThePublishedSchemas(t *testing.T) {
	p, err := synthetic.Problem("A", "dock", 3)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := p.Encode()
	found, err := plan.Solve(p, plan.Options{Seed: 1, Iterations: 5, Digest: plan.Digest(text)})
	if err != nil {
		t.Fatal(err)
	}
	p.Areas = p.Areas[:1]
	answer, err := plan.Prove(p, plan.Claim{People: 1000, WithinS: 40_000}, plan.GuaranteeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"problem": p, "plan": found, "guarantee": answer} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t, name).Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

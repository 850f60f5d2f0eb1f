package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const reliefSmall = `{"schema":"anlan.relief.problem/1",
"items":[{"id":"Q","volume_ml":20000,"mass_g":3000,"per_person_milli":1000}],
"warehouses":[{"id":"W1","lat":39.1,"lon":117.2,"docks":2,"dock_ml_per_s":10000,"setup_s":300,"opens_s":600,"stock":{"Q":500}},
{"id":"W2","lat":39.1,"lon":117.3,"docks":2,"dock_ml_per_s":10000,"setup_s":300,"opens_s":600,"stock":{"Q":400}}],
"sites":[{"id":"S1","lat":39.2,"lon":117.3,"unload_setup_s":60,"unload_ml_per_s":8000}],
"truck_types":[{"id":"K","volume_ml":16000000,"mass_g":1500000}],
"trucks":[{"id":"T1","type":"K","lat":39.1,"lon":117.1,"ready_s":0},{"id":"T2","type":"K","lat":39.1,"lon":117.1,"ready_s":0}],
"needs":[{"site":"S1","item":"Q","quantity":600,"due_s":null,"class":0}],
"areas":[{"id":"A1","lat":39.0,"lon":117.0,"unload_setup_s":60,"unload_ml_per_s":8000}],
"travel":{"speed_kmh":40,"detour_milli":1300}}`

// reliefFiles writes a problem and returns its path.
func reliefFiles(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "problem.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestReliefPlansAndChecksItsPlan(t *testing.T) {
	relief, problem := commandNamed(t, "relief"), reliefFiles(t, reliefSmall)
	answer := filepath.Join(t.TempDir(), "plan.json")
	code, out, errs := runCommand(relief, "plan", problem, "-o", answer, "--iterations", "20")
	if code != exitYes || out != "" || errs != "" {
		t.Fatalf("plan: exit %d %q %q", code, out, errs)
	}
	code, out, _ = runCommand(relief, "check", problem, answer)
	if code != exitYes || !strings.HasPrefix(out, "valid: ") {
		t.Fatalf("check: exit %d %q", code, out)
	}
	text, _ := os.ReadFile(answer)
	_, again, _ := runCommand(relief, "plan", problem, "--iterations", "20")
	if again != string(text) {
		t.Error("the same seed and iterations give another plan")
	}
	wrong := strings.Replace(string(text), `"dock":0`, `"dock":9`, 1)
	if err := os.WriteFile(answer, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs = runCommand(relief, "check", problem, answer)
	if want := "trips.0.dock: unknown: 9\n"; code != exitNo || out != want || errs != "" {
		t.Errorf("exit %d %q %q, want %q", code, out, errs, want)
	}
}

func TestReliefGuaranteeAnswersByItsExitCode(t *testing.T) {
	relief, problem := commandNamed(t, "relief"), reliefFiles(t, reliefSmall)
	for _, tt := range []struct {
		args, verdict string
		code          int
	}{
		{"--people 700 --within 12h", `"verdict":"PROVED"`, exitYes},
		{"--people 901 --within 12h", `"verdict":"REFUTED"`, exitNo},
		{"--people 300 --within 12h --loss 1", `"verdict":"PROVED"`, exitYes},
		{"--people 401 --within 12h --loss 1", `"verdict":"REFUTED"`, exitNo},
		{"--people 1 --within 12h --loss 2", `"verdict":"REFUTED"`, exitNo},
		{"--people 0 --within 1s --loss 2", `"verdict":"PROVED"`, exitYes},
		{"--people 900 --within 4400s", `"verdict":`, -1},
	} {
		code, out, errs := runCommand(relief, append([]string{"guarantee", problem}, strings.Fields(tt.args)...)...)
		if tt.code >= 0 && code != tt.code || !strings.Contains(out, tt.verdict) || errs != "" {
			t.Errorf("%s: exit %d\n%s%s", tt.args, code, out, errs)
		}
	}
}

func TestReliefRefusesWrongInput(t *testing.T) {
	relief, problem := commandNamed(t, "relief"), reliefFiles(t, reliefSmall)
	bad := reliefFiles(t, strings.Replace(reliefSmall, `"docks":2`, `"docks":-2`, 1))
	bare := reliefFiles(t, strings.Replace(reliefSmall, `"areas":[{"id":"A1","lat":39.0,"lon":117.0,"unload_setup_s":60,"unload_ml_per_s":8000}],`, "", 1))
	for args, want := range map[string]string{
		"":                                 "relief: required: plan | check | guarantee",
		"steal":                            "relief: unknown: steal",
		"plan":                             "problem: required: ",
		"plan /nowhere.json":               "problem: no_file: /nowhere.json",
		"plan " + bad:                      "warehouses.0.docks: range: -2",
		"plan " + problem + " --budget 0s": "--budget: range: 0s",
		"plan " + problem + " x":           "arguments: unknown: x",
		"check " + problem:                 "plan: required: ",
		"check " + problem + " " + problem: "items: unknown: ",
		"guarantee " + problem:             "--people: required: ; --within: required: ",
		"guarantee " + problem + " --people x --within 1h":           "--people: range: x",
		"guarantee " + problem + " --people -1 --within 1h":          "--people: range: -1",
		"guarantee " + problem + " --people 1 --within soon":         "--within: duration: soon",
		"guarantee " + problem + " --people 1 --within -1h":          "--within: range: -1h",
		"guarantee " + problem + " --people 1 --within 1h --loss -1": "--loss: range: -1",
		"guarantee " + bare + " --people 1 --within 1h":              "areas: required: ",
	} {
		code, out, errs := runCommand(relief, strings.Fields(args)...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errs, strings.ReplaceAll(want, "; ", "\n")) {
			t.Errorf("%s: exit %d %q\n got %s\nwant %s", args, code, out, errs, want)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each golden file holds a command line and all it writes. ANLAN_UPDATE=golden
// writes them anew.
func TestLicensingGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/licensing/*.golden")
	if len(files) == 0 {
		t.Fatal("no golden files")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			line, _, _ := strings.Cut(string(text), "\n")
			args := strings.Fields(strings.TrimPrefix(line, "$ anlan licensing "))
			code, out, errs := runCommand(commandNamed(t, "licensing"), args...)
			got := fmt.Sprintf("%s\nexit %d\n%s%s", line, code, indented(out), errs)
			if os.Getenv("ANLAN_UPDATE") == "golden" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// indented lays JSON out for reading and leaves other text alone.
func indented(out string) string {
	var b bytes.Buffer
	if !strings.HasPrefix(out, "{") || json.Indent(&b, []byte(out), "", " ") != nil {
		return out
	}
	return b.String()
}

func TestLicensingDueJSONHasTheStatedShape(t *testing.T) {
	args := "due --item hazchem-business.first --received 2026-05-06T10:00 --event pause:2026-05-12:expert-review --event resume:2026-05-20 --json"
	code, out, errs := runCommand(commandNamed(t, "licensing"), strings.Fields(args)...)
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitYes || errs != "" {
		t.Fatalf("exit %d %v: %s", code, err, errs)
	}
	wantKeys(t, got, "item", "rule_version", "clocks", "steps")
	for _, c := range got["clocks"].([]any) {
		wantKeys(t, c.(map[string]any), "kind", "start", "due", "provisional", "days")
	}
	wantKeys(t, got["steps"].([]any)[0].(map[string]any), "step", "due")
	if kinds := got["clocks"].([]any)[0].(map[string]any)["kind"]; kinds != "statutory" {
		t.Errorf("first clock is %v", kinds)
	}
}

func wantKeys(t *testing.T, m map[string]any, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if _, ok := m[k]; !ok {
			t.Errorf("no %q in %v", k, m)
		}
	}
	if len(m) != len(keys) {
		t.Errorf("%d keys, want %d: %v", len(m), len(keys), m)
	}
}

func TestLicensingDueDates(t *testing.T) {
	tests := []struct{ args, version, due string }{
		{"hazchem-business.first --received 2026-05-06T10:00", "2026-05-01", "2026-06-02"},
		{"hazchem-business.first --received 2026-05-05T16:30Z", "2026-05-01", "2026-06-02"},
		{"hazchem-business.first --received 2026-05-06T23:59:59", "2026-05-01", "2026-06-02"},
		{"hazchem-business.first --received 2026-05-06 --event pause:2026-05-12:expert-review --event resume:2026-05-20", "2026-05-01", "2026-06-10"},
		{"hazchem-business.first --received 2026-05-06 --event pause:2026-05-12:expert-review", "2026-05-01", ""},
		{"hazchem-business.first --received 2026-05-06 --event accepted:2026-05-08", "2026-05-01", "2026-06-02"},
		{"hazchem-business.first --received 2026-05-06 --event supplemented:2026-05-08 --event accepted:2026-05-11", "2026-05-01", "2026-06-04"},
		{"hazchem-business.first --received 2026-05-06 --event extend:2026-05-25:10", "2026-05-01", "2026-06-16"},
		{"hazchem-business.first --received 2020-01-20", "2012-09-01", "2020-03-10"},    // ended long before the new law
		{"hazchem-business.first --received 2026-04-20", "2026-05-01", "2026-05-20"},    // running when it came: the shorter limit
		{"fireworks-wholesale.first --received 2026-05-06", "2013-12-01", "2026-06-16"}, // silence: accepted from receipt
		{"fireworks-wholesale.first --received 2026-05-06 --event accepted:2026-05-11", "2013-12-01", "2026-06-23"},
		{"precursor-filing.first --received 2026-05-06", "2006-04-15", "2026-05-06"},
	}
	for _, tt := range tests {
		args := append([]string{"due", "--json", "--item"}, strings.Fields(tt.args)...)
		code, out, errs := runCommand(commandNamed(t, "licensing"), args...)
		var got struct {
			Version string `json:"rule_version"`
			Clocks  []struct{ Due string }
		}
		err := json.Unmarshal([]byte(out), &got)
		if err != nil || code != exitYes || !strings.HasSuffix(got.Version, "@"+tt.version) || got.Clocks[0].Due != tt.due {
			t.Errorf("%s: %s exit %d %s(%v) clocks %v, want due %q", tt.args, got.Version, code, errs, err, got.Clocks, tt.due)
		}
	}
}

func TestLicensingRefusesEveryWrongFlag(t *testing.T) {
	ok := "due --item hazchem-business.first --received 2026-05-06T10:00 "
	tests := []struct{ args, want string }{
		{"", "licensing: required: items | due"},
		{"guess", "licensing: unknown: guess"},
		{"items extra", "arguments: unexpected: extra"},
		{"items --on 2026-13-01", "--on: date: 2026-13-01"},
		{"items --on 2026-01-01 --on 2026-01-02", "--on: repeated: 2026-01-02"},
		{"items --on=", "--on: required: "},
		{"items --in x", "flags: usage: flag provided but not defined: -in"},
		{"due", "--item: required: |--received: required: "},
		{"due --item x --received 2026-05-06", "--item: unknown: x"},
		{"due --item hazchem-business.first --item x --received 2026-05-06", "--item: repeated: x|--item: unknown: x"},
		{"due --item hazchem-business.first --received 06.05.2026", "--received: time: 06.05.2026"},
		{"due --item hazchem-business.first --received 2026-05-06T25:00", "--received: time: 2026-05-06T25:00"},
		{"due --item hazchem-business.first --received 2026-02-30", "--received: time: 2026-02-30"},
		{"due --item hazchem-business.first --received 0026-05-06", "--received: range: 0026-05-06"},
		{"due --item hazchem-business.first --received 2001-05-06", "--received: no_rules_yet: 2001-05-06"},
		{ok + "--received 2026-05-07", "--received: repeated: 2026-05-07"},
		{ok + "--data /nowhere", "--data: no_database: /nowhere"},
		{ok + "extra", "arguments: unexpected: extra"},
		{ok + "--event stopped:2026-05-07", "--event: unknown: stopped:2026-05-07"},
		{ok + "--event pause", "--event: date: pause"},
		{ok + "--event pause:soon:testing", "--event: date: pause:soon:testing"},
		{ok + "--event pause:2026-05-12", "--event: cause: pause:2026-05-12"},
		{ok + "--event pause:2026-05-12:", "--event: cause: pause:2026-05-12:"},
		{ok + "--event pause:2026-05-12:lunch", "--event: not_excluded: pause:2026-05-12:lunch"},
		{ok + "--event pause:2026-05-12:site-check", "--event: not_excluded: pause:2026-05-12:site-check"},
		{ok + "--event resume:2026-05-12", "--event: not_paused: resume:2026-05-12"},
		{ok + "--event resume:2026-05-12:now", "--event: unexpected: resume:2026-05-12:now"},
		{ok + "--event pause:2026-05-12:testing --event pause:2026-05-13:testing", "--event: already_paused: pause:2026-05-13:testing"},
		{ok + "--event pause:2026-05-12:testing --event resume:2026-05-11", "--event: order: resume:2026-05-11"},
		{ok + "--event accepted:2026-05-05", "--event: order: accepted:2026-05-05"},
		{ok + "--event accepted:2026-05-07 --event accepted:2026-05-08", "--event: repeated: accepted:2026-05-08"},
		{ok + "--event accepted:2026-05-07 --event supplemented:2026-05-08", "--event: after_acceptance: supplemented:2026-05-08"},
		{ok + "--event extend:2026-05-12", "--event: days: extend:2026-05-12"},
		{ok + "--event extend:2026-05-12:0", "--event: days: extend:2026-05-12:0"},
		{ok + "--event extend:2026-05-12:-1", "--event: days: extend:2026-05-12:-1"},
		{ok + "--event extend:2026-05-12:11", "--event: extension_too_long: extend:2026-05-12:11"},
		{ok + "--event extend:2026-05-12:5 --event extend:2026-05-13:5", "--event: extension_too_long: extend:2026-05-13:5"},
		{ok + "--event sleep:1 --event pause:x:y", "--event: unknown: sleep:1|--event: date: pause:x:y"},
		{"due --item precursor-filing.first --received 2026-05-06 --event extend:2026-05-06:1", "--event: no_extension: extend:2026-05-06:1"},
		{"due --item fireworks-wholesale.first --received 2026-05-06 --event pause:2026-05-07:testing --event accepted:2026-05-08", "--event: order: pause:2026-05-07:testing"},
	}
	for _, tt := range tests {
		code, out, errs := runCommand(commandNamed(t, "licensing"), strings.Fields(tt.args)...)
		want := strings.ReplaceAll(tt.want, "|-", "\n-") + "\n"
		if code != exitUsage || out != "" || errs != want {
			t.Errorf("%s: exit %d, stdout %q\n%s", tt.args, code, out, cmp.Diff(want, errs))
		}
	}
}

func TestLicensingItemsAreThoseInForce(t *testing.T) {
	count := func(on string) int {
		code, out, errs := runCommand(commandNamed(t, "licensing"), "items", "--on", on, "--json")
		var got struct{ Items []itemJSON }
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitYes {
			t.Fatalf("exit %d %v %s", code, err, errs)
		}
		return len(got.Items)
	}
	if now, then := count("2026-05-06"), count("2010-01-01"); now < 50 || then >= now {
		t.Errorf("%d items now, %d in 2010", now, then)
	}
}

// Whatever is typed, the command answers or names what is wrong.
func FuzzLicensingDue(f *testing.F) {
	f.Add("hazchem-business.first", "2026-05-06T10:00", "pause:2026-05-12:expert-review", "resume:2026-05-20")
	f.Add("fireworks-wholesale.first", "2026-05-06", "accepted:2026-05-08", "extend:2026-05-20:10")
	f.Add("special-operation.first", "2026-05-06T10:00Z", "supplemented:2026-05-08", "pause::")
	f.Fuzz(func(t *testing.T, item, received, a, b string) {
		code, out, errs := runCommand(commandNamed(t, "licensing"), "due", "--json", "--item", item, "--received", received, "--event", a, "--event", b)
		answered := code == exitYes && json.Valid([]byte(out)) && errs == ""
		refused := code == exitUsage && out == "" && strings.Count(errs, ": ") >= 2
		if !answered && !refused {
			t.Errorf("exit %d, %q, %q", code, out, errs)
		}
	})
}

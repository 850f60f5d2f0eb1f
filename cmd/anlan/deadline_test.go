package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/kernel"
)

// run calls a command as the shell would.
func runCommand(cmd command, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cmd.run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func commandNamed(t testing.TB, name string) command {
	t.Helper()
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no command %q", name)
	return command{}
}

func TestDeadlineAnswers(t *testing.T) {
	tests := []struct{ args, due string }{
		{"--start 2020-01-20 --working-days 20", "2020-02-25"},
		{"--start 2020-01-20 --working-days 20 --pause 2020-02-05:2020-02-10", "2020-02-28"},
		{"--start=2020-01-20 -working-days=20 --pause 2020-02-18:2020-02-19 --pause 2020-02-05:2020-02-10", "2020-03-02"},
		{"--start 2020-01-20 --working-days 20 --pause 2020-02-05:2020-02-07 --pause 2020-02-07:2020-02-10", "2020-02-28"},
		{"--start 2026-09-29 --natural-days 2", "2026-10-08"},
		{"--start 2026-09-29 --natural-days 2 --pause 2026-09-30:2026-10-12", "2026-10-13"},
	}
	for _, tt := range tests {
		code, out, errs := runCommand(commandNamed(t, "deadline"), append(strings.Fields(tt.args), "--json")...)
		var got struct{ Due string }
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitYes || got.Due != tt.due || errs != "" {
			t.Errorf("%s: due %q, exit %d, %q (%v)", tt.args, got.Due, code, errs, err)
		}
	}
}

func TestDeadlineJSONHasTheStatedShape(t *testing.T) {
	_, out, _ := runCommand(commandNamed(t, "deadline"), "--start", "2020-01-20", "--working-days", "2", "--json")
	want := `{"start":"2020-01-20","working_days":2,"due":"2020-01-22","provisional":false,"days":[` +
		`{"date":"2020-01-20","counted":false,"why":"start"},{"date":"2020-01-21","counted":true,"why":"working day"},` +
		`{"date":"2020-01-22","counted":true,"why":"working day"}]}` + "\n"
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	_, out, _ = runCommand(commandNamed(t, "deadline"), "--start", "2020-01-20", "--natural-days", "2", "--json")
	if !strings.HasPrefix(out, `{"start":"2020-01-20","natural_days":2,"due":"2020-01-22",`) {
		t.Error(out)
	}
}

func TestDeadlineTextListsEveryDay(t *testing.T) {
	code, out, _ := runCommand(commandNamed(t, "deadline"), "--start", "2027-01-04", "--working-days", "1")
	want := "due  2027-01-05\nprovisional: the holidays of a year on the way are not loaded\n2027-01-04       start\n2027-01-05    1  working day\n"
	if diff := cmp.Diff(want, out); diff != "" || code != exitYes {
		t.Error(code, diff)
	}
}

func TestDeadlineRefusesEveryWrongFlag(t *testing.T) {
	ok := "--start 2020-01-20 --working-days 20 "
	tests := []struct{ args, want string }{
		{"", "--start: required: |--working-days: required: "},
		{"--start 2020-01-20", "--working-days: required: "},
		{"--working-days 20", "--start: required: "},
		{"--start 2020-13-01 --working-days 20", "--start: date: 2020-13-01"},
		{"--start 2020-02-30 --working-days 20", "--start: date: 2020-02-30"},
		{"--start 20200120 --working-days 20", "--start: date: 20200120"},
		{"--start 0001-01-01 --working-days 20", "--start: range: 0001-01-01"},
		{"--start 1969-12-31 --working-days 20", "--start: range: 1969-12-31"},
		{"--start 9999-12-31 --working-days 20", "--start: range: 9999-12-31"},
		{"--start 2020-01-20 --start 2020-01-21 --working-days 20", "--start: repeated: 2020-01-21"},
		{"--start= --working-days 20", "--start: required: "},
		{"--start 2020-01-20 --working-days 0", "--working-days: range: 0"},
		{"--start 2020-01-20 --working-days -3", "--working-days: range: -3"},
		{"--start 2020-01-20 --working-days 10001", "--working-days: range: 10001"},
		{"--start 2020-01-20 --working-days 99999999999999999999", "--working-days: range: 99999999999999999999"},
		{"--start 2020-01-20 --working-days 2.5", "--working-days: integer: 2.5"},
		{"--start 2020-01-20 --working-days many", "--working-days: integer: many"},
		{"--start 2020-01-20 --working-days 20 --working-days 21", "--working-days: repeated: 21"},
		{"--start 2020-01-20 --natural-days x", "--natural-days: integer: x"},
		{"--start 2020-01-20 --natural-days 0", "--natural-days: range: 0"},
		{ok + "--natural-days 20", "--natural-days: conflict: 20"},
		{ok + "--pause 2020-02-05", "--pause: date_range: 2020-02-05"},
		{ok + "--pause 2020-02-05:", "--pause: date_range: 2020-02-05:"},
		{ok + "--pause :2020-02-05", "--pause: date_range: :2020-02-05"},
		{ok + "--pause 2020-02-05:2020-02-30", "--pause: date_range: 2020-02-05:2020-02-30"},
		{ok + "--pause 2020-02-05:2020-02-06:2020-02-07", "--pause: date_range: 2020-02-05:2020-02-06:2020-02-07"},
		{ok + "--pause 2020-02-10:2020-02-05", "--pause: order: 2020-02-10:2020-02-05"},
		{ok + "--pause 2020-01-05:2020-01-10", "--pause: before_start: 2020-01-05:2020-01-10"},
		{ok + "--pause 2020-02-05:2020-02-10 --pause 2020-02-06:2020-02-07", "--pause: overlap: 2020-02-06:2020-02-07"},
		{ok + "--data /nowhere", "--data: no_database: /nowhere"},
		{ok + "--data=", "--data: required: "},
		{ok + "extra", "arguments: unexpected: extra"},
		{ok + "--colour", "flags: usage: flag provided but not defined: -colour"},
		{"--start x --working-days y --pause z", "--start: date: x|--working-days: integer: y|--pause: date_range: z"},
	}
	for _, tt := range tests {
		code, out, errs := runCommand(commandNamed(t, "deadline"), strings.Fields(tt.args)...)
		want := strings.ReplaceAll(tt.want, "|", "\n") + "\n"
		if code != exitUsage || out != "" || errs != want {
			t.Errorf("%s: exit %d, stdout %q\n%s", tt.args, code, out, cmp.Diff(want, errs))
		}
	}
}

func TestDeadlineUsesTheCalendarOfADataDirectory(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "anlan.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(ctx, []db.Migrations{audit.Migrations(), deadline.Migrations()}); err != nil {
		t.Fatal(err)
	}
	err = d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		row := deadline.Row{Date: kernel.MustDate("2020-01-21"), Type: deadline.Off, Name: "测试", Source: "测试"}
		return deadline.Put(ctx, tx, time.Unix(1, 0), kernel.System("test"), row)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "due  2020-01-22\n2020-01-20       start\n2020-01-21       holiday: 测试\n2020-01-22    1  working day\n"
	for _, platform := range []string{"running", "stopped"} {
		code, out, errs := runCommand(commandNamed(t, "deadline"), "--start", "2020-01-20", "--working-days", "1", "--data", dir)
		if code != exitYes || out != want {
			t.Errorf("%s: exit %d %s\n%s", platform, code, errs, cmp.Diff(want, out))
		}
		d.Close()
	}
}

func TestDeadlineRefusesADirectoryThatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "anlan.db"), []byte("not a database at all, but long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := runCommand(commandNamed(t, "deadline"), "--start", "2020-01-20", "--working-days", "1", "--data", dir)
	if code != exitUsage || errs != "--data: not_anlan: "+dir+"\n" {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestDeadlineHelpGoesToStdout(t *testing.T) {
	code, out, errs := runCommand(commandNamed(t, "deadline"), "--help")
	if code != exitYes || !strings.Contains(out, "-working-days") || errs != "" {
		t.Errorf("exit %d: %s %s", code, out, errs)
	}
}

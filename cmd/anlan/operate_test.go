package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anlan/app"
)

// anlan runs a command line and returns what it wrote and its exit code.
func anlan(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = dispatch(args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

func TestWrongCommandLinesExit64WithOneLineEach(t *testing.T) {
	for line, want := range map[string]string{
		"frobnicate":                        "command: unknown: frobnicate\n",
		"version --frob":                    "flags: usage: flag provided but not defined: -frob\n",
		"backup":                            "DIR: required: \n",
		"backup a b":                        "arguments: unknown: b\n",
		"audit check":                       "audit: unknown: check\n",
		"serve --addr nowhere --log-level":  "flags: usage: flag needs an argument: -log-level\n",
		"serve --addr nowhere --tls-cert c": "addr: format: nowhere\ntls-key: required: \n",
		"doctor --lang fr":                  "lang: choice: fr\n",
	} {
		stdout, stderr, code := anlan(t, strings.Fields(line)...)
		if code != exitUsage || stderr != want || stdout != "" {
			t.Errorf("anlan %s: code %d, stderr %q, stdout %q", line, code, stderr, stdout)
		}
	}
	if _, stderr, code := anlan(t); code != exitUsage || !strings.Contains(stderr, "usage: anlan COMMAND") {
		t.Errorf("anlan alone: %d %q", code, stderr)
	}
}

func TestHelpListsEveryCommandAndItsFlags(t *testing.T) {
	stdout, _, code := anlan(t, "help")
	for _, c := range commands() {
		if !strings.Contains(stdout, "\n  "+c.name+" ") {
			t.Errorf("help does not list %s", c.name)
		}
		if _, stderr, code := anlan(t, c.name, "--help"); code != exitYes || stderr != "" {
			t.Errorf("anlan %s --help: %d %q", c.name, code, stderr)
		}
	}
	if code != exitYes {
		t.Errorf("help exits %d", code)
	}
}

func TestVersionIsOneJSONObject(t *testing.T) {
	stdout, _, code := anlan(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(stdout), &b); err != nil || code != exitYes || b.Go == "" || b.Platform == "" {
		t.Errorf("%d %q %v", code, stdout, err)
	}
}

func TestBackupRestoreAndVerifyFromTheShell(t *testing.T) {
	dir := t.TempDir()
	data, saved, again := filepath.Join(dir, "data"), filepath.Join(dir, "saved"), filepath.Join(dir, "again")
	if _, stderr, code := anlan(t, "backup", saved, "--data", data); code != exitUsage || !strings.Contains(stderr, "anlan.db: missing: ") {
		t.Errorf("backup of nothing: %d %q", code, stderr)
	}
	for _, step := range []struct {
		line string
		code int
	}{
		{"migrate --dry-run --data " + data, exitNo},
		{"migrate --data " + data, exitYes},
		{"migrate --dry-run --data " + data, exitYes},
		{"backup --data " + data + " " + saved, exitYes},
		{"backup --data " + data + " " + saved, exitUsage},
		{"restore " + saved + " --data " + again, exitYes},
		{"restore " + saved + " --data " + again, exitUsage},
		{"audit verify --data " + again, exitYes},
		{"doctor --data " + again, exitYes},
		{"doctor --data " + again + " --addr 0.0.0.0:80", exitNo},
	} {
		if stdout, stderr, code := anlan(t, strings.Fields(step.line)...); code != step.code {
			t.Errorf("anlan %s: code %d, want %d\n%s%s", step.line, code, step.code, stdout, stderr)
		}
	}
	if err := os.WriteFile(filepath.Join(saved, "data", "secret.key"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := anlan(t, "restore", saved, "--data", filepath.Join(dir, "third"))
	if code != exitUsage || !strings.HasPrefix(stderr, "data/secret.key: changed: ") {
		t.Errorf("a changed backup: %d %q", code, stderr)
	}
}

func TestDoctorSpeaksBothLanguages(t *testing.T) {
	data := t.TempDir()
	for lang, word := range map[string]string{"zh-CN": "主密钥", "en": "master key"} {
		stdout, _, code := anlan(t, "doctor", "--lang", lang, "--data", data)
		if code != exitYes || !strings.Contains(stdout, word) || strings.Contains(stdout, "⟦") {
			t.Errorf("%s: %d\n%s", lang, code, stdout)
		}
	}
	stdout, _, _ := anlan(t, "doctor", "--json", "--data", data)
	var lines []struct {
		Level app.Level `json:"level"`
		Text  string    `json:"text"`
	}
	if err := json.Unmarshal([]byte(stdout), &lines); err != nil || len(lines) == 0 || lines[0].Text == "" {
		t.Errorf("%q: %v", stdout, err)
	}
}

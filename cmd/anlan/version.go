package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// build says what this binary was made from.
type build struct {
	Version  string `json:"version"` // module version or release name
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func versionCommand(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	fs := newFlags("version", "version [--json]")
	asJSON := fs.Bool("json", false, "write one JSON object")
	if code, done := parseFlags(fs, args, stdout, stderr); done {
		return code
	}
	b := thisBuild()
	if *asJSON {
		json.NewEncoder(stdout).Encode(b)
		return exitYes
	}
	fmt.Fprintf(stdout, "anlan %s %s %s\n", b.Version, b.Platform, b.Go)
	if b.Commit != "" {
		fmt.Fprintf(stdout, "commit %s of %s\n", b.Commit, b.Time)
	}
	return exitYes
}

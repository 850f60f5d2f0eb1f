package app

import (
	"io"
	"log/slog"
)

func logLevel(s string) (level slog.Level, err error) {
	return level, level.UnmarshalText([]byte(s))
}

// NewLog returns the structured log of a checked configuration.
func NewLog(cfg Config, w io.Writer) *slog.Logger {
	cfg = cfg.WithDefaults()
	level, _ := logLevel(cfg.LogLevel)
	opts := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

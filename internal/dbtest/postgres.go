package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx

	"anlan/internal/db"
)

// PostgresEnv names the variable with the URL of a server to test on.
const PostgresEnv = "ANLAN_TEST_POSTGRES"

// prefix starts the name of every database made here; the hour of its making
// follows.
const prefix = "anlan_test_"

// server is the PostgreSQL that this test process uses.
type server struct {
	url   *url.URL
	admin *sql.DB
}

// theServer finds or starts the server once per process.
var theServer = sync.OnceValues(func() (*server, error) {
	raw := os.Getenv(PostgresEnv)
	if raw == "" {
		var err error
		if raw, err = startCluster(); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", PostgresEnv)
	}
	admin, err := sql.Open("pgx", raw)
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(2)
	s := &server{url: u, admin: admin}
	return s, s.sweep()
})

// PostgresURL returns the URL of a fresh migrated database, dropped when the
// test ends, for tests that open it themselves.
func PostgresURL(t testing.TB, sources ...db.Migrations) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		Lacking(t, "postgres", err.Error())
	}
	template := "template1"
	if len(sources) > 0 {
		if template, err = s.template(sources); err != nil {
			t.Fatal(err)
		}
	}
	name := fmt.Sprintf("%s%d_%s", prefix, hour(), suffix())
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.database(name)
}

func hour() int64 { return time.Now().Unix() / 3600 }

func suffix() string {
	b := make([]byte, 6)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// database is the server's URL with another database.
func (s *server) database(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

func (s *server) exec(stmt string) error {
	if _, err := s.admin.ExecContext(context.Background(), stmt); err != nil {
		return fmt.Errorf("%s: %w", stmt, err)
	}
	return nil
}

// template returns a database with sources applied, from which tests get
// copies. Test processes on one server share it, so it is made under a lock.
func (s *server) template(sources []db.Migrations) (string, error) {
	key, err := fingerprint(sources)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s%d_t%s", prefix, hour()/24*24, key) // a new one each day, so that sweep gets the old
	ready, _ := images.LoadOrStore(name, sync.OnceValue(func() error { return s.makeTemplate(name, sources) }))
	return name, ready.(func() error)()
}

func (s *server) makeTemplate(name string, sources []db.Migrations) error {
	ctx := context.Background()
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(720191)`); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, `SELECT pg_advisory_unlock(720191)`)
	var exists bool
	err = conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err != nil || exists {
		return err
	}
	making := name + "_making"
	if err := s.exec("DROP DATABASE IF EXISTS " + making + " WITH (FORCE)"); err != nil {
		return err
	}
	if err := s.exec("CREATE DATABASE " + making); err != nil {
		return err
	}
	d, err := db.Open(ctx, s.database(making), db.Options{Log: quiet()})
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx, sources)
	d.Close()
	if err != nil {
		return err
	}
	return s.exec("ALTER DATABASE " + making + " RENAME TO " + name)
}

// sweep drops what killed tests left on the server more than a day ago.
func (s *server) sweep() error {
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		made, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil || hour()-made < 48 {
			continue
		}
		s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") // another process may be first
	}
	return nil
}

func (s *server) names() ([]string, error) {
	rows, err := s.admin.QueryContext(context.Background(), `SELECT datname FROM pg_database WHERE datname LIKE $1`, prefix+"%")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// copies makes a database and copies of it: files of a directory, or
// databases beside the one that was named.
type copies struct {
	original string // its URL
	dir      string
	server   *sql.DB // nil on SQLite
	named    *url.URL
	prefix   string
	made     []string // databases to drop
}

func newCopies(ctx context.Context, s Submissions) (*copies, error) {
	c := &copies{dir: s.Dir}
	if s.Database == "" {
		c.original = "sqlite:" + filepath.Join(s.Dir, "original.db")
		return c, nil
	}
	var err error
	if c.named, err = url.Parse(s.Database); err != nil {
		return nil, kernel.Bad("database", "url", "")
	}
	if c.server, err = sql.Open("pgx", s.Database); err != nil {
		return nil, err
	}
	c.prefix = "anlan_bench_" + strings.ToLower(rand.Text()[:10]) + "_"
	if c.original, err = c.create(ctx, "original", "template1"); err != nil {
		return nil, errors.Join(err, c.drop())
	}
	return c, nil
}

// create makes a database on the server. PostgreSQL copies a template that
// nobody is connected to.
func (c *copies) create(ctx context.Context, name, template string) (string, error) {
	name = c.prefix + name
	if _, err := c.server.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", err
	}
	c.made = append(c.made, name)
	u := *c.named
	u.Path = "/" + name
	return u.String(), nil
}

// copy returns the URL of the i-th copy.
func (c *copies) copy(ctx context.Context, i int) (string, error) {
	if c.server != nil {
		return c.create(ctx, fmt.Sprint("copy", i), c.prefix+"original")
	}
	d, err := db.Open(ctx, c.original, db.Options{})
	if err != nil {
		return "", err
	}
	defer d.Close()
	path := filepath.Join(c.dir, fmt.Sprintf("copy%d.db", i))
	return "sqlite:" + path, d.CopyTo(ctx, path)
}

// drop removes what was made on a server; a directory is the caller's.
func (c *copies) drop() error {
	if c.server == nil {
		return nil
	}
	var errs []error
	for _, name := range c.made {
		_, err := c.server.ExecContext(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		errs = append(errs, err)
	}
	return errors.Join(append(errs, c.server.Close())...)
}

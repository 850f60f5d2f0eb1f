package db

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
)

// SQLite compiles a statement in about the time that it takes to run a small
// one, so each connection keeps its compiled statements. A statement is out of
// the cache while its rows are read: a query nested in itself compiles anew.

const (
	keptByWriter = 256 // statements; a few kilobytes each
	keptByReader = 64
)

// engineConn is what every connection of the SQLite driver implements.
type engineConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keepingConnector opens connections that keep statements.
type keepingConnector struct {
	driver.Connector
	keep int
}

// Connect implements driver.Connector.
func (k keepingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(engineConn)
	if !ok {
		return nil, errors.Join(errors.New("db: the SQLite driver has changed"), c.Close())
	}
	return &keepingConn{engineConn: inner, keep: k.keep, kept: map[string]*list.Element{}, age: list.New()}, nil
}

// keepingConn is used by one goroutine at a time, as database/sql promises.
type keepingConn struct {
	engineConn
	keep int
	kept map[string]*list.Element // query → element holding *keptStmt
	age  *list.List               // most recently used first
}

// keptStmt is a compiled statement.
type keptStmt struct {
	query string
	stmt  driver.Stmt
}

// Unwrap returns the driver's own connection.
func (c *keepingConn) Unwrap() driver.Conn { return c.engineConn }

// take returns a compiled statement that nobody uses.
func (c *keepingConn) take(ctx context.Context, query string) (*keptStmt, error) {
	if e, ok := c.kept[query]; ok {
		delete(c.kept, query)
		return c.age.Remove(e).(*keptStmt), nil
	}
	stmt, err := c.engineConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &keptStmt{query, stmt}, nil
}

// put gives a statement back.
func (c *keepingConn) put(s *keptStmt) {
	if _, twin := c.kept[s.query]; twin {
		s.stmt.Close()
		return
	}
	c.kept[s.query] = c.age.PushFront(s)
	if c.age.Len() > c.keep {
		oldest := c.age.Remove(c.age.Back()).(*keptStmt)
		delete(c.kept, oldest.query)
		oldest.stmt.Close()
	}
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer c.put(s)
	return s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		c.put(s)
		return nil, err
	}
	return &keptRows{Rows: rows, conn: c, stmt: s}, nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	for e := c.age.Front(); e != nil; e = e.Next() {
		e.Value.(*keptStmt).stmt.Close()
	}
	c.age.Init()
	clear(c.kept)
	return c.engineConn.Close()
}

// keptRows gives its statement back when it is closed.
type keptRows struct {
	driver.Rows
	conn *keepingConn
	stmt *keptStmt
}

// Close implements driver.Rows.
func (r *keptRows) Close() error {
	err := r.Rows.Close()
	if r.stmt != nil {
		r.conn.put(r.stmt)
		r.stmt = nil
	}
	return err
}

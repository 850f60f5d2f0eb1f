package form

import "sync"

// cacheSize is more than there are versions of forms; beyond it the cache
// starts anew.
const cacheSize = 1000

// Cache keeps parsed forms by their schema: Parse takes a millisecond, which
// is too much for each request. The zero value is ready and safe for use by
// many goroutines.
type Cache struct {
	mu    sync.RWMutex
	forms map[string]*Form
}

// Parse is the function Parse, done once for each schema.
func (c *Cache) Parse(schema []byte) (*Form, error) {
	c.mu.RLock()
	f := c.forms[string(schema)]
	c.mu.RUnlock()
	if f != nil {
		return f, nil
	}
	f, err := Parse(schema)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forms == nil || len(c.forms) >= cacheSize {
		c.forms = map[string]*Form{}
	}
	c.forms[string(schema)] = f
	return f, nil
}

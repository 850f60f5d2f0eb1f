package sample

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/kernel"
)

// Secret is a password that a sample account was given: random, different in
// every data directory, and good only there.
type Secret struct {
	Login, Name, Password string
}

// secrets gives every account of the front door a password, so that a visitor
// can also see how signing in works. Persons sign in by telephone number.
func (c *City) secrets() []step {
	var out []step
	for _, n := range c.entryLogins() {
		out = append(out, step{c.until, "password of " + n.Login, func(ctx context.Context) error {
			a, err := c.find(ctx, n)
			if err != nil || a == nil || a.Password {
				return err
			}
			secret := Secret{a.Login, a.Name, kernel.NewSecret(12)}
			if n.Kind == auth.Person {
				secret.Login = c.applicants()[0].Phone
			}
			token, err := c.Auth.PasswordLink(ctx, c.personnel, a.ID)
			if err != nil {
				return err
			}
			if err := c.Keep(secret); err != nil { // first, or the password is lost
				return err
			}
			return c.Auth.SetPassword(ctx, token, secret.Password, "127.0.0.1")
		}})
	}
	return out
}

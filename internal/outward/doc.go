// Package outward is how the platform calls systems outside over HTTP: a
// client that follows no redirects, waits for nobody for long and, unless it
// is allowed to, connects to no private address (so that an address somebody
// typed in cannot reach into the machine room); and signatures by which each
// side knows the other.
package outward

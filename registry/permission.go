package registry

import "anlan/internal/auth"

// The permissions of this package. Reading an enterprise needs none beyond the
// scope; its pages ask for PermRead.
const (
	PermRead         auth.Permission = "registry.read"         // enterprises, sites and people in scope
	PermWrite        auth.Permission = "registry.write"        // register and change them
	PermContacts     auth.Permission = "registry.contacts"     // an enterprise keeps its own contacts
	PermUnmask       auth.Permission = "registry.unmask"       // personal fields in clear, logged
	PermImport       auth.Permission = "registry.import"       // enterprises from Excel
	PermOrganisation auth.Permission = "registry.organisation" // areas and units
	PermErase        auth.Permission = "registry.erase"        // erase a person's fields
)

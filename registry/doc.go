// Package registry keeps the facts that all rooms share: areas (districts,
// functional zones, streets), the organisation tree, enterprises with their
// contacts and history, sites, and people such as holders of a
// special-operation certificate. Rooms point at them by id and never copy
// them.
//
// An enterprise or a person is seen under an auth.Scope; outside it, it does
// not exist (NotFound). Areas and units are public facts and need none.
//
// Personal fields (telephone, e-mail, identity number, home address) are
// stored sealed under a key per person, shown masked, found by keyed hash.
// Unmask opens them for who may see them, and records that it did. Audit rows,
// events and history hold them only masked.
//
// Nothing is deleted: an enterprise, site, person or unit that ends is closed.
//
// Tables: registry_areas, registry_units, registry_enterprises,
// registry_enterprise_versions, registry_contacts, registry_sites,
// registry_people.
//
// Events: registry.enterprise.registered, registry.enterprise.changed,
// registry.enterprise.closed, registry.unit.changed.
//
// Permissions: see Permissions.
//
// Retention: business facts without end; personal fields of a person who asks
// for it are erased by deleting the key (personal.Vault.Erase).
package registry

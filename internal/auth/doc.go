// Package auth knows who is asking and what they may see and do.
//
// An Account is a person who signs in: an officer, somebody who acts for an
// enterprise, or a person who applies for themselves. A Token is a system with
// an API token. A Principal is one of them during one request, with its
// permissions and its Scope. A Role is a named set of permissions; app composes
// the sets from what the rooms declare. Three administrators (system, security,
// audit) are three different people (三员分立).
//
// Passwords are hashed with argon2id, one-time codes, session tokens, API tokens
// and recovery codes are stored only as hashes, phone numbers and names of the
// public are sealed by internal/personal. What a stranger may ask (sign in,
// codes, reset) gives the same answer for a known and an unknown name.
//
// Tables: auth_accounts, auth_assignments, auth_roles, auth_sessions,
// auth_attempts, auth_codes, auth_recovery, auth_tokens, auth_standins,
// auth_delegations, auth_overseen, auth_claims, auth_identities,
// auth_oidc_flows, auth_links. Permissions: see permission.go. Retention:
// sessions, attempts, codes and flows are removed by Sweep 30 days after they
// ended; everything else ends by state.
package auth

// Package bench measures the platform on the machine where it runs: DB the
// database layer against the same statements without it, HTTP the answers of
// a running platform under a steady rate of requests, Relief the planner on
// synthetic problems. It is part of the
// binary, so that an operator can ask the same questions of the city's own
// disk that docs/performance.md answers for the developers'.
package bench

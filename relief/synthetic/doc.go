// Package synthetic makes relief problems to measure and test the planner
// with: sizes A to F, a mode that says what is scarce, and a seed. The same
// three give the same problem on every machine. The numbers are planning
// figures of the size of a large city's; nothing here is a real place.
package synthetic

// Package sample makes the sample city: enterprises, people, officers and
// their work over the past years, so that a visitor sees every screen filled.
//
// Everything is made up and says so. Names begin with 样例, rows carry the
// sample mark, credit codes lie in a range of their own (91120000YL…),
// identity numbers name the region 120000 under which nobody is born,
// telephone numbers begin with 160, which is assigned to no operator, and
// addresses stand on 样例路.
//
// Nothing is written past the services: the city is built by the same use
// cases as a real one, with the same checks, audit rows and events, under a
// clock that walks from the past to the present. The services it is given
// must run on that clock and must not send anything outside.
//
// The plan (who, where, when) is a pure function of the seed and of today; the
// walk carries it out and can be stopped and run again at any point.
package sample

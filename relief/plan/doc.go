// Package plan answers who brings what from where to whom, and by when: pure
// computation on values, without input or output and without a clock.
//
//   - Problem is what is known: items, warehouses with stock and docks, sites
//     with needs, trucks, travel times. DecodeProblem reads its JSON form.
//   - Solve finds a Plan; it can be stopped at any time and is reproducible
//     for a seed and a number of iterations.
//   - Check replays a plan against its problem and shares no code with Solve.
//   - A plan carries a lower bound of its latest_s with a Certificate: prices
//     that show by weak duality that no plan ends earlier. Check verifies it
//     in integers.
//   - Guarantee answers "N people within H hours, whatever k warehouses are
//     lost" for each area: PROVED by checked plans, REFUTED by a bound, or OPEN.
//   - Replan keeps what is loading or driving and plans the rest anew.
//
// Units: millilitres, grams, whole units of an item, seconds from the alarm.
// The formats and every rule stand in docs/formats/relief.md.
package plan

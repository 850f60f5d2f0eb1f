// Runs other solvers beside `anlan bench relief`, those that are installed:
// HiGHS (`npm i highs`), GLPK (`glpk-utils`), CBC (`coinor-cbc`).
//
//   anlan bench relief --sizes A,B,C --keep DIR > DIR/anlan.jsonl
//   NODE_PATH=…/node_modules node bench/relief-peers.mjs DIR
//
// No general solver here plans trips; what they can answer is the linear
// programme behind the bound: the least end T by which docks could load what
// is needed from the stock there is, trips being divisible at will and every
// warehouse ending with its nearest site. bound_s of Anlan has more rows
// (deadlines by distance, whole loads, truck time) and is therefore higher.
import {execFileSync} from "node:child_process"
import {createRequire} from "node:module"
import {mkdtempSync, readdirSync, readFileSync, writeFileSync} from "node:fs"
import {tmpdir} from "node:os"
import {join} from "node:path"

const dir = process.argv[2]
if (!dir) {
  console.error("usage: node bench/relief-peers.mjs DIR")
  process.exit(64)
}

/** Seconds between two places of an estimate. */
function seconds(travel, a, b) {
  const rad = Math.PI / 180
  const h = Math.sin((b.lat - a.lat) * rad / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin((b.lon - a.lon) * rad / 2) ** 2
  return Math.ceil(2 * 6371008.8 * Math.asin(Math.sqrt(Math.min(1, h))) * travel.detour_milli / 1000 / (travel.speed_kmh / 3.6))
}

/** The linear programme in CPLEX LP format. */
function programme(p) {
  const needs = new Map()
  for (const n of p.needs) needs.set(n.item, (needs.get(n.item) ?? 0) + n.quantity)
  const largest = Math.max(...p.truck_types.map(t => t.volume_ml))
  const rows = []
  const volume = Object.fromEntries(p.items.map(i => [i.id, i.volume_ml]))
  for (const [item, n] of needs) {
    const from = p.warehouses.map((w, k) => (w.stock[item] ? `x_${k}_${item}` : null)).filter(Boolean)
    rows.push(` need_${item}: ${from.join(" + ")} >= ${n}`)
  }
  p.warehouses.forEach((w, k) => {
    const tail = Math.min(...p.sites.map(s => seconds(p.travel, w, s) + s.unload_setup_s))
    const used = [...needs.keys()].filter(i => w.stock[i]).map(i => `${(volume[i] / w.dock_ml_per_s + w.setup_s * volume[i] / largest) / w.docks} x_${k}_${i}`)
    if (used.length) rows.push(` dock_${k}: ${used.join(" + ")} - T <= ${-(w.opens_s + tail)}`)
  })
  const bounds = p.warehouses.flatMap((w, k) => [...needs.keys()].filter(i => w.stock[i]).map(i => ` 0 <= x_${k}_${i} <= ${w.stock[i]}`))
  return `Minimize\n obj: T\nSubject To\n${rows.join("\n")}\nBounds\n${bounds.join("\n")}\nEnd\n`
}

const require = createRequire(join(process.env.NODE_PATH ?? process.cwd(), "_"))
const peers = {
  async highs(text) {
    const solver = await require(process.env.NODE_PATH ? join(process.env.NODE_PATH, "highs") : "highs")()
    const start = performance.now()
    return {end: solver.solve(text).ObjectiveValue, ms: performance.now() - start}
  },
  glpk: (text, file) => command("glpsol", ["--lp", file, "-o", file + ".out"], () => /Objective:\s+\S+ = (\S+)/.exec(readFileSync(file + ".out", "utf8"))[1]),
  cbc: (text, file) => command("cbc", [file, "solve", "solution", file + ".sol"], () => /objective value\s+(\S+)/.exec(readFileSync(file + ".sol", "utf8"))[1]),
}

function command(name, args, value) {
  const start = performance.now()
  execFileSync(name, args, {stdio: "ignore"})
  return {end: Number(value()), ms: performance.now() - start}
}

const scratch = mkdtempSync(join(tmpdir(), "relief-peers-"))
for (const name of readdirSync(dir).filter(n => /^[A-F]-\w+-\d+\.json$/.test(n))) {
  const problem = JSON.parse(readFileSync(join(dir, name), "utf8"))
  const text = programme(problem)
  const file = join(scratch, name.replace(".json", ".lp"))
  writeFileSync(file, text)
  for (const [peer, solve] of Object.entries(peers)) {
    try {
      const {end, ms} = await solve(text, file)
      console.log(JSON.stringify({problem: name, peer, end_s: Math.round(end), ms: Math.round(ms)}))
    } catch (err) {
      const missing = err.code === "ENOENT" || err.code === "MODULE_NOT_FOUND"
      console.log(JSON.stringify({problem: name, peer, error: missing ? "not installed" : String(err.message).slice(0, 120)}))
    }
  }
}

// Puts a MapLibre map over the server's SVG where WebGL2 exists, with the
// same districts and points. Fonts of the device draw the names: there is no
// glyph server, and tiles come from our own address only.
export function maps() {
  const figures = document.querySelectorAll("figure[data-map]");
  if (!figures.length || !webgl2()) return;
  for (const f of figures) draw(f).catch(() => f.querySelector(".map-gl")?.remove());
}

function webgl2() {
  try {
    return !!document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  } catch {
    return false;
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

async function draw(figure) {
  const d = figure.dataset;
  const css = document.createElement("link");
  css.rel = "stylesheet";
  css.href = d.mapCss;
  document.head.append(css);
  const gl = await import(d.mapModule);
  gl.setWorkerUrl(d.mapWorker);
  const areas = await (await fetch(d.mapAreas)).json();
  const { points, shades } = JSON.parse(d.map);
  for (const f of areas.features) f.properties.shade = colour("--" + ((shades || {})[f.properties.code] || "brand") + "-soft");
  const svg = figure.querySelector(".map-svg");
  const box = document.createElement("div");
  box.className = "map-gl map-gl-waiting";
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", d.tMap);
  svg.after(box);
  const map = new gl.Map({
    container: box,
    attributionControl: false,
    bounds: [[116.66, 38.53], [118.1, 40.28]],
    style: {
      version: 8,
      sources: { areas: { type: "geojson", data: areas } },
      layers: [
        { id: "paper", type: "background", paint: { "background-color": colour("--paper-2") } },
        { id: "areas", type: "fill", source: "areas", paint: { "fill-color": ["get", "shade"] } },
        { id: "edges", type: "line", source: "areas", paint: { "line-color": colour("--aqua"), "line-width": 1 } },
      ],
    },
  });
  map.addControl(new gl.NavigationControl({ showCompass: false }));
  map.once("load", () => {
    svg.remove();
    box.classList.remove("map-gl-waiting");
    map.resize();
  });
  for (const p of points) mark(gl, map, p);
}

function mark(gl, map, p) {
  const el = document.createElement(p.link ? "a" : "span");
  if (p.link) el.href = p.link;
  el.className = "map-mark " + p.tone;
  el.title = p.label;
  const letter = document.createElement("span");
  letter.setAttribute("aria-hidden", "true");
  letter.textContent = p.mark || "";
  el.append(letter);
  el.setAttribute("aria-label", (p.mark ? p.mark + " " : "") + p.label);
  if (!p.link) el.setAttribute("role", "img");
  new gl.Marker({ element: el }).setLngLat([p.lon, p.lat]).addTo(map);
}

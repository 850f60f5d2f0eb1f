// Keyboard shortcuts: / searches, j and k walk the rows of the first table
// with links, Enter opens, ? explains. data-keys="off" on the root turns them
// off (WCAG 2.1.4).
export function keys() {
  if (document.documentElement.dataset.keys === "off") return;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || typing(e.target)) return;
    switch (e.key) {
      case "/": focusSearch(e); break;
      case "j": walk(1); break;
      case "k": walk(-1); break;
      case "?": location.href = "/help/keys"; break;
      default: named(e);
    }
  });
}

function typing(el) {
  return el.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(el.tagName);
}

function focusSearch(e) {
  const box = document.querySelector("[data-search]");
  if (!box) return;
  e.preventDefault();
  box.focus();
  box.select();
}

function walk(step) {
  const rows = [...document.querySelectorAll("main .table tbody tr")].filter((r) => r.querySelector("a[href]"));
  if (!rows.length) return;
  const at = rows.findIndex((r) => r.classList.contains("row-on"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  for (const r of rows) r.classList.toggle("row-on", r === next);
  next.querySelector("a[href]").focus();
  next.scrollIntoView({ block: "nearest" });
}

function named(e) {
  const el = document.querySelector(`main [data-key="${CSS.escape(e.key)}"]`);
  if (!el) return;
  e.preventDefault();
  el.click();
}

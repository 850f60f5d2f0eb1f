// Live updates. Elements with data-live="topic" hear the topic: with
// data-live-get="URL" they fetch themselves anew (the answer replaces them),
// else they receive a "live" event whose detail is the data. One connection
// serves the page; it starts where the page's snapshot was made.
import { toast } from "./toast.js";

export function live() {
  const topics = [...new Set([...document.querySelectorAll("[data-live]")].map((e) => e.dataset.live))];
  if (!topics.length || !window.EventSource) return;
  const q = new URLSearchParams({ topics: topics.join(","), from: document.body.dataset.liveFrom });
  const source = new EventSource("/live?" + q);
  let lost, notice;
  source.addEventListener("open", () => {
    clearTimeout(lost);
    lost = undefined;
    if (notice) notice.remove();
    notice = undefined;
  });
  source.addEventListener("error", () => {
    if (lost || notice) return;
    lost = setTimeout(() => { notice = toast(document.body.dataset.tLiveLost, "bad"); }, 6000);
  });
  source.addEventListener("message", (e) => {
    const { topic, data } = JSON.parse(e.data);
    for (const el of document.querySelectorAll(`[data-live="${CSS.escape(topic)}"]`)) heard(el, data);
  });
  source.addEventListener("reload", stale);
  window.addEventListener("pagehide", () => source.close());
}

function heard(el, data) {
  if (!el.dataset.liveGet) {
    el.dispatchEvent(new CustomEvent("live", { bubbles: true, detail: data }));
  } else if (window.htmx) {
    window.htmx.ajax("GET", el.dataset.liveGet, { target: el, swap: "outerHTML" });
  }
}

// The page may have missed something. It never reloads by itself: somebody
// may be typing.
function stale() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-plain button-small";
  button.textContent = document.body.dataset.tReloadNow;
  button.addEventListener("click", () => location.reload());
  toast(document.body.dataset.tReload, "note", button);
}

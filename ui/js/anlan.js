// The page's small helpers. Every page works without them.
import { keys } from "./keys.js";
import { uploads } from "./upload.js";
import { drafts } from "./draft.js";
import { live } from "./live.js";
import { readAloud } from "./read.js";
import { maps } from "./map.js";
import { toast } from "./toast.js";

const body = document.body;

// Menus close on Escape and on a click elsewhere.
function menus() {
  document.addEventListener("click", (e) => {
    for (const m of document.querySelectorAll("details[data-menu][open]")) if (!m.contains(e.target)) m.open = false;
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    for (const m of document.querySelectorAll("details[data-menu][open]")) {
      m.open = false;
      m.querySelector("summary").focus();
    }
    document.querySelector("#toasts").replaceChildren();
  });
}

// On a narrow screen the console's navigation starts folded.
function fold() {
  const nav = document.querySelector("details[data-fold]");
  if (!nav) return;
  const narrow = window.matchMedia("(max-width: 60rem)");
  const set = () => { nav.open = !narrow.matches; };
  set();
  if (narrow.addEventListener) narrow.addEventListener("change", set);
}

// The network is gone: say so, and say when it is back.
function offline() {
  const bar = document.getElementById("offline");
  const set = () => {
    if (navigator.onLine) {
      if (!bar.hidden) toast(body.dataset.tOnline, "done");
      bar.hidden = true;
    } else {
      bar.textContent = body.dataset.tOffline;
      bar.hidden = false;
    }
  };
  window.addEventListener("online", set);
  window.addEventListener("offline", set);
  if (!navigator.onLine) set();
}

// A form that is on its way cannot be sent again by impatience. (The server
// is safe against it anyway.) Back from the cache it is free again.
function busy() {
  document.addEventListener("submit", (e) => {
    if (e.defaultPrevented || e.target.method !== "post") return;
    setTimeout(() => {
      for (const b of e.target.querySelectorAll("button[type=submit]")) b.setAttribute("aria-busy", "true");
    });
  });
  window.addEventListener("pageshow", () => {
    for (const b of document.querySelectorAll("button[aria-busy]")) b.removeAttribute("aria-busy");
  });
}

// Fragments that fail say so instead of nothing.
function failures() {
  for (const name of ["htmx:sendError", "htmx:timeout"]) body.addEventListener(name, () => toast(body.dataset.tFailed, "bad"));
}

// What stays readable without the network; see worker.js.
function worker() {
  if (!navigator.serviceWorker || !window.isSecureContext) return;
  navigator.serviceWorker.register("/offline.js").catch(() => {});
}

const faults = document.querySelector("[data-faults]");
if (faults) faults.focus();
menus();
fold();
offline();
busy();
failures();
keys();
uploads();
drafts();
live();
readAloud();
maps();
worker();

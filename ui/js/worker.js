// The service worker keeps the static files of the program that served it and
// shows a page of its own when the network is gone. Pages themselves are
// never kept: they hold what only their reader may see.
const cache = "anlan-static";

self.addEventListener("install", (e) => {
  self.skipWaiting();
  e.waitUntil(caches.open(cache).then((store) => store.add("/offline")));
});
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/assets/")) e.respondWith(asset(e.request, url));
  else if (e.request.mode === "navigate") e.respondWith(fetch(e.request).catch(() => caches.match("/offline")));
});

async function asset(request, url) {
  const store = await caches.open(cache);
  const kept = await store.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok && fresh.status === 200) {
    const version = url.pathname.split("/")[2];
    for (const old of await store.keys()) {
      const parts = new URL(old.url).pathname.split("/");
      if (parts[1] === "assets" && parts[2] !== version) await store.delete(old);
    }
    await store.put(request, fresh.clone());
  }
  return fresh;
}

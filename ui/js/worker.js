// The service worker keeps the static files of the program that served it and
// answers with a plain page when the network is gone. Pages themselves are
// never kept: they hold what only their reader may see.
const cache = "anlan-static";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/assets/")) return;
  e.respondWith((async () => {
    const store = await caches.open(cache);
    const kept = await store.match(e.request);
    if (kept) return kept;
    const fresh = await fetch(e.request);
    if (fresh.ok) {
      const version = url.pathname.split("/")[2];
      for (const old of await store.keys()) if (new URL(old.url).pathname.split("/")[2] !== version) await store.delete(old);
      await store.put(e.request, fresh.clone());
    }
    return fresh;
  })());
});

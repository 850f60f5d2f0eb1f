// toast shows a short message in the corner for a while; kind is note, done,
// warn or bad. A bad one stays until it is closed.
export function toast(text, kind = "note", action) {
  const box = document.createElement("div");
  box.className = "notice notice-" + kind;
  const words = document.createElement("div");
  words.textContent = text;
  box.append(words);
  if (action) box.append(action);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button-quiet button-small";
  close.textContent = document.body.dataset.tClose;
  close.addEventListener("click", () => box.remove());
  box.append(close);
  document.getElementById("toasts").append(box);
  if (kind !== "bad" && !action) setTimeout(() => box.remove(), 8000);
  return box;
}

// Reading aloud with the device's own voice, paragraph by paragraph. The
// button shows only where a voice exists.
import { toast } from "./toast.js";

export function readAloud() {
  const button = document.querySelector("[data-read-aloud]");
  if (!button || !window.speechSynthesis) return;
  button.closest(".tool-read").hidden = false;
  const words = button.querySelector("span");
  let reading = false;
  const stop = () => {
    reading = false;
    speechSynthesis.cancel();
    words.textContent = document.body.dataset.tRead;
  };
  button.addEventListener("click", () => {
    if (reading) { stop(); return; }
    const lang = document.documentElement.lang;
    if (!speechSynthesis.getVoices().some((v) => v.lang.slice(0, 2) === lang.slice(0, 2))) {
      toast(document.body.dataset.tNoVoice, "warn");
      return;
    }
    reading = true;
    words.textContent = document.body.dataset.tReadStop;
    const parts = [...document.querySelectorAll("main h1, main h2, main h3, main p, main li, main dt, main dd, main label, main th, main td")];
    next(parts.map((p) => p.innerText.trim()).filter(Boolean), lang, () => reading, stop);
  });
  window.addEventListener("pagehide", stop);
}

function next(texts, lang, going, done) {
  const text = texts.shift();
  if (!text || !going()) { done(); return; }
  const u = new SpeechSynthesisUtterance(text);
  u.lang = lang;
  u.addEventListener("end", () => next(texts, lang, going, done));
  u.addEventListener("error", done);
  speechSynthesis.speak(u);
}

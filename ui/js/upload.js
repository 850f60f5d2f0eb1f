// Forms with data-upload send their files with a progress bar. What failed is
// said, and the form stays filled; without this script the browser sends it.
import { toast } from "./toast.js";

export function uploads() {
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!form.matches("form[data-upload]") || !window.XMLHttpRequest) return;
    e.preventDefault();
    send(form, e.submitter);
  });
  for (const box of document.querySelectorAll("[data-drop]")) drop(box);
}

function drop(box) {
  const input = box.querySelector("input[type=file]");
  for (const name of ["dragover", "dragenter"]) box.addEventListener(name, (e) => { e.preventDefault(); box.classList.add("drop-over"); });
  for (const name of ["dragleave", "drop"]) box.addEventListener(name, () => box.classList.remove("drop-over"));
  box.addEventListener("drop", (e) => {
    e.preventDefault();
    input.files = e.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function send(form, submitter) {
  const data = new FormData(form);
  if (submitter && submitter.name) data.append(submitter.name, submitter.value);
  const bar = form.querySelector(".upload-progress");
  const buttons = form.querySelectorAll("button");
  const request = new XMLHttpRequest();
  const busy = (on) => {
    for (const b of buttons) b.disabled = on;
    if (bar) bar.hidden = !on;
  };
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("HX-Target", "main");
  request.upload.addEventListener("progress", (e) => { if (bar && e.lengthComputable) bar.value = (e.loaded / e.total) * 100; });
  request.addEventListener("load", () => answered(request, form, busy));
  request.addEventListener("error", () => { busy(false); toast(document.body.dataset.tUploadFailed, "bad"); });
  busy(true);
  request.send(data);
}

function answered(request, form, busy) {
  const to = request.getResponseHeader("HX-Redirect");
  if (to) { location.assign(to); return; }
  busy(false);
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const main = page.querySelector("main");
  if (main && request.status < 500) {
    document.querySelector("main").replaceWith(document.adoptNode(main));
    const faults = document.querySelector("[data-faults]");
    if (faults) faults.focus();
    for (const box of document.querySelectorAll("[data-drop]")) drop(box);
    return;
  }
  const words = page.querySelector(".notice p:last-of-type");
  toast(words ? words.textContent : document.body.dataset.tUploadFailed, "bad");
}

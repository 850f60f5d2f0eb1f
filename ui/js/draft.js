// Forms with data-draft keep themselves: a few seconds after typing stopped
// what stands in them is sent to that address. The version that comes back
// goes into the form, so that saving it by hand is no conflict with itself.
const wait = 4000;

export function drafts() {
  for (const form of document.querySelectorAll("form[data-draft]")) watch(form);
}

function watch(form) {
  const says = form.querySelector("[data-draft-says]");
  let timer = 0, kept = typed(form), running = false;
  const keep = async () => {
    const now = typed(form);
    if (running || now === kept) return;
    running = true;
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body: content(form),
        headers: { Accept: "application/json", "X-CSRF-Token": form.elements._csrf.value } });
      if (!answer.ok) throw new Error(answer.status);
      const saved = await answer.json();
      form.elements.version.value = saved.version;
      says.textContent = saved.words;
      kept = now;
    } catch {
      says.textContent = form.dataset.tFailed;
    }
    running = false;
  };
  for (const name of ["input", "change"]) form.addEventListener(name, () => { clearTimeout(timer); timer = setTimeout(keep, wait); });
  form.addEventListener("submit", () => clearTimeout(timer));
}

// content is what the form would send, without the request id: a draft is not
// the request that the form makes when it is sent.
function content(form) {
  const data = new URLSearchParams(new FormData(form));
  data.delete("_request");
  return data;
}

// typed is what the person wrote.
function typed(form) {
  const data = content(form);
  data.delete("version");
  return data.toString();
}

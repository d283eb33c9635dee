// What every page has: theme without a reload, printing, and a question before typed words are lost.

const root = document.documentElement;

function showTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const other = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.value = other;
    button.querySelector("[data-theme-name]").textContent = other === "dark" ? "Dark" : "Light";
  }
}

showTheme();

document.addEventListener("submit", async (event) => {
  const form = event.target;
  delete form.dataset.dirty;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  root.dataset.theme = chosen;
  showTheme();
  // Kept alive: whoever goes to another page at once has chosen all the same.
  await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams({ theme: chosen }),
    keepalive: true,
  });
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Paper shows what the screen folds away, also in browsers whose style sheets cannot unfold it.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open], .no-print)")) {
    folded.open = true;
    addEventListener("afterprint", () => (folded.open = false), { once: true });
  }
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guarded]");
  if (form) form.dataset.dirty = "";
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-dirty]")) event.preventDefault();
});

function reveal() {
  for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
}

reveal();
document.addEventListener("refreshed", reveal);

/** Says one sentence to whoever listens rather than looks. */
export function say(sentence) {
  const status = document.getElementById("status");
  if (status && status.textContent !== sentence) status.textContent = sentence;
}

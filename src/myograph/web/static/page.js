// What every page has: theme without a reload, printing, and a question before typed words are lost.

document.documentElement.dataset.script = "on";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  delete form.dataset.dirty;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  document.documentElement.dataset.theme = chosen;
  event.submitter.value = chosen === "dark" ? "light" : "dark";
  event.submitter.textContent = chosen === "dark" ? "Light" : "Dark";
  await fetch(form.action, { method: "POST", body: new URLSearchParams({ theme: chosen }) });
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guarded]");
  if (form) form.dataset.dirty = "";
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-dirty]")) event.preventDefault();
});

for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;

/** Says one sentence to whoever listens rather than looks. */
export function say(sentence) {
  const status = document.getElementById("status");
  if (status && status.textContent !== sentence) status.textContent = sentence;
}

// Keeps every element with data-live as the server would draw it now.
//
// One event stream per page says that something changed; then the fragment is fetched again. Where
// the stream is silent (a proxy that holds it back) the fragments are polled, with their ETags.
//
//   data-live     address of the fragment: one element, which replaces this one
//   data-session  only changes of this session matter
//   data-query    the fragment wants the page's own query too
//   data-pending  something is under way, so silence is suspicious
//   data-say      the sentence to announce when it differs from before

import { say } from "./page.js";

const SILENCE_MS = 5000;
const POLL_MS = 2000;
const GATHER_MS = 60;

const etags = new Map();
let lastHeard = performance.now();
let heardAnything = false;
let gathered = null;

function addressOf(element) {
  const query = "query" in element.dataset ? location.search : "";
  return element.dataset.live + query;
}

function isBeingEdited(element) {
  return element.querySelector("form[data-dirty]") !== null;
}

async function refresh(element) {
  if (isBeingEdited(element)) return;
  const address = addressOf(element);
  const known = etags.get(address);
  // The page asks by itself: that is no sign that somebody is there.
  const headers = { Accept: "text/html", "X-Unattended": "1", ...(known && { "If-None-Match": known }) };
  const answer = await fetch(address, { headers, cache: "no-store" });
  if (answer.status !== 200 || !element.isConnected) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = parsed.body.firstElementChild;
  if (!fresh?.dataset.live || isBeingEdited(element)) return;
  if (answer.headers.get("ETag")) etags.set(address, answer.headers.get("ETag"));
  swap(element, fresh);
}

function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.dataset.do && `[data-do="${focused.dataset.do}"]`;
  const opened = [...old.querySelectorAll("details[open][id]")].map((d) => d.id);
  const scrolled = [...old.querySelectorAll(".long")].map((e) => e.scrollTop);
  const before = old.dataset.say;
  old.replaceWith(fresh);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  for (const [i, e] of [...fresh.querySelectorAll(".long")].entries()) e.scrollTop = scrolled[i] ?? 0;
  if (mark) fresh.querySelector(mark)?.focus({ preventScroll: true });
  if (fresh.dataset.say && fresh.dataset.say !== before) say(fresh.dataset.say);
  fresh.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
}

function elements() {
  return [...document.querySelectorAll("[data-live]")];
}

export async function refreshAll(sessions = null) {
  const wanted = elements().filter((e) => !sessions || !e.dataset.session || sessions.has(e.dataset.session));
  await Promise.allSettled(wanted.map(refresh));
}

function heard(session) {
  lastHeard = performance.now();
  heardAnything = true;
  if (!session) return;
  if (gathered) return gathered.add(session);
  gathered = new Set([session]);
  setTimeout(() => {
    const sessions = gathered;
    gathered = null;
    refreshAll(sessions);
  }, GATHER_MS);
}

function listen() {
  const since = document.documentElement.dataset.since;
  const stream = new EventSource(since ? `/api/events?since=${since}` : "/api/events");
  stream.addEventListener("begin", () => heard(null));
  stream.addEventListener("session", (event) => heard(JSON.parse(event.data).id));
  window.addEventListener("pagehide", () => stream.close());
}

function isSilent() {
  const pending = elements().some((e) => "pending" in e.dataset);
  return (pending || !heardAnything) && performance.now() - lastHeard > SILENCE_MS;
}

if (elements().length || document.querySelector("[data-upload]")) {
  listen();
  setInterval(() => isSilent() && refreshAll(), POLL_MS);
}

// The viewer. The server draws; this shortens the ways: keys, wheel, dragging, no page load between.
//
// Every way on is a link that the server put there; its data-start and data-stop say where it leads.

import { say } from "./page.js";

const KEYS = {
  ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", _: "out", 0: "all",
  n: "next", N: "next", p: "previous", P: "previous",
};
const WHEEL_MS = 60;
const SAY_MS = 400;
const DRAG_PX = 6;
const MOST_KEYS = 5;

let request = null;
let drag = null;
let wheel = null;
let saying = null;
const keys = [];

const section = () => document.getElementById("signal");
const viewer = () => document.getElementById("viewer");
const drawing = () => viewer()?.querySelector(".signal-view");

function shown() {
  const { start, stop, duration } = section().dataset;
  return { start: Number(start), stop: Number(stop), duration: Number(duration) };
}

function query(start, stop) {
  const { duration } = shown();
  const wanted = new URLSearchParams();
  if (start > 0 || stop < duration) {
    wanted.set("start", start.toFixed(3));
    wanted.set("end", stop.toFixed(3));
  }
  const form = section().querySelector("form.layers");
  const chosen = form ? [...new FormData(form)].filter(([name]) => name === "show" || name === "scale") : [];
  const layers = chosen.filter(([name]) => name === "show");
  if (layers.length < 3) for (const [name, value] of layers.length ? layers : [["show", "none"]]) wanted.append(name, value);
  if (chosen.some(([name]) => name === "scale")) wanted.set("scale", "own");
  return wanted;
}

function columns() {
  return Math.round(drawing().getBoundingClientRect().width) || 1152;
}

async function go(start, stop) {
  const { duration } = shown();
  const least = Number(section().dataset.least);
  const length = Math.min(Math.max(stop - start, least), duration);
  const first = Math.min(Math.max(start, 0), duration - length);
  const wanted = query(first, first + length);
  const address = `${location.pathname}${wanted.size ? `?${wanted}` : ""}`;
  wanted.set("columns", columns());
  wanted.set("v", section().dataset.version);
  request?.abort();
  const mine = (request = new AbortController());
  viewer().classList.add("loading");
  try {
    const answer = await fetch(`${section().dataset.url}?${wanted}`, { signal: mine.signal });
    if (!answer.ok) throw new Error(answer.status);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("signal"));
    history.replaceState(history.state, "", address);
  } catch (error) {
    if (error.name !== "AbortError") failed(first, first + length);
  } finally {
    if (request === mine) viewer()?.classList.remove("loading");
  }
}

function replace(fresh) {
  const old = section();
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  Object.assign(old.dataset, fresh.dataset);
  for (const part of old.querySelectorAll("[data-part]")) {
    part.replaceWith(fresh.querySelector(`[data-part="${part.dataset.part}"]`));
  }
  old.querySelector(".problem").hidden = true;
  restore(held);
  clearTimeout(saying);
  saying = setTimeout(() => say(section().querySelector("[data-resolution]").textContent.trim()), SAY_MS);
}

function restore(held) {
  if (!held || held.isConnected) return;
  const again = held.dataset?.do && section().querySelector(`[data-do="${held.dataset.do}"]`);
  const named = held.id && document.getElementById(held.id);
  (named || again || viewer()).focus({ preventScroll: true });
}

function failed(start, stop) {
  const problem = section().querySelector(".problem");
  problem.hidden = false;
  problem.querySelector("button").onclick = () => go(start, stop);
}

function follow(link) {
  if (!link || link.getAttribute("aria-disabled") === "true") return undefined;
  return go(Number(link.dataset.start), Number(link.dataset.stop));
}

/** Keys come faster than drawings: each waits for the one before, whose links it follows. */
function pressed(action) {
  if (keys.length < MOST_KEYS) keys.push(action);
  if (keys.length > 1) return;
  const work = async () => {
    while (keys.length) {
      await follow(section().querySelector(`[data-do="${keys[0]}"]`));
      keys.shift();
    }
  };
  work();
}

function momentAt(clientX) {
  const box = drawing().getBoundingClientRect();
  const { start, stop } = shown();
  const share = Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
  return { share, moment: start + share * (stop - start) };
}

function isInOverview(event) {
  const strip = drawing()?.querySelector(".overview .frame");
  return strip && event.clientY <= strip.getBoundingClientRect().bottom;
}

function centre(event) {
  const { share } = momentAt(event.clientX);
  const { start, stop, duration } = shown();
  const middle = share * duration;
  go(middle - (stop - start) / 2, middle + (stop - start) / 2);
}

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function select(event) {
  const from = Math.min(drag.share, momentAt(event.clientX).share);
  const to = Math.max(drag.share, momentAt(event.clientX).share);
  drag.box ??= drawing().appendChild(svg("rect", { class: "selection", y: 0, height: "100%" }));
  drag.box.setAttribute("x", `${100 * from}%`);
  drag.box.setAttribute("width", `${100 * (to - from)}%`);
}

/** The heights of a drawn line, column by column: what the server wrote, read back. */
function heights(path) {
  const found = [];
  let [x, y, command] = [0, 0, ""];
  const tokens = path.getAttribute("d").match(/[Mlh]|-?\d+/g) ?? [];
  for (let i = 0; i < tokens.length; ) {
    if (/[Mlh]/.test(tokens[i])) command = tokens[i++];
    if (command === "M") [x, y] = [Number(tokens[i++]), Number(tokens[i++])];
    else if (command === "l") [x, y] = [x + Number(tokens[i++]), y + Number(tokens[i++])];
    else for (let n = Number(tokens[i++]); n > 0; n -= 1) found[x++] = y;
    found[x] = y;
  }
  return found;
}

function envelopeAt(lane, share) {
  const path = lane.querySelector(".envelope");
  if (!path) return null;
  path.heights ??= heights(path);
  const inner = path.ownerSVGElement;
  const [first, width] = ["x", "width"].map((name) => parseFloat(inner.getAttribute(name)) / 100);
  const height = inner.viewBox.baseVal.height;
  const at = Math.round(((share - first) / width) * path.heights.length - 0.5);
  const y = path.heights[Math.min(Math.max(at, 0), path.heights.length - 1)];
  return y === undefined ? null : Number(path.dataset.uv) * (height / 2 - y);
}

function sentence(share, moment) {
  const parts = [...drawing().querySelectorAll(".lane")].flatMap((lane) => {
    const value = envelopeAt(lane, share);
    if (value === null) return [];
    const target = Number(lane.dataset.target);
    const part = target ? ` (${Math.round((100 * value) / target)} % of target)` : "";
    return [`${lane.dataset.title} ${value.toFixed(value < 9.95 ? 1 : 0)} µV${part}`];
  });
  return `${moment.toFixed(2)} s: ${parts.join(", ")}`;
}

function point(event) {
  const { share, moment } = momentAt(event.clientX);
  const line = drawing().querySelector(".pointer") ?? drawing().appendChild(svg("line", { class: "pointer", y1: 0, y2: "100%" }));
  line.setAttribute("x1", `${100 * share}%`);
  line.setAttribute("x2", `${100 * share}%`);
  const readout = section().querySelector(".readout");
  if (readout) readout.textContent = sentence(share, moment);
}

function unpoint() {
  drawing()?.querySelector(".pointer")?.remove();
  const readout = section()?.querySelector(".readout");
  if (readout) readout.textContent = readout.dataset.idle;
}

function light(key, on) {
  for (const twin of document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)) twin.classList.toggle("on", on);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-start]");
  if (!link || !section() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  follow(link);
  if (!section().contains(link)) {
    section().scrollIntoView({ block: "nearest" });
    viewer().focus({ preventScroll: true });
  }
});

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("#viewer") || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  pressed(action);
});

document.addEventListener("change", (event) => {
  if (!event.target.closest("#signal form.layers")) return;
  const { start, stop } = shown();
  go(start, stop);
});

document.addEventListener("wheel", (event) => {
  if (!event.ctrlKey || !event.target.closest?.("#viewer")) return;
  event.preventDefault();
  wheel ??= { by: 0, at: event.clientX, timer: setTimeout(zoomByWheel, WHEEL_MS) };
  wheel.by += event.deltaY;
  wheel.at = event.clientX;
}, { passive: false });

function zoomByWheel() {
  const { by, at } = wheel;
  wheel = null;
  const { share, moment } = momentAt(at);
  const { start, stop } = shown();
  const length = (stop - start) * Math.min(Math.max(Math.exp(by / 300), 0.2), 5);
  go(moment - share * length, moment + (1 - share) * length);
}

document.addEventListener("pointerdown", (event) => {
  if (event.button || event.pointerType === "touch" || !event.target.closest?.("#viewer .signal-view")) return;
  if (event.target.closest("a")) return;
  if (isInOverview(event)) return centre(event);
  drag = { x: event.clientX, share: momentAt(event.clientX).share, box: null };
});

document.addEventListener("pointermove", (event) => {
  if (drag && Math.abs(event.clientX - drag.x) > DRAG_PX) return select(event);
  if (!drag && event.target.closest?.("#viewer .signal-view")) point(event);
  else if (!drag) unpoint();
});

document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { share, box } = drag;
  drag = null;
  if (!box) return;
  box.remove();
  const { start, stop } = shown();
  const other = momentAt(event.clientX).share;
  const [from, to] = [Math.min(share, other), Math.max(share, other)];
  go(start + from * (stop - start), start + to * (stop - start));
});

document.addEventListener("pointercancel", () => {
  drag?.box?.remove();
  drag = null;
});

document.addEventListener("dblclick", (event) => {
  if (event.target.closest?.("#viewer .signal-view") && !event.target.closest("a")) follow(section().querySelector('[data-do="all"]'));
});

for (const [kind, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(kind, (event) => {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (key) light(key, on);
  });
}

/** A drawing made for another width is fetched again where that would show. */
function fit() {
  if (!drawing()) return;
  const made = Number(section().dataset.columns);
  if (columns() > 0 && Math.abs(Math.log(columns() / made)) > 0.4) {
    const { start, stop } = shown();
    go(start, stop);
  }
}

let resizing = null;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(fit, 250);
});
document.addEventListener("refreshed", fit);
fit();

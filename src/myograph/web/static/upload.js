// Sends files one by one as they are dropped or chosen, and hands each over to the live status.

import { refreshAll } from "./live.js";
import { say } from "./page.js";

const AT_ONCE = 2;
const LIMIT_BYTES = 512 * 1024 * 1024; // the server counts for itself; this only saves the sending
const waiting = [];
let sending = 0;

function formOf(node) {
  return node.closest?.("form[data-upload]");
}

function begin(form, files) {
  const list = document.getElementById("files");
  document.getElementById("arrivals").hidden = false;
  const said = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value) said.set(name, value);
  for (const file of files) {
    const item = itemOf(file);
    list.prepend(item);
    if (file.size > LIMIT_BYTES) refused(item, `${file.name} is larger than 512 MB, which is more than is taken here.`);
    else waiting.push({ file, item, said });
  }
  say(files.length === 1 ? `Sending ${files[0].name}` : `Sending ${files.length} files`);
  next();
}

function itemOf(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  const words = document.createElement("p");
  words.className = "muted small";
  words.textContent = "waiting";
  item.append(name, bar, words);
  return item;
}

function next() {
  while (sending < AT_ONCE && waiting.length) {
    sending += 1;
    send(waiting.shift()).finally(() => {
      sending -= 1;
      next();
    });
  }
}

function send({ file, item, said }) {
  const bar = item.querySelector("progress");
  const words = item.querySelector("p");
  return new Promise((done) => {
    const request = new XMLHttpRequest(); // fetch tells nothing about the progress of what it sends
    request.open("PUT", `/api/uploads/${encodeURIComponent(file.name)}?${said}`);
    request.upload.onprogress = (event) => {
      bar.value = event.total ? event.loaded / event.total : 1;
      words.textContent = `${size(event.loaded)} of ${size(event.total)} sent`;
    };
    request.onload = () => {
      const answer = read(request.responseText);
      if (answer.session_id) received(item, answer.session_id);
      else refused(item, answer.detail ?? `The server answered ${request.status}. Please try again.`);
      done();
    };
    request.onerror = () => {
      refused(item, "The connection broke before the server answered. Look under Sessions whether it arrived; if not, send it again.");
      done();
    };
    request.send(file);
  });
}

function received(item, session) {
  item.dataset.live = `/upload/files/${session}`;
  item.dataset.session = session;
  item.dataset.pending = "";
  refreshAll(new Set([session]));
}

function refused(item, sentence) {
  item.querySelector("progress").remove();
  const words = item.querySelector("p");
  words.className = "alert";
  words.textContent = `✕ ${sentence}`;
  say(sentence);
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function filesOf(transfer) {
  return [...transfer.files].filter((file) => file.size || file.name.includes("."));
}

document.addEventListener("change", (event) => {
  const form = formOf(event.target);
  if (!form || event.target.type !== "file" || !event.target.files.length) return;
  begin(form, [...event.target.files]);
  event.target.value = "";
});

document.addEventListener("submit", (event) => {
  if (!formOf(event.target)) return;
  event.preventDefault(); // files go as soon as they are chosen, so nothing is left to send
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const form = document.querySelector("form[data-upload]");
    if (!form) return;
    event.preventDefault(); // a file dropped beside the zone must not replace the page
    form.querySelector(".drop")?.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) begin(form, filesOf(event.dataTransfer));
  });
}

for (const button of document.querySelectorAll("form[data-upload] [data-plain]")) button.hidden = true;

/* The customer's chat, inside the frame that embed.js makes. Needs nothing but this folder.
   Every text is set as text; only `html`, which the server has sanitised, is set as HTML. */

import { OfflineBanner, reconnectDelay } from "./offline.js";
import { Outbox } from "./outbox.js";
import { clockTime } from "./time.js";
import { Timeline, appendDelta } from "./timeline.js";

const SILENCE_MS = 8_000; // a greeting unanswered for this long means a dead connection
const PING_MS = 25_000; // the server answers a ping with whatever was missed
const REFUSED = 4400; // close codes from here on are the server's no: trying again would not help

const root = document.getElementById("widget");
const log = document.getElementById("messages");
const form = document.getElementById("write");
const area = document.getElementById("text");
const { desk } = root.dataset;
const token = root.dataset.token || new URLSearchParams(location.hash.slice(1)).get("token");
const visitorKey = `recollect:${desk}:visitor`;
const draftKey = `recollect:${desk}:draft`;

const banner = new OfflineBanner(document.getElementById("offline"));
const outbox = new Outbox(`recollect:${desk}:outbox`, {
  send: ({ client_id, text }) => ready && transmit({ type: "send", client_id, text }),
  failed: ({ client_id }) => drawPending(client_id, "failed"),
});
let socket = null;
let ready = false; // the server has answered the greeting on this connection
let retry = 0;
let silence = 0;
let conversation = null;
let timeline = newTimeline();

/* ---- storage that may be blocked inside a frame ---- */

function stored(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

function store(storage, key, value) {
  try {
    if (value) storage.setItem(key, value);
    else storage.removeItem(key);
  } catch {
    // blocked: the visitor is new at every visit
  }
}

/* ---- connection ---- */

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/widget/${desk}/`);
  socket.addEventListener("open", greet);
  socket.addEventListener("message", (event) => {
    const frame = JSON.parse(event.data);
    handlers[frame.type]?.(frame);
  });
  socket.addEventListener("close", closed);
}

function transmit(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function greet() {
  const visitor = stored(localStorage, visitorKey);
  const greeting = {
    type: "hello",
    token,
    visitor,
    conversation,
    after: timeline.seq,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, // "yesterday" is hers
  };
  if (!transmit(greeting)) return;
  clearTimeout(silence);
  const asked = socket;
  silence = setTimeout(() => asked.close(), SILENCE_MS);
}

function closed(event) {
  ready = false;
  clearTimeout(silence);
  timeline.interrupted();
  if (event.code >= REFUSED) {
    document.getElementById("who").textContent =
      "The chat is not available here. Please reload the page.";
    lock(true);
    return;
  }
  const delay = reconnectDelay(retry++);
  banner.down(Date.now() + delay);
  setTimeout(connect, delay);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && ready) greet(); // also finds out whether the line is dead
});

/* ---- frames ---- */

const handlers = {
  ready(frame) {
    clearTimeout(silence);
    ready = true;
    retry = 0;
    banner.up();
    if (frame.visitor) store(localStorage, visitorKey, frame.visitor);
    nameCustomer(frame.customer_name);
    if (frame.conversation === null && conversation !== null) {
      showState({ status: "closed" }); // it was closed while we were away
    } else if (follow(frame.conversation)) {
      greet(); // asked after another conversation's last event: ask from the start
      return;
    }
    timeline.catchUp(frame.events);
    outbox.resend();
  },
  event(frame) {
    follow(frame.conversation);
    timeline.receive(frame);
  },
  delta({ message, ...piece }) {
    const article = find(message);
    const node = article?.classList.contains("streaming") && article.querySelector("[data-text]");
    if (node && appendDelta(node, piece)) toEnd();
  },
  ack({ client_id, id }) {
    outbox.settle(client_id);
    drawPending(client_id, "sent", id);
  },
  error({ client_id, detail }) {
    if (client_id) outbox.fail(client_id, detail);
  },
};

/** A conversation began, here or in another window: show it. Says whether it replaced another. */
function follow(id) {
  if (id === conversation) return false;
  const replaced = conversation !== null;
  if (replaced) {
    log.replaceChildren();
    timeline = newTimeline();
  }
  conversation = id;
  lock(false);
  for (const item of outbox.items.values()) showPending(item);
  return replaced;
}

function newTimeline() {
  return new Timeline(0, { apply, resume: greet });
}

function apply(event) {
  if (event.message) showMessage(event.message);
  if (event.state) showState(event.state);
}

/* ---- messages ---- */

function find(id) {
  return log.querySelector(`[data-message="${CSS.escape(id)}"]`);
}

function findPending(clientId) {
  return log.querySelector(`[data-client="${CSS.escape(clientId)}"]`);
}

function blank(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}

function showMessage(message) {
  if (message.client_id) outbox.settle(message.client_id);
  const article =
    (find(message.id) ?? (message.client_id && findPending(message.client_id))) || place(message);
  article.dataset.message = message.id;
  delete article.dataset.client; // it has its place now
  fill(article.querySelector("[data-text]"), message);
  if (message.author === "system") return;
  dress(article, message);
  if (message.status !== "streaming" && message.author !== "customer") announce(message);
  toEnd();
}

function fill(node, { text, html }) {
  node.classList.toggle("rich", html !== null);
  if (html === null) node.textContent = text;
  else node.innerHTML = html; // made and sanitised by the server (chat/rich_text.py)
}

function place(message) {
  document.getElementById("hello")?.remove();
  const article = blank(message.author === "system" ? "event" : "message");
  // What waits to be sent comes after all that the server has.
  log.insertBefore(article, log.querySelector("[data-client]"));
  return article;
}

function dress(article, message) {
  article.className = message.author === "customer" ? "msg ours" : `msg ${message.author}`;
  article.classList.toggle("cut", message.status === "interrupted");
  article.classList.toggle("streaming", message.status === "streaming");
  article.querySelector("[data-by]").textContent = byline(message);
  article.querySelector("[data-caret]").hidden = message.status !== "streaming";
  article.querySelector("[data-failed]").hidden = true;
  article.querySelector("[data-again]").hidden = true;
}

function byline({ author, author_name: name, status, sent_at: sentAt }) {
  const time = clockTime(new Date(sentAt));
  if (author === "customer") return time;
  const who = author === "assistant" ? "Assistant" : name;
  if (status === "streaming") return `${who} is writing`;
  if (status === "interrupted") return `${who} was cut off · ${time}`;
  return `${who} · ${time}`;
}

function announce({ author, author_name: name, text }) {
  document.getElementById("announce").textContent =
    `${author === "assistant" ? "Assistant" : name}: ${text}`;
  if (parent !== window) parent.postMessage({ recollect: "unread" }, "*");
}

function toEnd() {
  log.scrollTop = log.scrollHeight;
}

/* ---- writing ---- */

function showPending(item) {
  if (findPending(item.client_id)) return;
  document.getElementById("hello")?.remove();
  const article = blank("message");
  article.className = "msg ours pending";
  article.dataset.client = item.client_id;
  article.querySelector("[data-text]").textContent = item.text;
  log.append(article);
  drawPending(item.client_id, "pending");
  toEnd();
}

function drawPending(clientId, state, id = null) {
  const article = findPending(clientId);
  if (!article) return;
  if (id) article.dataset.message = id;
  const failed = state === "failed";
  article.classList.toggle("pending", state === "pending");
  article.classList.toggle("failed", failed);
  article.querySelector("[data-by]").textContent = { pending: "Sending", sent: "Sent", failed: "" }[
    state
  ];
  article.querySelector("[data-failed]").hidden = !failed;
  article.querySelector("[data-again]").hidden = !failed;
}

log.addEventListener("click", (event) => {
  const again = event.target.closest("[data-again]");
  if (!again) return;
  const { client } = again.closest("[data-client]").dataset;
  drawPending(client, "pending");
  outbox.attempt(outbox.items.get(client));
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = area.value.trim();
  if (!text) return;
  area.value = "";
  store(sessionStorage, draftKey, "");
  showPending(outbox.add({ text }));
});

area.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
area.addEventListener("input", () => store(sessionStorage, draftKey, area.value));
area.value = stored(sessionStorage, draftKey) ?? "";

/* ---- state ---- */

function showState({ status, owner = "assistant", owner_name: name = "" }) {
  const who = document.getElementById("who");
  if (status === "closed") who.textContent = "Closed. You can start again whenever you like.";
  else if (owner === "agent")
    who.textContent = name ? `You are talking to ${name}` : "A person will answer you";
  else who.textContent = "Automated assistant. Ask for a person at any time.";
  drawFace(owner === "agent" ? name : "");
  lock(status === "closed");
}

/** The assistant's mark, or the initials of the person who answers. */
function drawFace(name) {
  const face = document.getElementById("face");
  const initials = name.split(/\s+/).map((word) => word.charAt(0));
  face.classList.toggle("ai", !name);
  face.querySelector("svg").toggleAttribute("hidden", Boolean(name));
  face.querySelector("span").hidden = !name;
  face.querySelector("span").textContent = (
    initials[0] + (initials.length > 1 ? initials.at(-1) : "")
  ).toUpperCase();
}

function lock(on) {
  form.hidden = on;
  document.getElementById("closed").hidden = !on;
}

document.getElementById("restart").addEventListener("click", () => {
  lock(false); // the next message opens a new conversation
  area.focus();
});

function nameCustomer(name) {
  document.getElementById("signed-in").hidden = !(token && name);
  document.getElementById("visitor").hidden = Boolean(token && name);
  document.querySelector("#signed-in [data-name]").textContent = name;
}

/* ---- the frame around us ---- */

if (parent !== window) {
  const close = document.getElementById("close");
  close.hidden = false;
  close.addEventListener("click", () => parent.postMessage({ recollect: "close" }, "*"));
}

setInterval(() => ready && transmit({ type: "ping" }), PING_MS);
connect();

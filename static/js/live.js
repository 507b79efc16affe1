/* The console's socket. htmx owns the connection (hx-ext="ws"); its JSON frames are handled here.
   Postgres is the truth: a frame only brings what a fresh page would show. */

import { Composer } from "./composer.js";
import { showLinkedMessage } from "./evidence.js";
import { Inbox } from "./inbox.js";
import { OfflineBanner, reconnectDelay } from "./offline.js";
import { Outbox } from "./outbox.js";
import { restoreTabs } from "./tabs.js";
import { Thread } from "./thread.js";
import { localiseTimes } from "./time.js";
import { Timeline } from "./timeline.js";

const SIGNED_OUT = new Set([4401, 4403]);
const HTMX_RETRIES = new Set([1006, 1011, 1012, 1013]); // close codes after which htmx reconnects itself
const SILENCE_MS = 8_000; // a resume unanswered for this long means a dead connection
const RELOADED = "recollect:signed-out";
const RELOAD_AGAIN_MS = 60_000;
const PING_MS = 25_000; // the server answers a ping with whatever was missed

const banner = new OfflineBanner(document.getElementById("offline"));
const inbox = new Inbox(document.querySelector(".list"));
const outbox = new Outbox("recollect:console:outbox", {
  send: (item) => transmit({ type: "send", ...wire(item) }),
  failed: (item, detail) => current?.thread.fail(item, detail),
});
let socket = null; // htmx's wrapper, null while there is no connection
let lastSocket = null;
let silence = 0;
let current = null; // the open conversation

function wire({ client_id, conversation, text, note }) {
  return { client_id, conversation, text, note };
}

function transmit(frame) {
  if (!socket) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

/* ---- connection ---- */

htmx.config.wsReconnectDelay = (retry) => {
  const delay = reconnectDelay(retry);
  banner.down(Date.now() + delay);
  return delay;
};

document.body.addEventListener("htmx:wsOpen", (event) => {
  socket = lastSocket = event.detail.socketWrapper;
  banner.up();
  current?.timeline.interrupted();
  resume();
  outbox.resend();
  inbox.reconnected();
});

document.body.addEventListener("htmx:wsClose", (event) => {
  const { code } = event.detail.event;
  socket = null;
  lastSocket = event.detail.socketWrapper;
  clearTimeout(silence);
  if (SIGNED_OUT.has(code) && signInAgain()) return;
  if (!HTMX_RETRIES.has(code)) retryLater();
});

/** Loads the page anew: the server answers with the sign-in page. Where it shows the console all the
    same, once is enough: the socket is tried again at its own pace. */
function signInAgain() {
  try {
    const last = Number(sessionStorage.getItem(RELOADED));
    if (Date.now() - last < RELOAD_AGAIN_MS) return false;
    sessionStorage.setItem(RELOADED, Date.now());
  } catch {
    return false; // storage is blocked: nothing would end the reloading
  }
  window.location.reload();
  return true;
}

function retryLater() {
  const delay = reconnectDelay(1);
  banner.down(Date.now() + delay);
  setTimeout(() => socket || lastSocket.reconnect(), delay);
}

document.getElementById("retry").addEventListener("click", () => lastSocket?.reconnect());
window.addEventListener("online", () => socket || lastSocket?.reconnect());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) resume(); // a laptop that slept: also finds out whether the line is dead
});

/** Asks for what was missed; the answer is also the sign that the connection is alive. */
function resume() {
  if (!current || !socket) return;
  transmit({ type: "open", conversation: current.id, after: current.timeline.seq });
  clearTimeout(silence);
  const asked = socket;
  silence = setTimeout(() => socket === asked && asked.reconnect(), SILENCE_MS);
}

/* ---- frames ---- */

document.body.addEventListener("htmx:wsBeforeMessage", (event) => {
  event.preventDefault(); // JSON, not HTML to swap
  const frame = JSON.parse(event.detail.message);
  handlers[frame.type]?.(frame);
});

const handlers = {
  ready(frame) {
    clearTimeout(silence);
    if (frame.conversation === current?.id) current.timeline.catchUp(frame.events);
  },
  event(frame) {
    if (frame.conversation === current?.id) current.timeline.receive(frame);
  },
  delta(frame) {
    if (frame.conversation === current?.id) current.thread.append(frame);
  },
  ack(frame) {
    outbox.settle(frame.client_id);
    current?.thread.acknowledge(frame);
  },
  error(frame) {
    if (frame.client_id) outbox.fail(frame.client_id, frame.detail);
  },
  inbox(frame) {
    inbox.changed(frame.conversation);
  },
  memory(frame) {
    if (frame.conversation === current?.id) htmx.trigger("#memory-tiers", "refresh");
  },
};

/* A correction made in the panel. The answer is meant for the customer's page: here the panel is
   renewed instead, and a refused value is marked. */
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (!elt.matches("[data-then-refresh]")) return;
  event.preventDefault();
  if (xhr.status < 400) htmx.trigger("#memory-tiers", "refresh");
  else elt.querySelector("input")?.setAttribute("aria-invalid", "true");
});

function applyEvent(event) {
  if (event.message?.client_id) outbox.settle(event.message.client_id);
  current.thread.show(event);
  if (event.kind === "state") htmx.trigger("#thread-head", "refresh");
  // Who works with a customer sees her memory: that changes with who answers her, too.
  if (event.kind !== "message") htmx.trigger("#memory-tiers", "refresh");
}

/* ---- the open conversation ---- */

function openConversation() {
  const section = document.querySelector(".thread[data-conversation]");
  if (section && section === current?.section) return;
  current = null;
  inbox.opened(section?.dataset.conversation ?? null);
  if (!section) return;
  const { conversation: id, seq } = section.dataset;
  const timeline = new Timeline(Number(seq), { apply: applyEvent, resume });
  const thread = new Thread(section, { again });
  current = { id, section, timeline, thread };
  new Composer(section, { send: (text, note) => write(text, note) });
  for (const item of outbox.items.values()) if (item.conversation === id) thread.pending(item);
  resume();
}

function again(clientId) {
  outbox.attempt(outbox.items.get(clientId));
}

function write(text, note) {
  const item = outbox.add({ conversation: current.id, text, note });
  current.thread.pending(item);
}

function refresh(root) {
  localiseTimes(root);
  restoreTabs(root);
  openConversation();
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  refresh(document);
  if (event.detail.target.id === "main") {
    document.body.dataset.pane = "thread";
    document.getElementById("thread-title")?.focus();
  }
});
refresh(document);
showLinkedMessage();
setInterval(() => transmit({ type: "ping" }), PING_MS);
setInterval(() => localiseTimes(document), 60_000);

/* The messages of the open conversation: puts rendered articles in place, streams into them,
   and keeps the reader where she reads. */

import { appendDelta } from "./timeline.js";
import { clockTime, localiseTimes } from "./time.js";

const NEAR_PX = 80; // this close to the end counts as reading the end

export class Thread {
  /**
   * @param {HTMLElement} section `.thread` with `.msgs`, `.new-below`, `[data-announce]` and the pending template
   * @param {{again: (clientId: string) => void}} on called by "Send again"
   */
  constructor(section, on) {
    this.on = on;
    this.log = section.querySelector(".msgs");
    this.pill = section.querySelector(".new-below");
    this.announcer = section.querySelector("[data-announce]");
    this.template = section.querySelector("template[data-pending]");
    this.unseen = 0;
    this.pill.addEventListener("click", () => this.toEnd());
    this.log.addEventListener("scroll", () => this.atEnd() && this.seen());
    this.log.addEventListener("click", (event) => this.clicked(event));
    this.toEnd();
  }

  /** Puts the server's article for an event in place, once, whatever stood for it before. */
  show({ message, html }) {
    const before = message && (this.find(message.id) ?? this.findPending(message.client_id));
    const stick = this.atEnd();
    const article = parse(html);
    if (!article) return;
    if (before) before.replaceWith(article);
    // What waits to be sent comes after all that the server has.
    else this.log.insertBefore(article, this.log.querySelector(":scope > [data-client]"));
    htmx.process(article);
    localiseTimes(article);
    if (message && message.status !== "streaming") this.announce(message);
    this.follow(stick, before ? 0 : 1);
  }

  /** Streams a piece of the assistant's reply. */
  append({ message, offset, text }) {
    const stick = this.atEnd();
    const writing = this.find(message)?.matches("[aria-busy]") && this.find(message);
    const node = writing && writing.querySelector("[data-text]");
    if (node && appendDelta(node, { offset, text })) this.follow(stick, 0);
  }

  /** Shows what was just written, dashed until the server has it. */
  pending({ client_id, text, note, written_at }) {
    const article = this.template.content.cloneNode(true).querySelector(note ? ".note" : ".msg");
    article.dataset.client = client_id;
    article.querySelector("[data-text]").textContent = text;
    article.querySelector("time").textContent = clockTime(new Date(written_at));
    this.log.append(article);
    this.toEnd();
  }

  acknowledge({ client_id, id }) {
    const article = this.findPending(client_id);
    if (!article) return;
    article.dataset.message = id;
    article.classList.remove("pending", "failed");
    article.querySelector("[data-sending]").hidden = true;
    article.querySelector(".under").hidden = true;
  }

  fail({ client_id }, detail) {
    const article = this.findPending(client_id);
    if (!article) return;
    article.classList.replace("pending", "failed");
    article.querySelector("[data-sending]").hidden = true;
    article.querySelector(".under").hidden = false;
    article.querySelector("[data-detail]").textContent = detail;
  }

  clicked(event) {
    const again = event.target.closest("[data-again]");
    if (!again) return;
    const article = again.closest("[data-client]");
    article.classList.replace("failed", "pending");
    article.querySelector("[data-sending]").hidden = false;
    article.querySelector(".under").hidden = true;
    this.on.again(article.dataset.client);
  }

  find(id) {
    return this.log.querySelector(`[data-message="${CSS.escape(id)}"]`);
  }

  findPending(clientId) {
    return clientId && this.log.querySelector(`[data-client="${CSS.escape(clientId)}"]`);
  }

  /** Only finished answers are read out, never single tokens. */
  announce({ author_name, text }) {
    this.announcer.textContent = `${author_name}: ${text}`;
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_PX;
  }

  follow(stick, added) {
    if (stick) {
      this.toEnd();
      return;
    }
    this.unseen += added;
    this.pill.querySelector("[data-count]").textContent = this.unseen;
    this.pill.hidden = this.unseen === 0;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.seen();
  }

  seen() {
    this.unseen = 0;
    this.pill.hidden = true;
  }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // rendered, escaped and sanitised by the server
  return template.content.firstElementChild;
}

/* The conversation list: rows are renewed in place, new ones wait behind a count.
   Nothing moves until the reader asks for it. */

const QUIET_MS = 400; // a streaming reply changes a row many times: renew it once

export class Inbox {
  /** @param {HTMLElement} list `.list` with the rows, the pill and `data-row-url` holding a row's address */
  constructor(list) {
    this.list = list;
    this.waiting = new Set();
    this.unread = new Set();
    this.timers = new Map();
    this.openId = null;
    list.addEventListener("htmx:afterSettle", (event) => this.settled(event));
  }

  /** A conversation changed somewhere. */
  changed(id) {
    clearTimeout(this.timers.get(id));
    this.timers.set(
      id,
      setTimeout(() => this.renew(id), QUIET_MS),
    );
  }

  async renew(id) {
    this.timers.delete(id);
    const row = this.row(id);
    if (row) {
      if (id !== this.openId) this.unread.add(id);
      htmx.ajax("GET", this.url(id), { target: row, swap: "outerHTML" });
      return;
    }
    const answer = await fetch(this.url(id), { headers: { "HX-Request": "true" } });
    if (this.row(id)) return; // the list was fetched anew meanwhile
    if (answer.ok && answer.headers.get("X-In-View") === "yes") this.hold(id);
  }

  hold(id) {
    this.waiting.add(id);
    const pill = this.list.querySelector(".new-pill");
    pill.querySelector("[data-count]").textContent = this.waiting.size;
    pill.hidden = false;
  }

  /** The list was fetched anew, or a row was: put back what only this page knows. */
  settled(event) {
    if (event.detail.target.id === "convs") {
      this.waiting.clear();
      this.list.querySelector(".new-pill").hidden = true;
    }
    this.mark();
  }

  opened(id) {
    this.openId = id;
    this.unread.delete(id);
    this.mark();
  }

  /** While the line was down rows may have changed: renew the list when nobody is pointing at it. */
  reconnected() {
    if (this.wasConnected && !this.list.matches(":hover, :focus-within"))
      htmx.trigger("#convs", "refresh");
    this.wasConnected = true;
  }

  mark() {
    for (const row of this.list.querySelectorAll("[data-row]")) {
      const { row: id } = row.dataset;
      if (id === this.openId) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      row.classList.toggle("unread", this.unread.has(id));
      row.querySelector(".dot").hidden = !this.unread.has(id);
    }
  }

  row(id) {
    return this.list.querySelector(`[data-row="${CSS.escape(id)}"]`);
  }

  url(id) {
    const { rowUrl } = this.list.dataset;
    return rowUrl.replace("00000000-0000-0000-0000-000000000000", id);
  }
}

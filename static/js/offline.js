/* The banner that says since when there is no connection and when it is tried again. */

import { clockTime } from "./time.js";

const QUIET_MS = 1_500; // a reconnect this quick is not worth a banner

/** Full jitter: anywhere up to 1, 2, 4 … 15 seconds, so that a restarted server is not stormed. */
export function reconnectDelay(retry) {
  return 300 + Math.random() * Math.min(15_000, 1_000 * 2 ** Math.min(retry, 4));
}

export class OfflineBanner {
  /** @param {HTMLElement} element holding [data-since] and [data-wait] */
  constructor(element) {
    this.element = element;
    this.since = null;
    this.retryAt = 0;
    this.timer = 0;
  }

  /** The connection is gone; the next attempt comes at `retryAt` (ms since the epoch). */
  down(retryAt) {
    this.since ??= new Date();
    this.retryAt = retryAt;
    if (this.timer) return;
    this.timer = setInterval(() => this.draw(), 500);
  }

  up() {
    clearInterval(this.timer);
    this.timer = 0;
    this.since = null;
    this.element.hidden = true;
  }

  draw() {
    if (Date.now() - this.since < QUIET_MS) return;
    const wait = Math.max(0, Math.ceil((this.retryAt - Date.now()) / 1_000));
    this.element.querySelector("[data-since]").textContent =
      `Offline since ${clockTime(this.since)}.`;
    this.element.querySelector("[data-wait]").textContent = wait
      ? `Trying again in ${wait} s.`
      : "Trying again now.";
    this.element.hidden = false;
  }
}

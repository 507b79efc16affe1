/* Messages written but not yet acknowledged. They survive a reload (sessionStorage) and go out
   again after every reconnect under the same client id, so the server stores each one once. */

const ACK_TIMEOUT_MS = 10_000;

export class Outbox {
  /**
   * @param {string} key the name in sessionStorage
   * @param {{send: (item: object) => boolean, failed: (item: object, detail: string) => void}} on
   *   `send` puts the item on the wire and returns false while there is no connection.
   */
  constructor(key, on) {
    this.key = key;
    this.on = on;
    this.timers = new Map();
    this.items = new Map(read(key).map((item) => [item.client_id, item]));
  }

  /** Keeps a new item and tries to send it; returns it with its client id. */
  add(item) {
    const kept = { ...item, client_id: uuid(), written_at: new Date().toISOString() };
    this.items.set(kept.client_id, kept);
    this.save();
    this.attempt(kept);
    return kept;
  }

  /** Sends one item, again or for the first time. */
  attempt(item) {
    this.stopTimer(item.client_id);
    if (!this.on.send(item)) return;
    const late = () => this.fail(item.client_id, "No answer from the server yet.");
    this.timers.set(item.client_id, setTimeout(late, ACK_TIMEOUT_MS));
  }

  /** After a reconnect: everything still unacknowledged, oldest first. */
  resend() {
    for (const item of this.items.values()) this.attempt(item);
  }

  /** The server has stored it. Returns the item, or undefined when it was not ours. */
  settle(clientId) {
    const item = this.items.get(clientId);
    this.stopTimer(clientId);
    if (this.items.delete(clientId)) this.save();
    return item;
  }

  fail(clientId, detail) {
    this.stopTimer(clientId);
    const item = this.items.get(clientId);
    if (item) this.on.failed(item, detail);
  }

  stopTimer(clientId) {
    clearTimeout(this.timers.get(clientId));
    this.timers.delete(clientId);
  }

  save() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify([...this.items.values()]));
    } catch {
      // storage is blocked or full: the items last as long as the page
    }
  }
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

/** A random UUID, also where crypto.randomUUID is missing (plain HTTP on another host). */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

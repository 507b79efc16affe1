/* One conversation's events in order: every event once, none out of turn.
   The server numbers events per conversation (seq). An event that arrives too early is held
   and the server is asked, once, for what lies between. */

const PAGE = 200; // the server answers a resume with at most this many events

export class Timeline {
  /**
   * @param {number} seq the last event already shown
   * @param {{apply: (event: object) => void, resume: (after: number) => void}} on
   */
  constructor(seq, on) {
    this.seq = seq;
    this.on = on;
    this.held = new Map();
    this.resuming = false;
  }

  /** Takes one pushed event. */
  receive(event) {
    if (event.seq <= this.seq) return;
    if (event.seq > this.seq + 1) {
      this.held.set(event.seq, event);
      this.resume();
      return;
    }
    this.take(event);
    this.release();
  }

  /** Takes the server's answer to a resume. Numbers missing from it are events not meant for us. */
  catchUp(events) {
    this.resuming = false;
    for (const event of events) this.held.set(event.seq, event);
    for (const seq of [...this.held.keys()].sort((a, b) => a - b)) this.take(this.held.get(seq));
    this.held.clear();
    if (events.length >= PAGE) this.resume();
  }

  /** Asks for everything after the last event shown. */
  resume() {
    if (this.resuming) return;
    this.resuming = true;
    this.on.resume(this.seq);
  }

  /** The connection went away: an answer to the last resume will not come. */
  interrupted() {
    this.resuming = false;
  }

  take(event) {
    if (event.seq <= this.seq) return;
    this.seq = event.seq;
    this.on.apply(event);
  }

  release() {
    for (let next; (next = this.held.get(this.seq + 1));) {
      this.held.delete(next.seq);
      this.take(next);
    }
  }
}

/**
 * Appends a streamed piece when it continues what is shown, and says whether it did.
 * The offset counts characters as the server does: code points, not UTF-16 units.
 */
export function appendDelta(node, { offset, text }) {
  if ([...node.textContent].length !== offset) return false;
  node.append(text);
  return true;
}

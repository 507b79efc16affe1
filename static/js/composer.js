/* Reply or note: the mode, the lock while somebody else answers, and the draft that is kept. */

export class Composer {
  /**
   * @param {HTMLElement} section the thread, with `#composer` and `#thread-head`
   * @param {{send: (text: string, note: boolean) => void}} on
   */
  constructor(section, on) {
    this.on = on;
    this.head = section.querySelector("#thread-head");
    this.form = section.querySelector("#composer");
    this.area = this.form.querySelector("textarea");
    this.submit = this.form.querySelector("[type=submit]");
    this.key = `recollect:draft:${section.dataset.conversation}`;
    this.note = false;
    this.restore();
    this.form.addEventListener("submit", (event) => this.sent(event));
    this.form.addEventListener("click", (event) => this.clicked(event));
    // Focus opens or shuts the box, and would move the button from under the pointer.
    this.form.addEventListener("mousedown", (event) => {
      if (event.target.closest("[data-mode]")) event.preventDefault();
    });
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.form.requestSubmit();
      if (event.key === "Escape") this.area.blur();
    });
    this.head.addEventListener("htmx:afterSettle", () => this.draw());
    this.form.addEventListener("composer:mode", (event) => this.setMode(event.detail === "note"));
    this.draw();
  }

  /** Why replies are closed: "assistant", "colleague", "closed", or "" when they are open. */
  get lock() {
    return this.head.querySelector("[data-lock]").dataset.lock;
  }

  clicked(event) {
    const mode = event.target.closest("[data-mode]");
    if (mode) this.setMode(mode.dataset.mode === "note");
  }

  setMode(note) {
    this.note = note;
    this.draw();
    if (!this.area.disabled) this.area.focus();
    this.changed();
  }

  draw() {
    const locked = !this.note && this.lock !== "";
    this.form.classList.toggle("as-note", this.note);
    this.form.classList.toggle("locked", locked);
    this.area.disabled = locked;
    this.submit.hidden = locked;
    this.area.placeholder = this.note
      ? this.area.dataset.note
      : this.area.dataset[this.lock || "reply"];
    this.area.setAttribute("aria-label", this.note ? "Internal note" : "Reply");
    this.submit.querySelector("[data-label]").textContent = this.note ? "Add note" : "Send";
    this.form.querySelector("[data-private]").hidden = !this.note;
    for (const button of this.form.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-selected", String((button.dataset.mode === "note") === this.note));
    }
  }

  sent(event) {
    event.preventDefault();
    const text = this.area.value.trim();
    if (!text || this.area.disabled) return;
    this.area.value = "";
    this.changed();
    this.on.send(text, this.note);
  }

  changed() {
    this.form.classList.toggle("full", this.area.value !== "");
    try {
      if (this.area.value) {
        sessionStorage.setItem(
          this.key,
          JSON.stringify({ text: this.area.value, note: this.note }),
        );
      } else {
        sessionStorage.removeItem(this.key);
      }
    } catch {
      // storage is blocked: the draft lasts as long as the page
    }
  }

  restore() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(this.key));
      if (!draft) return;
      this.area.value = draft.text;
      this.note = draft.note;
      this.form.classList.add("full");
    } catch {
      // storage is blocked, or holds something older: start empty
    }
  }
}

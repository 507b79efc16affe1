/* Single-key shortcuts, panes and small layers. A key presses the control that carries it
   (data-key), so a key works exactly where its button is drawn. */

const SWITCH = "recollect:keys";
const NOTICE_MS = 10_000;

function enabled() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // storage is blocked
  }
}

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable]");
}

function press(key) {
  const control = document.querySelector(`[data-key="${CSS.escape(key)}"]:not([disabled])`);
  if (!control || control.closest("[hidden]")) return false;
  control.click();
  return true;
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const row = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  row.click();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function act(key) {
  if (key === "j") return step(1);
  if (key === "k") return step(-1);
  if (key === "?") return openDialog("keys");
  return press(key);
}

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog.open) dialog.showModal();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  if (!enabled() || event.metaKey || event.ctrlKey || event.altKey) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (act(event.key)) event.preventDefault();
});

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("details.me-menu[open]")) {
    if (menu === except) continue;
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
}

/** A notice stays long enough to be read twice, and goes at once when it is closed. */
for (const notice of document.querySelectorAll(".notices .toast"))
  setTimeout(() => notice.remove(), NOTICE_MS);

document.addEventListener("click", (event) => {
  const { target } = event;
  target.closest("[data-dismiss]")?.closest(".toast").remove();
  closeMenus(target.closest("details.me-menu"));
  const opener = target.closest("[data-open]");
  if (opener) openDialog(opener.dataset.open);
  const mode = target.closest("[data-compose]");
  if (mode) compose(mode.dataset.compose);
  const pane = target.closest("[data-go]");
  if (pane) go(pane.dataset.go);
});

function compose(mode) {
  document
    .getElementById("composer")
    ?.dispatchEvent(new CustomEvent("composer:mode", { detail: mode }));
}

/** Shows a pane (list, thread, panel); asking for the pane that is shown goes back to the thread. */
function go(pane) {
  const { dataset } = document.body;
  dataset.pane = dataset.pane === pane ? "thread" : pane;
}

const keysSwitch = document.querySelector("[data-keys-switch]");
if (keysSwitch) {
  keysSwitch.checked = enabled();
  keysSwitch.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH, keysSwitch.checked ? "on" : "off");
    } catch {
      // storage is blocked: the shortcuts stay as they are
    }
  });
}

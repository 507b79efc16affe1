/* Tabs after the ARIA pattern: [role=tablist] > [role=tab][aria-controls]. The chosen tab of a list
   with an id is remembered, so that a renewed panel shows the same one. */

const chosen = new Map();

function pick(tab) {
  const list = tab.closest("[role=tablist]");
  for (const other of list.querySelectorAll("[role=tab][aria-controls]")) {
    const on = other === tab;
    other.setAttribute("aria-selected", String(on));
    other.tabIndex = on ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
  }
  if (list.id) chosen.set(list.id, tab.getAttribute("aria-controls"));
}

/** Shows again the tab that was chosen before `root` was swapped in. */
export function restoreTabs(root) {
  for (const list of root.querySelectorAll("[role=tablist][id]")) {
    const id = chosen.get(list.id);
    const tab = id && list.querySelector(`[aria-controls="${id}"]`);
    if (tab) pick(tab);
  }
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab][aria-controls]");
  if (tab) pick(tab);
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab][aria-controls]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab][aria-controls]")];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  pick(next);
  next.focus();
});

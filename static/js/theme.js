/* The theme, set before the first paint: the reader's choice, otherwise the system's.
   A classic script in <head>, so that nothing flashes. */
(function () {
  "use strict";
  const KEY = "recollect:theme";
  const root = document.documentElement;
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  let choice = stored();

  function stored() {
    try {
      return localStorage.getItem(KEY) || "system";
    } catch {
      return "system"; // storage is blocked
    }
  }

  function store(value) {
    try {
      localStorage.setItem(KEY, value);
    } catch {
      // storage is blocked: the choice lasts for this page
    }
  }

  function apply() {
    root.dataset.theme = choice === "system" ? (systemDark.matches ? "dark" : "light") : choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  }

  apply();
  systemDark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    choice = button.dataset.themeChoice;
    store(choice);
    apply();
  });
})();

/* The customer's page: the dialog that asks before an erasure, where focus goes when the tiers are
   drawn anew, and what to say when a request fails. Everything works without it, on pages of its own. */

const NOTICE_MS = 6000;
const SHOWN_IN_PLACE = new Set([422, 503]); // a refused form, a store that does not answer
const REFUSALS = {
  403: "Your role does not include this. Nothing was changed.",
  404: "Somebody else changed that meanwhile. Reload the page to see it as it is.",
};

const ask = document.getElementById("ask");
const notice = document.getElementById("notice");
let opener = { id: "", heading: "" };
let open = [];
let fading = 0;

function fade() {
  clearTimeout(fading);
  fading = setTimeout(() => notice.replaceChildren(), NOTICE_MS);
}

function say(text) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  notice.replaceChildren(toast);
  fade();
}

/** The control that was used, or the heading of its section when it went with its row. */
function focusAgain() {
  const place = document.getElementById(opener.id) ?? document.getElementById(opener.heading);
  place?.focus({ preventScroll: true });
  opener = { id: "", heading: "" };
}

function remember(control) {
  const section = control.closest("section[aria-labelledby]");
  opener = { id: control.id, heading: section?.getAttribute("aria-labelledby") ?? "" };
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.id && !ask.contains(detail.elt)) remember(detail.elt);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, target } = detail;
  if (new URL(xhr.responseURL).pathname.startsWith("/accounts/")) {
    detail.shouldSwap = false; // the session is over: sign in, and come back here
    window.location.reload();
    return;
  }
  if (SHOWN_IN_PLACE.has(xhr.status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
  if (target.id === "record") {
    open = [...target.querySelectorAll("details[id][open]")].map((details) => details.id);
  }
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const { target } = detail;
  if (target === ask) {
    if (!ask.open) ask.showModal();
  } else if (target.id === "record") {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    ask.close();
    focusAgain();
    fade();
  }
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  // A correction that was given up: back to the button it began with.
  if (detail.elt.id?.startsWith("fact-") && opener.id) {
    if (!detail.elt.classList.contains("correcting")) focusAgain();
  }
});

document.addEventListener("htmx:responseError", ({ detail }) => {
  ask.close();
  say(REFUSALS[detail.xhr.status] ?? "That did not work. Nothing was changed; try again.");
});

document.addEventListener("htmx:sendError", () => {
  ask.close();
  say("The desk does not answer. Nothing was changed; try again.");
});

ask.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  ask.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.target.closest?.("form.correct")?.querySelector("[data-cancel]")?.click();
});

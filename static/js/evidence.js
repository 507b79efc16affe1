/* Evidence and receipts: from a memory to the message it rests on, from an answer to what it used. */

const MOST_PAGES = 25; // of earlier messages, before it is given up

function showMessage(id) {
  const article = document.querySelector(`[data-message="${CSS.escape(id)}"]`);
  if (!article) return false;
  document.querySelector(".msg.shown")?.classList.remove("shown");
  article.classList.add("shown");
  article.tabIndex = -1; // so that the keyboard and a screen reader go on from there
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block: "center" });
  return true;
}

/** Shows a message, and loads earlier ones until it is there. */
function seekMessage(id, pages = MOST_PAGES) {
  if (showMessage(id) || !pages) return;
  const earlier = document.querySelector("[data-earlier]");
  if (!earlier) return;
  document.addEventListener("htmx:afterSettle", () => seekMessage(id, pages - 1), { once: true });
  earlier.click();
}

document.addEventListener("click", (event) => {
  const receipt = event.target.closest("[data-show-panel]");
  if (receipt && window.matchMedia("(max-width: 1100px)").matches)
    document.body.dataset.pane = "panel";
  const link = event.target.closest("[data-evidence]");
  if (!link) return;
  event.preventDefault();
  document.body.dataset.pane = "thread";
  seekMessage(link.dataset.evidence);
});

/** A link from another conversation's memory ends in #message-…: show that message. */
export function showLinkedMessage() {
  const [, id] = window.location.hash.match(/^#message-(.+)$/) ?? [];
  // Buttons work when htmx has seen the page, and it listens for the same event.
  if (id && !showMessage(id))
    document.addEventListener("DOMContentLoaded", () => seekMessage(id));
}

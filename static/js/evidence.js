/* Evidence and receipts: from a memory to the message it rests on, from an answer to what it used. */

function showMessage(id) {
  const article = document.querySelector(`[data-message="${CSS.escape(id)}"]`);
  if (!article) return false;
  document.querySelector(".msg.shown")?.classList.remove("shown");
  article.classList.add("shown");
  article.scrollIntoView({ block: "center" });
  return true;
}

document.addEventListener("click", (event) => {
  const receipt = event.target.closest("[data-show-panel]");
  if (receipt && window.matchMedia("(max-width: 1100px)").matches)
    document.body.dataset.pane = "panel";
  const link = event.target.closest("[data-evidence]");
  if (!link) return;
  event.preventDefault();
  if (showMessage(link.dataset.evidence)) document.body.dataset.pane = "thread";
});

/** A link from another conversation's memory ends in #message-…: show that message. */
export function showLinkedMessage() {
  const [, id] = window.location.hash.match(/^#message-(.+)$/) ?? [];
  if (id) showMessage(id);
}

/* The one-line widget for a customer's own site:
     <script src="https://desk.example/static/js/embed.js" data-desk="larkfield" async></script>
   data-token: the signed identity of a visitor who is logged in there (optional).
   data-label: the button's word (default "Help").
   Makes a button and, at the first click, the chat's frame; both live in a shadow root, so that
   neither page's styles touch the other. */
(function () {
  "use strict";
  const script = document.currentScript;
  const { desk, token = "", label = "Help" } = script.dataset;
  const home = new URL(script.src).origin;
  if (!desk) {
    console.error("Recollect: the script tag needs data-desk.");
    return;
  }

  const CSS_TEXT = `
    :host { all: initial; }
    button {
      position: fixed; right: 20px; bottom: 20px; z-index: 2147483000;
      display: inline-flex; align-items: center; gap: 8px; height: 48px; padding: 0 18px;
      border: 0; border-radius: 24px; background: #1d1c1a; color: #fff; cursor: pointer;
      font: 600 14px/1 Inter, system-ui, sans-serif;
      box-shadow: 0 2px 6px rgb(29 28 26 / .08), 0 18px 48px rgb(29 28 26 / .18);
    }
    button:focus-visible { outline: 2px solid #2f5bd7; outline-offset: 3px; }
    svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
    .count { min-width: 18px; height: 18px; border-radius: 9px; background: #2f5bd7; font-size: 11px; line-height: 18px; text-align: center; }
    iframe {
      position: fixed; right: 24px; bottom: 24px; z-index: 2147483001;
      width: 384px; height: min(640px, calc(100dvh - 48px));
      border: 1px solid rgb(29 28 26 / .12); border-radius: 18px; background: #fff; color-scheme: light dark;
      box-shadow: 0 2px 6px rgb(29 28 26 / .08), 0 18px 48px rgb(29 28 26 / .18);
    }
    [hidden] { display: none; }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0; }
    }`;

  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS_TEXT);
  shadow.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.append(bubble(), label);
  const count = document.createElement("span");
  count.className = "count";
  count.hidden = true;
  button.append(count);
  shadow.append(button);

  let frame = null;
  let unread = 0;

  function bubble() {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(ns, "path");
    path.setAttribute(
      "d",
      "M4.5 4h11a1 1 0 0 1 1 1v7.5a1 1 0 0 1-1 1H9l-3.5 3v-3h-1a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z",
    );
    svg.append(path);
    return svg;
  }

  function makeFrame() {
    const made = document.createElement("iframe");
    made.title = label;
    // The token travels in the fragment: it never reaches a server log.
    made.src = `${home}/widget/${encodeURIComponent(desk)}/${token ? `#token=${encodeURIComponent(token)}` : ""}`;
    shadow.append(made);
    return made;
  }

  function show(open) {
    if (open) frame ??= makeFrame();
    if (frame) frame.hidden = !open;
    button.hidden = open;
    button.setAttribute("aria-expanded", String(open));
    setUnread(0);
    if (open) frame.focus();
    else button.focus();
  }

  function setUnread(value) {
    unread = value;
    count.hidden = unread === 0;
    count.textContent = unread;
  }

  button.addEventListener("click", () => show(true));
  window.addEventListener("message", (event) => {
    if (event.origin !== home || event.source !== frame?.contentWindow) return;
    if (event.data?.recollect === "close") show(false);
    if (event.data?.recollect === "unread" && frame.hidden) setUnread(unread + 1);
  });

  (document.body ?? document.documentElement).append(host);
})();

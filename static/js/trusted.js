/* The one place where text may become HTML: fragments that our own server has rendered and
   escaped. Scripts from text, and addresses of scripts from text, have no policy: the browser
   refuses them. */
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });

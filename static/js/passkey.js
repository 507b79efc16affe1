/* Passkeys: makes one, or proves one, and sends it with the form that asks for it.
   A form carries data-passkey="create" or "get", and what the server wants in data-options;
   without that it is asked for at the form's own address. */

const FIELD = "credential";

function bytes(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function credentials(list = []) {
  return list.map((credential) => ({ ...credential, id: bytes(credential.id) }));
}

async function create({ publicKey }, alone) {
  const options = {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    user: { ...publicKey.user, id: bytes(publicKey.user.id) },
    excludeCredentials: credentials(publicKey.excludeCredentials),
    authenticatorSelection: {
      ...publicKey.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      userVerification: alone ? "required" : "preferred",
    },
  };
  const made = await navigator.credentials.create({ publicKey: options });
  return wire(made, {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

async function get({ publicKey }) {
  const options = {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    allowCredentials: credentials(publicKey.allowCredentials),
  };
  const shown = await navigator.credentials.get({ publicKey: options });
  const { authenticatorData, signature, userHandle } = shown.response;
  return wire(shown, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

function wire(credential, response) {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  };
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`asked for a challenge: ${answer.status}`);
  return (await answer.json()).request_options;
}

async function fill(form) {
  const wanted = await options(form);
  if (form.dataset.passkey === "get") return get(wanted);
  return create(wanted, form.querySelector("[data-passwordless]").checked);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = form.querySelector("[data-passkey-status]");
    status.textContent = "Waiting for your passkey …";
    try {
      form.elements[FIELD].value = JSON.stringify(await fill(form));
      form.submit();
    } catch {
      status.textContent = "No passkey was used. Try again, or go on another way.";
    }
  });
}

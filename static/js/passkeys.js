// A form with data-passkey asks that address what to ask the browser for, lets the
// browser make a passkey (data-passkey-new) or use one, and sends the answer along.
const forms = document.querySelectorAll("form[data-passkey]");
const isPossible = Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON);
for (const form of forms) form.hidden = !isPossible;

async function answerOf(form) {
  const asked = await fetch(form.dataset.passkey, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  });
  if (!asked.ok) throw new Error(`${asked.status}`);
  const { publicKey } = await asked.json();
  const credential = "passkeyNew" in form.dataset
    ? await navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
      })
    : await navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
      });
  return JSON.stringify(credential.toJSON());
}

// Before once.js hears of it: the form is not sent yet.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("passkey" in form.dataset)) return;
  event.preventDefault();
  const said = form.querySelector("[data-passkey-said]");
  const button = event.submitter;
  said.hidden = true;
  if (button) button.disabled = true;
  try {
    form.elements.proof_passkey.value = await answerOf(form);
    form.submit();
  } catch {
    // Its owner said no, took too long, or has none: nothing was sent.
    said.hidden = false;
    if (button) button.disabled = false;
  }
}, { capture: true });

// A form is sent once: its buttons rest while the answer is on its way. `data-again`:
// the answer is a file, and the page stays.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if ("again" in form.dataset) return;
  // After this turn, so that the pressed button's own value is still sent.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
});

// Back in history: the page comes as it was left, with its buttons still resting.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("form button:disabled")) {
    button.disabled = false;
  }
});

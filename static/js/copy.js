// A button with data-copy puts the text of the element it names on the clipboard. What it
// says then stands in data-copied; in data-by-hand, where it may not.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.copied;
  } catch {
    // No permission, or no TLS: select it, so that one key press copies it.
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.byHand;
  }
});

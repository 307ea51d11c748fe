// "Quote" puts somebody's words, or those of them that are selected, into the comment box
// of the open page; without script the link brings them there.
function wordsOf(entry) {
  const selection = getSelection();
  if (!selection.isCollapsed && entry.contains(selection.anchorNode) && entry.contains(selection.focusNode)) {
    return selection.toString();
  }
  return [...entry.querySelectorAll(".quote:not(.quote--cited)")].map((one) => one.innerText).join("\n\n");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-quote]");
  const box = document.getElementById("comment");
  if (!link || !box || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const quoted = wordsOf(link.closest("[data-said]")).trim().replace(/^/gm, "> ");
  const before = box.value.trim() ? `${box.value.trimEnd()}\n\n` : "";
  box.value = `${before}${quoted}\n\n`;
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
});

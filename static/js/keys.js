// "/" goes to the page's search, as people expect; Escape closes what was opened.
function isTyping(event) {
  return event.target.closest("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  // Single keys can be switched off: see shortcuts.js.
  if (isTyping(event) || localStorage.getItem("shortcuts") === "off") return;
  const search = document.querySelector('input[type="search"]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || isTyping(event)) return;
  const open = event.target.closest("details[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

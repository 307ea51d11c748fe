// Keys for lists of changes and for one change. Whoever types, or has switched them off,
// is left alone; keys only lead somewhere: what decides is pressed by itself.
const help = document.querySelector("[data-keys]");
const dialog = help.querySelector("dialog");
const box = help.querySelector("input[type=checkbox]");
const STORED = "shortcuts";

function rows() {
  return [...document.querySelectorAll("[data-rows] .change__what")];
}

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest(".change")?.querySelector(".change__what"));
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next]?.focus();
}

function toApproving() {
  const button = document.getElementById("approve");
  if (button) return button.focus();
  const row = document.activeElement?.closest(".change")?.querySelector(".change__what");
  if (row) location.assign(`${row.href}#approve`);
}

const DOES = {
  j: () => step(1),
  k: () => step(-1),
  a: toApproving,
  "?": () => dialog.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || !box.checked) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const does = DOES[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

help.hidden = false;
help.querySelector("button").addEventListener("click", () => dialog.showModal());
box.checked = localStorage.getItem(STORED) !== "off";
box.addEventListener("change", () => {
  localStorage.setItem(STORED, box.checked ? "on" : "off");
});
// Led here from a list by a key: the button is seen, and waits to be pressed.
if (location.hash === "#approve") document.getElementById("approve")?.focus();

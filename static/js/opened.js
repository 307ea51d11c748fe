// What somebody opened stays open when the part of the page around it is sent anew.
const opened = new Set();

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.id) opened[target.open ? "add" : "delete"](target.id);
  },
  true,
);

document.addEventListener("htmx:load", ({ detail }) => {
  for (const one of detail.elt.querySelectorAll("details[id]")) {
    if (opened.has(one.id)) one.open = true;
  }
});

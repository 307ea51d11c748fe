// What a preview lets one choose is about the preview: the form that it stands in did not
// change, and need not be asked again.
document.addEventListener(
  "input",
  (event) => {
    if (event.target.closest("#shown")) event.stopPropagation();
  },
  true,
);

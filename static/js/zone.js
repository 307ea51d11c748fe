// Offer the browser's own time zone where another one is chosen.
const offer = document.querySelector("[data-zone]");
const choice = document.getElementById(offer.dataset.zone);
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isOffered = [...choice.options].some((option) => option.value === here);

offer.querySelector("span").textContent = here;
offer.hidden = !isOffered || choice.value === here;
offer.querySelector("button").addEventListener("click", () => {
  choice.value = here;
  offer.hidden = true;
  choice.focus();
});

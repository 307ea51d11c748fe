// "2 min ago" and "in 3 h" stay true while the page is open.
const UNITS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86400, 3600, "h"],
  [30 * 86400, 86400, "d"],
];

function words(moment) {
  const past = Math.floor((Date.now() - moment) / 1000);
  const seconds = Math.abs(past);
  if (seconds < 5) return "just now";
  for (const [below, size, unit] of UNITS) {
    if (seconds >= below) continue;
    const count = Math.floor(seconds / size);
    return past > 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  }
  return null;
}

function renew() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = words(Date.parse(time.dateTime));
    if (text !== null && time.textContent !== text) time.textContent = text;
  }
}

setInterval(renew, 15_000);

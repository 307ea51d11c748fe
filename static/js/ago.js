// "2 min ago" stays true while the page is open.
const UNITS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86400, 3600, "h"],
  [30 * 86400, 86400, "d"],
];

function words(moment) {
  const seconds = Math.floor((Date.now() - moment) / 1000);
  if (seconds < 5) return "just now";
  for (const [below, size, unit] of UNITS) {
    if (seconds < below) return `${Math.floor(seconds / size)} ${unit} ago`;
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

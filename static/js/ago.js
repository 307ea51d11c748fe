// "2 min ago" and "in 3 h" stay true while the page is open.
const said = JSON.parse(document.querySelector("meta[name=ago]").content);

function words(moment) {
  const past = Math.floor((Date.now() - moment) / 1000);
  const seconds = Math.abs(past);
  if (seconds < 5) return said.now;
  for (const [below, size, ago, ahead] of said.units) {
    if (seconds >= below) continue;
    return (past > 0 ? ago : ahead).replace("%(count)s", Math.floor(seconds / size));
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

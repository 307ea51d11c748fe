// The picture of a gateway is zoomed, moved and followed. Without this it is scrolled.
const LEAST = 0.2;
const MOST = 3;
const STEP = 1.25;
const MOVE = 80;

for (const place of document.querySelectorAll("[data-topology]")) {
  const view = place.querySelector(".topology__view");
  const sheet = place.querySelector("svg");
  const [, , width, height] = sheet.getAttribute("viewBox").split(" ").map(Number);
  const boxes = new Map(
    [...sheet.querySelectorAll("[data-key]")].map((box) => [box.dataset.key, box]),
  );
  const lines = [...sheet.querySelectorAll("[data-from]")];
  const litAtFirst = new Set(sheet.querySelectorAll(".is-lit"));
  let scale = 1;

  // What is in the middle stays there.
  function zoom(wanted) {
    const before = scale;
    scale = Math.min(Math.max(wanted, LEAST), MOST);
    const across = view.scrollLeft + view.clientWidth / 2;
    const down = view.scrollTop + view.clientHeight / 2;
    sheet.setAttribute("width", width * scale);
    sheet.setAttribute("height", height * scale);
    view.scrollLeft = (across * scale) / before - view.clientWidth / 2;
    view.scrollTop = (down * scale) / before - view.clientHeight / 2;
  }

  function fit() {
    zoom(Math.min(view.clientWidth / width, 1));
  }

  const zooms = {
    in: () => zoom(scale * STEP),
    out: () => zoom(scale / STEP),
    fit,
  };

  const tools = place.querySelector(".topology__tools");
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    zooms[event.target.closest("[data-zoom]")?.dataset.zoom]?.();
  });

  const keys = {
    "+": zooms.in,
    "=": zooms.in,
    "-": zooms.out,
    0: zooms.fit,
    ArrowLeft: () => view.scrollBy(-MOVE, 0),
    ArrowRight: () => view.scrollBy(MOVE, 0),
    ArrowUp: () => view.scrollBy(0, -MOVE),
    ArrowDown: () => view.scrollBy(0, MOVE),
  };
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  // It is drawn along; a click that did not move it is a click.
  let drawn = null;
  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return;
    drawn = { x: event.clientX, y: event.clientY, moved: false };
  });
  view.addEventListener("pointermove", (event) => {
    if (!drawn || event.buttons !== 1) return;
    const [across, down] = [event.clientX - drawn.x, event.clientY - drawn.y];
    if (!drawn.moved && Math.hypot(across, down) < 4) return;
    view.scrollBy(-across, -down);
    drawn = { x: event.clientX, y: event.clientY, moved: true };
  });
  view.addEventListener("dragstart", (event) => event.preventDefault());
  view.addEventListener(
    "click",
    (event) => {
      if (drawn?.moved) event.preventDefault();
      drawn = null;
    },
    true,
  );

  // All that leads to a box, and all it leads to.
  function way(key) {
    const found = new Set([key]);
    for (const [from, to] of [
      ["from", "to"],
      ["to", "from"],
    ]) {
      const ahead = [key];
      const seen = new Set(ahead);
      while (ahead.length) {
        const one = ahead.pop();
        for (const line of lines) {
          const next = line.dataset[to];
          if (line.dataset[from] !== one || seen.has(next)) continue;
          seen.add(next);
          found.add(next);
          ahead.push(next);
        }
      }
    }
    return found;
  }

  function light(lit) {
    for (const one of [...boxes.values(), ...lines]) {
      one.classList.toggle("is-lit", lit.has(one));
    }
    sheet.classList.toggle("is-following", lit.size > 0);
  }

  function follow(event) {
    const box = event.target.closest("[data-key]");
    if (!box) return;
    const keys = way(box.dataset.key);
    const along = lines.filter(
      (line) => keys.has(line.dataset.from) && keys.has(line.dataset.to),
    );
    light(new Set([...along, ...[...keys].map((key) => boxes.get(key))]));
  }

  const leave = () => light(litAtFirst);
  sheet.addEventListener("pointerover", follow);
  sheet.addEventListener("pointerleave", leave);
  sheet.addEventListener("focusin", follow);
  sheet.addEventListener("focusout", leave);

  if (width > view.clientWidth && view.clientWidth / width > 0.6) fit();
}

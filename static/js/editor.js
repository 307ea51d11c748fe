// Documents are edited as JSON with completion and errors in place. The textarea stays
// what the form sends; without this file it is what people type into.
const form = document.querySelector("form[data-codemirror]");
const cm = await import(form.dataset.codemirror);
const told = new Map();

/** What the gateway says of a kind or a plugin; asked once. */
function schemaOf(item, plugin = "") {
  const gateway = form.elements.gateway.value;
  const kind = form.elements[`${item}-kind`].value;
  const url = `/gateways/${encodeURIComponent(gateway)}/completions/${kind}/?plugin=${encodeURIComponent(plugin)}`;
  if (!told.has(url)) {
    told.set(url, fetch(url, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : {}))
      .catch(() => ({})));
  }
  return told.get(url);
}

const textOf = (state, node) => state.sliceDoc(node.from, node.to);

function nameOf(state, property) {
  try {
    return JSON.parse(textOf(state, property.getChild("PropertyName")));
  } catch {
    return "";
  }
}

/** The names and numbers that lead to a node. */
function pathTo(state, node) {
  const path = [];
  for (let one = node; one.parent; one = one.parent) {
    if (one.name === "Property") path.unshift(nameOf(state, one));
    else if (one.parent.name === "Array") path.unshift("[]");
  }
  return path;
}

/** What is known of the value at a path. */
async function known(item, path) {
  let at = await schemaOf(item);
  for (const [index, part] of path.entries()) {
    if (index === 1 && path[0] === "plugins") {
      at = await schemaOf(item, part);
      continue;
    }
    at = (part === "[]" ? at?.items : (at?.fields?.[part] ?? at?.any)) ?? null;
    if (!at) return null;
  }
  return at;
}

function detail(one) {
  return [one.needed ? "needed" : "", one.type].filter(Boolean).join(" · ");
}

function startOf(one) {
  if (one.default !== undefined) return JSON.stringify(one.default);
  if (one.values) return JSON.stringify(one.values[0]);
  if (one.type?.startsWith("list")) return "[]";
  if (one.fields || one.type?.startsWith("names") || one.type === "object") return "{}";
  return one.type === "text" ? '""' : "";
}

/** Put a name with a beginning of its value in place; the cursor stands in the value. */
function insertName(name, one) {
  return (view, completion, from, to) => {
    const follows = /^\s*:/.test(view.state.sliceDoc(to, to + 20));
    const value = follows ? "" : startOf(one);
    const text = `${JSON.stringify(name)}${follows ? "" : `: ${value}`}`;
    const inside = /^(\{\}|\[\]|"")$/.test(value) ? 1 : 0;
    view.dispatch({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length - inside },
      userEvent: "input.complete",
    });
  };
}

function completing(item) {
  return async (context) => {
    const { state, pos } = context;
    const node = cm.ensureSyntaxTree(state, pos, 200)?.resolveInner(pos, -1);
    if (!node) return null;
    const word = context.matchBefore(/"?[\w.-]*"?/);
    if (!context.explicit && (!word || word.from === word.to)) return null;
    const from = word?.from ?? pos;
    const before = state.sliceDoc(Math.max(0, from - 200), from).trimEnd();
    const isValue = before.endsWith(":") || before.endsWith("[");
    let holder = node;
    while (holder.parent && !["Object", "Array", "Property"].includes(holder.name)) holder = holder.parent;
    if (node.name === "PropertyName" && holder.name === "Property") holder = holder.parent;
    const path = pathTo(state, holder);
    if (isValue) {
      const one = await known(item, holder.name === "Array" ? [...path, "[]"] : path);
      if (!one?.values) return null;
      return {
        from,
        to: node.name === "String" ? node.to : pos,
        options: one.values.map((value) => ({ label: JSON.stringify(value), type: "enum" })),
      };
    }
    const at = await known(item, path);
    const names = path.length === 1 && path[0] === "plugins"
      ? Object.fromEntries(((await schemaOf(item)).plugins ?? []).map((name) => [name, { type: "object" }]))
      : at?.fields;
    if (!names) return null;
    return {
      from,
      to: node.name === "PropertyName" ? node.to : pos,
      options: Object.entries(names).map(([name, one]) => ({
        label: JSON.stringify(name),
        displayLabel: name,
        detail: detail(one),
        info: one.info,
        type: "property",
        boost: one.needed ? 1 : 0,
        apply: insertName(name, one),
      })),
    };
  };
}

/** Where a dotted path of the document stands: its value, or the nearest above it. */
function placeOf(state, path) {
  let node = cm.ensureSyntaxTree(state, state.doc.length, 500)?.topNode.firstChild;
  let place = node ?? { from: 0, to: Math.min(1, state.doc.length) };
  for (const part of path.split(".").filter(Boolean)) {
    const below = node?.name === "Array"
      ? node.getChildren("Value").concat(...["Object", "Array", "String", "Number", "True", "False", "Null"].map((kind) => node.getChildren(kind)))
        .sort((one, other) => one.from - other.from)[Number(part)]
      : node?.getChildren("Property").find((one) => nameOf(state, one) === part);
    if (!below) break;
    place = below.name === "Property" ? below.getChild("PropertyName") : below;
    node = below.name === "Property" ? below.lastChild : below;
  }
  if (place.name === "Object" || place.name === "Array" || place.name === "JsonText") {
    return { from: place.from, to: Math.min(place.from + 1, state.doc.length) };
  }
  return { from: place.from, to: place.to };
}

function marksFor(view, index) {
  const marks = [];
  for (const one of document.querySelectorAll("#shown [data-field]")) {
    const [kind, number, ...rest] = one.dataset.field.split(".");
    const isHere = one.dataset.field === `item-${index}-document` || (kind === "items" && number === String(index));
    if (!isHere) continue;
    const line = /at line (\d+), column (\d+)/.exec(one.dataset.words);
    let place;
    if (line && Number(line[1]) <= view.state.doc.lines) {
      const { from, to } = view.state.doc.line(Number(line[1]));
      const at = Math.min(from + Number(line[2]) - 1, to);
      place = { from: Math.max(from, at - 1), to: Math.max(at, from) };
    } else {
      place = placeOf(view.state, (rest[0] === "document" ? rest.slice(1) : rest).join("."));
    }
    const severity = { warning: "warning", info: "info" }[one.dataset.severity] ?? "error";
    marks.push({ ...place, severity, message: one.dataset.words });
  }
  return marks;
}

const colours = cm.HighlightStyle.define([
  { tag: cm.tags.propertyName, color: "var(--accent)" },
  { tag: cm.tags.string, color: "var(--good)" },
  { tag: cm.tags.number, color: "var(--busy)" },
  { tag: [cm.tags.bool, cm.tags.null], color: "var(--warn)" },
]);

const look = cm.EditorView.theme({
  "&": { color: "var(--ink)", fontSize: "var(--text-s)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", maxHeight: "34rem", minHeight: "14rem" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft)" },
  ".cm-gutters": { color: "var(--ink-3)", background: "var(--sunk)", borderRight: "1px solid var(--line)" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--accent-soft)", outline: "1px solid var(--line-strong)" },
  "&.cm-focused .cm-nonmatchingBracket": { background: "var(--bad-soft)" },
  ".cm-foldPlaceholder": { color: "var(--ink-2)", background: "var(--sunk)", border: "1px solid var(--line)" },
  ".cm-tooltip": { color: "var(--ink)", background: "var(--paper)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius-s)" },
  ".cm-tooltip-autocomplete > ul > li": { lineHeight: "1.8" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--accent-ink)", background: "var(--accent)" },
  ".cm-completionDetail": { color: "inherit", fontStyle: "normal" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad-fill)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn-fill)" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--calm-fill)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad-fill)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn-fill)" },
});

function edit(area, index) {
  const label = document.querySelector(`label[for="${area.id}"]`);
  const host = document.createElement("div");
  host.className = "editor";
  area.after(host);
  area.hidden = true;
  // Styles within a shadow are sheets of the script, which the page's policy allows.
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  const view = new cm.EditorView({
    root,
    parent: root,
    state: cm.EditorState.create({
      doc: area.value,
      extensions: [
        cm.lineNumbers(),
        cm.foldGutter(),
        cm.history(),
        cm.drawSelection(),
        cm.indentOnInput(),
        cm.bracketMatching(),
        cm.closeBrackets(),
        cm.autocompletion({ override: [completing(`item-${index}`)] }),
        cm.json(),
        cm.syntaxHighlighting(colours),
        look,
        cm.EditorView.lineWrapping,
        cm.EditorView.contentAttributes.of({
          "tabindex": "0",
          "aria-label": label.textContent,
          "aria-description": form.dataset.editorKeys,
        }),
        // Tab is not bound: it leaves, as everywhere.
        cm.keymap.of([...cm.closeBracketsKeymap, ...cm.defaultKeymap, ...cm.historyKeymap, ...cm.foldKeymap, ...cm.completionKeymap, ...cm.lintKeymap]),
        cm.EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  // The label names a field that is not shown any more.
  label.removeAttribute("for");
  label.addEventListener("click", () => view.focus());
  const mark = () => view.dispatch(cm.setDiagnostics(view.state, marksFor(view, index)));
  mark();
  document.addEventListener("htmx:afterSwap", mark);
}

for (const area of form.querySelectorAll("textarea[data-editor]")) {
  edit(area, Number(area.name.split("-")[1]));
}

"use strict";
// Shows the run whose anchor is followed; all text goes in as text, never as HTML. Puts the figures of folded parts in
// their places. The page holds both packed.
let data = null, figures = null;  // runs, and figures by name, once they are unpacked
const dialog = document.getElementById("run");

function element(parent, name, text, attributes = {}, space = "http://www.w3.org/1999/xhtml") {
  const made = document.createElementNS(space, name);
  if (text !== "") made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return parent.appendChild(made);
}

function find(id) {
  for (const group of data?.groups ?? []) for (const run of group.runs) if (run[0] === id) return [group, run];
  return null;
}

function curve(parent, points, metric) {
  const [first, last, ...values] = points, known = values.filter(value => value !== null);
  if (known.length < 2) return;
  const low = Math.min(...known), high = Math.max(...known), log = low > 0 && high > 20 * low;
  const scale = value => log ? Math.log(value) : value;
  const up = value => 130 - 110 * (scale(value) - scale(low)) / (scale(high) - scale(low) || 1);
  const places = values.map((value, k) => value === null ? "" : `${60 + 330 * k / (values.length - 1)},${up(value)}`);
  element(parent, "h3", "Learning curve");
  element(parent, "p", `validation ${metric}${log ? ", logarithmic" : ""}, over updates`, {class: "muted small"});
  const svg = "http://www.w3.org/2000/svg";
  const words = `Validation metric from ${values[0]} to ${values.at(-1)} over ${last} updates`;
  const drawn = element(parent, "svg", "", {viewBox: "0 0 400 155", role: "img", "aria-label": words}, svg);
  for (const value of [low, high]) {
    element(drawn, "path", "", {d: `M60 ${up(value)}H390`, class: "rule"}, svg);
    element(drawn, "text", value, {x: 55, y: up(value) + 4, "text-anchor": "end"}, svg);
  }
  element(drawn, "polyline", "", {points: places.join(" "), class: "line"}, svg);
  element(drawn, "text", first, {x: 60, y: 150}, svg);
  element(drawn, "text", last, {x: 390, y: 150, "text-anchor": "end"}, svg);
}

function show(group, [id, seed, status, address, scores, points, error]) {
  dialog.replaceChildren();
  element(dialog, "h2", group.title, {id: "run-title"});
  const list = element(dialog, "dl", "");
  const line = (name, value) => { element(list, "dt", name); return element(list, "dd", value); };
  line("Run", `${id}, seed ${seed}, ${status}`);
  if (error) line("Error", error);
  if (group.settings) line("Settings", group.settings);
  line("Model", group.size);
  line("Score", group.metric);
  data.fields.forEach((name, k) => { if (scores[k] !== null) line(name, scores[k]); });
  if (address && data.records) {
    const href = data.records + (address === "." ? `${id}/record.json` : address);
    element(line("Record", ""), "a", "record.json", {href});
  }
  curve(dialog, points, group.metric);
  element(dialog, "button", "Close", {type: "button"}).addEventListener("click", () => dialog.close());
  if (!dialog.open) dialog.showModal();
}

function follow() {
  const id = decodeURIComponent(location.hash.slice(1)), found = id.startsWith("run-") && find(id.slice(4));
  if (found) { show(...found); return; }
  if (dialog.open) dialog.close();
  const target = document.getElementById(id);
  let folded = target?.closest("details");
  if (!folded) return;
  for (; folded; folded = folded.parentElement.closest("details")) folded.open = true;
  target.scrollIntoView();
}

async function unpacked(block) {
  const bytes = Uint8Array.from(atob(block.textContent), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function place(opened) {
  for (const details of figures ? opened : [])
    for (const empty of details.querySelectorAll("svg[data-figure]"))
      if (empty.closest("details") === details) empty.outerHTML = figures[empty.dataset.figure];
}

const packed = document.getElementById("figures");
if (packed) unpacked(packed).then(found => { figures = found; place([...document.querySelectorAll("details[open]")]); });
unpacked(document.getElementById("run-data")).then(found => { data = found; follow(); });
addEventListener("toggle", event => { if (event.target.open) place([event.target]); }, true);
addEventListener("beforeprint", () => place([...document.querySelectorAll("details")]));
addEventListener("hashchange", follow);
addEventListener("click", event => {  // the same anchor again changes no hash
  if (event.target.closest?.("a")?.getAttribute("href") === location.hash && location.hash) follow();
});

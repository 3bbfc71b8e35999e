// What a script adds, and nothing that a reader needs: keys, a filter, a cross-hair.
"use strict";
const one = (what, where = document) => where.querySelector(what);
const all = (what, where = document) => [...where.querySelectorAll(what)];
const make = (name, set, into) => into.appendChild(Object.assign(document.createElement(name), set));
const page = () => one(".page:target") || one(".index");

// Keys: f and b to the next and the previous finding, g and i to an overview.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  const first = one(".worst a, .matrix td a");
  const to = { f: one("[rel=next]", page()) || (page().id === "index" && first), b: one("[rel=prev]", page()),
    i: one('[href="#index"]'), Escape: one('[href="#index"]'), g: one('[href="#guarantees"]') }[event.key];
  if (to) location.hash = to.hash;
});
addEventListener("hashchange", () => page().focus());
make("p", { className: "meta", textContent: "Keys: f next finding, b the one before, i all verdicts, g by guarantee; arrows in a chart." }, one("footer"));

// The filter hides the designs and scenarios that it does not name.
const matrix = one(".matrix");
if (matrix) {
  const label = make("label", { className: "filter", textContent: "Show only " }, document.createElement("div"));
  const field = make("input", { type: "search", placeholder: "a design or a scenario" }, label);
  matrix.closest(".scroll").before(label);
  const rows = all("tbody tr", matrix), heads = all("thead [scope=col]", matrix).slice(1);
  const lines = all("tr", matrix);
  const has = (node) => one("b", node).textContent.includes(field.value.trim());
  field.addEventListener("input", () => {
    const any = rows.some(has), some = heads.some(has);
    rows.forEach((each) => { each.hidden = any && !has(each); });
    heads.forEach((head, n) => {
      const off = some && !any && !has(head);
      lines.forEach((each) => { each.cells[n + 1].hidden = off; });
    });
  });
}

// The cross-hair reads the charts' own step lines: M x y, then h and v by differences.
const height = (path, x) => {
  let at = 0, y = 0, last = 0;
  for (const [, kind, a, b] of path.getAttribute("d").matchAll(/([Mhv])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (kind === "M") { at = +a; y = +b; } else if (kind === "h") at += +a; else y += +a;
    if (at > x) break;
    last = y;
  }
  return last;
};
all(".charts").forEach((charts) => {
  const pictures = all("figure .scroll > svg", charts);
  const { from, to, seconds } = pictures[0].dataset;
  const readout = make("output", { className: "readout", hidden: true }, charts);
  const cursors = pictures.map((svg) => {
    const line = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    line.setAttribute("class", "cursor");
    return line;
  });
  let x = +from;
  const show = () => {
    x = Math.min(Math.max(x, +from), +to);
    cursors.forEach((line) => line.setAttribute("d", `M${x} 0V${line.ownerSVGElement.viewBox.baseVal.height - 20}`));
    const said = all("[data-name]", charts).map((path) => {
      const { name, zero, unit } = path.dataset;
      return `${name} ${Math.round((zero - height(path, x)) / unit)}`;
    });
    readout.hidden = false;
    readout.value = `${(((x - from) / (to - from)) * seconds).toFixed(1)} s: ${said.join(", ")}`;
  };
  charts.addEventListener("pointermove", (event) => {
    const svg = event.target.closest("figure .scroll > svg");
    if (!svg) return;
    const box = svg.getBoundingClientRect();
    x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    show();
  });
  charts.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
    if (!step) return;
    event.preventDefault();
    x += step * (event.shiftKey ? 10 : 1);
    show();
  });
});

/**
 * The only script of a page: reads values out of figures (pointer, touch, arrow keys), sorts tables by their column heads, and
 * opens everything for printing. It listens at the document, so it also serves what is put into the page later.
 */
export const script = `
"use strict";
(() => {
  const tip = document.createElement("div");
  const dot = document.createElement("div");
  tip.id = "tip";
  dot.id = "dot";
  tip.setAttribute("role", "status");
  tip.hidden = dot.hidden = true;
  document.body.append(dot, tip);
  const known = new WeakMap();
  const seriesOf = (chart) => {
    if (!known.has(chart)) known.set(chart, JSON.parse(chart.dataset.values));
    return known.get(chart);
  };
  /** From the figure's own units to those of the window. */
  const frame = (chart) => {
    const svg = chart.querySelector("svg");
    const box = svg.getBoundingClientRect();
    return { left: box.left, top: box.top, scale: box.width / svg.viewBox.baseVal.width };
  };
  let at = null;
  const hide = () => {
    tip.hidden = dot.hidden = true;
    at = null;
  };
  const show = (chart, series, index) => {
    const [color, keys, places] = seriesOf(chart)[series];
    const [x, y, ...texts] = places[index];
    at = { chart, series, index };
    tip.replaceChildren(
      ...keys.map((key, i) => {
        const line = document.createElement("div");
        const value = document.createElement("b");
        value.textContent = texts[i];
        line.append(key + " ", value);
        return line;
      }),
    );
    tip.style.borderColor = dot.style.borderColor = color || "#222";
    tip.hidden = dot.hidden = false;
    const { left, top, scale } = frame(chart);
    const place = { x: left + scale * x, y: top + scale * y };
    const size = tip.getBoundingClientRect();
    const room = document.documentElement.clientWidth - size.width - 4;
    const beside = place.x + 14 > room ? place.x - size.width - 14 : place.x + 14;
    const above = place.y - size.height - 12;
    tip.style.left = scrollX + Math.max(4, Math.min(beside, room)) + "px";
    tip.style.top = scrollY + (above < 4 ? place.y + 14 : above) + "px";
    dot.style.left = scrollX + place.x + "px";
    dot.style.top = scrollY + place.y + "px";
  };
  const chartOf = (event) => (event.target instanceof Element ? event.target.closest(".chart") : null);
  const point = (event) => {
    const chart = chartOf(event);
    if (!chart) return hide();
    const { left, top, scale } = frame(chart);
    let least = event.pointerType === "touch" ? 60 : 36;
    let found = null;
    seriesOf(chart).forEach(([, , places], series) =>
      places.forEach(([x, y], index) => {
        const distance = Math.hypot(left + scale * x - event.clientX, top + scale * y - event.clientY);
        if (distance < least) {
          least = distance;
          found = [series, index];
        }
      }),
    );
    if (found) show(chart, ...found);
    else hide();
  };
  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("focusout", (event) => {
    if (chartOf(event)) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide();
    const chart = chartOf(event);
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!chart || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = seriesOf(chart);
    if (!all.length) return;
    event.preventDefault();
    if (!at || at.chart !== chart) return show(chart, 0, 0);
    const series = (at.series + step[0] + all.length) % all.length;
    const places = all[series][2];
    if (!step[0]) return show(chart, series, Math.max(0, Math.min(places.length - 1, at.index + step[1])));
    const x = all[at.series][2][at.index][0];
    const near = places.reduce((best, place, i) => (Math.abs(place[0] - x) < Math.abs(places[best][0] - x) ? i : best), 0);
    show(chart, series, near);
  });

  const collator = new Intl.Collator(undefined, { numeric: true });
  const numberIn = (text) => {
    const found = /^[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?/i.exec(text.replace("−", "-"));
    return found ? Number(found[0]) : NaN;
  };
  const missing = (text) => text === "" || text === "—";
  document.addEventListener("click", (event) => {
    const head = event.target instanceof Element ? event.target.closest("th[aria-sort]") : null;
    if (!head) return;
    const column = head.cellIndex;
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows];
    rows.forEach((row, i) => (row.dataset.place ??= String(i)));
    const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort];
    for (const other of head.parentElement.cells) if (other.ariaSort) other.ariaSort = "none";
    head.ariaSort = next;
    const texts = new Map(rows.map((row) => [row, row.cells[column].textContent.trim()]));
    const numeric = rows.every((row) => missing(texts.get(row)) || !Number.isNaN(numberIn(texts.get(row))));
    const sign = next === "descending" ? -1 : 1;
    rows.sort((a, b) => {
      const [s, t] = [texts.get(a), texts.get(b)];
      const order = a.dataset.place - b.dataset.place;
      if (next === "none") return order;
      if (missing(s) || missing(t)) return missing(s) - missing(t) || order;
      return sign * (numeric ? numberIn(s) - numberIn(t) : collator.compare(s, t)) || order;
    });
    body.append(...rows);
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    hide();
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
`;

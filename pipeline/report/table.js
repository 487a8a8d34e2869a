"use strict";
(() => {
  const table = document.getElementById("table");
  const form = document.getElementById("filters");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const rows = [...body.rows].filter((row) => row.dataset.kind);
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const field = (id) => document.getElementById(id);
  form.hidden = false;
  // A browser lays out hundreds of rows at once, thousands only slowly: the rest waits for a click.
  const PAGE = 200;
  const more = document.getElementById("more");
  let ordered = rows, limit = PAGE;

  const filter = () => {
    const asked = field("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = field("kind").value, side = field("side").value, contested = field("contested").checked;
    let shown = 0;
    for (const row of ordered) {
      const fits = (!kind || row.dataset.kind === kind) && (!side || row.dataset.side === side) &&
        (!contested || "contested" in row.dataset) && asked.every((word) => words.get(row).includes(word));
      shown += fits;
      row.hidden = !fits || shown > limit;
    }
    more.hidden = shown <= limit;
    more.textContent = `Show all ${shown}`;
    field("shown").textContent = shown === rows.length ? `${rows.length} incidents` : `${shown} of ${rows.length} incidents`;
  };
  const refilter = () => { limit = PAGE; filter(); };
  form.addEventListener("input", refilter);
  more.addEventListener("click", () => { limit = Infinity; filter(); });
  window.addEventListener("beforeprint", () => { limit = Infinity; filter(); });
  form.addEventListener("submit", (event) => event.preventDefault());

  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent;
    return numeric ? Number(text) : text.toLowerCase();
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.dataset.sort === "number";
      const up = head.getAttribute("aria-sort") === (numeric ? "descending" : "none") || !head.hasAttribute("aria-sort") && !numeric;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const keyed = rows.map((row) => [value(row, column, numeric), row]);
      keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
      ordered = keyed.map(([, row]) => row);
      // Emptied first: moving thousands of rows within their parent took seconds, this takes milliseconds.
      body.replaceChildren();
      body.append(...ordered);
      filter();
    });
  });
  filter();
})();

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

  const filter = () => {
    const asked = field("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = field("kind").value, side = field("side").value, contested = field("contested").checked;
    let shown = 0;
    for (const row of rows) {
      const fits = (!kind || row.dataset.kind === kind) && (!side || row.dataset.side === side) &&
        (!contested || "contested" in row.dataset) && asked.every((word) => words.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    field("shown").textContent = shown === rows.length ? `${rows.length} incidents` : `${shown} of ${rows.length} incidents`;
  };
  form.addEventListener("input", filter);
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
      body.append(...keyed.map(([, row]) => row));
    });
  });
  filter();
})();

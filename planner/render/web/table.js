// Tables that sort by a click on a heading and are filtered by words.
//
// A heading that sorts holds a button; `data-sort` of a cell is its value, else its text counts. Numbers come before
// what is missing, whichever way is sorted.
(() => {
  "use strict";
  const planner = (window.planner = window.planner || {});

  function value(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text);
    return text !== "" && Number.isFinite(number) ? number : text;
  }

  function compare(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one === "number") return -1;
    if (typeof other === "number") return 1;
    return one.localeCompare(other, "en", { numeric: true, sensitivity: "base" });
  }

  function sortBy(table, heading) {
    const body = table.tBodies[0];
    const column = heading.cellIndex;
    const way = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", way);
    const rows = [...body.rows].map((row) => ({ row, value: value(row, column) }));
    const missing = rows.filter((entry) => entry.value === "" || entry.value === "-");
    const known = rows.filter((entry) => !missing.includes(entry));
    known.sort((one, other) => compare(one.value, other.value) * (way === "ascending" ? 1 : -1));
    body.append(...[...known, ...missing].map((entry) => entry.row));
  }

  function filter(table, text, count) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
      if (!row.hidden) shown += 1;
    }
    if (count) count.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
  }

  // `box` is the text field that filters, `count` where it says how many rows are left; both may be missing.
  planner.makeTable = (table, box = null, count = null) => {
    for (const heading of table.tHead.rows[0].cells) {
      heading.querySelector("button")?.addEventListener("click", () => sortBy(table, heading));
    }
    if (box) {
      box.addEventListener("input", () => filter(table, box.value, count));
      filter(table, box.value, count);
    }
  };
})();

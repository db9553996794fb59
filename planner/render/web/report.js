// Brings a report to life: theme, tables, charts. `planner.ready` is settled when everything is drawn.
(() => {
  "use strict";
  const planner = window.planner;

  function start() {
    const button = document.querySelector("button.theme");
    if (button) planner.theme(button);
    for (const table of document.querySelectorAll("table.sortable")) {
      const form = table.id ? document.querySelector(`[data-filters="${table.id}"]`) : null;
      if (form) form.hidden = false;
      planner.makeTable(table, form?.querySelector("input"), form?.querySelector("output"));
    }
    const specs = document.getElementById("chart-specs");
    return specs ? planner.drawCharts(JSON.parse(specs.textContent)) : {};
  }

  planner.ready = new Promise((resolve, reject) => {
    document.addEventListener("DOMContentLoaded", () => Promise.resolve().then(start).then(resolve, reject));
  });
})();

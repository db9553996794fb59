// The form and the address say the same: what is given in one is given in the other.
(() => {
  "use strict";
  const planner = (window.planner = window.planner || {});
  const PAGE_ONLY = ["find", "order"]; // of the table, not of the question

  const form = () => document.getElementById("question");
  const fields = () => [...form().elements].filter((field) => field.name);
  const split = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);

  const spellings = (field) => (field.dataset.spellings ?? "").split(" ").filter(Boolean);

  // Parameters that the form has no field for, as they stood in the address; those of other pages are kept, not shown.
  let further = [];
  planner.isOfOthers = () => false;

  // Pairs of name and value of all that is given, in the order of the form.
  planner.given = () => {
    const found = [];
    for (const field of fields()) {
      const value = field.value.trim();
      if (field.type === "checkbox" ? !field.checked : value === "") continue;
      if ("many" in field.dataset) found.push(...split(value).map((part) => [field.name, part]));
      else found.push([field.name, value]);
    }
    return [...found, ...further];
  };

  planner.pageOnly = (name) => PAGE_ONLY.includes(name);

  // Puts the parameters of an address into the form.
  planner.fill = (search) => {
    const left = [...new URLSearchParams(search)];
    const take = (name) => {
      const values = left.filter((pair) => pair[0] === name).map((pair) => pair[1]);
      for (let i = left.length - 1; i >= 0; i -= 1) if (left[i][0] === name) left.splice(i, 1);
      return values;
    };
    const boxes = {};
    for (const field of fields()) {
      for (const other of spellings(field)) {
        for (const pair of left) if (pair[0] === other) pair[0] = field.name;
      }
      if (field.type === "checkbox") {
        boxes[field.name] ??= take(field.name);
        const index = boxes[field.name].indexOf(field.value);
        field.checked = index >= 0;
        if (index >= 0) boxes[field.name].splice(index, 1);
        continue;
      }
      const values = take(field.name);
      if ("many" in field.dataset) field.value = values.join(", ");
      else if (field.tagName === "SELECT") left.push(...chosen(field, values));
      else {
        field.value = values[0] ?? "";
        left.push(...values.slice(1).map((value) => [field.name, value]));
      }
    }
    for (const [name, values] of Object.entries(boxes)) left.push(...values.map((value) => [name, value]));
    further = left.filter(([name]) => !planner.pageOnly(name));
    showFurther();
    for (const slider of document.querySelectorAll("input[type=range]")) place(slider);
  };

  // Chooses the value in a list; what the list does not have is left over.
  function chosen(field, values) {
    field.value = "";
    const known = [...field.options].map((option) => option.value || option.text);
    const [value, ...others] = values;
    if (value === undefined) return [];
    const index = known.indexOf(value);
    if (index < 0) return values.map((one) => [field.name, one]);
    field.selectedIndex = index;
    return others.map((one) => [field.name, one]);
  }

  function showFurther() {
    const list = document.getElementById("more");
    list.replaceChildren(
      ...further.filter(([name]) => !planner.isOfOthers(name)).map((pair) => {
        const item = document.createElement("li");
        const drop = document.createElement("button");
        drop.type = "button";
        drop.textContent = "remove";
        drop.setAttribute("aria-label", `Remove ${pair[0]}`);
        drop.addEventListener("click", () => {
          further = further.filter((other) => other !== pair);
          showFurther();
          form().dispatchEvent(new Event("change"));
        });
        item.append(`${pair[0]} = ${pair[1]} `, drop);
        return item;
      }),
    );
  }

  // Sliders: one and the same value as the field beside them; without a value they stand at the shipped figure.
  const shipped = {};

  function place(slider) {
    const field = document.getElementById(slider.dataset.for);
    const value = field.value.trim() === "" ? shipped[field.name] : Number(field.value);
    if (value === undefined || value === null || !Number.isFinite(value)) return;
    if (value > Number(slider.max)) slider.max = String(value);
    slider.value = String(value);
    slider.setAttribute("aria-valuetext", field.value.trim() === "" ? `${value}, the shipped figure` : String(value));
  }

  planner.shipped = (values) => {
    for (const field of document.querySelectorAll("input[data-shipped]")) {
      const value = values[field.name];
      field.placeholder = typeof value === "number" ? String(Number(value.toPrecision(4))) : "";
    }
    for (const slider of document.querySelectorAll("input[type=range]")) {
      const field = document.getElementById(slider.dataset.for);
      const value = values[field.name];
      if (field.value.trim() === "" && typeof value === "number") {
        shipped[field.name] = value;
        field.placeholder = String(Number(value.toPrecision(4)));
      } else if (value === null) {
        delete shipped[field.name]; // there is no such figure, which is not a figure of 0
        field.placeholder = "none";
        slider.value = slider.min;
        slider.setAttribute("aria-valuetext", "none");
      }
      place(slider);
    }
  };

  planner.startForm = () => {
    for (const slider of document.querySelectorAll("input[type=range]")) {
      const field = document.getElementById(slider.dataset.for);
      slider.addEventListener("input", () => {
        field.value = slider.value;
        slider.setAttribute("aria-valuetext", slider.value);
      });
      field.addEventListener("input", () => place(slider));
    }
    form().addEventListener("submit", (event) => event.preventDefault());
  };

  // What belongs to other work than the model's is hidden while it is empty; nothing that was typed is ever hidden, changed
  // or dropped. Where the work is not known everything stands open.
  const within = (place) => [...place.querySelectorAll("[name]")];

  planner.suitWork = (work) => {
    for (const place of form().querySelectorAll("[data-work]")) {
      const isGiven = within(place).some((field) => (field.type === "checkbox" ? field.checked : field.value !== ""));
      place.hidden = Boolean(work) && !place.dataset.work.split(" ").includes(work) && !isGiven;
    }
  };
})();

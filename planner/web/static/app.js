// The page: asks the server whenever the form changes, shows the answer, and keeps the whole question in the address.
(() => {
  "use strict";
  const planner = window.planner;
  const WORKS = { "language-model": "tokens", "boosted-trees": "rows" };
  const WAIT_MS = 40; // between a key or a move of a slider and the question

  const by = (id) => document.getElementById(id);
  // not by `dataset`, which is the name of a field
  const kind = by("question").getAttribute("data-kind");
  const examples = JSON.parse(by("question").getAttribute("data-examples"));
  let own = new Set(); // parameters of this question
  let others = new Set(); // and those that only other questions have
  let works = new Map(); // models by name: what their work is counted in
  let table = { find: "", order: "" };
  let committed = "";
  let latest = 0;
  let asking = null;
  let timer = 0;

  // What is sent: parameters of this question, those nobody knows, so that the server says so, and examples of what is
  // not given. These stand in no field.
  function sent(extra = []) {
    const pairs = planner.given().filter(([name]) => !others.has(name));
    return new URLSearchParams([...pairs, ...exampleOf(pairs), ...extra]).toString();
  }

  function exampleOf(pairs) {
    const given = new Set(pairs.map(([name]) => name));
    return examples
      .filter((example) => !example.unless.some((name) => given.has(name)))
      .flatMap((example) => Object.entries(example.values))
      .filter(([name]) => !given.has(name));
  }

  function sayExample() {
    const pairs = exampleOf(planner.given().filter(([name]) => !others.has(name)));
    const words = pairs.map(([name, value]) => `${labelOf(name)} ${value}`).join(", ");
    by("example").textContent = `An example, as you have not said: ${words}.`;
    by("example").hidden = pairs.length === 0;
  }

  const labelOf = (name) => by("question").querySelector(`label[for="${CSS.escape(name)}"]`)?.textContent ?? name;

  function address() {
    const pairs = planner.given();
    if (table.find) pairs.push(["find", table.find]);
    if (table.order) pairs.push(["order", table.order]);
    return `${location.pathname}?${new URLSearchParams(pairs)}`;
  }

  // A step that can be gone back is an entry of the history; what lies between two steps is not.
  function keepAddress(isStep) {
    const now = address();
    if (isStep && now !== committed) {
      history.replaceState(null, "", committed);
      history.pushState(null, "", now);
      committed = now;
    } else {
      history.replaceState(null, "", now);
    }
    for (const link of document.querySelectorAll("nav a[data-kind]")) {
      link.search = new URLSearchParams(planner.given()).toString();
    }
    for (const link of document.querySelectorAll("a[data-format]")) {
      link.href = `/api/${kind}?${sent([["format", link.dataset.format]])}`;
      link.download = `planner-${kind}.${link.dataset.format}`;
    }
  }

  async function ask() {
    clearTimeout(timer);
    const mine = (latest += 1);
    asking?.abort();
    asking = new AbortController();
    by("result").setAttribute("aria-busy", "true");
    const start = performance.now();
    try {
      const answer = await fetch(`/view/${kind}?${sent()}`, { signal: asking.signal });
      const body = await answer.json();
      if (mine !== latest) return;
      if (body.error) refuse(body.error);
      else await show(body, start, () => mine === latest);
    } catch (error) {
      if (error.name === "AbortError" || mine !== latest) return;
      if (!(error instanceof TypeError)) throw error;
      refuse({ message: "The server does not answer. Is planner serve still running?" });
    } finally {
      if (mine === latest) by("result").removeAttribute("aria-busy");
    }
  }

  function refuse(error) {
    by("asking").open = true;
    const [said, choices] = [document.createElement("p"), document.createElement("div")];
    said.textContent = error.message;
    choices.className = "instead";
    choices.append(...(error.matches ?? []).map((match) => instead(error, match)));
    by("error").replaceChildren(said, choices);
    by("error").hidden = false;
    by("content").hidden = true;
    by("tools").hidden = true;
    by("title").textContent = "No answer";
    by("subtitle").textContent = "";
    sayExample();
    mark(error.parameter);
  }

  // A button that puts a name that may be meant in the place of the one that nobody knows.
  function instead(error, match) {
    const button = document.createElement("button");
    const field = error.parameter && by("question").elements.namedItem(error.parameter);
    button.type = "button";
    button.textContent = match;
    button.hidden = !(field instanceof HTMLInputElement);
    button.addEventListener("click", () => {
      const parts = "many" in field.dataset ? field.value.split(",") : [field.value];
      const wrong = parts.findIndex((part) => error.message.includes(`'${part.trim()}'`));
      field.value = parts.map((part, i) => (i === Math.max(wrong, 0) ? match : part.trim())).join(", ");
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.focus();
    });
    return button;
  }

  // Marks the field that is wrong, and no other.
  function mark(name) {
    for (const field of by("question").querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
    const found = name && by("question").elements.namedItem(name);
    const wrong = found instanceof RadioNodeList ? found[0] : found;
    if (!(wrong instanceof Element)) return;
    wrong.setAttribute("aria-invalid", "true");
    wrong.setAttribute("aria-describedby", "error");
    for (let place = wrong; place; place = place.parentElement?.closest("[data-work], details")) {
      if (place.tagName === "DETAILS") place.open = true;
      else if (place !== wrong) place.hidden = false;
    }
  }

  async function show(body, start, isLatest) {
    mark(null);
    by("error").hidden = true;
    by("content").hidden = false;
    by("tools").hidden = false;
    by("title").textContent = body.title;
    by("subtitle").textContent = body.subtitle;
    sayExample();
    document.title = `${body.title} - GPU cost planner`;
    planner.shipped(body.values);
    place(new DOMParser().parseFromString(body.html, "text/html"));
    await planner.drawCharts(body.charts, by("content"));
    if (!isLatest()) return;
    by("result").dataset.milliseconds = String(Math.round(performance.now() - start));
    by("status").textContent = `answered in ${by("result").dataset.milliseconds} ms`;
  }

  // The server's markup in place of the last; drawings stay until they are drawn anew, and what was opened stays open.
  function place(parsed) {
    const content = by("content");
    const open = [...content.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
    for (const drawing of parsed.querySelectorAll("[data-chart]")) {
      const last = content.querySelector(`[data-chart="${CSS.escape(drawing.dataset.chart)}"]`);
      if (last) drawing.replaceWith(document.adoptNode(last));
    }
    for (const summary of parsed.querySelectorAll("details > summary")) {
      if (open.includes(summary.textContent)) summary.parentElement.open = true;
    }
    content.replaceChildren(...parsed.body.childNodes);
    for (const one of content.querySelectorAll("table.sortable")) startTable(one);
  }

  function startTable(one) {
    const filter = document.querySelector(`[data-filters="${CSS.escape(one.id)}"]`);
    const box = filter.querySelector("input");
    const headings = [...one.tHead.rows[0].cells];
    filter.hidden = false;
    box.value = table.find;
    planner.makeTable(one, box, filter.querySelector("output"));
    const [way, column] = table.order.startsWith("-") ? [2, table.order.slice(1)] : [1, table.order];
    const button = column && headings[Number(column) - 1]?.querySelector("button");
    if (button) for (let i = 0; i < way; i += 1) button.click();
    box.addEventListener("input", () => {
      table.find = box.value.trim();
      keepAddress(false);
    });
    one.tHead.addEventListener("click", () => {
      const sorted = headings.findIndex((heading) => heading.hasAttribute("aria-sort"));
      if (sorted < 0) return;
      table.order = `${headings[sorted].getAttribute("aria-sort") === "descending" ? "-" : ""}${sorted + 1}`;
      keepAddress(false);
    });
  }

  function restore() {
    const given = new URLSearchParams(location.search);
    table = { find: given.get("find") ?? "", order: given.get("order") ?? "" };
    planner.fill(location.search);
    planner.suitWork(work());
  }

  // What the model's work is counted in; of a model that no list names it is not known.
  const work = () => works.get(by("model").value.trim().toLowerCase());

  function option(value, text) {
    const made = document.createElement("option");
    made.value = value;
    if (text) made.label = text;
    return made;
  }

  function tick(name, value, text) {
    const box = document.createElement("input");
    const label = document.createElement("label");
    Object.assign(box, { type: "checkbox", name, value });
    label.append(box, ` ${text}`);
    return label;
  }

  const get = async (path) => (await fetch(path)).json();

  async function load() {
    const [openapi, gpus, providers, models] = await Promise.all([
      get("/openapi.json"),
      get("/api/gpus"),
      get("/api/providers"),
      get("/api/models"),
    ]);
    const parametersOf = (one) => openapi.paths[`/api/${one}`].get.parameters.map((parameter) => parameter.name);
    own = new Set(parametersOf(kind));
    const kinds = [...document.querySelectorAll("nav a[data-kind]")].map((link) => link.dataset.kind);
    others = new Set(kinds.flatMap(parametersOf).filter((name) => !own.has(name)));
    planner.isOfOthers = (name) => others.has(name);
    by("gpus").replaceChildren(...gpus.gpus.map((gpu) => option(gpu.name, gpu.display_name)));
    by("cards").replaceChildren(
      ...gpus.gpus.filter((gpu) => gpu.is_sold).map((gpu) => option(gpu.name, gpu.display_name)),
    );
    document.querySelector("[data-ticks=provider]")?.replaceChildren(
      ...providers.providers.map((book) => tick("provider", book.provider, `${book.provider} (${book.ages})`)),
    );
    by("models").replaceChildren(...models.models.map((model) => option(model.name)));
    works = new Map(
      models.models.flatMap((model) =>
        [model.name, ...model.aliases].map((name) => [name.toLowerCase(), WORKS[model.task] ?? "samples"]),
      ),
    );
  }

  function listen() {
    const form = by("question");
    form.addEventListener("input", () => {
      keepAddress(false);
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    });
    form.addEventListener("change", (event) => {
      if (event.target === by("model")) planner.suitWork(work());
      keepAddress(true);
      ask();
    });
    addEventListener("popstate", () => {
      restore();
      committed = address();
      keepAddress(false);
      ask();
    });
    by("copy").addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      by("status").textContent = "link copied";
    });
  }

  // On a phone the question is folded, so that the answer is seen first; elsewhere it is always open.
  function foldQuestion() {
    const isNarrow = matchMedia("(max-width: 639px)");
    const fold = () => (by("asking").open = !isNarrow.matches);
    isNarrow.addEventListener("change", fold);
    fold();
  }

  async function start() {
    planner.theme(document.querySelector("button.theme"));
    foldQuestion();
    planner.startForm();
    await load();
    restore();
    committed = address();
    keepAddress(false);
    listen();
    await ask();
  }

  planner.ready = start();
})();

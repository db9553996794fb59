// Draws Vega-Lite specifications with Vega: no evaluated code, no request, no HTML made from data.
(() => {
  "use strict";
  const planner = (window.planner = window.planner || {});

  // A small box beside the pointer with the values of the mark below it.
  function showTip(_, event, __, value) {
    let tip = document.querySelector("dl.tip");
    if (!tip) {
      tip = document.createElement("dl");
      tip.className = "tip";
      tip.setAttribute("aria-hidden", "true"); // the tables say the same
      document.body.append(tip);
    }
    tip.hidden = value === null || value === undefined || typeof value !== "object";
    if (tip.hidden) return;
    tip.replaceChildren(
      ...Object.entries(value).flatMap(([title, text]) => {
        const term = document.createElement("dt");
        const description = document.createElement("dd");
        term.textContent = title;
        description.textContent = String(text);
        return [term, description];
      }),
    );
    const { width, height } = tip.getBoundingClientRect();
    const left = event.clientX + 14 + width > innerWidth ? event.clientX - width - 14 : event.clientX + 14;
    const top = event.clientY + 14 + height > innerHeight ? event.clientY - height - 14 : event.clientY + 14;
    tip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  }

  const OPTIONS = { mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false };
  const BY_WIDTH = /\{"expr":"width < 420 \? [^"{}]*? : width < 700 \? ([^"{}]*?) : ([^"{}]*?)"\}/g;
  const ROWS = "rows"; // what the numbers of a chart are called
  const drawn = new WeakMap(); // place: what was drawn there last

  function element(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  // A figure with heading, sentence and a place to draw, for pages that do not hold one already.
  planner.chartFigure = (name, spec) => {
    const drawing = element("div", "drawing");
    drawing.dataset.chart = name;
    const figure = element(
      "figure",
      "chart",
      element("figcaption", "", element("h3", "", spec.title.text), element("p", "", spec.title.subtitle)),
      drawing,
      element("div", "tools"),
    );
    figure.id = `chart-${name}`;
    return figure;
  };

  // Words in lines of about so many pixels, as a picture has no paragraphs.
  function lines(text, width) {
    const found = [""];
    for (const word of text.split(" ")) {
      const last = `${found.at(-1)} ${word}`.trim();
      if (last.length * 6.4 > width) found.push(word);
      else found[found.length - 1] = last;
    }
    return found;
  }

  // A drawing of its own, with title, sentence and what it is of, which the page says around its charts.
  async function save(place, name) {
    const spec = drawn.get(place).spec;
    const width = Math.max(place.clientWidth, 640);
    const says = [spec.title.subtitle, ...(spec.usermeta?.about ?? [])];
    const title = { ...spec.title, subtitle: says.flatMap((text) => lines(text, width)) };
    // one width, so that the room for a legend is counted before it is drawn
    const text = JSON.stringify(spec).replace(BY_WIDTH, (_, half, whole) => (width < 700 ? half : whole));
    const picture = { ...JSON.parse(text), width, title, background: "var(--chart-paper)", padding: 16 };
    const { view } = await window.vegaEmbed(document.createElement("div"), picture, { ...OPTIONS, tooltip: () => {} });
    const svg = await view.toSVG();
    view.finalize();
    const paper = getComputedStyle(document.documentElement);
    const colour = (_, property) => paper.getPropertyValue(property).trim();
    const file = new Blob([svg.replace(/var\((--chart-[a-z0-9]+)\)/g, colour)], { type: "image/svg+xml" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${name}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // On the local page answers are shown while the drawing library is still on its way.
  function engine() {
    if (window.vegaEmbed) return Promise.resolve();
    return new Promise((arrived, failed) => {
      const script = document.getElementById("chart-engine");
      script.addEventListener("load", arrived);
      script.addEventListener("error", failed);
    });
  }

  async function draw(place, name, spec) {
    await engine();
    const { title, ...rest } = spec;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", spec.description);
    rest.data = { name: ROWS, ...rest.data };
    const { view } = await window.vegaEmbed(place, rest, { ...OPTIONS, tooltip: showTip });
    const tools = place.parentElement.querySelector(".tools");
    if (tools && !tools.querySelector("button")) {
      const button = element("button", "", "Save as SVG");
      button.type = "button";
      button.setAttribute("aria-label", `Save the chart ${title.text} as SVG`);
      button.addEventListener("click", () => save(place, name));
      tools.prepend(button);
    }
    return view;
  }

  // Draws each specification into `[data-chart=name]` of `root`, made there if it is missing; resolves to the views by
  // name. What was drawn at that place before is cleared away.
  planner.drawCharts = async (specs, root = document.body) => {
    const views = {};
    for (const [name, spec] of Object.entries(specs)) {
      let place = root.querySelector(`[data-chart="${CSS.escape(name)}"]`);
      if (!place) {
        const figure = planner.chartFigure(name, spec);
        root.append(figure);
        place = figure.querySelector(".drawing");
      }
      // the same drawing of other numbers needs no second translation
      const frame = JSON.stringify({ ...spec, data: null, usermeta: null });
      const last = drawn.get(place);
      if (last?.frame === frame) {
        last.spec = spec;
        views[name] = await last.view.data(ROWS, spec.data.values).runAsync();
        continue;
      }
      last?.view.finalize();
      views[name] = await draw(place, name, spec);
      drawn.set(place, { frame, spec, view: views[name] });
    }
    planner.views = { ...planner.views, ...views };
    return views;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector("dl.tip")?.setAttribute("hidden", "");
  });
})();

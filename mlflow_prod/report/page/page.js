"use strict";
(() => {
  const source = document.getElementById("slices-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  if (!data.figures.length) return;
  const PAGE = 50;
  const state = { figure: 0, words: [], cut: "", least: 0, key: "rows", down: true, page: 0 };

  const make = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const number = (value, share) => {
    if (value === null) return "–";
    if (share) return (100 * value).toFixed(1) + "%";
    if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
    return String(Number(value.toPrecision(3)));
  };
  const figure = () => data.figures[state.figure];
  const less = (at) => {
    const { v } = figure();
    return v[at] === null || v[0] === null ? null : v[at] - v[0];
  };
  // 1 where a slice lies above all rows, -1 below, 0 where the intervals meet.
  const apart = (at) => {
    const { l, h } = figure();
    if ([l[at], h[at], l[0], h[0]].includes(null)) return 0;
    return l[at] > h[0] ? 1 : h[at] < l[0] ? -1 : 0;
  };
  const judged = (at) => {
    const side = apart(at);
    if (!side) return ["", ""];
    if (!figure().better) return ["apart", "apart from all rows"];
    return side === figure().better ? ["fine", "better than all rows"] : ["apart", "worse than all rows"];
  };

  const keys = {
    name: (at) => data.names[at].toLowerCase(),
    rows: (at) => data.rows[at],
    value: (at) => figure().v[at],
    less: (at) => less(at),
  };
  const chosen = () => {
    const found = [];
    for (let at = 1; at < data.names.length; at += 1) {
      const cut = data.cut[at];
      if (state.cut === "one" && cut.length !== 1) continue;
      if (state.cut === "more" && cut.length < 2) continue;
      if (state.cut.startsWith("=") && !cut.includes(Number(state.cut.slice(1)))) continue;
      if (data.rows[at] < state.least) continue;
      const name = data.names[at].toLowerCase();
      if (state.words.every((word) => name.includes(word))) found.push(at);
    }
    const key = keys[state.key];
    const sign = state.down ? -1 : 1;
    return found.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      // What is not known stands last, whichever way.
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (x < y ? -sign : x > y ? sign : 0) || a - b;
    });
  };

  const span = () => {
    const { v, l, h } = figure();
    const known = [...v, ...l, ...h].filter((value) => value !== null);
    if (!known.length) return [0, 1];
    const [low, high] = known.reduce(([a, b], c) => [Math.min(a, c), Math.max(b, c)], [Infinity, -Infinity]);
    const room = 0.03 * (high - low) || 0.05;
    return [low - room, high + room];
  };
  const bar = (at, [low, high]) => {
    const { v, l, h } = figure();
    const place = (value) => (100 * (value - low)) / (high - low);
    const drawn = make("span", undefined, { class: ("interval " + judged(at)[0]).trim(), "aria-hidden": "true" });
    const part = (kind, left, width) => {
      const made = make("i", undefined, { class: kind });
      made.style.left = left + "%";
      if (width !== undefined) made.style.width = width + "%";
      drawn.append(made);
    };
    if (v[0] !== null) part("mark", place(v[0]));
    if (l[at] !== null && h[at] !== null) part("bar", place(l[at]), Math.max(0.5, place(h[at]) - place(l[at])));
    if (v[at] !== null) part("dot", place(v[at]));
    return drawn;
  };
  const line = (at, ends) => {
    const { v, l, h, share } = figure();
    const row = make("tr");
    row.append(make("th", data.names[at], { scope: "row" }));
    row.append(make("td", data.rows[at].toLocaleString("en"), { class: "number" }));
    const value = make("td", number(v[at], share), { class: "figure wide" });
    if (l[at] !== null && h[at] !== null) {
      const first = share ? (100 * l[at]).toFixed(1) : number(l[at], false);
      value.append(make("small", first + " to " + number(h[at], share)));
    }
    value.append(bar(at, ends));
    if (apart(at)) value.append(make("span", judged(at)[1], { class: "hidden" }));
    row.append(value);
    const gap = less(at);
    const sign = gap > 0 ? "+" : "";
    const told = gap === null ? "–" : share ? sign + (100 * gap).toFixed(1) : sign + number(gap, false);
    row.append(make("td", at ? told : "", { class: "number" }));
    return row;
  };

  const holder = document.getElementById("explorer");
  const told = document.getElementById("told");
  const pager = make("div", undefined, { class: "pager" });
  const back = make("button", "Back", { type: "button" });
  const on = make("button", "On", { type: "button" });
  const where = make("span");
  pager.append(back, on, where);

  const head = () => {
    const { name, share } = figure();
    const titles = [["name", "Slice", ""], ["rows", "Rows", "number"], ["value", name, "wide"]];
    const row = make("tr");
    const cell = ([key, title, kind]) => {
      const made = make("th", undefined, { scope: "col", class: kind });
      const press = make("button", title, { type: "button", "data-key": key });
      if (state.key === key) made.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      made.append(press);
      return made;
    };
    titles.push(["less", share ? "Points from all" : "From all rows", "number"]);
    row.append(...titles.map(cell));
    return row;
  };
  const show = () => {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE;
    const shown = found.slice(from, from + PAGE);
    const ends = span();
    const table = make("table");
    table.append(make("caption", "All slices", { class: "hidden" }));
    const top = make("thead");
    top.append(head());
    const body = make("tbody");
    body.append(line(0, ends), ...shown.map((at) => line(at, ends)));
    table.append(top, body);
    const scroll = make("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": "All slices" });
    scroll.append(table);
    const pressed = document.activeElement && document.activeElement.dataset.key;
    holder.replaceChildren(scroll, pager);
    if (pressed) holder.querySelector(`[data-key=${pressed}]`).focus();
    back.disabled = state.page === 0;
    on.disabled = state.page >= pages - 1;
    where.textContent = `Page ${state.page + 1} of ${pages}`;
    const strange = found.filter(apart).length;
    const all = (data.names.length - 1).toLocaleString("en");
    told.textContent = `${found.length.toLocaleString("en")} of ${all} slices, ${strange.toLocaleString("en")} apart from all rows.`;
  };
  const change = (what) => {
    Object.assign(state, { page: 0 }, what);
    show();
  };

  const controls = document.getElementById("controls");
  const labelled = (text, field) => {
    const made = make("div");
    field.id = "choose-" + controls.children.length;
    made.append(make("label", text, { for: field.id }), field);
    controls.append(made);
  };
  const filter = make("input", undefined, { type: "search", placeholder: "Female age" });
  filter.addEventListener("input", () => change({ words: filter.value.toLowerCase().split(/\s+/).filter(Boolean) }));
  labelled("Slices with these words", filter);
  const pick = (options, then) => {
    const made = make("select");
    for (const [value, text] of options) made.append(make("option", text, { value }));
    made.addEventListener("change", () => then(made.value));
    return made;
  };
  const figures = data.figures.map(({ name }, at) => [String(at), name]);
  labelled("Figure", pick(figures, (value) => change({ figure: Number(value) })));
  const cuts = [["", "everything"], ["one", "one column"], ["more", "several columns"]];
  data.columns.forEach((column, at) => cuts.push(["=" + at, column]));
  labelled("Cut by", pick(cuts, (value) => change({ cut: value })));
  const least = make("input", undefined, { type: "number", min: "0", placeholder: "10" });
  least.addEventListener("input", () => change({ least: Number(least.value) || 0 }));
  labelled("Rows at least", least);
  controls.hidden = false;

  holder.addEventListener("click", (event) => {
    const press = event.target.closest("[data-key]");
    if (!press) return;
    const { key } = press.dataset;
    change({ key, down: state.key === key ? !state.down : key !== "name" });
  });
  back.addEventListener("click", () => { state.page -= 1; show(); });
  on.addEventListener("click", () => { state.page += 1; show(); });
  show();
})();

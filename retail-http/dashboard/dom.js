// Elements, built and changed without touching what is the same already.

/** An element with attributes (`on…` are listeners, `data` is the dataset) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Shows or hides; hidden sections stay out of the way of assistive technology too. */
export function show(target, visible) {
  if (target.hidden === visible) target.hidden = !visible;
}

/** Calls `build` only if what it depends on has changed, so that focus and selections stay. */
export function whenChanged(build) {
  let before;
  return (value, ...rest) => {
    const now = JSON.stringify(value);
    if (now === before) return;
    before = now;
    build(value, ...rest);
  };
}

/**
 * A table whose cells know the header of their column, for narrow screens. `groups` are
 * `{ title, rows }`, and each row is a list of nodes or texts, the first of which is its header.
 * Roles are written out: the style for narrow screens would take them away.
 */
export function table(caption, headers, groups) {
  const head = headers.map((text) => element("th", { scope: "col", role: "columnheader" }, text));
  const bodies = groups.map(({ title, rows }) => {
    const body = element("tbody", { role: "rowgroup" });
    if (title) {
      const group = { scope: "rowgroup", role: "rowheader", colspan: headers.length };
      body.append(element("tr", { role: "row", class: "group" }, element("th", group, title)));
    }
    for (const row of rows) {
      const cells = row.map((content, at) => {
        const label = { data: { label: headers[at] } };
        return at === 0
          ? element("th", { ...label, scope: "row", role: "rowheader" }, content)
          : element("td", { ...label, role: "cell" }, content);
      });
      body.append(element("tr", { role: "row" }, cells));
    }
    return body;
  });
  return element(
    "table",
    { role: "table" },
    element("caption", { class: "unseen" }, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, head)),
    bodies,
  );
}

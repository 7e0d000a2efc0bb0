"use strict";
// Filters and sorts what stands in the document. It makes no markup: text of others is only compared, never inserted.
(() => {
  const get = (id) => document.getElementById(id);
  const table = get("table");
  if (!table) return;
  const bodies = [...table.tBodies];
  const heads = [...table.tHead.rows[0].cells];
  const fields = { text: get("f-text"), word: get("f-word"), suite: get("f-suite"), tag: get("f-tag") };
  const texts = new Map();
  // A table of a thousand rows is laid out in steps: what is scrolled to, what is asked for, and all of it in print.
  const STEP = 200;
  let limit = STEP;
  get("filter").hidden = false;

  const textOf = (body) => {
    if (!texts.has(body)) texts.set(body, body.textContent.toLowerCase());
    return texts.get(body);
  };
  const has = (list, value) => value === "" || list.split(" ").includes(value);

  let matching = bodies;
  function show() {
    const shown = new Set(matching.slice(0, limit));
    for (const body of bodies) if (body.hidden === shown.has(body)) body.hidden = !body.hidden;
    // Only what is shown is moved to its place, and only where it is not there.
    let place = table.tBodies[0];
    for (const body of shown) {
      if (body === place) place = place.nextElementSibling;
      else table.insertBefore(body, place);
    }
    const rest = matching.length - shown.size;
    get("rest").hidden = rest === 0;
    get("f-more").textContent = `Show ${Math.min(STEP, rest)} more of ${rest.toLocaleString("en")}`;
    get("nothing").hidden = matching.length > 0;
    document.documentElement.classList.add("ready");
    tellOpen();
  }

  function filter() {
    const asked = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field ? field.value : ""]));
    const words = asked.text.toLowerCase().split(/\s+/).filter(Boolean);
    limit = STEP;
    matching = bodies.filter((body) => {
      const { w = "", s = "", t = "" } = body.dataset;
      return has(w, asked.word) && has(s, asked.suite) && has(t, asked.tag) && words.every((word) => textOf(body).includes(word));
    });
    get("f-count").textContent = `${matching.length.toLocaleString("en")} of ${bodies.length.toLocaleString("en")} cases`;
    show();
  }

  function more() {
    limit += STEP;
    show();
  }

  function reset() {
    for (const field of Object.values(fields)) if (field) field.value = "";
    filter();
    fields.text.focus();
  }

  // A figure is sorted by its first number, a verdict by how bad it is, a name as people do; what is empty stays last.
  const order = new Intl.Collator("en", { numeric: true });
  function keyOf(body, column) {
    if (column === 0) return Number(body.dataset.r);
    const cell = body.rows[0].cells[column];
    if (!heads[column].classList.contains("n")) return cell.textContent;
    const number = parseFloat(cell.textContent.replace("−", "-").replace(/[$,±\s]/g, ""));
    return Number.isNaN(number) ? null : number;
  }
  const asGiven = new Map(bodies.map((body, place) => [body, place]));

  function sort(column) {
    const head = heads[column];
    const descending = head.getAttribute("aria-sort") === "ascending";
    const sign = descending ? -1 : 1;
    const keys = new Map(bodies.map((body) => [body, keyOf(body, column)]));
    bodies.sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      if (a === null || b === null) return (a === null) - (b === null) || asGiven.get(one) - asGiven.get(other);
      const found = typeof a === "number" ? a - b : order.compare(a, b);
      return sign * found || asGiven.get(one) - asGiven.get(other);
    });
    const isMatch = new Set(matching);
    matching = bodies.filter((body) => isMatch.has(body));
    limit = STEP;
    show();
    for (const each of heads) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  const detailsOf = (body) => body.rows[1].querySelector("details");
  const shownDetails = () => bodies.filter((body) => !body.hidden).map(detailsOf);
  function tellOpen() {
    const every = shownDetails();
    const isOpen = every.length > 0 && every.every((one) => one.open);
    get("f-open").textContent = isOpen ? "Close all shown" : "Open all shown";
    return isOpen;
  }
  function toggle() {
    const isOpen = tellOpen();
    for (const one of shownDetails()) one.open = !isOpen;
    tellOpen();
  }

  // A link to a case opens it, and shows it though a filter hides it.
  function follow() {
    const body = bodies.find((one) => one.id === location.hash.slice(1));
    if (!body) return;
    if (!matching.includes(body)) reset();
    if (body.hidden) {
      limit = Infinity;
      show();
    }
    detailsOf(body).open = true;
    body.scrollIntoView();
    detailsOf(body).firstElementChild.focus({ preventScroll: true });
  }

  // Printed is what is shown; of what is closed, the cases that a reader must see are opened.
  let opened = [];
  let before = STEP;
  addEventListener("beforeprint", () => {
    before = limit;
    limit = Infinity;
    show();
    opened = bodies.filter((body) => !body.hidden && body.className === "bad").slice(0, 20).map(detailsOf).filter((one) => !one.open);
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    limit = before;
    show();
  });

  heads.forEach((head, column) => {
    if (!head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
    head.querySelector("button").addEventListener("click", () => sort(column));
  });
  let wait = 0;
  fields.text.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(filter, 80);
  });
  for (const field of [fields.word, fields.suite, fields.tag]) if (field) field.addEventListener("change", filter);
  for (const id of ["f-reset", "f-reset-2"]) get(id).addEventListener("click", reset);
  get("f-open").addEventListener("click", toggle);
  get("f-more").addEventListener("click", more);
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), { rootMargin: "600px" }).observe(get("rest"));
  table.addEventListener("toggle", tellOpen, true);
  addEventListener("hashchange", follow);
  filter();
  follow();
})();

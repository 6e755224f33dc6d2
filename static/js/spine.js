/* Targets entered on the drawn spine: tapped, walked with the arrow keys, or typed as "L45 l f". The rows of the form are
   the truth: this fills their fields, dispatches `change` on them, and draws what they hold. */
(function () {
  "use strict";
  const SIDES = { l: ["left"], left: ["left"], r: ["right"], right: ["right"], b: ["left", "right"], both: ["left", "right"] };
  const BELOW = { t12: ["T12-L1", "1"], l1: ["L1-L2", "2"], l2: ["L2-L3", "3"], l3: ["L3-L4", "4"], l4: ["L4-L5", "5"], l5: ["L5-S1", "1"] };
  const WAYS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const kept = {};

  const all = function () { return Array.from(document.querySelectorAll("[data-spine]")); };
  const rootOf = function (element) { return element.closest("[data-spine]"); };
  const memory = function (root) { return (kept[root.dataset.spine] = kept[root.dataset.spine] || { layer: root.dataset.start, chosen: "", stop: "" }); };
  const targets = function (root) { return Array.from(root.querySelectorAll(".spine-target")); };
  const rows = function (root) { return Array.from(root.closest("form").querySelectorAll("[data-spine-row]")); };
  const field = function (row, name) { return row.querySelector(`[name$="${name}"]`); };
  const value = function (row, name) { const found = field(row, name); return found ? found.value : ""; };
  const isEmpty = function (row) { return !value(row, "structure") && !value(row, "level") && !value(row, "side") && !value(row, "volume_ml"); };
  const rowOf = function (root, target) {
    return rows(root).find(function (row) { return ["structure", "level", "side"].every(function (name) { return value(row, name) === target.dataset[name]; }); });
  };

  function put(row, name, wanted) {
    const found = field(row, name);
    if (!found || found.value === wanted) return;
    found.value = wanted;
    found.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* Heard by all, and seen when it is a refusal: what was done is seen on the drawing. */
  function say(root, words, refused) {
    const place = root.querySelector("[data-spine-said]");
    place.textContent = words;
    place.classList.toggle("visually-hidden", !refused);
  }

  /* Into the first empty row, or the volume into the row that stands for it; false when every row is in use. */
  function add(root, target, ml) {
    const doses = root.hasAttribute("data-doses");
    let row = rowOf(root, target);
    if (!row) {
      row = rows(root).find(isEmpty);
      if (!row) { say(root, root.dataset.wordsFull, true); return false; }
      row.hidden = false;
      for (const name of ["structure", "level", "side"]) put(row, name, target.dataset[name]);
    }
    if (doses && (ml || !Number(value(row, "volume_ml")))) put(row, "volume_ml", ml || target.dataset.ml);
    choose(root, target);
    say(root, `${target.dataset.name}${doses && value(row, "volume_ml") ? `: ${value(row, "volume_ml")} mL` : ""}`);
    return true;
  }

  /* A planned target keeps its row without a volume: it was not injected. */
  function remove(root, target) {
    const row = rowOf(root, target);
    if (!row) return;
    put(row, "volume_ml", "");
    if (!target.classList.contains("wanted")) for (const name of ["structure", "level", "side"]) put(row, name, "");
    say(root, `${target.dataset.name}: ${root.dataset.wordsRemoved}`);
    memory(root).chosen = "";
    paint(root);
  }

  function tap(root, target) {
    const row = rowOf(root, target);
    if (!root.hasAttribute("data-doses") && row) remove(root, target);
    else if (row && Number(value(row, "volume_ml"))) choose(root, target);
    else add(root, target, "");
  }

  function step(root, target, ways) {
    const row = rowOf(root, target);
    if (!row || !root.hasAttribute("data-doses")) return;
    const by = Number(target.dataset.step);
    const next = Math.round((Number(value(row, "volume_ml")) + ways * by) * 10) / 10;
    if (next < by || next > 30) return;
    put(row, "volume_ml", next.toFixed(1));
    say(root, `${target.dataset.name}: ${next.toFixed(1)} mL`);
    paint(root);
  }

  function choose(root, target) {
    Object.assign(memory(root), { layer: target.dataset.layer, chosen: target.id, stop: target.id });
    paint(root);
  }

  /* The drawing says what the rows say. */
  function paint(root) {
    const mind = memory(root);
    const doses = root.hasAttribute("data-doses");
    const counts = {};
    let spare = 0;
    for (const row of rows(root)) {
      const empty = isEmpty(row);
      row.hidden = empty && spare > 0 && !row.contains(document.activeElement);
      spare += empty ? 1 : 0;
    }
    const here = targets(root).filter(function (each) { return each.dataset.layer === mind.layer; });
    const stop = here.find(function (each) { return each.id === mind.stop; }) || here.find(function (each) { return each.classList.contains("wanted"); }) || here[0];
    for (const each of targets(root)) {
      const row = rowOf(root, each);
      const ml = row ? value(row, "volume_ml") : "";
      const now = doses ? Number(ml) > 0 : Boolean(row);
      const planned = !now && (each.classList.contains("wanted") || Boolean(row));
      const active = each.dataset.layer === mind.layer;
      if (now) counts[each.dataset.layer] = (counts[each.dataset.layer] || 0) + 1;
      each.dataset.state = now ? "now" : planned ? "planned" : "free";
      each.toggleAttribute("data-away", !active);
      each.toggleAttribute("data-chosen", each.id === mind.chosen);
      each.setAttribute("tabindex", each === stop ? "0" : "-1");
      each.setAttribute("aria-pressed", String(now));
      if (active) each.removeAttribute("aria-hidden"); else each.setAttribute("aria-hidden", "true");
      const words = [each.dataset.name];
      if (now) words.push(doses ? `${ml} mL ${root.dataset.wordsNow}` : root.dataset.wordsChosen);
      if (planned) words.push(root.dataset.wordsPlanned);
      if (each.dataset.earlier) words.push(`${root.dataset.wordsEarlier} ${each.dataset.earlier}`);
      each.setAttribute("aria-label", words.join(", "));
      each.querySelector(".spine-now text").textContent = now ? (doses ? ml : "✓") : "";
    }
    for (const button of root.querySelectorAll("[data-spine-layer]")) {
      button.setAttribute("aria-pressed", String(button.dataset.spineLayer === mind.layer));
      button.querySelector("[data-spine-count]").textContent = counts[button.dataset.spineLayer] || "";
    }
    const chosen = mind.chosen && document.getElementById(mind.chosen);
    const row = chosen && rowOf(root, chosen);
    root.querySelector("[data-spine-bar]").hidden = !row || chosen.dataset.state !== "now";
    if (row) {
      root.querySelector("[data-spine-chosen]").textContent = chosen.dataset.name;
      const shown = root.querySelector("[data-spine-ml]");
      if (shown) shown.textContent = `${value(row, "volume_ml")} mL`;
    }
    root.hidden = false;
  }

  /* "L45 l f 0.5": level, side, structure, mL in any order. */
  function read(root, text) {
    let level = "", structure = "", ml = "", sides = ["midline"];
    for (const word of text.toLowerCase().replace(/[–—]/g, "-").trim().split(/[\s;]+/)) {
      const between = word.match(/^(t12|l[1-5])-?[ls]?([1-5])$/);
      if (between && BELOW[between[1]][1] === between[2]) level = BELOW[between[1]][0];
      else if (["s", "s1", "sacrum"].includes(word)) level = "S";
      else if (/^\d+([.,]\d)?(ml)?$/.test(word)) ml = String(parseFloat(word.replace(",", ".")).toFixed(1));
      else if (word === "ml") continue;
      else if (SIDES[word]) sides = SIDES[word];
      else {
        const named = targets(root).find(function (each) { return each.dataset.initials === word; })
          || (word.length > 2 && targets(root).find(function (each) { return each.dataset.word.startsWith(word) || each.dataset.structure.startsWith(word); }));
        if (!named || structure) return null;
        structure = named.dataset.structure;
      }
    }
    const found = targets(root).filter(function (each) {
      return each.dataset.structure === structure && sides.includes(each.dataset.side) && (level ? each.dataset.level === level : each.dataset.level === "S" && structure !== "epidural");
    });
    return found.length === sides.length ? { found, ml } : null;
  }

  function walk(root, from, way) {
    const [x, y] = [Number(from.dataset.x), Number(from.dataset.y)];
    let best = null, least = Infinity;
    for (const each of targets(root)) {
      if (each.dataset.layer !== from.dataset.layer) continue;
      const [dx, dy] = [Number(each.dataset.x) - x, Number(each.dataset.y) - y];
      const along = dx * way[0] + dy * way[1];
      const cost = along + 3 * Math.abs(way[0] ? dy : dx);
      if (along > 8 && cost < least) { best = each; least = cost; }
    }
    if (!best) return;
    memory(root).stop = best.id;
    paint(root);
    best.focus();
  }

  /* Before record.js, which takes Enter in a field as the wish to save. */
  document.addEventListener("keydown", function (event) {
    const quick = event.target.closest && event.target.closest("[data-spine-quick]");
    if (quick && event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      const root = rootOf(quick);
      const asked = read(root, quick.value);
      if (!quick.value.trim()) return;
      if (!asked) { say(root, root.dataset.wordsUnknown, true); return; }
      const done = asked.found.filter(function (each) { return add(root, each, asked.ml); });
      if (done.length === asked.found.length) {
        quick.value = "";
        say(root, done.map(function (each) { return each.getAttribute("aria-label"); }).join("; "));
      }
      return;
    }
    const target = event.target.closest && event.target.closest(".spine-target");
    if (!target || event.ctrlKey || event.metaKey || event.altKey) return;
    const root = rootOf(target);
    if (WAYS[event.key]) walk(root, target, WAYS[event.key]);
    else if (event.key === "Enter" || event.key === " ") tap(root, target);
    else if (event.key === "Delete" || event.key === "Backspace") remove(root, target);
    else if (event.key === "+" || event.key === "-") step(root, target, event.key === "+" ? 1 : -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("click", function (event) {
    const root = event.target.closest && rootOf(event.target);
    if (!root) return;
    const target = event.target.closest(".spine-target");
    const layer = event.target.closest("[data-spine-layer]");
    const chosen = document.getElementById(memory(root).chosen);
    const steps = event.target.closest("[data-spine-step]");
    if (target) { target.focus(); tap(root, target); }
    else if (layer) { memory(root).layer = layer.dataset.spineLayer; paint(root); }
    else if (steps && chosen) step(root, chosen, Number(steps.dataset.spineStep));
    else if (event.target.closest("[data-spine-remove]") && chosen) { remove(root, chosen); chosen.focus(); }
  });

  const soon = function () { window.setTimeout(function () { all().forEach(paint); }, 0); };
  for (const name of ["change", "input", "htmx:afterProcessNode", "htmx:afterRequest"]) document.addEventListener(name, soon);
  all().forEach(paint);
})();

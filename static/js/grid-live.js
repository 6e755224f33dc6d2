/* What others change arrives by itself within ten seconds. Nothing is asked while the page is hidden or a visit is in the
   air; while nothing changed the answer is empty (204). Asking keeps no session alive: reading it saves nothing. */
(function () {
  "use strict";
  const grid = window.ClinicGrid;
  if (!grid) return;
  const EVERY = 7000;
  let asking = false;
  let timer = 0;
  let last = new Date();

  function address(stamp) {
    const url = new URL(location.href);
    url.searchParams.set("stamp", stamp);
    url.hash = "";
    return url;
  }

  function ask(mine) {
    clearTimeout(timer);
    if (asking) { timer = setTimeout(ask, 400, mine); return; }
    if (!mine && (document.hidden || grid.busy || (grid.lifted && grid.lifted()))) { plan(); return; }
    asking = true;
    fetch(address(mine ? "0" : grid.body().dataset.stamp), { credentials: "same-origin", headers: { "X-Requested-With": "fetch" } })
      .then(function (answer) {
        if (answer.redirected && new URL(answer.url).pathname === document.body.dataset.loginUrl) { location.reload(); return null; }
        if (answer.status === 204) return "";
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.text();
      })
      .then(function (text) {
        if (text === null) return;
        if (document.getElementById("grid-news").classList.contains("lost")) grid.tell("");
        last = new Date();
        if (text && (mine || !(grid.busy || (grid.lifted && grid.lifted())))) put(text, mine);
      })
      .catch(function () {
        grid.tell(grid.say("Lost", { time: grid.time(last.getHours() * 60 + last.getMinutes()) }), "lost");
      })
      .finally(function () { asking = false; plan(); });
  }
  function plan() {
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY, false);
  }
  grid.refresh = ask;

  /* Each visit as it stands on the sheet, so that the new sheet can say what is different. */
  function standing() {
    const found = new Map();
    for (const card of grid.root.querySelectorAll(".g-card")) {
      const blocks = grid.blocks(card.id.slice(1));
      const where = blocks.map(function (block) {
        const column = block.closest(".g-col").dataset;
        return `${column.resource} ${column.day} ${block.className.replace(/ (lit|fresh|lifted)\b/g, "")} ${block.textContent}`;
      });
      found.set(card.dataset.visit, { where: where.join("|"), name: card.querySelector(".g-who").textContent, blocks: blocks });
    }
    return found;
  }

  function put(text, mine) {
    const before = standing();
    const held = document.activeElement && document.activeElement.closest("#grid-body a");
    const key = held && { visit: held.dataset.v ? grid.card(held).dataset.visit : "", resource: held.closest(".g-col").dataset.resource, day: held.closest(".g-col").dataset.day, place: held.matches(".gb, .g-gap") ? grid.place(held) : null };
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("grid-body");
    if (!fresh) return;
    grid.body().replaceWith(document.adoptNode(fresh));
    grid.fresh();
    grid.ready();
    if (key) refocus(key);
    tell(before, standing(), mine);
  }

  function refocus(key) {
    const columns = grid.columns();
    const column = columns.find(function (each) { return each.dataset.resource === key.resource && each.dataset.day === key.day; });
    const blocks = Array.from(grid.root.querySelectorAll(".gb[data-v]")).filter(function (block) { return key.visit && grid.card(block).dataset.visit === key.visit; });
    const same = blocks.find(function (block) { return block.closest(".g-col") === column; }) || blocks[0];
    if (same) return grid.focus(same);
    if (!column) return;
    if (!key.place) return column.querySelector(".g-head a").focus();
    const items = grid.items(column).filter(function (item) { return grid.place(item).row + grid.place(item).length > key.place.row; });
    if (items[0]) grid.focus(items[0]);
  }

  function tell(before, after, mine) {
    const words = [];
    const own = grid.moved;
    grid.moved = mine ? "" : own;
    for (const [visit, now] of after) {
      const then = before.get(visit);
      if (then && then.where === now.where) continue;
      for (const block of now.blocks) block.classList.add("fresh");
      if (mine || !now.blocks[0]) continue;
      const time = now.blocks[0].querySelector("b").textContent;
      words.push(grid.say(then ? "Changed" : "New", { name: now.name, time: time }));
    }
    for (const [visit, then] of before) {
      if (!after.has(visit) && !mine) words.push(grid.say("Gone", { name: then.name }));
    }
    if (words.length > 2) grid.tell(grid.say("Many", { count: words.length }));
    else if (words.length) grid.tell(words.join(" "));
  }

  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(false); });
  plan();
})();

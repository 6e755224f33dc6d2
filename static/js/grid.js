/* The grid's core: the focus walks over blocks and free time, a visit's blocks light up together with its card,
   the place of a click counts, the line of the present minute moves, the view is remembered.
   Everything is links and forms underneath; grid-move.js moves visits, grid-live.js brings what others change. */
(function () {
  "use strict";
  const root = document.getElementById("grid");
  if (!root) return;
  const scroll = root.querySelector(".g-scroll");
  const ROW = 5; // minutes
  const SLOT = 15; // minutes between the places of free time
  const grid = (window.ClinicGrid = { root: root, scroll: scroll, ROW: ROW, busy: false });

  grid.body = function () { return document.getElementById("grid-body"); };
  grid.first = function () { return Number(grid.body().dataset.first); };
  grid.rowCount = function () { return Number(grid.body().dataset.rows); };
  grid.columns = function () { return Array.from(root.querySelectorAll(".g-col")); };
  grid.items = function (column) { return Array.from(column.querySelectorAll(".gb:not(.ghost), .g-gap")); };
  grid.card = function (block) { return block && block.dataset.v ? document.getElementById("v" + block.dataset.v) : null; };
  grid.blocks = function (number) { return Array.from(root.querySelectorAll(`.gb[data-v="${number}"]:not(.ghost)`)); };
  grid.rowHeight = function () { return root.querySelector(".g-track").getBoundingClientRect().height / grid.rowCount(); };
  grid.place = function (element) {
    const found = /(?:^| )r(\d+) s(\d+)/.exec(element.className);
    return { row: Number(found[1]), length: Number(found[2]) };
  };
  grid.time = function (minute) {
    return String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");
  };
  grid.say = function (key, facts) {
    let words = root.dataset["say" + key] || "";
    for (const name of Object.keys(facts || {})) words = words.replace(`{${name}}`, facts[name]);
    return words;
  };
  const news = document.getElementById("grid-news");
  grid.tell = function (words, kind) {
    news.textContent = words;
    news.className = "g-news " + (kind || "");
  };

  /* One stop for Tab; the arrows do the rest. */
  let current = null;
  grid.ready = function () {
    const all = root.querySelectorAll(".gb, .g-gap");
    for (const item of all) item.tabIndex = -1;
    const now = root.querySelector(".g-now");
    const from = now ? Number(/r(\d+)/.exec(now.className)[1]) : 0;
    current = Array.from(root.querySelectorAll("a.gb")).find(function (item) { return grid.place(item).row >= from; }) || all[0] || null;
    if (current) current.tabIndex = 0;
    moveNow();
  };
  grid.focus = function (item) {
    if (current) current.tabIndex = -1;
    current = item;
    item.tabIndex = 0;
    item.focus({ preventScroll: true });
    reveal(item);
  };
  function reveal(item) {
    const box = item.getBoundingClientRect();
    const view = scroll.getBoundingClientRect();
    const top = view.top + 64;
    if (box.top < top) scroll.scrollTop -= top - box.top;
    else if (box.bottom > view.bottom - 8) scroll.scrollTop += Math.min(box.bottom - view.bottom + 8, box.top - top);
    if (box.left < view.left + 56) scroll.scrollLeft -= view.left + 56 - box.left;
    else if (box.right > view.right) scroll.scrollLeft += box.right - view.right + 8;
  }

  /* Free time: the cursor stands on a quarter of an hour, and the link leads to booking exactly there. */
  const cursor = document.createElement("span");
  cursor.className = "g-cursor";
  cursor.setAttribute("aria-hidden", "true");
  cursor.hidden = true;
  function aim(gap, row) {
    const place = grid.place(gap);
    const step = SLOT / ROW;
    const offset = grid.first() / ROW;
    let at = Math.floor((row + offset) / step) * step - offset;
    at = Math.max(place.row, Math.min(at, place.row + place.length - 1));
    if (at + 2 > place.row + place.length) at = Math.max(place.row, at - step);
    const minute = grid.first() + at * ROW;
    gap.dataset.at = String(at);
    gap.href = gap.getAttribute("href").replace(/(start=\d{4}-\d{2}-\d{2}T)\d{2}:\d{2}/, "$1" + grid.time(minute));
    cursor.textContent = `${grid.time(minute)} ${root.dataset.sayBook}`;
    cursor.style.gridRow = `${at + 1} / span ${Math.min(step, place.row + place.length - at)}`;
    gap.parentElement.append(cursor);
    cursor.hidden = false;
    return minute;
  }
  function announceGap(gap, row) {
    const minute = aim(gap, row);
    const words = grid.say("Free", { time: grid.time(minute), column: gap.closest(".g-col").dataset.name });
    gap.setAttribute("aria-label", words);
    grid.tell(words, "quiet-news");
  }
  root.addEventListener("pointermove", function (event) {
    const gap = event.target.closest(".g-gap");
    if (grid.busy || event.pointerType === "touch") return;
    if (gap) aim(gap, Math.floor((event.clientY - gap.parentElement.getBoundingClientRect().top) / grid.rowHeight()));
    else if (!document.activeElement.matches(".g-gap")) cursor.hidden = true;
  });
  root.addEventListener("pointerleave", function () { if (!document.activeElement.matches(".g-gap")) cursor.hidden = true; });
  root.addEventListener("click", function (event) {
    const gap = event.target.closest(".g-gap");
    if (gap && event.detail > 0) aim(gap, Math.floor((event.clientY - gap.parentElement.getBoundingClientRect().top) / grid.rowHeight()));
  });

  function walk(item, key) {
    const column = item.closest(".g-col");
    const free = item.matches(".g-gap");
    const place = grid.place(item);
    const row = free && item.dataset.at ? Number(item.dataset.at) : place.row;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const step = (SLOT / ROW) * (key === "ArrowDown" ? 1 : -1);
      if (free && row + step >= place.row && row + step < place.row + place.length - 1) return go(item, row + step);
      const all = grid.items(column);
      const next = all[all.indexOf(item) + Math.sign(step)];
      if (next) go(next, step > 0 ? grid.place(next).row : grid.place(next).row + grid.place(next).length - 1);
      return;
    }
    const columns = grid.columns();
    const direction = key === "ArrowRight" ? 1 : -1;
    for (let at = columns.indexOf(column) + direction; columns[at]; at += direction) {
      const best = grid.items(columns[at]).map(function (other) {
        const where = grid.place(other);
        const away = row < where.row ? where.row - row : Math.max(0, row - where.row - where.length + 1);
        return { other: other, away: away };
      }).sort(function (a, b) { return a.away - b.away; })[0];
      if (best) return go(best.other, row);
    }
  }
  function go(item, row) {
    grid.focus(item);
    if (item.matches(".g-gap")) announceGap(item, row);
    else cursor.hidden = true;
  }
  root.addEventListener("keydown", function (event) {
    const item = event.target.closest(".gb, .g-gap");
    if (!item || grid.busy || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (/^Arrow/.test(event.key)) {
      event.preventDefault();
      walk(item, event.key);
    } else if (event.key === "Escape") {
      unlight();
    }
  });

  /* The visit: all of its blocks and its card. */
  let lit = "";
  let wait = 0;
  function light(block, soon) {
    clearTimeout(wait);
    if (grid.busy) return;
    const number = block.dataset.v;
    if (lit !== number) unlight();
    lit = number;
    for (const each of grid.blocks(number)) each.classList.add("lit");
    wait = setTimeout(show, soon ? 0 : 280, block);
  }
  function unlight() {
    clearTimeout(wait);
    for (const each of root.querySelectorAll(".gb.lit")) each.classList.remove("lit");
    for (const card of root.querySelectorAll(".g-card:not([hidden])")) card.hidden = true;
    lit = "";
  }
  grid.unlight = unlight;
  function show(block) {
    const card = grid.card(block);
    if (!card || !block.isConnected || grid.busy) return;
    card.hidden = false;
    const box = block.getBoundingClientRect();
    const width = card.offsetWidth;
    const left = box.right + 10 + width < window.innerWidth ? box.right + 10 : Math.max(8, box.left - width - 10);
    card.style.left = `${left}px`;
    card.style.top = `${Math.max(64, Math.min(box.top, window.innerHeight - card.offsetHeight - 12))}px`;
  }
  root.addEventListener("pointerover", function (event) {
    if (event.pointerType === "touch") return;
    const block = event.target.closest(".gb[data-v]");
    if (block) light(block, false);
    else if (event.target.closest(".g-card")) clearTimeout(wait);
    else if (lit && !document.activeElement.matches(".gb[data-v]")) { clearTimeout(wait); wait = setTimeout(unlight, 140); }
  });
  root.addEventListener("pointerleave", function () { clearTimeout(wait); wait = setTimeout(unlight, 140); });
  root.addEventListener("focusin", function (event) {
    const item = event.target.closest(".gb, .g-gap");
    if (!item) return;
    if (item !== current) { if (current) current.tabIndex = -1; current = item; item.tabIndex = 0; }
    if (item.matches(".g-gap") && item.matches(":focus-visible")) aim(item, item.dataset.at ? Number(item.dataset.at) : grid.place(item).row);
    if (item.dataset.v && item.matches(":focus-visible")) light(item, true);
  });
  root.addEventListener("focusout", function (event) {
    if (!root.contains(event.relatedTarget)) cursor.hidden = true;
    unlight();
  });
  scroll.addEventListener("scroll", function () {
    for (const card of root.querySelectorAll(".g-card:not([hidden])")) card.hidden = true;
    try { sessionStorage.setItem("grid-scroll", `${location.pathname} ${scroll.scrollTop} ${scroll.scrollLeft}`); } catch { /* storage refused */ }
  }, { passive: true });

  /* The present minute. */
  function moveNow() {
    const line = root.querySelector(".g-now");
    if (!line) return;
    const start = Number(line.dataset.row || /r(\d+)/.exec(line.className)[1]);
    line.dataset.row = String(start);
    const row = start + Math.floor((Date.now() - loaded) / 60000 / ROW);
    line.style.gridRowStart = String(Math.min(row, grid.rowCount() - 1) + 1);
  }
  let loaded = Date.now();
  grid.fresh = function () { loaded = Date.now(); };
  setInterval(moveNow, 30000);

  /* Where one was: the place on this page, the columns for the next day. */
  function restore() {
    let kept = "";
    try { kept = sessionStorage.getItem("grid-scroll") || ""; } catch { /* storage refused */ }
    const parts = kept.split(" ");
    if (parts[0] === location.pathname) {
      scroll.scrollTop = Number(parts[1]);
      scroll.scrollLeft = Number(parts[2]);
      return;
    }
    const now = root.querySelector(".g-now");
    if (now) scroll.scrollTop = Math.max(0, now.offsetTop - scroll.clientHeight / 3);
  }
  if (root.dataset.remember) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `grid=${root.dataset.remember}; Path=/schedule/; Max-Age=15552000; SameSite=Lax${secure}`;
  }

  const phone = window.matchMedia("(max-width: 767.98px)");
  function onPhone() { if (phone.matches && window.htmx) window.htmx.trigger(document.body, "gridPhone"); }
  phone.addEventListener("change", onPhone);
  window.addEventListener("load", onPhone);

  grid.ready();
  restore();
})();

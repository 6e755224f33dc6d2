/* Moving a visit on the grid: by the mouse, by a long press, by Alt and the arrows. Ghosts of all its blocks show where it
   would stand; the server decides. A refusal puts it back and says why (the dialog in #grid-answer). */
(function () {
  "use strict";
  const grid = window.ClinicGrid;
  if (!grid || !grid.root.dataset.mayMove) return;
  const root = grid.root;
  const PRESS = 420; // milliseconds of a finger until it lifts
  const EDGE = 48; // pixels from the edge where the sheet scrolls by itself
  let lift = null; // what is in the air
  let pressed = null; // what might be

  function begin(block, how) {
    const card = grid.card(block);
    if (!card) return false;
    const name = card.querySelector(".g-who").textContent;
    if (!card.dataset.url) {
      grid.tell(grid.say("Fixed", { name: name }));
      return false;
    }
    const column = block.closest(".g-col");
    lift = {
      how: how, block: block, card: card, name: name, number: block.dataset.v,
      start: Number(card.dataset.start), at: Number(card.dataset.start), step: Number(card.dataset.step) || 15,
      home: column, column: column, blocks: grid.blocks(block.dataset.v), ghosts: [],
    };
    grid.unlight();
    grid.busy = true;
    root.classList.add("moving");
    for (const each of lift.blocks) {
      each.classList.add("lifted");
      const ghost = each.cloneNode(true);
      ghost.classList.remove("lifted", "lit", "fresh");
      ghost.classList.add("ghost");
      ghost.removeAttribute("href");
      ghost.removeAttribute("aria-describedby");
      ghost.setAttribute("aria-hidden", "true");
      ghost.tabIndex = -1;
      lift.ghosts.push({ of: each, element: ghost, place: grid.place(each) });
      each.parentElement.append(ghost);
    }
    draw();
    return true;
  }

  /* In the day view only the block itself changes its column; in a week the whole visit changes its day. */
  function draw() {
    const rows = Math.round((lift.at - lift.start) / grid.ROW);
    for (const ghost of lift.ghosts) {
      const own = ghost.of === lift.block || lift.home.dataset.day !== lift.column.dataset.day;
      const track = own ? lift.column.querySelector(".g-track") : ghost.of.parentElement;
      if (ghost.element.parentElement !== track) track.append(ghost.element);
      const row = Math.max(0, Math.min(ghost.place.row + rows, grid.rowCount() - 1));
      ghost.element.style.gridRow = `${row + 1} / span ${ghost.place.length}`;
      if (ghost.of === lift.block) {
        const minute = grid.first() + (ghost.place.row + rows) * grid.ROW;
        ghost.element.querySelector("b").textContent = grid.time(Math.max(0, minute));
      }
    }
    for (const column of grid.columns()) column.classList.toggle("aim", column === lift.column && column !== lift.home);
  }
  function to(minute, column) {
    const last = grid.first() + grid.rowCount() * grid.ROW - grid.ROW;
    const snapped = Math.round(minute / lift.step) * lift.step;
    const at = Math.max(Math.ceil(grid.first() / lift.step) * lift.step, Math.min(snapped, last));
    const fits = column && (column === lift.home || column.dataset.group === lift.home.dataset.group);
    const target = fits ? column : lift.column;
    if (at === lift.at && target === lift.column) return;
    lift.at = at;
    lift.column = target;
    draw();
    if (lift.how === "keys") grid.tell(grid.say("Lifted", { name: lift.name, time: spoken(), column: target.dataset.name }));
  }
  function spoken() { return grid.time(lift.at); }

  function end(quietly) {
    const done = lift;
    lift = null;
    if (!done) return;
    for (const ghost of done.ghosts) ghost.element.remove();
    for (const each of root.querySelectorAll(".lifted")) each.classList.remove("lifted");
    for (const column of root.querySelectorAll(".aim")) column.classList.remove("aim");
    root.classList.remove("moving");
    grid.busy = false;
    if (!quietly) grid.tell(grid.say("Kept", { name: done.name }));
    if (done.block.isConnected && done.how === "keys") grid.focus(done.block);
  }

  let landed = false; // whether the server has moved what was dropped last

  function drop() {
    const now = lift;
    if (now.at === now.start && now.column === now.home) return end(false);
    grid.tell(grid.say("Sent", { name: now.name, time: spoken(), column: now.column.dataset.name }));
    root.classList.remove("moving");
    for (const ghost of now.ghosts) ghost.element.classList.add("waiting");
    const swapped = now.column !== now.home && now.home.dataset.day === now.column.dataset.day;
    const form = document.getElementById("grid-form");
    const values = form ? Object.fromEntries(new FormData(form)) : {};
    Object.assign(values, { instead_of: "", resource: "", start: `${now.column.dataset.day}T${grid.time(now.at)}`, version: now.card.dataset.version });
    if (swapped) {
      values.instead_of = now.home.dataset.resource;
      values.resource = now.column.dataset.resource;
    }
    landed = false;
    grid.moved = now.card.dataset.visit;
    grid.focus(now.block); // where the focus comes back to when the answer is a dialog
    window.htmx.ajax("POST", now.card.dataset.url, { target: "#grid-answer", swap: "innerHTML", values: values, source: root })
      .then(settle, settle);
    lift = null;
    function settle() {
      lift = now;
      end(landed);
    }
  }

  /* The answer: moved, then the sheet comes anew and the note with its undo stays a while. */
  document.body.addEventListener("gridMoved", function () {
    landed = true;
    const dialog = document.getElementById("grid-refused");
    if (dialog && dialog.open) dialog.close();
    if (grid.refresh) grid.refresh(true);
    for (const note of document.querySelectorAll("[data-grid-note]")) leave(note);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    const sent = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (sent && sent.matches("[data-grid-undo]") && grid.refresh) grid.refresh(true);
  });
  function leave(note) {
    if (note.dataset.leaving) return;
    note.dataset.leaving = "1";
    let left = 10;
    const timer = setInterval(function () {
      if (!note.isConnected) return clearInterval(timer);
      if (note.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left < 0) { clearInterval(timer); note.remove(); }
    }, 1000);
  }

  /* Keys. */
  root.addEventListener("keydown", function (event) {
    const block = event.target.closest(".gb[data-v]");
    if (event.altKey && !event.ctrlKey && /^Arrow/.test(event.key) && block) {
      event.preventDefault();
      if (!lift && !begin(block, "keys")) return;
      if (event.key === "ArrowUp") to(lift.at - lift.step, lift.column);
      else if (event.key === "ArrowDown") to(lift.at + lift.step, lift.column);
      else sideways(event.key === "ArrowRight" ? 1 : -1);
    } else if (lift && lift.how === "keys" && event.key === "Enter") {
      event.preventDefault();
      drop();
    } else if (lift && event.key === "Escape") {
      event.preventDefault();
      end(false);
    } else if (lift && lift.how === "keys" && event.key === "Tab") {
      end(false);
    }
  }, true);
  function sideways(direction) {
    const all = grid.columns();
    for (let at = all.indexOf(lift.column) + direction; all[at]; at += direction) {
      if (all[at].dataset.group === lift.home.dataset.group) return to(lift.at, all[at]);
    }
  }
  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const forms = document.querySelectorAll("[data-grid-undo] button");
    if (!forms.length) return;
    event.preventDefault();
    forms[forms.length - 1].click();
  });

  /* Mouse and finger. */
  root.addEventListener("dragstart", function (event) { if (event.target.closest(".gb")) event.preventDefault(); });
  root.addEventListener("contextmenu", function (event) { if (lift || (pressed && pressed.touch)) event.preventDefault(); });
  root.addEventListener("pointerdown", function (event) {
    const block = event.target.closest(".gb[data-v]");
    if (!block || event.button !== 0 || lift) return;
    const touch = event.pointerType === "touch";
    pressed = { block: block, x: event.clientX, y: event.clientY, touch: touch, id: event.pointerId, offset: event.clientY - block.getBoundingClientRect().top };
    if (touch) pressed.timer = setTimeout(function () {
      if (!pressed || !begin(pressed.block, "touch")) return;
      if (navigator.vibrate) navigator.vibrate(15);
      follow({ clientX: pressed.x, clientY: pressed.y });
    }, PRESS);
  });
  document.addEventListener("pointermove", function (event) {
    if (!pressed || event.pointerId !== pressed.id) return;
    const away = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    if (!lift) {
      if (pressed.touch) { if (away > 10) forget(); return; }
      if (away < 5) return;
      if (!begin(pressed.block, "mouse")) return forget();
    }
    follow(event);
  });
  root.addEventListener("touchmove", function (event) { if (lift) event.preventDefault(); }, { passive: false });
  document.addEventListener("pointerup", function (event) {
    if (!pressed || event.pointerId !== pressed.id) return;
    const carried = Boolean(lift);
    forget();
    if (carried) {
      swallow();
      drop();
    }
  });
  document.addEventListener("pointercancel", function () { if (pressed) { forget(); end(true); } });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && lift && lift.how !== "keys") { forget(); swallow(); end(false); }
  });
  function forget() {
    if (pressed) clearTimeout(pressed.timer);
    pressed = null;
    clearInterval(roll.timer);
  }
  /* The click that ends a drag opens nothing. */
  function swallow() {
    const stop = function (event) { event.preventDefault(); event.stopPropagation(); };
    document.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(function () { document.removeEventListener("click", stop, true); }, 60);
  }

  const roll = { timer: 0, x: 0, y: 0 };
  function follow(point) {
    roll.x = point.clientX;
    roll.y = point.clientY;
    aim();
    clearInterval(roll.timer);
    const view = grid.scroll.getBoundingClientRect();
    const down = roll.y > view.bottom - EDGE ? 1 : roll.y < view.top + EDGE + 40 ? -1 : 0;
    const right = roll.x > view.right - EDGE ? 1 : roll.x < view.left + EDGE + 40 ? -1 : 0;
    if (down || right) roll.timer = setInterval(function () {
      if (!lift) return clearInterval(roll.timer);
      grid.scroll.scrollTop += down * 12;
      grid.scroll.scrollLeft += right * 12;
      aim();
    }, 30);
  }
  function aim() {
    if (!lift || !pressed) return;
    const place = lift.ghosts.find(function (ghost) { return ghost.of === lift.block; }).place;
    const top = lift.home.querySelector(".g-track").getBoundingClientRect().top;
    const row = (roll.y - pressed.offset - top) / grid.rowHeight();
    const column = grid.columns().find(function (each) {
      const box = each.getBoundingClientRect();
      return roll.x >= box.left && roll.x < box.right;
    });
    to(lift.start + (row - place.row) * grid.ROW, column);
  }
  grid.lifted = function () { return Boolean(lift || pressed); };
})();

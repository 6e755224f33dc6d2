/* The board asks for itself every few seconds. A tap is never swallowed: an answer that was asked for before a tap, or
   comes while a finger is down or a tap is on its way, is thrown away, and asked for anew. */
(function () {
  "use strict";

  const poll = document.getElementById("board-poll");
  const frame = document.getElementById("board-frame");
  const lost = document.getElementById("board-lost");
  if (!poll || !frame) return;

  let pressing = false;
  let flying = 0;
  let taps = 0;
  let tapsWhenAsked = 0;
  let lastGood = new Date();

  const isPoll = function (event) { return event.detail.elt === poll || event.detail.requestConfig && event.detail.requestConfig.elt === poll; };

  /* What another part of the page asks by itself is no tap, and its answer says nothing about the board. */
  const isAside = function (event) {
    const asked = event.detail.requestConfig ? event.detail.requestConfig.elt : event.detail.elt;  // the first survives its own swap
    return asked.closest("[data-aside]") !== null;
  };

  frame.addEventListener("pointerdown", function () { pressing = true; });
  for (const kind of ["pointerup", "pointercancel"]) {
    document.addEventListener(kind, function () { window.setTimeout(function () { pressing = false; }, 50); });
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (isAside(event)) return;
    if (!isPoll(event)) {
      taps += 1;
      flying += 1;
      return;
    }
    if (document.hidden || pressing || flying > 0) event.preventDefault();
    else tapsWhenAsked = taps;
  });

  document.addEventListener("htmx:afterRequest", function (event) {
    if (!isPoll(event) && !isAside(event)) flying = Math.max(0, flying - 1);
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!isPoll(event)) return;
    if (pressing || flying > 0 || taps !== tapsWhenAsked) event.detail.shouldSwap = false;
  });

  function reached() {
    lastGood = new Date();
    lost.hidden = true;
  }

  function missed() {
    const two = function (number) { return String(number).padStart(2, "0"); };
    document.getElementById("board-lost-since").textContent = `${two(lastGood.getHours())}:${two(lastGood.getMinutes())}`;
    lost.hidden = false;
  }

  document.addEventListener("htmx:afterRequest", function (event) {
    const answer = event.detail.xhr;
    if (!isAside(event) && answer && answer.status >= 200 && answer.status < 400) reached();
  });
  for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(kind, function (event) { if (isPoll(event)) missed(); });
  }

  /* Back from another tab: what is shown may be old. */
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) window.htmx.trigger(poll, "board:ask");
  });

  /* One key tells those whom we make late. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "l" || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const button = document.querySelector("[data-key-tell]");
    if (button) button.click();
  });
})();

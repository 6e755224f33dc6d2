/* The wall screen: says when it has no news, forgets what is too old to be true, and once a minute that it is alive. */
(function () {
  "use strict";

  const LOST_AFTER = 16; // seconds without an answer
  const GONE_AFTER = 120; // seconds after which nobody should go where an old call sends them
  const SEEN_EVERY = 60;
  const body = document.body;
  const lost = document.getElementById("wall-lost");
  let heard = performance.now();
  let off = false;

  const wall = function () { return document.getElementById("wall"); };
  const release = wall().dataset.release;

  document.addEventListener("htmx:afterRequest", function (event) {
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    off = status === 404;
    if (status === 200) heard = performance.now();
    show();
  });
  document.addEventListener("htmx:afterSwap", function () {
    if (wall().dataset.release !== release) window.location.reload();
  });

  function show() {
    const silent = (performance.now() - heard) / 1000;
    const isLost = !off && silent > LOST_AFTER;
    document.getElementById("wall-lost-since").textContent = wall().dataset.time;
    document.getElementById("wall-off").hidden = !off;
    lost.hidden = !isLost;
    body.classList.toggle("stale", isLost || off);
    body.classList.toggle("gone", off || silent > GONE_AFTER);
  }

  function alive() {
    if (!off) fetch(body.dataset.seenUrl, { method: "POST", credentials: "omit" }).catch(function () { /* shown by show() */ });
  }

  window.setInterval(show, 2000);
  window.setInterval(alive, SEEN_EVERY * 1000);
  alive();
})();

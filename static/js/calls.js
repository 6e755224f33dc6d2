/* One key a call. In a list of lines the keys belong to the line that has the focus, else to the pane of calls; j and k
   (or the arrows) walk the lines. Nothing happens while somebody types, or with Ctrl, Alt or Cmd held. */
(function () {
  "use strict";

  function lines() {
    return Array.from(document.querySelectorAll("[data-line]"));
  }

  function typing(element) {
    return /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && element.type !== "checkbox";
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const all = lines();
    if (all.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const at = all.indexOf(event.target.closest("[data-line]"));
      const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus();
      return;
    }
    /* 1 to 9 choose among the times that the line offers. */
    const line = event.target.closest("[data-line]");
    const chooser = line && line.querySelector("select[name=go]");
    if (chooser && /^[1-9]$/.test(event.key) && chooser.options[Number(event.key)]) {
      event.preventDefault();
      chooser.selectedIndex = Number(event.key);
      return;
    }
    const scope = event.target.closest("[data-line]") || document.querySelector("[data-keys]");
    const target = scope && scope.querySelector(`[data-press="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    target.click();
  });

  /* A line that a colleague changed takes its own place again, and keeps the focus if it had it. */
  let held = "";
  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    const line = event.detail.target;
    held = line && line.contains(document.activeElement) ? line.id : "";
  });
  document.addEventListener("htmx:oobAfterSwap", function () {
    const line = held && document.getElementById(held);
    held = "";
    if (line) line.focus();
  });

  /* What was said of a line gives the focus to the next one that is not done. */
  let place = -1;
  document.addEventListener("htmx:beforeRequest", function (event) {
    const line = event.detail.elt.closest("[data-line]");
    if (line && event.detail.requestConfig.verb === "post") place = lines().indexOf(line);
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (place < 0 || event.detail.requestConfig.verb !== "post") return;
    const all = lines();
    const next = all.slice(place + 1).concat(all.slice(0, place + 1)).find(function (line) { return !line.hasAttribute("data-done"); });
    place = -1;
    if (next) next.focus();
  });
})();

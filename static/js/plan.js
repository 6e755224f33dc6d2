/* Planning a course: after the plan was made anew the focus goes back to the session that was changed; print; the
   digits of the list of orders. Everything works without it, by plain forms. */
(function () {
  "use strict";

  let last = "";

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.id === "plan-live") last = document.activeElement ? document.activeElement.id : "";
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id !== "plan" || !last) return;
    const same = document.getElementById(last);
    if (same && same.checkVisibility()) {
      if (document.activeElement !== same) same.focus();
      return;
    }
    const number = last.match(/\d+/);
    const change = number && document.getElementById(`change-${number[0]}`);
    if (change) change.focus();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
    if (!/^[1-9]$/.test(event.key)) return;
    const link = document.querySelector(`[data-order-key="${event.key}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });
})();

/* Planning a course: after the plan was made anew the focus goes back to the session that was changed; print; the
   digits of the list of orders. Everything works without it, by plain forms. */
(function () {
  "use strict";

  let last = "";

  /* Where the person is when the new plan comes, not where they were when it was asked for. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id === "plan") last = document.activeElement ? document.activeElement.id : "";
  });

  /* Enter in a field makes the plan anew; only the button itself books a course. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || !event.target.matches("#plan-form input, #plan-form select")) return;
    event.preventDefault();
    if (event.target.matches("input[type=date]")) event.target.blur();
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

/* The booking desk by keyboard alone: the first free time has the focus, Enter takes it, Enter again saves;
   f goes to the filters, Enter in a filter goes to the times. Everything works without it, by plain forms. */
(function () {
  "use strict";

  function times() {
    return Array.from(document.querySelectorAll("input[name=start]"));
  }

  function chosen() {
    return document.querySelector("#slots input[name=start]:checked") || document.querySelector("#slots input[name=start]");
  }

  /* A filter is not a decision: Enter there shows the times and never books. */
  document.addEventListener("keydown", function (event) {
    const field = event.target;
    if (event.key !== "Enter" || !field.closest || !field.closest("#looking, .by-clock")) return;
    if (field.tagName === "BUTTON") return;
    event.preventDefault();
    field.dispatchEvent(new Event("change", { bubbles: true }));
    const next = field.closest(".by-clock") ? document.getElementById("book-button") : chosen();
    if (next) next.focus();
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "f" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    if (event.target.tagName === "INPUT" && event.target.type !== "radio") return;
    const first = document.querySelector("#looking select, #looking input:not([type=hidden])");
    if (!first) return;
    event.preventDefault();
    first.focus();
  });

  /* Nobody found: Enter goes on to registering them, with what was typed. */
  const chooser = document.getElementById("chooser-field");
  if (chooser) {
    chooser.form.addEventListener("submit", function (event) {
      const register = document.querySelector("#chooser-results form");
      if (!register || document.querySelector("#chooser-results .found-link")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      register.requestSubmit();
    }, true);
  }

  /* The form's key belongs to this entry of the history: Back and Reload bring it back, so that nothing is saved twice. */
  const key = document.querySelector("#book-form input[name=request_key]");
  function keep() {
    history.replaceState(Object.assign({}, history.state, { requestKey: key.value }), "");
  }
  if (key) {
    if (history.state && history.state.requestKey) key.value = history.state.requestKey;
    keep();
    document.addEventListener("htmx:replacedInHistory", keep);
  }

  let arrived = false;
  document.addEventListener("htmx:afterSettle", function (event) {
    const target = event.detail.target;
    if (!target) return;
    if (target.id === "slots" && !arrived) {
      arrived = true;
      const active = document.activeElement;
      const time = chosen();
      if (time && (!active || active === document.body || active.id === "main")) time.focus({ preventScroll: true });
    }
    /* What was read back is what is chosen, also when it was asked for by the clock. */
    const kept = document.querySelector("#picked input[name=kept_start]");
    if (target.id === "picked" && kept) {
      for (const time of times()) time.checked = time.value === kept.value;
    }
  });
})();

/* Forms: the error summary takes the focus, a form is sent once, a refused form (422) is shown,
   a filter form remembers itself by its address, toasts of success leave by themselves. */
(function () {
  "use strict";

  function focusSummary(root) {
    const summary = root.querySelector("[data-error-summary]");
    if (summary) summary.focus();
    return Boolean(summary);
  }

  function release(form) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }

  document.addEventListener("DOMContentLoaded", function () {
    focusSummary(document);
    leaveSoon(document);
  });
  document.addEventListener("htmx:load", function (event) {
    focusSummary(event.detail.elt);
    leaveSoon(event.detail.elt);
  });

  /* A summary's link brings the focus into the field, also into a group of choices. */
  document.addEventListener("click", function (event) {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    if (!link) return;
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    const field = target.matches("input, select, textarea") ? target : target.querySelector("input, select, textarea");
    (field || target).focus();
    (field || target).scrollIntoView({ block: "center" });
  });

  /* Sent twice by a double click: the second is dropped. Forms sent by GET may repeat. */
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-repeatable")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(release, 10000, form); // a download leaves the page as it is
  }, true);
  document.addEventListener("htmx:afterRequest", function (event) {
    const form = event.detail.elt.closest && event.detail.elt.closest("form");
    if (form) release(form);
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });

  /* Nothing fails in silence. A session that ended sends the whole page to the sign-in, not a piece of it. */
  function note(id) {
    const toasts = document.getElementById("toasts");
    const template = document.getElementById(id);
    if (!toasts || !template || toasts.querySelector(`[data-from="${id}"]`)) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.dataset.from = id;
    toasts.append(toast);
  }
  document.addEventListener("htmx:sendError", function () {
    note("toast-failed");
  });
  document.addEventListener("htmx:responseError", function (event) {
    note(event.detail.xhr.status >= 500 ? "toast-failed" : "toast-refused");
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    const login = document.body.dataset.loginUrl;
    const from = event.detail.xhr.responseURL;
    if (login && from && new URL(from).pathname === login && location.pathname !== login) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-auto-submit]");
    if (form) form.requestSubmit();
  });

  function leaveSoon(root) {
    for (const toast of root.querySelectorAll(".toast-note[data-leaves]")) {
      setTimeout(function () {
        if (!toast.matches(":hover, :focus-within")) toast.remove();
      }, 8000);
    }
  }
})();

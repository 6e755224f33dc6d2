/* The editor of mail texts: placeholders go in where the cursor was, the preview follows while somebody types.
   Without it the buttons still save, preview and send. */
(function () {
  "use strict";

  const PAUSE = 700;
  let last = null;
  let waiting = 0;

  /* Into the field that had the focus last: the text, if none had. */
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-text-form] textarea, [data-text-form] input[name=subject]")) last = event.target;
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const form = button.form;
    const known = last && last.form === form;
    const field = known ? last : form.elements.body;
    if (!known) field.setSelectionRange(field.value.length, field.value.length);
    field.focus();
    field.setRangeText("{" + button.dataset.insert + "}", field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /* The frame gets the form by itself: no submit event, so that saving afterwards is not taken for a second click. */
  function preview(form) {
    const action = form.getAttribute("action");
    const target = form.getAttribute("target");
    form.setAttribute("action", form.dataset.previewUrl);
    form.setAttribute("target", "mail-frame");
    form.submit();
    form.setAttribute("action", action);
    if (target === null) form.removeAttribute("target");
    htmx.ajax("POST", form.dataset.previewUrl, { source: form, target: "#preview-words", swap: "innerHTML" });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-preview]");
    if (!button) return;
    event.preventDefault();
    preview(button.form);
  });

  document.addEventListener("input", function (event) {
    const form = event.target.closest("[data-text-form]");
    if (!form) return;
    clearTimeout(waiting);
    waiting = setTimeout(preview, PAUSE, form);
  });

  /* What was typed and not saved is asked about before the page is left. */
  let changed = false;
  document.addEventListener("input", function (event) {
    if (event.target.closest("[data-text-form]") && event.target.name !== "sample") changed = true;
  });
  document.addEventListener("submit", function (event) {
    if (event.target.matches("[data-text-form], .text-versions form")) changed = false;
  });
  window.addEventListener("beforeunload", function (event) {
    if (changed) event.preventDefault();
  });
})();

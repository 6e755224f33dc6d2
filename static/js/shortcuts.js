/* Keys: / finds a patient, n books, t goes to today, ? shows them all; and the arrows in the patient search.
   Nothing happens while somebody types, while a dialog is open, or with Ctrl, Alt or Cmd held. */
(function () {
  "use strict";

  function typing(element) {
    return element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const field = document.getElementById("patient-search");
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === "n" || event.key === "t") {
      const link = document.querySelector(`[data-shortcut="${event.key}"]`);
      if (!link) return;
      event.preventDefault();
      link.click();
    } else if (event.key === "?") {
      const dialog = document.getElementById("shortcuts");
      if (dialog) dialog.showModal();
    }
  });

  const field = document.getElementById("patient-search");
  const box = document.getElementById("patient-results");
  if (!field || !box) return;
  let current = -1;

  function options() {
    return Array.from(box.querySelectorAll("[role=option]"));
  }

  function mark(index) {
    const all = options();
    current = all.length ? (index + all.length) % all.length : -1;
    all.forEach(function (option, at) {
      option.setAttribute("aria-selected", String(at === current));
      if (at === current) option.scrollIntoView({ block: "nearest" });
    });
    if (current >= 0) field.setAttribute("aria-activedescendant", all[current].id);
    else field.removeAttribute("aria-activedescendant");
  }

  function shut() {
    box.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  box.addEventListener("htmx:afterSwap", function () {
    const all = options();
    field.setAttribute("aria-expanded", String(all.length > 0));
    mark(all.length ? 0 : -1);
  });
  field.addEventListener("input", function () {
    if (field.value.trim().length < 2) shut();
  });
  field.addEventListener("keydown", function (event) {
    const all = options();
    if (event.key === "ArrowDown" && all.length) mark(current + 1);
    else if (event.key === "ArrowUp" && all.length) mark(current - 1);
    else if (event.key === "Enter" && current >= 0) all[current].click();
    else if (event.key === "Escape") {
      if (!all.length) field.value = "";
      shut();
    } else return;
    event.preventDefault();
  });
  for (const kind of ["focusin", "pointerdown"]) {
    document.addEventListener(kind, function (event) {
      if (!event.target.closest(".finder")) shut();
    });
  }
})();

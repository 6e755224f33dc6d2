/* Dialogs and menus.
   data-dialog-open="id"  opens <dialog id>, data-dialog-close closes the one around it;
   data-when-unsaved="form id" inside it shows while that form holds what is not saved;
   a <dialog data-dialog-auto> that htmx brings in opens by itself. Esc is the browser's; the focus goes
   back to what opened it. A click outside closes it; so do menus (<details class="menu">), with Esc too. */
(function () {
  "use strict";
  const openers = new WeakMap();

  /* Whether a form holds anything that differs from what the page came with. */
  function unsaved(form) {
    if (!form) return false;
    return "unsaved" in form.dataset || Array.from(form.elements).some(function (field) {
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      if (!field.options) return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
      const first = Array.from(field.options).findIndex(function (option) { return option.defaultSelected; });
      return field.selectedIndex !== Math.max(first, 0);
    });
  }

  function open(dialog, opener) {
    if (dialog.open) return;
    openers.set(dialog, opener || document.activeElement);
    for (const part of dialog.querySelectorAll("[data-when-unsaved]")) {
      part.hidden = !unsaved(document.getElementById(part.dataset.whenUnsaved));
    }
    dialog.showModal();
  }

  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog) {
        event.preventDefault();
        open(dialog, opener);
      }
    } else if (event.target.closest("[data-dialog-close]")) {
      const dialog = event.target.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
    } else if (event.target instanceof HTMLDialogElement) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.detail > 0) event.target.close();
    }
    const toast = event.target.closest("[data-dismiss]");
    if (toast) toast.closest(".toast-note").remove();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener(
    "close",
    function (event) {
      const opener = openers.get(event.target);
      if (opener && opener.isConnected) opener.focus();
    },
    true,
  );

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  function openNew(root) {
    for (const dialog of root.querySelectorAll("dialog[data-dialog-auto]")) open(dialog);
  }
  document.addEventListener("htmx:load", function (event) {
    const part = event.detail.elt;
    if (part.matches && part.matches("dialog[data-dialog-auto]")) open(part);
    openNew(part);
  });
  document.addEventListener("DOMContentLoaded", function () {
    openNew(document);
  });
})();

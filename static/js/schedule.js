/* The schedule's pages: the arrows among free times, Enter to the decision, the patient chooser, keys of the day,
   print, and the focus after a tap. Everything works without it, by plain forms. */
(function () {
  "use strict";

  function starts() {
    return Array.from(document.querySelectorAll("#slots input[name=start]"));
  }

  /* Radio buttons give left and right; up and down go to the time above or below. Enter goes to the decision. */
  document.addEventListener("keydown", function (event) {
    const input = event.target;
    if (!input.matches || !input.matches("input[name=start]")) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (!input.checked) input.click();
      const button = document.getElementById("book-button");
      const reason = document.getElementById("override-reason");
      if (reason || button) (reason || button).focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const target = neighbour(input, event.key === "ArrowDown" ? 1 : -1);
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.click();
  });

  /* The nearest free time in the next row up or down, by where it stands on the page. */
  function neighbour(input, direction) {
    const here = input.getBoundingClientRect();
    let best = null;
    let distance = Infinity;
    for (const other of starts()) {
      const box = other.getBoundingClientRect();
      const rows = (box.top - here.top) * direction;
      if (rows < 4) continue;
      const score = rows * 10 + Math.abs(box.left - here.left);
      if (score < distance) {
        best = other;
        distance = score;
      }
    }
    return best;
  }

  /* On a small screen the decision stands below the times: bring it into view once the time is read back. */
  document.addEventListener("htmx:afterSettle", function (event) {
    const picked = event.detail.target;
    if (!picked || picked.id !== "picked" || !picked.querySelector(".picked-time")) return;
    const box = picked.getBoundingClientRect();
    if (window.innerWidth < 992 && (box.top > window.innerHeight - 80 || box.top < 0)) {
      picked.closest(".deciding").scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  });

  /* A time may be offered twice, near and in the list: choosing one shows in both. */
  document.addEventListener("change", function (event) {
    const input = event.target;
    if (!input.matches || !input.matches("input[name=start]")) return;
    document.querySelectorAll(".slot.same").forEach(function (slot) { slot.classList.remove("same"); });
    for (const other of document.querySelectorAll("input[name=start]")) {
      if (other !== input && other.value === input.value) other.closest(".slot").classList.add("same");
    }
  });

  /* The patient chooser: arrows walk through those found, Enter opens the first. */
  const chooser = document.getElementById("chooser-field");
  if (chooser) {
    const links = function () { return Array.from(document.querySelectorAll("#chooser-results .found-link")); };
    chooser.form.addEventListener("submit", function (event) {
      const first = links()[0];
      if (first) {
        event.preventDefault();
        event.stopImmediatePropagation();
        window.location.assign(first.href);
      }
    }, true);
    document.addEventListener("keydown", function (event) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const all = links();
      const at = all.indexOf(document.activeElement);
      if (document.activeElement !== chooser && at < 0) return;
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      if (next < 0) chooser.focus();
      else if (all[next]) all[next].focus();
    });
  }

  /* The day: left and right are yesterday and tomorrow. */
  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const link = document.querySelector(`a[data-key="${event.key}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
  });

  const jump = document.getElementById("day-jump");
  if (jump) {
    /* The field shows the day of the page but is only sent when it was changed. */
    jump.value = jump.dataset.day;
    jump.form.addEventListener("formdata", function (event) {
      if (jump.value === jump.dataset.day) event.formData.delete("day");
    });
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  }

  /* A tap whose own button is gone with the answer gives the focus to the card it became. */
  let tapped = "";
  document.addEventListener("htmx:beforeRequest", function (event) {
    const tap = event.detail.elt.querySelector && event.detail.elt.querySelector("button[id^='tap-'], button[id^='undo-']");
    if (tap) tapped = tap.id.replace(/^(tap|undo)-/, "");
  });
  document.addEventListener("htmx:afterSettle", function () {
    if (!tapped || document.activeElement !== document.body) return;
    const next = document.getElementById("tap-" + tapped) || document.querySelector("#card-" + CSS.escape(tapped) + " .board-name");
    tapped = "";
    if (next) next.focus();
  });

  /* Signed out meanwhile: an answer from the sign-in page is not swapped in, the person is sent there. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    const answered = event.detail.xhr && event.detail.xhr.responseURL;
    if (answered && new URL(answered).pathname.startsWith("/account/login")) {
      event.detail.shouldSwap = false;
      window.location.reload();
    }
  });

  /* What was refused comes first. */
  const lost = document.querySelector("[data-focus-first]");
  if (lost) lost.focus();
})();

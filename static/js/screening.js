/* A checklist by keyboard: y and n answer the line that has the focus and go on to the next; Enter in a number goes on. */
(function () {
  "use strict";

  function first(line) {
    return line.querySelector("input[type=radio]:checked") || line.querySelector("input:not([type=hidden])");
  }

  function goOn(line) {
    const lines = Array.from(line.closest("form").querySelectorAll("[data-line]"));
    const next = lines[lines.indexOf(line) + 1];
    const target = next ? first(next) : line.closest("form").querySelector("button[type=submit]");
    if (target) target.focus();
  }

  document.addEventListener("keydown", function (event) {
    const line = event.target.closest && event.target.closest("[data-line]");
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    const answer = { y: "yes", n: "no" }[event.key.toLowerCase()];
    if (answer && event.target.type === "radio") {
      const choice = line.querySelector("input[value=" + answer + "]");
      choice.checked = true;
      line.classList.remove("filled");
      event.preventDefault();
      event.stopPropagation(); // n books elsewhere
      goOn(line);
    } else if (event.key === "Enter" && event.target.type !== "checkbox") {
      event.preventDefault();
      goOn(line);
    }
  }, true);

  /* A number given is measured; not measured has no number. */
  document.addEventListener("input", function (event) {
    const line = event.target.closest && event.target.closest("[data-line]");
    if (!line) return;
    const number = line.querySelector(".r-number input");
    const not = line.querySelector(".r-not input");
    if (event.target === number && number.value && not) not.checked = false;
    if (event.target === not && not.checked && number) number.value = "";
  });

  /* A link to a folded list opens it. */
  function open() {
    const list = location.hash && document.getElementById(location.hash.slice(1));
    if (list && list.matches("details")) list.open = true;
  }
  window.addEventListener("hashchange", open);
  open();
})();

/* The theme, before the first paint: what the person chose here, else what their system says. */
(function () {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let choice = "system";

  function read() {
    try {
      return localStorage.getItem("theme") || "system";
    } catch {
      return "system"; // storage refused: the choice lasts as long as the page
    }
  }

  function paint() {
    root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
    }
  }

  choice = read();
  paint();
  dark.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", paint);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    choice = button.dataset.themeSet;
    try {
      localStorage.setItem("theme", choice);
    } catch {
      /* see read() */
    }
    paint();
  });
})();

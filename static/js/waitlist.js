/* The waitlist: countdowns, one key for an answer by phone, a list that does not ask while nobody looks.
   Everything works without it, by plain forms. */
(function () {
  "use strict";

  const MINUTE = 60000;

  function words(left) {
    const minutes = Math.ceil(left / MINUTE);
    if (minutes < 60) return minutes + " min";
    return Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  }

  function count() {
    for (const place of document.querySelectorAll("[data-until]")) {
      const left = new Date(place.dataset.until).getTime() - Date.now();
      if (left <= 0 || left > 24 * 60 * MINUTE) continue;
      const text = place.dataset.words.replace("%s", words(left));
      if (place.textContent !== text) place.textContent = text;
      place.classList.toggle("ending", left < 15 * MINUTE);
    }
  }

  /* With the focus within one offer, y and n answer it; never from anywhere else on the page. */
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const line = event.target.closest && event.target.closest("[data-offer]");
    if (!line) return;
    const button = line.querySelector('[data-answer="' + CSS.escape(event.key.toLowerCase()) + '"]');
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  });

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.hasAttribute("data-poll-offers") && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:afterSettle", count);
  setInterval(count, 10000);
  count();
})();

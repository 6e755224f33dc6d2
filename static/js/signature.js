/* A signature by pen, finger or mouse: strokes as points in a field of 1000 × 300, sent as text in a hidden field. */
(function () {
  "use strict";
  const WIDTH = 1000, HEIGHT = 300, NEAR = 3, MOST = 6000;

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  }

  const pad = document.querySelector("[data-pad]");
  if (!pad) return;
  const field = document.getElementById(pad.dataset.pad);
  const pen = pad.getContext("2d");
  let strokes = [];
  let current = null;

  function draw() {
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    pen.strokeStyle = getComputedStyle(pad).color;
    pen.lineWidth = 5;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      pen.moveTo(stroke[0][0], stroke[0][1]);
      for (const point of stroke) pen.lineTo(point[0], point[1]);
      pen.stroke();
    }
  }

  function keep() {
    field.value = strokes.length ? JSON.stringify(strokes) : "";
  }

  function at(event) {
    const box = pad.getBoundingClientRect();
    const x = Math.round((event.clientX - box.left) / box.width * WIDTH);
    const y = Math.round((event.clientY - box.top) / box.height * HEIGHT);
    return [Math.min(WIDTH, Math.max(0, x)), Math.min(HEIGHT, Math.max(0, y))];
  }

  function add(event) {
    const count = strokes.reduce(function (sum, stroke) { return sum + stroke.length; }, 0);
    const point = at(event), last = current[current.length - 1];
    if (count >= MOST || (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR)) return;
    current.push(point);
    draw();
  }

  pad.addEventListener("pointerdown", function (event) {
    if (current || event.button > 0) return;
    pad.setPointerCapture(event.pointerId);
    current = [at(event)];
    strokes.push(current);
    draw();
    event.preventDefault();
  });
  pad.addEventListener("pointermove", function (event) {
    if (!current) return;
    const each = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of each.length ? each : [event]) add(one);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, function () { current = null; keep(); });
  }

  document.querySelector("[data-pad-clear]").addEventListener("click", function () {
    strokes = [];
    keep();
    draw();
  });

  /* Only what the chosen way needs is shown. */
  const form = pad.closest("form");
  function show() {
    const chosen = form.querySelector("[name=method]:checked");
    for (const part of form.querySelectorAll("[data-way]")) part.hidden = chosen && part.dataset.way !== chosen.value;
  }
  form.addEventListener("change", show);
  show();

  try {
    strokes = field.value ? JSON.parse(field.value) : [];
  } catch (error) {
    strokes = [];
  }
  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();

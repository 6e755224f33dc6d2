/* The check-in of a patient's phone. The advice after a tick is the stylesheet's and needs none of this. Here: an emergency
   tick sends itself; what finds no network is kept on the phone, under a name that says nothing, and goes by itself when the
   network is back; what was filled in outlives a reload. Each answer has a key of its own, so that what arrives twice is
   kept once. Without this script the page is a plain form. */
(function () {
  "use strict";
  const form = document.querySelector("form[data-check-in]");
  if (!form || !window.fetch || !window.FormData) return;
  const GRACE = 5000; /* a finger that slipped has so long to take its tick back */
  const AGAIN = 15000;
  const WEEK = 7 * 86400000;
  const DRAFT = 20 * 3600000;
  const name = `check-in:${form.dataset.store}`;
  const state = form.querySelector("[data-state]");
  const told = form.querySelector("[data-told]");
  const alarm = form.querySelector("[data-alarm]");
  const began = Date.now();
  const sent = new Set();
  let timer = 0;
  let busy = false;

  const flags = function (kind) {
    return Array.from(form.querySelectorAll(`[data-flag="${kind}"]:checked`)).map(function (each) { return each.value; });
  };
  const newKey = function () {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, function (each) { return each.toString(16).padStart(2, "0"); }).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  const answers = function () {
    return Array.from(new FormData(form)).filter(function (pair) {
      return pair[1] !== "" && !["csrfmiddlewaretoken", "key", "waited"].includes(pair[0]);
    });
  };

  /* What is kept: { queue: [{key, at, data, whole}], draft: {at, data} } */
  let memory = { queue: [] };
  const read = function () {
    try { memory = JSON.parse(window.localStorage.getItem(name)) || memory; } catch (_error) { /* private mode: memory only */ }
    memory.queue = (memory.queue || []).filter(function (item) { return Date.now() - item.at < WEEK; });
    if (memory.draft && Date.now() - memory.draft.at > DRAFT) delete memory.draft;
    return memory;
  };
  const write = function () {
    try {
      if (!memory.queue.length && !memory.draft) window.localStorage.removeItem(name);
      else window.localStorage.setItem(name, JSON.stringify(memory));
    } catch (_error) { /* private mode: memory only */ }
  };
  const drop = function (key) {
    memory.queue = memory.queue.filter(function (item) { return item.key !== key; });
    write();
  };

  const say = function (where, words) { if (where) where.textContent = words || ""; };

  async function post(item) {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    body.append("key", item.key);
    body.append("waited", String(Math.max(0, Math.round((Date.now() - item.at) / 1000))));
    for (const pair of item.data) body.append(pair[0], pair[1]);
    return window.fetch(window.location.href, { method: "POST", body: body, headers: { Accept: "application/json" }, redirect: "manual" });
  }

  async function flush() {
    if (busy) return;
    busy = true;
    let done = "";
    try {
      for (const item of memory.queue.slice()) {
        const response = await post(item);
        if (response.ok) {
          drop(item.key);
          const answer = await response.json();
          if (item.whole) { done = answer.done; delete memory.draft; write(); }
          else say(told, told.dataset.done);
        } else if (response.status === 422) {
          drop(item.key);
          if (item.whole) { form.submit(); return; }
        } else if (response.type === "opaqueredirect" || response.status < 500) {
          /* The birth date is asked again, or the link has ended: the page says so; what is kept stays kept. */
          if (item.whole) window.location.reload();
          break;
        } else throw new Error("later");
      }
    } catch (_error) {
      const whole = memory.queue.some(function (item) { return item.whole; });
      if (whole) say(state, state.dataset.offline);
      if (memory.queue.some(function (item) { return !item.whole; })) say(told, told.dataset.offline);
    } finally {
      busy = false;
    }
    if (done) window.location.assign(done);
  }

  const keep = function (data, whole) {
    memory.queue.push({ key: whole ? form.elements.key.value : newKey(), at: Date.now(), data: data, whole: whole });
    write();
    flush();
  };

  function watchFlags() {
    const now = flags("emergency");
    const fresh = now.filter(function (code) { return !sent.has(code); });
    window.clearTimeout(timer);
    if (!now.length) { if (!sent.size) say(told, ""); return; }
    if (!fresh.length) return;
    say(told, told.dataset.soon);
    timer = window.setTimeout(function () {
      const still = flags("emergency");
      if (!still.length) return;
      still.forEach(function (code) { sent.add(code); });
      keep(answers().filter(function (pair) { return pair[0] === "red_flags"; }), false);
    }, GRACE);
  }

  form.addEventListener("change", function (event) {
    const kind = event.target.dataset.flag;
    if (kind) {
      const emergency = flags("emergency").length > 0;
      const today = flags("today").length > 0;
      say(alarm, emergency ? alarm.dataset.emergency : today ? alarm.dataset.today : "");
      watchFlags();
      if (kind === "emergency" && event.target.checked) {
        form.querySelector("[data-advice=emergency]").scrollIntoView({ block: "nearest" });
      }
    }
  });
  form.addEventListener("input", function () {
    memory.draft = { at: Date.now(), data: answers() };
    write();
  });
  form.addEventListener("submit", function (event) {
    const data = answers();
    if (!data.length) return; /* the server says what is missing */
    event.preventDefault();
    window.clearTimeout(timer);
    if (memory.queue.some(function (item) { return item.whole && item.key === form.elements.key.value; })) { flush(); return; }
    say(state, state.dataset.sending);
    keep(data, true);
  });

  /* Whether somebody is reading, also on a page that was opened hours ago. */
  const left = Number(form.dataset.left || 0) * 1000;
  let staffed = form.dataset.staffed === "1";
  window.setInterval(function () {
    if (!left || !staffed || Date.now() - began < left) return;
    staffed = false;
    for (const part of document.querySelectorAll("[data-reading]")) part.hidden = part.dataset.reading !== "closed";
  }, 10000);

  read();
  if (memory.draft && !document.querySelector("[data-error-summary]")) {
    for (const pair of memory.draft.data) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(pair[0])}"]`)) {
        if (field.type === "radio" || field.type === "checkbox") field.checked = field.checked || field.value === pair[1];
        else field.value = pair[1];
      }
    }
    watchFlags();
  }
  if (memory.queue.length) {
    if (memory.queue.some(function (item) { return item.whole; })) say(state, state.dataset.kept);
    flush();
  }
  window.addEventListener("online", flush);
  window.setInterval(function () { if (memory.queue.length) flush(); }, AGAIN);
})();

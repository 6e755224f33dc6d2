/* The record: each part is saved by itself as it is filled in. What others saved comes in every few seconds, into fields
   that nobody here is changing: never under the cursor, never over what was typed. Everything works without it, by
   each part's Save button. Hidden fields "was-NAME" hold what the page showed; the server compares with them. */
(function () {
  "use strict";
  const poll = document.getElementById("record-poll");
  if (!poll) return;
  const SAVE_AFTER = 500;
  const timers = new WeakMap();
  const sent = new WeakMap();
  let closed = false;

  const formOf = function (element) { return element && element.closest ? element.closest("form[data-record-form]") : null; };
  const groupsOf = function (form) {
    const groups = new Map();
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit" || field.type === "button" || field.hasAttribute("data-not-kept")) continue;
      groups.set(field.name, (groups.get(field.name) || []).concat(field));
    }
    return groups;
  };
  const valueOf = function (fields) {
    if (fields[0].type !== "checkbox") return fields[0].value;
    return fields.filter(function (each) { return each.checked; }).map(function (each) { return each.value; }).sort().join(" ");
  };
  const baseOf = function (form, name) { return form.querySelector(`input[name="${CSS.escape(`was-${name}`)}"]`); };
  /* 52 and 52.0 are the same. */
  const same = function (one, other) {
    return one === other || (one.trim() !== "" && other.trim() !== "" && Number(one) === Number(other));
  };
  const touched = function (form, name, fields) {
    const base = baseOf(form, name);
    return base ? !same(valueOf(fields), base.value) : valueOf(fields) !== "";
  };
  const dirty = function (form) {
    return Array.from(groupsOf(form)).some(function (entry) { return touched(form, entry[0], entry[1]); });
  };

  function say(form, words, kind) {
    const part = form.closest("[data-part]").querySelector("[data-keep=saved]");
    part.textContent = words;
    part.dataset.kind = kind || "";
  }

  function schedule(form, after) {
    window.clearTimeout(timers.get(form));
    timers.set(form, window.setTimeout(function () {
      if (form.isConnected && !form.hasAttribute("data-conflict") && !form.hasAttribute("data-by-hand") && dirty(form)) window.htmx.trigger(form, "record:save");
    }, after));
  }

  document.addEventListener("change", function (event) {
    const form = formOf(event.target);
    if (!form || event.target.hasAttribute("data-not-kept")) return;
    form.dataset.unsaved = "";
    if (form.hasAttribute("data-conflict")) return;
    say(form, form.hasAttribute("data-by-hand") ? poll.dataset.notRecorded : poll.dataset.saving, "busy");
    schedule(form, SAVE_AFTER);
  });

  /* A scanner types and ends with Enter: that saves the part, as the form's first button would not. */
  document.addEventListener("keydown", function (event) {
    const form = formOf(event.target);
    if (event.key !== "Enter" || !form || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (!form.hasAttribute("data-by-hand")) window.htmx.trigger(form, "record:save");
  });

  document.addEventListener("click", function (event) {
    const now = event.target.closest("[data-now]");
    if (now) {
      const field = document.getElementById(now.dataset.now);
      field.value = new Date().toLocaleTimeString("en-GB", { timeZone: poll.dataset.zone, hour: "2-digit", minute: "2-digit" });
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const take = event.target.closest("[data-take]");
    if (take) {
      const field = document.getElementById(take.dataset.take);
      if (field) field.value = take.dataset.value;
      const line = take.closest("li");
      const form = formOf(take);
      line.remove();
      if (!form.querySelector("[data-take]")) {
        form.removeAttribute("data-conflict");
        window.htmx.trigger(form, "record:save");
      }
    }
  });

  /* Taking in what came: fields that are not touched here get the saved value, and the rest of the part is renewed. */
  function absorb(fresh, own) {
    const part = document.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
    if (!part) return;
    const form = part.querySelector("form[data-record-form]");
    const other = fresh.querySelector("form[data-record-form]");
    const within = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (!within && (!dirty(form) || other.hasAttribute("data-conflict") || other.querySelector(".field-error"))) {
      const had = part.contains(document.activeElement) ? document.activeElement : null;
      const mark = had && (had.id ? `#${CSS.escape(had.id)}` : had.name ? `[name="${CSS.escape(had.name)}"][value="${CSS.escape(had.value || "")}"]` : "");
      part.replaceWith(fresh);
      window.htmx.process(fresh);
      const again = mark && fresh.querySelector(mark);
      if (again) again.focus();
      return;
    }
    const theirs = groupsOf(other);
    for (const [name, fields] of groupsOf(form)) {
      const saved = theirs.get(name);
      const mine = baseOf(form, name);
      const base = baseOf(other, name);
      if (!saved || !mine || !base) continue;
      const asSent = own && own.get(name) === valueOf(fields);
      const free = (asSent || !touched(form, name, fields)) && !fields.includes(document.activeElement);
      if (free && fields[0].type === "checkbox") fields.forEach(function (each) { each.checked = base.value.split(" ").includes(each.value); });
      else if (free) fields[0].value = base.value;
      mine.value = free || asSent || same(valueOf(fields), base.value) || other.hasAttribute("data-conflict") ? base.value : mine.value;
      const wrong = saved[0].classList.contains("is-invalid");
      fields[0].classList.toggle("is-invalid", wrong);
    }
    form.querySelector("input[name=have]").value = other.querySelector("input[name=have]").value;
    form.toggleAttribute("data-conflict", other.hasAttribute("data-conflict"));
    form.toggleAttribute("data-by-hand", other.hasAttribute("data-by-hand"));
    for (const place of ["saved", "messages"]) {
      const old = part.querySelector(`[data-keep=${place}]`);
      const renewed = fresh.querySelector(`[data-keep=${place}]`);
      for (const summary of renewed.querySelectorAll("[data-error-summary]")) summary.removeAttribute("data-error-summary");
      old.replaceWith(renewed);
    }
    if (!dirty(form)) delete form.dataset.unsaved;
  }

  function takeIn(text, own) {
    const page = new DOMParser().parseFromString(text, "text/html");
    page.querySelectorAll("[data-part]").forEach(function (fresh) { absorb(fresh, own); });
    const state = page.querySelector("[data-record-state]");
    if (state) {
      for (const field of document.querySelectorAll("[data-session-version]")) field.value = state.dataset.version;
      if ("closed" in state.dataset) { closed = true; location.reload(); }
    }
    for (const id of ["rec-clock", "rec-figures", "rec-actions"]) {
      const fresh = page.getElementById(id);
      const old = document.getElementById(id);
      const held = old && old.contains(document.activeElement) && old.dataset.status === (fresh && fresh.dataset.status);
      if (fresh && old && !held) old.replaceWith(fresh);
    }
    steps();
    tick();
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt === poll && document.hidden) event.preventDefault();
    if (event.detail.elt.matches("form[data-record-form]")) {
      sent.set(event.detail.elt, new Map(Array.from(groupsOf(event.detail.elt), function (entry) { return [entry[0], valueOf(entry[1])]; })));
    }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    const elt = event.detail.elt;
    if (elt === poll || elt.matches("form[data-record-form]")) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    const elt = event.detail.elt;
    const answer = event.detail.xhr;
    if (elt !== poll && !elt.matches("form[data-record-form]")) return;
    const known = answer && [200, 204, 409, 422].includes(answer.status);
    if (!known) {
      if (elt !== poll) { say(elt, elt.hasAttribute("data-by-hand") ? poll.dataset.notRecorded : poll.dataset.lost, "lost"); schedule(elt, 3000); }
      return;
    }
    if (answer.status !== 204) takeIn(answer.responseText, answer.status === 200 ? sent.get(elt) : undefined);
  });

  /* What is saved so far, in the line of steps at the top. */
  function steps() {
    for (const step of document.querySelectorAll("[data-step]")) {
      const have = document.querySelector(`[data-part="${step.dataset.step}"] input[name=have]`);
      step.toggleAttribute("data-done", Boolean(have) && !have.value.endsWith(":0"));
    }
  }

  function tick() {
    const clock = document.querySelector("[data-until]");
    if (!clock) return;
    const left = Math.ceil((new Date(clock.dataset.until) - Date.now()) / 60000);
    clock.dataset.kind = left <= 0 ? "late" : left <= 5 ? "soon" : "";
    clock.querySelector("[data-clock-left]").textContent = left <= 0 ? clock.dataset.late : `${left} ${clock.dataset.left}`;
  }

  /* p writes the session up as planned. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "p" || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const button = document.querySelector("[data-key-planned]");
    if (button) button.click();
  });

  window.addEventListener("beforeunload", function (event) {
    if (!closed && Array.from(document.querySelectorAll("form[data-record-form]")).some(function (form) { return "unsaved" in form.dataset && dirty(form); })) event.preventDefault();
  });

  steps();
  tick();
  window.setInterval(tick, 10000);
})();

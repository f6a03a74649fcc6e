"use strict";
// What the inbox gains where scripts run: pages that refresh themselves, and keys. Everything works without.
(() => {
  const all = (what, from = document) => Array.from(from.querySelectorAll(what));
  const inField = (at) => at && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && at.type !== "checkbox";
  document.documentElement.classList.add("has-live");

  // A part is left alone while somebody writes in it.
  const edited = (part) =>
    all("textarea, input:not([type=hidden], [type=checkbox])", part).some((one) => one.value !== one.defaultValue) ||
    all("details[open]", part).length > 0 || (inField(document.activeElement) && part.contains(document.activeElement));

  const without = (part) => part.innerHTML.replace(/ name="once" value="[^"]*"/g, ""); // each form has its own
  const renewPart = (part, fresh) => {
    if (without(part) === without(fresh) || edited(part)) return;
    const chosen = new Set(all("input[type=checkbox]:checked", part).map((one) => one.value));
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = fresh.innerHTML;
    all("input[type=checkbox]", part).forEach((one) => { one.checked = chosen.has(one.value); });
    if (focused) { const again = all("a", part).find((one) => one.getAttribute("href") === focused); if (again) again.focus(); }
    toEnd(part);
  };
  const toEnd = (part) => all(".lines", part).forEach((lines) => { lines.scrollTop = lines.scrollHeight; });

  let asking = false, again = false;
  const renew = async () => {
    if (asking) { again = true; return true; }
    asking = true;
    try {
      const url = new URL(location.href); url.searchParams.delete("done");
      const answer = await fetch(url, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (!answer.ok) return false;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      all("[data-part]").forEach((part) => { const fresh = page.getElementById(part.id); if (fresh) renewPart(part, fresh); });
      return true;
    } catch (_) { return false; } finally {
      asking = false;
      if (again) { again = false; renew(); }
    }
  };

  // A page that is seen follows what happens: by a stream, one a browser, since a browser has few connections to us;
  // a page without one looks by itself, ever more seldom, and says so.
  const SOON = 5000, SELDOM = 15000, HARDLY = 60000; // milliseconds
  const follow = (address) => {
    let stream = null, timer = 0, wait = SOON, turn = null, giveBack = null;
    const tell = (isLive) => document.documentElement.classList.toggle("not-live", !isLive);
    const later = () => { clearTimeout(timer); timer = setTimeout(look, wait); };
    const look = async () => {
      tell(false);
      const heard = await renew();
      wait = Math.min(wait * 2, heard ? SELDOM : HARDLY);
      if (!turn) return;
      if (giveBack && !stream) open();
      later();
    };
    const open = () => {
      stream = new EventSource(address);
      stream.addEventListener("open", () => { clearTimeout(timer); wait = SOON; tell(true); });
      stream.addEventListener("changed", renew);
      stream.addEventListener("error", () => {
        tell(false);
        if (stream && stream.readyState === EventSource.CLOSED) stream = null; // refused: we try again ourselves
        later();
      });
    };
    const begin = () => {
      if (turn || document.hidden) return;
      turn = new AbortController();
      wait = SOON;
      later();
      const mine = () => new Promise((done) => { giveBack = done; open(); });
      if (navigator.locks) navigator.locks.request("keepwarm live", { signal: turn.signal }, mine).catch(() => {});
      else mine();
    };
    const end = () => {
      clearTimeout(timer);
      if (stream) stream.close();
      if (turn) turn.abort();
      if (giveBack) giveBack();
      stream = turn = giveBack = null;
    };
    document.addEventListener("visibilitychange", () => { if (document.hidden) end(); else { renew(); begin(); } });
    addEventListener("pagehide", end);
    addEventListener("pageshow", (event) => { if (event.persisted) { renew(); begin(); } });
    begin();
  };
  const live = document.querySelector("[data-live]");
  if (live && window.EventSource) follow(live.dataset.live);
  toEnd(document);

  // What was typed outlives a session that ended meanwhile.
  const text = document.querySelector("[data-reply]");
  if (text) {
    const key = `draft ${location.pathname}`;
    const done = new URLSearchParams(location.search).get("done");
    if (done === "replied" || done === "already") sessionStorage.removeItem(key);
    else if (!text.value) text.value = sessionStorage.getItem(key) || "";
    text.addEventListener("input", () => sessionStorage.setItem(key, text.value));
    all("[data-canned]").forEach((button) => button.addEventListener("click", (event) => {
      event.preventDefault(); text.value = button.value; sessionStorage.setItem(key, text.value); text.focus();
    }));
    text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) text.form.requestSubmit(); });
  }

  const move = (by) => {
    const links = all("[data-keys] a");
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
  };
  const press = (what) => { const at = document.querySelector(what); if (at) at.click(); return at; };
  const keys = {
    j: () => move(1), k: () => move(-1),
    x: () => { const row = document.activeElement.closest("[data-keys] li"); if (row) row.querySelector("input").click(); },
    "/": () => { const at = document.querySelector("#q"); if (at) at.focus(); },
    r: () => { if (text) { text.focus(); text.scrollIntoView({ block: "center" }); } },
    c: () => press("[data-claim]"),
    e: () => { const at = document.querySelector("[data-resolve]"); if (at) { at.parentElement.open = true; document.querySelector("[data-outcome]").focus(); } },
    u: () => press("[data-back]"),
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && inField(document.activeElement)) { document.activeElement.blur(); return; }
    if (inField(event.target) || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();

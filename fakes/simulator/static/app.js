// The simulator page: who holds the phone, what the chat says, and keeping both up to date.

import { Bar } from "./bar.js";
import { block, typing } from "./bubbles.js";
import { avatar, botAvatar, el } from "./dom.js";
import { TimeBar } from "./time.js";
import { answered, explained, isAsked, pushedRecordOf, pushes, recordOf, records, toldWhy } from "./why.js";

const EVERY = 900; // milliseconds between looks at the chat
const SOON = 200; // while an answer is awaited
const PATIENCE = 30; // seconds
const WIDE = matchMedia("(min-width: 1081px)"); // room for a panel beside the phone
const $ = (id) => document.getElementById(id);

class Scene {
  constructor(start) {
    Object.assign(this, start);
    this.language = chosenLanguage();
    this.person = null;
    this.channel = "wechat";
    this.state = null;
    this.rev = null;
    this.looks = 0;
    this.asked = null;
    this.blocks = new Map();
    this.bar = new Bar($("bar"), this);
    this.times = new TimeBar($("time"), this);
    this.word = this.word.bind(this);
  }

  get locale() {
    return this.language === "zh" ? "zh-CN" : "en-GB";
  }

  get platform() {
    return this.channel === "sms" ? "Twilio" : this.word("wechat");
  }

  get now() {
    return this.state?.now ?? Date.now() / 1000;
  }

  word(key, values = {}) {
    const words = this.words[this.language][key] ?? "";
    return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  }

  async act(name, fields = {}) {
    const body = JSON.stringify({ code: this.person.code, channel: this.channel, act: name, ...fields });
    try {
      this.follow = true;
      const response = await fetch("/sim/api/act", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      $("away").hidden = response.ok;
    } catch {
      $("away").hidden = false;
    }
    await this.look();
  }

  // The answer to an older look is thrown away; the clock starts none while one is under way.
  async look() {
    const query = new URLSearchParams({ channel: this.channel, code: this.person.code, rev: this.rev ?? "" });
    const turn = ++this.looks;
    this.looking = true;
    const state = await fetch(`/sim/api/chat?${query}`).then((response) => (response.ok ? response.json() : null)).catch(() => null);
    if (turn !== this.looks) return;
    this.looking = false;
    $("away").hidden = state !== null;
    if (state !== null) this.draw(state);
    if (this.awaited) setTimeout(() => this.looking || this.look(), SOON);
  }

  // Something of this person is on its way to the server, and nothing has come back yet.
  get awaited() {
    const young = (message) => this.now - message.time < PATIENCE;
    return this.state?.messages.some((message) => message.via === "user" && !message.delivery && young(message)) ?? false;
  }

  draw(state) {
    const fresh = state.messages !== undefined;
    this.state = { ...state, messages: state.messages ?? this.state?.messages ?? [] };
    this.rev = state.rev;
    $("name").textContent = state.person.typing || this.awaited ? this.word("typing") : state.name;
    $("clock").textContent = new Date(state.now * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (fresh) this.drawChat();
    this.bar.draw();
    drawPanel(this);
  }

  pick(code, channel) {
    const everyone = [...this.candidates, ...this.staff];
    this.person = everyone.find((person) => person.code === code) ?? null;
    document.querySelector(".sim").classList.toggle("chatting", this.person !== null);
    $("phone").hidden = this.person === null;
    $("pick").hidden = this.person !== null;
    $("panel").hidden = this.person === null;
    if (this.person === null) return;
    this.channel = this.person.channels.includes(channel) ? channel : this.person.channels[0];
    this.rev = null;
    this.state = null;
    this.bar.open = "";
    this.follow = true;
    this.closeWhy();
    this.blocks.clear();
    $("chat").replaceChildren();
    $("phone").classList.toggle("sms", this.channel === "sms");
    drawTabs(this);
    drawList(this);
    this.look();
  }

  drawChat() {
    const following = this.channel === "sms" || this.state.person.following;
    const extra = following ? [] : [unfollowed(this)];
    const out = this.channel === "sms" && this.state.person.opted_out ? [el("div", { class: "tip" }, this.word("opted_out"))] : [];
    const blocks = this.state.messages.map((message, index) => this.block(message, index));
    const dots = this.awaited ? [typing(this)] : [];
    const atEnd = isAtEnd($("chat"));
    place($("chat"), [...blocks, ...extra, ...out, ...dots]);
    if (atEnd || this.follow) this.toEnd();
    this.follow = this.awaited;
    this.followWhy();
  }

  // A message that looks as before keeps its element, so that nothing flickers and nothing is read out twice.
  block(message, index) {
    const { messages } = this.state;
    const around = { last: index === messages.length - 1, why: isAsked(message, messages) };
    const looks = JSON.stringify([message, around, this.language]);
    if (this.blocks.get(message.seq)?.looks !== looks) {
      this.blocks.set(message.seq, { looks, element: block(message, messages[index - 1], around, this) });
    }
    return this.blocks.get(message.seq).element;
  }

  async askWhy(message) {
    this.asked = message;
    this.opener = document.activeElement;
    $("panel").classList.remove("open");
    await this.drawWhy();
    if (!WIDE.matches) $("why-close").focus();
  }

  async drawWhy() {
    const message = this.asked;
    const parts = await this.reasons(message);
    if (message !== this.asked) return;
    $("why-body").replaceChildren(...parts.flat().filter(Boolean));
    this.showWhy(true);
    for (const spot of $("chat").children) spot.classList.toggle("asked", spot.dataset.seq === String(message.seq));
    if (!WIDE.matches) $("chat").querySelector(".asked")?.scrollIntoView({ block: "start" });
  }

  // Of what was said unasked: which entry of the rhythm, when and by which road; else what it answers.
  async reasons(message) {
    const said = answered(message, this.state.messages);
    const pushed = pushedRecordOf(message, (await pushes(this.channel, this.person)) ?? []);
    if (pushed?.touch || (pushed && !said)) return toldWhy(message, pushed, this);
    const found = await records(this.channel, this.person);
    return explained(said, found && said && (recordOf(said, found) ?? {}), this);
  }

  // Who has the panel beside the phone open sees there why the newest answer came.
  followWhy() {
    const newest = this.state.messages.findLast((message) => isAsked(message, this.state.messages));
    if (!this.asked || !WIDE.matches || !newest || newest.seq <= this.asked.seq) return;
    this.asked = newest;
    this.drawWhy();
  }

  closeWhy() {
    if (this.asked === null) return;
    this.asked = null;
    this.showWhy(false);
    for (const spot of $("chat").children) spot.classList.remove("asked");
    if (this.opener?.isConnected) this.opener.focus();
  }

  showWhy(shown) {
    $("why").hidden = !shown;
    document.querySelector(".sim").classList.toggle("asking", shown);
  }

  toEnd() {
    $("chat").scrollTop = $("chat").scrollHeight;
  }

  redraw() {
    document.documentElement.lang = this.locale;
    for (const spot of document.querySelectorAll("[data-word]")) spot.textContent = this.word(spot.dataset.word);
    for (const spot of document.querySelectorAll("[data-hint]")) hint(spot, this.word(spot.dataset.hint));
    document.title = `${this.word("title")} · keepwarm`;
    $("company").textContent = this.company;
    drawList(this);
    this.times.draw();
    if (this.person === null) return;
    drawTabs(this);
    if (this.state) this.drawChat();
    if (this.asked) this.drawWhy();
    this.bar.draw();
    drawPanel(this);
  }
}

function isAtEnd(log) {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function place(log, elements) {
  elements.forEach((element, index) => {
    if (log.children[index] !== element) log.insertBefore(element, log.children[index] ?? null);
  });
  while (log.children.length > elements.length) log.lastElementChild.remove();
}

function hint(spot, words) {
  spot.setAttribute("aria-label", words);
  if (spot.tagName === "INPUT") spot.placeholder = words;
  else spot.title = words;
}

function drawList(scene) {
  const wanted = $("search").value.trim().toLowerCase();
  const fits = (person) => [person.name, person.code, person.phone, person.stage, stage(scene, person)].join(" ").toLowerCase().includes(wanted);
  const candidates = scene.candidates.filter(fits);
  const groups = [
    ["stories", candidates.filter((person) => person.story)],
    ["everyone", candidates.filter((person) => !person.story)],
    ["staff", scene.staff.filter(fits)],
  ].filter(([, people]) => people.length);
  const parts = groups.flatMap(([word, people]) => [el("h3", {}, scene.word(word)), ...people.map((person) => entry(scene, person))]);
  const none = el("p", { class: "none" }, scene.word(scene.candidates.length ? "nobody" : "empty"));
  $("list").replaceChildren(...(parts.length ? parts : [none]));
}

function entry(scene, person) {
  const story = person.story?.[scene.language];
  const line = [stage(scene, person), scene.word(`r_${person.role}`) || person.role].filter(Boolean).join(" · ");
  const words = el("span", {}, el("b", {}, person.name), el("span", { class: "code" }, person.code), el("span", { class: "line" }, line), story ? el("span", { class: "line story" }, story) : null);
  const current = String(scene.person?.code === person.code);
  return el("button", { type: "button", class: "person", "aria-current": current, onclick: () => go(person.code, scene.channel) }, avatar(person.name, person.code), words);
}

function stage(scene, person) {
  return scene.word(`s_${person.stage}`) || person.stage || "";
}

function drawTabs(scene) {
  const tabs = scene.person.channels.map((channel) =>
    el("button", { type: "button", role: "tab", "aria-selected": String(channel === scene.channel), onclick: () => go(scene.person.code, channel) }, scene.word(channel)),
  );
  $("channels").replaceChildren(...tabs);
}

function unfollowed(scene) {
  const follow = el("button", { type: "button", class: "solid", onclick: () => scene.act("follow") }, scene.word("follow"));
  const scan = el("button", { type: "button", class: "solid light", onclick: () => scene.bar.toggle("scan") }, scene.word("scan"));
  return el("div", { class: "unfollowed" }, botAvatar(), el("b", {}, scene.state.name), el("p", {}, scene.word("not_following")), follow, scan);
}

function drawPanel(scene) {
  const { person, word } = scene;
  const story = person.story?.[scene.language];
  const tries = scene.try[person.locale?.startsWith("en") ? "en" : "zh"].map((words) =>
    el("button", { type: "button", onclick: () => tried(scene, words) }, words),
  );
  const known = [["stage", stage(scene, person)], ["invite", person.invite], ["phone", person.phone]].filter(([, value]) => value);
  const looks = JSON.stringify([person, scene.language, scene.channel]);
  if ($("panel").dataset.looks === looks) return drawFacts(scene);
  $("panel").dataset.looks = looks;
  $("panel").replaceChildren(
    el("button", { type: "button", class: "close", onclick: () => $("panel").classList.remove("open") }, word("close")),
    el("button", { type: "button", class: "pill", onclick: () => speak(scene) }, word("language")),
    el("h2", {}, person.name),
    el("dl", {}, ...known.flatMap(([key, value]) => [el("dt", {}, word(key)), el("dd", {}, value)])),
    ...(story ? [el("h3", {}, word("story")), el("p", {}, story)] : []),
    el("h3", {}, word("try")),
    el("div", { class: "tries" }, ...tries),
    el("section", { id: "facts" }),
  );
  drawFacts(scene);
}

function drawFacts(scene) {
  const known = facts(scene).map((fact) => el("li", {}, fact));
  $("facts").replaceChildren(...(known.length ? [el("h3", {}, scene.word("facts")), el("ul", {}, ...known)] : []));
}

function facts(scene) {
  if (!scene.state || scene.channel === "sms") return [];
  const { following, window } = scene.state.person;
  const open = Object.entries(window ?? {}).map(([kind, grant]) => scene.word(`window_${kind}`, { left: grant.left, time: span(grant.seconds) }));
  return [scene.word(following ? "following_yes" : "following_no"), ...(open.length ? open : [scene.word("window_none")])];
}

function span(seconds) {
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 3600)}:${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} h`;
}

function tried(scene, words) {
  $("panel").classList.remove("open");
  scene.act("text", { content: words });
}

function chosenLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("sim-language") ?? navigator.language;
  return asked.startsWith("zh") ? "zh" : "en";
}

function go(code, channel) {
  location.hash = code ? `${encodeURIComponent(code)}/${channel}` : "";
}

function follow(scene) {
  const [code, channel] = location.hash.slice(1).split("/");
  scene.pick(decodeURIComponent(code ?? ""), channel ?? "wechat");
}

function listen(scene) {
  $("search").addEventListener("input", () => drawList(scene));
  $("back").addEventListener("click", () => go("", ""));
  $("about").addEventListener("click", () => $("panel").classList.toggle("open"));
  for (const id of ["why-close", "why-shade"]) $(id).addEventListener("click", () => scene.closeWhy());
  document.addEventListener("keydown", (event) => event.key === "Escape" && escape(scene));
  $("language").addEventListener("click", () => speak(scene));
  window.addEventListener("hashchange", () => follow(scene));
  visualViewport?.addEventListener("resize", () => fit(scene));
  setInterval(() => scene.person && !scene.looking && !document.hidden && scene.look(), EVERY);
}

function speak(scene) {
  scene.language = scene.language === "zh" ? "en" : "zh";
  localStorage.setItem("sim-language", scene.language);
  scene.redraw();
}

// The keyboard on the screen takes room away: the chat keeps to what is left, and its end in sight.
function fit(scene) {
  document.documentElement.style.setProperty("--seen", `${visualViewport.height}px`);
  if (scene.state) scene.toEnd();
}

function escape(scene) {
  $("panel").classList.remove("open");
  scene.closeWhy();
}

const scene = new Scene(await (await fetch("/sim/api/start")).json());
listen(scene);
scene.redraw();
scene.times.begin();
follow(scene);

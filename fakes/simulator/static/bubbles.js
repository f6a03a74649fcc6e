// One message as the phone shows it, with the small print below it.

import { ICONS, avatar, botAvatar, el, icon } from "./dom.js";

const LINK = /<a\s[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"，。；、）】]+)/gi;
const CHOICE = /^(\d{1,2})[.．、]\s*(\S.*)$/;
const ASKS = /[?？]|回|选|reply|pick|choose/i;
const GAP = 300;

// One block a message; a time stamp goes above it when `before` lies long enough back. `around` says whether it is the
// `last` word in the chat (only there choices can be tapped) and whether somebody can ask `why`.
export function block(message, before, around, scene) {
  const late = message.time - (before?.time ?? 0) > GAP;
  const stamp = late ? el("div", { class: "stamp" }, clock(message.time, scene)) : null;
  return el("div", { "data-seq": message.seq }, stamp, ...shown(message, around, scene));
}

// Somebody is writing: what stands at the end of the chat until the answer is there.
export function typing(scene) {
  const dots = el("div", { class: "bubble dots", role: "status", "aria-label": scene.word("typing") }, el("i"), el("i"), el("i"));
  return el("div", {}, el("div", { class: "row" }, botAvatar(), dots));
}

function shown(message, around, scene) {
  if (message.type === "event") return [tip(eventWords(message, scene)), ...problems(message, scene)];
  if (message.type === "notice") return [tip(message.content)];
  if (message.type === "failure") return [row(message, around, scene, "lost"), meta("bad", failure(message, scene))];
  return [row(message, around, scene), ...smallPrint(message, around, scene)];
}

function row(message, around, scene, look = "") {
  const mine = message.direction === "in";
  const face = mine ? avatar(scene.person.name, scene.person.code) : botAvatar();
  const make = BODIES[message.type] ?? text;
  const body = make(message, scene, around);
  if (around.why) askable(body, message, scene);
  return el("div", { class: `row ${mine ? "mine" : ""} ${look}` }, face, body);
}

// A tap on the bubble is a short cut for the button below it, which the keyboard reaches.
function askable(body, message, scene) {
  body.classList.add("askable");
  body.addEventListener("click", (event) => {
    const busy = event.target.closest("a, button") || !getSelection().isCollapsed;
    if (!busy) scene.askWhy(message);
  });
}

const BODIES = {
  text,
  image: picture,
  mms: multimedia,
  voice: (_, scene) => el("div", { class: "bubble voice" }, icon(...ICONS.waves), scene.word("voice_shown")),
  sticker: (_, scene) => el("div", { class: "bubble bare face", role: "img", "aria-label": scene.word("sticker_shown") }, icon(...ICONS.sticker)),
  location: place,
  news,
  template,
  msgmenu: choices,
};

function text(message, scene, around) {
  const content = message.content || message.type;
  const [before, offered] = message.direction === "out" ? parted(content) : [content, []];
  if (!offered.length) return el("div", { class: "bubble" }, ...linked(content, scene));
  return el("div", { class: "bubble offers" }, ...linked(before, scene), numbered(offered, around.last, scene));
}

// A question and the numbered lines it ends with; a list that nothing asks for is no choice.
function parted(content) {
  const lines = content.trimEnd().split("\n");
  let from = lines.length;
  while (from > 0 && CHOICE.test(lines[from - 1])) from -= 1;
  const offered = lines.slice(from).map((line) => line.match(CHOICE).slice(1));
  const inOrder = offered.every(([number], index) => Number(number) === index + 1);
  const asked = ASKS.test(lines.slice(0, from).findLast((line) => line.trim()) ?? "");
  return inOrder && asked ? [lines.slice(0, from).join("\n").trimEnd(), offered] : [content, []];
}

function numbered(offered, open, scene) {
  const choices = offered.map(([number, label]) => {
    const parts = [el("span", { class: "number" }, number), el("span", {}, label)];
    return open ? el("button", { type: "button", onclick: () => scene.act("text", { content: number }) }, ...parts) : el("span", {}, ...parts);
  });
  return el("span", { class: `numbered ${open ? "open" : ""}` }, ...choices);
}

function picture(message, scene) {
  const source = `/sim/media/wechat/${encodeURIComponent(message.media_id)}`;
  return el("div", { class: "bubble bare" }, el("img", { src: source, alt: scene.word("picture_shown") }));
}

function multimedia(message, scene) {
  const pictures = (message.media ?? []).map((url) => {
    const name = url.includes("/media/") ? `/sim/media/sms/${encodeURIComponent(url.split("/").pop())}` : url;
    return el("img", { src: name, alt: scene.word("picture_shown") });
  });
  return el("div", { class: message.content ? "bubble" : "bubble bare" }, ...pictures, ...linked(message.content, scene));
}

function place(message) {
  const where = `${message.lat}, ${message.lng}`;
  const map = el("span", { class: "map" }, icon(...ICONS.location));
  return el("div", { class: "bubble bare" }, el("div", { class: "place" }, el("b", {}, message.label || where), el("small", {}, where), map));
}

function news(message, scene, around) {
  const article = message.articles[0];
  const image = article.picurl ? el("img", { src: article.picurl, alt: "" }) : null;
  image?.addEventListener("error", () => image.remove());
  const [description, offered] = parted(article.description);
  const choices = offered.length ? numbered(offered, around.last, scene) : null;
  const words = description ? el("p", {}, ...linked(description, scene)) : null;
  const card = el("div", { class: "card" }, image, el("h4", {}, article.title), words, choices, more(article.url, scene));
  return el("div", { class: "bubble bare" }, card);
}

function template(message, scene) {
  const fields = message.fields.flatMap((field) => [el("dt", {}, field.label), el("dd", {}, field.value)]);
  const title = el("h4", {}, message.title || scene.word(`via_${message.via}`));
  return el("div", { class: "bubble bare" }, el("div", { class: "card" }, title, el("dl", {}, ...fields), more(message.url, scene)));
}

function choices(message, scene) {
  const items = message.choices.map((choice) =>
    el("button", { type: "button", onclick: () => scene.act("text", { content: choice.content, bizmsgmenuid: choice.id }) }, choice.content),
  );
  const tail = message.tail ? linked(message.tail, scene) : [];
  return el("div", { class: "bubble" }, ...linked(message.content, scene), el("span", { class: "choices" }, ...items), ...tail);
}

function more(url, scene) {
  return url ? el("a", { class: "open", href: safe(url), target: "_blank", rel: "noopener" }, scene.word("details")) : null;
}

function linked(content, scene) {
  const parts = [];
  let from = 0;
  for (const match of content.matchAll(LINK)) {
    parts.push(content.slice(from, match.index), link(match[1] ?? match[3], match[2] ?? match[3], scene));
    from = match.index + match[0].length;
  }
  return [...parts, content.slice(from)];
}

function link(url, label, scene) {
  if (!url.startsWith("weixin://bizmsgmenu")) return el("a", { href: safe(url), target: "_blank", rel: "noopener" }, label);
  const query = new URLSearchParams(url.split("?")[1]);
  const said = { content: query.get("msgmenucontent"), bizmsgmenuid: query.get("msgmenuid") };
  return el("button", { type: "button", class: "word", onclick: () => scene.act("text", said) }, label);
}

function safe(url) {
  return /^https?:\/\//i.test(url) ? url : "#";
}

function smallPrint(message, around, scene) {
  if (message.direction === "in") return delivered(message, scene);
  const road = scene.word(`via_${message.via}`);
  const ai = message.ai ? [scene.word("ai_made")] : [];
  const words = [road, ...ai, ...size(message, scene)].join(" · ");
  const ask = el("button", { type: "button", class: "ask-why", onclick: () => scene.askWhy(message) }, scene.word("why"));
  return [meta("", ...(around.why ? [ask] : []), el("span", {}, words))];
}

function size(message, scene) {
  if (!message.segments) return [];
  const parts = message.segments === 1 ? scene.word("parts_one", { n: 1 }) : scene.word("parts_many", { n: message.segments });
  return [message.encoding, `${message.units}/${room(message)}`, parts];
}

// Protocols.md 3.10: 160 or 70 units alone, 153 or 67 in each of several parts.
function room(message) {
  const [single, part] = message.encoding === "GSM-7" ? [160, 153] : [70, 67];
  return message.segments === 1 ? single : part * message.segments;
}

function delivered(message, scene) {
  const { delivery } = message;
  const state = delivery === undefined ? scene.word("delivering") : delivery.problems.length ? "" : scene.word("delivered", { ms: delivery.ms });
  const small = [...size(message, scene), state].filter(Boolean);
  return [...(small.length ? [meta("mine", small.join(" · "))] : []), ...problems(message, scene)];
}

function problems(message, scene) {
  const delivery = message.delivery;
  if (delivery === undefined || !delivery.problems.length) return [];
  const retried = delivery.attempts > 1 ? [scene.word("retried", { n: delivery.attempts - 1, platform: scene.platform })] : [];
  const end = delivery.good ? [scene.word("recovered", { n: delivery.attempts })] : [];
  return [meta("mine bad", [problem(delivery.problems[0], scene), ...retried, ...end].join(" · "))];
}

function problem(code, scene) {
  const status = code.match(/^status (\d+)|status (\d+)$/);
  if (status) return scene.word("p_status", { status: status[1] ?? status[2] });
  if (code.includes("timeout")) return scene.word("p_timeout", { s: scene.state.cut });
  if (code.includes("refused") || code.includes("connection failure")) return scene.word("p_refused");
  if (code === "broken" || code.includes("retrieval")) return scene.word("p_broken");
  if (code.startsWith("one-way")) return scene.word("p_one_way");
  return scene.word("p_answer", { detail: code });
}

function failure(message, scene) {
  return scene.word("failed", { code: message.error_code ?? message.status, error: message.error });
}

function eventWords(message, scene) {
  const scanned = message.content === "subscribe" && message.key ? "_scan" : "";
  const key = String(message.key ?? "").replace(/^qrscene_/, "");
  const values = { key, label: message.label || key, event: message.content };
  return scene.word(`ev_${message.content}${scanned}`, values) || scene.word("ev_other", values);
}

function tip(words) {
  return el("div", { class: "tip" }, words);
}

function meta(side, ...parts) {
  return el("div", { class: `meta ${side}` }, ...parts);
}

function clock(unix, scene) {
  const then = new Date(unix * 1000);
  const now = new Date(scene.now * 1000);
  const time = then.toLocaleTimeString(scene.locale, { hour: "2-digit", minute: "2-digit", hour12: false });
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return time;
  if (days === 1) return `${scene.word("yesterday")} ${time}`;
  return `${then.toLocaleDateString(scene.locale, { month: "short", day: "numeric" })} ${time}`;
}

// One message as the phone shows it, with the small print below it.

import { ICONS, avatar, botAvatar, el, icon } from "./dom.js";

const LINK = /<a\s[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"，。；、）】]+)/gi;
const GAP = 300;

// One block a message; a time stamp goes above it when `before` lies long enough back.
export function block(message, before, scene) {
  const late = message.time - (before?.time ?? 0) > GAP;
  const stamp = late ? el("div", { class: "stamp" }, clock(message.time, scene)) : null;
  return el("div", {}, stamp, ...shown(message, scene));
}

function shown(message, scene) {
  if (message.type === "event") return [tip(eventWords(message, scene)), ...problems(message, scene)];
  if (message.type === "notice") return [tip(message.content)];
  if (message.type === "failure") return [row(message, scene, "lost"), meta(failure(message, scene), "bad")];
  return [row(message, scene), ...smallPrint(message, scene)];
}

function row(message, scene, look = "") {
  const mine = message.direction === "in";
  const face = mine ? avatar(scene.person.name, scene.person.code) : botAvatar();
  return el("div", { class: `row ${mine ? "mine" : ""} ${look}` }, face, body(message, scene));
}

function body(message, scene) {
  const make = BODIES[message.type] ?? text;
  return make(message, scene);
}

const BODIES = {
  text,
  image: picture,
  mms: multimedia,
  voice: (_, scene) => el("div", { class: "bubble voice" }, "🎙", scene.word("voice_shown")),
  sticker: (_, scene) => el("div", { class: "bubble bare face", role: "img", "aria-label": scene.word("sticker_shown") }, "🥳"),
  location: place,
  news,
  template,
  msgmenu: choices,
};

function text(message, scene) {
  return el("div", { class: "bubble" }, ...linked(message.content || message.type, scene));
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

function news(message, scene) {
  const article = message.articles[0];
  const image = article.picurl ? el("img", { src: article.picurl, alt: "" }) : null;
  const card = el("div", { class: "card" }, image, el("h4", {}, article.title), el("p", {}, article.description), more(article.url, scene));
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

function smallPrint(message, scene) {
  if (message.direction === "in") return delivered(message, scene);
  const road = scene.word(`via_${message.via}`);
  const ai = message.ai ? [scene.word("ai_made")] : [];
  return [meta([road, ...ai, ...size(message, scene)].join(" · "))];
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
  return [...(small.length ? [meta(small.join(" · "), "mine")] : []), ...problems(message, scene)];
}

function problems(message, scene) {
  const delivery = message.delivery;
  if (delivery === undefined || !delivery.problems.length) return [];
  const retried = delivery.attempts > 1 ? [scene.word("retried", { n: delivery.attempts - 1, platform: scene.platform })] : [];
  const end = delivery.good ? [scene.word("recovered", { n: delivery.attempts })] : [];
  return [meta([problem(delivery.problems[0], scene), ...retried, ...end].join(" · "), "mine bad")];
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

function meta(words, side = "") {
  return el("div", { class: `meta ${side}` }, words);
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

// Why the bot answered so: what it took the message to mean, how sure it was, the road it walked, the facts it used.
// And why it spoke by itself: which entry of the rhythm it was, why at this moment, and by which road.

import { el } from "./dom.js";

const LAST = 60; // messages asked for at once
const FAR = 30; // seconds between a message and its record
const LATE = 60; // seconds within which a message of its own still counts as an answer
const LONG = 2 * 3600; // seconds: while time is played a message and its record may lie so far apart
const ROADS = { custom: "service", template: "template", subscribe: "subscription", api: "sms" }; // pushed: by which road
const SURE = [[0.8, "sure_high"], [0.5, "sure_middle"], [0, "sure_low"]];

// Which message of the person a message of the bot answers, or null.
export function answered(message, messages) {
  if (message.direction !== "out" || !["passive", "twiml", "custom", "api"].includes(message.via)) return null;
  const said = messages.findLast((one) => one.seq < message.seq && one.via === "user") ?? null;
  const pushed = message.via === "custom" || message.via === "api";
  return said && pushed && message.time - said.time > LATE ? null : said;
}

// Whether somebody can ask why: an answer, or something that was said unasked.
export function isAsked(message, messages) {
  return answered(message, messages) !== null || (message.direction === "out" && message.via in ROADS);
}

// The records of this person's last messages; null where they are nobody's to see.
export async function records(channel, person) {
  return told("/sim/why", channel, person);
}

// The records of what was said to this person unasked; null where they are nobody's to see.
export async function pushes(channel, person) {
  return told("/sim/why/pushed", channel, person);
}

async function told(path, channel, person) {
  const address = channel === "wechat" ? person.openid : person.phone;
  const query = new URLSearchParams({ channel, address, last: LAST });
  return fetch(`${path}?${query}`).then((response) => (response.ok ? response.json() : null)).catch(() => null);
}

// The record of a message that came unasked: of the same id, else with the same words, else the nearest by its road.
export function pushedRecordOf(message, found) {
  if (!(message.via in ROADS)) return null;
  const id = String(message.sid ?? message.msgid ?? "");
  const away = (record) => Math.abs(Date.parse(record.sent_at) / 1000 - message.time);
  const fit = (record) => (id && record.provider_id === id ? 2 : 0) + (words(record.text) === words(message.content) ? 1 : 0);
  const near = found.filter((record) => record.via === ROADS[message.via] && away(record) < LONG);
  return near.sort((one, other) => fit(other) - fit(one) || away(one) - away(other))[0] ?? null;
}

function words(text) {
  return (text ?? "").replace(/\s+/g, " ").trim();
}

// The record of one message: the same words, and the nearest in time.
export function recordOf(said, found) {
  const words = said.type === "text" ? said.content.trim() : "";
  const away = (record) => Math.abs(Date.parse(record.received_at) / 1000 - said.time);
  const near = found.filter((record) => away(record) < FAR).sort((one, other) => away(one) - away(other));
  return near.find((record) => record.text.trim() === words) ?? (words ? null : near[0]) ?? null;
}

export function explained(said, record, scene) {
  const { word } = scene;
  const why = record?.why ?? {};
  const quote = said?.type === "text" ? el("blockquote", {}, said.content) : null;
  if (!Object.keys(why).length) return [quote, el("p", { class: "why-none" }, word(record ? "why_nothing" : "why_away"))];
  return [
    quote,
    ...part(word("why_event"), why.event && el("p", {}, word(`e_${why.event}`) || why.event)),
    ...heard(why, record.names ?? {}, scene),
    ...part(word("why_also"), why.also?.length && el("p", {}, why.also.map((meaning) => named(meaning, record.names ?? {}, scene)).join(" · "))),
    ...part(word("why_rule"), why.rule && el("p", {}, word(`rule_${why.rule}`) || why.rule)),
    ...part(word("why_decision"), why.decision && el("p", {}, word(`decision_${why.decision}`) || why.decision)),
    ...part(word("why_road"), why.road?.length && el("ol", { class: "road" }, ...why.road.map((step) => el("li", {}, step)))),
    ...part(word("why_facts"), facts(why.facts ?? {}, scene)),
    ...part(word("why_said"), why.said?.length && el("p", { class: "keys" }, ...why.said.map((key) => el("code", {}, key)))),
  ];
}

export function toldWhy(message, record, scene) {
  const { word } = scene;
  const touch = record.touch;
  const planned = touch && [moment(touch.meant_at ?? touch.due_at, scene), touch.deferred && word("why_deferred", { reason: word(`d_${touch.deferred}`) || touch.deferred })];
  return [
    el("blockquote", { class: "theirs" }, message.content),
    ...part(word("why_this"), touch && el("p", {}, el("span", { class: "meaning" }, word(`k_${touch.kind}`) || touch.kind), " ", el("code", {}, [touch.entry, touch.occasion].filter(Boolean).join(" · ")))),
    ...part(word("why_this"), !touch && el("p", {}, word(`k_${record.kind}`) || record.kind)),
    ...part(word("why_now"), planned && el("ul", { class: "lines" }, ...planned.filter(Boolean).map((line) => el("li", {}, line)))),
    ...part(word("why_way"), el("ol", { class: "road" }, ...[...record.trail, record].map((one) => el("li", { class: one.state }, way(one, scene))))),
    ...part(word("why_cost"), record.cost > 0 && el("p", {}, (record.cost / 1e6).toFixed(2), record.parts > 1 ? ` · ${word("parts_many", { n: record.parts })}` : "")),
    ...part(word("why_said"), record.said && el("p", { class: "keys" }, ...record.said.split(" ").map((key) => el("code", {}, key)))),
  ];
}

// By which road, and what became of it there.
function way(one, { word }) {
  const outcome = [word(`o_${one.state}`) || one.state, one.state === "failed" && (one.error_code || one.reason)].filter(Boolean).join(" ");
  return word("why_went", { road: word(`w_${one.via}`) || one.via, outcome });
}

function moment(iso, scene) {
  const planned = new Date(iso).toLocaleString(scene.locale, { month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
  return scene.word("why_meant", { moment: planned });
}

function heard(why, names, scene) {
  const { word } = scene;
  const [first, ...others] = why.top ?? [];
  if (!first) return [];
  const [meaning, p] = [first[0], why.p ?? first[1]];
  const sure = SURE.find(([least]) => p >= least)[1];
  return [
    ...part(why.decision === "answer" ? word("why_meaning") : word("why_closest"), el("p", { class: "meaning" }, named(meaning, names, scene), " ", el("code", {}, meaning))),
    bar(p, word("why_sure", { percent: percent(p), sure: word(sure) }), sure),
    ...part(word("why_others"), others.length && el("ul", { class: "others" }, ...others.map(([other, q]) => el("li", {}, el("span", {}, named(other, names, scene)), el("span", {}, percent(q)))))),
  ];
}

function named(meaning, names, scene) {
  const called = names[meaning] ?? {};
  return called[scene.language] ?? meaning;
}

function bar(p, words, look) {
  const filled = el("span", {});
  filled.style.width = `${p * 100}%`;
  return el("div", { class: `sure ${look}` }, el("div", { class: "sure-bar", "aria-hidden": "true" }, filled), el("p", {}, words));
}

function facts(used, scene) {
  const { word } = scene;
  const chips = Object.entries(used).map(([name, value]) => {
    const shown = word(`v_${value}`) || word(`s_${value}`) || String(value);
    return el("li", { title: `${name}: ${value}` }, el("span", {}, word(`f_${name}`) || name), el("b", {}, shown));
  });
  return chips.length ? el("ul", { class: "chips" }, ...chips) : null;
}

function part(title, content) {
  return content ? [el("h3", {}, title), content] : [];
}

function percent(p) {
  return p > 0 && p < 0.01 ? "<1%" : `${Math.round(p * 100)}%`;
}

// Why the bot answered so: what it took the message to mean, how sure it was, the road it walked, the facts it used.

import { el } from "./dom.js";

const LAST = 60; // messages asked for at once
const FAR = 30; // seconds between a message and its record
const LATE = 60; // seconds within which a message of its own still counts as an answer
const SURE = [[0.8, "sure_high"], [0.5, "sure_middle"], [0, "sure_low"]];

// Which message of the person a message of the bot answers, or null.
export function answered(message, messages) {
  if (message.direction !== "out" || !["passive", "twiml", "custom", "api"].includes(message.via)) return null;
  const said = messages.findLast((one) => one.seq < message.seq && one.via === "user") ?? null;
  const pushed = message.via === "custom" || message.via === "api";
  return said && pushed && message.time - said.time > LATE ? null : said;
}

// The records of this person's last messages; null where they are nobody's to see.
export async function records(channel, person) {
  const address = channel === "wechat" ? person.openid : person.phone;
  const query = new URLSearchParams({ channel, address, last: LAST });
  return fetch(`/sim/why?${query}`).then((response) => (response.ok ? response.json() : null)).catch(() => null);
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
  const quote = said.type === "text" ? el("blockquote", {}, said.content) : null;
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

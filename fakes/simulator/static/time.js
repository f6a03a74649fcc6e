// The bar on top: what time it is in the demo, and the buttons that move it.

import { el } from "./dom.js";

const EVERY = 900; // milliseconds between looks
const SOON = 250; // while time is played
const DAYS = 30;

export class TimeBar {
  constructor(root, scene) {
    this.root = root;
    this.scene = scene;
    this.state = null;
    this.looks = 0;
  }

  // Does nothing where there is no time machine.
  begin() {
    if (!this.scene.time) return;
    this.root.hidden = false;
    this.look();
  }

  async look() {
    const turn = ++this.looks;
    await this.ask("/sim/api/time");
    setTimeout(() => turn === this.looks && this.look(), this.state?.playing ? SOON : EVERY);
  }

  async order(name, fields = {}) {
    await this.ask(`/sim/api/time/${name}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) });
    this.look();
  }

  async ask(path, options) {
    const state = await fetch(path, options).then((response) => (response.ok ? response.json() : null)).catch(() => null);
    if (state === null) return;
    this.state = state;
    this.draw();
  }

  draw() {
    if (!this.state) return;
    const { now, playing, until } = this.state;
    const looks = JSON.stringify([playing, this.scene.language]);
    if (this.root.dataset.looks !== looks) {
      this.root.dataset.looks = looks;
      this.root.replaceChildren(el("p", { id: "time-now", role: "timer" }), el("p", { id: "time-until" }), el("div", {}, ...this.buttons(playing)));
    }
    this.root.querySelector("#time-now").replaceChildren(...this.moment(new Date(now)));
    this.root.querySelector("#time-until").textContent = until && playing ? this.scene.word("time_until", { day: this.day(new Date(until)) }) : "";
  }

  buttons(playing) {
    if (playing) return [this.button("time_pause", () => this.order("pause"), "stop")];
    return [
      this.button("time_hour", () => this.order("step", { hours: 1 })),
      this.button("time_day", () => this.order("step", { hours: 24 })),
      this.button("time_play", () => this.order("play", { days: DAYS }), "go"),
    ];
  }

  button(word, onclick, look = "") {
    return el("button", { type: "button", class: look, onclick }, this.scene.word(word));
  }

  moment(now) {
    const time = now.toLocaleTimeString(this.scene.locale, { hour: "2-digit", minute: "2-digit", hour12: false });
    return [el("span", {}, this.day(now)), " ", el("b", {}, time)];
  }

  day(moment) {
    return moment.toLocaleDateString(this.scene.locale, { month: "short", day: "numeric", weekday: "short" });
  }
}

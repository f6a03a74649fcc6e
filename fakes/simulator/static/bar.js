// The bottom of the phone: keyboard, account menu, plus panel and its sheets.

import { ICONS, el, icon } from "./dom.js";

const SIDE = 1280; // pixels of a picture's longer side; made smaller until it weighs no more than MOST bytes
const MOST = 44_000;

export class Bar {
  constructor(root, scene) {
    this.root = root;
    this.scene = scene;
    this.open = "";
    this.typing = false;
    this.drawn = "";
  }

  // Draws again only when what it depends on has changed, so that typing is never disturbed.
  draw() {
    const { channel, state, language } = this.scene;
    const following = channel === "sms" || state.person.following;
    const menu = channel === "wechat" ? (state.menu?.button ?? []) : [];
    const looks = JSON.stringify([channel, this.scene.person.code, language, following, menu, this.open, this.typing]);
    if (looks === this.drawn) return;
    this.drawn = looks;
    const field = this.root.querySelector("textarea");
    const [kept, focused] = [field?.value ?? "", field !== null && document.activeElement === field];
    this.root.replaceChildren(...this.parts(channel, following, menu));
    this.restore(kept, focused);
    this.scene.toEnd();
  }

  restore(words, focused) {
    const field = this.root.querySelector("textarea");
    if (!field) return;
    field.value = words;
    field.dispatchEvent(new Event("input"));
    if (focused) field.focus();
  }

  parts(channel, following, menu) {
    if (!following) return this.open === "scan" ? [this.scan()] : [];
    if (channel === "sms") return [this.quick(), this.keyboard(false)];
    const below = { plus: () => [this.plus()], scan: () => [this.scan()], location: () => [this.places()] }[this.open];
    const front = menu.length && !this.typing ? this.menus(menu) : this.keyboard(menu.length > 0);
    return [front, ...(below ? below() : [])];
  }

  keyboard(hasMenu) {
    const word = this.scene.word;
    const sms = this.scene.channel === "sms";
    const hint = word(sms ? "text_message" : "message");
    const field = el("textarea", { name: "content", rows: 1, autocomplete: "off", enterkeyhint: "send", placeholder: hint, "aria-label": hint, maxlength: 1600 });
    const toMenu = hasMenu ? this.button("menus", "menus", () => this.show({ typing: false, open: "" })) : null;
    const more = sms ? this.picker("picture") : this.button("plus", "plus", () => this.toggle("plus"));
    const send = el("button", { type: "submit", class: "send" }, word("send"));
    const form = el("form", { class: "keyboard" }, toMenu, sms ? more : null, field, sms ? null : more, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      this.scene.act("text", { content: field.value });
      field.value = "";
      field.dispatchEvent(new Event("input"));
    });
    field.addEventListener("keydown", (event) => submits(event) && (event.preventDefault(), form.requestSubmit()));
    field.addEventListener("input", () => grow(field, form));
    return form;
  }

  menus(menu) {
    const tops = menu.map((button) => this.top(button));
    return el("div", { class: "menus" }, this.button("keyboard", "keyboard", () => this.show({ typing: true, open: "" })), ...tops);
  }

  top(button) {
    const below = button.sub_button ?? [];
    const key = `menu:${button.name}`;
    const tap = below.length ? () => this.toggle(key) : () => this.tapped(button);
    const subs = below.map((sub) => el("button", { type: "button", onclick: () => this.tapped(sub) }, sub.name));
    const list = below.length && this.open === key ? el("div", { class: "subs" }, ...subs) : null;
    const top = el("button", { type: "button", "aria-expanded": below.length ? String(this.open === key) : null, onclick: tap }, button.name);
    return el("div", { class: below.length ? "top has" : "top" }, top, list);
  }

  tapped(button) {
    this.show({ open: "" });
    if (button.type !== "view") return this.scene.act("menu", { key: button.key, label: button.name });
    window.open(button.url, "_blank", "noopener");
    return this.scene.act("menu", { url: button.url, label: button.name });
  }

  quick() {
    const words = ["STOP", "START", "HELP"];
    return el("div", { class: "quick" }, ...words.map((word) => el("button", { type: "button", onclick: () => this.scene.act("text", { content: word }) }, word)));
  }

  plus() {
    const tiles = [
      this.tile("scan", () => this.show({ open: "scan" })),
      this.tile("location", () => this.show({ open: "location" })),
      this.picker("picture", true),
      this.tile("voice", () => this.acted("voice")),
      this.tile("sticker", () => this.acted("sticker")),
      this.tile("unfollow", () => this.acted("unfollow"), "follow"),
    ];
    return el("div", { class: "plus" }, ...tiles);
  }

  scan() {
    const input = el("input", { type: "text", name: "scene", id: "scene", autocomplete: "off", value: this.scene.person.invite ?? "" });
    const go = el("button", { type: "submit", class: "solid" }, this.scene.word("scan_go"));
    const label = el("label", { for: "scene" }, this.scene.word("scan_prompt"));
    const form = el("form", { class: "sheet" }, el("div", {}, label, el("div", { class: "pair" }, input, go)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim()) this.acted("scan", { scene: input.value.trim() });
    });
    return form;
  }

  places() {
    const buttons = this.scene.places.map((place) => {
      const where = { lat: place.lat, lng: place.lng, label: place[this.scene.language] };
      return el("button", { type: "button", onclick: () => this.acted("location", where) }, where.label);
    });
    return el("div", { class: "sheet" }, el("div", { class: "places" }, ...buttons));
  }

  picker(word, tiled = false) {
    const input = el("input", { type: "file", accept: "image/*", hidden: "" });
    input.addEventListener("change", () => this.sendPicture(input.files[0]));
    const choose = () => input.click();
    const button = tiled ? this.tile(word, choose) : this.button(word, word, choose);
    return el("span", {}, button, input);
  }

  async sendPicture(file) {
    const picture = file ? await smaller(file).catch(() => null) : null;
    if (!picture) return;
    const bytes = new Uint8Array(await picture.arrayBuffer());
    const base64 = btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
    this.acted("picture", { base64, type: picture.type });
  }

  acted(name, fields = {}) {
    this.show({ open: "" });
    this.scene.act(name, fields);
  }

  toggle(name) {
    this.show({ open: this.open === name ? "" : name });
  }

  show(change) {
    Object.assign(this, change);
    this.draw();
  }

  button(name, word, onclick) {
    return el("button", { type: "button", class: "icon", "aria-label": this.scene.word(word), onclick }, icon(...ICONS[name]));
  }

  tile(word, onclick, picture = word) {
    return el("button", { type: "button", onclick }, el("span", { class: "tile" }, icon(...ICONS[picture])), this.scene.word(word));
  }
}

// Enter sends, as the phone's own key does; not while an input method is still composing.
function submits(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

function grow(field, form) {
  form.classList.toggle("has-words", field.value.trim() !== "");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 118)}px`;
}

// As a phone does before it sends: the picture again, smaller; keepwarm's door takes 64 KB.
async function smaller(file) {
  if (file.size <= MOST) return file;
  const image = await createImageBitmap(file);
  for (let side = SIDE; side > 80; side *= 0.7) {
    const scale = Math.min(1, side / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.ceil(image.width * scale), Math.ceil(image.height * scale)];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.7));
    if (blob.size <= MOST) return blob;
  }
  return null;
}

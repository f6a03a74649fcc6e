// Small makers of page elements; text is always set as text.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (name === "class") made.className = value;
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function icon(...paths) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

export function avatar(name, code) {
  const hue = [...String(code)].reduce((sum, char) => sum + char.codePointAt(0), 0) % 8;
  return el("span", { class: `avatar hue${hue}`, "aria-hidden": "true" }, [...name][0] ?? "?");
}

export function botAvatar() {
  return el("span", { class: "avatar bot", "aria-hidden": "true" }, icon("M4 5h16v11h-9l-4 4v-4H4z"));
}

export const ICONS = {
  voice: ["M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z", "M6 11a6 6 0 0 0 12 0", "M12 17v4"],
  waves: ["M8 9.5a4 4 0 0 1 0 5", "M11 7a8 8 0 0 1 0 10", "M14 4.5a12 12 0 0 1 0 15"],
  plus: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", "M12 8v8", "M8 12h8"],
  keyboard: ["M3 6h18v12H3z", "M7 10h.01", "M11 10h.01", "M15 10h.01", "M8 14h8"],
  menus: ["M5 7h14", "M5 12h14", "M5 17h14"],
  scan: ["M4 8V4h4", "M16 4h4v4", "M20 16v4h-4", "M8 20H4v-4", "M4 12h16"],
  location: ["M12 21s7-6.5 7-12a7 7 0 0 0-14 0c0 5.5 7 12 7 12z", "M12 7a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z"],
  picture: ["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15 9h.01"],
  sticker: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", "M8.5 10h.01", "M15.5 10h.01", "M8 14c2 3 6 3 8 0"],
  follow: ["M9 11a4 4 0 1 1 0-8 4 4 0 0 1 0 8z", "M2 21c0-8 14-8 14 0", "M19 8v6", "M16 11h6"],
};

import { element, icon } from "./dom.js";

const SUN =
  "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2";
const MOON = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500Z";

/** A button that shows the other theme and remembers it; `public/theme.js` set the first one. */
export function createThemeButton(): HTMLButtonElement {
  const button = element("button", { type: "button", class: "icon-button", "data-testid": "theme" });
  const show = (): void => {
    const other = isDark() ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
    button.title = `Switch to the ${other} theme`;
    button.replaceChildren(icon(isDark() ? SUN : MOON));
  };
  button.addEventListener("click", () => remember(isDark() ? "light" : "dark"));
  new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  show();
  return button;
}

function isDark(): boolean {
  return document.documentElement.dataset["theme"] === "dark";
}

function remember(theme: "light" | "dark"): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    window.localStorage.setItem("fedge-theme", theme);
  } catch (error) {
    console.warn("cannot remember the theme; storage is blocked", error);
  }
}

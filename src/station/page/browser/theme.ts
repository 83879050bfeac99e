import { setText } from "./dom.js";
import { keep, keptOf } from "./kept.js";

/** As the system has it, or as a person chose on this screen. */
const themes = ["system", "light", "dark"] as const;
const words = { system: "Theme: auto", light: "Theme: light", dark: "Theme: dark" } as const;

export function themeSwitch(button: HTMLButtonElement | undefined): () => void {
  const kept = keptOf("theme");
  let current = themes.find((one) => one === kept) ?? "system";
  const show = (): void => {
    document.documentElement.dataset["theme"] = current;
    if (button !== undefined) setText(button, words[current]);
  };
  const next = (): void => {
    current = themes[(themes.indexOf(current) + 1) % themes.length] ?? "system";
    keep("theme", current);
    show();
  };
  button?.addEventListener("click", next);
  show();
  return next;
}

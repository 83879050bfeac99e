import { after } from "./time.js";
import { fastMs, Wedge } from "./wedge.js";

/** The keyboard: a scanner's keys go to the station, a person's single letters are shortcuts, and everything else is the browser's. */

export interface KeyParts {
  readonly scan: (text: string) => void;
  readonly shortcuts: Readonly<Record<string, () => void>>;
  readonly areShortcutsOn: () => boolean;
}

export function listenToKeys({ scan, shortcuts, areShortcutsOn }: KeyParts): void {
  const wedge = new Wedge();
  const swallowed = new Set<string>();
  let cancelShortcut = (): void => undefined;

  const swallow = (event: KeyboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    // A space that goes up presses the button that has the focus.
    swallowed.add(event.key);
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      cancelShortcut();
      const isCommand = event.ctrlKey || event.altKey || event.metaKey;
      const isInTextField = takesText(event.target);
      const meaning = wedge.hear({ key: event.key, isCommand, isInTextField, atMs: event.timeStamp });
      switch (meaning.kind) {
        case "scan":
          swallow(event);
          scan(meaning.text);
          return;
        case "more":
          swallow(event);
          return;
        case "first": {
          const shortcut = Object.hasOwn(shortcuts, event.key) ? shortcuts[event.key] : undefined;
          if (shortcut === undefined || event.repeat || !areShortcutsOn()) return;
          // Firefox would open its own search with "/".
          event.preventDefault();
          // The next character tells whether this was a scanner.
          cancelShortcut = after(fastMs, shortcut);
          return;
        }
        case "other":
      }
    },
    { capture: true },
  );
  document.addEventListener(
    "keyup",
    (event) => {
      if (swallowed.delete(event.key)) event.preventDefault();
    },
    { capture: true },
  );
}

const textTypes: ReadonlySet<string> = new Set(["text", "search", "password", "number", "email", "url", "tel"]);

function takesText(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return textTypes.has(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

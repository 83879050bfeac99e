import type { Tone } from "../page/browser/words.js";

/** How a tone is drawn on a terminal: 256 colours, chosen as the page's are, and always beside a word. */

export type Style = Tone | "alarm" | "bold" | "plain";

const codes: Readonly<Record<Style, string>> = {
  pass: "1;97;48;5;23",
  fail: "1;97;48;5;130",
  work: "38;5;75",
  act: "1;30;48;5;220",
  rest: "2",
  off: "2;7",
  alarm: "1;97;48;5;130",
  bold: "1",
  plain: "",
};

export type Painter = (text: string, style: Style) => string;

export function painter(colour: boolean): Painter {
  return (text, style) => (!colour || codes[style] === "" ? text : `\x1b[${codes[style]}m${text}\x1b[0m`);
}

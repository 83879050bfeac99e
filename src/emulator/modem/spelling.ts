/** How this firmware writes what all others write, too: line ends, echoes, the words of errors. Pure. */

import type { World } from "./world-options.js";

/** As they are met: EM9191's "Parameters error" (lpac #187), Quectel's manual with "(U)SIM" in its table and "SIM" in its example. */
const otherCmeWords: Readonly<Record<number, string>> = {
  3: "operation not allowed",
  4: "Operation not supported by ME",
  10: "(U)SIM not inserted",
  11: "(U)SIM PIN required",
  13: "(U)SIM failure",
  14: "(U)SIM busy",
  22: "Element not found",
  50: "Parameters error",
};

export function cmeWordsOf(
  world: Pick<World, "cmeWords">,
  makers: Readonly<Record<number, string>>,
): Readonly<Record<number, string>> {
  return world.cmeWords === "other" ? { ...otherCmeWords, ...makers } : makers;
}

/** An answer or an unsolicited line with this modem's line ends in place of CR LF. */
export function withLineEnds(text: string, lineEnds: World["lineEnds"]): string {
  switch (lineEnds) {
    case "crlf":
      return text;
    case "lf":
      return text.replaceAll("\r\n", "\n");
    case "cr":
      return text.replaceAll("\r\n", "\r");
    case "crcrlf":
      return text.replaceAll("\r\n", "\r\r\n");
    case "behind":
      // No empty line in front of a line.
      return text.replace(/(^|\r\n)\r\n/g, "$1");
  }
}

/** The command line as it comes back, with CR. */
export function echoOf(line: string, lostCharacters: number): string {
  return `${line}\r`.slice(lostCharacters);
}

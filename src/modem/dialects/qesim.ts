import type { AnswerPattern } from "../../at/channel.js";
import { type Eid, parseEid } from "../../base/identifiers.js";
import { type ProfileRow, parseProfileRow } from "../profile-row.js";
import type { Exchange, OwnLpaDialect } from "./dialect.js";

/** What the `AT+QESIM` families share. */
export const qesim: AnswerPattern = { kind: "prefix", prefix: "+QESIM" };

/** A list: a header with the prefix, and profiles on lines without one. */
const qesimList: AnswerPattern = { kind: "free", own: /^\+QESIM\s*:\s*("list"|\d)/i };

export const qesimProbe: Pick<OwnLpaDialect["probe"], "send" | "timeoutMs"> = { send: "AT+QESIM=?", timeoutMs: 5_000 };

/** `+QESIM: "<operation>",<code>`; a code of zeros is success, with or without 0x. */
export function qesimResult(operation: string): NonNullable<Exchange["resultCode"]> {
  return {
    pattern: new RegExp(`^\\+QESIM\\s*:\\s*"${operation}"\\s*,\\s*"?(?:0x)?([0-9A-Fa-f]{1,8})"?\\s*(?:,|$)`),
    success: /^0+$/,
  };
}

/** The EID stands at different places, quoted or not: the first run of exactly 32 digits is it. */
export function parseEidAnswer(lines: readonly string[]): Eid | undefined {
  for (const line of lines) {
    const digits = /(?<!\d)(\d{32})(?!\d)/.exec(line)?.[1];
    if (digits !== undefined) return parseEid(digits, "the modem's EID answer");
  }
  return undefined;
}

export function parseListAnswer(lines: readonly string[]): readonly ProfileRow[] {
  return lines.map(parseProfileRow).filter((row) => row !== undefined);
}

/** The operations by ICCID, alike in both families that know them: the LPA inside the modem answers each with a result. */
export function qesimByIccid(listSend: string): Pick<OwnLpaDialect, "list" | "enable" | "disable"> {
  const switchTo = (operation: "enable" | "disable"): Exchange => ({
    send: `AT+QESIM="${operation}","{iccid}"`,
    answer: qesim,
    timeoutMs: 30_000,
    resultCode: qesimResult(operation),
    repeatable: false,
  });
  return {
    list: {
      send: listSend,
      answer: qesimList,
      timeoutMs: 10_000,
      resultCode: qesimResult("list"),
      repeatable: true,
      parse: parseListAnswer,
    },
    enable: switchTo("enable"),
    disable: switchTo("disable"),
  };
}

import type { AnswerPattern } from "../../at/channel.js";
import { EsimdError } from "../../base/errors.js";
import { type Eid, parseEid, quote } from "../../base/identifiers.js";
import { type ProfileRow, parseProfileRow } from "../profile-row.js";
import type { Exchange, OwnLpaDialect } from "./dialect.js";

/** What the `AT+QESIM` families share. */
export const qesim: AnswerPattern = { kind: "prefix", prefix: "+QESIM" };

/** A list: a header with the prefix, and profiles on lines without one. */
const qesimList: AnswerPattern = { kind: "free", own: /^\+QESIM\s*:\s*("list"|\d)/i };

export const qesimProbe: Pick<OwnLpaDialect["probe"], "send" | "timeoutMs"> = { send: "AT+QESIM=?", timeoutMs: 5_000 };

/**
 * The third family, of Quectel's 5G modems: profiles by index, and no proof of a download over AT. Its LPA can be switched off
 * (lpa-enable.ts), and then it is a modem with raw card access like any other.
 */
export function listsIndexFamily(lines: readonly string[]): boolean {
  return /lpa_enable|profile_brief/i.test(lines.join(" "));
}

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

const listHeader = /^\+QESIM\s*:\s*"list"\s*,\s*"?(0x)?[0-9A-F]{1,8}"?\s*$/i;

/**
 * @throws EsimdError `modem_protocol` for a line that belongs to the list and cannot be read: the profile in it would pass for one that
 * is not there, and would be paid for a second time.
 */
export function parseListAnswer(lines: readonly string[]): readonly ProfileRow[] {
  return lines.flatMap((line) => {
    const row = parseProfileRow(line);
    if (row !== undefined) return [row];
    const belongs = /\d{18}/.test(line) || (/^\+QESIM\s*:\s*"list"/i.test(line) && !listHeader.test(line));
    if (belongs) throw new EsimdError("modem_protocol", `the line ${quote(line)} of a profile list cannot be read`);
    return [];
  });
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

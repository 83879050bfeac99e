import { splitFields } from "../at/fields.js";
import { type Iccid, parseIccid } from "../base/identifiers.js";

/** A profile as a modem's own LPA lists it. */
export interface ProfileRow {
  readonly iccid: Iccid;
  readonly enabled: boolean;
  /** Every other field of the line, unread: vendors disagree about their order. */
  readonly rest: readonly string[];
}

/**
 * One line of a profile list. Reports disagree (facts on the Quectel families), so it is read by shape and not by place: the first field
 * of 18 to 20 digits is the ICCID, the field behind it the state. Lines without an ICCID (headers, counts) are not profiles.
 */
export function parseProfileRow(line: string): ProfileRow | undefined {
  const fields = splitFields(line.replace(/^\+\w+\s*:\s*/, ""));
  const at = fields.findIndex((field) => /^\d{18,20}[Ff]?$/.test(field));
  const iccidText = fields[at];
  const state = fields[at + 1];
  if (at < 0 || iccidText === undefined || state === undefined) return undefined;
  if (!/^[01]$|^(en|dis)abled$/i.test(state)) return undefined;
  return {
    iccid: parseIccid(iccidText, "the modem's profile list"),
    enabled: state === "1" || /^enabled$/i.test(state),
    rest: fields.slice(at + 2),
  };
}

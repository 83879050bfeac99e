import { EsimdError } from "../base/errors.js";
import {
  type Eid,
  type Iccid,
  type Imei,
  parseActivationCode,
  parseEid,
  parseIccid,
  parseImei,
  quote,
} from "../base/identifiers.js";

/** What stands on a label: the unit's identifiers, and whatever else the template asks for (a batch, a date, a word to the user). */

export interface LabelData {
  readonly serial?: string | undefined;
  readonly eid?: Eid | undefined;
  readonly iccid?: Iccid | undefined;
  readonly imei?: Imei | undefined;
  readonly activationCode?: LabelActivationCode | undefined;
  /** By the names that the template has in braces. */
  readonly fields?: Readonly<Record<string, string>>;
}

declare const brand: unique symbol;

/** `1$HOST$MATCHING-ID…` as it was given, in its own case, without `LPA:` in front. */
export type LabelActivationCode = string & { readonly [brand]: "LabelActivationCode" };

/** Longer than any activation code (SGP.22, 4.1: 255), and than any line of a label. */
const longestValue = 255;

const fieldName = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

/** What is said of a name that is none. */
export const fieldNameForm = "a letter, then letters, digits, _ or -, at most 32";

/**
 * From names and texts, as flags, a CSV or JSON have them. An empty text counts as not given. `place` is where they stand, for the error.
 * @throws EsimdError `bad_input`, `bad_eid`, `bad_activation_code`; none of them repeats an activation code.
 */
export function parseLabelData(values: Readonly<Record<string, string>>, place: string): LabelData {
  const given = new Map<string, string>();
  for (const [name, raw] of Object.entries(values)) {
    if (!fieldName.test(name)) {
      throw new EsimdError("bad_input", `${place}: ${quote(name)} is no name of a field: ${fieldNameForm}`);
    }
    const text = raw.trim();
    if (text.length > longestValue || /\p{Cc}/u.test(text)) {
      const why =
        text.length > longestValue ? `has ${text.length} characters` : "has a line break or control character";
      throw new EsimdError("bad_input", `${place}: ${name} ${why}; a label takes one line of at most ${longestValue}`);
    }
    if (text !== "") given.set(name, text);
  }
  const { serial, eid, iccid, imei, activation_code: code, ...fields } = Object.fromEntries(given);
  const taken = Object.keys(fields).find((name) => computed.has(name));
  if (taken !== undefined) {
    throw new EsimdError("bad_input", `${place}: ${taken} is made from activation_code, and cannot be given`);
  }
  return {
    serial,
    eid: eid === undefined ? undefined : parseEid(eid, `${place}: eid`),
    iccid: iccid === undefined ? undefined : parseIccid(iccid, `${place}: iccid`),
    imei: imei === undefined ? undefined : parseImei(imei, `${place}: imei`),
    activationCode: code === undefined ? undefined : parseLabelActivationCode(code, place),
    fields,
  };
}

/** Placeholders that are made from another field. */
const computed: ReadonlySet<string> = new Set(["lpa"]);

/**
 * Takes the code with or without `LPA:`, checks it whole, and leaves its case alone: what is all capitals makes a smaller QR code.
 * @throws EsimdError `bad_activation_code`.
 */
export function parseLabelActivationCode(text: string, place: string): LabelActivationCode {
  const code = text.trim().replace(/^LPA:/i, "");
  parseActivationCode(code, place);
  if (isPlain(code)) return code;
  throw new EsimdError("bad_activation_code", `${place}: the activation code has a space or LPA: inside`);
}

function isPlain(code: string): code is LabelActivationCode {
  return /^1\$[\x21-\x7e]+$/.test(code);
}

/** What each placeholder stands for: those of the data, and `lpa`, the activation code as a phone scans it (SGP.22, 4.1). */
export function valuesOf(data: LabelData): ReadonlyMap<string, string> {
  const { serial, eid, iccid, imei, activationCode, fields = {} } = data;
  const all: readonly (readonly [string, string | undefined])[] = [
    ...Object.entries(fields),
    ["serial", serial],
    ["eid", eid],
    ["iccid", iccid],
    ["imei", imei],
    ["activation_code", activationCode],
    ["lpa", activationCode === undefined ? undefined : `LPA:${activationCode}`],
  ];
  return new Map(all.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const])));
}

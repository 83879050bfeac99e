import { splitFields } from "../at/fields.js";
import { type Iccid, parseIccid } from "../base/identifiers.js";

/** A profile as a modem's own LPA lists it. */
export interface ProfileRow {
  readonly iccid: Iccid;
  readonly enabled: boolean;
  readonly nickname: string | undefined;
  readonly provider: string | undefined;
  readonly name: string | undefined;
  readonly profileClass: "test" | "provisioning" | "operational" | undefined;
}

/** What may stand behind the state. */
export type RowField = "nickname" | "provider" | "name" | "class" | "icon" | "other";

/**
 * One line of a profile list. Reports disagree (facts on the Quectel families), so it is read by shape and not by place: the first field
 * of 18 to 20 digits is the ICCID, the field behind it the state, and `fields` says what is thought to follow. Lines without an ICCID
 * (headers, counts) are not profiles.
 */
export function parseProfileRow(line: string, fields: readonly RowField[] = []): ProfileRow | undefined {
  const parts = splitFields(line.replace(/^\+\w+\s*:\s*/, ""));
  const at = parts.findIndex((part) => /^\d{18,20}[Ff]?$/.test(part));
  const iccid = parts[at];
  const state = parts[at + 1];
  if (at < 0 || iccid === undefined || state === undefined) return undefined;
  const rest = new Map(fields.map((field, index) => [field, parts[at + 2 + index]]));
  return rowFrom({
    iccid,
    state,
    nickname: rest.get("nickname"),
    provider: rest.get("provider"),
    name: rest.get("name"),
    class: rest.get("class"),
  });
}

/** From the texts of its fields; undefined when ICCID or state are none. @throws EsimdError for an ICCID that is none. */
export function rowFrom(texts: Readonly<Record<string, string | undefined>>): ProfileRow | undefined {
  const { iccid, state, nickname, provider, name } = texts;
  if (iccid === undefined || state === undefined) return undefined;
  if (!/^[01]$|^(en|dis)abled$/i.test(state)) return undefined;
  return {
    iccid: parseIccid(iccid, "the modem's profile list"),
    enabled: state === "1" || /^enabled$/i.test(state),
    nickname: shown(nickname),
    provider: shown(provider),
    name: shown(name),
    profileClass: classOf(texts["class"]),
  };
}

function shown(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text.slice(0, 64);
}

/** As SGP.22 numbers them (5.7.15, ProfileClass). */
function classOf(text: string | undefined): ProfileRow["profileClass"] {
  switch (text) {
    case "0":
      return "test";
    case "1":
      return "provisioning";
    case "2":
      return "operational";
    default:
      return undefined;
  }
}

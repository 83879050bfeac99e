import type { DialectInput, DialectSpec } from "./spec.js";

/** What the `AT+QESIM` families share, as data. */

type OwnLpaInput = NonNullable<DialectInput["ownLpa"]>;
type CodeInput = NonNullable<OwnLpaInput["enable"]["code"]>;

/** `+QESIM: "<operation>",<code>`; a code of zeros is success, in hex with or without 0x; 0x8500xxxx in decimal has ten digits. */
export function qesimCode(operation: string): CodeInput {
  return {
    pattern: `^\\+QESIM\\s*:\\s*"${operation}"\\s*,\\s*"?(?:0x)?([0-9A-F]{1,10})"?\\s*(?:,|$)`,
    success: "^0+$",
  };
}

/** The EID stands at different places, quoted or not: the first run of exactly 32 digits is it. */
export const anyEid = "(?<!\\d)(\\d{32})(?!\\d)";

/** The first run of an ICCID's length, with the filler nibble that some firmware keeps. */
export const anyIccid = "(?<![\\dA-F])(\\d{18,20}F?)(?![\\dA-F])";

/**
 * The third family, of Quectel's 5G modems, has profiles by index; what its answer to the probe has and that of the others has not.
 */
export const indexFamily = "lpa_enable|profile_brief";

/** What the first family has and the others have not: sub-commands of whole words, and no parameter such as `<total>` or `<ota>`. */
export const relayFamily = "(?<![\\w<-])(?:trans|ota)(?![\\w>-])";

export const qesimAsk = { send: "AT+QESIM=?", answer: "+QESIM", timeoutMs: 5_000 } as const;

interface Facts {
  readonly evidence: DialectSpec["evidence"];
  readonly source: string;
}

/** The operations by ICCID, alike in both families that know them: the LPA inside the modem answers each with a result. */
export function qesimByIccid(
  facts: Facts,
  sends: { readonly list: string; readonly nickname: string; readonly nicknameFacts: Facts },
  fields: readonly ("nickname" | "provider" | "name" | "class" | "icon")[],
): Pick<OwnLpaInput, "list" | "enable" | "disable" | "delete" | "nickname"> {
  const change = (operation: string, timeoutMs: number): OwnLpaInput["enable"] => ({
    send: `AT+QESIM="${operation}","{iccid}"`,
    answer: "+QESIM",
    timeoutMs,
    code: qesimCode(operation),
    ...facts,
  });
  return {
    // A header with the prefix, and profiles on lines without one.
    list: {
      kind: "rows",
      send: sends.list,
      answer: "free",
      own: '^\\+QESIM\\s*:\\s*("list"|\\d)',
      header: '^\\+QESIM\\s*:\\s*"list"\\s*,\\s*"?(0x)?[0-9A-F]{1,8}"?\\s*$',
      fields: [...fields],
      timeoutMs: 10_000,
      code: qesimCode("list"),
      ...facts,
    },
    enable: { ...change("enable", 30_000), already: "^0*85000102$" },
    disable: { ...change("disable", 30_000), already: "^0*85000202$" },
    // A driver of the second family gives it 60 s at most.
    delete: change("delete", 60_000),
    nickname: {
      send: sends.nickname,
      answer: "+QESIM",
      timeoutMs: 10_000,
      code: qesimCode("nickname"),
      repeatable: true,
      ...sends.nicknameFacts,
    },
  };
}

/** The ICCID commands of Quectel's modems: one on LTE, the other on 5G. */
export const quectelIccidQueries: NonNullable<DialectInput["iccid"]> = [
  {
    send: "AT+QCCID",
    answer: "+QCCID",
    timeoutMs: 5_000,
    value: anyIccid,
    evidence: "forum",
    source: "forums.quectel.com/t/34559",
  },
  {
    send: "AT+ICCID",
    answer: "+ICCID",
    timeoutMs: 5_000,
    value: anyIccid,
    evidence: "documented",
    source: "Quectel RG520N Series AT Commands Manual V1.0, 4.2",
  },
];

/** `AT+QUIMSLOT`; the manual's own example spells the answer `+QUSIMSLOT`, so both are read. */
export const quectelSlot: NonNullable<DialectInput["slot"]> = {
  query: {
    send: "AT+QUIMSLOT?",
    answer: "free",
    own: "^\\+QU(S)?IMSLOT\\s*:",
    timeoutMs: 5_000,
    value: "^\\+QUS?IMSLOT\\s*:\\s*(\\d)",
    evidence: "documented",
    source: "Quectel RG520N Series AT Commands Manual V1.0, pages 69 to 71",
  },
  set: {
    send: "AT+QUIMSLOT={slot}",
    answer: "none",
    timeoutMs: 15_000,
    repeatable: true,
    evidence: "documented",
    source: "Quectel RG520N Series AT Commands Manual V1.0, pages 69 to 71",
  },
  note: "slots are 1 and 2; the setting is kept in the modem, and the SIM restarts",
};

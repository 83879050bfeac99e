import type { AnswerPattern } from "../../at/channel.js";
import { EsimdError } from "../../base/errors.js";
import { type Eid, parseEid, parseIccid, quote } from "../../base/identifiers.js";
import { type ProfileRow, parseProfileRow, type RowField, rowFrom } from "../profile-row.js";
import type {
  Change,
  Dialect,
  DownloadEnd,
  Exchange,
  LpaSwitch,
  OwnLpa,
  ProfileList,
  Query,
  Recognition,
  RefreshPlan,
  SlotCommands,
  SlotRow,
  Sourced,
} from "./dialect.js";
import type { DialectSpec, OperationSpec } from "./spec.js";

/** From a dialect as it is written down to one that can be asked: patterns become regular expressions, and values are parsed. Pure. */

type QuerySpec = OperationSpec & { readonly value: string };
type OwnLpaSpec = NonNullable<DialectSpec["ownLpa"]>;
type RowsSpec = OperationSpec & { readonly row?: string | undefined; readonly fields: readonly RowField[] };

export function compileDialect(spec: DialectSpec, origin: string): Dialect {
  const { name, summary, modems, evidence, sources, recognise, eid, ownLpa, lpaSwitch, slot, slots, refresh } = spec;
  return {
    name,
    summary,
    modems,
    evidence,
    sources,
    ...(recognise && { recognise: recognitionOf(recognise) }),
    ...(eid && { eid: eidOf(eid) }),
    ...(ownLpa && { ownLpa: ownLpaOf(ownLpa) }),
    ...(lpaSwitch && { lpaSwitch: lpaSwitchOf(lpaSwitch) }),
    offers: spec.offers.map((offer) => ({ ...exchangeOf(offer), name: offer.name })),
    iccid: spec.iccid.map((query) => queryOf(query, (text) => parseIccid(text, "the modem's ICCID answer"))),
    ...(slot && { slot: slotOf(slot) }),
    ...(slots && { slots: slotsOf(slots) }),
    refresh: refreshOf(refresh),
    isdrWindowMs: spec.isdrWindowMs,
    ...(spec.pieces && { pieces: spec.pieces }),
    notes: spec.notes,
    origin,
  };
}

function regex(pattern: string): RegExp {
  return new RegExp(pattern, "i");
}

function answerOf(spec: OperationSpec): AnswerPattern {
  if (spec.answer === "none") return { kind: "none" };
  if (spec.answer === "free") return { kind: "free", ...(spec.own === undefined ? {} : { own: regex(spec.own) }) };
  return { kind: "prefix", prefix: spec.answer };
}

function exchangeOf(spec: OperationSpec): Exchange & Sourced {
  const { send, timeoutMs, repeatable, code, already, evidence, source } = spec;
  return {
    send,
    answer: answerOf(spec),
    timeoutMs,
    repeatable,
    ...(code && { resultCode: { pattern: regex(code.pattern), success: regex(code.success) } }),
    ...(already === undefined ? {} : { already: regex(already) }),
    evidence,
    source,
  };
}

/** The first line with a value decides. */
function queryOf<Value>(spec: QuerySpec, read: (text: string) => Value | undefined): Query<Value> {
  const pattern = regex(spec.value);
  const parse = (lines: readonly string[]): Value | undefined => {
    for (const line of lines) {
      const text = pattern.exec(line)?.[1];
      const value = text === undefined ? undefined : read(text);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return { ...exchangeOf(spec), parse };
}

function eidOf(spec: QuerySpec & { readonly absent?: string | undefined }): Query<Eid> {
  const query = queryOf(spec, (text) => parseEid(text, "the modem's EID answer"));
  const absent = spec.absent === undefined ? undefined : regex(spec.absent);
  const parse = (lines: readonly string[]): Eid | undefined => {
    const eid = query.parse(lines);
    if (eid !== undefined || absent === undefined || !lines.some((line) => absent.test(line))) return eid;
    throw new EsimdError(
      "no_euicc",
      `the modem answers ${quote(spec.send)} with no EID: its active SIM slot has no eUICC`,
    );
  };
  return { ...query, parse };
}

function changeOf(spec: OwnLpaSpec["enable"]): Change {
  const { settle } = spec;
  return { ...exchangeOf(spec), ...(settle && { settle }) };
}

function ownLpaOf(spec: OwnLpaSpec): OwnLpa {
  const { defaultSmdp, resultCodes } = spec;
  return {
    list: listOf(spec.list),
    enable: changeOf(spec.enable),
    disable: changeOf(spec.disable),
    ...(spec.delete && { delete: changeOf(spec.delete) }),
    ...(spec.nickname && { nickname: changeOf(spec.nickname) }),
    download: downloadOf(spec.download),
    ...(defaultSmdp && {
      defaultSmdp: {
        read: queryOf(defaultSmdp.read, (text) => text),
        ...(defaultSmdp.write && { write: exchangeOf(defaultSmdp.write) }),
      },
    }),
    describeResultCode: (code) => {
      const known = code.toLowerCase().replace(/^0x/, "");
      return Object.hasOwn(resultCodes, known) ? resultCodes[known] : undefined;
    },
  };
}

function downloadOf(spec: OwnLpaSpec["download"]): OwnLpa["download"] {
  switch (spec.kind) {
    case "none":
      return spec;
    case "host-relay":
      return { ...spec, start: exchangeOf(spec.start), chunk: exchangeOf(spec.chunk), end: endOf(spec.end) };
    case "modem-network": {
      const { kind, windowMs, pollEveryMs, startWithCode } = spec;
      return {
        kind,
        windowMs,
        pollEveryMs,
        start: exchangeOf(spec.start),
        ...(startWithCode && { startWithCode: exchangeOf(startWithCode) }),
        end: endOf(spec.end),
      };
    }
  }
}

function endOf(spec: { readonly line: string } & Sourced): DownloadEnd {
  return { ...spec, line: regex(spec.line) };
}

function listOf(spec: OwnLpaSpec["list"]): ProfileList {
  if (spec.kind === "rows") {
    const read = rowReader(spec);
    const header = spec.header === undefined ? undefined : regex(spec.header);
    const own = spec.own === undefined ? undefined : regex(spec.own);
    const belongs = (line: string): boolean =>
      header?.test(line) !== true && (spec.answer !== "free" || own?.test(line) === true || /\d{18}/.test(line));
    return {
      kind: "rows",
      ...exchangeOf(spec),
      parse: (lines) => lines.flatMap((line) => rowOrNothing(line, read, belongs)),
    };
  }
  const readRow = rowReader(spec.detail);
  return {
    kind: "indexed",
    count: queryOf(spec.count, (text) => (/^\d{1,3}$/.test(text) ? Number(text) : undefined)),
    detail: {
      ...exchangeOf(spec.detail),
      parse: (lines) => lines.map(readRow).find((row) => row !== undefined),
    },
  };
}

/**
 * @throws EsimdError `modem_protocol` for a line that belongs to the list and cannot be read: the profile in it would pass for one that
 * is not there, and would be paid for a second time.
 */
function rowOrNothing(
  line: string,
  read: (line: string) => ProfileRow | undefined,
  belongs: (line: string) => boolean,
): readonly ProfileRow[] {
  const row = read(line);
  if (row !== undefined) return [row];
  if (!belongs(line)) return [];
  throw new EsimdError("modem_protocol", `the line ${quote(line)} of a profile list cannot be read`);
}

function rowReader(spec: RowsSpec): (line: string) => ProfileRow | undefined {
  if (spec.row === undefined) return (line) => parseProfileRow(line, spec.fields);
  const pattern = regex(spec.row);
  return (line) => {
    const groups = pattern.exec(line)?.groups;
    return groups === undefined ? undefined : rowFrom(groups);
  };
}

function lpaSwitchOf(spec: NonNullable<DialectSpec["lpaSwitch"]>): LpaSwitch {
  const { name, needsReset, unlock } = spec;
  const readOn = (text: string): boolean | undefined => (/^[01]$/.test(text) ? text === "1" : undefined);
  return {
    name,
    needsReset,
    query: queryOf(spec.query, readOn),
    ...(unlock && { unlock: exchangeOf(unlock) }),
    off: exchangeOf(spec.off),
  };
}

function slotOf(spec: NonNullable<DialectSpec["slot"]>): SlotCommands {
  const readNumber = (text: string): number | undefined => (/^\d$/.test(text) ? Number(text) : undefined);
  return { query: queryOf(spec.query, readNumber), set: exchangeOf(spec.set), note: spec.note };
}

function slotsOf(spec: NonNullable<DialectSpec["slots"]>): Query<readonly SlotRow[]> {
  const each = new RegExp(spec.each, "gi");
  const parse = (lines: readonly string[]): readonly SlotRow[] | undefined => {
    const rows = [...lines.join("\n").matchAll(each)].map(({ groups }, at) => ({
      slot: at + spec.first,
      hasEuicc: groups?.["euicc"] === "1",
    }));
    return rows.length === 0 ? undefined : rows;
  };
  return { ...exchangeOf(spec), parse };
}

function refreshOf(spec: DialectSpec["refresh"]): RefreshPlan {
  const { waitMs, ladder, simPower, evidence, source } = spec;
  return {
    waitMs,
    ladder,
    evidence,
    source,
    ...(simPower && { simPower: { off: exchangeOf(simPower.off), on: exchangeOf(simPower.on) } }),
  };
}

function recognitionOf(spec: NonNullable<DialectSpec["recognise"]>): Recognition {
  const { identity, ask, evidence, source } = spec;
  return {
    evidence,
    source,
    ...(identity === undefined ? {} : { identity: regex(identity) }),
    ...(ask && { ask: { send: ask.send, prefix: ask.answer, timeoutMs: ask.timeoutMs, matches: signReader(ask) } }),
  };
}

function signReader(ask: {
  readonly matches: readonly string[];
  readonly rejects: readonly string[];
}): (lines: readonly string[]) => boolean {
  const wanted = ask.matches.map(regex);
  const unwanted = ask.rejects.map(regex);
  return (lines) => {
    const text = lines.join(" ");
    return wanted.every((pattern) => pattern.test(text)) && !unwanted.some((pattern) => pattern.test(text));
  };
}

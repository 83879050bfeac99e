import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { afterPrefix, bareValue, splitFields } from "../../src/at/fields.js";
import { LineReader, maxLineBytes } from "../../src/at/line-reader.js";
import { describeResult, parseFinalResult, parseNumericResult } from "../../src/at/result-code.js";
import { parseActivationCode, parseEid, parseIccid, parseSmdpAddress } from "../../src/base/identifiers.js";
import {
  type Es9PlusClient,
  type Es9PlusResponse,
  es9PlusFunctions,
  readFailure,
} from "../../src/lpa/es9plus/client.js";
import { smdpFailure } from "../../src/lpa/es9plus/status-codes.js";
import { ask, authenticateClientAnswer, initiateAnswer, packageAnswer } from "../../src/lpa/host/es9.js";
import { cutIntoChunks, httpResponseText } from "../../src/lpa/relay/http-text.js";
import { cancelReasonIn, freeMemoryIn, installResultIn, offerIn, packageBytesIn } from "../../src/lpa/relay/inspect.js";
import { parseRelayLine } from "../../src/lpa/relay/lines.js";
import type { Dialect } from "../../src/modem/dialects/dialect.js";
import { dialects } from "../../src/modem/dialects/index.js";
import { identityIn } from "../../src/modem/identity.js";
import { parseProfileRow } from "../../src/modem/profile-row.js";
import { parseRegistration } from "../../src/modem/registration.js";
import { parseCchoAnswer } from "../../src/modem/uicc-access.js";
import { emptyJournal, parseJournal } from "../../src/provision/journal.js";
import { foldLedger, type LedgerEntry, ledgerEntrySchema, parseLedger } from "../../src/provision/ledger.js";
import { cost, decoded, spoiltText } from "./only-esimd-errors.js";
import { recordSession } from "./session-messages.js";

let bodies: readonly string[];
beforeAll(async () => {
  bodies = (await recordSession()).es9Bodies.filter((body) => body !== "");
});

const smdp = parseSmdpAddress("smdp.example.com", "the fuzz");
const never = new AbortController().signal;

/** A server that answers this and nothing else. */
function serverThatSays(body: string, httpStatus: number): Es9PlusClient {
  const answer = (): Es9PlusResponse => ({ httpStatus, body, failure: readFailure(body) });
  return { post: async () => answer(), close: async () => undefined };
}

describe("an answer of an SM-DP+", () => {
  const shapes = [initiateAnswer, authenticateClientAnswer, packageAnswer] as const;
  it("is read or refused with an EsimdError, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        spoiltText(bodies),
        fc.constantFrom(200, 204, 302, 500),
        fc.constantFrom(...shapes),
        fc.constantFrom(...es9PlusFunctions),
        async (body, httpStatus, shape, name) => {
          const call = { es9Plus: serverThatSays(body, httpStatus), smdp, byEid: true };
          const outcome = await ask<unknown>(call, name, {}, shape, never).catch((error: unknown) => () => {
            throw error;
          });
          decoded(() => (typeof outcome === "function" ? outcome() : outcome));
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it("fails with a sentence for every subject and reason", () => {
    const codes = fc.oneof(fc.string({ unit: "binary", maxLength: 50 }), fc.stringMatching(/^\d(\.\d{1,2}){1,3}$/));
    fc.assert(
      fc.property(
        codes,
        codes,
        fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
        fc.boolean(),
        (subjectCode, reasonCode, message, byEid) => {
          const error = smdpFailure(smdp, { subjectCode, reasonCode, message }, byEid);
          expect(error.message.length).toBeGreaterThan(10);
          expect(error.message.length).toBeLessThan(1_000);
        },
      ),
    );
  });

  it("is looked into by the relay without an error at all", () => {
    fc.assert(
      fc.property(spoiltText(bodies), (json) => {
        for (const look of [freeMemoryIn, offerIn, packageBytesIn, installResultIn, cancelReasonIn]) look(json);
      }),
      { numRuns: 4_000 },
    );
  });
});

/** Lines as modems say them, to be spoilt. */
const lines = [
  "OK",
  "ERROR",
  "+CME ERROR: 14",
  "+CME ERROR: SIM busy",
  "+CMS ERROR: 314",
  "CONNECT 115200",
  "> ",
  "+CCHO: 1",
  "000000000385a7cf",
  '+CGLA: 50,"BF2D14A012E3105A0A988803371691501392F79F70010190"',
  '+QESIM: "eid",89049032123451234512345678901235',
  '+QESIM: "list",1,8988303000000000017,1,"Provider","Name, with a comma"',
  '+QESIM: "download",0x61',
  '+QESIM: "trans",0,"gsma/rsp2/es9plus/authenticateClient",13,"{"a":"b,c\\"}"',
  "+CEREG: 0,5",
  '+CEREG: 2,1,"54DB","0006B05D",7',
  '+COPS: 0,0,"Test PLMN 1-1",7',
  "+CGMM: SIM7600G-H",
  "LPA:1$smdp.example.com$MATCHING-ID$1.3.6.1.4.1$1",
];

const lineReaders: Readonly<Record<string, (line: string) => unknown>> = {
  splitFields,
  afterPrefix: (line) => afterPrefix(line, "+QESIM"),
  bareValue: (line) => bareValue(line, "+CGMM"),
  parseFinalResult: (line) => {
    const result = parseFinalResult(line);
    return result === undefined ? undefined : describeResult(result);
  },
  parseNumericResult,
  parseProfileRow,
  parseRelayLine: (line) => parseRelayLine(line, "+QESIM"),
  parseRegistration: (line) => parseRegistration(line, "+CEREG"),
  identityIn: (line) => identityIn([line], "+CGMM"),
  parseCchoAnswer: (line) => parseCchoAnswer([line]),
  parseEid: (line) => parseEid(line, "the fuzz"),
  parseIccid: (line) => parseIccid(line, "the fuzz"),
  parseActivationCode: (line) => parseActivationCode(line, "the fuzz"),
  parseSmdpAddress: (line) => parseSmdpAddress(line, "the fuzz"),
  ...Object.fromEntries(
    dialects.flatMap((dialect) =>
      readersOf(dialect).map(([name, read]) => [`${dialect.name}: ${name}`, (line: string) => read([line, line])]),
    ),
  ),
};

/** Everything in a dialect that reads an answer. */
function readersOf(dialect: Dialect): readonly (readonly [string, (lines: readonly string[]) => unknown])[] {
  const { eid, iccid, ownLpa, slot, slots, lpaSwitch } = dialect;
  const queries = [eid, ...iccid, slot?.query, slots, lpaSwitch?.query, ownLpa?.defaultSmdp?.read];
  const list = ownLpa?.list;
  const lists = list === undefined ? [] : list.kind === "rows" ? [list] : [list.count, list.detail];
  return [...queries, ...lists].flatMap((query) => (query === undefined ? [] : [[query.send, query.parse] as const]));
}

describe("every reader of a line", () => {
  it.each(Object.entries(lineReaders))("%s gives a value or an EsimdError, whatever it is given", (_name, read) => {
    fc.assert(
      fc.property(spoiltText(lines), (line) => void decoded(() => read(line))),
      { numRuns: 3_000 },
    );
  });

  it.each(Object.entries(lineReaders))("%s is done soon with the longest line there can be", (_name, read) => {
    const long = [" ", "8", '"', ",", "0A", "+QESIM: ", 'a,"', "$", "1.", "- "].map((unit) =>
      unit.repeat(maxLineBytes / unit.length),
    );
    for (const prefix of ["", "+QESIM: ", '+QESIM: "trans",0,"', "+CME ERROR: ", "LPA:1$", "+CEREG: "]) {
      for (const text of long) expect(cost(() => void decoded(() => read(`${prefix}${text}`))).ms).toBeLessThan(500);
    }
  });

  it("fields that were joined are split again", () => {
    const field = fc.stringMatching(/^[ -!#-~]{0,20}$/).map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 10 }), (fields) => {
        expect(splitFields(fields.map((text) => `"${text}"`).join(" , "))).toEqual(fields);
      }),
    );
  });

  it("lines come out the same however the bytes were cut", () => {
    const text = fc.array(fc.oneof(fc.constantFrom("\r\n", "\r", "\n", "> ", ">"), fc.constantFrom(...lines)), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (parts, cuts) => {
        const bytes = Buffer.from(`${parts.join("")}\r\n`, "latin1");
        const cutUp: Buffer[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          cutUp.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(linesOf(cutUp)).toEqual(linesOf([bytes]));
      }),
    );
  });

  it("a line without end is dropped and not kept", () => {
    const { bufferBytes } = cost(() => {
      const read = linesOf(Array.from({ length: 200 }, () => Buffer.alloc(maxLineBytes, 0x41)));
      expect(read).toEqual([undefined]);
    });
    expect(bufferBytes).toBeLessThan(64 * 1024 * 1024);
  });
});

/** The lines in these bytes; undefined where one was too long. */
function linesOf(chunks: readonly Uint8Array[]): (string | undefined)[] {
  const seen: (string | undefined)[] = [];
  const reader = new LineReader({ line: (text) => seen.push(text), overflow: () => seen.push(undefined) });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

describe("a relayed answer", () => {
  it("is the same once its chunks are put together", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 2_000 }), fc.integer({ min: 1, max: 500 }), (body, half) => {
        const text = httpResponseText(200, body);
        const chunks = cutIntoChunks(text, half * 2);
        expect(Buffer.from(chunks.map(({ hex }) => hex).join(""), "hex").toString("utf8")).toBe(text);
        expect(chunks.map(({ more }) => more)).toEqual(chunks.map((_, at) => (at === chunks.length - 1 ? 0 : 1)));
      }),
    );
  });
});

const at = fc
  .date({ min: new Date("2026-01-01"), max: new Date("2036-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const name = fc.stringMatching(/^[A-Za-z0-9-]{1,34}$/);
const entry: fc.Arbitrary<LedgerEntry> = fc.oneof(
  fc.record({
    v: fc.constant(1 as const),
    at,
    kind: fc.constant("intent" as const),
    id: name,
    method: fc.constantFrom("eid" as const, "activation-code" as const),
    why: fc.string(),
  }),
  fc.record({ v: fc.constant(1 as const), at, kind: fc.constant("created" as const), id: name, sid: name }),
  fc.record({ v: fc.constant(1 as const), at, kind: fc.constant("unclear" as const), id: name }),
  fc.record({ v: fc.constant(1 as const), at, kind: fc.constant("charged" as const), sid: name }),
  fc.record({ v: fc.constant(1 as const), at, kind: fc.constant("burned" as const), sid: name, why: fc.string() }),
  fc.record({
    v: fc.constant(1 as const),
    at,
    kind: fc.constant("adopted" as const),
    sid: name,
    why: fc.string(),
    by: fc.constant("person" as const),
    lifts: fc.subarray(["burned" as const, "released" as const]),
  }),
  fc.record({
    v: fc.constant(1 as const),
    at,
    kind: fc.constant("released" as const),
    sid: name,
    by: fc.constant("person" as const),
    why: fc.string(),
  }),
  fc.record({
    v: fc.constant(1 as const),
    at,
    kind: fc.constant("intent-released" as const),
    id: name,
    by: fc.constant("person" as const),
    why: fc.string(),
  }),
);
const ledgerText = (entries: readonly LedgerEntry[]): string =>
  entries.map((one) => `${JSON.stringify(one)}\n`).join("");

describe("the ledger", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
        for (const one of entries) expect(ledgerEntrySchema.parse(one)).toEqual(one);
        expect(parseLedger(ledgerText(entries))).toEqual({ kind: "good", entries, torn: false });
      }),
    );
  });

  it("that a power cut tore loses its last entry and no other", () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 10 }), fc.nat(), (entries, place) => {
        const last = ledgerText(entries.slice(-1));
        const text = ledgerText(entries.slice(0, -1)) + last.slice(0, place % last.length);
        expect(parseLedger(text)).toMatchObject({ kind: "good", entries: entries.slice(0, -1) });
      }),
    );
  });

  it("is good or damaged, whatever was done to it, and never forgets money in between", () => {
    const seeds = fc.sample(fc.array(entry, { minLength: 2, maxLength: 8 }), { numRuns: 40, seed: 7 }).map(ledgerText);
    fc.assert(
      fc.property(spoiltText(seeds), (text) => {
        const reading = parseLedger(text);
        if (reading.kind === "damaged") return;
        // What was read is all that stands there: no line was passed over.
        expect(reading.entries.length).toBe(text.split("\n").length - 1);
        foldLedger(reading.entries);
      }),
      { numRuns: 6_000 },
    );
  });
});

describe("the journal", () => {
  it("is good, damaged, or of a newer version, whatever was done to it", () => {
    const good = JSON.stringify({
      ...emptyJournal("89049032123451234512345678901235", 0),
      baseline: ["8988303000000000017"],
      error: { code: "deadline", message: "x" },
    });
    expect(parseJournal(good, "the fuzz")).toMatchObject({ kind: "good" });
    fc.assert(
      fc.property(spoiltText([good]), (text) => {
        const reading = decoded(() => parseJournal(text, "the fuzz"));
        expect(["good", "damaged", undefined]).toContain(reading?.kind);
      }),
      { numRuns: 6_000 },
    );
    fc.assert(fc.property(fc.json(), (text) => void decoded(() => parseJournal(text, "the fuzz"))));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterPrefix, bareValue, splitFields } from "../../src/at/fields.js";
import { LineReader } from "../../src/at/line-reader.js";
import { parseFinalResult } from "../../src/at/result-code.js";
import { isEsimdError } from "../../src/base/errors.js";
import {
  maskIdentifiers,
  parseActivationCode,
  parseEid,
  parseIccid,
  parseSmdpAddress,
  quote,
} from "../../src/base/identifiers.js";
import { childrenOf, encodeTlv, readTlv, readTlvs } from "../../src/lpa/asn1/tlv.js";
import { readFailure } from "../../src/lpa/es9plus/client.js";
import { decodeAuthenticateResponse, decodeServerSigned1 } from "../../src/lpa/es10/authenticate-server.js";
import { decodeBoundProfilePackage, segmentBoundProfilePackage } from "../../src/lpa/es10/bound-profile-package.js";
import { decodeCancelSessionResponse } from "../../src/lpa/es10/cancel-session.js";
import { decodeEuiccChallenge } from "../../src/lpa/es10/challenge.js";
import { decodeConfiguredAddresses } from "../../src/lpa/es10/configured-addresses.js";
import { decodeEid, encodeEid } from "../../src/lpa/es10/eid.js";
import { decodeEuiccInfo1, decodeEuiccInfo2 } from "../../src/lpa/es10/euicc-info.js";
import { decodeInstallResult } from "../../src/lpa/es10/install-result.js";
import { decodeStoreMetadata, encodeStoreMetadata } from "../../src/lpa/es10/metadata.js";
import { decodeNotificationList, decodeRetrievedNotifications } from "../../src/lpa/es10/notifications.js";
import { decodePendingNotification } from "../../src/lpa/es10/pending-notification.js";
import { decodePrepareDownloadResponse, decodeSmdpSigned2 } from "../../src/lpa/es10/prepare-download.js";
import { decodeProfileInfoList, encodeProfileInfo, encodeProfileInfoList } from "../../src/lpa/es10/profile-info.js";
import { decodeOperationResult } from "../../src/lpa/es10/profile-operations.js";
import { tags } from "../../src/lpa/es10/tags.js";
import { authenticateClientAnswer, initiateAnswer, packageAnswer } from "../../src/lpa/host/es9.js";
import { cancelReasonIn, freeMemoryIn, installResultIn, offerIn, packageBytesIn } from "../../src/lpa/relay/inspect.js";
import { parseRelayLine } from "../../src/lpa/relay/lines.js";
import { parseEidAnswer } from "../../src/modem/dialects/qesim.js";
import { parseProfileRow } from "../../src/modem/profile-row.js";
import { parseRegistration } from "../../src/modem/registration.js";
import { parseCchoAnswer } from "../../src/modem/uicc-access.js";
import { parseJournal } from "../../src/provision/journal.js";
import { foldLedger, parseLedger } from "../../src/provision/ledger.js";
import { parsePortAddress } from "../../src/serial/address.js";

/** Whatever a wire or a file holds: an answer or an EsimdError, never anything else, and never for long. fast-check prints the seed. */

const eid = parseEid("89049032123451234512345678901235", "test");
const iccid = parseIccid("89883070000000000016", "test");

/** Does not throw anything that the program does not know. */
function isTame(parse: () => unknown): boolean {
  try {
    parse();
  } catch (error) {
    if (!isEsimdError(error)) throw error;
  }
  return true;
}

/** Good messages of the eUICC, as the root of mutations. */
const messages: readonly Uint8Array[] = [
  encodeEid(eid),
  encodeProfileInfoList([
    encodeProfileInfo({
      iccid,
      state: "enabled",
      profileClass: "operational",
      name: "name",
      serviceProvider: "provider",
      isdpAid: "A0000005591010FFFFFFFF8900001000",
    }),
  ]),
  encodeStoreMetadata({
    iccid,
    serviceProvider: "provider",
    name: "name",
    profileClass: "operational",
    notifications: [{ operation: "enable", address: "smdp.example" }],
    policyRules: [],
  }),
];

/** Bytes of any kind, headers that claim far more than follows, and good messages with some bytes changed, cut or doubled. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .tuple(fc.constantFrom(...Object.values(tags)), fc.uint8Array({ maxLength: 60 }))
    .map(([tag, value]) => encodeTlv(tag, value)),
  fc.tuple(fc.constantFrom(...Object.values(tags)), fc.nat({ max: 0xffff_ffff })).map(([tag, length]) => {
    const head = encodeTlv(tag, new Uint8Array()).subarray(0, -1);
    const claim = Uint8Array.of(0x84, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
    return Buffer.concat([head, claim]);
  }),
  fc
    .tuple(fc.constantFrom(...messages), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), fc.nat())
    .map(([message, changes, cut]) => {
      const copy = Uint8Array.from(message);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return cut % 3 === 0 ? copy.subarray(0, cut % copy.length) : copy;
    }),
);

const decoders: Readonly<Record<string, (data: Uint8Array) => unknown>> = {
  readTlv,
  readTlvs,
  deep: (data) => childrenOf(readTlv(data)),
  decodeEid,
  decodeConfiguredAddresses,
  decodeEuiccInfo1,
  decodeEuiccInfo2,
  decodeEuiccChallenge,
  decodeAuthenticateResponse,
  decodeServerSigned1,
  decodePrepareDownloadResponse,
  decodeSmdpSigned2,
  decodeBoundProfilePackage,
  segmentBoundProfilePackage,
  decodeInstallResult,
  decodeStoreMetadata,
  decodeNotificationList,
  decodeRetrievedNotifications,
  decodePendingNotification,
  decodeProfileInfoList,
  decodeCancelSessionResponse,
  decodeOperationResult: (data) => decodeOperationResult(tags.enableProfile, data),
};

describe("TLV and ES10", () => {
  it.each(Object.entries(decoders))("%s takes any bytes", (_name, decode) => {
    fc.assert(
      fc.property(bytes, (data) => isTame(() => decode(data))),
      { numRuns: 2_000 },
    );
  });

  it("reads back what it wrote, at any length", () => {
    const tag = fc.constantFrom(0x5a, 0x9f70, 0xbf3e, 0xa0);
    fc.assert(
      fc.property(tag, fc.uint8Array({ maxLength: 70_000, size: "max" }), (wanted, value) => {
        const tlv = readTlv(encodeTlv(wanted, value), wanted);
        expect(Buffer.compare(tlv.value, value)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("does not go deeper than any message, nor allocate what a header claims", () => {
    let nested: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 3_000; depth++) nested = encodeTlv(0xa0, nested);
    const before = process.memoryUsage().arrayBuffers;
    for (const decode of Object.values(decoders)) {
      isTame(() => decode(nested));
      isTame(() => decode(Uint8Array.of(0xbf, 0x3e, 0x84, 0xff, 0xff, 0xff, 0xff)));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });
});

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }));
/** Lines that look like answers, so that parsers get beyond their first check. */
const line = fc.oneof(
  text,
  fc
    .tuple(
      fc.constantFrom("+QESIM", "+CEREG", "+CGLA", "+CCHO", "+CME ERROR", "+CMS ERROR"),
      fc.constantFrom(": ", ":", " : ", ""),
      fc.array(
        fc.oneof(
          fc.constantFrom('"trans"', '"download"', '"eid"', "0", "1", '"gsma/rsp2/es9plus/cancelSession"', eid, iccid),
          fc.string({ maxLength: 40 }),
        ),
        {
          maxLength: 8,
        },
      ),
    )
    .map(([name, colon, fields]) => `${name}${colon}${fields.join(",")}`),
);

describe("AT lines", () => {
  const parsers: Readonly<Record<string, (value: string) => unknown>> = {
    afterPrefix: (value) => afterPrefix(value, "+QESIM"),
    splitFields,
    bareValue: (value) => bareValue(value, "+CGMM"),
    parseFinalResult,
    parseRelayLine: (value) => parseRelayLine(value, "+QESIM"),
    parseProfileRow,
    parseEidAnswer: (value) => parseEidAnswer([value]),
    parseRegistration: (value) => parseRegistration(value, "+CEREG"),
    parseCchoAnswer: (value) => parseCchoAnswer([value]),
    parsePortAddress,
    parseEid: (value) => parseEid(value, "test"),
    parseIccid: (value) => parseIccid(value, "test"),
    parseSmdpAddress: (value) => parseSmdpAddress(value, "test"),
    parseActivationCode: (value) => parseActivationCode(value, "test"),
    quote,
    maskIdentifiers,
  };
  it.each(Object.entries(parsers))("%s takes any text", (_name, parse) => {
    fc.assert(
      fc.property(line, (value) => isTame(() => parse(value))),
      { numRuns: 2_000 },
    );
  });

  it("splits any bytes into lines that hold no line end", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        const lines: string[] = [];
        const reader = new LineReader({ line: (seen) => lines.push(seen), overflow: () => undefined });
        for (const chunk of chunks) reader.push(chunk);
        return lines.every((seen) => seen !== "" && !/[\r\n]/.test(seen));
      }),
      { numRuns: 1_000 },
    );
  });

  it("masks every identifier that stands by itself", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 30 }),
        fc.constantFrom(eid, iccid, "490154203237518"),
        (around, identifier) => {
          expect(maskIdentifiers(`${around} ${identifier} ${around}`)).not.toContain(identifier);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("what comes over HTTPS and from the state folder", () => {
  const json = fc.oneof(
    text,
    fc.json(),
    fc
      .record({ header: fc.anything(), transactionId: fc.anything(), boundProfilePackage: fc.base64String() })
      .map((value) => String(JSON.stringify(value))),
    fc
      .constantFrom(
        "authenticateServerResponse",
        "profileMetadata",
        "boundProfilePackage",
        "pendingNotification",
        "cancelSessionResponse",
      )
      .chain((key) => bytes.map((data) => JSON.stringify({ [key]: Buffer.from(data).toString("base64") }))),
  );
  const readers: Readonly<Record<string, (value: string) => unknown>> = {
    readFailure,
    freeMemoryIn,
    offerIn,
    packageBytesIn,
    installResultIn,
    cancelReasonIn,
    parseJournal: (value) => parseJournal(value, "journal.json"),
    parseLedger: (value) => {
      const reading = parseLedger(value);
      return reading.kind === "good" ? foldLedger(reading.entries) : reading;
    },
  };
  it.each(Object.entries(readers))("%s takes any text", (_name, read) => {
    fc.assert(
      fc.property(json, (value) => isTame(() => read(value))),
      { numRuns: 2_000 },
    );
  });

  it.each(Object.entries({ initiateAnswer, authenticateClientAnswer, packageAnswer }))(
    "%s takes any JSON",
    (_name, shape) => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => isTame(() => shape.safeParse(value))),
        { numRuns: 2_000 },
      );
    },
  );
});

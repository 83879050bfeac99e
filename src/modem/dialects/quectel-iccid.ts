import type { OwnLpaDialect } from "./dialect.js";
import { listsIndexFamily, parseEidAnswer, qesim, qesimByIccid, qesimProbe } from "./qesim.js";
import { describeQuectelResult } from "./quectel-result-codes.js";

/**
 * Quectel EC25, EG25-G, EG21-G and kin: profiles by ICCID, and a download in which the host carries the modem's HTTPS.
 * Its one end-to-end user drove an EG25 with it for years.
 */
export const quectelIccid: OwnLpaDialect = {
  kind: "own-lpa",
  name: "quectel-iccid",
  summary: "Quectel LTE modems whose LPA has the host relay its HTTPS (EC25, EG25-G, EG21-G)",
  evidence: "seen in code",
  sources: [
    "commaai/openpilot system/hardware/tici/esim.py",
    "Quectel EC25 Series & EG21-G eSIM AT Commands Manual V1.0.0 (second-hand)",
  ],
  probe: { ...qesimProbe, matches: (lines) => /trans|ota/i.test(lines.join(" ")) && !listsIndexFamily(lines) },
  eid: {
    send: 'AT+QESIM="eid"',
    answer: qesim,
    timeoutMs: 10_000,
    repeatable: true,
    parse: parseEidAnswer,
  },
  ...qesimByIccid('AT+QESIM="list"'),
  download: {
    kind: "host-relay",
    start: {
      send: 'AT+QESIM="download","{activationCode}"',
      answer: { kind: "none" },
      timeoutMs: 30_000,
      repeatable: false,
    },
    chunk: {
      send: 'AT+QESIM="trans",{total},{more},{sequence},{length},"{hex}"',
      answer: { kind: "none" },
      timeoutMs: 20_000,
      repeatable: false,
    },
    maxChunkHex: 1400,
    prefix: "+QESIM",
    // The package is loaded between the last chunk and the install result: up to 240 s were needed on slow cards.
    stepTimeoutMs: 240_000,
    endTimeoutMs: 15_000,
  },
  describeResultCode: describeQuectelResult,
};

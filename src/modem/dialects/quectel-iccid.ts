import {
  anyEid,
  indexFamily,
  qesimAsk,
  qesimByIccid,
  qesimCode,
  quectelIccidQueries,
  quectelSlot,
  relayFamily,
} from "./qesim.js";
import { quectelResultCodes } from "./quectel-result-codes.js";
import type { DialectInput } from "./spec.js";

const openpilot = {
  evidence: "seen in code",
  source: "commaai/openpilot system/hardware/tici/esim.py, used on an EG25",
} as const;

/**
 * Quectel EC25, EG25-G, EG21-G and kin: profiles by ICCID, and a download in which the host carries the modem's HTTPS.
 * Its one end-to-end user drove an EG25 with it for years.
 */
export const quectelIccid: DialectInput = {
  name: "quectel-iccid",
  summary: "Quectel LTE modems whose LPA has the host relay its HTTPS (EC25, EG25-G, EG21-G)",
  modems: ["Quectel EC25", "Quectel EG25-G", "Quectel EG21-G"],
  evidence: "seen in code",
  sources: [
    "commaai/openpilot system/hardware/tici/esim.py",
    "Quectel EC25 Series & EG21-G eSIM AT Commands Manual V1.0.0 (second-hand)",
  ],
  recognise: { ask: { ...qesimAsk, matches: [relayFamily], rejects: [indexFamily] }, ...openpilot },
  eid: { send: 'AT+QESIM="eid"', answer: "+QESIM", timeoutMs: 10_000, value: anyEid, ...openpilot },
  ownLpa: {
    ...qesimByIccid(
      openpilot,
      {
        list: 'AT+QESIM="list"',
        nickname: 'AT+QESIM="nickname","{iccid}","{nickname}"',
        nicknameFacts: { evidence: "guess", source: "second-hand accounts of the EC25 manual: the ICCID comes first" },
      },
      ["icon", "class", "name", "provider"],
    ),
    download: {
      kind: "host-relay",
      start: {
        send: 'AT+QESIM="download","{activationCode}"',
        answer: "none",
        timeoutMs: 30_000,
        ...openpilot,
      },
      chunk: {
        send: 'AT+QESIM="trans",{total},{more},{sequence},{length},"{hex}"',
        answer: "none",
        timeoutMs: 20_000,
        ...openpilot,
      },
      maxChunkHex: 1400,
      prefix: "+QESIM",
      end: {
        line: qesimCode("download").pattern,
        evidence: "seen in code",
        source:
          "commaai/openpilot: 0 and 1, without a space in front; other codes are guessed to be of the makers' 0x8500xxxx",
      },
      // The package is loaded between the last chunk and the install result: up to 240 s were needed on slow cards.
      stepTimeoutMs: 240_000,
      endTimeoutMs: 15_000,
    },
    resultCodes: { ...quectelResultCodes },
  },
  iccid: quectelIccidQueries,
  slot: quectelSlot,
  refresh: {
    waitMs: 20_000,
    ladder: ["cfun", "reset"],
    evidence: "seen in code",
    source:
      "commaai/openpilot sends CFUN=0 and CFUN=1 after a switch; its issue 34924 tells of switches that did not stick",
  },
  notes: [
    'Whether the end of a download is +QESIM:"download",0 or 1 was once reported the other way round; the eUICC\'s list decides.',
    'A modem-side download, AT+QESIM="ota", exists and needs bearer independent protocol settings; esimd does not use it.',
  ],
};

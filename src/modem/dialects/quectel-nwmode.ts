import type { OwnLpaDialect } from "./dialect.js";
import { listsIndexFamily, parseEidAnswer, qesim, qesimByIccid, qesimProbe, qesimResult } from "./qesim.js";
import { describeQuectelResult } from "./quectel-result-codes.js";

/**
 * Quectel EC200x and probably EG91x, EC800, EG915: profiles by ICCID, every answer with a result code, and a download that the modem
 * does by its own network after an OK. One unverified driver is all the evidence; its completion line is a guess, so it only hastens us.
 */
export const quectelNwmode: OwnLpaDialect = {
  kind: "own-lpa",
  name: "quectel-nwmode",
  summary: "Quectel modems that download by their own network (EC200x and kin)",
  evidence: "seen in code",
  sources: ["a public C driver for EC200x, unverified; the completion line and the meaning of nwMode are guesses"],
  probe: {
    ...qesimProbe,
    matches: (lines) => {
      const text = lines.join(" ");
      return /download/i.test(text) && !/trans|ota/i.test(text) && !listsIndexFamily(lines);
    },
  },
  eid: {
    send: 'AT+QESIM="eid"',
    answer: qesim,
    timeoutMs: 10_000,
    resultCode: qesimResult("eid"),
    repeatable: true,
    parse: parseEidAnswer,
  },
  ...qesimByIccid('AT+QESIM="list",0'),
  download: {
    kind: "modem-network",
    start: {
      send: 'AT+QESIM="download",0,"{activationCode}"',
      answer: qesim,
      timeoutMs: 30_000,
      resultCode: qesimResult("download"),
      repeatable: false,
    },
    end: /^\+QESIM\s*:\s*"download"\s*,\s*"?(?:0x)?([0-9A-Fa-f]{1,8})"?/,
    windowMs: 300_000,
    pollEveryMs: 5_000,
  },
  describeResultCode: describeQuectelResult,
};

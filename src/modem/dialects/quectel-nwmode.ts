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

const driver = { evidence: "seen in code", source: "a public C driver for EC200x, unverified" } as const;

/**
 * Quectel EC200x and probably EG91x, EC800, EG915: profiles by ICCID, every answer with a result code, and a download that the modem
 * does by its own network after an OK. One unverified driver is all the evidence; its completion line is a guess, so it only hastens us.
 */
export const quectelNwmode: DialectInput = {
  name: "quectel-nwmode",
  summary: "Quectel modems that download by their own network (EC200x and kin)",
  modems: ["Quectel EC200U", "Quectel EC200A", "Quectel EC200S"],
  evidence: "seen in code",
  sources: ["a public C driver for EC200x, unverified; the completion line and the meaning of nwMode are guesses"],
  recognise: { ask: { ...qesimAsk, matches: ["download"], rejects: [relayFamily, indexFamily] }, ...driver },
  eid: {
    send: 'AT+QESIM="eid"',
    answer: "+QESIM",
    timeoutMs: 10_000,
    code: qesimCode("eid"),
    value: anyEid,
    ...driver,
  },
  ownLpa: {
    ...qesimByIccid(
      driver,
      {
        list: 'AT+QESIM="list",0',
        nickname: 'AT+QESIM="nickname","{nickname}","{iccid}"',
        nicknameFacts: driver,
      },
      ["nickname", "provider"],
    ),
    download: {
      kind: "modem-network",
      start: {
        send: 'AT+QESIM="download",0,"{activationCode}"',
        answer: "+QESIM",
        timeoutMs: 30_000,
        code: qesimCode("download"),
        ...driver,
      },
      startWithCode: {
        send: 'AT+QESIM="download",0,"{activationCode}","{confirmationCode}"',
        answer: "+QESIM",
        timeoutMs: 30_000,
        code: qesimCode("download"),
        ...driver,
      },
      end: {
        line: qesimCode("download").pattern,
        evidence: "guess",
        source: "the driver waits for OK only; after the form of its other answers",
      },
      windowMs: 300_000,
      pollEveryMs: 5_000,
    },
    resultCodes: { ...quectelResultCodes },
  },
  iccid: quectelIccidQueries,
  slot: quectelSlot,
  refresh: {
    waitMs: 20_000,
    ladder: ["cfun", "reset"],
    evidence: "guess",
    source: "as the other Quectel LTE modems; nothing is reported of this family",
  },
};

import { anyEid, indexFamily, qesimAsk, quectelIccidQueries, quectelSlot } from "./qesim.js";
import type { DialectInput } from "./spec.js";

const regression = {
  evidence: "seen in code",
  source: "a public regression test for these modems, and ddimension/wwand src-ucode/esim.uc; they agree",
} as const;

/** Vendors' own tests wait 3 s, then read every 2 s, thirty times. */
const settle = { pollEveryMs: 2_000, windowMs: 63_000, resend: false };

/**
 * Quectel RG50x, RG650E, RM50x, RM520N, EM160R: profiles by an index that shifts when one is deleted, OK that means accepted, and an LPA
 * that holds the ISD-R while `lpa_enable` is 1. No proof exists of a download over AT: with the modem's LPA switched off, ours does it.
 */
export const quectelIndex: DialectInput = {
  name: "quectel-index",
  summary: "Quectel 5G and LTE-A modems with profiles by index (RG50x, RG650E, RM50x, RM520N, EM160R)",
  modems: ["Quectel RG50x", "Quectel RG650E", "Quectel RM50x", "Quectel RM520N", "Quectel RM530N", "Quectel EM160R"],
  evidence: "seen in code",
  sources: [
    "a public regression test for RG, RM and EM modems",
    "ddimension/wwand src-ucode/esim.uc, tests/test_esim.uc, modem_init_qmi.uc",
    "forums.quectel.com threads 47913 and 49509 (the list of sub-commands)",
  ],
  recognise: { ask: { ...qesimAsk, matches: [indexFamily] }, ...regression },
  eid: { send: 'AT+QESIM="eid"', answer: "+QESIM", timeoutMs: 10_000, value: anyEid, ...regression },
  ownLpa: {
    list: {
      kind: "indexed",
      count: {
        send: 'AT+QESIM="profile_brief"',
        answer: "+QESIM",
        timeoutMs: 10_000,
        value: '"?profile_brief"?\\s*,\\s*(\\d{1,3})\\s*$',
        ...regression,
      },
      detail: {
        send: 'AT+QESIM="profile_detail",{index}',
        answer: "+QESIM",
        timeoutMs: 10_000,
        fields: ["nickname", "provider", "name", "class"],
        ...regression,
      },
    },
    enable: { send: 'AT+QESIM="enable_profile",{index}', answer: "+QESIM", timeoutMs: 10_000, settle, ...regression },
    disable: {
      send: 'AT+QESIM="disable_profile",{index}',
      answer: "+QESIM",
      timeoutMs: 10_000,
      settle: { ...settle, resend: true },
      ...regression,
    },
    delete: { send: 'AT+QESIM="delete_profile",{index}', answer: "+QESIM", timeoutMs: 60_000, settle, ...regression },
    nickname: {
      send: 'AT+QESIM="nickname",{index},"{nickname}"',
      answer: "+QESIM",
      timeoutMs: 10_000,
      settle: { ...settle, resend: true },
      ...regression,
    },
    download: {
      kind: "none",
      why: "the regression test uses a host tool, and the sub-commands that guides name are contradicted or unproven",
    },
    defaultSmdp: {
      read: {
        send: 'AT+QESIM="def_svr_addr"',
        answer: "+QESIM",
        timeoutMs: 10_000,
        value: '"?def_svr_addr"?\\s*,\\s*"?([A-Za-z0-9.:-]+)"?',
        ...regression,
      },
      write: {
        send: 'AT+QESIM="def_svr_addr","{address}"',
        answer: "+QESIM",
        timeoutMs: 10_000,
        ...regression,
      },
    },
  },
  lpaSwitch: {
    name: "lpa_enable",
    query: {
      send: 'AT+QESIM="lpa_enable"',
      answer: "+QESIM",
      timeoutMs: 10_000,
      value: '^\\+QESIM\\s*:\\s*"?lpa_enable"?\\s*,\\s*([01])\\s*$',
      ...regression,
    },
    off: {
      send: 'AT+QESIM="lpa_enable",0',
      answer: "+QESIM",
      timeoutMs: 10_000,
      repeatable: true,
      ...regression,
    },
    needsReset: true,
  },
  iccid: [...quectelIccidQueries].reverse(),
  slot: quectelSlot,
  refresh: {
    // Little is to be expected of it by itself: RG650E ignores the REFRESH.
    waitMs: 10_000,
    ladder: ["cfun", "reset"],
    evidence: "seen in code",
    source:
      "ddimension/wwand: RG650E ignores the eUICC's REFRESH; SIM power cycle, else CFUN 0 and 1, else a full reset",
  },
  notes: [
    "With lpa_enable at 1 no host opens the ISD-R; the setting takes effect with a reset.",
    "The eSIM is on slot 2 of many carrier boards.",
    "The SIM power cycle of ddimension/wwand goes by QMI; no AT command for it is known, so that CFUN and a reset stand for it.",
  ],
};

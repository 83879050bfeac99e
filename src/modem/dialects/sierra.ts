import { anyIccid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

/** Sierra Wireless EM74xx, EM75xx, MC74xx: raw card access with opaque session handles, once the LPA inside is switched off. */
export const sierra: DialectInput = {
  name: "sierra",
  summary: "Sierra Wireless modems: raw card access with opaque handles (EM7455, EM7590, MC7455)",
  modems: ["Sierra EM7455", "Sierra EM7590", "Sierra MC7455"],
  evidence: "forum",
  sources: [
    "estkme-group/lpac issues 138, 187 and pull request 139",
    "forum.sierrawireless.com threads 29138 and 30997",
    "ModemManager's sierra plugin (AT!ICCID?)",
  ],
  recognise: {
    identity: "sierra|semtech",
    evidence: "seen in code",
    source: "ModemManager's sierra plugin goes by the maker's name",
  },
  lpaSwitch: {
    name: "SIMLPA",
    query: {
      send: "AT!CUSTOM?",
      answer: "free",
      own: "^\\s*!CUSTOM",
      timeoutMs: 5_000,
      value: '"?SIMLPA"?\\s*[,:]?\\s*(?:0x)?0*([01])\\s*$',
      evidence: "guess",
      source: "the form of AT!CUSTOM? in Sierra's manuals; SIMLPA is named by forum posts only",
    },
    unlock: {
      // The maker's password, the same on every module that nobody gave another.
      send: 'AT!ENTERCND="A710"',
      answer: "none",
      timeoutMs: 5_000,
      repeatable: true,
      evidence: "seen in code",
      source: "danielewood/sierra-wireless-modems sends it before it writes AT!CUSTOM",
    },
    off: {
      send: 'AT!CUSTOM="SIMLPA",0',
      answer: "none",
      timeoutMs: 10_000,
      repeatable: true,
      evidence: "forum",
      source: "Sierra forum posts on EM75xx",
    },
    needsReset: true,
  },
  iccid: [
    {
      send: "AT!ICCID?",
      answer: "free",
      own: "^!ICCID",
      timeoutMs: 5_000,
      value: anyIccid,
      evidence: "seen in code",
      source: "ModemManager's sierra plugin",
    },
  ],
  refresh: {
    waitMs: 30_000,
    ladder: ["cfun", "reset"],
    evidence: "forum",
    source: "forum.sierrawireless.com thread 30997: MC7455 takes 10 s to restart the card and answers 6985 meanwhile",
  },
  notes: ["EM9191 refuses AT+CCHO and has no AT+CCHC; AT+CSIM fails on EM7455."],
};

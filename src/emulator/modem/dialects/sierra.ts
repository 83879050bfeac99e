/**
 * EM75xx, MC74xx: raw card access whose session handles are opaque (lpac 138 and pull request 139), and an LPA inside that has the ISD-R
 * while SIMLPA is on. That setting is named by forum posts on EM75xx only. Scripts in the field unlock AT!CUSTOM with AT!ENTERCND before
 * they write it, and read it without; that a reset brings it into effect is Sierra's manual on AT!CUSTOM in general.
 */

import { ok, plainError } from "../answers.js";
import { fixed, numberAt, stringAt } from "../command-set.js";
import type { DialectSession, FakeDialect } from "./dialect.js";

/** The maker's password, the same on every module that nobody gave another. */
const password = "A710";
/** As AT!CUSTOM? has them; of these the emulator minds SIMLPA alone. */
const settings = ["GPSENABLE", "SIMLPM", "IPV6ENABLE", "SIMLPA"];

export const sierra: FakeDialect = {
  name: "sierra",
  summary: "Sierra Wireless EM75xx: opaque session handles, and an LPA that has the ISD-R while SIMLPA is on",
  identity: { manufacturer: "Sierra Wireless, Incorporated", model: "EM7590", revision: "SWI9X50C_01.14.22.00" },
  style: {
    cchoAnswer: "opaque",
    // A host that writes the number from CCHO into CLA fails on some cards (lpac 138); by which status word is a guess.
    hostChannelBits: "refused",
    // EM7455 with an OC1120: ERROR whatever is asked (forum.sierrawireless.com, thread 29138).
    csim: "error",
    // EM7590 has CGLA and not its test form (lpac pull request 139).
    cardTestForms: { "+CGLA": "error" },
    iccid: [{ command: "!ICCID", form: "read", prefix: "!ICCID", filler: false }],
    labelledInformation: true,
    bootUrcs: [],
    simUrcs: { ready: [], empty: [] },
    // Of EM9191 (lpac 187).
    cmeWords: { 50: "Parameters error" },
  },
  // MC7455 takes that long to restart the card after a REFRESH (forum.sierrawireless.com, thread 30997).
  world: { notReadyMs: 10_000 },
  start,
};

function start(): DialectSession {
  const stored = new Map<string, number>(settings.map((name) => [name, name === "SIMLPA" ? 1 : 0]));
  const isOn = (): boolean => stored.get("SIMLPA") === 1;
  let inEffect = isOn();
  let isUnlocked = false;
  return {
    commands: {
      "!ENTERCND": {
        set: (parameters) => {
          if (parameters.length !== 1 || stringAt(parameters, 0) !== password) return plainError;
          isUnlocked = true;
          return ok();
        },
        read: () => (isUnlocked ? ok(password) : plainError),
      },
      "!CUSTOM": {
        read: () => ok("!CUSTOM: ", ...[...stored].map(([name, value]) => `\t\t\t${name}\t\t0x0${value}`)),
        test: fixed("!CUSTOM: <customization>,<value>"),
        set: (parameters) => {
          const name = stringAt(parameters, 0)?.toUpperCase();
          const value = numberAt(parameters, 1, 0, 2);
          if (!isUnlocked || name === undefined || !stored.has(name)) return plainError;
          if (parameters.length !== 2 || value === undefined || (name === "SIMLPA" && value > 1)) return plainError;
          stored.set(name, value);
          return ok();
        },
      },
    },
    isDownloading: () => false,
    holdsIsdR: () => inEffect,
    powerOff: () => {
      inEffect = isOn();
      isUnlocked = false;
    },
  };
}

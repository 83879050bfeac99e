/** The scenarios that ship with the fake modem, each one field failure. As data: what a scenario file would hold. */

import type { ScenarioInput } from "./scenario.js";

export const builtInScenarios: Readonly<Record<string, ScenarioInput>> = {
  slow: {
    description: "every answer takes 700 ms, far beyond the 300 ms that manuals promise",
    behaviours: [{ delayMs: 700, do: { kind: "answer" } }],
  },
  silence: {
    description: "the modem hangs: no command is answered, ever",
    behaviours: [{ do: { kind: "silence" } }],
  },
  "busy-then-ok": {
    description: "the SIM is busy three times for what touches the eUICC, then it answers",
    behaviours: [{ command: '^AT\\+(QESIM="|CCHO="|CGLA=[^?]|CSIM=[^?]|CPIN\\?)', times: 3, do: { kind: "busy" } }],
  },
  garbage: {
    description: "noise on the line before every third answer and behind every fourth",
    behaviours: [
      { every: 3, do: { kind: "garbage", where: "before" } },
      { every: 4, do: { kind: "garbage", where: "after" } },
    ],
  },
  "split-bytes": {
    description: "answers come in pieces of three bytes with pauses",
    behaviours: [{ do: { kind: "split", chunkBytes: 3, pauseMs: 1 } }],
  },
  "urc-storm": {
    description: "twenty unsolicited lines between every command and its answer, some with the answer's own prefix",
    behaviours: [{ do: { kind: "urc-storm" } }],
  },
  "error-by-number": {
    description: "the first eSIM command is refused with +CME ERROR: 100 (unknown)",
    behaviours: [{ command: '^AT\\+QESIM="', times: 1, do: { kind: "error", number: 100 } }],
  },
  unplug: {
    description: "the modem is pulled out in the middle of the download and comes back after two seconds",
    behaviours: [
      {
        command: '^AT\\+QESIM="(download|trans)"',
        times: 1,
        do: { kind: "unplug", when: "executed", replugAfterMs: 2000 },
      },
    ],
  },
  "wrong-eid": {
    description: "the modem reports an EID with wrong check digits",
    world: { reportedEid: "invalid" },
  },
  "no-euicc": { description: "no eSIM is fitted", world: { euicc: "absent" } },
  "full-euicc": { description: "the eUICC has no room for a profile", world: { euicc: "full" } },
  "download-fails-but-present": {
    description: "the modem calls the download failed, and the profile is installed all the same",
    world: { download: "fails-but-present" },
  },
  "download-ok-but-absent": {
    description: "the modem calls the download a success, and the profile is not there",
    world: { download: "ok-but-absent" },
  },
  "m2m-euicc": {
    description: "an eUICC of SGP.02: its ISD-R opens and answers every ES10 command with 6985",
    world: { euicc: "m2m" },
  },
  "wrong-slot": {
    description: "the eUICC is in slot 2, and a plain SIM in slot 1 is the active one",
    world: { slots: { active: 1, euicc: 2, other: "sim" } },
  },
  "refresh-ignored": {
    description:
      "the modem ignores the eUICC's REFRESH and goes on with the old profile until its SIM starts anew (RG650E)",
    world: { refresh: "ignored" },
  },
  "refresh-needs-reset": {
    description: "only a reset of the whole modem shows it the profile that was enabled",
    world: { refresh: "needs-reset" },
  },
  "needs-sim-power": {
    description: "only the SIM's power, or a reset of the whole modem, shows it the profile that was enabled",
    world: { refresh: "needs-sim-power" },
  },
  "silent-at-cfun0": {
    description:
      "the modem ignores the eUICC's REFRESH, and from AT+CFUN=0 to AT+CFUN=1 it says nothing, not even OK (EG25)",
    world: { refresh: "ignored", silentAtCfun0: true },
  },
  "slow-refresh": {
    description:
      "after a REFRESH the modem takes 10 s to restart the SIM, and ES10 commands get 6985 meanwhile (MC7455)",
    world: { notReadyMs: 10_000, simBusyErrors: [14, 13, 10] },
  },
  "isdr-window": {
    description: "the modem's LPA gives the ISD-R away only from 3 s to 10 min after a start of the SIM (FM350)",
    world: { isdrWindow: { opensMs: 3_000, closesMs: 600_000 } },
  },
  "late-loader-error": {
    description:
      "one of the last segments of the profile's package gets a bare ERROR, though the eUICC has taken it (EC20F, EG25)",
    // APDUs of 125 bytes give the segments that are seen in the field; the ninth of a chain ends a part of the package.
    world: { maxApduBytes: 125 },
    behaviours: [{ command: '^AT\\+CGLA=.*"8[0-3]E29108', nth: 3, do: { kind: "error", executed: true } }],
  },
  "device-settings": {
    description: "+CME ERROR: 3 on what leads to the card: the maker has switched it off inside the modem",
    behaviours: [{ command: "^AT\\+(CCHO|CGLA|CSIM)=[^?]", do: { kind: "error", number: 3 } }],
  },
  "pin-locked": { description: "the SIM application asks for a PIN", world: { pin: "locked" } },
  "gnss-port": { description: "the port is not for AT: GNSS sentences, and no answer", world: { port: "nmea" } },
  "diag-port": { description: "the port is not for AT: binary noise to everything", world: { port: "diag" } },
  "slow-start": {
    description: "after power on and after its port was opened the modem is silent for 45 s (FM350)",
    world: { silentAfterOpenMs: 45_000, staleUrcs: ["+ESIMS: 1,29"] },
  },
  "self-reset": {
    description: "90 s after its start the modem vanishes, and comes back two seconds later (FM350)",
    world: { selfResetAfterMs: 90_000 },
  },
  "partial-echo": {
    description: "the first character of every echo is lost, so that T+CCHC=1 comes back",
    world: { partialEcho: 1 },
  },
  "burst-limit": {
    description: "what comes beyond 64 bytes without a pause is lost (Quectel)",
    world: { inputBurstBytes: 64 },
  },
  "many-profiles": {
    description: "fourteen unused profiles: lists are longer than 1 kB",
    world: { extraProfiles: 14 },
  },
};

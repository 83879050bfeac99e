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
};

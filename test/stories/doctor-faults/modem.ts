import { configured } from "../conditions.js";
import { byHost, etsi, hurried, type Planted } from "../doctor-bench.js";

/** The modem, its SIM and its eUICC. */

export const modemFaults: Readonly<Record<string, Planted>> = {
  "the modem is of no known kind": {
    field: { modem: { behaviours: [{ command: "QESIM|CCHO|CSIM|CGEUICCID", do: { kind: "error" } }] } },
    plant: () => ({}),
    check: "dialect",
    code: "modem_unknown",
    says: /Quectel \S+ speaks no dialect that esimd knows and gives no access to its card/,
    next: /AT\+CCHO, AT\+CGLA and AT\+CCHC/,
  },
  "no eSIM is fitted": {
    field: { ...etsi, modem: "no-euicc" },
    plant: () => ({ words: byHost }),
    check: "euicc",
    code: "no_euicc",
    says: /has no eUICC that can be reached/,
    next: /an eSIM is fitted/,
  },
  "the eUICC may be in another slot, as far as the modem tells": {
    field: { modem: "wrong-slot" },
    plant: () => ({}),
    check: "euicc",
    code: "no_euicc",
    says: /has no eUICC that can be reached/,
    next: /active SIM slot is 1; if the eSIM is in another, set modem\.sim_slot/,
  },
  "the eUICC is in another slot, as the modem tells": {
    field: { modem: "wrong-slot", world: { dialect: "fibocom-mtk" } },
    plant: () => ({}),
    check: "euicc",
    code: "euicc_other_slot",
    says: /slot \d has no eUICC, and slot \d has one/,
    next: /Set modem\.sim_slot = \d/,
  },
  "the eUICC is of the M2M kind": {
    field: { ...etsi, modem: "m2m-euicc" },
    plant: () => ({ words: [...byHost, "--provider", "none"], clock: hurried(10) }),
    check: "euicc",
    code: "euicc_m2m",
    says: /opens its ISD-R and refuses every command of a local LPA \(6985\)/,
    next: /SM-SR/,
  },
  "the modem's own LPA holds the eUICC": {
    field: { dialect: "quectel-index" },
    plant: () => ({}),
    check: "lpa",
    code: "lpa_holds_isdr",
    says: /lpa_enable is 1/,
    next: /modem\.take_isdr = true/,
  },
  "the SIM is locked": {
    field: { modem: "pin-locked", bootstrap: true },
    plant: () => ({}),
    check: "sim",
    code: "sim_locked",
    says: /asks for its PIN/,
    next: /Switch the PIN of the profile off/,
  },
  "another eUICC than the expected one": {
    field: etsi,
    plant: async (field) => ({
      words: [...byHost, ...(await configured(field, { modem: { expected_eid: "89049032000000000000000000000066" } }))],
    }),
    check: "euicc",
    code: "eid_mismatch",
    says: /and 8904…0066 was expected/,
    next: /right unit/,
  },
  "the modem tells another EID than its eUICC": {
    field: {
      modem: {
        behaviours: [
          {
            command: 'QESIM="eid"',
            do: { kind: "raw", text: '\r\n+QESIM: "eid",89049032000000000000000000000066\r\n\r\nOK\r\n' },
          },
        ],
      },
    },
    plant: () => ({}),
    check: "euicc",
    code: "eid_mismatch",
    says: /the modem says that the EID is 8904…0066, the eUICC itself says 8904…/,
    next: /Restart the modem/,
  },
  "the eUICC is full": {
    field: { ...etsi, modem: "full-euicc" },
    plant: () => ({ words: byHost }),
    check: "lpa",
    code: "euicc_full",
    says: /too few for any profile/,
    next: /Delete a profile/,
  },
  "a modem that downloads by its own network is on none": {
    field: { dialect: "quectel-nwmode", bootstrap: false },
    plant: () => ({ words: ["--lpa", "modem"] }),
    check: "lpa",
    code: "not_registered",
    says: /is not registered/,
    next: /bootstrap profile/,
  },
};

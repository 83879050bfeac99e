import type { Eid } from "../../base/identifiers.js";
import type { Behaviour as ApiBehaviour } from "../api/behaviours.js";
import type { ScenarioInput } from "../modem/scenario.js";
import type { Scenario as SmdpScenario } from "../smdp/scenario.js";

/**
 * What goes wrong with a unit at a line, as data: how the emulators play it for this unit alone, and what must come of it. A fault holds
 * for every run of the unit: a station that was killed meets it again.
 */

export const faultKinds = [
  "modem-silent",
  "no-euicc",
  "euicc-full",
  "package-refused",
  "no-stock",
  "serial-twice",
  "eid-twice",
  "imei-twice",
  "comes-back",
  "pulled-out",
  "garbage",
  "card-restarts",
  "slow-start",
  "api-error",
  "api-cut",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Expected =
  | { readonly verdict: "PASS" }
  /** One of these error codes comes with it. */
  | { readonly verdict: "FAIL"; readonly codes: readonly string[] };

export interface Fault {
  readonly kind: FaultKind;
  /** For people who are trained with it. */
  readonly sentence: string;
  readonly expected: Expected;
  /** A profile is paid for, once in the unit's life. */
  readonly costsCharge: boolean;
  /** What the unit shares with one that passed before it. */
  readonly shares?: "serial" | "imei" | "euicc" | "all";
  readonly modem?: ScenarioInput;
  readonly api?: Pick<ApiBehaviour, "actions"> & { readonly times?: number };
  readonly smdp?: Pick<SmdpScenario["behaviours"][number], "function" | "do">;
}

const pass: Expected = { verdict: "PASS" };
const fail = (...codes: readonly string[]): Expected => ({ verdict: "FAIL", codes });

/** A segment in the middle of a profile's package, on its way to the eUICC. */
const segment = '^AT\\+CGLA=.*"8[0-3]E211';

const faults: Readonly<Record<FaultKind, Omit<Fault, "kind">>> = {
  "modem-silent": {
    sentence: "The modem answers nothing at all.",
    expected: fail("modem_silent"),
    costsCharge: false,
    modem: { world: { silentAfterOpenMs: 3_600_000 } },
  },
  "no-euicc": {
    sentence: "No eUICC is fitted.",
    expected: fail("no_euicc"),
    costsCharge: false,
    modem: { world: { euicc: "absent" } },
  },
  "euicc-full": {
    sentence: "The eUICC has no room for a profile.",
    expected: fail("euicc_full"),
    costsCharge: false,
    modem: { world: { euicc: "full" } },
  },
  "package-refused": {
    sentence: "The eUICC refuses the package, because one of its MACs is wrong.",
    // The latter where a station that was killed in between asks for the package again.
    expected: fail("install_failed", "smdp_refused"),
    costsCharge: true,
    smdp: { function: "getBoundProfilePackage", do: { kind: "wrong-mac" } },
  },
  "no-stock": {
    sentence: "The provider has no profile left for it.",
    expected: fail("no_stock"),
    costsCharge: false,
    api: { actions: [{ do: "stock-out" }] },
  },
  "serial-twice": {
    sentence: "Its label has the serial number of a unit that passed.",
    expected: fail("unit_duplicate"),
    costsCharge: false,
    shares: "serial",
  },
  "eid-twice": {
    sentence: "It passed before, and has another label now.",
    expected: fail("unit_duplicate"),
    costsCharge: false,
    shares: "euicc",
  },
  "imei-twice": {
    sentence: "Its modem has the IMEI of a unit that passed.",
    expected: fail("unit_duplicate"),
    costsCharge: false,
    shares: "imei",
  },
  "comes-back": {
    sentence: "It passed before, and comes again.",
    expected: pass,
    costsCharge: false,
    shares: "all",
  },
  "pulled-out": {
    sentence: "It is pulled out in the middle of the download, and put back.",
    expected: pass,
    costsCharge: true,
    modem: {
      behaviours: [{ command: segment, nth: 5, do: { kind: "unplug", when: "executed", replugAfterMs: 1_500 } }],
    },
  },
  garbage: {
    sentence: "There is noise on its line, and some answers come late.",
    expected: pass,
    costsCharge: true,
    modem: {
      behaviours: [
        { every: 5, do: { kind: "garbage", where: "before" } },
        { every: 7, do: { kind: "garbage", where: "after" } },
        { nth: 9, do: { kind: "late", ms: 1_000 } },
      ],
    },
  },
  "card-restarts": {
    sentence: "The card restarts slowly once the profile is enabled, and refuses what comes meanwhile.",
    expected: pass,
    costsCharge: true,
    modem: { world: { notReadyMs: 2_000, simBusyMs: 3_000, simBusyErrors: [14, 13, 10] } },
  },
  "slow-start": {
    sentence: "The modem is silent for a while after its port was opened.",
    expected: pass,
    costsCharge: true,
    modem: { world: { silentAfterOpenMs: 4_000 } },
  },
  "api-error": {
    sentence: "The provider answers 500, and has not reserved.",
    expected: pass,
    costsCharge: true,
    api: {
      actions: [{ do: "error", status: 500, message: "emulated failure", shape: "vendor", effect: false }],
      times: 1,
    },
  },
  "api-cut": {
    sentence: "The provider has reserved, and its answer is lost.",
    expected: pass,
    costsCharge: true,
    api: { actions: [{ do: "cut", within: "head", effect: true }], times: 1 },
  },
};

export function faultOf(kind: FaultKind): Fault {
  return { kind, ...faults[kind] };
}

/** How the API plays it for this eUICC. */
export function apiBehaviours({ api }: Fault, eid: Eid): readonly ApiBehaviour[] {
  if (api === undefined) return [];
  const { actions, times } = api;
  return [{ match: { method: "POST", path: "/v1/ESimProfiles", eid, ...(times && { times }) }, actions }];
}

/** How the SM-DP+ plays it for this eUICC. */
export function smdpBehaviours({ smdp }: Fault, eid: Eid): SmdpScenario["behaviours"] {
  return smdp === undefined ? [] : [{ ...smdp, eid }];
}

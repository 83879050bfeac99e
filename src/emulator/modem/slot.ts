/** The eUICC in the modem's slot: made or read back, kept in its file, and under some scenarios full or under another name. */

import { createHash } from "node:crypto";
import { EsimdError } from "../../base/errors.js";
import { type Eid, maskIdentifiers, parseEid, parseIccid } from "../../base/identifiers.js";
import { EuiccCard } from "../euicc/card.js";
import { EmulatedEuicc } from "../euicc/euicc.js";
import { type EuiccState, newEuiccState } from "../euicc/state.js";
import type { Pki } from "../pki/pki.js";
import { withReportedEid } from "./eid-report.js";
import type { World } from "./scenario.js";
import type { CardPort, EuiccPort } from "./sim.js";
import { readStateFile, writeStateFile } from "./state-file.js";

/** Of the GSMA's test range (SGP.26). */
export const defaultEid = parseEid("89049032123451234512345678901235", "the emulator's default");

export interface SlotOptions {
  readonly pki: Pki;
  /** {@link defaultEid}, or the state file's. */
  readonly eid?: Eid | undefined;
  readonly stateFile?: string | undefined;
  /** The memory of an eUICC that was in use before. */
  readonly kept?: EuiccState | undefined;
  /** A new eUICC comes with an enabled provisioning profile. */
  readonly bootstrap: boolean;
  readonly defaultSmdpAddress?: string | undefined;
  readonly rootSmdsAddress?: string | undefined;
  readonly world: () => World;
}

export interface Slot {
  readonly euicc: EmulatedEuicc;
  readonly ports: { readonly euicc: EuiccPort; readonly card: CardPort };
  /** Writes the state file if anything changed. @throws EsimdError `bad_input`. */
  readonly keep: () => void;
}

/** @throws EsimdError `bad_input`. */
export function fillSlot(options: SlotOptions): Slot {
  const { pki, stateFile, world } = options;
  const fromFile = stateFile === undefined ? undefined : readStateFile(stateFile);
  const state = fromFile ?? options.kept ?? newState(options);
  if (options.eid !== undefined && state.eid !== options.eid) {
    throw new EsimdError(
      "bad_input",
      `the state file holds the eUICC ${maskIdentifiers(state.eid)}, not ${maskIdentifiers(options.eid)}`,
      { hint: "Give another --state, or leave --eid out." },
    );
  }
  // Full is a matter of the scenario and not of the eUICC: its file keeps the room that it has.
  const euicc = new EmulatedEuicc({ pki, state: world().euicc === "full" ? { ...state, memoryBytes: 0 } : state });
  const card = new EuiccCard(euicc);
  let written = "";
  const keep = (): void => {
    if (stateFile === undefined) return;
    const current = { ...euicc.toJSON(), memoryBytes: state.memoryBytes };
    const text = JSON.stringify(current);
    if (text === written) return;
    writeStateFile(stateFile, current);
    written = text;
  };
  keep();
  return { euicc, keep, ports: portsOf(euicc, card, keep, world) };
}

function portsOf(euicc: EmulatedEuicc, card: EuiccCard, keep: () => void, world: () => World): Slot["ports"] {
  return {
    euicc: {
      es10: (command) => {
        const answer = euicc.es10(command);
        // Before the modem answers: what the host was told must survive a kill of the emulator.
        keep();
        return answer;
      },
    },
    card: {
      transmit: (apdu) => {
        const response = card.transmit(apdu);
        keep();
        return withReportedEid(response, euicc.eid, world());
      },
      openChannel: (aid) => card.openChannel(aid),
      closeChannel: (channel) => card.closeChannel(channel),
      reset: () => card.reset(),
    },
  };
}

function newState(options: SlotOptions): EuiccState {
  const { eid = defaultEid, bootstrap, defaultSmdpAddress, rootSmdsAddress, world } = options;
  const empty = newEuiccState({ eid, defaultSmdpAddress, rootSmdsAddress });
  let state = bootstrap ? withProfile(empty, bootstrapProfile) : empty;
  for (let number = 1; number <= world().extraProfiles; number++) state = withProfile(state, extraProfile(number));
  return state;
}

const bootstrapIccid = parseIccid("8999970000000000019", "the emulator's bootstrap profile");

type FactoryProfile = Pick<EuiccState["profiles"][number], "iccid" | "state" | "profileClass" | "name"> & {
  readonly serviceProvider: string;
};

/** From the factory: it brings the modem onto a network, so that it can fetch the real one. */
const bootstrapProfile: FactoryProfile = {
  iccid: bootstrapIccid,
  state: "enabled",
  profileClass: "provisioning",
  serviceProvider: "esimd emulator",
  name: "Bootstrap",
};

function extraProfile(number: number): FactoryProfile {
  return {
    iccid: parseIccid(`89999700000000001${String(number).padStart(2, "0")}`, "the emulator's extra profile"),
    state: "disabled",
    profileClass: "operational",
    serviceProvider: `Service provider ${number}`,
    name: `A profile that lies here unused, ${number}`,
  };
}

function withProfile(state: EuiccState, profile: FactoryProfile): EuiccState {
  return {
    ...state,
    nextIsdp: state.nextIsdp + 1,
    profiles: [
      ...state.profiles,
      {
        ...profile,
        isdpAid: `A0000005591010FFFFFFFF8900${state.nextIsdp.toString(16).toUpperCase().padStart(4, "0")}00`,
        notifications: [],
        policyRules: [],
        sizeBytes: 8_000,
        sha256: createHash("sha256").update(profile.iccid).digest("hex"),
      },
    ],
  };
}

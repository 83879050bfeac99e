/** What the modem's own LPA does on the eUICC, whatever the dialect calls it. */

import { isEsimdError } from "../../../base/errors.js";
import {
  type ActivationCode,
  type Iccid,
  parseActivationCode,
  parseIccid,
  parseSmdpAddress,
  type SmdpAddress,
} from "../../../base/identifiers.js";
import {
  decodeConfiguredAddresses,
  decodeSetDefaultAddressResult,
  encodeGetConfiguredAddresses,
  encodeSetDefaultAddress,
} from "../../../lpa/es10/configured-addresses.js";
import { decodeEid, encodeGetEid } from "../../../lpa/es10/eid.js";
import type { ProfileInfo } from "../../../lpa/es10/profile-info.js";
import {
  decodeOperationResult,
  encodeDeleteProfile,
  encodeDisableProfile,
  encodeEnableProfile,
  encodeSetNickname,
} from "../../../lpa/es10/profile-operations.js";
import { tags } from "../../../lpa/es10/tags.js";
import { reportedEid } from "../eid-report.js";
import type { World } from "../scenario.js";
import type { Sim } from "../sim.js";

export type ProfileChange = "enable" | "disable" | "delete";

export interface ChangeResult {
  /** A name of SGP.22, 5.7.16 to 5.7.21; `ok` when it worked. */
  readonly result: string;
  /** To be called once the host has its answer. */
  readonly after: () => void;
}

const nothing = (): void => undefined;

export class LpaOperations {
  readonly #sim: Sim;
  readonly #world: () => World;

  constructor(sim: Sim, world: () => World) {
    this.#sim = sim;
    this.#world = world;
  }

  /** As the modem reports it. */
  eid(): string {
    return reportedEid(decodeEid(this.#sim.es10(encodeGetEid()).response), this.#world());
  }

  list(): readonly ProfileInfo[] {
    return this.#sim.profiles();
  }

  change(change: ProfileChange, iccid: Iccid): ChangeResult {
    const id = { by: "iccid", iccid } as const;
    const { tag, command } = {
      enable: { tag: tags.enableProfile, command: encodeEnableProfile({ id, refresh: true }) },
      disable: { tag: tags.disableProfile, command: encodeDisableProfile({ id, refresh: true }) },
      delete: { tag: tags.deleteProfile, command: encodeDeleteProfile(id) },
    }[change];
    const { response, refresh } = this.#sim.es10(command);
    return {
      result: decodeOperationResult(tag, response),
      after: refresh ? () => this.#sim.refresh() : nothing,
    };
  }

  /** A name of SGP.22, 5.7.21. */
  nickname(iccid: Iccid, nickname: string): string {
    return decodeOperationResult(tags.setNickname, this.#sim.es10(encodeSetNickname(iccid, nickname)).response);
  }

  /** Empty when there is none. */
  defaultSmdpAddress(): string {
    const { response } = this.#sim.es10(encodeGetConfiguredAddresses());
    return decodeConfiguredAddresses(response).defaultSmdpAddress ?? "";
  }

  /** A name of SGP.22, 5.7.4. */
  setDefaultSmdpAddress(address: SmdpAddress): string {
    return decodeSetDefaultAddressResult(this.#sim.es10(encodeSetDefaultAddress(address)).response);
  }
}

/** The ICCID if the text is one. */
export function iccidOf(text: string | undefined): Iccid | undefined {
  return text === undefined ? undefined : validOrNothing(() => parseIccid(text, "the command"));
}

/** The SM-DP+ address if the text is one. */
export function smdpAddressOf(text: string | undefined): SmdpAddress | undefined {
  return text === undefined ? undefined : validOrNothing(() => parseSmdpAddress(text, "the command"));
}

/** A nickname as the host typed it: the line is read byte by byte, the text is UTF-8, and 64 bytes is its bound (SGP.22, 5.7.21). */
export function nicknameOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "latin1");
  return bytes.length > 64 ? undefined : bytes.toString("utf8");
}

/** The activation code if the text is one, with its prefix. */
export function activationCodeOf(text: string | undefined): ActivationCode | undefined {
  return text?.startsWith("LPA:") ? validOrNothing(() => parseActivationCode(text, "the command")) : undefined;
}

function validOrNothing<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (isEsimdError(error)) return undefined;
    throw error;
  }
}

/**
 * RG650E, RM520N and kin: profiles by an index from 1, OK that means accepted and no more, and an LPA that holds the ISD-R while
 * `lpa_enable` is 1. That setting outlives a reset, and only a reset brings it into effect (ddimension/wwand src-ucode/esim.uc, and a
 * public regression test for these modems). Everything that is refused is refused with ERROR.
 */

import type { ProfileInfo } from "../../../lpa/es10/profile-info.js";
import { type Answer, ok, plainError } from "../answers.js";
import { type Handler, numberAt, stringAt } from "../command-set.js";
import type { DialectParts, DialectSession, FakeDialect } from "./dialect.js";
import { LateChange } from "./late-change.js";
import { nicknameOf, smdpAddressOf } from "./lpa-operations.js";
import { classNumber, type Operations, quoted } from "./qesim.js";

const syntax = [
  '"lpa_enable",(0,1)',
  '"eid"',
  '"profile_brief"',
  '"profile_detail",<index>',
  '"enable_profile",<index>',
  '"disable_profile",<index>',
  '"delete_profile",<index>',
  '"nickname",<index>,<nickname>',
  '"def_svr_addr",<fqdn>',
].map((line) => `+QESIM: ${line}`);

export const quectelIndex: FakeDialect = {
  name: "quectel-index",
  summary: "Quectel RG650E: profiles by index, and an LPA that keeps every host from the eUICC while it is switched on",
  identity: { manufacturer: "Quectel", model: "RG650E-EU", revision: "RG650EEUDCR11A03M16G" },
  style: {
    // A profile list comes as one answer of more than 1 kB (lpac pull request 129, on RM520).
    getResponse: "modem",
  },
  // The modem goes on with the old profile until the SIM starts anew (wwand on RG650E; Quectel staff on EM160R: CFUN=0/1 or a reset).
  world: { refresh: "ignored" },
  start,
};

function start(parts: DialectParts): DialectSession {
  let stored = true;
  let inEffect = stored;
  const lpa = new IndexedLpa(parts);

  const lpaEnable: Handler = (parameters) => {
    if (parameters.length === 0) return ok(`+QESIM: "lpa_enable",${stored ? 1 : 0}`);
    const value = numberAt(parameters, 0, 0, 1);
    if (value === undefined || parameters.length > 1) return plainError;
    stored = value === 1;
    return ok();
  };
  return {
    commands: {
      "+QESIM": {
        test: () => ok(...syntax),
        set: (parameters) => {
          const [, ...rest] = parameters;
          const name = stringAt(parameters, 0) ?? "";
          if (name === "lpa_enable") return lpaEnable(rest);
          const operation = Object.hasOwn(lpa.operations, name) ? lpa.operations[name] : undefined;
          if (operation === undefined || !inEffect || parts.sim.euiccRefusal() !== undefined) return plainError;
          return operation(rest);
        },
      },
    },
    isDownloading: () => false,
    holdsIsdR: () => inEffect,
    powerOff: () => {
      inEffect = stored;
      lpa.powerOff();
    },
  };
}

/** The operations of an LPA that is on, over an eUICC that answers. */
class IndexedLpa {
  readonly #parts: DialectParts;
  /** One change of states at a time; names and the address wait for themselves. */
  readonly #state: LateChange;
  readonly #nickname: LateChange;
  readonly #address: LateChange;

  constructor(parts: DialectParts) {
    this.#parts = parts;
    const later = (): LateChange => new LateChange(parts.clock, () => parts.world().lpaEffectMs);
    this.#state = later();
    this.#nickname = later();
    this.#address = later();
  }

  readonly operations: Operations = {
    eid: (parameters) => (parameters.length === 0 ? ok(`+QESIM: "eid",${this.#parts.operations.eid()}`) : plainError),
    profile_brief: (parameters) =>
      parameters.length === 0 ? ok(`+QESIM: "profile_brief",${this.#parts.operations.list().length}`) : plainError,
    profile_detail: this.#onProfile(1, (profile) => ok(`+QESIM: "profile_detail",${detailOf(profile)}`)),
    enable_profile: this.#onProfile(1, (profile) => this.#switch(profile, "enable")),
    disable_profile: this.#onProfile(1, (profile) => this.#switch(profile, "disable")),
    delete_profile: this.#onProfile(1, (profile) => this.#delete(profile)),
    nickname: this.#onProfile(2, (profile, parameters) => {
      const nickname = nicknameOf(stringAt(parameters, 1));
      if (nickname === undefined) return plainError;
      this.#later(this.#nickname, nickname, () => this.#parts.operations.nickname(profile.iccid, nickname));
      return ok();
    }),
    def_svr_addr: (parameters) => {
      if (parameters.length === 0) {
        return ok(`+QESIM: "def_svr_addr",${quoted(this.#parts.operations.defaultSmdpAddress())}`);
      }
      const address = smdpAddressOf(stringAt(parameters, 0));
      if (address === undefined || parameters.length > 1) return plainError;
      this.#later(this.#address, address, () => this.#parts.operations.setDefaultSmdpAddress(address));
      return ok();
    },
  };

  powerOff(): void {
    this.#state.powerOff();
    this.#nickname.powerOff();
    this.#address.powerOff();
  }

  /** An operation with so many parameters, the first of which is an index. */
  #onProfile(count: number, use: (profile: ProfileInfo, parameters: Parameters<Handler>[0]) => Answer): Handler {
    return (parameters) => {
      const index = numberAt(parameters, 0, 1, 1000);
      const profile = index === undefined ? undefined : this.#parts.operations.list()[index - 1];
      return profile === undefined || parameters.length !== count ? plainError : use(profile, parameters);
    };
  }

  /** A host polls with the command itself: what is accepted already is accepted again and happens once. */
  #switch(profile: ProfileInfo, change: "enable" | "disable"): Answer {
    const what = `${change} ${profile.iccid}`;
    if (this.#state.accepted !== undefined) return this.#state.accepted === what ? ok() : plainError;
    if ((profile.state === "enabled") === (change === "enable")) return plainError;
    this.#later(this.#state, what, () => this.#parts.operations.change(change, profile.iccid).after());
    return ok();
  }

  #delete(profile: ProfileInfo): Answer {
    if (this.#state.accepted !== undefined) return plainError;
    return this.#parts.operations.change("delete", profile.iccid).result === "ok" ? ok() : plainError;
  }

  /** Whoever took the SIM's power meanwhile took the change with it; the modem says nothing of it. */
  #later(change: LateChange, what: string, carryOut: () => unknown): void {
    change.accept(what, () => {
      if (this.#parts.sim.euiccRefusal() === undefined) carryOut();
    });
  }
}

/** Names may hold commas; they stand between quotes. */
function detailOf(profile: ProfileInfo): string {
  const state = profile.state === "enabled" ? 1 : 0;
  const names = [profile.nickname, profile.serviceProvider, profile.name].map(quoted).join(",");
  return `${profile.iccid},${state},${names},${classNumber[profile.profileClass]}`;
}

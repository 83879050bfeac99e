import { basename, dirname } from "node:path";
import type {
  CreateOutcome,
  ESimProfile,
  ESimProfileRequest,
  ProviderApi,
  Sim,
  SimUpdate,
} from "../../src/api/resources.js";
import { AtChannel } from "../../src/at/channel.js";
import { sleep, VirtualClock } from "../../src/base/clock.js";
import { EsimdError, toEsimdError } from "../../src/base/errors.js";
import {
  type Eid,
  type Iccid,
  parseActivationCode,
  parseEid,
  parseIccid,
  parseSmdpAddress,
  type SmdpAddress,
} from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { RefusedByServer } from "../../src/lpa/es9plus/status-codes.js";
import {
  type Delivered,
  type DownloadRequest,
  type DownloadSession,
  type InstalledProfile,
  type KeptNotification,
  type Lpa,
  nothingDelivered,
  type ProfileDetails,
} from "../../src/lpa/lpa.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import type { Policy } from "../../src/provision/policy.js";
import type { RunParts } from "../../src/provision/run.js";
import { type RunOutcome, runProvisioning } from "../../src/provision/runner.js";
import type { ServiceProbe } from "../../src/provision/service-probe.js";
import type { Disk } from "../../src/provision/store/disk.js";
import { openStore } from "../../src/provision/store/store.js";
import type { UsualWait } from "../../src/provision/usual-wait.js";
import { MemoryPort } from "./memory-port.js";

/**
 * A world in memory for the runner: provider, eUICC, SM-DP+ and disk on a virtual clock. It keeps state and money; what goes wrong in
 * it is for the test to say.
 */
export class SmallWorld {
  readonly clock = new VirtualClock();
  readonly eid: Eid = parseEid("89049032123451234512345678901235", "test");
  readonly disk = new MemoryDisk();
  readonly provider = new SmallProvider(this.clock);
  readonly euicc = new SmallEuicc(this.provider, this.eid, this.clock);
  readonly states: string[] = [];
  /** What a state told that it waits for. */
  readonly waits: string[] = [];
  /** What the modem answers besides, by command; and all that it was sent, over every run. */
  readonly answers = new Map<string, readonly string[]>();
  readonly sent: string[] = [];
  /** What is known of the host's clock, and why its network reaches nobody. */
  isMarked = true;
  isSynchronised: boolean | undefined = undefined;
  unreachable: EsimdError | undefined;
  /** Whom the network was asked for. */
  readonly reached: string[] = [];
  /** How long connecting takes. */
  wakesAfterMs = 0;
  policy: Policy = {
    provider: "twilio",
    expectedEid: undefined,
    method: "eid",
    maxReservations: 1,
    reserveSettleMs: 900_000,
    onUnclear: "retry",
    availableWaitMs: 300_000,
    sim: { activate: "ready", when: "after-download", fleet: "default", uniqueName: undefined, reactivate: false },
    smdpAddress: undefined,
    defaultSmdp: { address: undefined, set: "never" },
    confirmationCode: undefined,
    downloadAttempts: 2,
    downloadTimeoutMs: 600_000,
    simSlot: undefined,
    apn: undefined,
    wakeWaitMs: 60_000,
    clockWaitMs: 300_000,
    clockTrust: "evidence",
    networkWaitMs: 300_000,
    registrationWaitMs: 60_000,
    connectivity: { check: "registration", rollback: true, switchesPerDay: 3 },
    connectivityWaitMs: 300_000,
    confirmWaitMs: 60_000,
  };
  /** What this process knows of the provider's pace. */
  usualWait: UsualWait | undefined;
  /** The host's own checks of service. */
  probes: readonly ServiceProbe[] = [];
  /** Another name is another process. */
  process: string | undefined = "boot/1";
  #ids = 0;

  /** One whole run, in virtual time. */
  run(signal: AbortSignal = new AbortController().signal): Promise<RunOutcome> {
    return this.clock.runUntil(runProvisioning(this.#parts(), signal));
  }

  #parts(): RunParts {
    return {
      policy: this.policy,
      portName: "memory",
      connect: async (signal) => {
        if (this.wakesAfterMs > 0) await sleep(this.clock, this.wakesAfterMs, signal);
        return this.#line();
      },
      detect: async () => ownCatalogue.find("quectel-iccid"),
      openLpa: async () => this.euicc,
      api: this.policy.provider === "none" ? undefined : this.provider,
      apiUrls: this.policy.provider === "none" ? [] : ["https://api.example"],
      reach: async (target) => {
        this.reached.push(target.kind === "api" ? target.url : target.address);
        if (this.unreachable !== undefined) throw this.unreachable;
      },
      hostClock: {
        builtAtMs: Date.UTC(2025, 5, 1),
        isMarked: async () => this.isMarked,
        isSynchronised: async () => this.isSynchronised,
      },
      openStore: (eid) =>
        openStore("/state", eid, {
          disk: this.disk,
          processes: { ownPid: 1, birthOf: () => undefined },
          clock: this.clock,
          log: silentLog,
        }),
      clock: this.clock,
      random: seededRandom(1),
      log: silentLog,
      probes: this.probes,
      process: this.process,
      ...(this.usualWait && { usualWait: this.usualWait }),
      newId: () => `intent-${++this.#ids}`,
      observe: (seen) => {
        if (seen.kind !== "state") return;
        if (this.states.at(-1) === seen.state) this.waits.push(seen.sentence);
        else this.states.push(seen.state);
      },
    };
  }

  /** A modem that knows its EID, has no raw card access, and is registered. */
  #line(): ModemLine {
    const port = new MemoryPort();
    port.answer((text) => {
      this.sent.push(text);
      const told = this.answers.get(text);
      if (told !== undefined) port.sayLines(...told);
      else if (text === 'AT+QESIM="eid"') port.sayLines(`+QESIM: "eid",${this.eid}`, "OK");
      else if (text === "AT+CEREG?") port.sayLines("+CEREG: 0,1", "OK");
      else port.sayLines("ERROR");
    });
    return { channel: new AtChannel(port, this.clock, silentLog), clock: this.clock, random: seededRandom(1) };
  }
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, string>();

  async read(path: string): Promise<string | undefined> {
    return this.files.get(path);
  }
  async list(path: string): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    return [...this.files]
      .filter(([name]) => dirname(name) === path)
      .map(([name, text]) => ({ name: basename(name), bytes: Buffer.byteLength(text) }));
  }
  async replace(path: string, text: string): Promise<void> {
    this.files.set(path, text);
  }
  async append(path: string, text: string): Promise<void> {
    this.files.set(path, (this.files.get(path) ?? "") + text);
  }
  async makeFolder(): Promise<void> {}
  async syncFolder(): Promise<void> {}
  async createExclusive(path: string, text: string): Promise<boolean> {
    if (this.files.has(path)) return false;
    this.files.set(path, text);
    return true;
  }
  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
const smdpAddress = parseSmdpAddress("smdp.example", "test");

/** How a POST goes wrong. */
export type PostFault = "not-processed" | "unclear-made" | "unclear-lost" | "stock-out";

export class SmallProvider implements ProviderApi {
  readonly profiles: Mutable<ESimProfile>[] = [];
  readonly sims = new Map<string, Mutable<Sim>>();
  readonly postFaults: PostFault[] = [];
  posts = 0;
  charges = 0;
  /** New reservations show in lists only after this. */
  listLagMs = 0;
  /** Every read fails with this while it is set. */
  down: EsimdError | undefined;
  /** What was asked, by the name of the call. */
  readonly asked: string[] = [];
  /** From the POST until the profile is available. */
  availableMs = 2_000;
  /** How long a Sim stays `scheduled`; 0: a change is in force at once. */
  simScheduledMs = 0;
  readonly #clock: VirtualClock;
  readonly #requests = new Map<string, ESimProfileRequest>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async createESimProfile(request: ESimProfileRequest): Promise<CreateOutcome> {
    this.posts++;
    this.asked.push("createESimProfile");
    const fault = this.postFaults.shift();
    const error = new EsimdError("api_unreachable", "the line was cut");
    if (fault === "not-processed") return { kind: "not-processed", error };
    if (fault === "stock-out") return { kind: "not-processed", error: new EsimdError("no_stock", "83500") };
    if (fault === "unclear-lost") return { kind: "unclear", error };
    const profile = this.#make(request);
    return fault === "unclear-made" ? { kind: "unclear", error } : { kind: "created", profile: { ...profile } };
  }

  #make(request: ESimProfileRequest): Mutable<ESimProfile> {
    const number = this.profiles.length + 1;
    const profile: Mutable<ESimProfile> = {
      sid: `HP${number}`,
      status: "new",
      iccid: undefined,
      simSid: undefined,
      eid: "eid" in request ? request.eid : undefined,
      smdpAddress: undefined,
      matchingId: undefined,
      activationCode: undefined,
      errorCode: undefined,
      errorMessage: undefined,
      dateCreatedMs: this.#clock.nowMs(),
      dateUpdatedMs: this.#clock.nowMs(),
    };
    this.#requests.set(profile.sid, request);
    this.profiles.push(profile);
    this.#clock.setTimer(this.availableMs, () => this.becomeAvailable(profile));
    return profile;
  }

  becomeAvailable(profile: Mutable<ESimProfile>): void {
    if (profile.status !== "new") return;
    this.charges++;
    const number = profile.sid.slice(2);
    profile.status = "available";
    profile.iccid = parseIccid(`8988307000000000${number.padStart(4, "0")}`, "test");
    profile.simSid = `HS${number}`;
    profile.smdpAddress = smdpAddress;
    if (this.#requests.get(profile.sid) !== undefined && profile.eid === undefined) {
      profile.activationCode = parseActivationCode(`1$smdp.example$CODE-${number}`, "test");
      profile.matchingId = profile.activationCode.matchingId;
    }
    this.sims.set(profile.simSid, {
      sid: profile.simSid,
      iccid: profile.iccid,
      status: "new",
      fleetSid: undefined,
      uniqueName: undefined,
    });
  }

  async getESimProfile(sid: string): Promise<ESimProfile> {
    this.#reach("getESimProfile");
    const found = this.profiles.find((profile) => profile.sid === sid);
    if (found === undefined) throw new EsimdError("api_missing", `no ${sid}`);
    return { ...found };
  }

  async listESimProfiles(
    filter: { eid?: Eid; simSid?: string },
    _signal?: AbortSignal,
  ): Promise<readonly ESimProfile[]> {
    this.#reach("listESimProfiles");
    const now = this.#clock.nowMs();
    return this.profiles
      .filter(
        ({ eid, simSid }) =>
          (filter.eid === undefined || eid === filter.eid) && (filter.simSid === undefined || simSid === filter.simSid),
      )
      .filter(({ dateCreatedMs = 0 }) => now - dateCreatedMs >= this.listLagMs)
      .map((profile) => ({ ...profile }));
  }

  async findSimByIccid(iccid: Iccid): Promise<Sim | undefined> {
    this.#reach("findSimByIccid");
    const found = [...this.sims.values()].find((sim) => sim.iccid === iccid);
    return found === undefined ? undefined : { ...found };
  }

  async getSim(sid: string): Promise<Sim> {
    this.#reach("getSim");
    const found = this.sims.get(sid);
    if (found === undefined) throw new EsimdError("api_missing", `no ${sid}`);
    return { ...found };
  }

  async updateSim(sid: string, update: SimUpdate, _signal?: AbortSignal): Promise<Sim> {
    this.#reach("updateSim");
    const sim = this.sims.get(sid);
    if (sim === undefined) throw new EsimdError("api_missing", `no ${sid}`);
    if (update.fleet === undefined && sim.fleetSid === undefined) throw new EsimdError("fleet_missing", "83007");
    if (update.status === "ready" && sim.status !== "new") throw new EsimdError("sim_refused", "83010");
    sim.fleetSid = update.fleet ?? sim.fleetSid;
    const status = update.status ?? sim.status;
    sim.status = this.simScheduledMs > 0 ? "scheduled" : status;
    if (this.simScheduledMs > 0)
      this.#clock.setTimer(this.simScheduledMs, () => {
        sim.status = status;
      });
    return { ...sim };
  }

  async listFleets(): Promise<readonly { sid: string; uniqueName: string }[]> {
    this.#reach("listFleets");
    return [{ sid: "HF1", uniqueName: "default" }];
  }

  async close(): Promise<void> {}

  #reach(call: string): void {
    this.asked.push(call);
    if (this.down !== undefined) throw this.down;
  }
}

/** How a download session goes wrong. */
export type SessionFault = "fails" | "fails-but-there" | "ok-but-absent" | "refused" | "other-eid" | "install-error";

export class SmallEuicc implements Lpa {
  kind: Lpa["kind"] = "modem-relay";
  readonly profiles: Mutable<InstalledProfile>[] = [];
  readonly sessionFaults: SessionFault[] = [];
  sessions = 0;
  /** How long the package takes; and what is offered in place of the order's profile. */
  loadMs = 0;
  offers: Iccid | undefined;
  defaultAddress: SmdpAddress | undefined;
  addressIsLocked = false;
  addressWrites = 0;
  readonly #provider: SmallProvider;
  readonly #eid: Eid;
  readonly #clock: VirtualClock;

  constructor(provider: SmallProvider, eid: Eid, clock: VirtualClock) {
    this.#provider = provider;
    this.#eid = eid;
    this.#clock = clock;
  }

  async requireReady(): Promise<void> {}

  async deliverNotifications(
    _iccid: Iccid,
    _outbox: readonly KeptNotification[],
    _signal: AbortSignal,
  ): Promise<Delivered> {
    return nothingDelivered;
  }

  async freeMemoryBytes(): Promise<undefined> {}

  async defaultSmdp(): Promise<SmdpAddress | undefined> {
    return this.defaultAddress;
  }

  async setDefaultSmdp(address: SmdpAddress): Promise<void> {
    this.addressWrites++;
    if (!this.addressIsLocked) this.defaultAddress = address;
  }

  async close(): Promise<void> {}

  async disableProfile(): Promise<void> {
    throw new EsimdError("profile_operation_unsupported", "no run disables a profile");
  }

  async deleteProfile(): Promise<void> {
    throw new EsimdError("profile_operation_unsupported", "no run deletes a profile");
  }

  async setNickname(): Promise<void> {
    throw new EsimdError("profile_operation_unsupported", "no run renames a profile");
  }

  async describeProfiles(): Promise<readonly ProfileDetails[]> {
    const untold = { nickname: undefined, provider: undefined, name: undefined, profileClass: undefined };
    return this.profiles.map((profile) => ({ ...profile, ...untold }));
  }

  async listProfiles(): Promise<readonly InstalledProfile[]> {
    return this.profiles.map((profile) => ({ ...profile }));
  }

  async download(request: DownloadRequest, signal: AbortSignal): Promise<DownloadSession> {
    this.sessions++;
    const fault = this.sessionFaults.shift();
    const order = this.#order(request);
    const failed = (error: EsimdError): DownloadSession => ({
      reported: "failed",
      offer: undefined,
      installResult: undefined,
      resultDelivery: "none",
      error,
    });
    if (fault === "other-eid") {
      const cause = new RefusedByServer("8.1.1/3.8");
      return failed(new EsimdError("smdp_refused", "the order belongs to another EID", { cause }));
    }
    if (order?.iccid === undefined || fault === "refused") return failed(new EsimdError("smdp_refused", "8.2.6/3.8"));
    if (fault === "fails") return failed(new EsimdError("download_failed", "cut"));
    const offer = { iccid: this.offers ?? order.iccid, serviceProvider: "test", name: "test" };
    try {
      await request.onOffer(offer, signal);
    } catch (error) {
      return failed(toEsimdError(error));
    }
    if (this.loadMs > 0) await sleep(this.#clock, this.loadMs, signal);
    order.status = "downloaded";
    order.eid = this.#eid;
    if (fault === "install-error") {
      return {
        ...failed(new EsimdError("install_failed", "loadProfileElements")),
        installResult: {
          transactionId: "00",
          seqNumber: 1,
          smdpAddress: "smdp.example",
          smdpOid: "1.2",
          outcome: { kind: "error", bppCommand: "loadProfileElements", reason: "undefinedError" },
        },
        resultDelivery: "delivered",
      };
    }
    if (fault !== "ok-but-absent") {
      this.profiles.push({ iccid: order.iccid, enabled: false });
      order.status = "installed";
    }
    if (fault === "fails-but-there") return failed(new EsimdError("download_failed", "the modem said 1"));
    return { reported: "installed", offer, installResult: undefined, resultDelivery: "delivered", error: undefined };
  }

  #order(request: DownloadRequest): Mutable<ESimProfile> | undefined {
    const { matchingId } = request.activationCode;
    const open = this.#provider.profiles.filter(({ status }) => status === "available" || status === "downloaded");
    return open.find((profile) =>
      matchingId === undefined ? profile.eid === this.#eid : profile.matchingId === matchingId,
    );
  }

  async enableProfile(iccid: Iccid): Promise<void> {
    for (const profile of this.profiles) profile.enabled = profile.iccid === iccid;
  }
}

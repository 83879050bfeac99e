/** A fake modem on a wire: the modem, the eUICC in its slot and the transport, put together. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import { EsimdError, toEsimdError } from "../../base/errors.js";
import { type Eid, quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { EmulatedEuicc } from "../euicc/euicc.js";
import type { EuiccState } from "../euicc/state.js";
import type { Pki } from "../pki/pki.js";
import type { Behaviour } from "./behaviours.js";
import { fakeDialectNames, fakeDialects } from "./dialects/index.js";
import { createOwnLpa } from "./dialects/own-lpa.js";
import { type Es9Post, es9OverOwnNetwork } from "./dialects/own-network.js";
import type { InterpreterCounts } from "./interpreter.js";
import { Modem } from "./modem.js";
import { type Scenario, type World, worldSchema } from "./scenario.js";
import { fillSlot } from "./slot.js";
import type { TranscriptLine } from "./transcript.js";
import type { MemoryWire } from "./transport/memory.js";
import { openPty } from "./transport/pty.js";
import { type ListenAddress, openSocketServer } from "./transport/socket.js";
import type { ModemTransport, TransportEvents } from "./transport/transport.js";

export type ModemWire =
  /** A pseudo-terminal, under a link of that name if given. */
  | { readonly kind: "pty"; readonly link?: string | undefined }
  | { readonly kind: "socket"; readonly listen: ListenAddress }
  /** A UART in this process. */
  | { readonly kind: "memory"; readonly wire: MemoryWire };

export interface FakeModemOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly wire: ModemWire;
  /** One of {@link fakeDialectNames}; `quectel-iccid` when left out. */
  readonly dialect?: string | undefined;
  /** Issues the eUICC's certificate and is trusted by it; the SM-DP+ needs the same CI. */
  readonly pki: Pki;
  readonly eid?: Eid | undefined;
  readonly imei?: string | undefined;
  /** PEM roots for the modem's own HTTPS; the CI of `pki` when left out. */
  readonly smdpRoots?: readonly string[] | undefined;
  readonly scenario?: Scenario | undefined;
  /** Parts of the world that differ from the scenario's, such as shorter waits in a test. */
  readonly world?: Partial<World> | undefined;
  readonly paceBaud?: number | undefined;
  readonly delayMs?: number | undefined;
  /** Sees every piece of bytes as it crosses the wire, for whoever measures. */
  readonly onWire?: ((from: "host" | "modem", bytes: Uint8Array) => void) | undefined;
  readonly stateFile?: string | undefined;
  /** The eUICC was in use before, and this is what it remembers; a state file that is there comes first. */
  readonly keptEuicc?: EuiccState | undefined;
  /** The new eUICC has an enabled provisioning profile. */
  readonly bootstrap?: boolean | undefined;
  /** On the new eUICC. */
  readonly defaultSmdpAddress?: string | undefined;
  readonly rootSmdsAddress?: string | undefined;
  /** The modem's own way to an SM-DP+; HTTPS with `smdpRoots` when left out. */
  readonly ownNetwork?: ((smdpAddress: string, signal: AbortSignal) => Es9Post) | undefined;
}

export interface FakeModem {
  /** What a host opens: a tty path, `tcp://host:port` or `unix:/path`. */
  readonly port: string;
  readonly dialect: string;
  readonly euicc: EmulatedEuicc;
  /** It has a network. */
  readonly isRegistered: boolean;
  /** The last lines in both directions. */
  readonly transcript: readonly TranscriptLine[];
  readonly counts: InterpreterCounts;
  prependBehaviour(behaviour: Behaviour): void;
  /** Changes the world from now on; whether the eUICC is full is decided at the start. */
  changeWorld(change: Partial<World>): void;
  /** The modem is pulled out: its power goes, and the host sees a hang-up. */
  unplug(): Promise<void>;
  replug(): Promise<void>;
  close(): Promise<void>;
}

function openWire(wire: ModemWire, events: TransportEvents): Promise<ModemTransport> | ModemTransport {
  switch (wire.kind) {
    case "pty":
      return openPty({ events, link: wire.link });
    case "socket":
      return openSocketServer(wire.listen, events);
    case "memory":
      return wire.wire.attach(events);
  }
}

/** Passes the Luhn check, and its type allocation code is of no maker. */
const defaultImei = "001019000000017";

/** @throws EsimdError `bad_input`, `usage`. */
export async function startFakeModem(options: FakeModemOptions): Promise<FakeModem> {
  const { clock, random, log, pki, scenario, delayMs = 0, paceBaud } = options;
  const dialectName = options.dialect ?? "quectel-iccid";
  const dialect = fakeDialects.find(({ name }) => name === dialectName);
  if (dialect === undefined) {
    throw new EsimdError("bad_input", `the fake modem has no dialect ${quote(dialectName)}`, {
      hint: `It speaks ${fakeDialectNames.join(", ")}.`,
    });
  }
  let world: World = worldSchema.parse({ ...dialect.world, ...scenario?.world, ...options.world });
  const { eid, stateFile, keptEuicc: kept, bootstrap = false, defaultSmdpAddress, rootSmdsAddress } = options;
  const newEuicc = { eid, bootstrap, defaultSmdpAddress, rootSmdsAddress };
  const slot = fillSlot({ pki, ...newEuicc, stateFile, kept, world: () => world });
  const imei = options.imei ?? defaultImei;
  const roots = options.smdpRoots ?? [pki.ciPem];

  let replugTimer: CancelTimer | undefined;
  let isClosed = false;
  const unplug = async (): Promise<void> => {
    modem.powerOff();
    await transport.unplug();
  };
  const replug = async (): Promise<void> => {
    replugTimer?.();
    replugTimer = undefined;
    if (isClosed) return;
    await transport.replug();
    modem.powerOn();
  };
  const failed = (error: unknown): void => log.error({ error: toEsimdError(error) }, "the fake modem cannot go on");
  const modem = new Modem({
    clock,
    random,
    dialect,
    imei,
    euicc: slot.ports.euicc,
    card: slot.ports.card,
    lpa: createOwnLpa({ clock, euicc: slot.euicc, keep: slot.keep, tac: imei.slice(0, 8), world: () => world }),
    ownNetwork: options.ownNetwork ?? ((smdpAddress, signal) => es9OverOwnNetwork(smdpAddress, roots, signal)),
    world: () => world,
    behaviours: scenario?.behaviours ?? [],
    delayMs,
    baud: paceBaud,
    write: (bytes) => {
      options.onWire?.("modem", bytes);
      transport.write(bytes);
    },
    hostRate: () => transport.hostRate?.(),
    unplug: ({ replugAfterMs, keepsPower }) => {
      void (keepsPower ? transport.unplug() : unplug())
        .then(() => {
          if (replugAfterMs === undefined || isClosed) return;
          replugTimer = clock.setTimer(replugAfterMs, () => void replug().catch(failed));
        })
        .catch(failed);
    },
  });
  const events: TransportEvents = {
    onBytes: (bytes) => {
      options.onWire?.("host", bytes);
      modem.receive(bytes);
    },
    onHostChange: () => modem.onHostChange(),
  };
  const { wire } = options;
  const transport = await openWire(wire, events);
  modem.begin();
  return {
    get port() {
      return transport.address;
    },
    dialect: dialect.name,
    euicc: slot.euicc,
    get isRegistered() {
      return modem.isRegistered;
    },
    get transcript() {
      return modem.transcript.lines;
    },
    get counts() {
      return modem.counts;
    },
    prependBehaviour: (behaviour) => modem.prependBehaviours(behaviour),
    changeWorld: (change) => {
      world = { ...world, ...change };
    },
    unplug,
    replug,
    close: async () => {
      isClosed = true;
      replugTimer?.();
      modem.powerOff();
      await transport.close();
      slot.keep();
    },
  };
}

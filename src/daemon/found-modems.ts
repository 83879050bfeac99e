import { realpath } from "node:fs/promises";
import { type Clock, sleep } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { DeviceChanges } from "../serial/device-changes.js";
import type { HostRoots } from "../serial/host-roots.js";
import { anchorOf, isSamePort, type PortAnchor } from "../serial/ports/anchor.js";
import { discoverPorts } from "../serial/ports/discover.js";
import { type FoundModem, modemsOf } from "../serial/ports/found-port.js";
import { nameOfPort } from "./modem-name.js";

/** `modem.port = "all"`: the modems that are there and that nobody configured, each as it appears. */

export interface FinderParts {
  readonly host: HostRoots;
  readonly clock: Clock;
  readonly log: Log;
  readonly devices: DeviceChanges;
  /** What is served already, by its port and, where it was there, by what it is known by. */
  readonly served: () => readonly {
    readonly name: string;
    readonly port: string;
    readonly anchor: PortAnchor | undefined;
  }[];
  readonly onFound: (modem: NewModem) => void;
}

export interface NewModem {
  readonly name: string;
  /** A name that stays where it has one, else the node. */
  readonly port: string;
  readonly anchor: PortAnchor;
}

/** How often it is looked where the host does not tell when a device comes, and for events that were lost where it does. */
const lookMs = { byClock: 5_000, heard: 60_000 } as const;
/** A device's ports come one after the other, and udev's links behind them: a modem is taken once two looks see the same. */
const settleMs = 1_000;
/** Hubs have no more, and a device that shows itself under ever new numbers must not fill the memory. */
const mostModems = 64;

/** Looks until `signal` aborts. */
export async function findModems(parts: FinderParts, signal: AbortSignal): Promise<void> {
  let seenBefore: ReadonlySet<string> = new Set();
  let isFull = false;
  while (!signal.aborted) {
    const unknown = await unknownModems(parts);
    const settled = unknown.filter((modem) => seenBefore.has(likeness(modem)));
    for (const modem of settled) {
      if (parts.served().length < mostModems) await take(parts, modem);
      else if (!isFull) {
        isFull = true;
        parts.log.error({ modem: modem.name }, `${mostModems} modems are known, and no more are taken up`);
      }
    }
    seenBefore = new Set(unknown.map(likeness));
    const isSettling = settled.length < unknown.length;
    await untilNextLook(parts, isSettling ? settleMs : parts.devices.areHeard ? lookMs.heard : lookMs.byClock, signal);
  }
}

/** Those that are there with an AT port, and that no served one is. */
async function unknownModems({ host, served }: FinderParts): Promise<readonly FoundModem[]> {
  const ports = await discoverPorts(host);
  const modems = modemsOf(ports).filter(({ atPorts }) => atPorts.length > 0);
  if (modems.length === 0) return [];
  const known = served();
  // By links, such as udev makes under /dev/serial and /dev/esimd.
  const devices = new Set(await Promise.all(known.map(({ port }) => deviceOf(port))));
  const unknown: FoundModem[] = [];
  for (const modem of modems) {
    const own = await Promise.all(modem.ports.map(({ path }) => deviceOf(path)));
    const isNamed = own.some((device) => devices.has(device));
    const isRemembered = known.some(
      ({ anchor }) => anchor !== undefined && modem.ports.some((port) => isSamePort(anchor, port, ports)),
    );
    if (!isNamed && !isRemembered) unknown.push(modem);
  }
  return unknown;
}

function deviceOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function likeness({ sysPath, atPorts }: FoundModem): string {
  return [sysPath, ...atPorts.map(({ path, stableName }) => stableName ?? path)].join("\n");
}

async function take({ host, served, onFound }: FinderParts, { atPorts, name: what }: FoundModem): Promise<void> {
  const [preferred] = atPorts;
  if (preferred === undefined) throw new EsimdError("unexpected", `the modem ${what} has lost its AT ports`);
  const taken = new Set(served().map(({ name }) => name));
  const { usb, path, stableName } = preferred;
  // One link under by-id serves all modems of a batch with one serial number, and leads to the last of them.
  const names = [stableName, usb === undefined ? undefined : `usb-${usb.busPath}`, path].filter(
    (name) => name !== undefined,
  );
  const name = names.map(nameOfPort).find((one) => !taken.has(one)) ?? numbered(nameOfPort(path), taken);
  const isOwnLink = stableName !== undefined && name === nameOfPort(stableName);
  onFound({ name, port: isOwnLink ? stableName : path, anchor: await anchorOf(path, host) });
}

function numbered(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number++) {
    const candidate = `${name.slice(0, 60)}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

async function untilNextLook({ clock, devices }: FinderParts, forMs: number, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  const unsubscribe = devices.subscribe(wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    await sleep(clock, forMs, woken.signal);
  } catch (error) {
    if (!woken.signal.aborted) throw error;
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", wake);
  }
}
